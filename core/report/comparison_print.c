#include "report/comparison_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { NAME = 24, CLASSES = 20, WIDTH = 98, TEXT = 1024, RUNS = 4 };

static void put_clean(FILE *to, const char *words) {
    char text[4 * TEXT];
    snprintf(text, sizeof text, "%s", words);
    rgm_text_clean(text);
    fputs(text, to);
}

/* In so many columns, cut or filled with blanks. */
static void put_column(FILE *to, const char *name, int32_t columns) {
    char text[TEXT];
    snprintf(text, sizeof text, "%s", name);
    rgm_text_clean(text);
    if (rgm_text_columns(text) > columns) strcpy(text + rgm_text_within(text, columns - 3), "...");
    fprintf(to, "%s%*s", text, (int)(columns - rgm_text_columns(text)), "");
}

static const char *class_name(const rgm_comparison *c, int32_t number, char room[32]) {
    const rgm_dataset_info *info = c->set ? rgm_dataset_describe(c->set) : NULL;
    if (info && info->class_names && number >= 0 && number < info->classes) return info->class_names[number];
    snprintf(room, 32, number < 0 ? "another class" : "class %" PRId32, number);
    return room;
}

/* ---- what is compared ---- */

static void put_side(FILE *to, const rgm_comparison *c, int32_t side) {
    const rgm_compared_side *s = &c->side[side];
    fprintf(to, "%c  ", "AB"[side]);
    for (int32_t i = 0; i < s->runs && i < RUNS; i++) {
        fputs(i ? ", " : "", to);
        put_clean(to, s->names[i]);
    }
    if (s->runs > RUNS) fprintf(to, ", and %" PRId32 " more", s->runs - RUNS);
    putc('\n', to);
}

static void put_images(FILE *to, const rgm_comparison *c) {
    fprintf(to, "%" PRId64 " images of the %s split%s", c->images, rgm_split_name(c->split),
            c->held_out ? ", held out for validation" : "");
    if (c->set) {
        fputs(" of ", to);
        put_clean(to, rgm_dataset_describe(c->set)->path);
    }
    putc('\n', to);
}

static void put_hypotheses(FILE *to, const rgm_comparison *c) {
    char text[RGM_COMPARISON_TEXT];
    const char *b = c->side[RGM_SIDE_B].hypothesis, *a = c->side[RGM_SIDE_A].hypothesis;
    if (b) {
        fputs("\nHypothesis of B: '", to);
        put_clean(to, b);
        fprintf(to, "'. Answer: %s.\n", rgm_comparison_answer(c, text));
    }
    if (a) {
        fprintf(to, "%sHypothesis of A: '", b ? "" : "\n");
        put_clean(to, a);
        fputs("'.\n", to);
    }
}

/* ---- effects ---- */

static void put_row(FILE *to, const char *name, double unit, const double of[3], int32_t digits) {
    fprintf(to, "  %-26s", name);
    if (isnan(of[0]) && isnan(of[1])) {
        fputs("        -\n", to);
        return;
    }
    if (isnan(of[0]))
        fprintf(to, "%9s", "");
    else
        fprintf(to, "%9.*f", digits, unit * of[0]);
    if (!isnan(of[1])) fprintf(to, "   %.*f to %.*f", digits, unit * of[1], digits, unit * of[2]);
    putc('\n', to);
}

static void put_effect(FILE *to, const rgm_comparison *c, const rgm_effect *e, int32_t is_loss) {
    const double unit = is_loss ? 1 : 100, none = (double)NAN;
    int32_t digits = is_loss ? 4 : 2;
    fprintf(to, "\n%-28s%9s   95 %% interval\n", is_loss ? "loss" : "accuracy", is_loss ? "mean" : "%");
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        char name[64];
        snprintf(name, sizeof name, side ? "B" : "A");
        if (!isnan(e->spread[side]))
            snprintf(name, sizeof name, "%c (+- %.*f over seeds)", "AB"[side], digits, unit * e -> spread[side]);
        put_row(to, name, unit, (const double[]){e->mean[side], e->low[side], e->high[side]}, digits);
    }
    if (isnan(e->difference)) {
        fprintf(to, "  %" PRId64 " answers have a loss that is not finite\n", c->losses_bad);
        return;
    }
    put_row(to, "B - A, over both", unit, (const double[]){e->difference, e->both_low, e->both_high}, digits);
    put_row(to, "  over images", unit, (const double[]){none, e->sample_low, e->sample_high}, digits);
    put_row(to, c->assumed ? "  over seeds (assumed)" : "  over seeds", unit,
            (const double[]){none, e->seed_low, e->seed_high}, digits);
    fprintf(to, "  %s\n", e->resolved ? "resolved" : "not resolved");
}

static void put_mcnemar(FILE *to, const rgm_comparison *c) {
    const char *who = c->side[0].runs == 1 && c->side[1].runs == 1 ? "" : "most runs of ";
    fprintf(to,
            "\nMcNemar's exact test (mid-p) %.4g: %" PRId64 " images are right in %sB alone, %" PRId64
            " in %sA alone (it knows nothing of seeds)\n",
            c->mcnemar_p, c->only[RGM_SIDE_B], who, c->only[RGM_SIDE_A], who);
}

