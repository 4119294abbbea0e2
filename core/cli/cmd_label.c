/* label: a page on which a person labels pictures, and what the answers say. Which pictures it has is
 * inspect/labelling.h's. */
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
#include "cli/result.h"
#include "inspect/human.h"
#include "inspect/labelling_page.h"
#include "report/bar.h"
#include "report/emit.h"
#include "report/label_page.h"
#include "report/summary.h"

enum { COUNT, SPLIT, SEED, OUT, ANSWERS, PATH_TEXT = 4 * 4096, PRINTED = 10 };
static const rgm_cli_flag flags[] = {
    [COUNT] = {"count", 'n', "N", "pictures [100]; one in eight is shown twice"},
    [SPLIT] = {"split", 0, "NAME", "whose: test, validation or train [the first that is there]"},
    [SEED] = {"seed", 's', "N", "of the choice of pictures and their order [1]"},
    [OUT] = {"out", 'o', "FILE", "the page [label.html]"},
    [ANSWERS] = {"answers", 0, "FILE", "instead, say how often the answers that the page saved are right"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "label",
    .arguments = "DATA.h5",
    .about = "Writes an HTML page on which a person labels pictures of a data set by keys: how well a model can be "
             "expected to do. The page is one file that needs no network; it saves answers.json. docs/LABEL.md "
             "describes both.",
    .examples = "  regimen label fashion.h5\n"
                "  regimen label fashion.h5 --count 200 --split validation --out label.html\n"
                "  regimen label fashion.h5 --answers answers.json\n",
    .command = RGM_FOR_MEASURE,
    .own = flags,
    .least = 1,
    .most = 1,
};

/* ---- the page ---- */

static rgm_bar bar;

static void on_progress(void *context, int64_t done) {
    (void)context;
    rgm_bar_update(&bar, done, (double)NAN, (double)NAN);
}

/* The command that reads the answers. */
static void name_next(const rgm_cli_line *line, char next[PATH_TEXT]) {
    size_t used = (size_t)snprintf(next, PATH_TEXT, "regimen label ");
    rgm_text_shell(line->argument[0], next + used, PATH_TEXT - used);
    rgm_text_clean(next);
    rgm_text_add(next, PATH_TEXT, " --answers answers.json");
}

static rgm_status write_json(const rgm_cli_line *line, const rgm_labelling *l, const rgm_labelling_page *page,
                             rgm_error *err) {
    rgm_emit j;
    if (!line->json) return RGM_OK;
    RGM_TRY(rgm_emit_begin(&j, line->json, err));
    rgm_emit_text(&j, "page", page->path);
    rgm_emit_text(&j, "data", rgm_dataset_describe(l->set)->path);
    rgm_emit_text(&j, "split", rgm_split_name(l->split));
    rgm_emit_integer(&j, "seed", (int64_t)l->seed);
    rgm_emit_integer(&j, "pictures", page->pictures);
    rgm_emit_integer(&j, "shows", page->shows);
    return rgm_emit_end(&j, RGM_OK, err);
}

static rgm_status tell_page(const rgm_cli_line *line, const rgm_labelling *l, const rgm_labelling_page *page,
                            rgm_error *err) {
    if (rgm_json_leaves_text(line->json) && !line->quiet)
        printf("%" PRId64 " pictures of the %s split, %" PRId64
               " of them shown twice: open %s in a browser\nnext: %s%s\n",
               page->pictures, rgm_split_name(l->split), page->shows - page->pictures, page->path, rgm_program(),
               page->next + strlen("regimen"));
    fflush(stdout);
    RGM_TRY(write_json(line, l, page, err));
    rgm_log(RGM_LOG_INFO, "page: %s", page->path);
    return RGM_OK;
}

static rgm_status make_page(const rgm_cli_line *line, const rgm_labelling *l, const rgm_device *device,
                            rgm_error *err) {
    static char next[PATH_TEXT];
    rgm_labelling_page page = {.path = line->own[OUT] ? line->own[OUT] : "label.html",
                               .next = next,
                               .device = device,
                               .stop = rgm_interrupt_stop(),
                               .progress = on_progress};
    name_next(line, next);
    rgm_bar_start(&bar,
                  &(rgm_bar_options){.label = "page", .unit = "pictures", .total = l->count, .quiet = line->quiet});
    rgm_status status = rgm_labelling_page_write(l, &page, err);
    rgm_bar_finish(&bar);
    return status < 0 ? status : tell_page(line, l, &page, err);
}

static rgm_status label(const rgm_cli_line *line, const rgm_labelling_ask *ask, rgm_error *err) {
    rgm_config *config = rgm_cli_shared_config();
    rgm_labelling labelling;
    rgm_device *device;
    RGM_TRY(rgm_labelling_create(&labelling, ask, err));
    if (labelling.count < ask->count)
        rgm_log(RGM_LOG_INFO, "--count %" PRId64 ": the %s split has %" PRId64 " images: all are taken", ask->count,
                rgm_split_name(ask->split), labelling.count);
    rgm_status status = rgm_device_configure(&device, config, 0, err);
    if (status >= 0) {
        status = make_page(line, &labelling, device, err);
        rgm_device_destroy(device);
    }
    rgm_labelling_destroy(&labelling);
    return status;
}

/* ---- answers ---- */

static void put_share(rgm_emit *j, const char *key, const rgm_share *s) {
    rgm_emit_open(j, key, '{');
    rgm_emit_integer(j, "hits", s->hits);
    rgm_emit_integer(j, "n", s->n);
    rgm_emit_real(j, "share", s->n ? (double)s->hits / (double)s->n : (double)NAN);
    rgm_emit_real(j, "low", s->low);
    rgm_emit_real(j, "high", s->high);
    rgm_emit_close(j, '}');
}

static void put_answer(rgm_emit *j, const rgm_human_answer *a) {
    rgm_emit_line(j);
    rgm_emit_open(j, NULL, '{');
    rgm_emit_integer(j, "index", a->index);
    rgm_emit_integer(j, "truth", a->truth);
    rgm_emit_integer(j, "label", a->label);
    if (a->again >= 0)
        rgm_emit_integer(j, "again", a->again);
    else
        rgm_emit_null(j, "again");
    rgm_emit_real(j, "seconds", a->seconds);
    rgm_emit_close(j, '}');
}

static rgm_status write_answers_json(const rgm_cli_line *line, const rgm_human *h, rgm_error *err) {
    rgm_emit j;
    if (!line->json) return RGM_OK;
    RGM_TRY(rgm_emit_begin(&j, line->json, err));
    rgm_emit_text(&j, "data", line->argument[0]);
    rgm_emit_text(&j, "split", rgm_split_name(h->split));
    rgm_emit_integer(&j, "pictures", h->pictures);
    rgm_emit_integer(&j, "images", h->count);
    put_share(&j, "right", &h->right);
    put_share(&j, "agreement", &h->same);
    rgm_emit_real(&j, "kappa", h->kappa);
    rgm_emit_real(&j, "seconds", h->seconds);
    rgm_emit_open(&j, "answers", '[');
    for (int64_t i = 0; i < h->count; i++) put_answer(&j, &h->answers[i]);
    rgm_emit_close(&j, ']');
    return rgm_emit_end(&j, RGM_OK, err);
}

static void print_class(const rgm_dataset_info *info, int32_t c) {
    char name[RGM_DATA_NAME_BYTES + 1];
    snprintf(name, sizeof name, "%s", info->class_names ? info->class_names[c] : "");
    rgm_text_clean(name);
    if (name[0])
        printf("%s", name);
    else
        printf("class %d", (int)c);
}

/* Where person and set differ, the first of them. */
static void print_differences(const rgm_human *h, const rgm_dataset_info *info) {
    int64_t wrong = h->count - h->right.hits, printed = 0;
    for (int64_t i = 0; i < h->count && printed < PRINTED; i++) {
        const rgm_human_answer *a = &h->answers[i];
        if (a->label == a->truth) continue;
        printf("%s  image %" PRId64 ": ", printed++ ? "" : "answers that are not the set's label:\n", a->index);
        print_class(info, a->label);
        printf(" said of ");
        print_class(info, a->truth);
        printf("\n");
    }
    if (wrong > printed) printf("  and %" PRId64 " more\n", wrong - printed);
}

static void print_answers(const rgm_human *h, const rgm_dataset *set) {
    const rgm_share *r = &h->right, *s = &h->same;
    printf("right on %.1f %% of %" PRId64
           " %s images (95 %% interval %.1f to %.1f), kappa %.3f, %.1f s each (median)\n",
           100 * (double)r->hits / (double)r->n, r->n, rgm_split_name(h->split), 100 * r->low, 100 * r->high, h->kappa,
           h->seconds);
    if (s->n)
        printf("the same answer to %" PRId64 " of %" PRId64 " shown twice: %.1f %% (95 %% interval %.1f to %.1f)\n",
               s->hits, s->n, 100 * (double)s->hits / (double)s->n, 100 * s->low, 100 * s->high);
    if (h->count < h->pictures)
        printf("%" PRId64 " of the page's %" PRId64 " pictures are answered\n", h->count, h->pictures);
    print_differences(h, rgm_dataset_describe(set));
}

static rgm_status judge(const rgm_cli_line *line, const rgm_dataset *set, rgm_error *err) {
    rgm_human human;
    RGM_TRY(rgm_human_read(line->own[ANSWERS], set, &human, err));
    if (rgm_json_leaves_text(line->json)) print_answers(&human, set);
    fflush(stdout); /* before lines of the log, where both go into one file */
    rgm_status status = write_answers_json(line, &human, err);
    rgm_human_free(&human);
    return status;
}

/* ---- the command ---- */

static rgm_status check_outputs(const rgm_cli_line *line, rgm_error *err) {
    const rgm_output outputs[] = {
        {"out", line->own[OUT] ? line->own[OUT] : "label.html", RGM_LABEL_PAGE_HEAD, RGM_OUTPUT_REPLACED},
        {"json", line->json, "", RGM_OUTPUT_ANY}};
    RGM_TRY(rgm_result_begin(line, err));
    if (line->own[OUT] && !line->own[OUT][0]) return rgm_fail(err, RGM_E_USAGE, "--out: expected a file");
    if (!line->own[ANSWERS]) {
        RGM_TRY(rgm_output_check(&outputs[0], "label", err));
        return rgm_outputs_apart(outputs, 2, err);
    }
    const rgm_output read[] = {{"answers", line->own[ANSWERS], "", RGM_OUTPUT_ANY}, outputs[1]};
    RGM_TRY(rgm_outputs_apart(read, 2, err));
    if (line->own[OUT] || line->own[COUNT] || line->own[SPLIT] || line->own[SEED])
        return rgm_fail(err, RGM_E_USAGE,
                        "--answers: the file says which pictures were answered: --count, --split, --seed and --out do "
                        "not fit");
    return RGM_OK;
}

static rgm_status run_on(const rgm_cli_line *line, const rgm_dataset *set, rgm_error *err) {
    const char *splits[RGM_SPLIT_COUNT];
    rgm_labelling_ask ask = {.set = set};
    int32_t count, seed;
    if (line->own[ANSWERS]) return judge(line, set, err);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) splits[i] = rgm_split_name(i);
    ask.split = rgm_labelling_split(set);
    if (line->own[SPLIT]) RGM_TRY(rgm_cli_choice("split", line->own[SPLIT], splits, RGM_SPLIT_COUNT, &ask.split, err));
    RGM_TRY(rgm_cli_integer(line, COUNT, 1, RGM_LABELLING_MOST, 100, &count, err));
    RGM_TRY(rgm_cli_integer(line, SEED, 0, INT32_MAX, 1, &seed, err));
    ask.count = count;
    ask.seed = (uint64_t)seed;
    return label(line, &ask, err);
}

rgm_status rgm_cmd_label(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    const rgm_dataset_options open = {.stop = rgm_interrupt_stop(), .lenient = 1};
    rgm_config *config = rgm_cli_shared_config();
    rgm_dataset *set;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_cli_apply(&line, config, err));
    RGM_TRY(check_outputs(&line, err));
    RGM_TRY(rgm_dataset_open(&set, line.argument[0], &open, err));
    rgm_status status = run_on(&line, set, err);
    rgm_dataset_close(set);
    return status;
}
