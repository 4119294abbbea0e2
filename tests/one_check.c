#include "one_check.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "make_set.h"
#include "check/check.h"

static char *folder, path[512];

void checks_begin(const run_set *set) {
    folder = make_folder();
    snprintf(path, sizeof path, "%s", in_folder(folder, "set.h5"));
    run_set_write(path, set);
}

void checks_end(void) { remove_folder(folder); }

const char *checks_folder(void) { return folder; }

static rgm_status look(const char *yaml, const char *name, int32_t verify, rgm_verdict *v, rgm_error *err) {
    static rgm_config config;
    rgm_verdicts verdicts;
    const rgm_check_options options = {.config = &config, .command = "regimen check", .only = name, .verify = verify};
    RGM_TRY(rgm_config_init(&config, err));
    RGM_TRY(rgm_config_parse(&config, yaml, strlen(yaml), "test", err));
    RGM_TRY(rgm_config_set(&config, "data.file", path, err));
    RGM_TRY(rgm_config_suit(&config, config.model.name, err));
    rgm_status status = rgm_check(&options, &verdicts, err);
    if (status >= 0 && verdicts.count != 1) status = rgm_fail(err, RGM_E_INTERNAL, "%d verdicts", verdicts.count);
    if (status >= 0) *v = verdicts.list[0];
    rgm_verdicts_free(&verdicts);
    return status;
}

/* What goes from the process of the check to the test's: its names are literals of the same program. */
typedef struct sent {
    rgm_status status;
    rgm_error err;
    rgm_verdict verdict;
} sent;

rgm_verdict check_one(const char *yaml, const char *name, int32_t verify) {
    static sent s;
    int ends[2], status;
    size_t got = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        memset(&s, 0, sizeof s);
        s.status = look(yaml, name, verify, &s.verdict, &s.err);
        const char *at = (const char *)&s;
        for (size_t left = sizeof s; left > 0;) {
            ssize_t n = write(ends[1], at + sizeof s - left, left);
            if (n <= 0) _exit(1);
            left -= (size_t)n;
        }
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; got < sizeof s && (n = read(ends[0], (char *)&s + got, sizeof s - got)) > 0;) got += (size_t)n;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(got == sizeof s && WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: the check died", name);
    ck_assert_msg(s.status >= 0, "%s: %s", name, s.err.text);
    return s.verdict;
}

rgm_verdict expect_one(const char *yaml, const char *name, int32_t verdict, const char *word) {
    rgm_verdict v = check_one(yaml, name, 0);
    ck_assert_msg(v.verdict == verdict, "%s with %s: %s: %s (%s)", name, yaml, rgm_verdict_word(v.verdict), v.figure,
                  v.cause[0]);
    ck_assert_msg(strstr(v.cause[0], word) != NULL, "%s with %s: cause '%s', expected '%s'", name, yaml, v.cause[0],
                  word);
    return v;
}
