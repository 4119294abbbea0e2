#include "report/comparison.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rgm_comparison_free(rgm_comparison *c) {
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        for (int32_t i = 0; i < c->side[side].runs; i++) free(c->side[side].names[i]);
        free(c->side[side].names);
        free(c->side[side].hypothesis);
    }
    for (int32_t i = 0; i < c->tried_count; i++) {
        free(c->tried[i].key);
        free(c->tried[i].value[0]);
        free(c->tried[i].value[1]);
    }
    free(c->tried);
    free(c->class_changes);
    *c = (rgm_comparison){0};
}

/* "3 seeds of each", "a single run of each", "3 seeds of A and 5 of B". */
static const char *seeds(const rgm_comparison *c, char text[96]) {
    int32_t a = c->side[0].runs, b = c->side[1].runs;
    if (a == 1 && b == 1)
        snprintf(text, 96, "a single run of each");
    else if (a == b)
        snprintf(text, 96, "%" PRId32 " seeds of each", a);
    else
        snprintf(text, 96, "%" PRId32 " %s of A and %" PRId32 " of B", a, a == 1 ? "run" : "seeds", b);
    return text;
}

/* What would resolve it; "" where nothing is known. */
static const char *needed(const rgm_effect *e, char text[128]) {
    text[0] = 0;
    if (e->seeds_needed > 0) snprintf(text, 128, ": about %" PRId64 " seeds of each are needed", e->seeds_needed);
    if (e->seeds_needed == RGM_SEEDS_NEVER)
        snprintf(text, 128, ": no number of seeds would do, more test images are needed");
    return text;
}

const char *rgm_comparison_words(const rgm_comparison *c, char text[RGM_COMPARISON_TEXT]) {
    const rgm_effect *e = &c->accuracy;
    char with[96], more[128];
    double sign = e->difference < 0 ? -100 : 100, low = e->both_low, high = e->both_high;
    seeds(c, with);
    if (c->same)
        snprintf(text, RGM_COMPARISON_TEXT, "A and B are the same %s: there is no difference.",
                 c->side[0].runs == 1 ? "run" : "runs");
    else if (e->difference == 0)
        snprintf(text, RGM_COMPARISON_TEXT,
                 "A and B are equally right (the difference is 0, and %.2f to %.2f points are possible), with %s.",
                 100 * low, 100 * high, with);
    else
        snprintf(text, RGM_COMPARISON_TEXT, "%s is better by %.2f points (%.2f to %.2f), %sresolved with %s%s.",
                 sign > 0 ? "B" : "A", fabs(100 * e->difference), sign * (sign > 0 ? low : high),
                 sign * (sign > 0 ? high : low), e->resolved ? "" : "not ", with, e->resolved ? "" : needed(e, more));
    return text;
}

int32_t rgm_comparison_answered(const rgm_comparison *c) {
    return !c->same && (c->accuracy.resolved || c->loss.resolved);
}

/* "rose by 0.40 points (0.10 to 0.70)". */
static const char *movement(const rgm_effect *e, double unit, const char *name, char text[128]) {
    int32_t rose = e->difference > 0;
    double low = rose ? e->both_low : -e->both_high, high = rose ? e->both_high : -e->both_low;
    int32_t digits = unit > 1 ? 2 : 4;
    snprintf(text, 128, "%s by %.*f%s (%.*f to %.*f)", rose ? "rose" : "fell", digits, fabs(unit * e->difference), name,
             digits, unit * low, digits, unit * high);
    return text;
}

const char *rgm_comparison_answer(const rgm_comparison *c, char text[RGM_COMPARISON_TEXT]) {
    char right[128], loss[128], more[128], with[96];
    movement(&c->accuracy, 100, " points", right);
    movement(&c->loss, 1, "", loss);
    if (c->same)
        snprintf(text, RGM_COMPARISON_TEXT, "none yet: A and B are the same");
    else if (c->accuracy.resolved)
        snprintf(text, RGM_COMPARISON_TEXT, "the accuracy %s, resolved%s%s%s", right,
                 c->loss.resolved ? "; the loss " : "", c->loss.resolved ? loss : "",
                 c->loss.resolved ? ", resolved" : "");
    else if (c->loss.resolved)
        snprintf(text, RGM_COMPARISON_TEXT, "of the loss alone: it %s, resolved; the accuracy is not%s", loss,
                 needed(&c->accuracy, more));
    else
        snprintf(text, RGM_COMPARISON_TEXT, "none yet: no difference is resolved with %s%s", seeds(c, with),
                 needed(&c->accuracy, more));
    return text;
}
