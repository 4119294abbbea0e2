#include "cli/commands.h"
#include "cli/options.h"
#include "cli/plan_print.h"
#include "cli/session.h"

enum { CHUNKS, EVALUATION };
static const rgm_cli_flag flags[] = {
    [CHUNKS] = {"chunks", 0, "CORES", "estimate of how the step would run on so many cores: chunks and barriers"},
    [EVALUATION] = {"evaluation", 0, NULL, "the plan of an evaluation instead: what is joined, what is prepared once"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "plan",
    .arguments = "[FILE]",
    .about =
        "Prints what a training step computes and stores: per layer its shape, parameters, arithmetic and bytes, and "
        "the memory the whole run will need; or the same of an evaluation. FILE is a configuration (YAML) or a data "
        "set (.h5).",
    .examples = "  regimen plan fashion.h5\n"
                "  regimen plan --model resnet50 --image 3x224x224 --classes 1000 --batch 32\n"
                "  regimen plan run.yaml --json\n"
                "  regimen plan run.yaml --evaluation\n"
                "  regimen plan --model resnet50 --image 3x224x224 --classes 1000 --batch 256 --chunks 64\n",
    .command = RGM_FOR_PLAN,
    .own = flags,
    .most = 1,
};

static rgm_status plan(const rgm_cli_line *line, rgm_config *config, const rgm_plan_request *request, rgm_error *err) {
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    RGM_TRY(rgm_cli_session(line, &s, config, &(rgm_session_options){.suit = 1}, err));
    const rgm_trainer_options options = {.training = !request->evaluation, .plan_only = 1};
    rgm_status status = rgm_trainer_create(&t, s, &options, err);
    if (status >= 0) status = rgm_plan_print(s, t, request, err);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}

rgm_status rgm_cmd_plan(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    rgm_plan_request request = {0};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_integer(&line, CHUNKS, 1, 1024, 0, &request.cores, err));
    request.evaluation = line.own[EVALUATION] != NULL;
    request.json = line.json;
    if (request.cores && request.evaluation)
        return rgm_fail(err, RGM_E_USAGE, "--chunks: an estimate of training steps, not of --evaluation");
    RGM_TRY(rgm_cli_config(&line, line.argument_count > 0 ? line.argument[0] : NULL, &config, err));
    if (!config.data.file[0] && !config.model.image[0])
        return rgm_fail(err, RGM_E_USAGE, "plan: expected a data set (--data FILE) or an image size (--image CxHxW)");
    return plan(&line, &config, &request, err);
}
