#include "engine/matmul.h"

#include <string.h>
#include "engine/shim.h"

static rgm_status check_sizes(const rgm_matmul_shape *s, rgm_error *err) {
    int64_t a_width = s->trans_a ? s->m : s->k, b_width = s->trans_b ? s->k : s->n;
    if (s->m < 0 || s->n < 0 || s->k < 0)
        return rgm_fail(err, RGM_E_INTERNAL, "matmul: negative size %lldx%lldx%lld", (long long)s->m, (long long)s->n,
                        (long long)s->k);
    if (s->lda < a_width || s->ldb < b_width || s->ldc < s->n)
        return rgm_fail(err, RGM_E_INTERNAL, "matmul: pitches %lld, %lld, %lld, expected at least %lld, %lld, %lld",
                        (long long)s->lda, (long long)s->ldb, (long long)s->ldc, (long long)a_width, (long long)b_width,
                        (long long)s->n);
    return RGM_OK;
}

rgm_status rgm_matmul(const rgm_matmul_shape *s, const float *a, const float *b, float *c, rgm_error *err) {
    RGM_TRY(check_sizes(s, err));
    if (!s->m || !s->n) return RGM_OK;
    if (!s->k) { /* an empty sum */
        for (int64_t i = 0; i < s->m && !s->accumulate; i++) memset(c + i * s->ldc, 0, (size_t)s->n * sizeof *c);
        return RGM_OK;
    }
    dnnl_status_t status = dnnl_sgemm(s->trans_a ? 'T' : 'N', s->trans_b ? 'T' : 'N', s->m, s->n, s->k, 1.0f, a, s->lda,
                                      b, s->ldb, s->accumulate ? 1.0f : 0.0f, c, s->ldc);
    return status == dnnl_success ? RGM_OK : rgm_dnnl_fail(err, status, "matrix product");
}
