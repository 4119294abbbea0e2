/* What `regimen check --json` said, judged against a fault that is known.
 *     judge FILE.json FAMILIES WORDS      of a run with a fault: families that may name it (letters), and an extended
 *                                         regular expression that a cause which names it matches, whatever its case
 *     judge FILE.json                     of a healthy run
 *     judge FILE.json LINE                of a run with --only LINE --verify-fix: what the edit did
 *
 * Prints one line of words with tabs between:
 *     the verdict of all                  pass, warn, fail
 *     the line that found it              NAME of the first alarm of these families, or "-"
 *     its rank there                      of the cause that names it, from 1; 0: none does
 *     its rank in all                     the same over the causes of all alarms in their order
 *     not checked by name                 1: none found it, but a check of these families says why it cannot
 *     alarms                              FAMILY:NAME:VERDICT ..., in their order, or "-"
 *     the first cause                     of the first alarm, or "-"
 *
 * Of an edit: mended, better, not, words, none or gone (fixes.sh), the edit, and the figure that is left of it.
 *
 * An alarm is a WARN or a FAIL. Exit code 1: the file cannot be read, or is no such result. */
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

typedef struct judgement {
    const char *families; /* NULL: a healthy run */
    regex_t words;
    const char *line, *first_cause;
    int own_rank, rank, causes, excused;
} judgement;

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int is_alarm(const json_t *check) {
    const char *verdict = text_of(check, "verdict");
    return strcmp(verdict, "fail") == 0 || strcmp(verdict, "warn") == 0;
}

static int names_it(const judgement *j, const char *text) {
    return j->families && regexec(&j->words, text, 0, NULL, 0) == 0;
}

static void take_cause(judgement *j, const char *text, int place, int own) {
    if (!j->first_cause) j->first_cause = text;
    j->causes++;
    if (!names_it(j, text)) return;
    if (!j->rank) j->rank = j->causes;
    if (own && !j->own_rank) j->own_rank = place;
}

/* "causes" is the list; a program that gives one "cause" alone has one. */
static void take_alarm(judgement *j, const json_t *check) {
    const json_t *causes = json_object_get(check, "causes");
    const char *family = text_of(check, "family");
    int own = j->families && !j->line && family[0] && strchr(j->families, family[0]);
    if (own) j->line = text_of(check, "name");
    if (!json_is_array(causes)) {
        take_cause(j, text_of(check, "cause"), 1, own);
        return;
    }
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const char *text = json_string_value(json_array_get(causes, i));
        take_cause(j, text ? text : "", (int)i + 1, own);
    }
}

static void take(judgement *j, const json_t *checks) {
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *family = text_of(check, "family");
        if (is_alarm(check))
            take_alarm(j, check);
        else if (strcmp(text_of(check, "verdict"), "not_checked") == 0 && j->families && strchr(j->families, family[0]))
            j->excused |= names_it(j, text_of(check, "figure"));
    }
}

static void print_alarms(const json_t *checks) {
    int alarms = 0;
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (!is_alarm(check)) continue;
        printf("%s%s:%s:%s", alarms++ ? " " : "", text_of(check, "family"), text_of(check, "name"),
               text_of(check, "verdict"));
    }
    if (!alarms) printf("-");
}

static int judge_file(const char *path, judgement *j) {
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    const json_t *checks = root ? json_object_get(root, "checks") : NULL;
    if (!json_is_array(checks)) {
        fprintf(stderr, "judge: %s: %s\n", path, root ? "no list of checks" : error.text);
        json_decref(root);
        return 1;
    }
    take(j, checks);
    printf("%s\t%s\t%d\t%d\t%d\t", text_of(root, "verdict"), j->line ? j->line : "-", j->own_rank, j->rank, j->excused);
    print_alarms(checks);
    printf("\t%s\n", j->first_cause && j->first_cause[0] ? j->first_cause : "-");
    json_decref(root);
    return 0;
}

static const char *fate_of(const json_t *check) {
    const char *before = text_of(check, "verdict"), *after = text_of(check, "with_edit");
    if (!is_alarm(check)) return "gone";
    if (!json_object_size(json_object_get(check, "set"))) return text_of(check, "edit")[0] ? "words" : "none";
    if (strcmp(after, "pass") == 0) return "mended";
    return strcmp(before, "fail") == 0 && strcmp(after, "warn") == 0 ? "better" : "not";
}

static int judge_edit(const char *path, const char *line) {
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    const json_t *checks = root ? json_object_get(root, "checks") : NULL, *check = NULL;
    for (size_t i = 0; i < json_array_size(checks) && !check; i++)
        if (strcmp(text_of(json_array_get(checks, i), "name"), line) == 0) check = json_array_get(checks, i);
    if (check)
        printf("%s\t%s\t%s\n", fate_of(check), text_of(check, "edit"), text_of(check, "with_edit_figure"));
    else
        fprintf(stderr, "judge: %s: no check %s\n", path, line);
    json_decref(root);
    return !check;
}

int main(int count, char **arguments) {
    judgement j = {0};
    if (count < 2 || count > 4) {
        fprintf(stderr, "usage: judge FILE.json [FAMILIES WORDS | LINE]\n");
        return 2;
    }
    if (count == 2) return judge_file(arguments[1], &j);
    if (count == 3) return judge_edit(arguments[1], arguments[2]);
    j.families = arguments[2];
    if (regcomp(&j.words, arguments[3], REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0) {
        fprintf(stderr, "judge: not a regular expression: %s\n", arguments[3]);
        return 2;
    }
    int code = judge_file(arguments[1], &j);
    regfree(&j.words);
    return code;
}
