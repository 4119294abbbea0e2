/* Waiting for a word to change: a bounded spin, then sleep (futex). The team's barrier and its pthread backend use it.
 */
#ifndef RGM_BASE_WAIT_H
#define RGM_BASE_WAIT_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct rgm_event {
    _Atomic uint32_t word;
    _Atomic int32_t sleepers;
} rgm_event;

/* Returns once event->word differs from `old`; at most `spins` looks before it sleeps. What was written before the
 * bump is visible after. */
void rgm_event_wait(rgm_event *event, uint32_t old, int32_t spins);

/* Adds one to the word and wakes all sleepers. */
void rgm_event_bump(rgm_event *event);

/* A barrier for `count` threads, usable again at once. Zero-initialise. */
typedef struct rgm_barrier {
    _Alignas(64) _Atomic int32_t arrived;
    _Alignas(64) rgm_event passed;
} rgm_barrier;

void rgm_barrier_wait(rgm_barrier *barrier, int32_t count, int32_t spins);

#endif
