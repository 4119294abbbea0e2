/* bench predict: of which model, on which files. */
#include <stdlib.h>
#include "bench/predict.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/result.h"
#include "library/configuration.h"
#include "library/model.h"

enum { CHECKPOINT, PICTURES, ITERS, SINGLES, WARMUP };
static const rgm_cli_flag flags[] = {
    [CHECKPOINT] = {"checkpoint", 'c', "FILE", "a checkpoint or a run folder; without it weights are random"},
    [PICTURES] = {"pictures", 0, "FOLDER", "time these files, too, from reading to answer"},
    [ITERS] = {"iters", 'n', "N", "batches to measure [20]"},
    [SINGLES] = {"singles", 0, "N", "single images to measure [200]"},
    [WARMUP] = {"warmup", 0, "N", "images and batches before them [5]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench predict",
    .arguments = "",
    .about =
        "Times predictions, on the code path of predict: one image (median, 95th and 99th percentile), batches from "
        "memory, and with --pictures whole files, decoding included.",
    .examples = "  regimen bench predict\n"
                "  regimen bench predict --model resnet18 --image 3x224x224 --batch 16 --json\n"
                "  regimen bench predict --checkpoint runs/resnet20-1 --pictures photos\n",
    .command = RGM_FOR_BENCH,
    .own = flags,
};

/* What the bench is made of. */
typedef struct parts {
    const rgm_cli_line *line;
    rgm_bench_predict_options options;
    char path[RGM_RUNFOLDER_PATH]; /* the checkpoint; "": none */
    rgm_inputs inputs;
    const char **files;
    regimen_config *config;
    regimen_machine *machine;
    regimen_model *model;
    rgm_predictor *random;
} parts;

static rgm_status find_files(parts *p, rgm_error *err) {
    const char *folder = p->line->own[PICTURES];
    const rgm_inputs_options options = {.arguments = &folder, .count = 1, .stop = rgm_interrupt_stop()};
    if (!folder) return RGM_OK;
    RGM_TRY(rgm_inputs_find(&p->inputs, &options, err));
    p->files = malloc(sizeof *p->files * ((size_t)p->inputs.count + 1));
    if (!p->files) return rgm_fail(err, RGM_E_NOMEM, "bench predict: out of memory");
    for (int64_t i = 0; i < p->inputs.count; i++)
        if (p->inputs.items[i].kind == RGM_INPUT_PICTURE) p->files[p->options.file_count++] = p->inputs.items[i].path;
    p->options.files = p->files;
    if (!p->options.file_count) return rgm_fail(err, RGM_E_USAGE, "bench predict: no pictures in '%.160s'", folder);
    return RGM_OK;
}

static rgm_status make_config(parts *p, rgm_error *err) {
    const rgm_stop stop = rgm_interrupt_stop();
    regimen_error why;
    if (regimen_config_create(&p->config, &why) < 0) return rgm_client_fail(err, &why);
    if (!p->line->own[CHECKPOINT]) return rgm_cli_config(p->line, NULL, &p->config->config, err);
    RGM_TRY(rgm_public_checkpoint(p->line->own[CHECKPOINT], p->path, err));
    RGM_TRY(rgm_public_read_checkpoint(p->config, p->path, &stop, err));
    return rgm_cli_apply(p->line, &p->config->config, err);
}

static rgm_status make_model(parts *p, rgm_predictor **predictor, rgm_error *err) {
    regimen_error why;
    if (regimen_machine_open(&p->machine, p->config, NULL, &why) < 0) return rgm_client_fail(err, &why);
    if (!p->path[0]) {
        RGM_TRY(rgm_bench_predict_random(&p->random, &p->config->config, p->machine->device, err));
        *predictor = p->random;
        return RGM_OK;
    }
    if (regimen_model_load(&p->model, p->machine, p->path, p->config, NULL, &why) < 0)
        return rgm_client_fail(err, &why);
    *predictor = p->model->predictor;
    return RGM_OK;
}

static rgm_status run(parts *p, rgm_error *err) {
    rgm_predictor *predictor = NULL;
    rgm_bench_predict_options *o = &p->options;
    RGM_TRY(rgm_cli_integer(p->line, ITERS, 1, 1000000, 20, &o->batches, err));
    RGM_TRY(rgm_cli_integer(p->line, SINGLES, 1, 1000000, 200, &o->singles, err));
    RGM_TRY(rgm_cli_integer(p->line, WARMUP, 0, 1000000, 5, &o->warmup, err));
    o->stop = rgm_interrupt_flag();
    o->json = p->line->json;
    RGM_TRY(make_config(p, err));
    RGM_TRY(rgm_result_begin(p->line, err));
    RGM_TRY(find_files(p, err));
    RGM_TRY(make_model(p, &predictor, err));
    return rgm_bench_predict(predictor, p->machine->device, o, err);
}

rgm_status rgm_cmd_bench_predict(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    parts p = {.line = &line};
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    rgm_status status = run(&p, err);
    rgm_predictor_destroy(p.random);
    regimen_model_close(p.model);
    regimen_machine_close(p.machine);
    regimen_config_destroy(p.config);
    rgm_inputs_free(&p.inputs);
    free(p.files);
    return status;
}
