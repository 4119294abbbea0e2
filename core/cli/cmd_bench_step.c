#include "bench/step.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/session.h"

enum { ITERS, WARMUP, PROFILE };
static const rgm_cli_flag flags[] = {
    [ITERS] = {"iters", 'n', "N", "steps to measure [20]"},
    [WARMUP] = {"warmup", 0, "N", "steps before them [3]"},
    [PROFILE] = {"profile", 0, NULL, "time by layer and direction"},
    {0},
};

static const rgm_cli_flag eval_flags[] = {
    [ITERS] = {"iters", 'n', "N", "batches to measure [20]"},
    [WARMUP] = {"warmup", 0, "N", "batches before them [3]"},
    [PROFILE] = {"profile", 0, NULL, "time by layer"},
    {0},
};

static const rgm_cli_spec step_spec = {
    .name = "bench step",
    .arguments = "",
    .about = "Times whole training steps, on random images unless there is a data set, on the code path of train: "
             "packing, loss, all gradients, the update.",
    .examples = "  regimen bench step\n"
                "  regimen bench step --model resnet18 --image 3x32x32 --batch 64 --iters 10 --json\n"
                "  regimen bench step --model resnet50 --image 3x224x224 --batch 16 --isa avx2 --profile\n",
    .command = RGM_FOR_BENCH,
    .own = flags,
};

static const rgm_cli_spec eval_spec = {
    .name = "bench eval",
    .arguments = "",
    .about =
        "Times batches of an evaluation, on random images unless there is a data set (then its training split), on "
        "the code path of eval: packing, forward, loss and counts. What an evaluation prepares once, such as "
        "transformed filters, is made before.",
    .examples = "  regimen bench eval\n"
                "  regimen bench eval --model resnet18 --image 3x32x32 --batch 64 --json\n"
                "  regimen bench eval --model resnet50 --image 3x224x224 --batch 16 --profile\n",
    .command = RGM_FOR_BENCH,
    .own = eval_flags,
};

typedef rgm_status (*bench_fn)(const rgm_session *session, const rgm_bench_step_options *options, rgm_error *err);

static rgm_status run(const rgm_cli_spec *spec, bench_fn bench, int argc, char **argv, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    static rgm_cli_line line;
    rgm_session *session = NULL;
    rgm_bench_step_options options = {.stop = rgm_interrupt_flag()};
    RGM_TRY(rgm_cli_parse(&line, spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_integer(&line, ITERS, 1, 1000000, 20, &options.steps, err));
    RGM_TRY(rgm_cli_integer(&line, WARMUP, 0, 1000000, 3, &options.warmup, err));
    options.profile = line.own[PROFILE] != NULL;
    options.json = line.json;
    RGM_TRY(rgm_cli_config(&line, NULL, config, err));
    rgm_status status = rgm_cli_bench_session(&line, &session, config, err);
    if (status >= 0) status = bench(session, &options, err);
    rgm_session_destroy(session);
    return status;
}

rgm_status rgm_cmd_bench_step(int argc, char **argv, rgm_error *err) {
    return run(&step_spec, rgm_bench_step, argc, argv, err);
}

rgm_status rgm_cmd_bench_eval(int argc, char **argv, rgm_error *err) {
    return run(&eval_spec, rgm_bench_eval, argc, argv, err);
}
