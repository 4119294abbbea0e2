/* The plugin contract of Regimen, a trainer of image models.
 *
 * A plugin is a shared object that adds components to a training run: augmentations, initializers, schedulers,
 * optimizers, regularizers, activations, losses. It is data plus a few pure functions. The host owns all memory,
 * threads, randomness and state; it parses, checks, prints and stores the parameters. A whole plugin:
 *
 *     #include <regimen/plugin.h>
 *
 *     struct invert { double p; };                                  // instance memory: the host's, zeroed, then filled
 *
 *     static const rgm_parameter params[] = {
 *         RGM_REAL("p", struct invert, p, 0.0, 1.0, 0.5, "probability of inverting"),
 *     };
 *
 *     static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out)
 *     {
 *         const struct invert *it = self;
 *         float u;
 *         call->host->uniform(call, 0, &u, 1);                      // draw number 0 of this sample in this epoch
 *         if (u >= it->p) return RGM_UNCHANGED;
 *         ... write every pixel of out ...
 *         return RGM_DONE;
 *     }
 *
 *     static const rgm_augmentation invert = {
 *         RGM_COMPONENT(RGM_AUGMENTATION, "invert", "inverts some images", params, struct invert),
 *         .apply = apply,
 *     };
 *     RGM_PLUGIN("invert", "1.0.0", "Apache-2.0", &invert.component);
 *
 * Build it with `cc -shared -fPIC -O2 $(pkg-config --cflags regimen) invert.c -o invert.so`, name it in the
 * configuration (`plugins: [./invert.so]`, `augment: [{invert: {p: 0.3}}]`). docs/PLUGINS.md has the full story.
 *
 * The rules
 *   - Results are functions of the arguments alone. What a [worker] function writes must not depend on the worker, on
 *     the host's cuts into spans, or on the order of calls. Draws are addressed by element index, so a
 *     span draws the same numbers wherever it begins.
 *   - No threads, no allocation in [worker] functions, no globals that change, no rand(). FP state, locale and signals
 *     are not touched. Nothing is written outside what a call hands over. No exit(), no printing: host->fail and
 *     host->note.
 *   - FP state and locale are put back after every call, whatever a plugin does.
 *   - For results that are the same on every machine, take exp, log, sin and cos from the host table, not from libm.
 *   - Whoever allocates frees. Strings are UTF-8, NUL-terminated and live as long as what shows them.
 *   - Names of components and parameters are [a-z0-9_]+, at most 47 characters.
 *
 * Where functions run:
 *     [main]     one thread, never two calls at once
 *     [worker]   any thread, many at once on one instance, inside the step: denormals are flushed to zero there
 *     [any]      both
 *
 * What is final: kinds of version 1 that are driven in full. Draft: kinds and members that no host drives in full yet;
 * they may change before 1.0 and then get another kind version. A component that asks for what is not given is refused
 * by its name.
 *     final      augmentation (uint8 pixels), initializer, scheduler, optimizer, regularizer, loss
 *     draft      activation (given: dropout's place before the classifier), regularizer's `penalty` (never called),
 *                RGM_PIXEL_F32 and strides other than interleaved rows (never handed over)
 *     reserved   batch augmentation, RGM_ALL (refused when the plugin is loaded)
 *
 * Growth: what is final grows like this and in no other way:
 *   - A struct grows at its end only. Its first word is its size as its writer was compiled. A reader looks with
 *     RGM_HAS before it touches a field that version 1.0 did not have. A missing field means NULL or 0.
 *   - Arrays of structs carry the size of an element beside them; step through them with RGM_AT.
 *   - Structs marked "frozen" never change; their reserved words are 0.
 *   - A reader refuses flag bits, kinds and kind versions it does not know: they ask for what it cannot give.
 *   - A change that old plugins would not survive makes a new kind version (one kind) or RGM_ABI_VERSION (all of it).
 *   - Integers have fixed widths. No enum, long, bool, FILE * or errno crosses the line.
 */
#ifndef REGIMEN_PLUGIN_H
#define REGIMEN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RGM_MAGIC       UINT32_C(0x4d475231) /* "1RGM" in memory on a little-endian machine */
#define RGM_ABI_VERSION UINT32_C(1)

