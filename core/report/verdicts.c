#include "report/verdicts.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/emit.h"

rgm_status rgm_verdicts_add(rgm_verdicts *v, const rgm_verdict *verdict, rgm_error *err) {
    if (v->count == v->room) {
        int32_t room = v->room ? 2 * v->room : 32;
        rgm_verdict *list = realloc(v->list, (size_t)room * sizeof *list);
        if (!list) return rgm_fail(err, RGM_E_NOMEM, "verdicts: no memory for %d", room);
        v->list = list;
        v->room = room;
    }
    v->list[v->count++] = *verdict;
    return RGM_OK;
}

void rgm_verdicts_free(rgm_verdicts *v) {
    free(v->list);
    *v = (rgm_verdicts){0};
}

int32_t rgm_verdicts_number(const rgm_verdicts *v, int32_t verdict) {
    int32_t number = 0;
    for (int32_t i = 0; i < v->count; i++) number += v->list[i].verdict == verdict;
    return number;
}

int32_t rgm_verdicts_worst(const rgm_verdicts *v) {
    for (int32_t worst = RGM_VERDICT_FAIL; worst > RGM_VERDICT_PASS; worst--)
        if (rgm_verdicts_number(v, worst)) return worst;
    return RGM_VERDICT_PASS;
}

/* FAIL, WARN, NOT CHECKED, PASS. */
static int32_t place_of(const rgm_verdict *v) {
    static const int32_t places[RGM_VERDICT_COUNT] = {3, 1, 0, 2};
    return places[v->verdict];
}

static int32_t comes_before(const rgm_verdict *a, const rgm_verdict *b) {
    if (place_of(a) != place_of(b)) return place_of(a) < place_of(b);
    return a->rank < b->rank;
}

void rgm_verdicts_sort(rgm_verdicts *v) {
    for (int32_t i = 1; i < v->count; i++) {
        const rgm_verdict moved = v->list[i];
        int32_t at = i;
        for (; at > 0 && comes_before(&moved, &v->list[at - 1]); at--) v->list[at] = v->list[at - 1];
        v->list[at] = moved;
    }
}

const rgm_verdict *rgm_verdicts_first(const rgm_verdicts *v) {
    const rgm_verdict *first = NULL;
    for (int32_t i = 0; i < v->count; i++)
        if (!first || comes_before(&v->list[i], first)) first = &v->list[i];
    return first && place_of(first) < 2 ? first : NULL;
}

static const char *const names[RGM_VERDICT_COUNT] = {"pass", "warn", "fail", "not_checked"};
static const char *const words[RGM_VERDICT_COUNT] = {"PASS", "WARN", "FAIL", "NOT CHECKED"};
const char *rgm_verdict_name(int32_t verdict) { return names[verdict]; }
const char *rgm_verdict_word(int32_t verdict) { return words[verdict]; }

const char *rgm_verdict_edit(const rgm_verdict *v, char text[RGM_EDIT_TEXT]) {
    size_t at = 0;
    text[0] = 0;
    for (int32_t i = 0; i < RGM_EDIT_PARTS && v->edit[i].key[0]; i++) {
        char set[RGM_EDIT_KEY + RGM_EDIT_VALUE + 2], quoted[4 * sizeof set];
        snprintf(set, sizeof set, "%s=%s", v->edit[i].key, v->edit[i].value);
        rgm_text_shell(set, quoted, sizeof quoted);
        int wrote = snprintf(text + at, RGM_EDIT_TEXT - at, "%s--set %s", at ? " " : "", quoted);
        if (wrote < 0 || (size_t)wrote >= RGM_EDIT_TEXT - at) break;
        at += (size_t)wrote;
    }
    if (!at) snprintf(text, RGM_EDIT_TEXT, "%s", v->mend);
    return text;
}

/* What may hold names of a file is shown without its control characters. */
static void put_line(FILE *to, const char *label, const char *line) {
    char shown[RGM_EDIT_TEXT];
    if (!line[0]) return;
    snprintf(shown, sizeof shown, "%s", line);
    rgm_text_clean(shown);
    fprintf(to, "%13s%s%s\n", "", label, shown);
}

