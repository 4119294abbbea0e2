/* The effective configuration of a run: one plain value, filled by the table of options (train/option.h).
 *
 * Components (augmentations, optimizer, ...) are kept as rgm_spec. Their settings are checked later by plug/ against
 * the component's own parameters; the line and column for its messages are in each rgm_setting.
 *
 * Order of precedence, lowest first:
 *     rgm_config_init()    the defaults, or those of the model (rgm_config_suit)
 *     rgm_config_read()    a file
 *     rgm_config_set()     flags and --set in the order of the command line
 * A component that is named again replaces the earlier one with all its settings. `optimizer.lr=0.05` changes one
 * setting of the component that is there.
 *
 * The struct is about 300 KiB: keep it static, on the heap or in a long-lived object, not in a deep stack.
 */
#ifndef RGM_TRAIN_CONFIG_H
#define RGM_TRAIN_CONFIG_H

#include <stddef.h>
#include "base/status.h"
#include "plug/spec.h"
#include "train/option.h"

enum { RGM_CONFIG_PATH = 1024, RGM_CONFIG_TEXT = 512, RGM_CONFIG_NAME = 64, RGM_CONFIG_LIST = 16, RGM_CONFIG_INTS = 4 };

/* Choices; option.c has their words. */
enum { RGM_STEM_AUTO = 0, RGM_STEM_SMALL = 1, RGM_STEM_IMAGENET = 2, RGM_STEM_COUNT = 3 };
enum { RGM_SHORTCUT_A = 0, RGM_SHORTCUT_B = 1, RGM_SHORTCUT_COUNT = 2 };
enum { RGM_HEAD_AUTO = 0, RGM_HEAD_SOFTMAX = 1, RGM_HEAD_LOGIT = 2, RGM_HEAD_COUNT = 3 };
/* What the rule of train/suit.h chose. */
enum { RGM_SUITED_BATCH = 1, RGM_SUITED_EPOCHS = 2, RGM_SUITED_RATE = 4 };
/* What becomes of a step that is not finite (policy.h). */
enum { RGM_POLICY_STOP = 0, RGM_POLICY_SKIP = 1, RGM_POLICY_REWIND = 2, RGM_POLICY_COUNT = 3 };
enum { RGM_SPIKES_NOTE = 0, RGM_SPIKES_STOP = 1, RGM_SPIKES_SKIP = 2, RGM_SPIKES_REWIND = 3, RGM_SPIKES_COUNT = 4 };
enum { RGM_METRIC_ACCURACY = 0, RGM_METRIC_LOSS = 1, RGM_METRIC_COUNT = 2 };

/* An ordered list of components. */
typedef struct rgm_spec_list {
    int32_t count;
    rgm_spec items[RGM_CONFIG_LIST];
} rgm_spec_list;

/* A list of integers; those behind the last are 0. */
typedef struct rgm_ints {
    int32_t count, items[RGM_CONFIG_INTS];
} rgm_ints;

