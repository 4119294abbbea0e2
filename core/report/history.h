/* What a run folder tells of its run: config.yaml and metrics.jsonl, read in memory of fixed size whatever their
 * length.
 *
 * The folder may be that of a run that still goes on, that was killed, or whose files are damaged or from elsewhere.
 * Lines that are no events are counted and passed over. So are events of an earlier step than the one before. A line
 * that is not ended yet is passed over.
 */
#ifndef RGM_REPORT_HISTORY_H
#define RGM_REPORT_HISTORY_H

#include "base/stop.h"
#include "report/runfolder.h"
#include "report/trace.h"

enum { RGM_HISTORY_EVALUATIONS = 1024, RGM_HISTORY_MARKS = 512, RGM_HISTORY_TEXT = 192, RGM_HISTORY_YAML = 64 << 10 };

typedef struct rgm_history_evaluation {
    int64_t step, images; /* images 0: not told */
    int32_t epoch;
    double loss, accuracy, low, high; /* NaN: not told, or not finite */
} rgm_history_evaluation;

/* Steps at which something happened; of more than have room, every second, every fourth, ... */
typedef struct rgm_history_marks {
    int64_t total, each;
    int32_t count;
    int64_t steps[RGM_HISTORY_MARKS];
} rgm_history_marks;

typedef struct rgm_history {
    char folder[RGM_RUNFOLDER_PATH]; /* as it was named */
    char name[RGM_HISTORY_TEXT];     /* its last part */

    rgm_config *config;                /* NULL: it cannot be read */
    char config_fault[RGM_ERROR_LINE]; /* why */
    char *yaml;                        /* the file's text, RGM_HISTORY_YAML bytes at most; NULL: none */
    int32_t has_last, has_best;        /* checkpoints */
    char model[RGM_HISTORY_TEXT], isa[RGM_HISTORY_TEXT];
    int64_t parameters;
    int32_t threads, classes; /* 0: not known */
    uint64_t seed;

    /* of training batches, by step */
    rgm_trace loss, accuracy, rate, norm, pace; /* pace: images/s */
    int64_t steps;                              /* the last step that anything was told of */
    int32_t epochs;                             /* ended */
    double epoch_steps;                         /* steps of an epoch; NaN: not known, or not the same */
    int64_t not_finite, not_finite_step;        /* losses of steps that are not finite; the first one's step */

    /* of the validation split, in order; of more than have room, every second, every fourth, ... */
    int64_t evaluation_count, evaluation_each;
    int32_t evaluation_kept;
    rgm_history_evaluation evaluations[RGM_HISTORY_EVALUATIONS];
    rgm_history_evaluation best, last; /* best by early_stop.metric; images -1: there was none */
    rgm_history_evaluation test;       /* of the test split, at the run's end; images -1: none */

    rgm_history_marks checkpoints, resumes;
    rgm_history_marks skips, rewinds; /* train/policy.h */
    int64_t spiked;                   /* of both, those for a spike of the loss */
    int32_t ended;                    /* 1: it has told its end */
    char reason[RGM_HISTORY_TEXT];    /* of the end */
    double seconds, images_per_s;     /* of all; NaN: not told */

    int64_t events, damaged; /* lines read; lines passed over */
    int32_t cut;             /* 1: the last line is not ended */
} rgm_history;

/* Reads a folder that holds config.yaml or metrics.jsonl; files that are missing are none. RGM_E_USAGE if it holds
 * neither, RGM_E_IO if there is no such folder or a file cannot be read, RGM_E_NOMEM, RGM_E_INTERRUPTED. */
rgm_status rgm_history_read(rgm_history **history, const char *folder, const rgm_stop *stop, rgm_error *err);
void rgm_history_free(rgm_history *history); /* NULL is fine */

/* What counts as the run's result: the test split's evaluation, else the last one of the validation split; NULL: there
 * is none. *split: its name. */
const rgm_history_evaluation *rgm_history_result(const rgm_history *history, const char **split);

/* Runs of one page whose folders have the same last part get longer names. */
void rgm_history_distinguish(rgm_history *const *histories, int32_t count);

/* The step as a share of epochs if epoch_steps is known, else the step. */
double rgm_history_x(const rgm_history *history, double step);

#endif
