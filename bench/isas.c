#include "bench/isas.h"

#include <string.h>

static int32_t add(int32_t isa, const rgm_kernels *tables[RGM_ISA_COUNT], int32_t *count) {
    int32_t chosen;
    if (!rgm_kernels_get(isa) || rgm_isa_choose(rgm_isa_name(isa), rgm_cpu_features(), &chosen, NULL) < 0) return 0;
    tables[(*count)++] = rgm_kernels_get(isa);
    return 1;
}

rgm_status rgm_bench_isas(const char *name, const rgm_kernels *tables[RGM_ISA_COUNT], int32_t *count, rgm_error *err) {
    int32_t isa;
    *count = 0;
    RGM_TRY(rgm_isa_choose(name, rgm_cpu_features(), &isa, err));
    if (strcmp(name, "auto") != 0) {
        add(isa, tables, count);
        return RGM_OK;
    }
    if (!add(RGM_ISA_AVX2, tables, count)) add(RGM_ISA_GENERIC16, tables, count);
    add(RGM_ISA_AVX512, tables, count);
    return RGM_OK;
}
