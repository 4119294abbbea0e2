/* predict: what a model says of pictures. Which model and which pictures; how it is told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/predicting.h"
#include "cli/result.h"
#include "cli/showing.h"
#include "library/configuration.h"
#include "library/model.h"
#include "picture/file.h"

enum { TOP, SPLIT, LABELS, PAGE, PAGE_MOST, NUL, INPUTS = 512 };
static const rgm_cli_flag flags[] = {
    [TOP] = {"top", 'k', "N", "the likeliest classes of each, at most all that the model has [5]"},
    [SPLIT] = {"split", 0, "NAME", "of data sets: test, validation or train [the first of these that is there]"},
    [LABELS] = {"labels", 0, "HOW", "what is known: auto, folder (folders' names alone) or none [auto]"},
    [PAGE] = {"page", 0, "FILE", "write a gallery, an HTML page that needs nothing else"},
    [PAGE_MOST] = {"page-most", 0, "N", "pictures on it, the least sure or worst [1000]"},
    [NUL] = {"null", '0', NULL, "the list on standard input has a NUL behind each name, not a newline"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "predict",
    .arguments = "RUN|CHECKPOINT INPUT...",
    .about = "Says what is in pictures (JPEG, PNG, WebP, BMP, PNM), by the model's own transform. Of a run folder, the "
             "best checkpoint is taken. INPUT is a file, a folder with all below, a pattern, a data set (.h5), or - "
             "for a list on standard input. Where folders are named like classes, the accuracy is told, too. A file "
             "that cannot be read is named, and the rest goes on; then the exit code is 3.",
    .examples = "  regimen predict runs/resnet20-1 photos\n"
                "  regimen predict runs/resnet20-1 photos --page answers.html --csv=answers.csv\n"
                "  regimen predict runs/resnet20-1 photos/1.jpg photos/2.jpg --top 1\n"
                "  regimen predict runs/resnet20-1/checkpoints/last.h5 fashion.h5 --split test --json=answers.json\n"
                "  find photos -name '*.jpg' -print0 | regimen predict runs/resnet20-1 -0 -\n",
    .command = RGM_FOR_PREDICT,
    .own = flags,
    .least = 2,
    .most = RGM_CLI_MANY,
};

/* What the command is made of. */
typedef struct command {
    const rgm_cli_line *line;
    int32_t top, most;             /* of the page */
    char path[RGM_RUNFOLDER_PATH]; /* the checkpoint */
    rgm_inputs inputs;
    regimen_config *config;
    regimen_machine *machine;
    regimen_model *model;
    rgm_predicting predicting;
    rgm_predictions *out;
    rgm_showing *showing;
    char transform[RGM_TRANSFORM_TEXT];
} command;

/* ---- what is asked ---- */

static rgm_status check_outputs(const rgm_cli_line *line, rgm_error *err) {
    const rgm_output outputs[] = {{"page", line->own[PAGE], RGM_GALLERY_HEAD, RGM_OUTPUT_REPLACED},
                                  {"csv", line->csv, RGM_PREDICTIONS_CSV, RGM_OUTPUT_IN_PLACE},
                                  {"json", line->json, RGM_PREDICTIONS_JSON, RGM_OUTPUT_ANY}};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        RGM_TRY(rgm_output_check(&outputs[i], "predict", err));
    return RGM_OK;
}

static rgm_status parse_own(command *c, rgm_error *err) {
    static const char *const how[] = {"auto", "folder", "none"};
    const rgm_cli_line *line = c->line;
    const char *splits[RGM_SPLIT_COUNT];
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) splits[i] = rgm_split_name(i);
    c->predicting.split = -1;
    RGM_TRY(rgm_cli_integer(line, TOP, 1, RGM_DATA_CLASSES, 5, &c->top, err));
    RGM_TRY(rgm_cli_integer(line, PAGE_MOST, 1, 1000000, 1000, &c->most, err));
    if (line->own[SPLIT])
        RGM_TRY(rgm_cli_choice("split", line->own[SPLIT], splits, RGM_SPLIT_COUNT, &c->predicting.split, err));
    if (line->own[LABELS]) RGM_TRY(rgm_cli_choice("way of labels", line->own[LABELS], how, 3, &c->predicting.how, err));
    if (line->own[PAGE] && !line->own[PAGE][0]) return rgm_fail(err, RGM_E_USAGE, "--page: expected a file");
    if (line->own[PAGE_MOST] && !line->own[PAGE]) return rgm_fail(err, RGM_E_USAGE, "--page-most: there is no --page");
    return RGM_OK;
}

enum { PASSED = 160 };

