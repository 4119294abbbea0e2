#include "bench/kernels.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/session.h"

static const rgm_cli_flag flags[] = {
    [RGM_CLI_REPEATS] = {"repeats", 'n', "N", "samples of each measurement [9]"},
    [RGM_CLI_SAMPLE] = {"sample", 0, "MS", "milliseconds that a sample takes at least [3]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench kernels",
    .arguments = "[NAME...]",
    .about = "Measures the kernels, all or those that are named, on each vector instruction set of the machine (--isa: "
             "on one alone): GFLOP/s of matrix products, GB/s of all others, in the cache and in memory, and their "
             "share of what the machine can do. All threads work at once, each on arrays of its own.",
    .examples = "  regimen bench kernels\n"
                "  regimen bench kernels gemm_blocks gemm_outer wino_input --threads 1\n"
                "  regimen bench kernels --isa avx2 --json=avx2.json\n",
    .command = RGM_FOR_MEASURE,
    .own = flags,
    .most = RGM_CLI_ARGUMENTS,
};

rgm_status rgm_cmd_bench_kernels(int argc, char **argv, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    static rgm_cli_line line;
    rgm_bench_kernels_options options = {0};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_effort(&line, 9, 3, &options.effort, err));
    options.names = line.argument;
    options.count = line.argument_count;
    RGM_TRY(rgm_cli_config(&line, NULL, config, err));
    options.json = line.json;
    RGM_TRY(rgm_result_begin(&line, err));
    return rgm_bench_kernels(config, &options, err);
}
