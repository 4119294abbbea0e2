/* Optimizers, weight decay, dropout and the loss against double-precision formulas; same bits for any cut into spans.
 */
#include "check_plug.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "plug/instance_internal.h"
#include "skip.h"

enum { N = 100, STEPS = 10 };

/* The tables that this machine can run: reference 0 to AVX-512 3; NULL if it cannot. */
static const rgm_kernels *table(int32_t level) {
    uint32_t features = rgm_cpu_features();
    if (level == RGM_ISA_AVX2 && !(features & RGM_CPU_AVX2)) return NULL;
    if (level == RGM_ISA_AVX512 && !(features & RGM_CPU_AVX512)) return NULL;
    return rgm_kernels_get(level);
}

static float gradient_at(int step, int i) { return (float)sin(0.7 * step + 0.31 * i) * (i % 7 == 0 ? 1e-4f : 1.0f); }
static float start_at(int i) { return (float)cos(0.5 * i); }
static double rate_at(int step, double lr) { return lr * (1.0 - 0.05 * step); }

/* ---- running a component over spans ---- */

typedef struct weights {
    float p[N], g[N], a[N], b[N];
} weights;

static void update_span(const rgm_instance *it, weights *w, const rgm_tensor_info *tensor, int step, int first, int n) {
    float *slots[] = {w->a + first, w->b + first};
    rgm_span span = {.size = sizeof span,
                     .slot_count = rgm_plug_slot_count(it),
                     .first = (uint64_t)first,
                     .n = (uint64_t)n,
                     .param = w->p + first,
                     .grad = w->g + first,
                     .slot = slots,
                     .tensor = tensor,
                     .rate = rate_at(step, rgm_plug_base_rate(it)),
                     .row = 20};
    rgm_clock clock = plug_clock((uint64_t)step, 100, 1);
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_plug_call_init(&call, it, &clock, NULL, NULL);
    EXPECT_MSG(rgm_plug_update(&call, &span, &err) == RGM_OK, "%s", err.text);
}

static const int cuts_whole[] = {0, N}, cuts_odd[] = {0, 1, 2, 17, 33, 34, 50, 99, N};

static void train(const rgm_instance *it, weights *w, const rgm_tensor_info *tensor, const int *cuts) {
    memset(w, 0, sizeof *w);
    for (int i = 0; i < N; i++) w->p[i] = start_at(i);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++) w->g[i] = gradient_at(step, i);
        for (int k = 0; cuts[k] < N; k++) update_span(it, w, tensor, step, cuts[k], cuts[k + 1] - cuts[k]);
        update_span(it, w, tensor, step, 50, 0);
        for (int i = 0; i < N; i++) EXPECT(w->g[i] == gradient_at(step, i));
    }
}

/* ---- oracles: torch.optim in double ---- */

typedef struct hyper {
    double lr, momentum, dampening;
    int nesterov;
    double beta1, beta2, eps, decay;
} hyper;

static double sgd_oracle(const hyper *h, int i) {
    double p = (double)start_at(i), m = 0;
    for (int step = 0; step < STEPS; step++) {
        double g = (double)gradient_at(step, i), d = g;
        if (h->momentum > 0) {
            m = step == 0 ? g : h->momentum * m + (1 - h->dampening) * g;
            d = h->nesterov ? g + h->momentum * m : m;
        }
        p -= rate_at(step, h->lr) * d;
    }
    return p;
}

static double adam_oracle(const hyper *h, int i) {
    double p = (double)start_at(i), m = 0, v = 0;
    for (int step = 0; step < STEPS; step++) {
        double g = (double)gradient_at(step, i), rate = rate_at(step, h->lr);
        p *= 1 - rate * h->decay;
        m = h->beta1 * m + (1 - h->beta1) * g;
        v = h->beta2 * v + (1 - h->beta2) * g * g;
        double mean = m / (1 - pow(h->beta1, step + 1)), square = v / (1 - pow(h->beta2, step + 1));
        p -= rate * mean / (sqrt(square) + h->eps);
    }
    return p;
}

