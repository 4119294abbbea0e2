#include "train/option.h"

#include <stdio.h>
#include <string.h>
#include "base/cpu.h"
#include "base/team.h"
#include "plan/plan.h"
#include "train/config_internal.h"

/* ---- words of the choices, each at its number ---- */

static const char *const stems[] = {
    [RGM_STEM_AUTO] = "auto", [RGM_STEM_SMALL] = "small", [RGM_STEM_IMAGENET] = "imagenet"};
static const char *const shortcuts[] = {[RGM_SHORTCUT_A] = "A", [RGM_SHORTCUT_B] = "B"};
static const char *const heads[] = {
    [RGM_HEAD_AUTO] = "auto", [RGM_HEAD_SOFTMAX] = "softmax", [RGM_HEAD_LOGIT] = "logit"};
static const char *const metrics[] = {[RGM_METRIC_ACCURACY] = "accuracy", [RGM_METRIC_LOSS] = "loss"};
static const char *const policies[] = {
    [RGM_POLICY_STOP] = "stop", [RGM_POLICY_SKIP] = "skip", [RGM_POLICY_REWIND] = "rewind"};
static const char *const spikes[] = {
    [RGM_SPIKES_NOTE] = "note", [RGM_SPIKES_STOP] = "stop", [RGM_SPIKES_SKIP] = "skip", [RGM_SPIKES_REWIND] = "rewind"};
static const char *const pins[] = {[RGM_PIN_AUTO] = "auto", [RGM_PIN_ON] = "on", [RGM_PIN_OFF] = "off"};
static const char *const memories[] = {[RGM_MEMORY_NORMAL] = "normal", [RGM_MEMORY_LOW] = "low"};
static const char *const ways[] = {
    [RGM_WAY_AUTO] = "auto",     [RGM_WAY_WINOGRAD] = "winograd", [RGM_WAY_WINOGRAD_2X2] = "winograd-2x2",
    [RGM_WAY_DIRECT] = "direct", [RGM_WAY_ONEDNN] = "onednn",     [RGM_WAY_ONEDNN_WINOGRAD] = "onednn-winograd"};
static const char *const isas[] = {"auto", [1 + RGM_ISA_REFERENCE] = "reference", [1 + RGM_ISA_GENERIC16] = "generic16",
                                   [1 + RGM_ISA_AVX2] = "avx2", [1 + RGM_ISA_AVX512] = "avx512"};

/* A number without a word is found here if it is the last, else by check_config. */
#define COUNT_OF(list) ((int32_t)(sizeof(list) / sizeof *(list)))
_Static_assert(COUNT_OF(stems) == RGM_STEM_COUNT, "each stem has a word");
_Static_assert(COUNT_OF(shortcuts) == RGM_SHORTCUT_COUNT, "each shortcut has a word");
_Static_assert(COUNT_OF(heads) == RGM_HEAD_COUNT, "each head has a word");
_Static_assert(COUNT_OF(metrics) == RGM_METRIC_COUNT, "each metric has a word");
_Static_assert(COUNT_OF(policies) == RGM_POLICY_COUNT, "each policy has a word");
_Static_assert(COUNT_OF(spikes) == RGM_SPIKES_COUNT, "each way with spikes has a word");
_Static_assert(COUNT_OF(pins) == RGM_PIN_COUNT, "each pinning has a word");
_Static_assert(COUNT_OF(memories) == RGM_MEMORY_COUNT, "each memory has a word");
_Static_assert(COUNT_OF(ways) == RGM_WAY_COUNT, "each way of a convolution has a word");
_Static_assert(COUNT_OF(isas) == 1 + RGM_ISA_COUNT, "each instruction set has a word, and auto");

/* ---- rows: the key is the path of the field, and the field's type is checked ---- */

#define MEMBER(path)      ((rgm_config *)0)->path
#define TYPED(path, c, t) _Generic(&MEMBER(path), c : RGM_OPTION_##t)
#define ROW(path, option_type, from, to, list, count, text, meaning)                                                   \
    {                                                                                                                  \
        .key = #path, .type = option_type, .offset = offsetof(rgm_config, path), .size = sizeof(MEMBER(path)),         \
        .low = from, .high = to, .words = list, .word_count = count, .fallback = text, .help = meaning                 \
    }
#define PLAIN(path, type, text, meaning) ROW(path, type, 0, 0, NULL, 0, text, meaning)

