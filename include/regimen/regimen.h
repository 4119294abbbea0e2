/* libregimen: trains image classifiers on CPUs, evaluates them, and predicts with them.
 *
 * DRAFT: until version 1.0 functions and structs may change with any release.
 *
 *     regimen_config *config = NULL;
 *     regimen_machine *machine = NULL;
 *     regimen_error err;
 *     int32_t status = regimen_config_create(&config, &err);
 *     if (status == REGIMEN_OK) status = regimen_config_set(config, "data.file", "fashion.h5", &err);
 *     if (status == REGIMEN_OK) status = regimen_machine_open(&machine, config, NULL, &err);
 *     if (status == REGIMEN_OK) status = regimen_train(machine, NULL, config, NULL, NULL, &err);
 *     if (status < REGIMEN_OK) fprintf(stderr, "%s\n", err.text);
 *     regimen_machine_close(machine);
 *     regimen_config_destroy(config);
 *
 * Two whole programs: docs/examples/train.c and docs/examples/predict.c. To build one:
 *
 *     cc -std=c11 mine.c $(pkg-config --cflags --libs regimen) -o mine
 *
 * The objects:
 *
 *     config    what a training is: the keys of docs/CONFIG.md
 *     machine   threads, an instruction set, the loaded plugins
 *     data      a data set: a file (datasets/FORMAT.md), or pixels in memory
 *     model     weights, and what belongs to them: the size of an image, constants, class names, the transform by
 *               which a picture of any size becomes such an image
 *
 * Threads. A config, a machine, and the models made with it, are used by one thread at a time. Any number of threads
 * may use one data. Trainings at once need a machine each. One machine serves any number of trainings and models, one
 * after the other, also from within each other's events. Within events of its own evaluation a model is refused. The
 * instruction set is the process': the first machine's.
 *
 * HDF5. Many builds of it, Debian's among them, are not made for threads. While a thread is in this library, no other
 * one may call HDF5. In an event of a training none may, if the data set is read through HDF5 (the log says so).
 *
 * What is left alone. No function prints, exits, aborts, forks or changes the current folder. The caller's signal
 * handlers, locale, floating-point state, OpenMP settings and HDF5 settings stay as they are, and events see them.
 * A signal handler without SA_ONSTACK that is there when a function is called waits while it computes. It runs before
 * an event or at the end. A thread that trains, evaluates or predicts gets an alternate signal stack, unless it has a
 * large one. Threads are pinned only if the configuration says so (the key pin), and that of the caller only while it
 * computes. Foreign data files and plugins are tried first by a helper program (regimen-try), started by posix_spawn().
 *
 * Errors are values. A function returns REGIMEN_OK or a negative status, and puts one line into *err, which may be
 * NULL. What an output pointer points to is NULL after a failure; a training that was cancelled still gives its model.
 * Where another pointer must not be NULL, it is REGIMEN_USAGE.
 *
 * Bits. A result depends on neither the number of threads nor on what else the process does. It is that of the program
 * `regimen` with the same configuration.
 *
 * Growth. A struct that a caller fills, or has filled, begins with its size: set it to sizeof. Nothing beyond it is
 * read or written; members that the caller does not know count as zero. Names that begin with regimen_ or REGIMEN_
 * belong to this header; in a program that libregimen.a is linked into, those that begin with rgm_, too.
 */
#ifndef REGIMEN_REGIMEN_H
#define REGIMEN_REGIMEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define REGIMEN_API __attribute__((visibility("default")))
#else
#    define REGIMEN_API
#endif

/* ---- status ---- */

enum {
    REGIMEN_OK = 0,
    REGIMEN_VERDICT = -1,     /* a check's verdict is "fail" */
    REGIMEN_USAGE = -2,       /* an argument, option or configuration is refused */
    REGIMEN_FORMAT = -3,      /* a file's content is not what it must be */
    REGIMEN_UNSUPPORTED = -4, /* well-formed, but this build or machine cannot */
    REGIMEN_IO = -5,          /* the system refused a file operation */
    REGIMEN_NO_MEMORY = -6,   /* memory could not be had */
    REGIMEN_NUMERIC = -7,     /* not a number, infinity or divergence */
    REGIMEN_PLUGIN = -8,      /* a plugin failed */
    REGIMEN_INTERRUPTED = -9, /* cancelled on request, after saving */
    REGIMEN_INTERNAL = -10    /* a broken invariant: a bug of the library */
};

