/* A run: a training from its configuration to its summary. (Evaluations and predictions: predictor.h.)
 *
 *     rgm_run_events events = {.context = &mine, .step = on_step, .message = on_message};
 *     rgm_run_options options = {.config = &config, .stop = {asked, &mine}, .events = events};
 *     rgm_run_summary summary;
 *     rgm_status status = rgm_run_train(&options, &summary, &err);
 *
 * Who drives whom: the caller -> run/run.c -> train/loop.c -> train/trainer.c.
 * The run makes the session and the trainer, keeps the run folder with its metrics, checkpoints and log, and measures
 * the result. It prints nothing, ends no process, changes no signal, folder or level of the log, and has no state
 * outside the call. What there is to say comes out as events; a stop goes in; a summary comes back.
 *
 * Two runs share nothing: they may follow each other, one may be made within an event of another, and two threads may
 * make one each. What limits that is said by train/device.h.
 */
#ifndef RGM_RUN_RUN_H
#define RGM_RUN_RUN_H

#include "report/runfolder.h"
#include "train/loop.h"
#include "train/resume.h"
#include "train/snapshot.h"

/* ---- what comes back ---- */

/* How a run that is not through goes on. */
enum {
    RGM_GOES_ON_NOT = 0, /* it was refused before its first step, had no folder, or was ended by an event's verdict */
    RGM_GOES_ON_RESUMED, /* resumed from `folder`: after `saved_step`, or from its first step if that is -1 */
    RGM_GOES_ON_ANEW, /* resumed, it comes to the same numbers; a new one may begin with `checkpoint`, a lower rate */
    RGM_GOES_ON_GONE, /* its folder, or config.yaml in it, is gone */
    RGM_GOES_ON_DONE, /* it is through: what failed came after its end */
    RGM_GOES_ON_OCCUPIED /* refused: `folder` holds another run, which can be resumed */
};

/* Plain values; texts are "" and counts 0 where there is nothing to say. */
typedef struct rgm_run_summary {
    rgm_status status; /* what the function returned */
    int32_t ending;    /* RGM_END_*, of a run that is through */
    char reason[128];  /* how it ended, as in metrics.jsonl: "complete", "interrupted", "failed", or why it ended before
                          its length: "after 5 steps, as asked" */
    int64_t step;      /* made in all, those before a resume included */
    int32_t epoch;     /* ended */

    int32_t split;   /* of the evaluation that is the result: RGM_SPLIT_*; -1: none was made */
    rgm_tally tally; /* of it */
    double accuracy, accuracy_low, accuracy_high, loss; /* fractions, with the 95 % interval; mean. NaN without one */

    double seconds;      /* of the training, or the evaluation; without set-up */
    double images_per_s; /* in that time */
    double gflops;       /* effective, as in report/summary.h */
    double data_share;   /* of the time of steps: waiting for pixels, making batches. NaN: none made, or resumed */
    size_t memory;       /* planned peak, bytes */

    char folder[RGM_CONFIG_PATH];        /* "": none */
    char checkpoint[RGM_RUNFOLDER_PATH]; /* whose weights the result is of; of RGM_GOES_ON_ANEW: what to begin with */
    int32_t goes_on;                     /* RGM_GOES_ON_* */
    int64_t saved_step;                  /* of the checkpoint that a resumed run begins with; -1: there is none */
    double rate;                         /* the optimizer's lr; 0: it has none */
} rgm_run_summary;

/* An empty one: nothing was done. */
void rgm_run_summary_start(rgm_run_summary *summary);

/* ---- what goes on ---- */

/* What runs, for events that look inside or measure. Valid until the event returns. An event may use the trainer if it
 * leaves the state as it was (train/snapshot.h). */
typedef struct rgm_run_parts {
    const rgm_session *session;
    rgm_trainer *trainer;
    const rgm_view *judged; /* what epochs are evaluated on; count 0: nothing */
    int32_t split;          /* which that is: RGM_SPLIT_* */
} rgm_run_parts;

/* Each may be NULL. All are called by the thread that called the run. Of those that return a status a failure ends the
 * run with it, as in train/loop.h. In the order of a run: */
