/* Matrix products on register tiles against their definitions. */
#include "kerncheck.h"

#include <math.h>

static void blocks_case(kc *c, int64_t blocks, int64_t rows, int32_t wide, int32_t accumulate, int64_t gap) {
    const int64_t B = c->k->block, a_block = rows * B + gap, c_block = rows * B + 2 * gap, J = wide * B;
    const int64_t na = blocks ? (blocks - 1) * a_block + rows * B : 0, nc = (wide - 1) * c_block + rows * B;
    const float *a = kc_floats(c, na, -1, 2), *b = kc_floats(c, blocks * B * J, -1, 1), *old = kc_floats(c, nc, -3, 3);
    float *out = accumulate ? KC_INOUT(c, old, nc) : KC_OUT(c, nc);
    kc_case(c, "%lld blocks, %lld rows, %d wide, accumulate %d", (long long)blocks, (long long)rows, wide, accumulate);
    const rgm_gemm_blocks shape = {blocks, rows, a_block, c_block, wide, accumulate};
    c->k->gemm_blocks(&shape, KC_IN(c, a, na), KC_IN(c, b, blocks * B * J), out, b);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < J; j++) {
            const int64_t at = j / B * c_block + i * B + j % B;
            double want = accumulate ? old[at] : 0, terms = fabs(want);
            for (int64_t k = 0; k < blocks * B; k++) {
                const double term = (double)a[k / B * a_block + i * B + k % B] * b[k * J + j];
                want += term;
                terms += fabs(term);
            }
            kc_near(c, "c", i * J + j, out[at], want, sqrt((double)(blocks * B + 1)) * terms);
        }
    kc_end(c);
}

static void test_gemm_blocks(kc *c) {
    for (int32_t wide = 1; wide <= 2; wide++)
        for (int32_t accumulate = 0; accumulate <= 1; accumulate++) {
            for (int64_t rows = 0; rows <= 26; rows++)
                blocks_case(c, 1 + rows % 3, rows, wide, accumulate, rows % 2 * 3);
            blocks_case(c, 0, 5, wide, accumulate, 1);
            blocks_case(c, 9, 37, wide, accumulate, 16);
        }
}

/* apart: the blocks of b lie one after the other, not side by side. */
static void outer_case(kc *c, int64_t depth, int64_t rows, int32_t wide, int32_t accumulate, int64_t gap, int apart) {
    const int64_t B = c->k->block, J = wide * B, a_row = rows + gap, c_row = J + 2 * gap;
    const int64_t b_row = (apart ? B : J) + gap, b_block = apart ? depth * b_row + gap : B;
    const int64_t na = depth ? (depth - 1) * a_row + rows : 0;
    const int64_t nb = depth ? (depth - 1) * b_row + (wide - 1) * b_block + B : 0;
    const int64_t nc = rows ? (rows - 1) * c_row + J : 0;
    const float *a = kc_floats(c, na, -1, 2), *b = kc_floats(c, nb, -1, 1), *old = kc_floats(c, nc, -3, 3);
    float *out = accumulate ? KC_INOUT(c, old, nc) : KC_OUT(c, nc);
    kc_case(c, "depth %lld, %lld rows, %d wide, accumulate %d, apart %d", (long long)depth, (long long)rows, wide,
            accumulate, apart);
    const rgm_gemm_outer shape = {depth, rows, a_row, b_row, b_block, c_row, wide, accumulate};
    c->k->gemm_outer(&shape, KC_IN(c, a, na), KC_IN(c, b, nb), out, b);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < J; j++) {
            double want = accumulate ? old[i * c_row + j] : 0, terms = fabs(want);
            for (int64_t t = 0; t < depth; t++) {
                const double term = (double)a[t * a_row + i] * b[j / B * b_block + t * b_row + j % B];
                want += term;
                terms += fabs(term);
            }
            kc_near(c, "c", i * J + j, out[i * c_row + j], want, sqrt((double)(depth + 1)) * terms);
        }
    kc_end(c);
}

static void test_gemm_outer(kc *c) {
    for (int32_t wide = 1; wide <= 2; wide++)
        for (int32_t accumulate = 0; accumulate <= 1; accumulate++) {
            for (int64_t rows = 0; rows <= 26; rows++)
                for (int apart = 0; apart <= 1; apart++)
                    outer_case(c, 1 + rows % 5, rows, wide, accumulate, rows % 3, apart);
            outer_case(c, 0, 4, wide, accumulate, 0, 0);
            outer_case(c, 75, 64, wide, accumulate, 7, 0);
            outer_case(c, 75, 16, wide, accumulate, 0, 1);
        }
}

/* Of whole numbers, whose sums are exact: on the bound is not above it. */
static void above_case(kc *c, int64_t even, int64_t depth, int64_t rows, int32_t wide, int64_t gap) {
    const int64_t B = c->k->block, J = wide * B, a_row = rows + gap, b_row = B + gap, b_block = depth * b_row + gap;
    const int64_t na = (depth - 1) * a_row + rows, nb = (wide - 1) * b_block + (depth - 1) * b_row + B;
    float *a = kc_floats(c, na, -9, 9), *b = kc_floats(c, nb, -9, 9), *least = kc_floats(c, rows, -20, 120);
    kc_case(c, "%lld of %lld even, %lld rows, %d wide", (long long)even, (long long)depth, (long long)rows, wide);
    for (int64_t i = 0; i < na; i++) a[i] = rintf(a[i]);
    for (int64_t i = 0; i < nb; i++) b[i] = rintf(b[i]);
    for (int64_t i = 0; i < rows; i++) least[i] = rintf(least[i]);
    uint32_t *above = kc_out(c, rows, sizeof *above);
    const rgm_products_above shape = {even, depth, rows, a_row, b_row, b_block, wide};
    const float *ia = KC_IN(c, a, na), *ib = KC_IN(c, b, nb);
    c->k->products_above(&shape, ia, ib, KC_IN(c, least, rows), above);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < 32; j++) {
            double sum[2] = {0, 0};
            for (int64_t t = 0; j < J && t < depth; t++)
                sum[t >= even] += (double)a[t * a_row + i] * b[j / B * b_block + t * b_row + j % B];
            kc_equal(c, "above", i * 32 + j, above[i] >> j & 1, j < J && sum[0] + fabs(sum[1]) > least[i]);
        }
    kc_end(c);
}

static void test_products_above(kc *c) {
    for (int32_t wide = 1; wide <= 2; wide++) {
        for (int64_t rows = 1; rows <= 26; rows++) above_case(c, rows % 4, 3 + rows % 5, rows, wide, rows % 3);
        above_case(c, 1, 1, 5, wide, 0);
        above_case(c, 22, 34, 48, wide, 0);
    }
}

const kc_test kc_gemm_tests[] = {
    {"gemm_blocks", test_gemm_blocks},
    {"gemm_outer", test_gemm_outer},
    {"products_above", test_products_above},
    {NULL, NULL},
};