/* Does the struct *p, whose writer said its size, have this field? */
#define RGM_HAS(type, p, field) ((p)->size >= offsetof(type, field) + sizeof(((const type *)0)->field))

/* Element i of an array whose elements have `size` bytes, perhaps more than sizeof(type). */
#define RGM_AT(type, array, size, i) ((const type *)(const void *)((const char *)(array) + (uint64_t)(size) * (i)))

#if defined(__GNUC__)
#    define RGM_EXPORT           __attribute__((visibility("default")))
#    define RGM_PRINTF(text, on) __attribute__((format(printf, text, on)))
#else
#    define RGM_EXPORT
#    define RGM_PRINTF(text, on)
#endif

/* What functions return. Any negative value is a failure; say why with host->fail before. */
enum { RGM_DONE = 0, RGM_UNCHANGED = 1, RGM_FAILED = -1 };

/* Kinds of components. */
enum {
    RGM_AUGMENTATION = 1,       /* one sample                                      */
    RGM_BATCH_AUGMENTATION = 2, /* a batch with soft labels; reserved: refused     */
    RGM_INITIALIZER = 3,        /* the first values of a parameter tensor          */
    RGM_SCHEDULER = 4,          /* a factor of the learning rate                   */
    RGM_OPTIMIZER = 5,          /* the update                                      */
    RGM_REGULARIZER = 6,        /* adds to gradients, or acts after the update     */
    RGM_ACTIVATION = 7,         /* element functions and dropout; draft            */
    RGM_LOSS = 8                /* logits and targets to loss and gradient         */
};
#define RGM_KIND_VERSION UINT32_C(1) /* of every kind above */

/* How far one result looks. The host cuts its spans so that they never split a unit of this scope. */
enum {
    RGM_ELEMENT = 0, /* each element by itself: any cut                                   */
    RGM_ROW = 1,     /* whole rows: one output channel's weights, one sample's activations */
    RGM_TENSOR = 2,  /* whole tensors                                                     */
    RGM_ALL = 3      /* all tensors at once; reserved: refused                            */
};

/* Flags of components. An activation has to have RGM_TRAINING_ONLY and neither of the other two: draft. */
enum {
    RGM_IN_PLACE = 1,      /* augmentation: in and out are the same pixels                       */
    RGM_TRAINING_ONLY = 2, /* activation: the identity outside training (the host skips it)      */
    RGM_NEEDS_INPUT = 4,   /* activation: backward reads x                                       */
    RGM_NEEDS_OUTPUT = 8   /* activation: backward reads y                                       */
};

/* ---- parameters ---- */

/* Types, and the C type of the member they fill. */
enum {
    RGM_TYPE_REAL = 1,    /* double                                     */
    RGM_TYPE_INTEGER = 2, /* int64_t                                    */
    RGM_TYPE_FLAG = 3,    /* int32_t, 0 or 1; written false, true       */
    RGM_TYPE_CHOICE = 4,  /* int32_t, an index into `choices`, of 1..64 */
    RGM_TYPE_TEXT = 5     /* char[n], n in 1..208: n - 1 bytes and a NUL */
};

typedef struct rgm_parameter {
    const char *key;            /* unique in its table                                          */
    const char *help;           /* one line                                                     */
    int32_t type;               /* RGM_TYPE_*                                                   */
    uint32_t flags;             /* 0                                                            */
    uint32_t offset, bytes;     /* of the member in the instance                                */
    double min, max, def;       /* finite, min <= def <= max; text: 0                           */
    const char *const *choices; /* choice: NULL-terminated names; else NULL                     */
    const char *text;           /* text: the default; else NULL                                 */
    const char *unit;           /* "pixels", or NULL                                            */
    /* grows here */
} rgm_parameter;
#define RGM_PARAM_TAIL , 0 /* initialises what stands in rgm_parameter after `text` */

#define RGM_MEMBER(type, member) (uint32_t) offsetof(type, member), (uint32_t)sizeof(((type *)0)->member)
#define RGM_REAL(key, type, member, min, max, def, help)                                                               \
    { key, help, RGM_TYPE_REAL, 0, RGM_MEMBER(type, member), min, max, def, NULL, NULL RGM_PARAM_TAIL }