/* What was passed over, as a list; "": nothing. */
static const char *passed_text(const rgm_inputs *in, char text[PASSED]) {
    const struct {
        int64_t count;
        const char *one, *many;
    } kinds[] = {{in->hidden, "hidden", "hidden"},
                 {in->passed, "that is no picture", "that are no pictures"},
                 {in->links, "link to a folder seen already or above", "links to folders seen already or above"}};
    text[0] = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t used = strlen(text);
        if (kinds[i].count)
            snprintf(text + used, PASSED - used, "%s%" PRId64 " %s", used ? ", " : "", kinds[i].count,
                     kinds[i].count == 1 ? kinds[i].one : kinds[i].many);
    }
    return text;
}

static rgm_status no_pictures(const command *c, int32_t lists, rgm_error *err) {
    const rgm_inputs *in = &c->inputs;
    char passed[PASSED];
    const char *input = c->line->argument[1], *more = c->line->argument_count > 2 ? ", ..." : "";
    if (passed_text(in, passed)[0])
        return rgm_fail(err, RGM_E_USAGE, "predict: no pictures in '%.160s'%s (passed over: %s)", input, more, passed);
    if (lists && c->line->argument_count == 2 && !in->unmatched)
        return rgm_fail(err, RGM_E_USAGE, "predict: no pictures: the list on standard input is empty");
    return rgm_fail(err, RGM_E_USAGE, "predict: no pictures in '%.160s'%s", input, more);
}

static rgm_status find_inputs(command *c, rgm_error *err) {
    const rgm_inputs_options options = {.arguments = c->line->argument + 1,
                                        .count = c->line->argument_count - 1,
                                        .null = c->line->own[NUL] != NULL,
                                        .stop = rgm_interrupt_stop()};
    const rgm_inputs *in = &c->inputs;
    char passed[PASSED];
    int32_t lists = 0;
    for (int32_t i = 0; i < options.count; i++) lists += strcmp(options.arguments[i], "-") == 0;
    if (options.null && !lists)
        return rgm_fail(err, RGM_E_USAGE, "--null: expected -, a list on standard input, among the INPUTs");
    RGM_TRY(rgm_inputs_find(&c->inputs, &options, err));
    if (!in->count) return no_pictures(c, lists, err);
    if (passed_text(in, passed)[0]) rgm_log(RGM_LOG_INFO, "passed over: %s", passed);
    if (!in->sets && c->line->own[SPLIT])
        return rgm_fail(err, RGM_E_USAGE,
                        "--split: expected a data set (.h5) among the INPUTs: pictures have no splits");
    return RGM_OK;
}

/* ---- the model ---- */

static int32_t is_set(const char *path) {
    rgm_dataset *set;
    rgm_error unused = {0};
    const rgm_dataset_options options = {.stop = rgm_interrupt_stop(), .lenient = 1};
    if (rgm_dataset_open(&set, path, &options, &unused) < 0) return 0;
    rgm_dataset_close(set);
    return 1;
}

/* The RUN is easily forgotten, or named last: then the first INPUT is taken for it. */
static rgm_status read_config(command *c, rgm_error *err) {
    const rgm_stop stop = rgm_interrupt_stop();
    regimen_error why;
    const char *what = rgm_picture_file_kind(c->path) != RGM_PICTURE_NONE ? "picture" : NULL;
    if (regimen_config_create(&c->config, &why) < 0) return rgm_client_fail(err, &why);
    rgm_status status = what ? RGM_E_FORMAT : rgm_public_read_checkpoint(c->config, c->path, &stop, err);
    if (status == RGM_E_FORMAT && !what && is_set(c->path)) what = "data set";
    if (!what) return status;
    return rgm_fail(err, RGM_E_USAGE, "predict: %.300s is a %s: expected a run folder or a checkpoint before it",
                    c->path, what);
}

/* No plan for more images than there are, unless the line says so. */
static void fit_batch(const command *c, rgm_config *config) {
    if (rgm_cli_value(c->line, "batch") || c->inputs.sets) return;
    if (c->inputs.pictures < config->batch) config->batch = (int32_t)c->inputs.pictures;
}

static rgm_status load_model(command *c, rgm_error *err) {
    regimen_error why;
    fit_batch(c, &c->config->config);
    RGM_TRY(rgm_cli_apply(c->line, &c->config->config, err));
    if (regimen_machine_open(&c->machine, c->config, NULL, &why) < 0) return rgm_client_fail(err, &why);
    if (regimen_model_load(&c->model, c->machine, c->path, c->config, NULL, &why) < 0)
        return rgm_client_fail(err, &why);
    return RGM_OK;
}

/* ---- predicting ---- */

