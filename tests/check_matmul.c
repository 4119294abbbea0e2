/* rgm_matmul against the oracle: all transposes, odd pitches (NaNs between the rows), empty sums. */
#include "config.h"

#include <stdio.h>
#include "engine/matmul.h"
#include "engine_oracle.h"
#include "base/cpu.h"

/* --- matrix product -------------------------------------------------------------------------------------------------
 */

static void matmul_case(int32_t ta, int32_t tb, int64_t m, int64_t n, int64_t k, int64_t extra, int32_t accumulate) {
    rgm_error err = {0};
    snprintf(subject, sizeof subject, "%d%d %dx%dx%d+%d, accumulate %d", ta, tb, (int)m, (int)n, (int)k, (int)extra,
             accumulate);
    int64_t lda = (ta ? m : k) + extra, ldb = (tb ? k : n) + 2 * extra, ldc = n + extra;
    buffer a = buffer_make((size_t)((ta ? k : m) * lda) * 4 + 4), b = buffer_make((size_t)((tb ? n : k) * ldb) * 4 + 4);
    buffer c = buffer_make((size_t)(m * ldc) * 4 + 4);
    for (int64_t i = 0; i < (ta ? k : m) * lda; i++) floats(&a)[i] = i % lda < (ta ? m : k) ? noise() : NAN;
    for (int64_t i = 0; i < (tb ? n : k) * ldb; i++) floats(&b)[i] = i % ldb < (tb ? k : n) ? noise() : NAN;
    for (int64_t i = 0; i < m * ldc && accumulate; i++)
        if (i % ldc < n) floats(&c)[i] = noise();
    oracle o = oracle_make((size_t)(m * n) + 1);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            if (accumulate) oracle_add(&o, (size_t)(i * n + j), (double)floats(&c)[i * ldc + j]);
            for (int64_t l = 0; l < k; l++)
                oracle_add(&o, (size_t)(i * n + j),
                           (double)floats(&a)[ta ? l * lda + i : i * lda + l] *
                               (double)floats(&b)[tb ? j * ldb + l : l * ldb + j]);
        }
    const rgm_matmul_shape shape = {ta, tb, accumulate, m, n, k, lda, ldb, ldc};
    ck_assert_msg(rgm_matmul(&shape, floats(&a), floats(&b), floats(&c), &err) == RGM_OK, "%s", err.text);
    for (int64_t i = 0; i < m * ldc; i++) {
        if (i % ldc < n)
            oracle_check(&o, (size_t)(i / ldc * n + i % ldc), floats(&c)[i], "c");
        else
            ck_assert_msg(isnan(floats(&c)[i]), "c: written between its rows");
    }
    oracle_free(&o);
    buffer_free(&a, "a");
    buffer_free(&b, "b");
    buffer_free(&c, "c");
}

START_TEST(test_matmul) {
    static const int64_t sizes[][3] = {{0, 3, 2}, {3, 0, 2}, {3, 2, 0},   {1, 1, 1},    {1, 17, 5},   {5, 1, 17},
                                       {3, 1, 9}, {2, 7, 1}, {7, 13, 33}, {16, 16, 16}, {65, 10, 64}, {10, 64, 129}};
    rgm_error err = {0};
    rgm_engine *engine;
    ck_assert_msg(rgm_engine_create(&engine, _i & 4 ? RGM_ISA_AVX2 : RGM_ISA_AVX512, 8, 1, &err) == RGM_OK, "%s",
                  err.text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int64_t extra = 0; extra < 4; extra += 3)
            for (int32_t accumulate = 0; accumulate < 2; accumulate++)
                matmul_case(_i & 1, _i >> 1 & 1, sizes[i][0], sizes[i][1], sizes[i][2], extra, accumulate);
    rgm_engine_destroy(engine);
}
END_TEST

START_TEST(test_matmul_refusals) {
    rgm_error err = {0};
    float one[16] = {0};
    static const rgm_matmul_shape wrong[] = {{0, 0, 0, -1, 1, 1, 1, 1, 1},
                                             {0, 0, 0, 2, 2, 2, 1, 2, 2},
                                             {0, 1, 0, 2, 3, 2, 2, 1, 3},
                                             {0, 0, 0, 2, 3, 2, 2, 3, 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(rgm_matmul(&wrong[i], one, one, one, &err), RGM_E_INTERNAL);
    ck_assert_str_ne(err.text, "");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("matmul");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_matmul, 0, 8);
    tcase_add_test(all, test_matmul_refusals);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