/* One line: what failed, on which file, key or layer, what was expected and what was found. */
typedef struct regimen_error {
    int32_t status;
    char text[1020]; /* NUL-terminated, without newline; "" while nothing failed */
} regimen_error;

/* The library's version, "0.1.0". [any thread] */
REGIMEN_API const char *regimen_version(void);

/* The words for a status, "input/output error". [any thread] */
REGIMEN_API const char *regimen_status_text(int32_t status);

/* ---- what goes on ---- */

enum { REGIMEN_LOG_ERROR = 0, REGIMEN_LOG_WARNING = 1, REGIMEN_LOG_INFO = 2, REGIMEN_LOG_DEBUG = 3 };

/* Where a training stands. Losses are means over images, accuracies fractions. */
typedef struct regimen_progress {
    size_t size;
    int64_t step, steps;    /* made, those before a resume included; of the whole run */
    int32_t epoch, epochs;  /* ended; of the whole run */
    int64_t images, total;  /* trained on so far; in the whole run */
    double loss, accuracy;  /* of the batches of this epoch so far; NaN before the first */
    double gradient_norm;   /* of the last step, before clipping; NaN before the first */
    double rate;            /* learning rate of the last step; NaN before the first */
    double seconds;         /* of training so far */
    int32_t best;           /* after an epoch: 1 if its evaluation is the best so far */
    double validation_loss; /* after an epoch that was evaluated; else NaN */
    double validation_accuracy;
} regimen_progress;

typedef struct regimen_result regimen_result;

/* Each may be NULL. All are called by the thread that called the function, but for `message`. A negative status that
 * one returns ends the training with it, and with the text that it puts into *err, if any. REGIMEN_INTERRUPTED ends it
 * as `cancel` does. */
typedef struct regimen_events {
    size_t size;
    void *context;

    /* Asked between steps, and wherever something may take long: 1 ends it with REGIMEN_INTERRUPTED. */
    int32_t (*cancel)(void *context);

    /* A line of what happens, without newline: REGIMEN_LOG_*. Also from a worker thread, one at a time. */
    void (*message)(void *context, int32_t level, const char *line);

    /* Of a training, in this order. */
    void (*opened)(void *context, const char *folder);              /* the run folder is there, and locked */
    void (*begun)(void *context, const regimen_progress *progress); /* the first step follows */
    int32_t (*step)(void *context, const regimen_progress *progress, regimen_error *err);
    int32_t (*epoch)(void *context, const regimen_progress *progress, regimen_error *err);
    void (*saved)(void *context, const char *path); /* a checkpoint was written */
    void (*trained)(void *context);                 /* no step follows */

    /* Of a training or an evaluation that is through. */
    int32_t (*finished)(void *context, const regimen_result *result, regimen_error *err);

    /* The last event of a training that had begun to write or to step, however it ended. */
    void (*ended)(void *context, const regimen_result *result);
} regimen_events;

/* ---- configuration ---- */

typedef struct regimen_config regimen_config;

/* All defaults of docs/CONFIG.md, but for `pin`, which is off. */
REGIMEN_API int32_t regimen_config_create(regimen_config **config, regimen_error *err);
REGIMEN_API void regimen_config_destroy(regimen_config *config); /* NULL is fine */

/* Reads a configuration over what is there. A YAML file is read as it is. Of a run folder or a checkpoint it is its
 * own, whole, with what the program has put into it (pin, out). A checkpoint may come from elsewhere: plugins in files
 * of their own are left out. On failure the configuration is as before. REGIMEN_USAGE for a key or a value that is
 * refused, REGIMEN_FORMAT for a damaged checkpoint, REGIMEN_IO. Of `events` (NULL: none) cancel and message. */
REGIMEN_API int32_t regimen_config_read(regimen_config *config, const char *path, const regimen_events *events,
                                        regimen_error *err);

/* Sets a key to a value, as the option --set does: "epochs" to "5", "optimizer.lr" to "0.1", "augment" to "[flip]". A
 * model has defaults of its own (docs/CONFIG.md): they come with "model.name", for options that nobody has set before.
 * On failure the configuration is as before: REGIMEN_USAGE for a key or a value that is refused. A model's name
 * and a component's settings are looked at when a training begins or a model is loaded. */
