/* A run that is listened to: its events and messages, noted. */
#ifndef RGM_TESTS_HEARD_H
#define RGM_TESTS_HEARD_H

#include "run/run.h"

/* A letter an event: P prepared, O opened, B begun, s step, e epoch, v evaluated epoch, c checkpoint, T trained, F
 * finished, E ended. */
typedef struct heard {
    char story[256];
    char said[8192]; /* messages, a line each, behind the level's digit */
    char advised[1024];
    uint64_t bits; /* of parameters and statistics, when it was finished */
    rgm_run_summary finished, ended;
    int64_t stop_at; /* asks to stop after so many steps; 0: never */
    int64_t fail_at; /* an event fails after so many steps, with `failure` */
    rgm_status failure;
    int64_t steps;
    void (*within)(struct heard *h, int64_t step); /* called in each step's event */
} heard;

/* What notes a run's events in *h; and its stop, which h->stop_at asks for. */
rgm_run_events heard_events(heard *h);
int32_t heard_asked(void *h);

#endif
