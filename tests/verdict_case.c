#include "verdict_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void verdict_set(const char *path, const run_set *set) { run_set_write(path, set); }

static rgm_config *configure(const char *set, const char *yaml) {
    char text[2048];
    rgm_error err = {0};
    rgm_config *c = calloc(1, sizeof *c);
    snprintf(text, sizeof text, "data: {file: '%s'}\nthreads: 2\n", set);
    rgm_status status = rgm_config_init(c, &err);
    if (status >= 0) status = rgm_config_parse(c, text, strlen(text), "test", &err);
    if (status >= 0) status = rgm_config_parse(c, yaml, strlen(yaml), "more", &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return c;
}

rgm_verdicts verdicts_of(const char *set, const char *yaml, const char *families) {
    rgm_verdicts verdicts;
    rgm_error err = {0};
    rgm_config *c = configure(set, yaml);
    const rgm_check_options options = {.config = c, .command = "regimen check", .only = families, .verify = 1};
    rgm_status status = rgm_check(&options, &verdicts, &err);
    free(c);
    ck_assert_msg(status == RGM_OK, "%s: %s", yaml, err.text);
    return verdicts;
}

rgm_verdict verdict_of(const char *set, const char *yaml, const char *name) {
    rgm_verdicts all = verdicts_of(set, yaml, name);
    ck_assert_int_eq(all.count, 1);
    rgm_verdict one = all.list[0];
    rgm_verdicts_free(&all);
    return one;
}

static void expect(const char *set, const char *yaml, const char *name, const char *word, int32_t verdict) {
    const rgm_verdict v = verdict_of(set, yaml, name);
    ck_assert_msg(v.verdict == verdict, "%s: %s %s: %s", yaml, name, rgm_verdict_word(v.verdict), v.figure);
    ck_assert_msg(strstr(v.cause[0], word) != NULL, "%s: %s: no '%s' in '%s'", yaml, name, word, v.cause[0]);
    ck_assert(v.edit[0].key[0] || v.mend[0]);
    ck_assert_msg(!v.edit[0].key[0] || (v.verified && v.after == RGM_VERDICT_PASS), "%s: %s: with its edit %s: %s",
                  yaml, name, rgm_verdict_word(v.after), v.after_figure);
}

void verdict_fails(const char *set, const char *yaml, const char *name, const char *word) {
    expect(set, yaml, name, word, RGM_VERDICT_FAIL);
}

void verdict_warns(const char *set, const char *yaml, const char *name, const char *word) {
    expect(set, yaml, name, word, RGM_VERDICT_WARN);
}

void verdict_passes(const char *set, const char *yaml, const char *families) {
    rgm_verdicts all = verdicts_of(set, yaml, families);
    ck_assert_int_gt(all.count, 0);
    for (int32_t i = 0; i < all.count; i++)
        ck_assert_msg(all.list[i].verdict == RGM_VERDICT_PASS, "%s: %s %s: %s", yaml, all.list[i].name,
                      rgm_verdict_word(all.list[i].verdict), all.list[i].figure);
    rgm_verdicts_free(&all);
}
