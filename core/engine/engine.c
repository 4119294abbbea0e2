#include "config.h"

#include "engine/engine.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/team.h"
#include "engine/internal.h"

/* Instruction sets that oneDNN keeps to, for the life of the process. */
enum { CAP_UNKNOWN, CAP_NONE, CAP_AVX2, CAP_AVX512 };

/* The reference and generic16 levels stay uncapped: below AVX2 oneDNN has no jit backward convolutions, and those
 * levels are about Regimen's own kernels. */
static int32_t cap_of(int32_t isa) {
    return isa == RGM_ISA_AVX2 ? CAP_AVX2 : isa == RGM_ISA_AVX512 ? CAP_AVX512 : CAP_NONE;
}

/* oneDNN refuses a cap once it has looked at the CPU: the first engine's holds. Every engine sets it before its own
 * first look, so two that are made at once agree. Returns 1 if it is the engine's own. */
static int32_t cap_isa(int32_t isa) {
    static _Atomic int32_t first = CAP_UNKNOWN;
    int32_t own = cap_of(isa), held = CAP_UNKNOWN;
    if (!atomic_compare_exchange_strong(&first, &held, own) && held != own) return 0;
    if (own == CAP_AVX2) dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
    if (own == CAP_AVX512) dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx512_core);
    return 1;
}

static void describe(rgm_engine *engine) {
    static const char prefix[] = "cpu_isa_";
    const dnnl_version_t *version = dnnl_version();
    const char *isa = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    if (strncmp(isa, prefix, sizeof prefix - 1) == 0) isa += sizeof prefix - 1;
    snprintf(engine->text, sizeof engine->text, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
             isa);
}

static rgm_status make_streams(rgm_engine *engine, rgm_error *err) {
    engine->streams = calloc((size_t)engine->workers, sizeof *engine->streams);
    if (!engine->streams) return rgm_fail(err, RGM_E_NOMEM, "engine: no memory for %d workers", engine->workers);
    for (int32_t i = 0; i < engine->workers; i++) {
        dnnl_status_t status = dnnl_stream_create(&engine->streams[i], engine->engine, dnnl_stream_default_flags);
        if (status != dnnl_success) return rgm_dnnl_fail(err, status, "creating a stream");
    }
    return RGM_OK;
}

rgm_status rgm_engine_create(rgm_engine **out, int32_t isa, int32_t block, int32_t workers, rgm_error *err) {
    *out = NULL;
    if (isa < 0 || isa >= RGM_ISA_COUNT) return rgm_fail(err, RGM_E_USAGE, "engine: unknown ISA level %d", isa);
    if (block != 4 && block != 8 && block != 16)
        return rgm_fail(err, RGM_E_USAGE, "engine: channel block %d, expected 4, 8 or 16", block);
    if (workers < 1) return rgm_fail(err, RGM_E_USAGE, "engine: %d workers, expected at least 1", workers);

    rgm_engine *engine = calloc(1, sizeof *engine);
    if (!engine) return rgm_fail(err, RGM_E_NOMEM, "engine: out of memory");
    *engine = (rgm_engine){.isa = isa, .block = block, .workers = workers, .capped = cap_isa(isa)};

    int32_t threads = rgm_single_enter();
    rgm_status status = RGM_OK;
    dnnl_status_t made = dnnl_engine_create(&engine->engine, dnnl_cpu, 0);
    if (made == dnnl_success) made = rgm_dnnl_attributes(&engine->attr);
    if (made != dnnl_success) {
        status = rgm_dnnl_fail(err, made, "creating the CPU engine");
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, make_streams(engine, err));
    describe(engine);
    engine->winograd = rgm_conv_try_winograd(engine);
    rgm_single_leave(threads);
    *out = engine;
    return RGM_OK;
fail:
    rgm_single_leave(threads);
    rgm_engine_destroy(engine);
    return status;
}

void rgm_engine_destroy(rgm_engine *engine) {
    if (!engine) return;
    for (int32_t i = 0; engine->streams && i < engine->workers; i++)
        if (engine->streams[i]) dnnl_stream_destroy(engine->streams[i]);
    free(engine->streams);
    if (engine->attr) dnnl_primitive_attr_destroy(engine->attr);
    if (engine->engine) dnnl_engine_destroy(engine->engine);
    free(engine);
}

int32_t rgm_engine_capped(const rgm_engine *engine) { return engine->capped; }

int32_t rgm_engine_has_winograd(const rgm_engine *engine) { return engine->winograd; }

const char *rgm_engine_describe(const rgm_engine *engine) { return engine->text; }
