/* check: whether a set-up is sound before it is trained. The checks themselves are check/check.h's. */
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/program.h"
#include "cli/result.h"
#include "check/check.h"
#include "report/summary.h"

enum { ONLY, QUICK, VERIFY, HUMAN, LIST, COMMAND_TEXT = 384 };
static const rgm_cli_flag flags[] = {
    [ONLY] = {"only", 0, "NAMES", "only these checks, or families (D P M I O L E), with commas between"},
    [QUICK] = {"quick", 0, NULL, "only those that take seconds"},
    [VERIFY] = {"verify-fix", 0, NULL, "try the edit of what fails or warns on a copy, and check that again"},
    [HUMAN] = {"human", 0, "FILE", "answers of a person that 'regimen label' gave: human accuracy beside the model's"},
    [LIST] = {"list", 0, NULL, "list the checks and what each asks"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "check",
    .arguments = "[FILE]",
    .about =
        "Checks a set-up before it is trained: the data, what enters the net, the net and its start, a step, short "
        "trainings. Each line has a verdict, the figure behind it, the likely cause, one edit that mends it, and the "
        "command that checks again. FILE is a configuration (YAML) or a data set (.h5). The exit code is 1 if a check "
        "fails. docs/CHECKS.md has the checks and their thresholds.",
    .examples = "  regimen check --data fashion.h5\n"
                "  regimen check run.yaml --data fashion.h5 --quick\n"
                "  regimen check run.yaml --only loss_at_start,O\n"
                "  regimen check run.yaml --verify-fix --json=checks.json\n",
    .command = RGM_FOR_CHECK,
    .own = flags,
    .most = 1,
};

static void on_told(void *context, const rgm_verdict *verdict) {
    (void)context;
    rgm_verdict_print(stdout, verdict);
    fflush(stdout);
}

/* The command without what narrows it: file, data and settings as they were given. */
static void write_command(const rgm_cli_line *line, char command[COMMAND_TEXT]) {
    char word[4 * 512];
    size_t at = (size_t)snprintf(command, COMMAND_TEXT, "%s check", rgm_program());
    if (line->argument_count && at < COMMAND_TEXT)
        at += (size_t)snprintf(command + at, COMMAND_TEXT - at, " %s",
                               rgm_text_shell(line->argument[0], word, sizeof word));
    for (int32_t i = 0; i < line->given_count && at < COMMAND_TEXT; i++)
        at += (size_t)snprintf(command + at, COMMAND_TEXT - at, " --%s %s", line->given[i].flag->name,
                               rgm_text_shell(line->given[i].value, word, sizeof word));
    if (at >= COMMAND_TEXT) snprintf(command, COMMAND_TEXT, "%s check ...", rgm_program()); /* half a word is no word */
}

static void print_list(void) {
    for (int32_t i = 0; rgm_check_list(i); i++) {
        const rgm_check_about *a = rgm_check_list(i);
        printf("%s  %-24s %s%s\n", a->family, a->name, a->question, a->quick ? "" : " (not with --quick)");
    }
}

static rgm_status check(const rgm_cli_line *line, const rgm_config *config, rgm_error *err) {
    char command[COMMAND_TEXT];
    rgm_verdicts verdicts;
    int32_t shown = rgm_json_leaves_text(line->json);
    write_command(line, command);
    const rgm_check_options options = {.config = config,
                                       .command = command,
                                       .only = line->own[ONLY],
                                       .quick = line->own[QUICK] != NULL,
                                       .verify = line->own[VERIFY] != NULL,
                                       .human = line->own[HUMAN],
                                       .stop = rgm_interrupt_stop(),
                                       .told = shown ? on_told : NULL};
    RGM_TRY(rgm_result_begin(line, err));
    rgm_status status = rgm_check(&options, &verdicts, err);
    if (status >= 0 && shown) rgm_verdicts_print_end(stdout, &verdicts);
    if (status >= 0) rgm_verdicts_sort(&verdicts);
    if (status >= 0 && line->json) status = rgm_verdicts_write_json(&verdicts, line->json, err);
    int32_t worst = rgm_verdicts_worst(&verdicts), failed = rgm_verdicts_number(&verdicts, RGM_VERDICT_FAIL);
    rgm_verdicts_free(&verdicts);
    if (status >= 0 && worst == RGM_VERDICT_FAIL)
        return rgm_fail(err, RGM_E_VERDICT, "%d check%s failed", failed, failed == 1 ? "" : "s");
    return status;
}

rgm_status rgm_cmd_check(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    if (line.own[LIST]) {
        print_list();
        return RGM_OK;
    }
    RGM_TRY(rgm_cli_config(&line, line.argument_count > 0 ? line.argument[0] : NULL, &config, err));
    if (!config.data.file[0])
        return rgm_fail(err, RGM_E_USAGE, "check: expected a data set: --data FILE, or data.file in a configuration");
    return check(&line, &config, err);
}
