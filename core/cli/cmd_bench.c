#include "cli/commands.h"
#include "cli/options.h"

enum { ITERS, WARMUP, PROFILE };
static const rgm_cli_flag flags[] = {
    [ITERS] = {"iters", 'n', "N", "steps to measure [20]"},
    [WARMUP] = {"warmup", 0, "N", "steps before them [3]"},
    [PROFILE] = {"profile", 0, NULL, "time by layer and direction"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench",
    .arguments = "step",
    .about = "Measures speed and memory. bench step times whole training steps on random images, on the code path of "
             "train: packing, loss, all gradients, the update.",
    .examples = "  regimen bench step\n"
                "  regimen bench step --model resnet18 --image 3x32x32 --batch 64 --iters 10 --json\n"
                "  regimen bench step --model resnet50 --image 3x224x224 --batch 16 --isa avx2 --profile\n",
    .command = RGM_FOR_BENCH,
    .own = flags,
    .least = 1,
    .most = 1,
};

rgm_status rgm_cmd_bench(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    static const char *const benches[] = {"step"};
    rgm_bench_options options;
    int32_t which;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_choice("bench", line.argument[0], benches, 1, &which, err));
    RGM_TRY(rgm_cli_integer(&line, ITERS, 1, 1000000, 20, &options.steps, err));
    RGM_TRY(rgm_cli_integer(&line, WARMUP, 0, 1000000, 3, &options.warmup, err));
    options.profile = line.own[PROFILE] != NULL;
    RGM_TRY(rgm_cli_config(&line, NULL, &config, err));
    return rgm_run_bench_step(&config, &options, err);
}
