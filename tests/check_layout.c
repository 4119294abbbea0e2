/* Laying out memory by liveness. */
#include <check.h>
#include <stdlib.h>
#include "base/rng.h"
#include "plan/layout.h"

/* Random lifetimes: nothing alive at the same time overlaps, the total is the highest end, and it is at least what the
 * busiest step needs. */
START_TEST(laid_out_memory) {
    enum { COUNT = 60, STEPS = 30 };
    rgm_rng rng = {77, RGM_STREAM(RGM_STREAM_TEST, 9), 0, (uint32_t)_i};
    rgm_piece pieces[COUNT];
    size_t total, busiest = 0, highest = 0, everything = 0;
    rgm_error err = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        int32_t first = (int32_t)rgm_rng_below(&rng, 4 * i, STEPS), length = (int32_t)rgm_rng_below(&rng, 4 * i + 1, 8);
        pieces[i] =
            (rgm_piece){.bytes = 64 * rgm_rng_below(&rng, 4 * i + 2, 50), .first = first, .last = first + length};
        everything += pieces[i].bytes;
    }
    ck_assert_int_eq(rgm_layout(pieces, COUNT, &total, &err), RGM_OK);
    for (int32_t step = 0; step < STEPS + 8; step++) {
        size_t alive = 0;
        for (int32_t i = 0; i < COUNT; i++)
            if (pieces[i].first <= step && step <= pieces[i].last) alive += pieces[i].bytes;
        if (alive > busiest) busiest = alive;
    }
    for (int32_t i = 0; i < COUNT; i++) {
        if (pieces[i].offset + pieces[i].bytes > highest) highest = pieces[i].offset + pieces[i].bytes;
        for (int32_t j = 0; j < i; j++) {
            int32_t together = pieces[i].first <= pieces[j].last && pieces[j].first <= pieces[i].last;
            int32_t apart = pieces[i].offset + pieces[i].bytes <= pieces[j].offset ||
                            pieces[j].offset + pieces[j].bytes <= pieces[i].offset;
            ck_assert(!together || apart || !pieces[i].bytes || !pieces[j].bytes);
        }
    }
    ck_assert_uint_eq(total, highest);
    ck_assert_uint_ge(total, busiest);
    ck_assert_uint_le(total, 2 * busiest); /* greedy, but not wasteful; all apart would be several times that */
    ck_assert_uint_gt(everything, 2 * busiest);
}
END_TEST

START_TEST(nothing_to_lay_out) {
    size_t total = 1;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_layout(NULL, 0, &total, &err), RGM_OK);
    ck_assert_uint_eq(total, 0);
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
