#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/cpu.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/import_result.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "inspect/groups.h"
#include "report/bar.h"
#include "report/summary.h"

enum { IDX = 1, CIFAR = 2, FOLDER = 4, CSV = 8, NPY = 16, PICTURES = FOLDER | CSV, ALL = 31 };

static const struct {
    const char *name;
    int32_t bit;
    rgm_status (*import)(const rgm_import_options *, rgm_error *);
} formats[] = {
    {"idx", IDX, rgm_import_idx}, {"cifar", CIFAR, rgm_import_cifar}, {"folder", FOLDER, rgm_import_folder},
    {"csv", CSV, rgm_import_csv}, {"npy", NPY, rgm_import_npy},
};
enum { FORMATS = sizeof formats / sizeof *formats };

enum {
    OUT,
    FORCE,
    NAMES,
    SOURCE,
    LICENCE,
    SIZE,
    FIT,
    GRAY,
    BACKGROUND,
    KEEP,
    MAX_SIDE,
    TEST,
    VALIDATION,
    SEED,
    NO_GROUPS,
    THREADS,
    QUARANTINE,
    ROOT,
    EXCLUDE,
    FLAGS
};
static rgm_cli_flag flags[FLAGS + 1] = {
    /* tell_formats() completes the texts */
    [OUT] = {"out", 'o', "FILE", "the data set to write"},
    [FORCE] = {"force", 'f', NULL, "replace a file of that name"},
    [NAMES] = {"names", 0, "LIST", "class names, separated by commas, or a known set's: mnist, fashion-mnist"},
    [SOURCE] = {"source", 0, "TEXT", "where the data comes from, kept in the file"},
    [LICENCE] = {"licence", 0, "TEXT", "the data's licence, kept in the file"},
    [SIZE] = {"size", 0, "SIZE", "of the images, in pixels: 64, or 48x64 for height x width [from the pictures]"},
    [FIT] = {"fit", 0, "HOW", "crop cuts the centre out, pad adds borders, stretch changes the shape [crop]"},
    [GRAY] = {"gray", 0, NULL, "one channel, also of colour pictures"},
    [BACKGROUND] = {"background", 0, "COLOUR", "behind transparency and in borders: white, black, RRGGBB [white]"},
    [KEEP] = {"keep", 0, NULL, "keep the encoded pictures in their own sizes, for large pictures and large sets"},
    [MAX_SIDE] = {"max-side", 0, "N", "with --keep: pictures with a longer side are made smaller"},
    [TEST] = {"test", 0, "FRACTION", "make a test split of so many of the samples, such as 0.1, stratified"},
    [VALIDATION] = {"validation", 0, "FRACTION", "make a validation split, in the same way"},
    [SEED] = {"seed", 's', "N", "of the splits that are made [0]"},
    [NO_GROUPS] = {"no-groups", 0, NULL, "do not keep near duplicates together when splits are made"},
    [THREADS] = {"threads", 't', "N", "to decode with; 0: all CPUs [0]"},
    [QUARANTINE] = {"quarantine", 0, "FILE", "lists the pictures that cannot be read [of set.h5: set.quarantine.csv]"},
    [ROOT] = {"root", 0, "FOLDER", "of the relative paths in a list [the list's folder]"},
    [EXCLUDE] = {"exclude", 0, "LIST", "leave pictures out: a list that inspect writes, or paths, one a line"},
};

/* The formats that a flag is for. */
static const int32_t flag_formats[FLAGS] = {
    [OUT] = ALL,
    [FORCE] = ALL,
    [NAMES] = IDX | CIFAR | NPY,
    [SOURCE] = ALL,
    [LICENCE] = ALL,
    [SIZE] = PICTURES,
    [FIT] = PICTURES,
    [GRAY] = PICTURES,
    [BACKGROUND] = PICTURES,
    [KEEP] = PICTURES,
    [MAX_SIDE] = PICTURES,
    [TEST] = PICTURES | NPY | IDX,
    [VALIDATION] = PICTURES | NPY | IDX,
    [SEED] = PICTURES | NPY | IDX,
    [NO_GROUPS] = PICTURES | NPY | IDX,
    [THREADS] = PICTURES,
    [QUARANTINE] = PICTURES,
    [ROOT] = CSV,
    [EXCLUDE] = PICTURES,
};

