#include "bench/machine.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/session.h"

enum { MEMORY = RGM_CLI_SAMPLE + 1 };
static const rgm_cli_flag flags[] = {
    [RGM_CLI_REPEATS] = {"repeats", 'n', "N", "samples of each measurement [15]"},
    [RGM_CLI_SAMPLE] = {"sample", 0, "MS", "milliseconds that a sample takes at least [20]"},
    [MEMORY] = {"memory", 0, "MIB", "size of the arrays in memory together [384, or 32 for each thread]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench machine",
    .arguments = "",
    .about =
        "Measures the machine's limits: fused multiply-adds for each of its instruction sets, and the bandwidth of "
        "caches and memory, on one thread, two, and so on up to all. Scaling is the rate over that of one thread. "
        "--isa measures one set alone.",
    .examples = "  regimen bench machine\n"
                "  regimen bench machine --isa avx2 --threads 4 --json=machine.json\n",
    .command = RGM_FOR_MEASURE,
    .own = flags,
};

rgm_status rgm_cmd_bench_machine(int argc, char **argv, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    static rgm_cli_line line;
    rgm_bench_machine_options options = {0};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_effort(&line, 15, 20, &options.effort, err));
    RGM_TRY(rgm_cli_integer(&line, MEMORY, 1, 65536, 0, &options.mib, err));
    RGM_TRY(rgm_cli_config(&line, NULL, config, err));
    options.json = line.json;
    RGM_TRY(rgm_result_begin(&line, err));
    return rgm_bench_machine(config, &options, err);
}