typedef struct rgm_run_events {
    void *context;

    /* At any time, also from a worker of the team, one at a time: a line of what happens, RGM_LOG_* its level. Also
     * what other rooms log meanwhile, and what the events themselves log. It has no newline. log.txt has it, too, once
     * there is a folder. */
    void (*message)(void *context, int32_t level, const char *line);

    /* A line about a set-up that can hardly train (train/advice.h). NULL: a message of RGM_LOG_WARN. */
    void (*advice)(void *context, const char *line);

    /* Everything is made, nothing is written: a failure leaves nothing behind. */
    rgm_status (*prepared)(void *context, const rgm_run_parts *parts, rgm_error *err);

    /* The folder is there, and locked. Not without a folder. */
    void (*opened)(void *context, const rgm_runfolder *folder);

    /* The first step follows. `progress`: where a resumed run stands. Not for a resumed run that is through. */
    rgm_status (*begun)(void *context, const rgm_run_parts *parts, const rgm_progress *progress, rgm_error *err);

    rgm_status (*step)(void *context, const rgm_step_event *event, rgm_error *err);
    rgm_status (*epoch)(void *context, const rgm_epoch_event *event, rgm_error *err);
    rgm_status (*saved)(void *context, const char *path, const rgm_progress *progress, rgm_error *err);

    /* The loop has come back, whatever it returned; evaluations and the end follow. */
    void (*trained)(void *context);

    /* The run is through and its end is told in metrics.jsonl. The trainer has the weights of the result; of a run that
     * was through before, those of its last step. A failure is returned, but the run stays a finished one
     * (RGM_GOES_ON_DONE; with RGM_E_VERDICT RGM_GOES_ON_NOT). */
    rgm_status (*finished)(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary, rgm_error *err);

    /* The last event of a run that was prepared, however it ended. Its log is still open. */
    void (*ended)(void *context, const rgm_run_summary *summary);
} rgm_run_events;

/* ---- a training ---- */

enum { RGM_RUN_FOLDER = 0, RGM_RUN_NO_FILES = 1 };

typedef struct rgm_run_options {
    rgm_config *config; /* completed in place: fitted to the data, `out` set to the folder. The caller's */
    int32_t files;      /* RGM_RUN_FOLDER: config->out, or runs/MODEL-N below the current folder if that is "".
                           RGM_RUN_NO_FILES: nothing is written; what is worth keeping is in the trainer */
    const char *resume; /* the folder of a run to go on with, from rgm_run_config_of_folder(); NULL: a new run */
    rgm_device *device; /* ready machine and data set, shared with others as train/session.h says; or NULL: made of */
    const rgm_dataset *set;     /* the configuration, for this run */
    const rgm_exclude *exclude; /* images of `set` that are left out, of a run without files; NULL: data.exclude is
                                   read */
    int32_t on_result;          /* 1: epochs are evaluated on what the result is measured on, the test split if there is
                                   one. The last such evaluation is the result; best.h5 is chosen by it */
    double until;               /* the accuracy in an epoch's evaluation that ends the run; 0: it runs to its end */
    rgm_stop stop;              /* asked between steps and wherever something may take long */
    rgm_run_events events;
} rgm_run_options;

/* Trains. A resumed run goes on to the bits of one that was never stopped; one that is through is told again
 * (`finished`). The result is the accuracy on the test split, read once. It is that on the validation split if there is
 * no test split or the run was limited by `steps`. After an early stop it is that of the best state. `summary` is
 * filled whatever is returned:
 *     RGM_E_USAGE, ...     refused; a new run's folder comes last, so that nothing is left behind
 *     RGM_E_INTERRUPTED    stopped on request, after saving
 *     others               as rgm_loop_run() says, and what events return
 * [main: the thread that uses the team] */
rgm_status rgm_run_train(const rgm_run_options *options, rgm_run_summary *summary, rgm_error *err);

/* ---- a session without a run ---- */

/* A session (train/session.h), and log lines that say what it is made of: build, team, data. [main] */
rgm_status rgm_run_open(rgm_session **session, rgm_config *config, const rgm_session_options *options, rgm_error *err);

/* These lines. */
void rgm_run_tell(const rgm_device *device, const rgm_data *data);

#endif