static const struct {
    const char *name, *settings;
    double (*oracle)(const hyper *, int);
    hyper h;
    uint32_t slots;
    int on_scale; /* on a batch norm's scale instead of a weight */
} optimizers[] = {
    {"sgd", "", sgd_oracle, {.lr = 0.1, .momentum = 0.9}, 1, 0},
    {"sgd", "lr=0.3 nesterov=true", sgd_oracle, {.lr = 0.3, .momentum = 0.9, .nesterov = 1}, 1, 0},
    {"sgd", "momentum=0.5 dampening=0.25", sgd_oracle, {.lr = 0.1, .momentum = 0.5, .dampening = 0.25}, 1, 0},
    {"sgd", "momentum=0 lr=2", sgd_oracle, {.lr = 2}, 0, 0},
    {"sgd", "momentum=1 lr=0", sgd_oracle, {.lr = 0, .momentum = 1}, 1, 0},
    {"adam", "", adam_oracle, {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, 2, 0},
    {"adam",
     "beta1=0 beta2=0.5 eps=0.1 lr=0.01",
     adam_oracle,
     {.lr = 0.01, .beta1 = 0, .beta2 = 0.5, .eps = 0.1},
     2,
     0},
    {"adamw", "", adam_oracle, {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01}, 2, 0},
    {"adamw",
     "weight_decay=5 lr=0.01",
     adam_oracle,
     {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 5},
     2,
     0},
    {"adamw", "weight_decay=5", adam_oracle, {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, 2, 1},
    {"adamw",
     "weight_decay=5 norm_and_bias=true",
     adam_oracle,
     {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 5},
     2,
     1},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static void check_optimizer(const rgm_registry *registry, int o) {
    rgm_instance *it = plug_instance(registry, RGM_OPTIMIZER, optimizers[o].name, optimizers[o].settings);
    const rgm_tensor_info *tensor = optimizers[o].on_scale ? &plug_scale : &plug_weight;
    const hyper *h = &optimizers[o].h;
    weights whole, parts;
    ck_assert_uint_eq(rgm_plug_slot_count(it), optimizers[o].slots);
    EXPECT(rgm_plug_base_rate(it) == h->lr);
    train(it, &whole, tensor, cuts_whole);
    train(it, &parts, tensor, cuts_odd);
    ck_assert_mem_eq(&whole, &parts, sizeof whole);
    for (int i = 0; i < N; i++) {
        /* ten roundings of p and of updates of at most rate * 10; the float beta2 moves adam's divisor by up to 3e-5 */
        double want = optimizers[o].oracle(h, i);
        double bound = STEPS * 0x1p-23 * (fabs(want) + 2) * (1 + h->lr * 10) + (h->beta2 > 0 ? h->lr * 3e-4 : 0);
        EXPECT_MSG(fabs((double)whole.p[i] - want) <= bound, "%s %s, element %d: %.9g, expected %.9g",
                   optimizers[o].name, optimizers[o].settings, i, (double)whole.p[i], want);
    }
    rgm_instance_destroy(it);
}

START_TEST(test_optimizers) {
    const rgm_kernels *kernels = table(_i / OPTIMIZERS);
    if (!kernels) SKIP("an instruction set");
    rgm_registry *registry = plug_registry_isa(NULL, kernels);
    check_optimizer(registry, _i % OPTIMIZERS);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- weight decay ---- */

static void decay(const rgm_instance *it, int32_t stage, weights *w, const int *cuts, double *penalty) {
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_error err = {0};
    for (int i = 0; i < N; i++) w->p[i] = start_at(i), w->g[i] = gradient_at(1, i);
    for (int k = 0; cuts[k] < N; k++) {
        rgm_span span = {.size = sizeof span,
                         .first = (uint64_t)cuts[k],
                         .n = (uint64_t)(cuts[k + 1] - cuts[k]),
                         .param = w->p + cuts[k],
                         .grad = stage == RGM_STAGE_GRADIENT ? w->g + cuts[k] : NULL,
                         .tensor = &plug_weight,
                         .rate = 0.5};
        rgm_plug_call call;
        rgm_plug_call_init(&call, it, &clock, NULL, NULL);
        const rgm_regularizer *r = &rgm_instance_any(it)->regularizer; /* the host does not call it today */
        ck_assert_int_eq(r->penalty(&call.call, it->memory, &span, penalty), RGM_DONE);
        ck_assert_int_eq(rgm_plug_regularize(&call, stage, &span, &err), RGM_OK);
    }
}

START_TEST(test_weight_decay) {
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *l2 = plug_instance(registry, RGM_REGULARIZER, "weight_decay", "rate=0.2");
    rgm_instance *off =
        plug_instance(registry, RGM_REGULARIZER, "weight_decay", "mode=decoupled rate=0.2 norm_and_bias=on");
    rgm_instance *none = plug_instance(registry, RGM_REGULARIZER, "weight_decay", "rate=0");
    static const int32_t grad = RGM_STAGE_GRADIENT, after = RGM_STAGE_UPDATED;
    EXPECT(rgm_plug_applies(l2, &plug_weight, grad) && !rgm_plug_applies(l2, &plug_weight, after));
    EXPECT(!rgm_plug_applies(l2, &plug_scale, grad) && !rgm_plug_applies(l2, &plug_scale, after));
    EXPECT(!rgm_plug_applies(off, &plug_weight, grad) && rgm_plug_applies(off, &plug_weight, after));
    EXPECT(rgm_plug_applies(off, &plug_scale, after));
    EXPECT(!rgm_plug_applies(none, &plug_weight, grad));
    weights a = {0}, b = {0};
    double penalty = 0, parts = 0, want = 0;
    decay(l2, grad, &a, cuts_whole, &penalty);
    decay(l2, grad, &b, cuts_odd, &parts);
    ck_assert_mem_eq(&a, &b, sizeof a);
    for (int i = 0; i < N; i++) {
        double p = (double)start_at(i);
        EXPECT(fabs((double)a.g[i] - ((double)gradient_at(1, i) + 0.2 * p)) < 1.3e-7 && a.p[i] == start_at(i));
        want += 0.1 * p * p;
    }
    EXPECT(fabs(penalty - want) < 1e-5 * want && fabs(parts - want) < 1e-5 * want);
    penalty = 0;
    decay(off, after, &a, cuts_whole, &penalty);
    decay(off, after, &b, cuts_odd, &penalty);
    ck_assert_mem_eq(a.p, b.p, sizeof a.p);
    EXPECT(penalty == 0.0);
    for (int i = 0; i < N; i++) EXPECT(fabs((double)a.p[i] - 0.9 * (double)start_at(i)) < 1.2e-7);
    rgm_instance_destroy(l2);
    rgm_instance_destroy(off);
    rgm_instance_destroy(none);
    rgm_registry_destroy(registry);
}
END_TEST

/* The default without `applies`: weights only, and only the stages that exist. */
START_TEST(test_applies_default) {
    rgm_registry *registry = plug_registry(RGM_FIXTURES "/good.so");
    rgm_instance *it = plug_instance(registry, RGM_REGULARIZER, "good", "");
    rgm_tensor_info bias = plug_scale;
    bias.role = RGM_TENSOR_BIAS;
    ck_assert_int_eq(rgm_plug_applies(it, &plug_weight, RGM_STAGE_GRADIENT), 1);
    ck_assert_int_eq(rgm_plug_applies(it, &plug_weight, RGM_STAGE_UPDATED), 0);
    ck_assert_int_eq(rgm_plug_applies(it, &plug_scale, RGM_STAGE_GRADIENT), 0);
    ck_assert_int_eq(rgm_plug_applies(it, &bias, RGM_STAGE_GRADIENT), 0);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- dropout ---- */

enum { VALUES = 1000 };

static void drop(const rgm_instance *it, int backward, float *x, uint64_t first, uint64_t n) {
    rgm_rng key = {.seed = 3, .stream = RGM_STREAM(RGM_STREAM_ACTIVATION, 2), .epoch = 1, .sample = 77};
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_activation_span span = {.size = sizeof span,
                                .training = 1,
                                .first = first,
                                .n = n,
                                .channels = VALUES,
                                .block = 1,
                                .pixels = 1,
                                .elements = VALUES};
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_plug_call_init(&call, it, &clock, &key, NULL);
    if (backward)
        span.dy = x + first, span.dx = x + first;
    else
        span.x = x + first, span.y = x + first;
    rgm_status status = backward ? rgm_plug_backward(&call, &span, &err) : rgm_plug_forward(&call, &span, &err);
    EXPECT_MSG(status == RGM_OK, "%s", err.text);
}

START_TEST(test_dropout) {
    rgm_registry *registry = plug_registry(NULL);
    static const double rates[] = {0, 0.25, 0.5, 0.999};
    static const char *const settings[] = {"rate=0", "rate=0.25", "", "rate=0.999"};
    rgm_rng key = {.seed = 3, .stream = RGM_STREAM(RGM_STREAM_ACTIVATION, 2), .epoch = 1, .sample = 77};
    static float u[VALUES], y[VALUES], dx[VALUES], parts[VALUES];
    rgm_rng_uniform(&key, 0, u, VALUES);
    for (int r = 0; r < 4; r++) {
        rgm_instance *it = plug_instance(registry, RGM_ACTIVATION, "dropout", settings[r]);
        ck_assert_uint_eq(rgm_instance_flags(it), RGM_TRAINING_ONLY);
        for (int i = 0; i < VALUES; i++) y[i] = dx[i] = parts[i] = start_at(i) + 2.0f;
        drop(it, 0, y, 0, VALUES);
        drop(it, 1, dx, 0, VALUES);
        drop(it, 0, parts, 0, 1);
        drop(it, 0, parts, 1, 300);
        drop(it, 0, parts, 301, VALUES - 301);
        ck_assert_mem_eq(y, dx, sizeof y);
        ck_assert_mem_eq(y, parts, sizeof y);
        for (int i = 0; i < VALUES; i++) {
            double want = u[i] < (float)rates[r] ? 0 : ((double)start_at(i) + 2) / (1 - rates[r]);
            EXPECT(fabs((double)y[i] - want) <= 3e-7 * fabs(want));
        }
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- loss ---- */

enum { ROWS = 5, CLASSES = 10 };

typedef struct batch {
    float z[ROWS * CLASSES], t[ROWS * CLASSES], dz[ROWS * CLASSES], loss[ROWS];
} batch;

static void make_batch(batch *b, int classes) {
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < classes; j++) {
            b->z[i * classes + j] = (float)(5 * sin(i * 3.1 + j * 1.7));
            b->t[i * classes + j] = (float)(i % 2 ? (j == i) : 1.0 + j % 3);
            sum += (double)b->t[i * classes + j];
        }
        for (int j = 0; j < classes && classes > 1; j++) b->t[i * classes + j] /= (float)sum;
        if (classes == 1) b->t[i] = (float)i / 4;
    }
}

static void run_loss(const rgm_instance *it, batch *b, int classes, int training, int gradient) {
    _Alignas(64) static char scratch[4096];
    ck_assert_uint_le(rgm_instance_scratch_bytes(it), sizeof scratch);
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_rows rows = {.size = sizeof rows,
                     .classes = classes,
                     .n = ROWS,
                     .logits = b->z,
                     .targets = b->t,
                     .loss = b->loss,
                     .dlogits = gradient ? b->dz : NULL,
                     .grad_scale = 0.25f,
                     .training = training};
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_plug_call_init(&call, it, &clock, NULL, scratch);
    EXPECT_MSG(rgm_plug_loss(&call, &rows, &err) == RGM_OK, "%s", err.text);
}

static void check_softmax(const batch *b, double smoothing) {
    for (int i = 0; i < ROWS; i++) {
        const float *z = b->z + i * CLASSES, *t = b->t + i * CLASSES;
        double sum = 0, loss = 0;
        for (int j = 0; j < CLASSES; j++) sum += exp((double)z[j]);
        for (int j = 0; j < CLASSES; j++) {
            double target = (double)t[j] * (1 - smoothing) + smoothing / CLASSES, p = exp((double)z[j]) / sum;
            loss -= target * log(p);
            EXPECT(fabs((double)b->dz[i * CLASSES + j] - 0.25 * (p - target)) < 1e-6);
        }
        EXPECT_MSG(fabs((double)b->loss[i] - loss) < 1e-5, "row %d: %g, expected %g", i, (double)b->loss[i], loss);
    }
}

static void check_sigmoid(const batch *b, double smoothing) {
    for (int i = 0; i < ROWS; i++) {
        double z = (double)b->z[i], t = (double)b->t[i] * (1 - smoothing) + smoothing / 2;
        EXPECT(fabs((double)b->loss[i] - (log1p(exp(z)) - t * z)) < 1e-5);
        EXPECT(fabs((double)b->dz[i] - 0.25 * (1 / (1 + exp(-z)) - t)) < 1e-6);
    }
}

START_TEST(test_cross_entropy) {
    const rgm_kernels *kernels = table(_i);
    if (!kernels) SKIP("an instruction set");
    rgm_registry *registry = plug_registry_isa(NULL, kernels);
    static const char *const settings[] = {"", "label_smoothing=0.2"};
    for (int s = 0; s < 2; s++) {
        rgm_instance *it = plug_instance(registry, RGM_LOSS, "cross_entropy", settings[s]);
        ck_assert_uint_eq(rgm_instance_scratch_bytes(it), s ? 40 : 0);
        for (int training = 0; training < 2; training++) {
            batch b, again;
            make_batch(&b, CLASSES);
            run_loss(it, &b, CLASSES, training, 1);
            check_softmax(&b, training ? 0.2 * s : 0);
            again = b;
            run_loss(it, &again, CLASSES, training, 0);
            ck_assert_mem_eq(&b, &again, sizeof b);
            make_batch(&b, 1);
            run_loss(it, &b, 1, training, 1);
            check_sigmoid(&b, training ? 0.2 * s : 0);
        }
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

TCase *plug_case_update(void) {
    TCase *tc = tcase_create("updates");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, test_optimizers, 0, RGM_ISA_COUNT * OPTIMIZERS);
    tcase_add_test(tc, test_weight_decay);
    tcase_add_test(tc, test_applies_default);
    tcase_add_test(tc, test_dropout);
    tcase_add_loop_test(tc, test_cross_entropy, 0, RGM_ISA_COUNT);
    return tc;
}