enum { FITS = 64, HELP = 160 };

/* "folder, csv": the formats that a flag is for. */
static const char *name_formats(int32_t flag, char fits[FITS]) {
    *fits = 0;
    for (int32_t i = 0; i < FORMATS; i++)
        if (flag_formats[flag] & formats[i].bit)
            snprintf(fits + strlen(fits), FITS - strlen(fits), "%s%s", *fits ? ", " : "", formats[i].name);
    return fits;
}

/* Each flag's text says which formats it is for, unless it is for all. */
static void tell_formats(void) {
    static char help[FLAGS][HELP];
    char fits[FITS];
    for (int32_t i = 0; i < FLAGS; i++) {
        if (flag_formats[i] == ALL) continue;
        snprintf(help[i], HELP, "%s (%s)", flags[i].help, name_formats(i, fits));
        flags[i].help = help[i];
    }
}

static const rgm_cli_spec spec = {
    .name = "import",
    .arguments = "FORMAT SOURCE...",
    .about = "Writes a data set (HDF5) from files in another format. FORMAT is folder (of pictures, a folder for each "
             "class; also below train or training, test or testing, and validation, val or valid), csv (a list of "
             "pictures: path,label or path,label,split), "
             "npy (arrays: X.npy Y.npy, also for test, or one SET.npz), idx (MNIST and its relatives, gzipped or not) "
             "or cifar (the binary versions of CIFAR-10 and CIFAR-100). Pictures are JPEG, PNG, WebP, BMP or PNM. "
             "An option is for the formats that stand behind it, or for all.",
    .examples = "  regimen import folder photos --out photos.h5 --test 0.1\n"
                "  regimen import folder photos --out photos.h5 --size 64 --fit pad\n"
                "  regimen import folder imagenette2 --out imagenette.h5 --keep --max-side 500\n"
                "  regimen import csv photos/labels.csv --out photos.h5\n"
                "  regimen import npy x.npy y.npy --out set.h5 --test 0.1 --names=cat,dog\n"
                "  regimen import idx /usr/share/datasets/fashion-mnist --out fashion.h5\n"
                "  regimen import cifar cifar-10-batches-bin --out cifar10.h5\n"
                "  regimen import idx train-images.gz train-labels.gz --names=cat,dog --out pets.h5\n",
    .command = RGM_FOR_OTHER,
    .own = flags,
    .least = 2,
    .most = RGM_CLI_ARGUMENTS,
};

/* ---- progress ---- */

typedef struct progress {
    rgm_bar bar;
    int32_t started, quiet;
} progress;

static void on_begin(void *context, const char *what, int64_t done, int64_t total) {
    progress *p = context;
    if (p->started) rgm_bar_finish(&p->bar);
    p->started = 1;
    rgm_bar_start(&p->bar,
                  &(rgm_bar_options){.label = what, .unit = "images", .done = done, .total = total, .quiet = p->quiet});
}

static int32_t on_progress(void *context, int64_t done, int64_t total) {
    progress *p = context;
    if (!p->started) on_begin(p, "import", 0, total);
    rgm_bar_update(&p->bar, done, NAN, NAN);
    return *rgm_interrupt_flag() != 0;
}

static void on_search(void *context, const char *what, int64_t total) { on_begin(context, what, 0, total); }

static void on_searched(void *context, int64_t done) { rgm_bar_update(&((progress *)context)->bar, done, NAN, NAN); }

static void on_quarantined(void *context, const char *file, const char *reason) {
    json_array_append_new(context,
                          json_pack("{s:o, s:o}", "file", rgm_json_text(file), "reason", rgm_json_text(reason)));
}

/* ---- options ---- */

