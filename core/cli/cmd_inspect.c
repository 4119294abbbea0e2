/* inspect: what is in a data set, and what is wrong with it. The inspection itself is inspect/inspect.h's. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/program.h"
#include "data/exclude_lines.h"
#include "inspect/folds.h"
#include "inspect/inspect.h"
#include "inspect/sheets.h"
#include "report/bar.h"
#include "report/exclude_list.h"
#include "report/inspection_json.h"
#include "report/inspection_page.h"
#include "report/inspection_print.h"
#include "report/summary.h"

enum {
    MOST,
    CHECKPOINT,
    FOLDS,
    REPEATS,
    MODEL,
    EPOCHS,
    SEED,
    PAGE,
    PAGE_MOST,
    WRITE_EXCLUDE,
    EXCLUDE_KINDS,
    PATH_TEXT = 4 * 4096,
    REPEATS_USUAL = 2
};
static const rgm_cli_flag flags[] = {
    [MOST] = {"most", 0, "N", "findings of a kind that are printed [10]"},
    [CHECKPOINT] = {"checkpoint", 'c', "RUN", "a model that is asked about each image: a run folder or a checkpoint"},
    [FOLDS] = {"folds", 0, "K",
               "instead, train small networks on all but a part, K times, and ask each about its part"},
    [REPEATS] = {"repeats", 0, "R", "ask R times as many networks of the folds, each time of other parts [2]"},
    [MODEL] = {"model", 'm', "NAME", "of the folds: resnet20, cnn, ... [three blocks of eight channels and more]"},
    [EPOCHS] = {"epochs", 'e', "N", "of the folds [by the number of images, at least 8]"},
    [SEED] = {"seed", 's', "N", "of the folds and their trainings [1]"},
    [PAGE] = {"page", 0, "FILE", "write a page with pictures, HTML that needs nothing else"},
    [PAGE_MOST] = {"page-most", 0, "N", "findings of a kind on it [24, of many kinds 12]"},
    [WRITE_EXCLUDE] = {"write-exclude", 0, "FILE", "list what is better left out, for --exclude of train and import"},
    [EXCLUDE_KINDS] = {"exclude-kinds", 0, "LIST",
                       "of the findings in that list, with commas between; also: all [default: unreadable, leak, "
                       "near_leak, exact_duplicate, near_duplicate, label_conflict, constant]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "inspect",
    .arguments = "DATA.h5",
    .about =
        "Looks at every image of a data set and says what is in it and what is wrong with it: duplicates within splits "
        "and across them, conflicting labels, pictures that cannot be read, images that are unlike the others. A model "
        "that is asked (--checkpoint, --folds) tells likely label errors, confused classes and its largest losses. "
        "docs/INSPECT.md has what is found, and how.",
    .examples = "  regimen inspect fashion.h5\n"
                "  regimen inspect fashion.h5 --page fashion.html\n"
                "  regimen inspect fashion.h5 --json=findings.json\n"
                "  regimen inspect fashion.h5 --folds 3\n"
                "  regimen inspect fashion.h5 --checkpoint runs/resnet20-1\n"
                "  regimen inspect fashion.h5 --write-exclude list.txt\n",
    .command = RGM_FOR_MEASURE,
    .own = flags,
    .least = 1,
    .most = 1,
};

static rgm_bar bar;

static void on_begin(void *context, const char *what, int64_t total) {
    const rgm_cli_line *line = context;
    rgm_bar_finish(&bar);
    rgm_bar_start(&bar, &(rgm_bar_options){.label = what, .unit = "images", .total = total, .quiet = line->quiet});
}

static void on_progress(void *context, int64_t done) {
    (void)context;
    rgm_bar_update(&bar, done, (double)NAN, (double)NAN);
}

/* ---- what is told ---- */

static rgm_status show(const rgm_cli_line *line, const rgm_inspection *in, int32_t most, rgm_error *err) {
    if (rgm_json_leaves_text(line->json)) rgm_inspection_print(stdout, in, most);
    fflush(stdout); /* before lines of the log, where both go into one file */
    return line->json ? rgm_inspection_write_json(in, line->json, err) : RGM_OK;
}