/* ---- classes ---- */

typedef struct row {
    double p, size;
    int32_t number;
} row;

static int clearer(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->p != y->p) return (x->p > y->p) - (x->p < y->p);
    if (x->size != y->size) return (x->size < y->size) - (x->size > y->size);
    return (x->number > y->number) - (x->number < y->number);
}

static void put_class(FILE *to, const rgm_comparison *c, int32_t number) {
    const rgm_class_change *k = &c->class_changes[number];
    char room[32];
    fputs("  ", to);
    put_column(to, class_name(c, number, room), NAME);
    fprintf(to, "%9" PRId64 "%8.2f%8.2f%+9.2f   %+7.2f to %+7.2f  %7.2g%s\n", k->images, 100 * k->mean[RGM_SIDE_A],
            100 * k->mean[RGM_SIDE_B], 100 * k->difference, 100 * k->low, 100 * k->high, k->p,
            k->p < 0.05 ? "  changed" : "");
}

static rgm_status put_classes(FILE *to, const rgm_comparison *c, rgm_error *err) {
    int32_t count = 0;
    row *rows = malloc((size_t)(c->classes + 1) * sizeof *rows);
    if (!rows) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    for (int32_t i = 0; i < c->classes; i++)
        if (c->class_changes[i].images)
            rows[count++] = (row){c->class_changes[i].p, fabs(c->class_changes[i].difference), i};
    if (count > CLASSES) qsort(rows, (size_t)count, sizeof *rows, clearer);
    fprintf(to, "\n%-26s%9s%8s%8s%9s   %-18s  %7s\n", "class, % right", "images", "A", "B", "B - A", "95 % interval",
            "Holm's p");
    for (int32_t i = 0; i < count && i < CLASSES; i++) put_class(to, c, rows[i].number);
    if (count > CLASSES) fprintf(to, "  (the %d clearest of %" PRId32 " classes)\n", (int)CLASSES, count);
    free(rows);
    return RGM_OK;
}

/* ---- images ---- */

static void put_changed(FILE *to, const rgm_comparison *c, const rgm_changed *i) {
    char label[32], a[32], b[32];
    const char *name = c->set ? rgm_dataset_name(c->set, c->split, i->index) : NULL;
    fprintf(to, "  %9" PRId64 "  ", i->index);
    put_column(to, class_name(c, i->label, label), 16);
    fputs("  A: ", to);
    put_column(to, class_name(c, i->predicted[0], a), 16);
    fputs("  B: ", to);
    put_column(to, class_name(c, i->predicted[1], b), 16);
    fprintf(to, "  %.3f -> %.3f", i->probability[0], i->probability[1]);
    if (name) {
        fputs("  ", to);
        put_clean(to, name);
    }
    putc('\n', to);
}

static void put_changes(FILE *to, const rgm_comparison *c, const rgm_changes *changes, int32_t most) {
    int32_t gained = changes == &c->gained, single = c->side[0].runs == 1 && c->side[1].runs == 1;
    if (!changes->total || !most) return;
    fprintf(to,
            "\n%" PRId64
            " images %s: right in %s%c, wrong in %s%c (index, label, taken for, probability of the label)\n",
            changes->total, gained ? "gained" : "lost", single ? "" : "most runs of ", "AB"[gained],
            single ? "" : "most of ", "AB"[!gained]);
    for (int32_t i = 0; i < changes->kept && i < most; i++) put_changed(to, c, &changes->list[i]);
    if (changes->total > most) fprintf(to, "  (and %" PRId64 " more: --most, --json)\n", changes->total - most);
}

/* ---- configurations ---- */

static void put_tried(FILE *to, const rgm_comparison *c) {
    fprintf(to, "\n%s\n", c->tried_count ? "what differs in the configurations" : "the configurations are the same");
    for (int32_t i = 0; i < c->tried_count; i++) {
        const rgm_tried *t = &c->tried[i];
        fputs("  ", to);
        put_column(to, t->key, NAME);
        put_clean(to, t->value[0]);
        fputs(" -> ", to);
        put_clean(to, t->value[1]);
        putc('\n', to);
    }
}

rgm_status rgm_comparison_print(FILE *to, const rgm_comparison *c, int32_t most, rgm_error *err) {
    char text[RGM_COMPARISON_TEXT];
    fprintf(to, "%s\n", rgm_comparison_words(c, text));
    put_hypotheses(to, c);
    putc('\n', to);
    put_side(to, c, RGM_SIDE_A);
    put_side(to, c, RGM_SIDE_B);
    put_images(to, c);
    put_effect(to, c, &c->accuracy, 0);
    put_effect(to, c, &c->loss, 1);
    put_mcnemar(to, c);
    RGM_TRY(put_classes(to, c, err));
    put_changes(to, c, &c->gained, most);
    put_changes(to, c, &c->lost, most);
    put_tried(to, c);
    return RGM_OK;
}
