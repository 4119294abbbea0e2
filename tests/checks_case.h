/* Small sets for the tests of checks: stripes whose direction is the class's, with a phase and noise of the image's
 * own. A test changes pixels and labels before the set is written, and asks for the verdict of one check.
 */
#ifndef RGM_TESTS_CHECKS_CASE_H
#define RGM_TESTS_CHECKS_CASE_H

#include "data/dataset.h"
#include "check/check.h"

typedef struct checks_set {
    int32_t side, C, classes;
    int64_t count[RGM_SPLIT_COUNT];
    uint8_t *images[RGM_SPLIT_COUNT]; /* [count][side][side][C] */
    int32_t *labels[RGM_SPLIT_COUNT];
    const float *soft; /* [count][classes] of the training split, in place of its labels; NULL: none */
    double mean, std;  /* attributes; std 0: none */
} checks_set;

/* A healthy one; counts in the order train, test, validation. */
void checks_set_make(checks_set *set, int32_t side, int32_t C, int32_t classes, const int64_t count[RGM_SPLIT_COUNT]);
void checks_set_free(checks_set *set);

/* Writes it into a folder of its own, makes check `name` with settings ("key", "value", ..., NULL; NULL: none), and
 * gives its verdict. */
rgm_verdict checks_verdict(const checks_set *set, const char *name, const char *const *settings);

/* The verdicts of several checks, names or families with commas between; to be freed. */
void checks_verdicts(const checks_set *set, const char *names, const char *const *settings, rgm_verdicts *verdicts);

/* The first, and fails the test unless the verdict is so, and the first cause has `cause` in it (NULL: whatever). */
void checks_expect(const checks_set *set, const char *name, const char *const *settings, int32_t verdict,
                   const char *cause);

#endif
