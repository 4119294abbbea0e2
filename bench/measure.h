/* What all benches share: timing several things side by side, medians and quartiles, tables, JSON.
 *
 *     rgm_measure()        warm-up, then repeats in which the things take turns, so that noise hits all of them
 *     rgm_spread           a median between its quartiles
 *     rgm_table_*          a text table with one label and some numbers a row
 *     rgm_bench_json()     the document that every bench writes and `bench compare` reads:
 *
 *         {"bench": "kernels", ..., "results": [{"name": "relu_fwd", "unit": "GB/s",
 *                                                "median": 31.2, "low": 30.9, "high": 31.6, ...}, ...]}
 *
 *     A bench that has a session says its model, image and batch too (rgm_bench_json_session). Names are unique within
 *     a document. A unit that ends in "/s" is a rate, where more is better; of anything else ("ms") less is. Further
 *     members of the document and of its results are the bench's own.
 */
#ifndef RGM_BENCH_MEASURE_H
#define RGM_BENCH_MEASURE_H

#include <jansson.h>
#include <signal.h>
#include "base/status.h"

struct rgm_session; /* train/session.h */
struct rgm_config;  /* train/config.h */
struct rgm_device;  /* train/device.h */

/* ---- samples ---- */

typedef struct rgm_spread {
    double low, median, high; /* quartiles */
} rgm_spread;

/* Of count >= 1 values, which are sorted; between two of them quartiles are interpolated. */
rgm_spread rgm_spread_of(double *values, int32_t count);

/* work / seconds: low and high change places. */
rgm_spread rgm_spread_rate(rgm_spread seconds, double work);
rgm_spread rgm_spread_scale(rgm_spread s, double factor); /* factor > 0 */

/* ---- timing ---- */

/* Something to time. */
typedef struct rgm_timed {
    rgm_status (*run)(void *context, int64_t calls, rgm_error *err); /* does it `calls` times */
    void *context;
    rgm_spread seconds; /* out: of one call */
    int64_t calls;      /* out: in each sample */
} rgm_timed;

typedef struct rgm_effort {
    int32_t repeats;                   /* samples of each */
    double sample;                     /* seconds that a sample takes at least */
    const volatile sig_atomic_t *stop; /* nonzero: RGM_E_INTERRUPTED between two samples; NULL: never */
    double (*clock)(void);             /* in seconds, for the tests; NULL: rgm_seconds() */
} rgm_effort;

/* RGM_E_INTERRUPTED if *stop is not zero; NULL never is. */
rgm_status rgm_bench_go_on(const volatile sig_atomic_t *stop, rgm_error *err);

/* Each is called more and more often until that takes a sample's time, which is the warm-up. Then come `repeats` rounds
 * of one sample each, every round beginning with another one. [main] */
rgm_status rgm_measure(rgm_timed *list, int32_t count, const rgm_effort *effort, rgm_error *err);

/* ---- tables on standard output ---- */

typedef struct rgm_column {
    const char *title;
    int32_t width, decimals; /* of the first column, the label, only the width counts */
} rgm_column;

void rgm_table_head(const rgm_column *columns, int32_t count);
/* values[0..count-1) belong to the columns behind the label; NaN prints as "-". No newline: a remark may follow. */
void rgm_table_row(const rgm_column *columns, int32_t count, const char *label, const double *values);

/* "resnet20, 1x28x28, batch 128, 2 threads, avx512", without a newline. */
void rgm_bench_print_session(const struct rgm_session *session);
void rgm_bench_print_model(const struct rgm_config *config, const struct rgm_device *device); /* the same without one */

/* ---- JSON ---- */

/* {"bench", "cpu", "isa" (unless NULL), "threads", "results": []}; NULL if memory is short. */
json_t *rgm_bench_json(const char *bench, const char *isa, int32_t threads);

/* The same of a session, with "model", "image", "batch" and "build". */
json_t *rgm_bench_json_session(const char *bench, const struct rgm_session *session);
json_t *rgm_bench_json_model(const char *bench, const struct rgm_config *config, const struct rgm_device *device);

/* Adds the members of `more`, which it releases, to the object; 0 if one of them is NULL or memory is short. */
int32_t rgm_bench_json_more(json_t *object, json_t *more);

/* Appends {"name", "unit", "median", "low", "high"} to the results and returns it (borrowed) for further members; NULL
 * if memory is short. */
json_t *rgm_bench_json_add(json_t *document, const char *name, const char *unit, rgm_spread s);

/* Writes the document where --json said (NULL: nowhere) and releases it; without a document RGM_E_NOMEM. */
rgm_status rgm_bench_json_write(json_t *document, const char *target, rgm_error *err);

#endif