REGIMEN_API int32_t regimen_config_set(regimen_config *config, const char *key, const char *value, regimen_error *err);

/* The whole as YAML: at most `size` bytes with the NUL go into text, which may be NULL if size is 0. Returns the bytes
 * that the whole takes with its NUL, or a negative status. Batch, epochs and rate follow from the set when a training
 * begins (docs/CONFIG.md). Before, the text has the table's; what reads it takes them as given. */
REGIMEN_API int64_t regimen_config_print(const regimen_config *config, char *text, size_t size, regimen_error *err);

/* ---- machine ---- */

typedef struct regimen_machine regimen_machine;

/* Starts threads and loads plugins as the keys threads, pin, isa and plugins say; config NULL: as by default. Only here
 * these keys count: trainings and models take the machine as it is. Of `events` (NULL: none) message: of plugins that
 * were skipped, say.
 *     REGIMEN_USAGE          an instruction set or a plugin file that cannot be had
 *     REGIMEN_UNSUPPORTED    another instruction set than that of the process' first machine
 *     REGIMEN_NO_MEMORY      threads that cannot be started */
REGIMEN_API int32_t regimen_machine_open(regimen_machine **machine, const regimen_config *config,
                                         const regimen_events *events, regimen_error *err);

/* After all models made with it; NULL is fine. Plugins stay loaded in the process. */
REGIMEN_API void regimen_machine_close(regimen_machine *machine);

/* Versions, instruction set, oneDNN, CPU: what decides the bits. Lives as long as the machine. */
REGIMEN_API const char *regimen_machine_build(const regimen_machine *machine);

/* ---- data ---- */

typedef struct regimen_data regimen_data;

enum { REGIMEN_TRAIN = 0, REGIMEN_TEST = 1, REGIMEN_VALIDATION = 2, REGIMEN_SPLITS = 3 };

typedef struct regimen_data_info {
    size_t size;
    int32_t height, width, channels, classes;
    int64_t count[REGIMEN_SPLITS]; /* images; 0: there is no such split */
} regimen_data_info;

/* Opens a file and checks it whole. REGIMEN_IO if it cannot be read, REGIMEN_FORMAT if it is no data set or damaged,
 * REGIMEN_UNSUPPORTED for what this build cannot read. Of `events` (NULL: none) cancel and message. [any thread] */
REGIMEN_API int32_t regimen_data_open(regimen_data **data, const char *path, const regimen_events *events,
                                      regimen_error *err);

/* Pixels in memory. They stay the caller's, and as they are until the data is closed. All else is copied. */
typedef struct regimen_pixels {
    size_t size;
    const char *name; /* for messages and configurations, below 1024 bytes of UTF-8; NULL: "memory" */
    int32_t height, width, channels, classes;
    int64_t count[REGIMEN_SPLITS];         /* 0: there is no such split; one must be there */
    const uint8_t *images[REGIMEN_SPLITS]; /* [count][height][width][channels], dense */
    const int32_t *labels[REGIMEN_SPLITS]; /* [count], 0 to classes - 1 */
    const char *const *class_names;        /* [classes]; NULL: none */
} regimen_pixels;

/* Mean and deviation of the training split are computed; without one the data is for evaluations only. Limits are those
 * of files (datasets/FORMAT.md): REGIMEN_USAGE for what is outside of them. Of `events` (NULL: none) cancel. [any
 * thread]
 */
REGIMEN_API int32_t regimen_data_from_memory(regimen_data **data, const regimen_pixels *pixels,
                                             const regimen_events *events, regimen_error *err);

/* After all calls that use it; NULL is fine. */
REGIMEN_API void regimen_data_close(regimen_data *data);

/* Fills *info. [any thread] */
REGIMEN_API void regimen_data_describe(const regimen_data *data, regimen_data_info *info);

/* The name of a class, or NULL if it has none. Lives as long as the data. [any thread] */
REGIMEN_API const char *regimen_data_class(const regimen_data *data, int32_t index);

/* ---- training ---- */

typedef struct regimen_model regimen_model;

