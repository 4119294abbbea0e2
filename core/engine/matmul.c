#include "engine/internal.h"

#include <string.h>

static rgm_status check_sizes(int64_t m, int64_t n, int64_t k, int64_t lda, int64_t ldb, int64_t ldc, int64_t a_width,
                              int64_t b_width, rgm_error *err) {
    if (m < 0 || n < 0 || k < 0)
        return rgm_fail(err, RGM_E_INTERNAL, "matmul: negative size %lldx%lldx%lld", (long long)m, (long long)n,
                        (long long)k);
    if (lda < a_width || ldb < b_width || ldc < n)
        return rgm_fail(err, RGM_E_INTERNAL, "matmul: pitches %lld, %lld, %lld, expected at least %lld, %lld, %lld",
                        (long long)lda, (long long)ldb, (long long)ldc, (long long)a_width, (long long)b_width,
                        (long long)n);
    return RGM_OK;
}

rgm_status rgm_matmul(int32_t trans_a, int32_t trans_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                      const float *b, int64_t ldb, int32_t accumulate, float *c, int64_t ldc, rgm_error *err) {
    RGM_TRY(check_sizes(m, n, k, lda, ldb, ldc, trans_a ? m : k, trans_b ? k : n, err));
    if (!m || !n) return RGM_OK;
    if (!k) { /* an empty sum */
        for (int64_t i = 0; i < m && !accumulate; i++) memset(c + i * ldc, 0, (size_t)n * sizeof *c);
        return RGM_OK;
    }
    dnnl_status_t status = dnnl_sgemm(trans_a ? 'T' : 'N', trans_b ? 'T' : 'N', m, n, k, 1.0f, a, lda, b, ldb,
                                      accumulate ? 1.0f : 0.0f, c, ldc);
    return status == dnnl_success ? RGM_OK : rgm_dnnl_fail(err, status, "matrix product");
}
