#include "bench/ops.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/session.h"

enum { BATCH = RGM_CLI_SAMPLE + 1, ERRORS, CHECK_RULE };
static const rgm_cli_flag flags[] = {
    [RGM_CLI_REPEATS] = {"repeats", 'n', "N", "samples of each measurement [15]"},
    [RGM_CLI_SAMPLE] = {"sample", 0, "MS", "milliseconds of the layer that a sample takes at least [10]"},
    [BATCH] = {"batch", 'b', "N", "images, instead of what the list says"},
    [ERRORS] = {"errors", 0, NULL, "errors against double precision instead of times; two images unless --batch"},
    [CHECK_RULE] = {"check-rule", 0, NULL, "fail if the rule takes a way that is slower by more than 5 %"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench ops",
    .arguments = "[LIST|FILE...]",
    .about =
        "Measures convolutions, each direction of each layer in every way that it can be computed, side by side: "
        "milliseconds, effective GFLOP/s, times as fast as oneDNN's direct convolution; and what the fixed rule takes. "
        "Lists: performance (the default), resnet20, resnet18-32, resnet18-224, resnet50-224, small, strided; or "
        "files, with a slash or a dot in their names, of lines such as: conv 64 128 3 stride 2 pad 1 image 32x32 "
        "batch 64",
    .examples = "  regimen bench ops\n"
                "  regimen bench ops resnet18-32 --check-rule\n"
                "  regimen bench ops ./my-layers.txt --isa avx2 --json=ops.json\n"
                "  regimen bench ops --errors\n",
    .command = RGM_FOR_MEASURE,
    .own = flags,
    .most = RGM_CLI_ARGUMENTS,
};

rgm_status rgm_cmd_bench_ops(int argc, char **argv, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    static rgm_cli_line line;
    rgm_bench_ops_options options = {0};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_effort(&line, 15, 10, &options.effort, err));
    RGM_TRY(rgm_cli_integer(&line, BATCH, 1, 65536, 0, &options.batch, err));
    options.names = line.argument;
    options.count = line.argument_count;
    options.errors = line.own[ERRORS] != NULL;
    options.check_rule = line.own[CHECK_RULE] != NULL;
    if (options.errors && options.check_rule)
        return rgm_fail(err, RGM_E_USAGE, "bench ops: --check-rule is about times: not with --errors");
    RGM_TRY(rgm_cli_config(&line, NULL, config, err));
    options.json = line.json;
    RGM_TRY(rgm_result_begin(&line, err));
    return rgm_bench_ops(config, &options, err);
}
