#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/session.h"
#include "cli/watch.h"

enum { SPLIT };
static const rgm_cli_flag flags[] = {
    [SPLIT] = {"split", 0, "NAME", "test, validation or train [test]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "eval",
    .arguments = "[RUN|CHECKPOINT]",
    .about =
        "Evaluates a checkpoint on a whole split: accuracy with its 95 % interval, and loss. Of a run folder, the best "
        "checkpoint is taken. The configuration is the checkpoint's own; the line may change it. Mean and standard "
        "deviation are the checkpoint's, too, and classes are matched by name.",
    .examples = "  regimen eval runs/resnet20-1\n"
                "  regimen eval --checkpoint runs/resnet20-1/checkpoints/last.h5 --data fashion.h5 --split validation\n"
                "  regimen eval runs/resnet20-1 --json\n",
    .command = RGM_FOR_EVAL,
    .own = flags,
    .most = 1,
};

/* A run folder stands for its best checkpoint, or its last one if no evaluation has chosen a best. */
static rgm_status find_checkpoint(const char *given, char path[RGM_RUNFOLDER_PATH], rgm_error *err) {
    struct stat status;
    if (stat(given, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (rgm_runfolder_checkpoint(given, 1, path)) return RGM_OK;
        return rgm_fail(err, RGM_E_USAGE, "%.160s: this folder has no checkpoints/best.h5 or last.h5", given);
    }
    if ((size_t)snprintf(path, RGM_RUNFOLDER_PATH, "%s", given) < RGM_CONFIG_PATH) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "eval: the path of the checkpoint is too long");
}

/* The checkpoint's configuration, then what the line says. */
static rgm_status make_config(const rgm_cli_line *line, rgm_config *config, rgm_constants *model, rgm_error *err) {
    const char *given = rgm_cli_value(line, "checkpoint");
    char path[RGM_RUNFOLDER_PATH];
    if (given && line->argument_count > 0)
        return rgm_fail(err, RGM_E_USAGE, "eval: expected one checkpoint, found '%.80s' and '%.80s'", given,
                        line->argument[0]);
    if (line->argument_count > 0) given = line->argument[0];
    if (!given) return rgm_fail(err, RGM_E_USAGE, "eval: expected a checkpoint: --checkpoint FILE, or a run folder");
    RGM_TRY(find_checkpoint(given, path, err));
    const rgm_stop stop = rgm_interrupt_stop();
    RGM_TRY(rgm_run_config_of_checkpoint(path, &stop, config, model, err));
    RGM_TRY(rgm_cli_apply(line, config, err));
    strcpy(config->checkpoint, path); /* not what --checkpoint says of a folder */
    return RGM_OK;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    return rgm_result_print_run(summary, parts, ((const rgm_cli_line *)context)->json, err);
}

static rgm_status evaluate(rgm_cli_line *line, rgm_config *config, const rgm_constants *model, int32_t split,
                           rgm_error *err) {
    rgm_run_summary summary;
    rgm_watch watch = {.config = config};
    watch.more = (rgm_run_events){.context = line, .finished = on_finished};
    RGM_TRY(rgm_cli_begin(line, err));
    const rgm_run_evaluation evaluation = {.config = config,
                                           .model = model,
                                           .split = split,
                                           .stop = rgm_interrupt_stop(),
                                           .events = rgm_watch_events(&watch)};
    return rgm_run_evaluate(&evaluation, &summary, err);
}

rgm_status rgm_cmd_eval(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    const char *splits[RGM_SPLIT_COUNT];
    int32_t split = RGM_SPLIT_TEST;
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) splits[i] = rgm_split_name(i);
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    if (line.own[SPLIT]) RGM_TRY(rgm_cli_choice("split", line.own[SPLIT], splits, RGM_SPLIT_COUNT, &split, err));
    rgm_constants model = {0};
    rgm_status status = make_config(&line, &config, &model, err);
    if (status >= 0) status = evaluate(&line, &config, &model, split, err);
    rgm_constants_free(&model);
    return status;
}