#define BOOL(path, text, meaning)           PLAIN(path, TYPED(path, int32_t *, BOOL), text, meaning)
#define INT(path, from, to, text, meaning)  ROW(path, TYPED(path, int32_t *, INT), from, to, NULL, 0, text, meaning)
#define REAL(path, from, to, text, meaning) ROW(path, TYPED(path, double *, REAL), from, to, NULL, 0, text, meaning)
#define COUNT(path, text, meaning)          PLAIN(path, RGM_OPTION_COUNT, text, meaning)
#define TEXT(path, text, meaning)           PLAIN(path, RGM_OPTION_TEXT, text, meaning)
#define CHOICE(path, list, text, meaning)                                                                              \
    ROW(path, TYPED(path, int32_t *, CHOICE), 0, 0, list, COUNT_OF(list), text, meaning)
#define WORD(path, list, text, meaning)      ROW(path, RGM_OPTION_WORD, 0, 0, list, COUNT_OF(list), text, meaning)
#define IMAGE(path, from, to, text, meaning) ROW(path, RGM_OPTION_IMAGE, from, to, NULL, 0, text, meaning)
#define INTS(path, from, to, text, meaning)  ROW(path, TYPED(path, rgm_ints *, INTS), from, to, NULL, 0, text, meaning)
#define SPEC(path, text, meaning)            PLAIN(path, TYPED(path, rgm_spec *, SPEC), text, meaning)
#define SPECS(path, text, meaning)           PLAIN(path, TYPED(path, rgm_spec_list *, SPECS), text, meaning)
#define PATHS(path, text, meaning)           PLAIN(path, RGM_OPTION_PATHS, text, meaning)

/* Keys of a group stand together: the writer opens a group once. docs/CONFIG.md has this order, too. */
static const rgm_option options[] = {
    TEXT(data.file, "''", "data set (HDF5)"),
    TEXT(data.exclude, "''", "images to leave out: a list that 'inspect --write-exclude' writes"),
    REAL(data.validation, 0, 0.9, "0.1",
         "fraction of the training split held out for validation, unless the set has a validation split"),
    TEXT(model.name, "auto", "model: resnet20, resnet50, mlp, ...; auto: resnet20 up to 64 pixels, resnet18 above"),
    CHOICE(model.stem, stems, "auto", "first layers: small (3x3) or imagenet (7x7, pool); auto: small up to 64 pixels"),
    IMAGE(model.image, 1, 16384, "auto", "channels, height and width of an image; auto: those of the data"),
    INT(model.classes, 0, 1000000, "0", "number of classes; 0: those of the data"),
    CHOICE(model.head, heads, "auto", "softmax over the classes, or one logit for two classes; auto: softmax"),
    REAL(model.width, 0.0625, 64, "1", "multiplies the channels of every layer"),
    INT(model.base, 0, 4096, "0", "channels of the first stage; 0: the model's own"),
    INTS(model.blocks, 1, 256, "[]", "residual blocks of each stage of a ResNet; []: the model's own"),
    CHOICE(model.shortcut, shortcuts, "B", "where a block changes shape: A pads with zeros, B projects"),
    BOOL(model.zero_init, "true", "start the last scale of every residual block at zero"),

    INT(batch, 1, 65536, "128", "images in a step, at most the set; unless given, fewer for a small set"),
    INT(epochs, 1, 1000000, "22", "passes over the training split; unless given, more for a small set"),
    COUNT(steps, "0", "stop after so many steps; 0: after the epochs"),
    COUNT(seed, "1", "seed of all random numbers"),
    INT(threads, 0, 256, "0", "threads; 0: the CPUs this process may use (the result is the same bits on any number)"),
    CHOICE(pin, pins, "auto", "pin threads to CPUs; auto: only if the run owns all CPUs it may use"),
    WORD(isa, isas, "auto", "vector instructions to use; auto: the best of the machine"),
    CHOICE(memory, memories, "normal",
           "low: keep less for the backward pass and make it again there; slower, the same bits"),
    CHOICE(engine.conv, ways, "auto",
           "how convolutions are computed; auto: by a fixed rule for each, which 'regimen plan' shows"),

    SPEC(init, "{he: {distribution: normal}}", "initializer of the weights (the classifier starts at N(0, 0.01))"),
    SPECS(init_layers, "[]",
          "initializers of the parameters whose names match their setting layers; of several the last one"),
    BOOL(prior_bias, "true", "set the classifier's bias from the class frequencies"),
    SPECS(augment, "[{crop: {padding: 2}}, flip]", "augmentations of the training images, in this order"),
    SPEC(optimizer, "{sgd: {lr: 0.3, momentum: 0.9, nesterov: true}}",
         "optimizer; its lr is the peak of the schedule, and goes with the batch unless given"),
    SPEC(scheduler, "{onecycle: {warm: 0.25}}", "schedule: factors of the optimizer's lr"),
    REAL(warmup, 0, 1000000, "0",
         "linear warmup before the schedule: below 1 a fraction of the run, else epochs; 0: none"),
    SPECS(regularize, "[{weight_decay: {rate: 5e-4}}]", "regularizers, in this order"),
    REAL(dropout, 0, 0.99, "0", "dropout before the classifier; 0: none"),
    SPEC(loss, "cross_entropy", "loss"),
    REAL(clip_norm, 0, 1e9, "0", "clip the gradient to this global norm; 0: no clipping"),

    INT(early_stop.patience, 0, 1000000, "0", "stop after so many evaluations without a gain; 0: never"),
    REAL(early_stop.gain, 0, 1000, "0", "the least change of the metric that counts as a gain"),
    CHOICE(early_stop.metric, metrics, "accuracy",
           "the metric on the validation split that stops the run and chooses best.h5"),
    INT(evaluate.every, 1, 1000000, "1", "epochs between evaluations"),
    INT(save.every, 1, 1000000, "1", "epochs between checkpoints"),
    REAL(save.minutes, 0, 100000, "10", "save at the latest after so many minutes; 0: only by epochs"),
    INT(metrics.every, 1, 1000000, "50", "steps between the step events in metrics.jsonl"),
    BOOL(tensorboard, "false", "write events for TensorBoard into the run folder: scalars, images, histograms"),

    CHOICE(watch.policy, policies, "stop",
           "a step that is not finite: stop, skip its update, or rewind to the last epoch's end at half the rate"),
    CHOICE(watch.spikes, spikes, "note",
           "a step whose loss is a spike: note it only, stop, skip its update, or rewind; batches of 32 or more"),
    INT(watch.most, 1, 1000, "10", "steps in a row that may be skipped, or rewinds of a run"),

    PATHS(plugins, "[]", "own plugins to load, beside the installed ones"),
    TEXT(checkpoint, "''", "weights to start from, or to evaluate"),
    TEXT(out, "''", "run folder to create; default: runs/MODEL-N"),
    TEXT(hypothesis, "''", "what the run is to find out, in words; 'regimen compare' answers it"),
};
enum { OPTIONS = sizeof options / sizeof options[0] };
_Static_assert((int)OPTIONS <= (int)RGM_OPTIONS, "rgm_config.given has a bit for each option");

