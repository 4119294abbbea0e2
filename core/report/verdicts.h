/* What a check of a training's set-up says: a list of verdicts, one for each check.
 *
 * A verdict names what was looked at, what was seen, the likely causes, one edit that mends it, and the command that
 * looks again. A check that could not be made says so: it has not passed.
 */
#ifndef RGM_REPORT_VERDICTS_H
#define RGM_REPORT_VERDICTS_H

#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

/* From the best to the worst, but for the last. */
enum {
    RGM_VERDICT_PASS = 0,
    RGM_VERDICT_WARN = 1,
    RGM_VERDICT_FAIL = 2,
    RGM_VERDICT_NOT_CHECKED = 3,
    RGM_VERDICT_COUNT
};

/* A change of the configuration, as --set takes it. */
enum { RGM_EDIT_KEY = 64, RGM_EDIT_VALUE = 512, RGM_EDIT_PARTS = 4 };
typedef struct rgm_edit_part {
    char key[RGM_EDIT_KEY], value[RGM_EDIT_VALUE];
} rgm_edit_part;

enum { RGM_VERDICT_LINE = 512, RGM_VERDICT_CAUSES = 3 };

typedef struct rgm_verdict {
    const char *name;                                 /* "loss_at_start": a literal */
    const char *family;                               /* "D", "P", "M", "I", "O", "L" or "E": a literal */
    int32_t rank;                                     /* the lower, the nearer to the root of what is wrong */
    int32_t verdict;                                  /* RGM_VERDICT_* */
    char figure[RGM_VERDICT_LINE];                    /* what was seen, and what was expected; of NOT_CHECKED: why */
    char cause[RGM_VERDICT_CAUSES][RGM_VERDICT_LINE]; /* the likeliest first; "": no more. None of a PASS */
    rgm_edit_part edit[RGM_EDIT_PARTS];               /* mends it; key "": no more */
    char mend[RGM_VERDICT_LINE];                      /* the edit in words or as a command, if it is no --set; "" */
    char again[RGM_VERDICT_LINE];                     /* the command that checks again */
    double seconds;                                   /* that the check took */
    int32_t verified;                                 /* --verify-fix: 1 tried, `after` is what came of it */
    int32_t after;                                    /* RGM_VERDICT_* with the edit */
    char after_figure[RGM_VERDICT_LINE];
} rgm_verdict;

typedef struct rgm_verdicts {
    rgm_verdict *list; /* in the order of the checks */
    int32_t count, room;
} rgm_verdicts;

/* Appends a copy. RGM_E_NOMEM. */
rgm_status rgm_verdicts_add(rgm_verdicts *verdicts, const rgm_verdict *verdict, rgm_error *err);
void rgm_verdicts_free(rgm_verdicts *verdicts); /* a zeroed one is fine */

/* The worst of those that were checked; PASS if none is worse. */
int32_t rgm_verdicts_worst(const rgm_verdicts *verdicts);
int32_t rgm_verdicts_number(const rgm_verdicts *verdicts, int32_t verdict);

/* The worst first, of these the lowest rank, then in the order in which they were added. */
void rgm_verdicts_sort(rgm_verdicts *verdicts);

/* Whose cause is most likely that of the others, too: what sorting puts first. NULL: all is well. */
const rgm_verdict *rgm_verdicts_first(const rgm_verdicts *verdicts);

/* "pass", "warn", "fail", "not_checked"; and as text on a terminal: "PASS", ..., "NOT CHECKED". */
const char *rgm_verdict_name(int32_t verdict);
const char *rgm_verdict_word(int32_t verdict);

/* The edit as one line: its --set parts, else its words. Returns text. */
enum { RGM_EDIT_TEXT = RGM_EDIT_PARTS * (RGM_EDIT_KEY + RGM_EDIT_VALUE + 16) };
const char *rgm_verdict_edit(const rgm_verdict *verdict, char text[RGM_EDIT_TEXT]);

/* One verdict as lines on a terminal: the verdict and its figure, then, unless it has passed, causes, edit, command. */
void rgm_verdict_print(FILE *to, const rgm_verdict *verdict);

/* The last lines: how many of each, and what to mend first. */
void rgm_verdicts_print_end(FILE *to, const rgm_verdicts *verdicts);

/* Sorted: {"verdict", "checks": [{"name", "family", "verdict", "figure", "cause", "causes", "edit", "set", "again",
 * "seconds"}], "counts"}; docs/CHECKS.md describes it. `target` as report/summary.h says. RGM_E_IO. */
rgm_status rgm_verdicts_write_json(const rgm_verdicts *verdicts, const char *target, rgm_error *err);

#endif
