#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "data/dataset.h"
#include "datasets/import.h"
#include "report/bar.h"
#include "report/summary.h"

enum { OUT, FORCE, NAMES, SOURCE, LICENCE };
static const rgm_cli_flag flags[] = {
    [OUT] = {"out", 'o', "FILE", "the data set to write"},
    [FORCE] = {"force", 'f', NULL, "replace a file of that name"},
    [NAMES] = {"names", 0, "LIST", "class names, separated by commas, or a known set's: mnist, fashion-mnist"},
    [SOURCE] = {"source", 0, "TEXT", "where the data comes from, kept in the file"},
    [LICENCE] = {"licence", 0, "TEXT", "the data's licence, kept in the file"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "import",
    .arguments = "FORMAT SOURCE...",
    .about =
        "Writes a data set (HDF5) from files in another format: idx (MNIST and its relatives, gzipped or not) or cifar "
        "(the binary versions of CIFAR-10 and CIFAR-100). SOURCE is a folder or files.",
    .examples = "  regimen import idx /usr/share/datasets/fashion-mnist --out fashion.h5\n"
                "  regimen import cifar cifar-10-batches-bin --out cifar10.h5\n"
                "  regimen import idx train-images.gz train-labels.gz --names=cat,dog --out pets.h5\n",
    .command = RGM_FOR_OTHER,
    .own = flags,
    .least = 2,
    .most = RGM_CLI_ARGUMENTS,
};

typedef struct progress {
    rgm_bar bar;
    int32_t started, quiet;
} progress;

static int32_t on_progress(void *context, int64_t done, int64_t total) {
    progress *p = context;
    if (!p->started)
        rgm_bar_start(&p->bar,
                      &(rgm_bar_options){.label = "import", .unit = "images", .total = total, .quiet = p->quiet});
    p->started = 1;
    rgm_bar_update(&p->bar, done, NAN, NAN);
    return *rgm_interrupt_flag() != 0;
}

static void print_text(const rgm_dataset_info *info) {
    printf("%s: %dx%dx%d images (channels x height x width), %d classes\n", info->path, info->C, info->H, info->W,
           info->classes);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (info->count[i] > 0) printf("  %-10s %lld images\n", rgm_split_name(i), (long long)info->count[i]);
    for (int32_t c = 0; c < info->C; c++)
        printf("  channel %d  mean %.4f, standard deviation %.4f\n", c, (double)info->mean[c], (double)info->std[c]);
}

static json_t *make_json(const rgm_dataset_info *info) {
    json_t *mean = json_array(), *std = json_array(), *images = json_object();
    for (int32_t c = 0; c < info->C; c++) {
        json_array_append_new(mean, rgm_json_real((double)info->mean[c]));
        json_array_append_new(std, rgm_json_real((double)info->std[c]));
    }
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (info->count[i] > 0) json_object_set_new(images, rgm_split_name(i), json_integer(info->count[i]));
    return json_pack("{s:o, s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "file", rgm_json_text(info->path), "channels", info->C,
                     "height", info->H, "width", info->W, "classes", info->classes, "images", images, "mean", mean,
                     "std", std);
}

/* The finished file as a run will see it. */
static rgm_status show(const char *path, const char *json, int32_t quiet, rgm_error *err) {
    rgm_dataset *set;
    rgm_status status = RGM_OK;
    RGM_TRY(rgm_dataset_open(&set, path, &(rgm_dataset_options){.stop = rgm_interrupt_stop()}, err));
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    if ((!json || strcmp(json, "-") != 0) && !quiet) print_text(info);
    if (json) {
        json_t *object = make_json(info);
        status = object ? rgm_json_write(object, json, err) : rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
        json_decref(object);
    }
    rgm_dataset_close(set);
    return status;
}

rgm_status rgm_cmd_import(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    static const char *const formats[] = {"idx", "cifar"};
    static progress p;
    int32_t format;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_choice("format", line.argument[0], formats, 2, &format, err));
    if (!line.own[OUT] || !line.own[OUT][0])
        return rgm_fail(err, RGM_E_USAGE, "import: expected --out FILE, the data set to write");
    if (!line.own[FORCE] && access(line.own[OUT], F_OK) == 0)
        return rgm_fail(err, RGM_E_USAGE, "%.160s: exists already (--force replaces it)", line.own[OUT]);
    for (int32_t i = 1; i < line.argument_count; i++)
        if (access(line.argument[i], F_OK) != 0)
            return rgm_fail(err, RGM_E_IO, "%.160s: %s", line.argument[i], strerror(errno));
    p.quiet = line.quiet;
    rgm_import_options options = {.sources = line.argument + 1,
                                  .count = line.argument_count - 1,
                                  .out = line.own[OUT],
                                  .overwrite = line.own[FORCE] != NULL,
                                  .names = line.own[NAMES],
                                  .source = line.own[SOURCE],
                                  .licence = line.own[LICENCE],
                                  .progress = on_progress,
                                  .progress_context = &p,
                                  .stop = rgm_interrupt_stop()};
    rgm_status status = format == 0 ? rgm_import_idx(&options, err) : rgm_import_cifar(&options, err);
    rgm_bar_finish(&p.bar);
    RGM_TRY(status);
    return show(line.own[OUT], line.json, p.quiet, err);
}
