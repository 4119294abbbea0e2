/* train: the options of a run, and what a terminal shows of it. The run itself is run/run.h. */
#include <stdio.h>
#include <string.h>
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/session.h"
#include "cli/watch.h"
#include "cli/way_on.h"

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
static rgm_status make_config(const rgm_cli_line *line, rgm_config *config, rgm_error *err) {
    const char *file = line->argument_count > 0 ? line->argument[0] : NULL;
    const char *resume = line->resume;
    if (!resume) return rgm_cli_config(line, file, config, err);
    const char *out = rgm_cli_value(line, "out"), *checkpoint = rgm_cli_value(line, "checkpoint");
    if (file || out || checkpoint)
        return rgm_fail(err, RGM_E_USAGE,
                        "--resume: continues the run's own configuration in its folder; %s cannot be given too",
                        file  ? "FILE"
                        : out ? "--out"
                              : "--checkpoint");
    RGM_TRY(rgm_run_config_of_folder(resume, config, err));
    return rgm_cli_apply(line, config, err);
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    return rgm_result_print_run(summary, parts, ((const rgm_cli_line *)context)->json, err);
}

static rgm_status train(rgm_cli_line *line, rgm_config *config, rgm_error *err) {
    rgm_run_summary summary;
    rgm_watch watch = {.config = config, .quiet = line->quiet, .kept = 1};
    watch.more = (rgm_run_events){.context = line, .finished = on_finished};
    RGM_TRY(rgm_cli_begin(line, err));
    const rgm_run_options options = {
        .config = config, .resume = line->resume, .stop = rgm_interrupt_stop(), .events = rgm_watch_events(&watch)};
    rgm_run_train(&options, &summary, err);
    return rgm_way_add(&summary, err);
}

rgm_status rgm_cmd_train(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(make_config(&line, &config, err));
    if (!config.data.file[0])
        return rgm_fail(err, RGM_E_USAGE, "train: expected a data set: --data FILE, or data.file in a configuration");
    return train(&line, &config, err);
}