static rgm_status make_page(const rgm_inspection *in, const rgm_inspection_page_options *page, rgm_images *images,
                            rgm_error *err) {
    rgm_inspection_page_options o = *page;
    rgm_sheets *sheets;
    RGM_TRY(rgm_sheets_create(&sheets, images, rgm_interrupt_stop(), err));
    o.thumbs = (rgm_thumbs){.give = rgm_sheets_give, .context = sheets};
    rgm_status status = rgm_inspection_page(in, &o, err);
    rgm_sheets_destroy(sheets);
    return status;
}

static rgm_status write_page(const rgm_inspection *in, const rgm_inspection_page_options *page,
                             const rgm_device *device, rgm_error *err) {
    rgm_images *images;
    if (!page->path) return RGM_OK;
    RGM_TRY(rgm_images_create(&images, in->set, device, err));
    rgm_status status = make_page(in, page, images, err);
    rgm_images_destroy(images);
    if (status >= 0) rgm_log(RGM_LOG_INFO, "page: %s", page->path);
    return status;
}

static const char *shown(const char *path, char text[PATH_TEXT]) {
    rgm_text_shell(path, text, PATH_TEXT);
    rgm_text_clean(text);
    return text;
}

/* The command that goes on from here. */
static void tell_next(const rgm_cli_line *line, const rgm_inspection *in) {
    char text[RGM_INSPECTION_TEXT], data[PATH_TEXT], list[PATH_TEXT];
    int32_t grave = rgm_inspection_judge(in, text);
    shown(line->argument[0], data);
    if (line->own[WRITE_EXCLUDE])
        printf("next: %s train --data %s --exclude %s\n", rgm_program(), data, shown(line->own[WRITE_EXCLUDE], list));
    else if (in->findings.count && !line->own[PAGE])
        printf("next: %s inspect %s --page page.html\n", rgm_program(), data);
    else if (grave >= RGM_GRAVE_WARN)
        printf("next: %s inspect %s --write-exclude list.txt\n", rgm_program(), data);
    else
        printf("next: %s train --data %s\n", rgm_program(), data);
}

static rgm_status write_exclude(const rgm_cli_line *line, const rgm_inspection *in, rgm_error *err) {
    const char *path = line->own[WRITE_EXCLUDE];
    uint32_t kinds = rgm_exclude_kinds_default;
    rgm_exclude_listed listed;
    if (!path) return RGM_OK;
    if (line->own[EXCLUDE_KINDS]) RGM_TRY(rgm_exclude_kinds_parse(line->own[EXCLUDE_KINDS], &kinds, err));
    RGM_TRY(rgm_exclude_list_write(&in->findings, in->set, kinds, path, &listed, err));
    rgm_log(RGM_LOG_INFO, "%s: %" PRId64 " images to leave out, and %" PRId64 " of the test split as comments", path,
            listed.images, listed.commented);
    return RGM_OK;
}

/* ---- the command ---- */

/* What is asked is possible: said before the work. */
static rgm_status check_exclude(const rgm_cli_line *line, rgm_error *err) {
    uint32_t unused;
    const char *kinds = line->own[EXCLUDE_KINDS];
    if (!kinds) return RGM_OK;
    if (!line->own[WRITE_EXCLUDE])
        return rgm_fail(err, RGM_E_USAGE, "--exclude-kinds: of the list that --write-exclude FILE writes");
    return rgm_exclude_kinds_parse(kinds, &unused, err);
}

static rgm_status check_outputs(const rgm_cli_line *line, rgm_error *err) {
    const rgm_output outputs[] = {{"page", line->own[PAGE], RGM_INSPECTION_PAGE_HEAD, RGM_OUTPUT_REPLACED},
                                  {"write-exclude", line->own[WRITE_EXCLUDE], RGM_EXCLUDE_HEAD, RGM_OUTPUT_REPLACED},
                                  {"json", line->json, RGM_INSPECTION_JSON, RGM_OUTPUT_IN_PLACE}};
    if (line->own[PAGE] && !line->own[PAGE][0]) return rgm_fail(err, RGM_E_USAGE, "--page: expected a file");
    if (line->own[PAGE_MOST] && !line->own[PAGE]) return rgm_fail(err, RGM_E_USAGE, "--page-most: there is no --page");
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        RGM_TRY(rgm_output_check(&outputs[i], "inspect", err));
    RGM_TRY(rgm_outputs_apart(outputs, sizeof outputs / sizeof *outputs, err));
    return check_exclude(line, err);
}

