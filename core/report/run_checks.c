#include "report/run_checks.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include "report/html.h"
#include "report/runfolder.h"

enum { MOST_BYTES = 4 << 20, PATH = RGM_RUNFOLDER_PATH + 16 };

/* Folders may be of others: a pipe, or a file that no check wrote, is not read. */
int32_t rgm_run_checks_are_there(const char *folder) {
    char path[PATH];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, RGM_RUN_CHECKS_FILE);
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= MOST_BYTES;
}

static const char *text_of(const json_t *check, const char *key) {
    const char *text = json_string_value(json_object_get(check, key));
    return text ? text : "";
}

static int32_t has_passed(const json_t *check) { return strcmp(text_of(check, "verdict"), "pass") == 0; }

static void put_row(FILE *to, const json_t *check) {
    static const char *const keys[] = {"name", "figure", "cause", "edit"};
    const char *verdict = text_of(check, "verdict");
    int32_t bad = strcmp(verdict, "fail") == 0 || strcmp(verdict, "warn") == 0;
    fprintf(to, "<tr><td%s>", bad ? " class=\"warn\"" : "");
    rgm_html_text(to, strcmp(verdict, "not_checked") == 0 ? "not checked" : verdict);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        fputs("</td><td>", to);
        rgm_html_text(to, text_of(check, keys[i]));
    }
    fputs("</td></tr>\n", to);
}

static void put_table(FILE *to, const json_t *checks, int32_t passed) {
    fputs("<div "
          "class=\"wide\"><table>\n<tr><th>Verdict</th><th>Line</th><th>Figure</th><th>Cause</th><th>Edit</th></tr>\n",
          to);
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (has_passed(json_array_get(checks, i)) == passed) put_row(to, json_array_get(checks, i));
    fputs("</table></div>\n", to);
}

static void put_checks(FILE *to, const json_t *checks) {
    size_t count = json_array_size(checks), passed = 0;
    for (size_t i = 0; i < count; i++) passed += has_passed(json_array_get(checks, i)) != 0;
    fprintf(to,
            "<p>%zu of %zu lines passed. The set-up was looked at before this page was made; <code>config.yaml</code> "
            "may have changed since.</p>\n",
            passed, count);
    if (passed < count) put_table(to, checks, 0);
    if (!passed) return;
    fputs("<details><summary>Lines that passed</summary>\n", to);
    put_table(to, checks, 1);
    fputs("</details>\n", to);
}

void rgm_run_checks_put(FILE *to, const char *folder) {
    char path[PATH];
    if (!rgm_run_checks_are_there(folder)) return;
    snprintf(path, sizeof path, "%s/%s", folder, RGM_RUN_CHECKS_FILE);
    json_t *file = json_load_file(path, 0, NULL);
    const json_t *checks = json_object_get(file, "checks");
    fputs("<h2 id=\"checks\">Checks of the set-up</h2>\n", to);
    if (json_is_array(checks))
        put_checks(to, checks);
    else
        fputs("<p class=\"warn\">" RGM_RUN_CHECKS_FILE " holds no verdicts.</p>\n", to);
    json_decref(file);
}