const rgm_option *rgm_config_options(size_t *count) {
    *count = OPTIONS;
    return options;
}

const rgm_option *rgm_config_option(const char *key) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0) return &options[i];
    return NULL;
}

const char *rgm_option_word(const char *key, int32_t number) {
    const rgm_option *option = rgm_config_option(key);
    return option && number >= 0 && number < option->word_count ? option->words[number] : "unknown";
}

const char *rgm_option_range(const rgm_option *option, char *text, size_t size) {
    switch (option->type) {
    case RGM_OPTION_BOOL:
        snprintf(text, size, "true or false");
        break;
    case RGM_OPTION_INT:
        snprintf(text, size, "integer, %.0f to %.0f", option->low, option->high);
        break;
    case RGM_OPTION_COUNT:
        snprintf(text, size, "integer, 0 to 9223372036854775807");
        break;
    case RGM_OPTION_REAL:
        snprintf(text, size, "number, %.10g to %.10g", option->low, option->high);
        break;
    case RGM_OPTION_TEXT:
        snprintf(text, size, "text, at most %zu bytes", option->size - 1);
        break;
    case RGM_OPTION_IMAGE:
        snprintf(text, size, "CxHxW, each %.0f to %.0f, or auto", option->low, option->high);
        break;
    case RGM_OPTION_INTS:
        snprintf(text, size, "list of at most %d integers, each %.0f to %.0f", RGM_CONFIG_INTS, option->low,
                 option->high);
        break;
    case RGM_OPTION_SPEC:
        snprintf(text, size, "component: NAME or {NAME: {setting: value}}");
        break;
    case RGM_OPTION_SPECS:
        snprintf(text, size, "list of at most %d components", RGM_CONFIG_LIST);
        break;
    case RGM_OPTION_PATHS:
        snprintf(text, size, "list of at most %d paths", RGM_CONFIG_LIST);
        break;
    default: { /* choices */
        size_t used = 0;
        text[0] = 0;
        for (int32_t i = 0; i < option->word_count && used < size; i++) {
            const char *join = i == 0 ? "" : i + 1 < option->word_count ? ", " : " or ";
            used += (size_t)snprintf(text + used, size - used, "%s%s", join, option->words[i]);
        }
    }
    }
    return text;
}
