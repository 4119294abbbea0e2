/* compare: which of two recipes is better. The statistics are recipe/compare.h's. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/result.h"
#include "recipe/compare_runs.h"
#include "report/bar.h"
#include "report/comparison_json.h"
#include "report/comparison_print.h"
#include "report/summary.h"

enum { SPLIT, MOST };
static const rgm_cli_flag flags[] = {
    [SPLIT] = {"split", 0, "NAME",
               "what the models are asked about: test, validation or train [test, or else validation]"},
    [MOST] = {"most", 0, "N", "changed images of a kind that are printed [10]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "compare",
    .arguments = "A B",
    .about =
        "Says which of two recipes is better, A or B, and how sure that is: by how much on the same test images, over "
        "images and over seeds, which classes and which images changed, and how many seeds it takes. Each is a run "
        "folder, a checkpoint, a folder of run folders that differ in their seed, or several of these with commas "
        "between. docs/COMPARE.md says which interval is taken when.",
    .examples = "  regimen compare runs/resnet20-1 runs/resnet20-2\n"
                "  regimen compare runs/base-1,runs/base-2 runs/wide-1,runs/wide-2\n"
                "  regimen compare base wide --json=wide.json\n"
                "  regimen compare base wide --split validation --most 50\n",
    .command = RGM_FOR_REPORT,
    .own = flags,
    .least = 2,
    .most = 2,
};

typedef struct comparing {
    const rgm_cli_line *line;
    rgm_contestants sides[RGM_SIDES];
    rgm_comparison comparison;
    rgm_dataset *set;
    rgm_bar bar;
} comparing;

static rgm_status adapt(void *context, rgm_config *config, rgm_error *err) {
    const comparing *c = context;
    return rgm_cli_apply(c->line, config, err);
}

static void begin(void *context, int64_t total) {
    comparing *c = context;
    rgm_bar_start(&c->bar,
                  &(rgm_bar_options){.label = "compare", .unit = "images", .total = total, .quiet = c->line->quiet});
}

static void progress(void *context, int64_t done) {
    comparing *c = context;
    rgm_bar_update(&c->bar, done, (double)NAN, (double)NAN);
}

static rgm_status choose_split(const rgm_cli_line *line, int32_t *split, rgm_error *err) {
    const char *names[RGM_SPLIT_COUNT];
    *split = -1;
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) names[i] = rgm_split_name(i);
    return line->own[SPLIT] ? rgm_cli_choice("split", line->own[SPLIT], names, RGM_SPLIT_COUNT, split, err) : RGM_OK;
}

static rgm_status ask(comparing *c, int32_t split, rgm_device *device, rgm_error *err) {
    const rgm_compare_ask ask = {.sides = {&c->sides[0], &c->sides[1]},
                                 .device = device,
                                 .split = split,
                                 .moved = rgm_cli_value(c->line, "data.file") != NULL,
                                 .adapt = adapt,
                                 .begin = begin,
                                 .progress = progress,
                                 .context = c,
                                 .stop = rgm_interrupt_stop()};
    rgm_status status = rgm_compare_runs(&ask, &c->comparison, &c->set, err);
    rgm_bar_finish(&c->bar);
    return status;
}

/* A comparison with the machine of this call: what the runs had is their own. */
static rgm_status ask_on_machine(comparing *c, int32_t split, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    rgm_device *device;
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_cli_apply(c->line, config, err));
    RGM_TRY(rgm_device_configure(&device, config, 0, err));
    rgm_status status = ask(c, split, device, err);
    rgm_device_destroy(device);
    return status;
}

static rgm_status compare(comparing *c, rgm_error *err) {
    const rgm_cli_line *line = c->line;
    const rgm_stop stop = rgm_interrupt_stop();
    const rgm_output json = {"json", line->json, RGM_COMPARISON_JSON, RGM_OUTPUT_IN_PLACE};
    int32_t most, split;
    RGM_TRY(rgm_cli_integer(line, MOST, 0, 1000, 10, &most, err));
    RGM_TRY(choose_split(line, &split, err));
    RGM_TRY(rgm_output_check(&json, "compare", err));
    RGM_TRY(rgm_result_begin(line, err));
    for (int32_t side = 0; side < RGM_SIDES; side++)
        RGM_TRY(rgm_contestants_find(&c->sides[side], line->argument[side], &stop, err));
    RGM_TRY(ask_on_machine(c, split, err));
    if (rgm_json_leaves_text(line->json)) RGM_TRY(rgm_comparison_print(stdout, &c->comparison, most, err));
    return line->json ? rgm_comparison_write_json(&c->comparison, line->json, err) : RGM_OK;
}

rgm_status rgm_cmd_compare(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    comparing *c = calloc(1, sizeof *c);
    if (!c) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    c->line = &line;
    rgm_status status = compare(c, err);
    rgm_comparison_free(&c->comparison);
    rgm_dataset_close(c->set);
    for (int32_t side = 0; side < RGM_SIDES; side++) rgm_contestants_free(&c->sides[side]);
    free(c);
    return status;
}
