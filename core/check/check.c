#include "check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "check/checks.h"

/* ---- the table ---- */

static const rgm_check_row *const families[] = {rgm_checks_data,  rgm_checks_input,   rgm_checks_model,
                                                rgm_checks_start, rgm_checks_loss,    rgm_checks_step,
                                                rgm_checks_run,   rgm_checks_training};
enum { FAMILIES = sizeof families / sizeof *families };

static const rgm_check_row *row_of(int32_t i) {
    for (int32_t f = 0; f < FAMILIES; f++)
        for (const rgm_check_row *row = families[f]; row->about.name; row++)
            if (i-- == 0) return row;
    return NULL;
}

const rgm_check_about *rgm_check_list(int32_t i) {
    const rgm_check_row *row = row_of(i);
    return row ? &row->about : NULL;
}

/* ---- what is asked for ---- */

/* 1 if `word` of `size` bytes is a name or a family of the row. */
static int32_t names(const rgm_check_row *row, const char *word, size_t size) {
    const char *const texts[] = {row->about.name, row->about.family};
    for (int32_t i = 0; i < 2; i++)
        if (strlen(texts[i]) == size && memcmp(texts[i], word, size) == 0) return 1;
    return 0;
}

static int32_t is_wanted(const rgm_check_options *o, const rgm_check_row *row) {
    if (!o->only) return !o->quick || row->about.quick;
    for (const char *at = o->only; *at;) {
        size_t size = strcspn(at, ",");
        if (names(row, at, size)) return 1;
        at += size + (at[size] == ',');
    }
    return 0;
}

static rgm_status refuse_unknown(const char *word, size_t size, rgm_error *err) {
    char shown[80];
    snprintf(shown, sizeof shown, "%.*s", (int)(size < 64 ? size : 64), word);
    rgm_text_clean(shown);
    return rgm_fail(err, RGM_E_USAGE,
                    "--only: no check '%s', expected names or families (D, P, M, I, O, L, E): 'regimen check --list' "
                    "has them",
                    shown);
}

static rgm_status check_only(const char *only, rgm_error *err) {
    if (only && !only[strspn(only, ",")]) return refuse_unknown("", 0, err);
    for (const char *at = only; at && *at;) {
        size_t size = strcspn(at, ",");
        int32_t known = 0;
        for (int32_t i = 0; row_of(i) && !known; i++) known = names(row_of(i), at, size);
        if (!known) return refuse_unknown(at, size, err);
        at += size + (at[size] == ',');
    }
    return RGM_OK;
}

/* ---- a walk over the table ---- */

static void close_checking(rgm_checking *c) {
    for (int32_t i = 0; i < RGM_KEPT_COUNT; i++)
        if (c->kept[i]) c->drop[i](c->kept[i]);
    if (c->inspection) rgm_inspection_free(c->inspection);
    free(c->inspection);
    free(c->healthy);
    rgm_lab_set_free(&c->small);
    rgm_trainer_destroy(c->trainer);
    rgm_session_destroy(c->session);
    free(c->config);
    *c = (rgm_checking){0};
}

/* A session on a device that is given, or a new one. */
static rgm_status open_checking(rgm_checking *c, const rgm_check_options *o, const rgm_config *given,
                                rgm_device *device, rgm_error *err) {
    *c = (rgm_checking){.options = o, .given = given};
    c->config = malloc(sizeof *c->config);
    if (!c->config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *c->config = *given;
    const rgm_session_options options = {.device = device, .need_data = 1, .suit = 1, .stop = o->stop};
    RGM_TRY(rgm_session_create(&c->session, c->config, &options, err));
    c->device = c->session->device;
    return RGM_OK;
}

static void begin_verdict(rgm_verdict *v, const rgm_check_row *row, const rgm_check_options *o) {
    *v = (rgm_verdict){.name = row->about.name, .family = row->about.family, .rank = row->rank};
    snprintf(v->again, sizeof v->again, "%s --only %s", o->command, row->about.name);
}

static void take_line(void *context, int32_t level, const char *line) { (void)context, (void)level, (void)line; }

/* One check. What it says through the log is its own matter. */
static rgm_status look(rgm_checking *c, const rgm_check_row *row, rgm_verdict *v, rgm_error *err) {
    double since = rgm_seconds();
    rgm_error why = {0};
    rgm_log_receiver quiet = {.take = take_line};
    begin_verdict(v, row, c->options);
    rgm_log_receive(&quiet);
    rgm_status status = row->run(c, v, &why);
    rgm_log_release(&quiet);
    v->seconds = rgm_seconds() - since;
    if (status >= 0) return RGM_OK;
    if (status == RGM_E_INTERRUPTED || rgm_stop_asked(&c->options->stop)) {
        *err = why;
        return RGM_E_INTERRUPTED;
    }
    char line[RGM_ERROR_LINE];
    begin_verdict(v, row, c->options);
    rgm_check_not(v, "%s", rgm_error_line(&why, line));
    v->seconds = rgm_seconds() - since;
    return RGM_OK;
}

/* The same check of a copy with the edit. */
static rgm_status verify(const rgm_checking *c, const rgm_check_row *row, rgm_verdict *v, rgm_error *err) {
    rgm_config *edited = malloc(sizeof *edited);
    rgm_checking again;
    rgm_verdict after;
    rgm_error why = {0};
    rgm_status status = RGM_OK;
    if (!edited) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *edited = *c->given;
    for (int32_t i = 0; i < RGM_EDIT_PARTS && v->edit[i].key[0] && status >= 0; i++)
        status = rgm_config_set(edited, v->edit[i].key, v->edit[i].value, &why);
    if (status >= 0)
        status = open_checking(&again, c->options, edited, c->device, &why);
    else
        again = (rgm_checking){0};
    if (status >= 0) status = look(&again, row, &after, &why);
    close_checking(&again);
    free(edited);
    if (status == RGM_E_INTERRUPTED) {
        *err = why;
        return status;
    }
    v->verified = 1;
    v->after = status < 0 ? RGM_VERDICT_NOT_CHECKED : after.verdict;
    char line[RGM_ERROR_LINE];
    snprintf(v->after_figure, sizeof v->after_figure, "%s", status < 0 ? rgm_error_line(&why, line) : after.figure);
    return RGM_OK;
}

static rgm_status make_check(rgm_checking *c, const rgm_check_row *row, rgm_verdicts *verdicts, rgm_error *err) {
    const rgm_check_options *o = c->options;
    rgm_verdict v;
    if (o->begin) o->begin(o->context, row->about.name);
    RGM_TRY(look(c, row, &v, err));
    int32_t bad = v.verdict == RGM_VERDICT_WARN || v.verdict == RGM_VERDICT_FAIL;
    if (o->verify && bad && v.edit[0].key[0]) RGM_TRY(verify(c, row, &v, err));
    RGM_TRY(rgm_verdicts_add(verdicts, &v, err));
    if (o->told) o->told(o->context, &verdicts->list[verdicts->count - 1]);
    return RGM_OK;
}

rgm_status rgm_check(const rgm_check_options *o, rgm_verdicts *verdicts, rgm_error *err) {
    rgm_checking c;
    *verdicts = (rgm_verdicts){0};
    RGM_TRY(check_only(o->only, err));
    rgm_status status = open_checking(&c, o, o->config, NULL, err);
    for (int32_t i = 0; status >= 0 && row_of(i); i++)
        if (is_wanted(o, row_of(i))) status = make_check(&c, row_of(i), verdicts, err);
    close_checking(&c);
    return status;
}