/* Texts are NUL-terminated UTF-8 without control characters; "" means "not given". Booleans are 0 or 1. */
typedef struct rgm_config {
    struct {
        char file[RGM_CONFIG_PATH];    /* the HDF5 set */
        char exclude[RGM_CONFIG_PATH]; /* the list of images that are left out of it; "": none */
        double validation; /* fraction of the training split held out, unless the set has a validation split */
    } data;
    struct {
        char name[RGM_CONFIG_NAME]; /* "resnet20", ...; "auto" until rgm_config_fit() */
        int32_t stem;               /* RGM_STEM_*; auto until rgm_config_fit() */
        int32_t image[3];           /* C, H, W; zeros until rgm_config_fit() unless given */
        int32_t classes;            /* 0: from the data */
        int32_t head;               /* RGM_HEAD_*; auto is softmax, or one logit if named */
        double width;               /* multiplies every channel count of the family */
        int32_t base;               /* channels of the first stage; 0: the family's own */
        rgm_ints blocks;            /* of each stage; none: the family's own */
        int32_t shortcut;           /* RGM_SHORTCUT_* */
        int32_t zero_init;          /* the last scale of every residual block starts at 0 */
    } model;

    int32_t batch;
    int32_t epochs;
    int64_t steps; /* stop after so many in all; 0: after `epochs` */
    uint64_t seed; /* below 2^63 */

    int32_t threads;           /* 0: all CPUs this process may use */
    int32_t pin;               /* RGM_PIN_* (base/team.h) */
    char isa[RGM_CONFIG_NAME]; /* "auto" or a name for rgm_isa_choose() */
    int32_t memory;            /* RGM_MEMORY_* (plan/plan.h) */
    struct {
        int32_t conv; /* RGM_WAY_* (plan/plan.h) */
    } engine;

    rgm_spec init; /* the convolutions and hidden layers; the classifier starts at N(0, 0.01) */
    rgm_spec_list
        init_layers; /* initializers of the parameters that their `layers` names, over all that stands above */
    int32_t prior_bias;
    rgm_spec_list augment; /* applied in this order */
    rgm_spec optimizer;
    rgm_spec scheduler; /* factors of the optimizer's lr */
    double warmup;      /* linear, before the schedule: below 1 a fraction of the run, else epochs; 0: none */
    rgm_spec_list regularize;
    double dropout; /* rate before the classifier; 0: none */
    rgm_spec loss;
    double clip_norm; /* global gradient norm; 0: no clipping */

    struct {
        int32_t patience; /* evaluations without a gain before the run stops; 0: never */
        double gain;      /* the least change of the metric that counts */
        int32_t metric;   /* RGM_METRIC_*, on the validation split; also chooses best.h5 */
    } early_stop;
    struct {
        int32_t every; /* epochs between evaluations */
    } evaluate;
    struct {
        int32_t every;  /* epochs between checkpoints */
        double minutes; /* and at the latest after so many minutes; 0: only by epochs */
    } save;
    struct {
        int32_t every; /* steps between `step` events in metrics.jsonl */
    } metrics;
    int32_t tensorboard; /* 1: events for TensorBoard, too */

    struct {
        int32_t policy; /* RGM_POLICY_*: what becomes of a step that is not finite */
        int32_t spikes; /* RGM_SPIKES_*: what becomes of a step whose loss is a spike */
        int32_t most;   /* skipped in a row, or rewinds of a run, at most */
    } watch;

    struct {
        int32_t count;
        char paths[RGM_CONFIG_LIST][RGM_CONFIG_PATH];
    } plugins; /* own plugins, beside the installed ones */

    char checkpoint[RGM_CONFIG_PATH]; /* train: weights to start from; eval: what to evaluate */
    char out[RGM_CONFIG_PATH];        /* run folder; "": runs/MODEL-N */
    char hypothesis[RGM_CONFIG_TEXT]; /* what the run is to find out; "": nothing is said. It decides nothing */

    /* Where it comes from. */
    char source[RGM_CONFIG_PATH]; /* the YAML file that lines and columns of settings belong to; "": none */
    uint64_t given; /* a bit for each option of the table that a file, a flag or --set has named: rgm_config_given() */
    int32_t suited; /* RGM_SUITED_* that rgm_config_fit() chose by the set */
} rgm_config;

/* --- filling, checking, writing ------------------------------------------------------------------------------------
 */

/* All defaults. RGM_E_NOMEM. */
rgm_status rgm_config_init(rgm_config *config, rgm_error *err);

/* A default that a model has instead of the table's. */
typedef struct rgm_model_default {
    const char *model, *key;
    const char *value; /* YAML */
} rgm_model_default;

/* All of them; *count is their number. docs/CONFIG.md has the table. */
const rgm_model_default *rgm_model_defaults(size_t *count);

/* Puts the defaults of model `name` over those of the table, or of another model, but for options that are given. A
 * model without any has those of the table, and so has an unknown one. Call it between the file and what may set a part
 * of an option ("optimizer.lr"). */
rgm_status rgm_config_suit(rgm_config *config, const char *name, rgm_error *err);

/* 1 if a file, a flag or --set has named the option, or a setting in it. */
int32_t rgm_config_given(const rgm_config *config, const char *key);