#define RGM_INTEGER(key, type, member, min, max, def, help)                                                            \
    { key, help, RGM_TYPE_INTEGER, 0, RGM_MEMBER(type, member), min, max, def, NULL, NULL RGM_PARAM_TAIL }
#define RGM_FLAG(key, type, member, def, help)                                                                         \
    { key, help, RGM_TYPE_FLAG, 0, RGM_MEMBER(type, member), 0, 1, def, NULL, NULL RGM_PARAM_TAIL }
/* choices: an array `static const char *const names[] = {"one", "two", NULL};` and the default's index in it */
#define RGM_CHOICE(key, type, member, choices, def, help)                                                              \
    {                                                                                                                  \
        key, help, RGM_TYPE_CHOICE, 0, RGM_MEMBER(type, member), 0,                                                    \
            (double)(sizeof(choices) / sizeof((choices)[0]) - 2), def, choices, NULL RGM_PARAM_TAIL                    \
    }
#define RGM_TEXT(key, type, member, def, help)                                                                         \
    { key, help, RGM_TYPE_TEXT, 0, RGM_MEMBER(type, member), 0, 0, 0, NULL, def RGM_PARAM_TAIL }

/* ---- what the host shows ---- */

typedef struct rgm_call rgm_call;

/* Where training stands: at the step being made; in [main] functions but factor and observe, at the run's start. */
typedef struct rgm_clock {
    uint32_t size;
    uint32_t epoch, epochs; /* epoch in [0, epochs)                                                     */
    uint32_t batch;         /* samples in a step                                                        */
    uint64_t step;          /* of the step being made, from 0: the first update has step 0              */
    uint64_t steps_per_epoch, steps_total; /* >= 1; step may reach steps_total, never beyond            */
    uint64_t samples;                      /* training samples seen before this step                    */
    /* grows here */
} rgm_clock;

/* What the host's draws are keyed with. Frozen.
 *     kind                      epoch   sample                   numbers that do not depend on how work is cut
 *     augmentation              epoch   row of its split         any
 *     initializer               0       0 (stream: the tensor)   element of the tensor
 *     optimizer, regularizer    step    index of the tensor      element of the tensor
 *     activation                step    place in the batch       element of the sample
 *     loss                      step    0                        rows->first and what follows from it
 * [main] functions do not draw: their key is 0. */
typedef struct rgm_key {
    uint64_t seed;
    uint32_t stream; /* purpose and instance, so that two components never share draws */
    uint32_t epoch, sample;
    uint32_t reserved;
} rgm_key;

/* A parameter tensor: canonical layout, unpadded; convolutions OIHW, linear layers [out][in]. */
enum { RGM_TENSOR_WEIGHT = 0, RGM_TENSOR_BIAS = 1, RGM_TENSOR_SCALE = 2, RGM_TENSOR_SHIFT = 3 };
typedef struct rgm_tensor_info {
    uint32_t size;
    uint32_t index;      /* in the model's table                                                       */
    int32_t role;        /* RGM_TENSOR_*                                                                 */
    int32_t ndim;        /* 1..4 */
    const char *name;    /* "layer1.0.conv1.weight"                                                    */
    const int64_t *dims; /* [ndim]; dims[0]: output channels; a row is elements / dims[0]              */
    uint64_t elements;   /* product of dims                                                            */
    double fan_in;       /* inputs that one output sums: (C / groups) * R * S; 1 for vectors           */
    double fan_out;      /* outputs that one input reaches: (K / groups) * R * S; 1 for vectors        */
    int32_t is_last;     /* 1 for the tensors of the classifier                                        */
    int32_t reserved;
    /* grows here */
} rgm_tensor_info;

/* The model and its data, as known before the first step. */
typedef struct rgm_model_info {
    uint32_t size;
    uint32_t tensor_count, tensor_size; /* tensor_size: bytes of an element of `tensors` */
    int32_t classes;
    const rgm_tensor_info *tensors;  /* step with RGM_AT                              */
    int32_t channels, height, width; /* of a sample as stored                         */
    int32_t batch;
    const float *mean, *std;           /* [channels], pixels scaled to 0..1; NULL: no data set, as for a plan */
    uint64_t samples;                  /* in the training split                         */
    int32_t input_height, input_width; /* of the image that the network takes; 0: not known */
    uint64_t reserved_tail;            /* 0 */
    /* grows here */
} rgm_model_info;

