#include "train/resume_check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/fingerprint.h"

/* ---- the plugins ---- */

/* The line of a text that begins as `line` does, up to its label's end; NULL: none. */
static const char *find_line(const char *text, const char *line, size_t label) {
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (strncmp(at, line, label) == 0) return at;
    return NULL;
}

/* Characters of a line before the hash of the plugin's file, which stands behind the label, and of all of it. */
static size_t before_file(const char *line, size_t label, size_t *length) {
    *length = strcspn(line, "\n");
    const char *file = strstr(line + label, RGM_COMPONENT_FILE);
    return file && file < line + *length ? (size_t)(file - line) : *length;
}

/* A plugin of another version, or from another file, may behave otherwise: a word, since nobody else can know. */
static void compare_plugins(const rgm_session *s, const rgm_checkpoint *header, const char *path) {
    for (const char *now = s->model->plugins; *now; now += strcspn(now, "\n"), now += *now == '\n') {
        const char *end = strstr(now, ": "),
                   *then = end ? find_line(header->plugins, now, (size_t)(end - now + 2)) : NULL;
        if (!then) continue;
        size_t label = (size_t)(end - now), all_then, all_now;
        size_t version_then = before_file(then, label + 2, &all_then);
        size_t version_now = before_file(now, label + 2, &all_now);
        if (version_then != version_now || strncmp(then, now, version_now) != 0)
            rgm_log(RGM_LOG_WARN, "%s: %.*s was of plugin %.*s, this one is %.*s: the result may have other bits", path,
                    (int)label, now, (int)(version_then - label - 2), then + label + 2, (int)(version_now - label - 2),
                    now + label + 2);
        else if (all_then > version_then && (all_then != all_now || strncmp(then, now, all_now) != 0))
            rgm_log(RGM_LOG_WARN,
                    "%s: %.*s: the plugin's file has changed since, though its version has not: the result may have "
                    "other bits",
                    path, (int)label, now);
    }
}

/* ---- the configuration ---- */

/* The best and the patience are of one metric: another one begins anew. */
static void compare_metric(const rgm_config *then, const rgm_config *now, rgm_progress *p) {
    if (then->early_stop.metric == now->early_stop.metric || p->best_epoch < 0) return;
    rgm_log(RGM_LOG_WARN, "early_stop.metric was %s and is %s: the best checkpoint and the patience are counted anew",
            rgm_option_word("early_stop.metric", then->early_stop.metric),
            rgm_option_word("early_stop.metric", now->early_stop.metric));
    p->best_epoch = -1;
    p->best_metric = p->gain_metric = NAN;
    p->evaluations_without_gain = 0;
}

/* A run goes on with the same bits only if what decides them is the same. Free to change: the machine's part, when the
 * run ends early, what is written when, and names of files (the data has its fingerprint). */
static rgm_status check_config(const rgm_session *s, const rgm_checkpoint *header, const char *path, rgm_progress *p,
                               rgm_error *err) {
    static const char *const free_keys[] = {"data.file",
                                            "data.exclude",
                                            "threads",
                                            "pin",
                                            "memory",
                                            "isa",
                                            "steps",
                                            "early_stop.gain",
                                            "early_stop.metric",
                                            "save.every",
                                            "plugins",
                                            "out",
                                            "checkpoint",
                                            "early_stop.patience",
                                            "save.minutes",
                                            "metrics.every",
                                            "hypothesis",
                                            "tensorboard",
                                            "watch.policy",
                                            "watch.spikes",
                                            "watch.most",
                                            NULL};
    rgm_config *then = malloc(sizeof *then), *now = malloc(sizeof *now);
    rgm_status status =
        then && now ? rgm_config_init(then, err) : rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    if (status >= 0) status = rgm_config_parse(then, header->config, strlen(header->config), path, err);
    if (status >= 0) {
        rgm_session_effective(s, now);
        status = rgm_components_complete(s->device->registry, then, now, err);
        if (status < 0) rgm_fail_in(err, "%s: what its run began with is not possible now", path);
    }
    const char *key = status >= 0 ? rgm_config_difference(then, now, free_keys) : NULL;
    if (key)
        status = rgm_fail(err, RGM_E_USAGE,
                          "%s: '%s' is not what its run began with: a run is continued as it was begun (or begin a "
                          "new one with --checkpoint)",
                          path, key);
    if (status >= 0) compare_metric(then, now, p);
    free(then);
    free(now);
    return status;
}

/* ---- the data ---- */

/* Names are not among what decides the bits: those of the run are kept. */
static rgm_status compare_names(const rgm_session *s, const rgm_checkpoint *header, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    char *names = rgm_constants_names(info);
    if (!names) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", info->path);
    const char *now = names, *then = header->classes;
    for (int32_t i = 0; *now && *then; i++) {
        size_t a = strcspn(now, "\n"), b = strcspn(then, "\n");
        if (a != b || strncmp(now, then, a) != 0) {
            rgm_log(RGM_LOG_WARN, "%s: its class %d is '%.*s', in the run it is '%.*s': the run's names are kept",
                    info->path, i, (int)a, now, (int)b, then);
            break;
        }
        now += a + (now[a] == '\n');
        then += b + (then[b] == '\n');
    }
    free(names);
    return RGM_OK;
}

