#include "shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/split.h"

enum { INSTANCE_TEST = 1, INSTANCE_VALIDATION = 2 };

static rgm_status check_there(const rgm_share_ask *ask, int32_t split, rgm_error *err) {
    const char *name = rgm_split_name(split);
    if (!ask->there[split]) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--%s: %.200s has a %s split of its own: leave out --%s, or that split", name,
                    ask->what, name, name);
}

/* How many samples a share asks for. */
static rgm_status count_asked(const rgm_share_ask *ask, int32_t split, double fraction, const char *what,
                              int64_t *asked, rgm_error *err) {
    const char *name = rgm_split_name(split);
    RGM_TRY(check_there(ask, split, err));
    *asked = (int64_t)floor(fraction * (double)ask->count + 0.5);
    if (*asked >= 1) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--%s: %g of %lld %s is none: a larger share, or no such split", name, fraction,
                    (long long)ask->count, what);
}

/* Draws `asked` of the samples that are for training. */
static rgm_status draw(const rgm_share_ask *ask, int32_t drawn, int64_t asked, uint8_t *split, rgm_error *err) {
    int64_t left = 0, total = asked;
    int32_t *labels = malloc(((size_t)ask->count + 1) * sizeof *labels);
    int32_t *groups = ask->groups ? malloc(((size_t)ask->count + 1) * sizeof *groups) : NULL;
    uint8_t *held = malloc((size_t)ask->count + 1);
    rgm_status status = labels && held && (groups || !ask->groups)
                            ? RGM_OK
                            : rgm_fail(err, RGM_E_NOMEM, "%.200s: no memory for splits", ask->what);
    for (int64_t i = 0; status == RGM_OK && i < ask->count; i++)
        if (split[i] == RGM_SPLIT_TRAIN) {
            if (groups) groups[left] = ask->groups[i];
            labels[left++] = ask->labels[i];
        }
    const rgm_stratified choice = {.labels = labels,
                                   .groups = groups,
                                   .count = left,
                                   .classes = ask->classes,
                                   .fraction = (double)asked / (double)left,
                                   .seed = ask->options->seed,
                                   .instance = drawn == RGM_SPLIT_TEST ? INSTANCE_TEST : INSTANCE_VALIDATION};
    if (status == RGM_OK) status = rgm_stratify(&choice, &total, held, err);
    if (status == RGM_OK && total == 0)
        status =
            rgm_fail(err, RGM_E_USAGE, "--%s: no class of %.200s can spare a sample", rgm_split_name(drawn), ask->what);
    if (status == RGM_OK && total != asked)
        rgm_log(RGM_LOG_WARN, "the %s split has %lld samples, not %lld: %s", rgm_split_name(drawn), (long long)total,
                (long long)asked, groups ? "copies of an image stay together" : "each class keeps one for training");
    left = 0;
    for (int64_t i = 0; status == RGM_OK && i < ask->count; i++)
        if (split[i] == RGM_SPLIT_TRAIN && held[left++]) split[i] = (uint8_t)drawn;
    free(labels);
    free(groups);
    free(held);
    return status;
}

rgm_status rgm_shares_check(const rgm_share_ask *ask, rgm_error *err) {
    const rgm_import_options *o = ask->options;
    int64_t asked;
    if (o->test > 0.0) RGM_TRY(count_asked(ask, RGM_SPLIT_TEST, o->test, "files", &asked, err));
    if (o->validation > 0.0) RGM_TRY(count_asked(ask, RGM_SPLIT_VALIDATION, o->validation, "files", &asked, err));
    if (o->test + o->validation < 1.0) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--test and --validation: %g and %g leave none of %.200s for training", o->test,
                    o->validation, ask->what);
}

rgm_status rgm_shares_make(const rgm_share_ask *ask, uint8_t *split, rgm_error *err) {
    static const int32_t order[2] = {RGM_SPLIT_TEST, RGM_SPLIT_VALIDATION};
    const double fractions[2] = {ask->options->test, ask->options->validation};
    int64_t asked[2] = {0};
    memset(split, RGM_SPLIT_TRAIN, (size_t)ask->count);
    for (int32_t k = 0; k < 2; k++)
        if (fractions[k] > 0.0) RGM_TRY(count_asked(ask, order[k], fractions[k], "samples", &asked[k], err));
    if (asked[0] + asked[1] >= ask->count && ask->count > 0 && asked[0] + asked[1] > 0)
        return rgm_fail(err, RGM_E_USAGE, "%.200s: the shares for test and validation leave none of %lld for training",
                        ask->what, (long long)ask->count);
    for (int32_t k = 0; k < 2; k++)
        if (asked[k]) RGM_TRY(draw(ask, order[k], asked[k], split, err));
    return RGM_OK;
}