typedef struct rgm_image rgm_image;
typedef struct rgm_window rgm_window;

/* The window of `in` becomes `out`, antialiased: the triangle filter, over pixels of the window alone. Images are uint8
 * with stride_c 1 and stride_w `channels`; out does not overlap in. `scratch` is 64-byte aligned, such as the call's
 * own: RGM_RESIZE_SCRATCH bytes of it are always enough. host->fail for what cannot be done. */
typedef int32_t rgm_resize_u8(const rgm_call *call, const rgm_image *in, const rgm_window *window, rgm_image *out,
                              void *scratch, uint64_t scratch_bytes);
/* of an input of H x W x C and an output of OH x OW */
#define RGM_RESIZE_SCRATCH(H, W, C, OH, OW)                                                                            \
    (UINT64_C(32768) + UINT64_C(64) * (uint64_t)(W) * (uint64_t)(C) + UINT64_C(16) * ((uint64_t)(H) + (uint64_t)(W)) + \
     UINT64_C(64) * ((uint64_t)(OH) + (uint64_t)(OW)))

/* What the host offers. A plugin built for plain x86-64 gets the run's SIMD kernels here. Every function: [any] except
 * note. Kernels: no alignment needed; n counts floats and may be 0; results of reductions depend on n only. */
typedef struct rgm_host {
    uint32_t size;
    uint32_t abi_version;
    const char *name, *version; /* "regimen", "0.1.0" */

    /* Draws: out[i] = draw number first + i of this call's key, for i in [0, n); numbers < 2^34. Pure functions. */
    void (*uniform)(const rgm_call *call, uint64_t first, float *out, uint64_t n); /* [0, 1) */
    void (*normal)(const rgm_call *call, uint64_t first, float *out, uint64_t n);  /* mean 0, variance 1 */
    void (*u32)(const rgm_call *call, uint64_t first, uint32_t *out, uint64_t n);
    uint64_t (*below)(const rgm_call *call, uint64_t number, uint64_t n); /* an integer in [0, n), n >= 1; it spends
                                                                             u32 draws 2*number and 2*number + 1 */

    /* Text. fail keeps one line for the user and returns RGM_FAILED; note logs one line [main]. */
    int32_t (*fail)(const rgm_call *call, const char *format, ...) RGM_PRINTF(2, 3);
    void (*note)(const rgm_call *call, const char *format, ...) RGM_PRINTF(2, 3);

    /* Mathematics in double, same bits on every machine; relative error below 1e-15 (sin, cos: absolute; pow: 1e-13 for
     * results in 1e-30..1e30). IEEE special cases. */
    double (*exp)(double x);
    double (*log)(double x);
    double (*sin)(double x); /* |x| <= 1e6 */
    double (*cos)(double x);
    double (*pow)(double x, double y); /* x > 0, or y an integer */

    /* Kernels. y may be x where both exist, else nothing overlaps. */
    void (*axpy)(float a, const float *x, float *y, int64_t n); /* y += a * x */
    void (*scale)(float a, float *y, int64_t n);                /* y *= a */
    void (*add)(const float *a, const float *b, float *y, int64_t n);
    void (*sum)(const float *x, int64_t n, double *out);
    void (*sumsq)(const float *x, int64_t n, double *out);
    void (*dot)(const float *a, const float *b, int64_t n, double *out);
    void (*absmax)(const float *x, int64_t n, float *out);
    /* m = momentum * m + (1 - dampening) * g, or g if first; p -= rate * (nesterov ? g + momentum * m : m) */
    void (*sgd)(float *p, const float *g, float *m, int64_t n, float rate, float momentum, float dampening,
                int32_t nesterov, int32_t first);
    /* m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g g;  p -= step * m / (sqrt(v) * inv_sqrt_bias2 + eps) */
    void (*adam)(float *p, const float *g, float *m, float *v, int64_t n, float step, float b1, float b2,
                 float inv_sqrt_bias2, float eps);
    /* one row: *loss = -sum t log softmax(z);  dz = grad_scale * (softmax(z) * sum t - t), may be z, or NULL */
    void (*softmax_xent)(const float *z, const float *t, int64_t classes, float grad_scale, float *loss, float *dz);
    /* n rows of one logit: loss[i] = softplus(z) - t z;  dz = grad_scale * (sigmoid(z) - t) */
    void (*sigmoid_xent)(const float *z, const float *t, int64_t n, float grad_scale, float *loss, float *dz);
    /* src [H][W][C] with `pitch` bytes a row -> dense dst [OH][OW][C], which starts at (top, left) of src. Outside src:
     * fill[c]. Mirrored left to right if flip. dst must not overlap src. */
    void (*crop_flip_u8)(const uint8_t *src, int64_t pitch, int32_t H, int32_t W, int32_t C, int32_t top, int32_t left,
                         int32_t flip, const uint8_t *fill, uint8_t *dst, int32_t OH, int32_t OW);
    void (*relu)(const float *x, float *y, int64_t n); /* y = max(x, 0) */
    rgm_resize_u8 *resize_u8;
    /* grows here */
} rgm_host;

