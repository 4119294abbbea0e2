/* Training runs for tests. Each run has a process of its own, as a resumed run has in life: the test's process never
 * starts a team. */
#ifndef RGM_TESTS_TRAIN_RUN_H
#define RGM_TESTS_TRAIN_RUN_H

#include "train/loop.h"

enum { RUN_LOSSES = 512 };

/* A data set of random pixels that say something about their labels. */
typedef struct run_set {
    int32_t H, W, C, classes;
    int64_t train, test, validation;
    const int32_t *labels; /* of the training split, a period of label_count; NULL: cyclic */
    int32_t label_count;
    int32_t seed; /* of the pixels */
} run_set;

void run_set_write(const char *path, const run_set *set);

typedef struct run_job {
    const char *config;      /* YAML */
    const char *last, *best; /* checkpoints to write, or NULL */
    const char *resume;      /* checkpoint to go on from, or NULL */
    const char *evaluate;    /* checkpoint whose test split is evaluated, with its constants; no run. Or NULL */
    int32_t held_out;        /* 1: what its run held out for validation is evaluated instead */
    int32_t begins;          /* RGM_BEGINS_*: whose it is */
    const char *load_before; /* checkpoint whose weights a new run begins with, or NULL */
    const char *load_after;  /* checkpoint whose weights are loaded before the dump, or NULL */
    const char *dump;        /* raw file of all arrays at the end, or NULL */
    int64_t stop_at;         /* asks to stop once so many steps are done; 0: never */
    int32_t stop_in;         /* asks to stop in evaluation number stop_in, from 1, before its second batch; 0: never */
    int32_t threads;         /* 0: as the configuration says */
    const char *build;       /* replaces the session's build text, or NULL */
    const char *log;         /* file that the log's lines are added to, or NULL */
    int32_t asks_stop;       /* 1: the session's own stop says yes, too, once the run is asked to stop */
} run_job;

typedef struct run_result {
    rgm_status status;
    int32_t crashed; /* the process did not end by itself */
    int32_t ending, differs, evaluations, saves;
    rgm_progress progress; /* without seconds */
    int64_t steps_per_epoch, validation;
    double loss[RUN_LOSSES], norm[RUN_LOSSES]; /* mean loss and gradient norm of the process' steps, in order */
    double test_loss;                          /* mean over the test split at the end, if there is one */
    int64_t test_right;                        /* its predictions that are right */
    double validation_loss[RUN_LOSSES];        /* mean, of the process' evaluations */
    int32_t without_gain[RUN_LOSSES];          /* what was counted after each */
    int32_t steps;
    char error[508], build[256];
} run_result;

/* Runs it in a child process. */
void run(const run_job *job, run_result *result);

/* The same, and fails the test unless it gives `status`. */
void run_expect(const run_job *job, rgm_status status, run_result *result);

/* 1 if two files have the same bytes; fails the test if one cannot be read. */
int same_files(const char *a, const char *b);

void copy_file(const char *from, const char *to);

#endif