/* What the line asks for in numbers. */
typedef struct wanted {
    int32_t most;
    rgm_inspection_page_options page;
} wanted;

static rgm_status tell(const rgm_cli_line *line, const rgm_inspection *in, const wanted *w, const rgm_device *device,
                       rgm_error *err) {
    RGM_TRY(show(line, in, w->most, err));
    RGM_TRY(write_page(in, &w->page, device, err));
    RGM_TRY(write_exclude(line, in, err));
    if (!line->quiet && rgm_json_leaves_text(line->json)) tell_next(line, in);
    return RGM_OK;
}

/* What is asked, and the configuration of the folds. */
static rgm_status choose_model(const rgm_cli_line *line, rgm_inspect_options *o, rgm_config *config, rgm_error *err) {
    rgm_folds_wish wish = {.model = line->own[MODEL]};
    int32_t seed;
    RGM_TRY(rgm_cli_integer(line, FOLDS, 2, RGM_FOLDS_MOST, 0, &wish.folds, err));
    RGM_TRY(rgm_cli_integer(line, REPEATS, 1, RGM_FOLDS_REPEATS_MOST, REPEATS_USUAL, &o->repeats, err));
    RGM_TRY(rgm_cli_integer(line, EPOCHS, 1, 1000000, 0, &wish.epochs, err));
    RGM_TRY(rgm_cli_integer(line, SEED, 0, INT32_MAX, 1, &seed, err));
    wish.seed = (uint64_t)seed;
    o->checkpoint = line->own[CHECKPOINT];
    o->folds = wish.folds;
    o->config = config;
    if (o->checkpoint && o->folds)
        return rgm_fail(err, RGM_E_USAGE, "--checkpoint and --folds: expected one of them: what is asked");
    if (!o->folds && (line->own[REPEATS] || line->own[MODEL] || line->own[EPOCHS] || line->own[SEED]))
        return rgm_fail(err, RGM_E_USAGE, "--repeats, --model, --epochs and --seed are of the networks of --folds K");
    return o->folds ? rgm_folds_config(config, o->set, &wish, err) : RGM_OK;
}

static rgm_status inspect(const rgm_cli_line *line, const rgm_inspect_options *options, const wanted *w,
                          rgm_error *err) {
    rgm_inspection inspection;
    rgm_status status = rgm_inspect(options, &inspection, err);
    rgm_bar_finish(&bar);
    if (status >= 0) status = tell(line, &inspection, w, options->device, err);
    rgm_inspection_free(&inspection);
    return status;
}

static rgm_status run_on(const rgm_cli_line *line, const rgm_dataset *set, rgm_device *device, const wanted *w,
                         rgm_error *err) {
    rgm_inspect_options options = {.set = set,
                                   .device = device,
                                   .stop = rgm_interrupt_stop(),
                                   .begin = on_begin,
                                   .progress = on_progress,
                                   .context = (void *)(uintptr_t)line};
    RGM_TRY(choose_model(line, &options, rgm_cli_shared_config(), err));
    return inspect(line, &options, w, err);
}

static rgm_status run(const rgm_cli_line *line, const wanted *w, rgm_error *err) {
    const rgm_dataset_options open = {.stop = rgm_interrupt_stop(), .names = 1, .lenient = 1};
    rgm_config *config = rgm_cli_shared_config();
    rgm_device *device;
    rgm_dataset *set;
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_cli_apply(line, config, err));
    RGM_TRY(rgm_dataset_open(&set, line->argument[0], &open, err));
    rgm_status status = rgm_device_configure(&device, config, 0, err);
    if (status >= 0) {
        status = run_on(line, set, device, w, err);
        rgm_device_destroy(device);
    }
    rgm_dataset_close(set);
    return status;
}

rgm_status rgm_cmd_inspect(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    wanted w;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    w.page = (rgm_inspection_page_options){.path = line.own[PAGE]};
    RGM_TRY(rgm_cli_integer(&line, MOST, 0, 1000000, 10, &w.most, err));
    RGM_TRY(rgm_cli_integer(&line, PAGE_MOST, 1, 1000, 0, &w.page.most, err));
    RGM_TRY(check_outputs(&line, err));
    return run(&line, &w, err);
}
