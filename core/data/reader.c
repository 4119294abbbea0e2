#include "data/reader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/altstack.h"
#include "data/order.h"

enum { ASK_MS = 100 }; /* how often a long wait asks whether to stop */

/* The reader fills number `filled`, then the next; the consumer uses `wanted`. Slots are number % RGM_READER_SLOTS. A
 * jump of the consumer restarts the reader at the new number; what it was reading then is of no use to anyone. */
struct rgm_reader {
    rgm_reader_plan plan;
    size_t image;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    int64_t wanted, filled;
    int64_t jumps;
    atomic_int stop; /* also looked at between the images of a batch */
    int running;
    rgm_error error; /* of batch number `filled`, while error.status is negative */
};

int64_t rgm_reader_sample(const rgm_reader_plan *plan, int64_t number, int64_t position) {
    int64_t place = number % plan->per_epoch * plan->batch + position;
    if (place >= plan->view.count) place = 0;
    rgm_order order =
        rgm_order_make(plan->seed, (uint32_t)(number / plan->per_epoch), (uint64_t)plan->view.count, plan->shuffled);
    return rgm_view_index(&plan->view, (int64_t)rgm_order_at(&order, (uint64_t)place));
}

/* Reads one batch, outside the mutex. */
static rgm_status read_batch(rgm_reader *reader, int64_t number, rgm_error *err) {
    const rgm_reader_plan *plan = &reader->plan;
    size_t slot = (size_t)(number % RGM_READER_SLOTS) * (size_t)plan->batch;
    for (int64_t i = 0; i < plan->batch && !reader->stop; i++) {
        int64_t index = rgm_reader_sample(plan, number, i);
        if (plan->staging)
            RGM_TRY(rgm_dataset_read(plan->view.set, plan->view.split, index,
                                     plan->staging + (slot + (size_t)i) * reader->image, err));
        else
            rgm_dataset_will_need(plan->view.set, plan->view.split, index);
    }
    return RGM_OK;
}

static int has_work(const rgm_reader *reader) {
    return reader->error.status == RGM_OK && reader->filled < reader->wanted + RGM_READER_SLOTS &&
           reader->filled < reader->plan.last;
}

static void *read_ahead(void *context) {
    rgm_reader *reader = context;
    pthread_mutex_lock(&reader->mutex);
    while (!reader->stop) {
        if (!has_work(reader)) {
            pthread_cond_wait(&reader->work, &reader->mutex);
            continue;
        }
        int64_t number = reader->filled, jumps = reader->jumps;
        pthread_mutex_unlock(&reader->mutex);
        rgm_error error = {0};
        error.status = read_batch(reader, number, &error);
        pthread_mutex_lock(&reader->mutex);
        if (jumps != reader->jumps) continue;
        if (error.status < 0)
            reader->error = error;
        else
            reader->filled++;
        pthread_cond_signal(&reader->done);
    }
    pthread_mutex_unlock(&reader->mutex);
    return NULL;
}

rgm_status rgm_reader_create(rgm_reader **out, const rgm_reader_plan *plan, rgm_error *err) {
    *out = NULL;
    rgm_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return rgm_fail(err, RGM_E_NOMEM, "read-ahead: out of memory");
    const rgm_dataset_info *info = rgm_dataset_describe(plan->view.set);
    reader->plan = *plan;
    reader->image = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    pthread_mutex_init(&reader->mutex, NULL);
    pthread_cond_init(&reader->work, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&reader->done, &attributes);
    pthread_condattr_destroy(&attributes);
    reader->wanted = -RGM_READER_SLOTS; /* nothing is read before the first wait */
    int failed = rgm_altstack_thread(&reader->thread, read_ahead, reader);
    if (failed) {
        rgm_reader_destroy(reader);
        return rgm_fail(err, RGM_E_NOMEM, "read-ahead: cannot start its thread: %s (limits: ulimit -u, ulimit -v)",
                        strerror(failed));
    }
    reader->running = 1;
    *out = reader;
    return RGM_OK;
}

void rgm_reader_destroy(rgm_reader *reader) {
    if (!reader) return;
    if (reader->running) {
        pthread_mutex_lock(&reader->mutex);
        reader->stop = 1;
        pthread_cond_signal(&reader->work);
        pthread_mutex_unlock(&reader->mutex);
        pthread_join(reader->thread, NULL);
    }
    pthread_cond_destroy(&reader->done);
    pthread_cond_destroy(&reader->work);
    pthread_mutex_destroy(&reader->mutex);
    free(reader);
}

/* Until batch `number` is there, failed, or nobody wants it any more. Inside the mutex. */
static rgm_status wait_for(rgm_reader *reader, int64_t number, rgm_error *err) {
    while (reader->filled <= number && reader->error.status == RGM_OK) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += ASK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&reader->done, &reader->mutex, &until) == ETIMEDOUT &&
            rgm_stop_asked(&reader->plan.stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped on request while it was being read",
                            rgm_dataset_describe(reader->plan.view.set)->path);
    }
    return reader->filled <= number ? rgm_fail(err, reader->error.status, "%s", reader->error.text) : RGM_OK;
}

rgm_status rgm_reader_wait(rgm_reader *reader, int64_t number, const uint8_t **pixels, rgm_error *err) {
    const rgm_reader_plan *plan = &reader->plan;
    pthread_mutex_lock(&reader->mutex);
    if (number < reader->wanted || number > reader->filled || reader->error.status < 0) {
        reader->jumps++;
        reader->filled = number;
        reader->error.status = RGM_OK; /* asking again is trying again */
    }
    reader->wanted = number;
    pthread_cond_signal(&reader->work);
    rgm_status status = plan->staging ? wait_for(reader, number, err) : RGM_OK;
    pthread_mutex_unlock(&reader->mutex);
    *pixels = plan->staging ? plan->staging + (size_t)(number % RGM_READER_SLOTS) * (size_t)plan->batch * reader->image
                            : NULL;
    return status;
}
