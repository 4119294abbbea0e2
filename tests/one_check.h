/* Single checks of a set-up (check/check.h), for suites about them. */
#ifndef RGM_TESTS_ONE_CHECK_H
#define RGM_TESTS_ONE_CHECK_H

#include "report/verdicts.h"
#include "train_run.h"

/* A set of these shapes in a folder of its own, for the tests that follow, and its removal. */
void checks_begin(const run_set *set);
void checks_end(void);
const char *checks_folder(void);

/* The verdict of the check `name` on the configuration (YAML without data) with the set. It is made in a process of its
 * own, which may start a team. Fails the test if there is none. `verify`: with the edit tried. */
rgm_verdict check_one(const char *yaml, const char *name, int32_t verify);

/* The same, and fails the test unless the verdict is this one and the first cause has the word ("": none is asked). */
rgm_verdict expect_one(const char *yaml, const char *name, int32_t verdict, const char *word);

#endif
