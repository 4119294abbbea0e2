/* bench train: a run of train in a folder of its own, which is removed unless --out names it. */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "bench/train.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/watch.h"
#include "cli/way_on.h"
#include "datasets/import.h"
#include "library/result.h"

#define FASHION_MNIST "/usr/share/datasets/fashion-mnist" /* of Debian's dataset-fashion-mnist */

enum { UNTIL, ITERS, WARMUP };
static const rgm_cli_flag flags[] = {
    [UNTIL] = {"until", 0, "ACCURACY", "the accuracy that ends the run, a fraction [0.92]"},
    [ITERS] = {"iters", 'n', "N", "steps alone after each epoch, to compare its rate with [20]"},
    [WARMUP] = {"warmup", 0, "N", "steps before those [3]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "bench train",
    .arguments = "[FILE]",
    .about =
        "Measures the time to an accuracy: trains as train does, evaluates the test split (without one, the validation "
        "split) after each epoch, and ends once the accuracy is there; exit code 1 if it never is. FILE is a "
        "configuration (YAML) or a data set (.h5); without data it is Fashion-MNIST, if " FASHION_MNIST " is there. "
        "Nothing is held out for validation unless --validation says so. The run folder is removed unless --out names "
        "one.",
    .examples = "  regimen bench train\n"
                "  regimen bench train --until 0.92 --data fashion.h5 --seed 2 --json=time.json\n"
                "  regimen bench train run.yaml --until 0.9 --out runs/bench\n",
    .command = RGM_FOR_TRAIN,
    .own = flags,
    .most = 1,
};

/* ---- the folder ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    remove(path);
    return 0;
}

static void remove_folder(const char *path) {
    if (path[0]) nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A folder in TMPDIR. */
static rgm_status make_folder(char path[RGM_CONFIG_PATH], rgm_error *err) {
    const char *parent = getenv("TMPDIR");
    int length = snprintf(path, RGM_CONFIG_PATH, "%s/regimen-bench-XXXXXX", parent && parent[0] ? parent : "/tmp");
    rgm_status status = RGM_OK;
    if (length >= RGM_CONFIG_PATH - 32)
        status = rgm_fail(err, RGM_E_USAGE, "bench train: TMPDIR is too long");
    else if (!mkdtemp(path))
        status =
            rgm_fail(err, RGM_E_IO, "bench train: %.300s: no temporary folder can be made: %s", path, strerror(errno));
    if (status < 0) path[0] = 0; /* nothing to remove */
    return status;
}

/* ---- what is run ---- */

static rgm_status parse_until(const rgm_cli_line *line, double *until, rgm_error *err) {
    const char *text = line->own[UNTIL];
    *until = 0.92;
    if (!text) return RGM_OK;
    if (!rgm_text_real(text, until) || !(*until > 0 && *until <= 1))
        return rgm_fail(err, RGM_E_USAGE, "--until: expected a fraction above 0, at most 1, found '%.80s'", text);
    return RGM_OK;
}

static rgm_status make_config(const rgm_cli_line *line, rgm_config *config, rgm_error *err) {
    if (line->resume)
        return rgm_fail(err, RGM_E_USAGE, "bench train: --resume: a time to accuracy is that of a whole run");
    RGM_TRY(rgm_config_init(config, err));
    config->data.validation = 0;
    return rgm_cli_config_over(line, line->argument_count > 0 ? line->argument[0] : NULL, config, err);
}

static rgm_status import_default(rgm_config *config, const char *folder, rgm_error *err) {
    if (access(FASHION_MNIST, R_OK) != 0)
        return rgm_fail(err, RGM_E_USAGE, "bench train: expected a data set: --data FILE; %s is not there",
                        FASHION_MNIST);
    snprintf(config->data.file, sizeof config->data.file, "%s/fashion-mnist.h5", folder);
    rgm_log(RGM_LOG_INFO, "no --data: importing %s", FASHION_MNIST);
    rgm_import_options options = {.sources = (const char *const[]){FASHION_MNIST},
                                  .count = 1,
                                  .out = config->data.file,
                                  .names = "fashion-mnist",
                                  .stop = rgm_interrupt_stop()};
    return rgm_import_idx(&options, err);
}

static rgm_status train(const rgm_cli_line *line, rgm_config *config, rgm_bench_train *bench, rgm_error *err) {
    rgm_run_summary summary;
    regimen_result result;
    const rgm_run_events events = rgm_bench_train_events(bench);
    rgm_watch watch = {.quiet = line->quiet, .more = &events};
    const rgm_run_options options = {.config = config,
                                     .on_result = 1,
                                     .until = bench->until,
                                     .stop = rgm_interrupt_stop(),
                                     .events = rgm_watch_run_events(&watch)};
    rgm_status status = rgm_run_train(&options, &summary, err);
    if (status == RGM_E_INTERRUPTED && summary.folder[0])
        return rgm_fail(err, status, "bench: stopped on request after step %" PRId64, summary.step);
    rgm_public_result(&result, &summary, config);
    rgm_way_add(&result, err->text, sizeof err->text);
    return status;
}

static rgm_status run(const rgm_cli_line *line, rgm_config *config, rgm_bench_train *bench,
                      char folder[RGM_CONFIG_PATH], rgm_error *err) {
    bench->json = line->json;
    RGM_TRY(rgm_result_begin(line, err));
    if (!config->out[0] || !config->data.file[0]) RGM_TRY(make_folder(folder, err));
    if (!config->data.file[0]) RGM_TRY(import_default(config, folder, err));
    if (!config->out[0]) snprintf(config->out, sizeof config->out, "%s/run", folder);
    return train(line, config, bench, err);
}

rgm_status rgm_cmd_bench_train(int argc, char **argv, rgm_error *err) {
    static rgm_config config;
    static rgm_cli_line line;
    rgm_bench_train bench = {.stop = rgm_interrupt_flag()};
    char folder[RGM_CONFIG_PATH] = "";
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(parse_until(&line, &bench.until, err));
    RGM_TRY(rgm_cli_integer(&line, ITERS, 1, 1000000, 20, &bench.steps, err));
    RGM_TRY(rgm_cli_integer(&line, WARMUP, 0, 1000000, 3, &bench.warmup, err));
    RGM_TRY(make_config(&line, &config, err));
    rgm_status status = run(&line, &config, &bench, folder, err);
    rgm_bench_train_end(&bench);
    remove_folder(folder);
    return status;
}