/* "64" or "48x64", height first. */
static rgm_status parse_size(const char *text, rgm_import_pictures *p, rgm_error *err) {
    char *end;
    if (!text) return RGM_OK;
    long H = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0, W = H;
    if (H && (*end == 'x' || *end == 'X') && end[1] >= '0' && end[1] <= '9') W = strtol(end + 1, &end, 10);
    if (H < 1 || W < 1 || H > RGM_DATA_SIDE || W > RGM_DATA_SIDE || *end)
        return rgm_fail(err, RGM_E_USAGE,
                        "--size: expected pixels, such as 64, or 48x64 for height x width, 1 to %d each; found '%.60s'",
                        RGM_DATA_SIDE, text);
    p->H = (int32_t)H;
    p->W = (int32_t)W;
    return RGM_OK;
}

static rgm_status parse_background(const char *text, rgm_import_pictures *p, rgm_error *err) {
    unsigned int rgb[3] = {255, 255, 255};
    if (text && strcmp(text, "black") == 0) memset(rgb, 0, sizeof rgb);
    if (text && strcmp(text, "black") != 0 && strcmp(text, "white") != 0) {
        const char *digits = text + (*text == '#');
        if (strlen(digits) != 6 || strspn(digits, "0123456789abcdefABCDEF") != 6 ||
            sscanf(digits, "%2x%2x%2x", &rgb[0], &rgb[1], &rgb[2]) != 3)
            return rgm_fail(err, RGM_E_USAGE,
                            "--background: expected white, black or RRGGBB (hexadecimal), found '%.60s'", text);
    }
    for (int32_t c = 0; c < 3; c++) p->background[c] = (uint8_t)rgb[c];
    return RGM_OK;
}

static rgm_status parse_fraction(const rgm_cli_line *line, int32_t own, double *fraction, rgm_error *err) {
    const char *text = line->own[own];
    if (!text) return RGM_OK;
    if (rgm_text_real(text, fraction) && *fraction > 0.0 && *fraction < 1.0) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--%s: expected a fraction between 0 and 1, such as 0.1, found '%.60s'",
                    flags[own].flag, text);
}

static rgm_status parse_seed(const char *text, uint64_t *seed, rgm_error *err) {
    char *end;
    if (!text) return RGM_OK;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && errno == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--seed: expected an integer, 0 to 2^64-1, found '%.60s'", text);
}

static rgm_status parse_pictures(const rgm_cli_line *line, rgm_import_pictures *p, rgm_error *err) {
    const char *fits[RGM_FIT_COUNT];
    int32_t isa;
    for (int32_t i = 0; i < RGM_FIT_COUNT; i++) fits[i] = rgm_fit_name(i);
    RGM_TRY(parse_size(line->own[SIZE], p, err));
    RGM_TRY(parse_background(line->own[BACKGROUND], p, err));
    if (line->own[FIT]) RGM_TRY(rgm_cli_choice("fit", line->own[FIT], fits, RGM_FIT_COUNT, &p->fit, err));
    RGM_TRY(rgm_cli_integer(line, MAX_SIDE, 16, RGM_DATA_SIDE, 0, &p->max_side, err));
    RGM_TRY(rgm_cli_integer(line, THREADS, 0, 256, 0, &p->threads, err));
    p->gray = line->own[GRAY] != NULL;
    p->keep = line->own[KEEP] != NULL;
    p->quarantine = line->own[QUARANTINE];
    p->root = line->own[ROOT];
    p->exclude = line->own[EXCLUDE];
    if (p->keep && (p->H || line->own[FIT]))
        return rgm_fail(err, RGM_E_USAGE, "--keep: pictures keep their own sizes, so that --%s has no meaning%s",
                        p->H ? "size" : "fit", p->H ? " (--max-side makes large ones smaller)" : "");
    if (p->max_side && !p->keep)
        return rgm_fail(err, RGM_E_USAGE, "--max-side: only with --keep (--size is that of images)");
    RGM_TRY(rgm_isa_choose("auto", rgm_cpu_features(), &isa, err));
    p->kernels = rgm_kernels_get(isa);
    return RGM_OK;
}

static rgm_status refuse_flag(int32_t flag, int32_t format, rgm_error *err) {
    char fits[FITS];
    return rgm_fail(err, RGM_E_USAGE, "--%s: not for import %s, only for %s", flags[flag].flag, formats[format].name,
                    name_formats(flag, fits));
}