/* From now on nobody has named it; its value stays. */
void rgm_config_forget(rgm_config *config, const char *key);

/* Reads a YAML file over what *config holds. Strict: RGM_E_USAGE for an unknown or repeated key, a wrong type, or a
 * value out of range. "FILE:LINE:COLUMN: " stands in front. RGM_E_IO if it cannot be read. Refused as well: anchors,
 * aliases, tags, several documents, more than 256 KiB. On failure *config is unspecified. */
rgm_status rgm_config_read(rgm_config *config, const char *path, rgm_error *err);

/* The same from memory; `name` stands for the file in messages. */
rgm_status rgm_config_parse(rgm_config *config, const char *text, size_t size, const char *name, rgm_error *err);

/* Sets one option or one setting of a component from text. The keys by example:
 *     an option                    "batch", "data.file", "model.blocks.0"
 *     a component, in YAML         "optimizer" ("adam", "{adam: {lr: 1e-3}}"), "augment.0"
 *     a chain, in YAML             "augment" ("[flip, {crop: {padding: 4}}]")
 *     a setting                    "optimizer.lr", "optimizer.sgd.lr"
 *     of a chain's component       "augment.0.padding", "augment.0.crop.padding", "augment.crop.padding"
 *     within a setting's lists     "augment.0.random.of.1.crop.padding"
 * The value of a setting is a text as it stands, or YAML if it is in brackets or braces. RGM_E_USAGE about the key. */
rgm_status rgm_config_set(rgm_config *config, const char *key, const char *value, rgm_error *err);

/* The same from "key=value". */
rgm_status rgm_config_assign(rgm_config *config, const char *assignment, rgm_error *err);

/* What no single option can see: a run with a length, a warmup shorter than it. Call it after the last change. */
rgm_status rgm_config_check(const rgm_config *config, rgm_error *err);

/* Replaces what is "auto" by what the data says:
 *     image size    the set's; given channels must match
 *     model         resnet20 up to 64 pixels, resnet18 above
 *     stem          of a ResNet: small up to 64 pixels
 *     classes       the set's
 * With `suit`, batch, epochs and rate follow from the set where they are not given (train/suit.h).
 * The batch is cut to the set's images. A batch that is not given may leave out RGM_BATCH_LOSS of them in each epoch.
 * One that would leave out more becomes the nearest one, from half of it up, that leaves out next to none. */
#define RGM_BATCH_LOSS 0.1
typedef struct rgm_config_data {
    int32_t channels, height, width, classes;
    int64_t images; /* of the split that steps are made of; 0: not known */
    int32_t suit;   /* 1: for a training whose images are known */
} rgm_config_data;
rgm_status rgm_config_fit(rgm_config *config, const rgm_config_data *data, rgm_error *err);

/* The batch in [low, high] that is nearest to `batch` and leaves out at most 1 % of `images`. If none does: the one
 * that leaves out the least. */
int64_t rgm_batch_near(int64_t images, int64_t batch, int64_t low, int64_t high);

/* The configuration as YAML, every key with its value; reading it over the defaults gives an equal configuration.
 * *text is NUL-terminated, to be freed by the caller. RGM_E_NOMEM. */
rgm_status rgm_config_print(const rgm_config *config, char **text, size_t *size, rgm_error *err);

/* The value of the option `key` alone, as YAML in one line without a newline: "0.1", "{sgd: {lr: 0.3}}". *text is to be
 * freed by the caller. RGM_E_NOMEM; RGM_E_USAGE if there is no such option. */
rgm_status rgm_config_value(const rgm_config *config, const char *key, char **text, rgm_error *err);

/* Prints it into a file, replacing it. */
rgm_status rgm_config_write(const rgm_config *config, const char *path, rgm_error *err);

/* The key of the first option in the order of the table that differs; NULL if none does. Options in `except`
 * (NULL-terminated, or NULL) are passed over. Lines and columns of settings do not count. */
const char *rgm_config_difference(const rgm_config *a, const rgm_config *b, const char *const *except);

/* 1 if the option `key` differs. */
int32_t rgm_config_differs(const rgm_config *a, const rgm_config *b, const char *key);

#endif
