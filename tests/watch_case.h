/* A session with its trainer on a small set, for the tests of what a training is watched for. */
#ifndef RGM_TESTS_WATCH_CASE_H
#define RGM_TESTS_WATCH_CASE_H

#include <check.h>
#include "make_set.h"
#include "train/trainer_internal.h"
#include "train_run.h"

/* Of the test that runs: a folder, a set in it with 60 training images in three classes, the last error. */
extern char *folder, set_path[512];
extern rgm_error err;

#define NEED(call) ck_assert_msg((call) >= 0, "%s", err.text)

typedef struct bench {
    rgm_config *config;
    rgm_session *session;
    rgm_trainer *trainer;
} bench;

/* A configuration (YAML without data) on that set, the caller's. */
rgm_config *configure(const char *text, int32_t threads);

bench begin_with(const char *text, int32_t threads, const rgm_trainer_knobs *knobs);
bench begin(const char *text, int32_t threads);
void end(bench *b);

/* Makes step `number`; what it shows. */
const rgm_watch_step *step(bench *b, int64_t number);

/* The parameters as they are, the caller's. */
float *copy_values(const bench *b);

/* Configurations of all families of nets. */
enum { MODELS = 6 };
extern const char *const models[MODELS];

/* The test cases of the other files, each in a folder of its own. */
TCase *watch_case(const char *name);
TCase *watch_kept(void);
TCase *watch_rules(void);
TCase *watch_runs(void);

/* The same test so many times. */
void add(TCase *c, const TTest *test, int times);

#endif
