/* eval: which checkpoint and split, and how the result is printed. The evaluation itself is the library's. */
#include <regimen/regimen.h>
#include <string.h>
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/watch.h"
#include "library/configuration.h"
#include "library/model.h"

enum { SPLIT };
static const rgm_cli_flag flags[] = {
    [SPLIT] = {"split", 0, "NAME", "test, validation or train [test]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "eval",
    .arguments = "[RUN|CHECKPOINT [DATA]]",
    .about =
        "Evaluates a checkpoint on a whole split: accuracy with its 95 % interval, and loss. Of a run folder, the best "
        "checkpoint is taken. The configuration is the checkpoint's own; the line may change it. Mean and standard "
        "deviation are the checkpoint's, too, and classes are matched by name.",
    .examples = "  regimen eval runs/resnet20-1\n"
                "  regimen eval runs/resnet20-1/checkpoints/last.h5 fashion.h5 --split validation\n"
                "  regimen eval runs/resnet20-1 --json\n",
    .command = RGM_FOR_EVAL,
    .own = flags,
    .most = 2,
};

/* What an evaluation is made of. */
typedef struct evaluation {
    const rgm_cli_line *line;
    int32_t split;
    char path[RGM_RUNFOLDER_PATH]; /* the checkpoint */
    rgm_watch watch;
    regimen_events events;
    regimen_config *config;
    regimen_machine *machine;
    regimen_model *model;
} evaluation;

static rgm_status find_checkpoint(const rgm_cli_line *line, char path[RGM_RUNFOLDER_PATH], rgm_error *err) {
    const char *given = rgm_cli_value(line, "checkpoint");
    if (given && line->argument_count > 0)
        return rgm_fail(err, RGM_E_USAGE, "eval: expected one checkpoint, found '%.80s' and '%.80s'", given,
                        line->argument[0]);
    if (line->argument_count > 0) given = line->argument[0];
    if (!given) return rgm_fail(err, RGM_E_USAGE, "eval: expected a checkpoint: --checkpoint FILE, or a run folder");
    if (strlen(given) >= RGM_CONFIG_PATH)
        return rgm_fail(err, RGM_E_USAGE, "eval: the path of the checkpoint is too long");
    return rgm_public_checkpoint(given, path, err);
}

/* The checkpoint's configuration, then what the line says. */
static rgm_status make_config(evaluation *e, rgm_error *err) {
    const rgm_stop stop = rgm_interrupt_stop();
    regimen_error why;
    RGM_TRY(find_checkpoint(e->line, e->path, err));
    if (regimen_config_create(&e->config, &why) < 0) return rgm_client_fail(err, &why);
    RGM_TRY(rgm_public_read_checkpoint(e->config, e->path, &stop, err));
    RGM_TRY(rgm_cli_apply(e->line, &e->config->config, err));
    if (e->line->argument_count < 2) return RGM_OK;
    if (rgm_cli_value(e->line, "data.file"))
        return rgm_fail(err, RGM_E_USAGE, "eval: expected one data set, found '%.80s' and '%.80s'",
                        e->line->argument[1], rgm_cli_value(e->line, "data.file"));
    return rgm_config_set(&e->config->config, "data.file", e->line->argument[1], err);
}

static rgm_status evaluate(evaluation *e, rgm_error *err) {
    regimen_error why;
    RGM_TRY(make_config(e, err));
    RGM_TRY(rgm_result_begin(e->line, err));
    if (regimen_machine_open(&e->machine, e->config, &e->events, &why) < 0) return rgm_client_fail(err, &why);
    e->watch.machine = e->machine;
    if (regimen_model_load(&e->model, e->machine, e->path, e->config, &e->events, &why) < 0 ||
        regimen_evaluate(e->model, NULL, e->split, &e->events, NULL, &why) < 0)
        return rgm_client_fail(err, &why);
    return RGM_OK;
}

rgm_status rgm_cmd_eval(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    const char *splits[REGIMEN_SPLITS];
    evaluation e = {.line = &line, .split = REGIMEN_TEST};
    for (int32_t i = 0; i < REGIMEN_SPLITS; i++) splits[i] = rgm_split_name(i);
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    if (line.own[SPLIT]) RGM_TRY(rgm_cli_choice("split", line.own[SPLIT], splits, REGIMEN_SPLITS, &e.split, err));
    e.watch.json = line.json;
    e.events = rgm_watch_events(&e.watch);
    rgm_status status = evaluate(&e, err);
    regimen_model_close(e.model);
    regimen_machine_close(e.machine);
    regimen_config_destroy(e.config);
    return status;
}