/* Flags that have no meaning for the format. */
static rgm_status check_flags(const rgm_cli_line *line, int32_t format, rgm_error *err) {
    for (int32_t i = 0; i < FLAGS; i++)
        if (line->own[i] && !(flag_formats[i] & formats[format].bit)) return refuse_flag(i, format, err);
    return RGM_OK;
}

static rgm_status parse(const rgm_cli_line *line, rgm_import_options *o, int32_t *format, rgm_error *err) {
    const char *names[FORMATS];
    for (int32_t i = 0; i < FORMATS; i++) names[i] = formats[i].name;
    RGM_TRY(rgm_cli_choice("format", line->argument[0], names, FORMATS, format, err));
    if (!line->own[OUT] || !line->own[OUT][0])
        return rgm_fail(err, RGM_E_USAGE, "import: expected --out FILE, the data set to write");
    RGM_TRY(check_flags(line, *format, err));
    RGM_TRY(parse_pictures(line, &o->pictures, err));
    RGM_TRY(parse_fraction(line, TEST, &o->test, err));
    RGM_TRY(parse_fraction(line, VALIDATION, &o->validation, err));
    RGM_TRY(parse_seed(line->own[SEED], &o->seed, err));
    if (!line->own[FORCE] && access(line->own[OUT], F_OK) == 0)
        return rgm_fail(err, RGM_E_USAGE, "%.160s: exists already (--force replaces it)", line->own[OUT]);
    for (int32_t i = 1; i < line->argument_count; i++)
        if (access(line->argument[i], F_OK) != 0)
            return rgm_fail(err, RGM_E_IO, "%.160s: %s", line->argument[i], strerror(errno));
    o->sources = line->argument + 1;
    o->count = line->argument_count - 1;
    o->out = line->own[OUT];
    o->overwrite = line->own[FORCE] != NULL;
    o->names = line->own[NAMES];
    o->source = line->own[SOURCE];
    o->licence = line->own[LICENCE];
    return RGM_OK;
}

/* ---- the command ---- */

/* The finished file as a run will see it, if anybody is told of it. */
static rgm_status show(const rgm_cli_line *line, rgm_import_result *result, rgm_error *err) {
    rgm_dataset *set;
    rgm_status status = RGM_OK;
    if (line->quiet && !line->json) return RGM_OK;
    RGM_TRY(rgm_dataset_open(&set, line->own[OUT], &(rgm_dataset_options){.stop = rgm_interrupt_stop()}, err));
    result->set = set;
    if ((!line->json || strcmp(line->json, "-") != 0) && !line->quiet) rgm_import_result_print(result);
    if (!line->json && !line->quiet) rgm_import_result_next(result);
    if (line->json) {
        json_t *object = rgm_import_result_json(result);
        status =
            object ? rgm_json_write(object, line->json, err) : rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
        json_decref(object);
    }
    rgm_dataset_close(set);
    return status;
}

rgm_status rgm_cmd_import(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    static progress p;
    static rgm_import_report report;
    int32_t format = 0;
    tell_formats();
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    p.quiet = line.quiet;
    report = (rgm_import_report){.take = on_quarantined, .context = json_array()};
    rgm_import_options options = {.progress = on_progress,
                                  .begin = on_begin,
                                  .progress_context = &p,
                                  .stop = rgm_interrupt_stop(),
                                  .report = &report};
    rgm_groups_options groups = {
        .stop = rgm_interrupt_stop(), .begin = on_search, .progress = on_searched, .context = &p};
    double start = rgm_seconds();
    rgm_status status = parse(&line, &options, &format, err);
    groups.kernels = options.pictures.kernels;
    groups.threads = options.pictures.threads;
    options.find_copies = line.own[NO_GROUPS] ? NULL : rgm_groups_find;
    options.copies_context = &groups;
    if (status == RGM_OK) status = formats[format].import(&options, err);
    rgm_bar_finish(&p.bar);
    rgm_import_result result = {.report = &report,
                                .quarantined = report.context,
                                .shares = flag_formats[TEST] & formats[format].bit ? 1 : 0,
                                .seconds = rgm_seconds() - start};
    if (status == RGM_OK) status = show(&line, &result, err);
    json_decref(report.context);
    return status;
}
