/* One check of a configuration, as `check` makes it. */
#ifndef RGM_TESTS_VERDICT_CASE_H
#define RGM_TESTS_VERDICT_CASE_H

#include "check/check.h"
#include "train_run.h"

/* A set for the checks of a net: images that say something about their labels. */
void verdict_set(const char *path, const run_set *set);

/* The verdict of check `name` on a set and YAML; its edit is tried. Fails the test if the command does. */
rgm_verdict verdict_of(const char *set, const char *yaml, const char *name);

/* All verdicts of families, with commas between; to be freed. */
rgm_verdicts verdicts_of(const char *set, const char *yaml, const char *families);

/* Fails the test unless the check fails (or warns), its first cause has `word`, and its edit, if there is one, mends
 * it. */
void verdict_fails(const char *set, const char *yaml, const char *name, const char *word);
void verdict_warns(const char *set, const char *yaml, const char *name, const char *word);

/* Fails the test unless all checks of the families pass. */
void verdict_passes(const char *set, const char *yaml, const char *families);

#endif
