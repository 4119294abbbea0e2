/* The table of checks, and what a check works with.
 *
 * A check is a function that fills a verdict:
 *
 *     rgm_status rgm_check_loss_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
 *         ...
 *         if (apart <= 0.1) return rgm_check_pass(v, "loss %.3f, expected %.3f", loss, expected);
 *         rgm_check_fail(v, "loss %.3f, expected %.3f", loss, expected);
 *         rgm_check_cause(v, "the classifier starts too large");
 *         rgm_check_edit(v, "init", "he");
 *         return RGM_OK;
 *     }
 *
 * Thresholds compare a net with its twin, or have a source or a measurement beside them. A healthy set-up gets no
 * verdict but PASS. What one short run cannot show is NOT CHECKED with the reason.
 */
#ifndef RGM_CHECK_CHECKS_H
#define RGM_CHECK_CHECKS_H

#include "check/check.h"
#include "check/lab.h"
#include "report/inspection.h"
#include "train/trainer.h"

/* Places of what checks keep. */
enum {
    RGM_KEPT_CHEAP,
    RGM_KEPT_TRAITS,
    RGM_KEPT_FOUND,
    RGM_KEPT_SEEN,
    RGM_KEPT_LOSS,
    RGM_KEPT_NET,
    RGM_KEPT_TWIN,
    RGM_KEPT_STEP,
    RGM_KEPT_RUN,
    RGM_KEPT_MIDDLE,
    RGM_KEPT_ENDED,
    RGM_KEPT_RATE,
    RGM_KEPT_COUNT
};

/* What checks share; made as it is asked for, and kept to the end. */
typedef struct rgm_checking {
    const rgm_check_options *options;
    const rgm_config *given;    /* the user's configuration */
    rgm_config *config;         /* the same, fitted to the data */
    rgm_session *session;       /* of training, with everything but a trainer */
    rgm_device *device;         /* the session's */
    rgm_trainer *trainer;       /* rgm_checking_trainer(); NULL: not asked for yet */
    int32_t stepped;            /* 1: the trainer has made steps, and is made anew when it is asked for */
    rgm_inspection *inspection; /* rgm_checking_inspection(); NULL: not asked for yet */
    rgm_lab_set small;          /* rgm_checking_small() */
    rgm_lab_result *healthy;    /* rgm_checking_reference() */
    void *kept[RGM_KEPT_COUNT]; /* rgm_checking_keep() */
    void (*drop[RGM_KEPT_COUNT])(void *kept);
} rgm_checking;

/* Something that a family's checks share. */
typedef struct rgm_kept {
    int32_t place; /* RGM_KEPT_* */
    size_t bytes;
    rgm_status (*make)(rgm_checking *c, void *kept, rgm_error *err); /* fills it; it arrives zeroed */
    void (*drop)(void *kept); /* frees it with what it owns, also if it was left half made */
} rgm_kept;

/* Gives it, made at the first call; it lives until the checks end. Errors of `make`, RGM_E_NOMEM. [main] */
rgm_status rgm_checking_keep(rgm_checking *c, const rgm_kept *what, void **kept, rgm_error *err);

/* A trainer of the session at the values that training starts from. It is made anew if a check has set `stepped`.
 * [main] */
rgm_status rgm_checking_trainer(rgm_checking *c, rgm_trainer **trainer, rgm_error *err);

/* The inspection of the set, without a model's answers. NULL with RGM_OK under --quick, for a set that takes minutes.
 * [main] */
rgm_status rgm_checking_inspection(rgm_checking *c, const rgm_inspection **inspection, rgm_error *err);

/* How many images of the set are held in memory at once, at most `most`: what 64 MiB have room for, and 2 more. They
 * are held as they are stored, encoded pictures in the model's size. */
int64_t rgm_checking_fit(const rgm_checking *c, int64_t most);

/* Images in memory that short trainings share: at most RGM_SMALL_TRAIN and RGM_SMALL_VALIDATION. [main] */
enum { RGM_SMALL_TRAIN = 4096, RGM_SMALL_VALIDATION = 1024 };
rgm_status rgm_checking_small(rgm_checking *c, const rgm_lab_set **set, rgm_error *err);

/* The configured training on these images, RGM_REFERENCE_STEPS steps with the configured rate and schedule's start:
 * what others are compared with. [main] */
enum { RGM_REFERENCE_STEPS = 100 };
rgm_status rgm_checking_reference(rgm_checking *c, const rgm_lab_result **result, rgm_error *err);

/* A training of the user's configuration with settings over it, on a set. [main] */
rgm_status rgm_checking_train(rgm_checking *c, const rgm_dataset *set, rgm_lab_settings settings, int64_t steps,
                              rgm_lab_result *result, rgm_error *err);

/* ---- filling a verdict ---- */

rgm_status rgm_check_pass(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
rgm_status rgm_check_warn(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
rgm_status rgm_check_fail(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
rgm_status rgm_check_not(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next likely cause; the first one is the likeliest. */
void rgm_check_cause(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A part of the edit, as --set key=value. */
void rgm_check_edit(rgm_verdict *v, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The edit in words or as a command, where it is no setting. */
void rgm_check_mend(rgm_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the table ---- */

typedef rgm_status (*rgm_check_fn)(rgm_checking *c, rgm_verdict *v, rgm_error *err);

typedef struct rgm_check_row {
    rgm_check_about about;
    int32_t rank; /* report/verdicts.h; 10 for what is read off, 50 for what a training shows */
    rgm_check_fn run;
} rgm_check_row;

/* Each family has a table of its own, in its file, ended by a NULL name; checks.c puts them one behind the other. */
extern const rgm_check_row rgm_checks_data[];     /* D: check_data.c */
extern const rgm_check_row rgm_checks_input[];    /* P: check_input.c */
extern const rgm_check_row rgm_checks_model[];    /* M: check_model.c */
extern const rgm_check_row rgm_checks_start[];    /* I: check_start.c */
extern const rgm_check_row rgm_checks_loss[];     /* L: check_loss.c */
extern const rgm_check_row rgm_checks_step[];     /* O: check_step.c */
extern const rgm_check_row rgm_checks_training[]; /* short trainings, any family: check_training.c */
extern const rgm_check_row rgm_checks_run[];      /* E: check_run.c */

#endif