void rgm_verdict_print(FILE *to, const rgm_verdict *v) {
    char text[RGM_EDIT_TEXT], figure[RGM_VERDICT_LINE];
    snprintf(figure, sizeof figure, "%s", v->figure);
    rgm_text_clean(figure);
    fprintf(to, "%-11s  %s: %s\n", rgm_verdict_word(v->verdict), v->name, figure);
    if (v->verdict == RGM_VERDICT_PASS || v->verdict == RGM_VERDICT_NOT_CHECKED) return;
    for (int32_t i = 0; i < RGM_VERDICT_CAUSES; i++) put_line(to, i ? "or:    " : "cause: ", v->cause[i]);
    put_line(to, "edit:  ", rgm_verdict_edit(v, text));
    if (v->verified) {
        char after[2 * RGM_VERDICT_LINE];
        snprintf(after, sizeof after, "%s: %s", rgm_verdict_word(v->after), v->after_figure);
        put_line(to, "with it: ", after);
    }
    put_line(to, "again: ", v->again);
}

void rgm_verdicts_print_end(FILE *to, const rgm_verdicts *v) {
    const rgm_verdict *first = rgm_verdicts_first(v);
    fprintf(to, "\n%d passed, %d warnings, %d failed, %d not checked\n", rgm_verdicts_number(v, RGM_VERDICT_PASS),
            rgm_verdicts_number(v, RGM_VERDICT_WARN), rgm_verdicts_number(v, RGM_VERDICT_FAIL),
            rgm_verdicts_number(v, RGM_VERDICT_NOT_CHECKED));
    if (first) fprintf(to, "mend first: %s\n", first->name);
}

static void put_check(rgm_emit *j, const rgm_verdict *v) {
    char text[RGM_EDIT_TEXT];
    rgm_emit_line(j);
    rgm_emit_open(j, NULL, '{');
    rgm_emit_text(j, "name", v->name);
    rgm_emit_text(j, "family", v->family);
    rgm_emit_text(j, "verdict", rgm_verdict_name(v->verdict));
    rgm_emit_text(j, "figure", v->figure);
    rgm_emit_text(j, "cause", v->cause[0]);
    rgm_emit_open(j, "causes", '[');
    for (int32_t i = 0; i < RGM_VERDICT_CAUSES && v->cause[i][0]; i++) rgm_emit_text(j, NULL, v->cause[i]);
    rgm_emit_close(j, ']');
    rgm_emit_text(j, "edit", rgm_verdict_edit(v, text));
    rgm_emit_open(j, "set", '{');
    for (int32_t i = 0; i < RGM_EDIT_PARTS && v->edit[i].key[0]; i++)
        rgm_emit_text(j, v->edit[i].key, v->edit[i].value);
    rgm_emit_close(j, '}');
    rgm_emit_text(j, "again", v->again);
    if (v->verified) rgm_emit_text(j, "with_edit", rgm_verdict_name(v->after));
    if (v->verified) rgm_emit_text(j, "with_edit_figure", v->after_figure);
    rgm_emit_real(j, "seconds", v->seconds);
    rgm_emit_close(j, '}');
}

rgm_status rgm_verdicts_write_json(const rgm_verdicts *v, const char *target, rgm_error *err) {
    rgm_emit j;
    const rgm_verdict *first = rgm_verdicts_first(v);
    RGM_TRY(rgm_emit_begin(&j, target, err));
    rgm_emit_text(&j, "verdict", rgm_verdict_name(rgm_verdicts_worst(v)));
    if (first) rgm_emit_text(&j, "first", first->name);
    rgm_emit_open(&j, "counts", '{');
    for (int32_t i = 0; i < RGM_VERDICT_COUNT; i++) rgm_emit_integer(&j, names[i], rgm_verdicts_number(v, i));
    rgm_emit_close(&j, '}');
    rgm_emit_open(&j, "checks", '[');
    for (int32_t i = 0; i < v->count; i++) put_check(&j, &v->list[i]);
    rgm_emit_close(&j, ']');
    return rgm_emit_end(&j, RGM_OK, err);
}