/* The context of one call; valid until it returns. */
struct rgm_call {
    uint32_t size;
    uint32_t flags; /* 0 */
    const rgm_host *host;
    const rgm_clock *clock; /* never NULL                                                                */
    rgm_key key;            /* of the draws                                                              */
    void *scratch;          /* 64-byte aligned, uninitialised; as much as the component's `scratch` said, in every call
                               but prepare, which comes before it is asked */
    uint64_t scratch_bytes;
    char *error; /* host->fail writes here */
    uint64_t error_bytes;
    void *host_data;             /* the host's */
    const rgm_model_info *model; /* or NULL where none exists yet */
    /* grows here */
};

/* ---- components ---- */

/* Optional functions that any component may have. */
typedef struct rgm_life {
    uint32_t size;
    uint32_t reserved;
    /* Derives what the functions need from the parameters, into the instance; may refuse with host->fail. Called once,
     * before anything below, and again with the same parameters when the model changes: the instance is then zeroed and
     * filled anew before. [main] */
    int32_t (*prepare)(const rgm_call *call, void *self, const rgm_model_info *model);
    /* Bytes of scratch that a call may use (0 if NULL). After prepare. [main] */
    uint64_t (*scratch)(const void *self, const rgm_model_info *model);
    /* State that the parameters do not give (an observed plateau), for checkpoints: both or neither. The state may have
     * any size up to 64 MiB, and another one at every save. save returns the bytes it has, and writes them if they fit
     * in `bytes`. The host asks for the size first, with out NULL and bytes 0. load follows prepare and gets the bytes
     * of a save, of this version of the plugin or of an older one. It refuses what it cannot read. A state of 0 bytes
     * is that after prepare: load is not called for it. [main] */
    uint64_t (*save)(const void *self, void *out, uint64_t bytes);
    int32_t (*load)(const rgm_call *call, void *self, const void *in, uint64_t bytes);
    uint64_t reserved_tail; /* 0 */
    /* grows here */
} rgm_life;

/* The head of every component. Frozen. */
typedef struct rgm_component {
    uint32_t size;         /* of the whole struct of its kind, as compiled */
    uint32_t kind;         /* RGM_AUGMENTATION, ...  */
    uint32_t kind_version; /* RGM_KIND_VERSION       */
    uint32_t scope;        /* RGM_ELEMENT, ...       */
    const char *name;      /* as configurations write it */
    const char *summary;   /* one line               */
    const rgm_parameter *params;
    uint32_t param_size;    /* bytes of an element of `params` */
    uint32_t param_count;   /* at most 24 */
    uint32_t instance_size; /* bytes, at most 1 MiB; 64-byte aligned */
    uint32_t flags;         /* RGM_IN_PLACE, ...      */
    const rgm_life *life;   /* or NULL                */
    uint64_t reserved[4];
} rgm_component;