enum { REGIMEN_END_COMPLETE = 0, REGIMEN_END_STEPS = 1, REGIMEN_END_EARLY = 2, REGIMEN_END_REACHED = 3 };

/* How a run that is not through goes on. */
enum {
    REGIMEN_GOES_ON_NOT = 0, /* it is through; or was refused before its first step, or writes no files */
    REGIMEN_GOES_ON_RESUMED, /* resumed from `folder`: after `saved_step`, or from its first step if that is -1 */
    REGIMEN_GOES_ON_ANEW,    /* resumed, it comes to the same numbers: a new run may begin with `checkpoint` */
    REGIMEN_GOES_ON_GONE,    /* its folder, or config.yaml in it, is gone */
    REGIMEN_GOES_ON_DONE,    /* it is through: what failed came after its end */
    REGIMEN_GOES_ON_OCCUPIED /* refused: `folder` holds another run, which can be resumed */
};

/* What a training or an evaluation gave. Texts are "" and counts 0 where there is nothing to say. */
struct regimen_result {
    size_t size;
    int32_t status;   /* what the function returned */
    int32_t ending;   /* REGIMEN_END_*, of a training that is through */
    char reason[128]; /* "complete", "interrupted", "failed", or why it ended early: "after 5 steps, as asked" */
    int64_t step;     /* made in all, those before a resume included */
    int32_t epoch;    /* ended */

    int32_t split;                                /* what was evaluated: REGIMEN_TEST, ...; -1: nothing was */
    int64_t images, correct, correct5;            /* of it; labels right at the first place; among the first five */
    double accuracy, accuracy_low, accuracy_high; /* fractions, with the 95 % interval; NaN: nothing was evaluated */
    double loss;                                  /* mean; NaN: nothing was evaluated */

    double seconds;      /* of the training, or the evaluation; without set-up */
    double images_per_s; /* in that time */
    double gflops;       /* effective: the arithmetic of direct convolution, in units of 1e9 a second */
    uint64_t memory;     /* planned peak, bytes */

    char model[64];        /* "resnet20", ... */
    char data[1024];       /* the file, or the data's name */
    char folder[1024];     /* the run folder; "": none */
    char checkpoint[1056]; /* whose weights the result is of; "": none was written */
    int32_t goes_on;       /* REGIMEN_GOES_ON_* */
    int64_t saved_step;    /* of the checkpoint that a resumed run begins with; -1: there is none */
    double lr;             /* the optimizer's own; 0: it has none */
    int32_t classes;       /* of the model; 0: not known */

    /* Of a training: the share of the time of its steps that went to waiting for pixels and making batches. NaN:
     * none was made, the run was resumed, or the result is another function's. */
    double data_share;
};

typedef struct regimen_training {
    size_t size;
    const regimen_events *events; /* NULL: none */
    const char *resume;           /* the folder of a run to go on with; NULL: a new run */
    int32_t no_files;             /* 1: no run folder, nothing is written; not with `resume` */
    double until;                 /* the accuracy, a fraction, of an epoch's evaluation that ends the run; 0: none */
    regimen_model **model;        /* gets the trained model, the caller's to close; NULL: nobody wants it. After a
                                     cancel that of the last step, if one was made */
} regimen_training;

/* Trains as the configuration says, on `data`, or on data.file of the configuration if it is NULL; training NULL:
 * zeros. Config may be NULL with `resume`: the run's own. Else it is the run's (regimen_config_read) with changes that
 * do not touch its bits. A run folder is written unless no_files: config.yaml, metrics.jsonl, checkpoints
 * (docs/FILES.md). *result is filled whatever is returned; NULL: nobody wants it. After an early stop the model is the
 * best one.
 *     REGIMEN_USAGE, ...     refused; of a new run nothing is left behind
 *     REGIMEN_NUMERIC        a loss or a gradient is not finite
 *     REGIMEN_PLUGIN         a plugin failed
 *     REGIMEN_IO             the data, or a file of the run
 *     REGIMEN_INTERRUPTED    cancelled, and saved unless no_files
 * and what events return. */
REGIMEN_API int32_t regimen_train(regimen_machine *machine, const regimen_data *data, const regimen_config *config,
                                  const regimen_training *training, regimen_result *result, regimen_error *err);

/* ---- models ---- */

