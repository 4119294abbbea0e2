/* Orthogonal initialization (Saxe, McClelland, Ganguli 2014, arXiv:1312.6120): a tensor [K][...] is a matrix of K rows,
 * whose rows, or columns where those are fewer, are orthonormal; times a gain. Vectors are one row. */
#include <regimen/plugin.h>

#include <math.h>

struct orthogonal {
    double gain;
};

static const rgm_parameter params[] = {
    RGM_REAL("gain", struct orthogonal, gain, 0.0, 100.0, 1.0, "factor of the matrix; sqrt(2) in front of rectifiers"),
};

static uint64_t rows_of(const rgm_tensor_info *tensor) { return tensor->ndim > 1 ? (uint64_t)tensor->dims[0] : 1; }

static uint64_t scratch(const void *self, const rgm_model_info *model) {
    uint64_t most = 0;
    (void)self;
    for (uint32_t i = 0; model && i < model->tensor_count; i++) { /* a later host's structs may be longer */
        const void *at = (const char *)model->tensors + (uint64_t)i * model->tensor_size;
        const rgm_tensor_info *tensor = at;
        if (tensor->elements > most) most = tensor->elements;
    }
    return most * sizeof(float);
}

/* The row as it is behind the `done` rows in front of it, which are orthonormal. Gram and Schmidt, twice: that is
 * enough for rows of normal draws (Kahan; Parlett 1980). */
static void straighten(const rgm_host *host, float *q, uint64_t done, int64_t n) {
    float *row = q + done * (uint64_t)n;
    double product;
    for (int32_t turn = 0; turn < 2; turn++)
        for (uint64_t i = 0; i < done; i++) {
            host->dot(row, q + i * (uint64_t)n, n, &product);
            host->axpy((float)-product, q + i * (uint64_t)n, row, n);
        }
    host->sumsq(row, n, &product);
    if (product > 0.0) host->scale((float)(1.0 / sqrt(product)), row, n);
}

static int32_t fill(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct orthogonal *it = self;
    uint64_t rows = rows_of(tensor), columns = tensor->elements / rows;
    uint64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    float *q = call->scratch, gain = (float)it->gain;
    if (!n) return RGM_DONE;
    if (call->scratch_bytes < tensor->elements * sizeof(float))
        return call->host->fail(call, "orthogonal: no scratch for %s", tensor->name);
    call->host->normal(call, 0, q, tensor->elements);
    for (uint64_t i = 0; i < few; i++) straighten(call->host, q, i, (int64_t)many);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t row = (first + i) / columns, column = (first + i) % columns;
        dst[i] = gain * (rows <= columns ? q[row * many + column] : q[column * many + row]);
    }
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .scratch = scratch};

static const rgm_initializer orthogonal = {
    RGM_COMPONENT_WITH(RGM_INITIALIZER, "orthogonal", "orthonormal rows or columns", params, struct orthogonal,
                       RGM_TENSOR, 0, &life),
    .fill = fill,
};

RGM_PLUGIN("orthogonal", "1.0.0", "Apache-2.0", &orthogonal.component);
