/* A question that long work asks now and then: shall it stop? The one who starts the work hands the answer in, so that
 * no room below the command line knows of signals. Zeroed, it never says yes. */
#ifndef RGM_BASE_STOP_H
#define RGM_BASE_STOP_H

#include <stdint.h>

typedef struct rgm_stop {
    int32_t (*asked)(void *context); /* nonzero: stop soon, with RGM_E_INTERRUPTED. Any thread, cheap. NULL: never */
    void *context;
} rgm_stop;

static inline int32_t rgm_stop_asked(const rgm_stop *stop) { return stop->asked && stop->asked(stop->context); }

#endif