static rgm_status begin(command *c, rgm_error *err) {
    const rgm_config *config = rgm_predictor_config(c->model->predictor);
    rgm_predicting *p = &c->predicting;
    p->predictor = c->model->predictor;
    p->inputs = &c->inputs;
    p->classes = config->model.classes;
    p->names = c->model->class_count == p->classes ? (const char *const *)c->model->classes : NULL;
    p->top = c->top < p->classes ? c->top : p->classes;
    p->stop = rgm_interrupt_stop();
    RGM_TRY(rgm_predicting_open(p, err));
    if (p->transform.C == 1 || p->transform.C == 3) rgm_transform_print(&p->transform, c->transform);
    rgm_predictions_options options = {.model = config->model.name,
                                       .checkpoint = c->path,
                                       .transform = c->transform,
                                       .names = p->names,
                                       .classes = p->classes,
                                       .top = p->top,
                                       .csv = c->line->csv,
                                       .json = c->line->json,
                                       .quiet = c->line->quiet};
    rgm_predicting_look(p, &options);
    p->bar_quiet = c->line->quiet;
    RGM_TRY(rgm_predictions_begin(&c->out, &options, err));
    p->out = c->out;
    if (!c->line->own[PAGE]) return RGM_OK;
    RGM_TRY(rgm_showing_create(&c->showing, c->most, err));
    p->also = rgm_showing_note;
    p->context = c->showing;
    return RGM_OK;
}

static rgm_status write_page(command *c, const rgm_stop *stop, rgm_error *err) {
    rgm_predictions_sums sums;
    rgm_mistake mistakes[RGM_GALLERY_MISTAKES];
    char inputs[INPUTS] = "";
    const rgm_config *config = rgm_predictor_config(c->model->predictor);
    if (!c->showing) return RGM_OK;
    for (int32_t i = 1; i < c->line->argument_count && strlen(inputs) + 1 < sizeof inputs; i++) {
        size_t used = strlen(inputs);
        snprintf(inputs + used, sizeof inputs - used, "%s%s", i > 1 ? ", " : "", c->line->argument[i]);
    }
    rgm_predictions_sum(c->out, &sums);
    rgm_gallery_options gallery = {.model = config->model.name,
                                   .checkpoint = c->path,
                                   .transform = c->transform,
                                   .inputs = inputs,
                                   .names = c->predicting.names,
                                   .classes = c->predicting.classes,
                                   .sums = &sums,
                                   .mistakes = mistakes,
                                   .mistake_kinds = rgm_predictions_mistakes(c->out, mistakes, RGM_GALLERY_MISTAKES)};
    RGM_TRY(rgm_showing_write(c->showing, &c->predicting, c->machine->device, c->line->own[PAGE], &gallery, stop, err));
    rgm_log(RGM_LOG_INFO, "page: %s", c->line->own[PAGE]);
    return RGM_OK;
}

/* What was done until a stop is told as well. */
static rgm_status finish(command *c, rgm_status status, rgm_error *err) {
    rgm_predictions_sums sums;
    rgm_error second = {0};
    if (status < 0 && status != RGM_E_INTERRUPTED) {
        rgm_predictions_end(c->out, c->predicting.seconds, &second); /* so that files can be parsed */
        return status;
    }
    rgm_status ended = rgm_predictions_end(c->out, c->predicting.seconds, &second);
    const rgm_stop stop = status < 0 ? (rgm_stop){0} : c->predicting.stop; /* it was heard already */
    rgm_predictions_sum(c->out, &sums);
    if (ended >= 0 && (status >= 0 || sums.pictures)) ended = write_page(c, &stop, &second);
    if (ended < 0) {
        *err = second;
        return ended;
    }
    if (status < 0 || !sums.unreadable_count) return status;
    return rgm_fail(err, RGM_E_IO, "predict: %" PRId64 " of %" PRId64 " could not be read", sums.unreadable_count,
                    sums.unreadable_count + sums.pictures);
}

static rgm_status predict(command *c, rgm_error *err) {
    RGM_TRY(parse_own(c, err));
    RGM_TRY(rgm_result_begin(c->line, err));
    RGM_TRY(check_outputs(c->line, err));
    RGM_TRY(rgm_public_checkpoint(c->line->argument[0], c->path, err));
    RGM_TRY(read_config(c, err));
    RGM_TRY(find_inputs(c, err));
    RGM_TRY(load_model(c, err));
    RGM_TRY(begin(c, err));
    return finish(c, rgm_predicting_run(&c->predicting, err), err);
}

rgm_status rgm_cmd_predict(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    static command c;
    c.line = &line;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    rgm_status status = predict(&c, err);
    rgm_showing_destroy(c.showing);
    rgm_predicting_close(&c.predicting);
    rgm_predictions_destroy(c.out);
    rgm_inputs_free(&c.inputs);
    regimen_model_close(c.model);
    regimen_machine_close(c.machine);
    regimen_config_destroy(c.config);
    return status;
}