/* A sample; strides in elements, any order, any sign. uint8 0..255, or float 0..1. Today's host hands over uint8 with
 * stride_c 1 and stride_w `channels`; serving the rest is a courtesy to later ones. */
enum { RGM_PIXEL_U8 = 0, RGM_PIXEL_F32 = 1 };
struct rgm_image {
    uint32_t size;
    int32_t type; /* RGM_PIXEL_U8, RGM_PIXEL_F32 */
    int32_t channels, height, width;
    int32_t reserved;
    int64_t stride_c, stride_h, stride_w;
    void *data;     /* element (0, 0, 0); never written through `in` */
    uint64_t index; /* row of its split */
    /* grows here */
};

/* A rectangle of a sample, in its pixels; it may begin and end within one. */
struct rgm_window {
    uint32_t size;
    uint32_t reserved; /* 0 */
    double top, left, height, width;
    uint64_t reserved_tail; /* 0 */
    /* grows here */
};

typedef struct rgm_augmentation {
    rgm_component component;
    /* Writes every element of *out, whose shape is set, or returns RGM_UNCHANGED having written nothing. That is
     * for equal shapes only: the sample passes on as it is. out does not overlap in, except with RGM_IN_PLACE:
     * then both are the same pixels and only what changes is written. NULL where there is `window`. [worker] */
    int32_t (*apply)(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out);
    /* Sets out->channels, height and width, 1..65536 each, for a sample of in's shape (data is NULL in both). NULL: the
     * same. At the chain's end the channels must be those of the data set, height and width the model's.
     * With `window` the output must not depend on in's height and width: pictures have any. [main] */
    int32_t (*output)(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out);
    uint64_t reserved; /* 0 */
    /* Optional: which part of a sample of in's shape becomes out, by resizing (data is NULL in both). The host makes
     * the pixels: of an encoded picture it decodes no more than the window asks for. *window comes as the whole sample.
     * It must lie inside of it and have at least a pixel each way. in and out have the same channels. RGM_UNCHANGED is
     * for equal shapes only: the sample passes on as it is. The key is that of `apply`, which is not called then. Not
     * with RGM_IN_PLACE. [worker] */
    int32_t (*window)(const rgm_call *call, const void *self, const rgm_image *in, const rgm_image *out,
                      rgm_window *window);
    /* Optional, beside `window`: what evaluation, which has no augmentations, does with a sample that is not of out's
     * shape. It is resized until *share of its shorter side is the shorter side of out, and the centre is cut out.
     * *share is in (0, 1]; it comes as 1. [main] */
    int32_t (*evaluation)(const rgm_call *call, const void *self, const rgm_image *out, double *share);
    uint64_t reserved_tail; /* 0 */
    /* grows here */
} rgm_augmentation;

typedef struct rgm_initializer {
    rgm_component component;
    /* dst[i] = the first value of element first + i of the tensor, i in [0, n). Draw by element index. [worker] */
    int32_t (*fill)(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n);
    uint64_t reserved; /* 0 */
    /* grows here */
} rgm_initializer;

typedef struct rgm_scheduler {
    rgm_component component;
    /* *factor of the base rate at call->clock: finite, >= 0. A pure function of clock, parameters and what `observe`
     * saw. The host multiplies the factors of all schedulers of a run: that is how a warmup precedes any schedule. The
     * product must be finite, too. [main] */
    int32_t (*factor)(const rgm_call *call, const void *self, double *factor);
    /* Optional: sees "validation_loss" (mean, may be NaN), then "validation_accuracy" (0..1), after each evaluation in
     * training; ignores names that it does not know. Never called in a run without validation images. Needs life's save
     * and load. [main] */
    int32_t (*observe)(const rgm_call *call, void *self, const char *metric, double value);
    uint64_t reserved; /* 0 */
    /* grows here */
} rgm_scheduler;

/* A stretch of one parameter tensor. Pointers are to element `first`. */
typedef struct rgm_span {
    uint32_t size;
    uint32_t slot_count;
    uint64_t first, n;  /* elements [first, first + n) of the tensor */
    float *param;       /* [n] */
    float *grad;        /* [n], averaged and clipped; NULL after the update */
    float *const *slot; /* [slot_count], each [n] */
    const rgm_tensor_info *tensor;
    double rate;  /* the parameter `lr` times the schedule's factor */
    uint64_t row; /* elements in a row */
    /* grows here */
} rgm_span;

