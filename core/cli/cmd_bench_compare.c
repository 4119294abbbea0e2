#include "bench/compare.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"

enum { LIMIT };
static const rgm_cli_flag flags[] = {
    [LIMIT] = {"limit", 'l', "PERCENT", "how much slower something may be [5]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench compare",
    .arguments = "BEFORE.json AFTER.json",
    .about =
        "Compares two results that the same bench wrote with --json=FILE, line by line: how many times as fast the "
        "second one is, and whether the quartiles overlap. The exit code is 1 if something is slower by more than "
        "the limit and its quartiles do not overlap.",
    .examples = "  regimen bench kernels --json=before.json\n"
                "  regimen bench kernels --json=after.json\n"
                "  regimen bench compare before.json after.json --limit 3\n",
    .command = RGM_FOR_OTHER,
    .own = flags,
    .least = 2,
    .most = 2,
    .json_arguments = 1,
};

rgm_status rgm_cmd_bench_compare(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    int32_t limit;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_integer(&line, LIMIT, 0, 10000, 5, &limit, err));
    RGM_TRY(rgm_result_begin(&line, err));
    return rgm_bench_compare(&(rgm_bench_compare_options){line.argument[0], line.argument[1], (double)limit, line.json},
                             err);
}
