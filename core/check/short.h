/* Trainings of few images a step that a check drives itself, in tenths of a second: what bits and evaluations are
 * looked at with. They are the configured training in all but batch and rate. The rate is a tenth, so that a rate that
 * is too high is not what they show. A check may wish for other settings, too. */
#ifndef RGM_CHECK_SHORT_H
#define RGM_CHECK_SHORT_H

#include "check/checks.h"

enum { RGM_SHORT_BATCH = 16, RGM_SHORT_STEPS = 20, RGM_SHORT_SETTINGS = 4 };

typedef struct rgm_short {
    int32_t other_seed;        /* 1: the seed behind the configured one */
    rgm_lab_settings settings; /* "key", "value", ..., NULL over it, RGM_SHORT_SETTINGS pairs at most; NULL: none */
    rgm_device *device;        /* NULL: that of the checks */
} rgm_short;

/* At its start, laid out over RGM_SHORT_STEPS steps. Close it whatever is returned. [main] */
rgm_status rgm_short_open(rgm_checking *c, const rgm_short *wish, rgm_lab_bench *bench, rgm_error *err);

/* Makes `count` steps from step `first` on; *loss: the mean of the last one's batch. [main] */
rgm_status rgm_short_train(const rgm_checking *c, const rgm_lab_bench *bench, int64_t first, int64_t count,
                           double *loss, rgm_error *err);

/* The first component of the session that is no built-in one, "optimizer slow (slow.so)"; "" if all are. Returns text.
 */
enum { RGM_SHORT_FOREIGN = 192 };
const char *rgm_short_foreign(const rgm_session *session, char text[RGM_SHORT_FOREIGN]);

/* A real setting of a component; `otherwise` if it has none of that name. */
double rgm_short_setting(const rgm_instance *instance, const char *key, double otherwise);

#endif
