/* What rules say of steps: baselines, warnings, each once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "train/watch_rules.h"
#include "watch_case.h"

/* ---- baselines ---- */

/* 60 training images, a fifth of each class held out. */
START_TEST(losses_in_closed_form) {
    static const int32_t labels[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 2};
    run_set_write(
        set_path,
        &(run_set){
            .H = 4, .W = 4, .C = 1, .classes = 3, .train = 1000, .test = 3, .labels = labels, .label_count = 10});
    rgm_baseline l;
    double p[] = {0.6, 0.3, 0.1}, entropy = 0, smooth = 0, cross = 0;
    for (int32_t i = 0; i < 3; i++) {
        double q = 0.9 * p[i] + 0.1 / 3;
        entropy -= p[i] * log(p[i]);
        smooth -= q * log(q);
        cross -= q * log(p[i]);
    }
    bench b = begin("model: {name: mlp, base: 8}\nbatch: 50\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(l.known && fabs(l.start - entropy) < 1e-6 && fabs(l.constant - entropy) < 1e-6);
    end(&b);
    b = begin("model: {name: mlp, base: 8}\nbatch: 50\nprior_bias: false\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(fabs(l.start - log(3)) < 1e-6 && fabs(l.constant - entropy) < 1e-6 && l.spread < 1e-6);
    end(&b);
    b = begin("model: {name: mlp, base: 8}\nbatch: 50\nloss: {cross_entropy: {label_smoothing: 0.1}}\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(fabs(l.start - cross) < 1e-6 && fabs(l.constant - smooth) < 1e-6);
    ck_assert(fabs(step(&b, 0)->loss - l.start) < 0.1 + 4 * l.spread / sqrt(50));
    end(&b);
}
END_TEST

/* ---- rules ---- */

/* Rules over steps that are made up from a real one. */
typedef struct court {
    bench b;
    rgm_rules *rules;
    rgm_watch_layer *layers;
    rgm_watch_step step;
    rgm_warning said[RGM_RULES];
    int32_t count;
} court;

static court convene_at(const char *text, int32_t fresh) {
    court c = {.b = begin(text, 1)};
    NEED(rgm_rules_create(&c.rules, c.b.session, c.b.trainer, fresh, &err));
    const rgm_watch_step *w = step(&c.b, 0);
    c.step = *w;
    c.step.rate = c.b.session->model->components.lr;
    c.layers = malloc(sizeof *c.layers * (size_t)w->layer_count);
    memcpy(c.layers, w->layers, sizeof *c.layers * (size_t)w->layer_count);
    c.step.layers = c.layers;
    return c;
}

static court convene(const char *text) { return convene_at(text, 1); }

static void adjourn(court *c) {
    rgm_rules_destroy(c->rules);
    free(c->layers);
    end(&c->b);
}

/* `steps` steps like this one. */
static void hear(court *c, int32_t steps) {
    rgm_warning out[RGM_RULES];
    for (int32_t i = 0; i < steps; i++, c->step.step++) {
        int32_t n = rgm_rules_judge(c->rules, &c->step, out);
        for (int32_t k = 0; k < n; k++) {
            ck_assert_int_lt(c->count, RGM_RULES);
            ck_assert(out[k].text[0] && !strchr(out[k].text, '\n') && strlen(out[k].text) + 1 < RGM_WARNING_TEXT);
            ck_assert_int_eq(out[k].step, c->step.step + 1);
            c->said[c->count++] = out[k];
        }
    }
}

static int32_t was_said(const court *c, const char *kind) {
    int32_t times = 0;
    for (int32_t i = 0; i < c->count; i++) times += strcmp(c->said[i].kind, kind) == 0;
    return times;
}

static const char mlp[] = "model: {name: mlp, base: 30}\nbatch: 8\noptimizer: {sgd: {lr: 0.05}}\n";

START_TEST(healthy_steps_are_passed_over) {
    court c = convene(models[_i]);
    hear(&c, 1);
    c.step.loss = 0.9 * rgm_rules_baseline(c.rules)->constant;
    hear(&c, 450);
    ck_assert_msg(c.count == 0, "%s: %s", c.said[0].kind, c.said[0].text);
    adjourn(&c);
}
END_TEST

/* What is wrong, and the kind that says so. */
static void spoil(court *c, int32_t how) {
    rgm_watch_layer *fc1 = &c->layers[0], *relu = &c->layers[1], *fc2 = &c->layers[2];
    switch (how) {
    case 0:
        c->step.loss = 4;
        break;
    case 1:
        c->step.input_mean = 3;
        break;
    case 2:
        c->step.input_rms = 0.05;
        c->step.input_mean = 0;
        break;
    case 3:
        relu->dead = 0.8;
        break;
    case 4:
        fc1->gradient_rms = 1e-9;
        break;
    case 5:
        c->step.gradient_norm = 1e5;
        c->step.loss = 3;
        break;
    case 6:
        fc2->update_rms = 0;
        break;
    case 7:
        fc1->update_rms = fc1->weight_rms;
        fc2->update_rms = fc2->weight_rms;
        c->step.loss = 3;
        break;
    case 8:
        fc1->update_rms = 1e-7 * fc1->weight_rms;
        fc2->update_rms = 1e-7 * fc2->weight_rms;
        break;
    case 9:
        c->step.loss = 2;
        c->step.step = 100; /* at first: the loss at the start is another rule's */
        break;
    case 10:
        c->step.waited = 0.9;
        c->step.seconds = 1;
        break;
    default:
        relu->activation_rms = 1e4;
    }
}

static const char *const spoilt[] = {"start",  "input", "input", "dead",    "vanishing", "exploding",
                                     "frozen", "rate",  "slow",  "stalled", "data",      "scale"};
enum { SPOILT = sizeof spoilt / sizeof *spoilt };

START_TEST(faults_are_named_once) {
    court c = convene(mlp);
    spoil(&c, _i);
    hear(&c, 300);
    ck_assert_msg(was_said(&c, spoilt[_i]) == 1, "%s was said %d times; first is %s", spoilt[_i],
                  was_said(&c, spoilt[_i]), c.count ? c.said[0].text : "nothing");
    adjourn(&c);
}
END_TEST

/* The end of a schedule: the rate is next to nothing, and no weight moves. */
START_TEST(no_rate_freezes_nothing) {
    court c = convene(mlp);
    spoil(&c, 6);
    c.step.rate *= 0.005;
    hear(&c, 40);
    ck_assert_int_eq(was_said(&c, "frozen"), 0);
    c.step.rate *= 4;
    hear(&c, 20);
    ck_assert_int_eq(was_said(&c, "frozen"), 1);
    adjourn(&c);
}
END_TEST

START_TEST(a_rising_loss) {
    court c = convene(mlp);
    hear(&c, 40);
    c.step.loss = 5;
    hear(&c, 20);
    ck_assert_int_eq(was_said(&c, "rising"), 1);
    adjourn(&c);
}
END_TEST

/* One step of a large loss: the layer and the images are named. */
START_TEST(a_spike) {
    court c = convene("model: {name: mlp, base: 30}\nbatch: 32\noptimizer: {sgd: {lr: 0.05}}\n");
    c.step.loss = 0.8;
    hear(&c, 60);
    ck_assert_int_eq(was_said(&c, "spike"), 0);
    c.step.loss = 2.6;
    c.layers[2].gradient_rms *= 50;
    hear(&c, 1);
    ck_assert_int_eq(was_said(&c, "spike"), 1);
    const rgm_warning *w = &c.said[c.count - 1];
    char image[32];
    snprintf(image, sizeof image, "images %lld,", (long long)c.step.worst[0]);
    ck_assert_str_eq(w->layer, "fc2");
    ck_assert_msg(strstr(w->text, image) && strstr(w->text, "50 times"), "%s", w->text);
    hear(&c, 10);
    ck_assert_int_eq(was_said(&c, "spike"), 1);
    adjourn(&c);
}
END_TEST

START_TEST(worst_images) {
    bench b = begin("model: {name: mlp, base: 30}\nbatch: 32\n", 2);
    const rgm_watch_step *w = step(&b, 0);
    for (int32_t i = 0; i < RGM_WATCH_WORST; i++) {
        ck_assert(w->worst[i] >= 0 && w->worst[i] < 60);
        ck_assert(isfinite(w->worst_loss[i]) && (i == 0 || w->worst_loss[i] <= w->worst_loss[i - 1]));
        ck_assert(w->worst_loss[i] >= w->loss);
    }
    ck_assert(w->worst[0] != w->worst[1] && w->worst[1] != w->worst[2]);
    end(&b);
    b = begin("model: {name: mlp, base: 30}\nbatch: 2\n", 2);
    ck_assert_int_eq(step(&b, 0)->worst[2], -1);
    end(&b);
}
END_TEST

START_TEST(units_that_begin_alike) {
    court c = convene("model: {name: mlp, base: 30}\nbatch: 8\ninit: {constant: {value: 0.1}}\n");
    c.step.step = 0;
    hear(&c, 1);
    ck_assert_int_eq(was_said(&c, "symmetric"), 1);
    ck_assert_str_eq(c.said[0].layer, "fc1");
    adjourn(&c);
}
END_TEST

/* Another process goes on with the numbers, and says nothing twice. */
START_TEST(rules_go_on) {
    court c = convene(mlp), d = convene(mlp);
    int64_t count;
    spoil(&c, 3);
    spoil(&d, 3);
    hear(&c, 13);
    const double *numbers = rgm_rules_numbers(c.rules, &count);
    ck_assert(rgm_rules_go_on(d.rules, numbers, count));
    ck_assert(!rgm_rules_go_on(d.rules, numbers, count - 1));
    d.step.step = 13;
    hear(&d, 7);
    ck_assert_int_eq(was_said(&d, "dead"), 1);
    adjourn(&c);
    c = convene(mlp);
    spoil(&c, 3);
    rgm_rules_said(c.rules, "dead");
    rgm_rules_said(c.rules, "no such kind");
    hear(&c, 40);
    ck_assert_int_eq(c.count, 0);
    adjourn(&c);
    adjourn(&d);
}
END_TEST

/* The scale of first weights is judged in the first window only, whichever processes make it. */
START_TEST(trained_weights_have_no_first_scale) {
    court c = convene(mlp), d = convene_at(mlp, 0);
    int64_t count;
    spoil(&c, 11);
    spoil(&d, 11);
    d.step.step = 100; /* resumed, and what was watched is lost */
    hear(&d, 40);
    ck_assert_int_eq(was_said(&d, "scale"), 0);
    adjourn(&d);
    d = convene_at(mlp, 0); /* resumed amid the first window */
    spoil(&d, 11);
    c.step.step = 0;
    hear(&c, 13);
    const double *numbers = rgm_rules_numbers(c.rules, &count);
    ck_assert(rgm_rules_go_on(d.rules, numbers, count));
    d.step.step = 13;
    hear(&d, 7);
    ck_assert_int_eq(was_said(&d, "scale"), 1);
    adjourn(&d);
    d = convene_at("checkpoint: 'trained.h5'\nmodel: {name: mlp, base: 30}\nbatch: 8\n", 0); /* weights of others */
    spoil(&d, 11);
    d.step.step = 0;
    hear(&d, 40);
    ck_assert_int_eq(was_said(&d, "scale"), 0);
    adjourn(&d);
    adjourn(&c);
}
END_TEST

/* A zero-initialized branch has no gradient at first: nothing is said of it. */
START_TEST(branches_that_start_at_zero) {
    bench b = begin("model: {name: resnet20, stem: small, base: 8}\nbatch: 16\nepochs: 10\n", 2);
    rgm_rules *rules;
    rgm_warning out[RGM_RULES];
    NEED(rgm_rules_create(&rules, b.session, b.trainer, 1, &err));
    for (int64_t i = 0; i < 25; i++) {
        int32_t n = rgm_rules_judge(rules, step(&b, i), out);
        ck_assert_msg(n == 0, "%s", out[0].text);
    }
    rgm_rules_destroy(rules);
    end(&b);
}
END_TEST

TCase *watch_rules(void) {
    TCase *c = watch_case("rules");
    tcase_add_test(c, losses_in_closed_form);
    add(c, healthy_steps_are_passed_over, MODELS);
    add(c, faults_are_named_once, SPOILT);
    tcase_add_test(c, no_rate_freezes_nothing);
    tcase_add_test(c, a_rising_loss);
    tcase_add_test(c, a_spike);
    tcase_add_test(c, worst_images);
    tcase_add_test(c, units_that_begin_alike);
    tcase_add_test(c, rules_go_on);
    tcase_add_test(c, trained_weights_have_no_first_scale);
    tcase_add_test(c, branches_that_start_at_zero);
    return c;
}
