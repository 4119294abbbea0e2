/* train: the options of a training, and what a terminal shows of it. The training itself is the library's. */
#include <regimen/regimen.h>
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/reporting.h"
#include "cli/result.h"
#include "cli/watch.h"
#include "cli/way_on.h"
#include "library/inside.h"
#include "report/runfolder.h"

static const rgm_cli_spec spec = {
    .name = "train",
    .arguments = "[FILE]",
    .about =
        "Trains a model. FILE is a configuration (YAML) or a data set (.h5). The run goes into a folder of its own, "
        "with the configuration, metrics, checkpoints and log. Ctrl-C finishes the step, saves and says how to "
        "resume; a second one stops at once.",
    .examples = "  regimen train --data fashion.h5\n"
                "  regimen train run.yaml --set optimizer.lr=0.05 --set augment.0.crop.padding=2\n"
                "  regimen train --data fashion.h5 --model mlp --epochs 2 --out runs/mlp --json=result.json\n"
                "  regimen train --resume runs/resnet20-1\n",
    .command = RGM_FOR_TRAIN,
    .most = 1,
};

/* A resumed run has its own configuration; the line may change what does not touch its bits. */
static rgm_status resume_config(const rgm_cli_line *line, regimen_config *config, const regimen_events *events,
                                rgm_error *err) {
    const char *out = rgm_cli_value(line, "out"), *checkpoint = rgm_cli_value(line, "checkpoint");
    char path[RGM_RUNFOLDER_PATH];
    regimen_error why;
    if (line->argument_count > 0 || out || checkpoint)
        return rgm_fail(err, RGM_E_USAGE,
                        "--resume: continues the run's own configuration in its folder; %s cannot be given too",
                        line->argument_count > 0 ? "FILE"
                        : out                    ? "--out"
                                                 : "--checkpoint");
    RGM_TRY(rgm_runfolder_find(line->resume, path, err));
    if (regimen_config_read(config, line->resume, events, &why) < 0) return rgm_client_fail(err, &why);
    return rgm_cli_apply(line, &config->config, err);
}

static rgm_status make_config(const rgm_cli_line *line, regimen_config *config, const regimen_events *events,
                              rgm_error *err) {
    const char *file = line->argument_count > 0 ? line->argument[0] : NULL;
    regimen_error why;
    if (line->resume) return resume_config(line, config, events, err);
    /* the program owns its threads, which the library cannot know */
    if (regimen_config_set(config, "pin", "auto", &why) < 0) return rgm_client_fail(err, &why);
    RGM_TRY(rgm_cli_config_over(line, file, &config->config, err));
    if (config->config.data.file[0]) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "train: expected a data set: --data FILE, or data.file in a configuration");
}

static rgm_status train(const rgm_cli_line *line, const regimen_config *config, const regimen_events *events,
                        rgm_watch *watch, rgm_error *err) {
    const regimen_training training = {.size = sizeof training, .events = events, .resume = line->resume};
    regimen_result result = {.size = sizeof result};
    regimen_machine *machine;
    regimen_error why;
    RGM_TRY(rgm_result_begin(line, err));
    if (regimen_machine_open(&machine, config, events, &why) < 0) return rgm_client_fail(err, &why);
    watch->machine = machine;
    int32_t status = regimen_train(machine, NULL, config, &training, &result, &why);
    regimen_machine_close(machine);
    if (status >= 0 && result.folder[0]) rgm_reporting_ended(result.folder);
    if (status >= 0 && !line->quiet && !line->json) rgm_way_next(&result);
    if (status >= 0) return RGM_OK;
    rgm_way_add(&result, why.text, sizeof why.text);
    return rgm_client_fail(err, &why);
}

rgm_status rgm_cmd_train(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    regimen_config *config;
    regimen_error why;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    rgm_watch watch = {.quiet = line.quiet, .json = line.json};
    const regimen_events events = rgm_watch_events(&watch);
    if (regimen_config_create(&config, &why) < 0) return rgm_client_fail(err, &why);
    rgm_status status = make_config(&line, config, &events, err);
    if (status >= 0) status = train(&line, config, &events, &watch, err);
    regimen_config_destroy(config);
    return status;
}
