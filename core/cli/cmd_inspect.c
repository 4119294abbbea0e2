/* inspect: what is in a data set, and what is wrong with it. The inspection itself is recipe/inspect.h's. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "recipe/inspect.h"
#include "report/bar.h"
#include "report/exclude_list.h"
#include "report/inspection_json.h"
#include "report/inspection_print.h"
#include "report/summary.h"

enum { MOST, WRITE_EXCLUDE, EXCLUDE_KINDS };
static const rgm_cli_flag flags[] = {
    [MOST] = {"most", 0, "N", "findings of a kind that are printed [10]"},
    [WRITE_EXCLUDE] = {"write-exclude", 0, "FILE", "list what is better left out, for --exclude of train and import"},
    [EXCLUDE_KINDS] = {"exclude-kinds", 0, "LIST",
                       "of the findings in that list, with commas between; also: all [default: leak, near_leak, "
                       "exact_duplicate, near_duplicate, label_conflict, constant]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "inspect",
    .arguments = "DATA.h5",
    .about =
        "Looks at every image of a data set: counts by split and class, and what is wrong: duplicates within splits "
        "and across them, conflicting labels.",
    .examples = "  regimen inspect fashion.h5\n"
                "  regimen inspect fashion.h5 --json=findings.json\n"
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

static rgm_status show(const rgm_cli_line *line, const rgm_inspection *in, int32_t most, rgm_error *err) {
    if (rgm_json_leaves_text(line->json)) rgm_inspection_print(stdout, in, most);
    return line->json ? rgm_inspection_write_json(in, line->json, err) : RGM_OK;
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

/* What is asked is possible: said before the work. */
static rgm_status check_exclude(const rgm_cli_line *line, rgm_error *err) {
    uint32_t unused;
    const char *kinds = line->own[EXCLUDE_KINDS];
    if (!kinds) return RGM_OK;
    if (!line->own[WRITE_EXCLUDE])
        return rgm_fail(err, RGM_E_USAGE, "--exclude-kinds: of the list that --write-exclude FILE writes");
    return rgm_exclude_kinds_parse(kinds, &unused, err);
}

static rgm_status run(const rgm_cli_line *line, rgm_device *device, int32_t most, rgm_error *err) {
    rgm_dataset *set;
    rgm_inspection inspection;
    const rgm_dataset_options open = {.stop = rgm_interrupt_stop(), .names = 1, .lenient = 1};
    RGM_TRY(rgm_dataset_open(&set, line->argument[0], &open, err));
    const rgm_inspect_options options = {.set = set,
                                         .device = device,
                                         .stop = rgm_interrupt_stop(),
                                         .begin = on_begin,
                                         .progress = on_progress,
                                         .context = (void *)(uintptr_t)line};
    rgm_status status = rgm_inspect(&options, &inspection, err);
    rgm_bar_finish(&bar);
    if (status >= 0) status = show(line, &inspection, most, err);
    if (status >= 0) status = write_exclude(line, &inspection, err);
    rgm_inspection_free(&inspection);
    rgm_dataset_close(set);
    return status;
}

rgm_status rgm_cmd_inspect(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    rgm_config *config = rgm_cli_shared_config();
    rgm_device *device;
    int32_t most;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_cli_integer(&line, MOST, 0, 1000000, 10, &most, err));
    RGM_TRY(check_exclude(&line, err));
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_cli_apply(&line, config, err));
    RGM_TRY(rgm_device_configure(&device, config, 0, err));
    rgm_status status = run(&line, device, most, err);
    rgm_device_destroy(device);
    return status;
}