/* The session was made with the checkpoint's constants, or with a data set that has the same. */
static rgm_status check_constants(const rgm_session *s, const rgm_checkpoint *header, const char *path,
                                  rgm_error *err) {
    const rgm_model_input *now = &s->model->input, *then = &header->input;
    for (int32_t c = 0; then->known && c < then->image[0] && c < now->image[0]; c++)
        if (now->mean[c] != then->mean[c] || now->std[c] != then->std[c])
            return rgm_fail(err, RGM_E_USAGE,
                            "%s: its run has mean %g and std %g in channel %d, this session %g and %g", path,
                            (double)then->mean[c], (double)then->std[c], c, (double)now->mean[c], (double)now->std[c]);
    return RGM_OK;
}

static rgm_status find_fingerprint(const rgm_session *s, const rgm_checkpoint *header, const char *path,
                                   uint64_t *found, rgm_error *err) {
    const rgm_fingerprint_terms terms = {header->input.mean, header->input.std, header->classes};
    if (header->version == 1) {
        rgm_log(RGM_LOG_WARN,
                "%s: a checkpoint of format version 1: up to 1024 images a split are compared with its run's; where "
                "classes have unequal numbers of images, others than then may be held out for validation",
                path);
        return rgm_fingerprint_sampled(s->data->set, found, err);
    }
    if (header->fingerprint_pixels) return rgm_fingerprint(s->data->set, &terms, &s->stop, found, err);
    rgm_log(RGM_LOG_WARN, "%s: its run stopped before all pixels were hashed: only labels are compared with %s", path,
            s->config->data.file);
    return rgm_fingerprint_quick(s->data->set, &terms, found, err);
}

/* 1 if a configuration as rgm_config_print() writes it names an exclude list. */
static int32_t has_list(const char *yaml) {
    static const char key[] = "\n  exclude: ";
    const char *found = strstr(yaml, key);
    return found && strncmp(found + strlen(key), "''", 2) != 0;
}

static rgm_status check_data(const rgm_session *s, const rgm_checkpoint *header, const char *path, rgm_error *err) {
    uint64_t found = 0;
    int32_t lists = s->data->excluded || has_list(header->config);
    if (s->data->set) {
        if (header->input.known && header->input.image[0] != rgm_dataset_describe(s->data->set)->C)
            found = ~header->fingerprint;
        else
            RGM_TRY(find_fingerprint(s, header, path, &found, err));
        found ^= s->data->excluded;
    }
    if (header->fingerprint != found)
        return rgm_fail(
            err, RGM_E_USAGE,
            "%s: its run was trained on other data than %s: images or labels differ%s (fingerprint %016" PRIx64
            ", found %016" PRIx64 "): --data names the file that it was trained on%s",
            path, s->config->data.file, lists ? ", or what is left out of them" : "", header->fingerprint, found,
            lists ? ", --exclude the list" : "");
    RGM_TRY(check_constants(s, header, path, err));
    return s->data->set ? compare_names(s, header, err) : RGM_OK;
}

/* ---- the progress ---- */

/* Sums over at most `most` samples. */
static int32_t possible_tally(const rgm_tally *t, int64_t most) {
    return t->top1 >= 0 && t->top1 <= t->top5 && t->top5 <= t->seen && t->seen <= most;
}

/* What a file says of itself is believed only as far as it is possible. */
static rgm_status check_progress(const rgm_session *s, const rgm_progress *p, const char *path, rgm_error *err) {
    int32_t place = p->step >= 0 && p->step <= s->steps_total && p->epoch_step >= 0 &&
                    p->epoch_step <= s->steps_per_epoch && p->epoch >= 0 &&
                    p->epoch <= s->steps_total / s->steps_per_epoch &&
                    p->epoch * s->steps_per_epoch + p->epoch_step == p->step; /* bounded, so that nothing overflows */
    if (!place)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: it stands at step %" PRId64 ", which is not a step of this run (%" PRId64
                        " steps in %d epochs)",
                        path, p->step, s->steps_total, s->config->epochs);
    int64_t samples = p->step * s->config->batch;
    int32_t evaluations = p->best_epoch >= -1 && p->best_epoch <= p->epoch && p->evaluations_without_gain >= 0 &&
                          p->evaluations_without_gain <= p->epoch;
    int32_t counts = p->left_out <= p->step && p->usual.steps <= p->step; /* a step is made, or left out */
    if (evaluations && counts && possible_tally(&p->tally, samples) && possible_tally(&p->window, samples) &&
        p->seconds >= 0 && isfinite(p->seconds))
        return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: its progress contradicts itself", path);
}

rgm_status rgm_resume_check(const rgm_session *s, const rgm_checkpoint *header, const char *path, rgm_progress *p,
                            rgm_error *err) {
    if (!header->progress.step) /* a run saves nothing before its first step */
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: a model that was saved by itself: no run goes on from it, but a new one may begin with it "
                        "(checkpoint)",
                        path);
    if (header->seed != s->config->seed)
        return rgm_fail(err, RGM_E_USAGE, "%s: its run has seed %" PRIu64 ", this one %" PRIu64, path, header->seed,
                        s->config->seed);
    RGM_TRY(check_data(s, header, path, err));
    compare_plugins(s, header, path);
    RGM_TRY(check_config(s, header, path, p, err));
    return check_progress(s, &header->progress, path, err);
}