/* Every optimizer has a real parameter `lr`, the base of span->rate. */
typedef struct rgm_optimizer {
    rgm_component component;
    /* Updates param and the slots from grad (read only: the gradients of the regularizers are in it). The number of
     * updates made before is call->clock->step. [worker] */
    int32_t (*update)(const rgm_call *call, const void *self, const rgm_span *span);
    const char *const
        *slots;          /* names, datasets of the checkpoint: "momentum"; as large as the parameters, 0 at first */
    uint32_t slot_count; /* at most 8 */
    uint32_t reserved;
    /* How many of the slots an instance uses, counted from the first. NULL: all. [main] */
    uint32_t (*slots_used)(const void *self);
    uint64_t reserved_tail; /* 0 */
    /* grows here */
} rgm_optimizer;

/* When a regularizer acts: on the gradients before the optimizer, or on the parameters after it. */
enum { RGM_STAGE_GRADIENT = 1, RGM_STAGE_UPDATED = 2 };

typedef struct rgm_regularizer {
    rgm_component component;
    /* grad += d penalty / d param. NULL: none, but one of the two must exist. [worker] */
    int32_t (*gradient)(const rgm_call *call, const void *self, const rgm_span *span);
    /* Changes param after the update (decoupled decay, max-norm); grad is NULL. [worker] */
    int32_t (*updated)(const rgm_call *call, const void *self, const rgm_span *span);
    /* Does it act on this tensor at this stage? Asked once for each. NULL: on weights, not on batch norm or biases.
     * [main] */
    int32_t (*applies)(const void *self, const rgm_tensor_info *tensor, int32_t stage);
    /* Optional: *penalty += this span's part of the penalty, for reports. Draft: never called today. [worker] */
    int32_t (*penalty)(const rgm_call *call, const void *self, const rgm_span *span, double *penalty);
    uint64_t reserved; /* 0 */
    /* grows here */
} rgm_regularizer;

/* Elements [first, first + n) of one sample's activations; pointers are to element `first`. Draws: number = element.
 * Elements are counted in the run's own layout, [channels / block][pixels][block] (block 1: plain). Draft: today's host
 * gives whole samples of the vector before the classifier, with block and pixels 1. The vector may end in padding,
 * which is 0 and must become 0. */
typedef struct rgm_activation_span {
    uint32_t size;
    int32_t training; /* 1 in training */
    uint64_t first, n;
    const float *x;  /* input; backward: NULL unless RGM_NEEDS_INPUT                        */
    float *y;        /* output, may be x; backward: read-only, NULL unless RGM_NEEDS_OUTPUT */
    const float *dy; /* backward: gradient of the output                                    */
    float *dx;       /* backward: gradient of the input, may be dy                          */
    int32_t channels, block;
    uint64_t pixels;
    uint64_t elements; /* of the sample */
    /* grows here */
} rgm_activation_span;

typedef struct rgm_activation {
    rgm_component component;
    /* Writes y: a function of x, the draws and the parameters, and of nothing else. With `memory: low` it is called
     * twice for a sample in a step, the second time before backward, and must write the same. [worker] */
    int32_t (*forward)(const rgm_call *call, const void *self, const rgm_activation_span *span);
    /* Writes dx. A mask is drawn again: the key is forward's. [worker] */
    int32_t (*backward)(const rgm_call *call, const void *self, const rgm_activation_span *span);
    uint64_t reserved; /* 0 */
    /* grows here */
} rgm_activation;

/* n samples' logits and targets. */
typedef struct rgm_rows {
    uint32_t size;
    int32_t classes; /* logits in a row; 1: one logit, the target is the probability of class 1 */
    uint64_t n;
    const float *logits;  /* [n][classes] */
    const float *targets; /* [n][classes], soft: a row sums to 1 (classes > 1) */
    float *loss;          /* [n], out */
    float *dlogits;       /* [n][classes], out: grad_scale * d loss / d logits; NULL: only the loss; may be logits */
    float grad_scale;     /* 1 / batch */
    int32_t training;     /* 0 in evaluation: label smoothing and the like are off */
    uint64_t first;       /* number of the first row in its batch */
    /* grows here */
} rgm_rows;