typedef struct regimen_model_info {
    size_t size;
    int32_t height, width, channels; /* of an image */
    int32_t classes;
    int64_t parameters; /* trained numbers */
    char name[64];      /* "resnet20", ... */
    char
        transform[96]; /* how pictures become images: "crop 3x224x224 shorter 256 background ffffff"; "": they cannot */
} regimen_model_info;

/* Loads a checkpoint, or that of a run folder: best.h5, else last.h5. config NULL: the checkpoint's own; else that
 * (regimen_config_read) with changes. Its batch is how many images the model takes at a time. A file of weights alone
 * needs a configuration with its model. Image and classes, where that lacks them, are those of the first data that the
 * model is evaluated on. REGIMEN_FORMAT for what is no checkpoint, damaged, or of another model; REGIMEN_IO;
 * REGIMEN_USAGE for a folder without checkpoints. Of `events` (NULL: none) cancel and message. */
REGIMEN_API int32_t regimen_model_load(regimen_model **model, regimen_machine *machine, const char *path,
                                       const regimen_config *config, const regimen_events *events, regimen_error *err);

/* Writes a checkpoint with the weights and all that belongs to a model, replacing the file at once. No run can be
 * resumed from it, but a new one may begin with it (the key checkpoint). REGIMEN_USAGE if no prediction could be made
 * with it, REGIMEN_IO. */
REGIMEN_API int32_t regimen_model_save(const regimen_model *model, const char *path, regimen_error *err);

/* Before its machine is closed; NULL is fine. */
REGIMEN_API void regimen_model_close(regimen_model *model);

/* Fills *info. */
REGIMEN_API void regimen_model_describe(const regimen_model *model, regimen_model_info *info);

/* The name of a class, or NULL if it has none. Lives as long as the model. */
REGIMEN_API const char *regimen_model_class(const regimen_model *model, int32_t index);

/* Evaluates on a whole split of `data`, or of the configuration's data.file if it is NULL. Classes are matched by their
 * names, where both have names, else by number. A validation split that the data lacks is held out as the model's run
 * did; REGIMEN_USAGE if the data is not that run's. REGIMEN_USAGE for another size of image, for classes that the model
 * does not know, and for a split that is missing. *result is filled whatever is returned; NULL: nobody wants it. Of
 * `events` (NULL: none) cancel, message and finished. */
REGIMEN_API int32_t regimen_evaluate(regimen_model *model, const regimen_data *data, int32_t split,
                                     const regimen_events *events, regimen_result *result, regimen_error *err);

/* A picture as a file has it, and what became of it: JPEG, PNG, WebP, BMP, PBM, PGM or PPM. */
typedef struct regimen_picture {
    size_t size;
    const char *path;  /* of a regular file of at most 2^30 bytes; NULL: bytes */
    const void *bytes; /* such a file's content in memory */
    size_t byte_count;
    int32_t status;   /* out: REGIMEN_OK; REGIMEN_IO, _FORMAT (damaged, or no picture), _UNSUPPORTED (too large), ... */
    char reason[256]; /* out: why it could not be read, a line; "" if it was */
} regimen_picture;

/* Reads pictures as images [count][height][width][channels], dense, on the machine's threads, by the model's transform.
 * They are upright, and without transparency. An image is a function of its picture and the transform alone. Each
 * picture says whether it could be read; if not, its image is zeros, and the call goes on and returns REGIMEN_OK. The
 * elements of `pictures` have one size, that of the first. REGIMEN_UNSUPPORTED for a model whose images have neither
 * one nor three channels, REGIMEN_USAGE for one that does not know how large they are. */
REGIMEN_API int32_t regimen_model_read(regimen_model *model, regimen_picture *pictures, int64_t count, uint8_t *images,
                                       regimen_error *err);

/* Class probabilities [count][classes] of images [count][height][width][channels], dense uint8: the softmax of the
 * logits, or the sigmoid of a single one. They do not depend on what the other images show; how many there are may
 * change their last bits. REGIMEN_NUMERIC if one is not finite, REGIMEN_USAGE if the model's file did not say what
 * pixels mean to it (mean and deviation). */
REGIMEN_API int32_t regimen_predict(regimen_model *model, const uint8_t *images, int64_t count, float *probabilities,
                                    regimen_error *err);

#ifdef __cplusplus
}
#endif

#endif
