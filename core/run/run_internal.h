/* A training between its parts: begin.c (folder, resume), run.c (loop and events), end.c (result and summary). */
#ifndef RGM_RUN_RUN_INTERNAL_H
#define RGM_RUN_RUN_INTERNAL_H

#include "run/record.h"
#include "run/run.h"
#include "run/watching.h"

typedef struct rgm_run {
    const rgm_run_options *o;
    rgm_run_parts parts;
    rgm_runfolder folder; /* its path is "" without files */
    rgm_record record;
    rgm_progress progress;
    rgm_watching *watching; /* NULL: before the run has begun, or there was no memory */
    rgm_snapshot *best;     /* the best state of a run that writes no files and may end early; else NULL */
    rgm_tally judged;       /* the last evaluation of an epoch; seen 0: none */
    int64_t saved_step;     /* of last.h5, or of best.h5 without it; -1: there is none */
    int32_t begins;         /* RGM_BEGINS_* */
    int32_t through;        /* 1: its end is told */
    rgm_run_summary *summary;
} rgm_run;

/* ---- begin.c ---- */

/* The weights that a new run begins with, and a word if they were made for other pixels or classes. */
rgm_status rgm_run_load_weights(rgm_run *run, rgm_error *err);

/* The folder, new or of the run that is resumed, with its log. */
rgm_status rgm_run_open_folder(rgm_run *run, rgm_error *err);

/* Where the run stands before its first step; *finished: 1 if nothing is left to do. */
rgm_status rgm_run_begin(rgm_run *run, int32_t *finished, rgm_error *err);

/* ---- end.c ---- */

/* How the run stands, and how it ended or is going to (`ending`: RGM_END_*). */
void rgm_run_summarize(rgm_run *run, int32_t ending);

/* Fills in what an evaluation gave. */
void rgm_run_count(rgm_run_summary *summary, int32_t split, const rgm_tally *tally);

/* `images` in `seconds`, each of `flops` operations. */
void rgm_run_pace(rgm_run_summary *summary, double images, double seconds, double flops);

/* The loop has come to its end: the result, the end in the metrics, the event. */
rgm_status rgm_run_finish(rgm_run *run, int32_t ending, rgm_error *err);

/* It has not, or the result failed: what goes on, and the end in the metrics. Returns what the run returns. */
rgm_status rgm_run_give_up(rgm_run *run, rgm_status status, rgm_error *err);

#endif
