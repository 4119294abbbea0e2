#include "bench/pipeline.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/session.h"

static const rgm_cli_flag flags[] = {
    [RGM_CLI_REPEATS] = {"repeats", 'n', "N", "samples of each part [15]"},
    [RGM_CLI_SAMPLE] = {"sample", 0, "MS", "milliseconds that a sample takes at least [20]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench pipeline",
    .arguments = "",
    .about = "Measures how fast images become batches: reading, each augmentation, packing, all of it together as "
             "training runs it, and as a share of whole training steps of the model; on random images unless there is "
             "a data set.",
    .examples = "  regimen bench pipeline\n"
                "  regimen bench pipeline --image 3x32x32 --batch 64 --model resnet18\n"
                "  regimen bench pipeline --image 3x224x224 --batch 16 --set augment=[flip] --json=pipeline.json\n",
    .command = RGM_FOR_BENCH,
    .own = flags,
};

rgm_status rgm_cmd_bench_pipeline(int argc, char **argv, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    static rgm_cli_line line;
    rgm_session *session = NULL;
    rgm_effort effort = {0};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_effort(&line, 15, 20, &effort, err));
    RGM_TRY(rgm_cli_config(&line, NULL, config, err));
    rgm_status status = rgm_cli_bench_session(&line, &session, config, err);
    if (status >= 0) status = rgm_bench_pipeline(session, &effort, line.json, err);
    rgm_session_destroy(session);
    return status;
}
