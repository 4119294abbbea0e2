/* Laying out memory by liveness. */
#include <check.h>
#include <stdlib.h>
#include "base/rng.h"
#include "plan/lifetimes.h"

/* Random lifetimes: nothing alive at the same time overlaps, the total is the highest end, and it is at least what the
 * busiest step needs. */
START_TEST(laid_out_memory) {
    enum { COUNT = 60, STEPS = 30 };
    rgm_rng rng = {77, RGM_STREAM(RGM_STREAM_TEST, 9), 0, (uint32_t)_i};
    rgm_lifetime buffers[COUNT];
    const rgm_places *places;
    size_t busiest = 0, highest = 0, everything = 0;
    rgm_error err = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        int32_t first = (int32_t)rgm_rng_below(&rng, 4 * i, STEPS), length = (int32_t)rgm_rng_below(&rng, 4 * i + 1, 8);
        buffers[i] =
            (rgm_lifetime){.bytes = 64 * rgm_rng_below(&rng, 4 * i + 2, 50), .first = first, .last = first + length};
        everything += buffers[i].bytes;
    }
    ck_assert_int_eq(rgm_lifetimes_place(buffers, COUNT, &places, &err), RGM_OK);
    for (int32_t step = 0; step < STEPS + 8; step++) {
        size_t alive = 0;
        for (int32_t i = 0; i < COUNT; i++)
            if (buffers[i].first <= step && step <= buffers[i].last) alive += buffers[i].bytes;
        if (alive > busiest) busiest = alive;
    }
    for (int32_t i = 0; i < COUNT; i++) {
        if (places->offset[i] + buffers[i].bytes > highest) highest = places->offset[i] + buffers[i].bytes;
        for (int32_t j = 0; j < i; j++) {
            int32_t together = buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
            int32_t apart = places->offset[i] + buffers[i].bytes <= places->offset[j] ||
                            places->offset[j] + buffers[j].bytes <= places->offset[i];
            ck_assert(!together || apart || !buffers[i].bytes || !buffers[j].bytes);
        }
    }
    ck_assert_uint_eq(places->bytes, highest);
    ck_assert_uint_ge(places->bytes, busiest);
    ck_assert_uint_le(places->bytes, 2 * busiest); /* greedy, but not wasteful; all apart would be several times that */
    ck_assert_uint_gt(everything, 2 * busiest);
    free((void *)places);
}
END_TEST

START_TEST(nothing_to_lay_out) {
    const rgm_places *places;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_lifetimes_place(NULL, 0, &places, &err), RGM_OK);
    ck_assert_uint_eq(places->bytes, 0);
    free((void *)places);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("layout");
    TCase *layout = tcase_create("layout");
    tcase_add_loop_test(layout, laid_out_memory, 0, 40);
    tcase_add_test(layout, nothing_to_lay_out);
    suite_add_tcase(suite, layout);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
