#include "cli/plan_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli/plan_chunks.h"
#include "report/summary.h"
#include "plan/rows.h"

static double mib(size_t bytes) { return (double)bytes / 1048576.0; }

static const char *const backward_names[] = {[RGM_ROW_UNUSED] = "", [RGM_ROW_KEPT] = "kept", [RGM_ROW_AGAIN] = "again"};
_Static_assert(sizeof backward_names / sizeof *backward_names == RGM_ROW_COUNT, "each case has a name");

/* What the backward pass has of the layers' outputs, and what it computes again. */
typedef struct recomputation {
    size_t kept, again; /* bytes */
    double flops;
} recomputation;

static recomputation recompute(const rgm_plan *plan) {
    recomputation r = {0};
    for (int32_t i = 0; i < rgm_plan_row_count(plan); i++) {
        rgm_plan_row row;
        rgm_plan_row_get(plan, i, &row);
        if (row.backward == RGM_ROW_KEPT) r.kept += row.bytes;
        if (row.backward != RGM_ROW_AGAIN) continue;
        r.again += row.bytes;
        r.flops += row.forward_flops;
    }
    return r;
}

static void print_rows(const rgm_plan *plan, int32_t evaluation) {
    printf("%-24s %-14s %15s %11s %12s %10s  %-8s  %s\n", "layer", "operation", "output", "parameters",
           evaluation ? "MFLOP/batch" : "MFLOP fwd", "MiB", evaluation ? "" : "backward",
           evaluation ? "computed by" : "computed by (forward, backward data if needed, backward weights)");
    for (int32_t i = 0; i < rgm_plan_row_count(plan); i++) {
        rgm_plan_row row;
        char shape[40];
        rgm_plan_row_get(plan, i, &row);
        snprintf(shape, sizeof shape, "%dx%dx%d", row.C, row.H, row.W);
        printf("%-24s %-14s %15s %11" PRId64 " %12.2f %10.2f  %-8s  %s\n", row.name, row.op, shape, row.params,
               row.forward_flops * 1e-6, mib(row.bytes), backward_names[row.backward], row.engine);
    }
}

static void print_backward(const rgm_session *s, const rgm_plan *plan) {
    recomputation r = recompute(plan);
    printf("backward    keeps %.1f MiB of outputs, makes %.1f MiB again (%.1f %% more arithmetic)\n", mib(r.kept),
           mib(r.again), 100 * r.flops / (rgm_graph_train_flops(s->model->graph) * s->config->batch));
}

static void print_text(const rgm_session *s, const rgm_trainer *t, int32_t evaluation) {
    rgm_memory_plan m = rgm_trainer_memory(t);
    const rgm_plan *plan = rgm_trainer_plan(t);
    print_rows(plan, evaluation);
    printf("\nmodel       %s, %" PRId64 " parameters, %.3f GFLOP per image%s\n", s->config->model.name,
           rgm_graph_param_elements(s->model->graph),
           (evaluation ? rgm_graph_forward_flops(s->model->graph) : rgm_graph_train_flops(s->model->graph)) * 1e-9,
           evaluation ? "" : " and training step");
    printf("batch       %d images\n", s->config->batch);
    if (evaluation)
        printf("prepared    once and kept: %.1f MiB of filters in other layouts, scales and shifts\n",
               mib(rgm_plan_kept_bytes(plan)));
    else
        print_backward(s, plan);
    printf("memory      parameters %.1f MiB, gradients %.1f, optimizer %.1f, statistics %.1f\n", mib(m.parameters),
           mib(m.gradients), mib(m.slots), mib(m.statistics));
    printf("            activations %.1f, scratch %.1f, pipeline %.1f, fixed (measured) %.1f\n", mib(m.activations),
           mib(m.scratch), mib(m.pipeline), mib(m.fixed));
    printf("            predicted peak %.1f MiB\n", mib(m.peak));
}

static json_t *rows_json(const rgm_plan *plan) {
    json_t *rows = json_array();
    for (int32_t i = 0; i < rgm_plan_row_count(plan); i++) {
        rgm_plan_row row;
        rgm_plan_row_get(plan, i, &row);
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:[i,i,i], s:I, s:f, s:I, s:s, s:s}", "name", row.name, "operation",
                                        row.op, "output", row.C, row.H, row.W, "parameters", (json_int_t)row.params,
                                        "forward_flops", row.forward_flops, "bytes", (json_int_t)row.bytes, "backward",
                                        backward_names[row.backward], "engine", row.engine));
    }
    return rows;
}

static rgm_status print_json(const rgm_session *s, const rgm_trainer *t, const rgm_plan_request *request,
                             rgm_error *err) {
    rgm_memory_plan m = rgm_trainer_memory(t);
    recomputation r = recompute(rgm_trainer_plan(t));
    json_t *json = json_pack(
        "{s:b, s:s, s:I, s:i, s:f, s:f, s:o, s:{s:I, s:I, s:f}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
        "evaluation", request->evaluation, "model", s->config->model.name, "parameters",
        (json_int_t)rgm_graph_param_elements(s->model->graph), "batch", s->config->batch, "train_flops_per_image",
        rgm_graph_train_flops(s->model->graph), "forward_flops_per_image", rgm_graph_forward_flops(s->model->graph),
        "layers", rows_json(rgm_trainer_plan(t)), "backward", "kept_bytes", (json_int_t)r.kept, "again_bytes",
        (json_int_t)r.again, "again_flops", r.flops, "memory", "parameters", (json_int_t)m.parameters, "gradients",
        (json_int_t)m.gradients, "optimizer", (json_int_t)m.slots, "statistics", (json_int_t)m.statistics, "prepared",
        (json_int_t)rgm_plan_kept_bytes(rgm_trainer_plan(t)), "activations", (json_int_t)m.activations, "scratch",
        (json_int_t)m.scratch, "pipeline", (json_int_t)m.pipeline, "fixed", (json_int_t)m.fixed, "peak",
        (json_int_t)m.peak);
    if (json && request->cores)
        json_object_set_new(json, "chunks", rgm_chunks_json(rgm_trainer_plan(t), s->device->kernels, request->cores));
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = rgm_json_write(json, request->json, err);
    json_decref(json);
    return status;
}

rgm_status rgm_plan_print(const rgm_session *s, const rgm_trainer *t, const rgm_plan_request *request, rgm_error *err) {
    if (rgm_json_leaves_text(request->json)) {
        print_text(s, t, request->evaluation);
        if (request->cores) RGM_TRY(rgm_chunks_print(rgm_trainer_plan(t), s->device->kernels, request->cores, err));
    }
    return request->json ? print_json(s, t, request, err) : RGM_OK;
}