typedef struct rgm_loss {
    rgm_component component;
    int32_t (*rows)(const rgm_call *call, const void *self, const rgm_rows *rows); /* [worker] */
    uint64_t reserved;                                                             /* 0 */
    /* grows here */
} rgm_loss;

/* ---- the plugin ---- */

/* The one exported object. The host reads its first three words before it trusts anything else. */
typedef struct rgm_plugin {
    uint32_t magic; /* RGM_MAGIC */
    uint32_t size;
    uint32_t abi_version;     /* RGM_ABI_VERSION */
    uint32_t component_count; /* 1..64 */
    const char *id;           /* "invert", "org.example.invert" */
    const char *version;      /* "1.0.0" */
    const char *licence;      /* SPDX: "Apache-2.0" */
    const rgm_component *const *components;
    const char *page; /* where to read more, or NULL */
    /* grows here */
} rgm_plugin;
#define RGM_PLUGIN_TAIL , 0 /* initialises what stands in rgm_plugin after `components` */

extern RGM_EXPORT const rgm_plugin rgm_plugin_entry;

/* The struct of each kind, for RGM_COMPONENT. */
#define RGM_STRUCT_RGM_AUGMENTATION rgm_augmentation
#define RGM_STRUCT_RGM_INITIALIZER  rgm_initializer
#define RGM_STRUCT_RGM_SCHEDULER    rgm_scheduler
#define RGM_STRUCT_RGM_OPTIMIZER    rgm_optimizer
#define RGM_STRUCT_RGM_REGULARIZER  rgm_regularizer
#define RGM_STRUCT_RGM_ACTIVATION   rgm_activation
#define RGM_STRUCT_RGM_LOSS         rgm_loss

/* The head of a component: kind, name, summary, its array of parameters, the type of its instance. */
#define RGM_COMPONENT(kind, name, summary, params, type)                                                               \
    RGM_COMPONENT_WITH(kind, name, summary, params, type, RGM_ELEMENT, 0, NULL)
/* The same with a scope, flags and a pointer to an rgm_life (or NULL). */
#define RGM_COMPONENT_WITH(kind, name, summary, params, type, scope, flags, life)                                      \
    {                                                                                                                  \
        sizeof(RGM_STRUCT_##kind), kind, RGM_KIND_VERSION, scope, name, summary, params,                               \
            (uint32_t)sizeof((params)[0]), (uint32_t)(sizeof(params) / sizeof((params)[0])), (uint32_t)sizeof(type),   \
            flags, life, {                                                                                             \
            0, 0, 0, 0                                                                                                 \
        }                                                                                                              \
    }
/* The head of a component without parameters or instance. */
#define RGM_COMPONENT_BARE(kind, name, summary)                                                                        \
    {                                                                                                                  \
        sizeof(RGM_STRUCT_##kind), kind, RGM_KIND_VERSION, RGM_ELEMENT, name, summary, NULL,                           \
            (uint32_t)sizeof(rgm_parameter), 0, 0, 0, NULL, {                                                          \
            0, 0, 0, 0                                                                                                 \
        }                                                                                                              \
    }

/* The exported object, from an id, a version, a licence and pointers to the components' heads. */
#define RGM_PLUGIN(id, version, licence, ...)                                                                          \
    static const rgm_component *const rgm_plugin_components[] = {__VA_ARGS__};                                         \
    const rgm_plugin rgm_plugin_entry = {RGM_MAGIC,                                                                    \
                                         sizeof(rgm_plugin),                                                           \
                                         RGM_ABI_VERSION,                                                              \
                                         (uint32_t)(sizeof(rgm_plugin_components) / sizeof(rgm_plugin_components[0])), \
                                         id,                                                                           \
                                         version,                                                                      \
                                         licence,                                                                      \
                                         rgm_plugin_components RGM_PLUGIN_TAIL}

#ifdef __cplusplus
}
#endif

#endif
