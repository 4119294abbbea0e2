#include "bench/ops_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "report/summary.h"

const rgm_way rgm_ways[RGM_WAYS] = {{"onednn", "onednn", RGM_WAY_ONEDNN},
                                    {"winograd", "winograd", RGM_WAY_WINOGRAD},
                                    {"winograd-2x2", "wino-2x2", RGM_WAY_WINOGRAD_2X2},
                                    {"direct", "direct", RGM_WAY_DIRECT},
                                    {"onednn-winograd", "dnnl-wino", RGM_WAY_ONEDNN_WINOGRAD}};
const char *const rgm_direction_names[RGM_CONV_DIRECTIONS] = {"forward", "bwd data", "bwd weights"};

/* Of a layer. */
typedef struct times {
    const rgm_layer *layer;
    rgm_layer_net nets[RGM_WAYS];
    int32_t steps[RGM_WAYS];                           /* in a sample */
    int32_t rule[RGM_CONV_DIRECTIONS];                 /* the way that the rule takes */
    rgm_spread seconds[RGM_WAYS][RGM_CONV_DIRECTIONS]; /* median 0: not in this way */
    double *samples;                                   /* [way][direction][repeat] */
} times;

/* Over all layers. */
typedef struct totals {
    double log_ratio[RGM_WAYS][RGM_CONV_DIRECTIONS]; /* to oneDNN's direct convolution */
    int32_t count[RGM_WAYS][RGM_CONV_DIRECTIONS];
    double log_peer; /* winograd to onednn-winograd */
    int32_t peers;
    double rule, onednn; /* seconds of all layers, times how often they occur */
    int32_t wrong;       /* directions where the rule takes a slower way */
} totals;

/* ---- measuring ---- */

static double *samples_of(const rgm_ops *o, times *t, int32_t way, int32_t direction) {
    return t->samples + (way * RGM_CONV_DIRECTIONS + direction) * o->options->effort.repeats;
}

/* Seconds of a step in each direction, over `steps` steps. */
static rgm_status sample(rgm_layer_net *net, int32_t steps, double seconds[RGM_CONV_DIRECTIONS], rgm_error *err) {
    for (int32_t i = 0; i < net->count; i++) net->phases[i].nanos = 0;
    for (int32_t s = 0; s < steps; s++) RGM_TRY(rgm_layer_net_run(net, err));
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) seconds[d] = 0;
    for (int32_t i = 0; i < net->count; i++)
        if (net->owner[i] >= 0) seconds[net->owner[i]] += (double)net->phases[i].nanos * 1e-9 / steps;
    return RGM_OK;
}

/* The first step touches memory for the first time; the second says how many make a sample. */
static rgm_status warm_up(const rgm_ops *o, times *t, int32_t way, rgm_error *err) {
    double seconds[RGM_CONV_DIRECTIONS];
    RGM_TRY(sample(&t->nets[way], 1, seconds, err));
    RGM_TRY(sample(&t->nets[way], 1, seconds, err));
    double wanted = ceil(o->options->effort.sample / (seconds[0] + seconds[1] + seconds[2] + 1e-9));
    t->steps[way] = wanted < 1 ? 1 : wanted > 1000 ? 1000 : (int32_t)wanted;
    return RGM_OK;
}

static rgm_status take_samples(const rgm_ops *o, times *t, rgm_error *err) {
    const rgm_effort *e = &o->options->effort;
    for (int32_t way = 0; way < o->ways; way++) RGM_TRY(warm_up(o, t, way, err));
    for (int32_t r = 0; r < e->repeats; r++)
        for (int32_t j = 0; j < o->ways; j++) {
            double seconds[RGM_CONV_DIRECTIONS];
            int32_t way = (r + j) % o->ways; /* they take turns */
            RGM_TRY(rgm_bench_go_on(e->stop, err));
            RGM_TRY(sample(&t->nets[way], t->steps[way], seconds, err));
            for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) samples_of(o, t, way, d)[r] = seconds[d];
        }
    for (int32_t way = 0; way < o->ways; way++)
        for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++)
            if (t->nets[way].way[d] == rgm_ways[way].way)
                t->seconds[way][d] = rgm_spread_of(samples_of(o, t, way, d), e->repeats);
    return RGM_OK;
}

static rgm_status ask_rule(const rgm_ops *o, times *t, rgm_error *err) {
    rgm_layer_net net;
    RGM_TRY(rgm_layer_net_make(&net, t->layer, &o->means, (rgm_layer_use){.way = RGM_WAY_AUTO}, err));
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++)
        for (int32_t way = 0; way < RGM_WAYS; way++)
            if (net.way[d] == rgm_ways[way].way) t->rule[d] = way;
    rgm_layer_net_free(&net);
    return RGM_OK;
}

static rgm_status measure_with(const rgm_ops *o, const rgm_layer_data *data, times *t, rgm_error *err) {
    t->samples = malloc(sizeof *t->samples * RGM_WAYS * RGM_CONV_DIRECTIONS * (size_t)o->options->effort.repeats);
    if (!t->samples) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    for (int32_t way = 0; way < o->ways; way++)
        RGM_TRY(
            rgm_layer_net_make(&t->nets[way], t->layer, &o->means, (rgm_layer_use){data, 0, rgm_ways[way].way}, err));
    RGM_TRY(ask_rule(o, t, err));
    return take_samples(o, t, err);
}

static rgm_status measure(const rgm_ops *o, times *t, rgm_error *err) {
    rgm_layer_data data;
    rgm_status status = rgm_layer_data_make(&data, t->layer, &o->means, 0, err);
    if (status >= 0) status = measure_with(o, &data, t, err);
    for (int32_t way = 0; way < o->ways; way++) rgm_layer_net_free(&t->nets[way]);
    free(t->samples);
    rgm_layer_data_free(&data);
    return status;
}

/* ---- telling ---- */

static void make_columns(const rgm_ops *o, rgm_column *c) {
    *c++ = (rgm_column){"layer, direction", RGM_WAY_LABEL, 0};
    for (int32_t way = 0; way < o->ways; way++) {
        *c++ = (rgm_column){rgm_ways[way].column, 9, 3};
        *c++ = (rgm_column){"GFLOP/s", 7, 0};
        if (way > 0) *c++ = (rgm_column){"x", 5, 2};
    }
}

static int32_t column_count(const rgm_ops *o) { return 3 * o->ways; }

/* The fastest way that the rule could take, if that one is faster than its choice by more than 5 % and noise. */
static int32_t better_way(const rgm_ops *o, const times *t, int32_t d) {
    const rgm_spread *chosen = &t->seconds[t->rule[d]][d];
    int32_t best = t->rule[d];
    for (int32_t way = 0; way < o->ways; way++) {
        const rgm_spread *s = &t->seconds[way][d];
        if (rgm_ways[way].way == RGM_WAY_ONEDNN_WINOGRAD || s->median <= 0) continue;
        if (1.05 * s->median < chosen->median && s->high < chosen->low && s->median < t->seconds[best][d].median)
            best = way;
    }
    return best;
}

static rgm_status add_json(const rgm_ops *o, const times *t, int32_t way, int32_t d, rgm_error *err) {
    char layer[RGM_LAYER_NAME], name[RGM_LAYER_NAME + 48];
    rgm_spread s = t->seconds[way][d];
    snprintf(name, sizeof name, "%s, %s, %s", rgm_layer_name(t->layer, layer), rgm_direction_names[d],
             rgm_ways[way].name);
    json_t *result = rgm_bench_json_add(o->json, name, "ms", rgm_spread_scale(s, 1e3));
    double onednn = t->seconds[0][d].median;
    json_t *more = json_pack("{s:s, s:s, s:s, s:f, s:f, s:b, s:i}", "layer", layer, "direction", rgm_direction_names[d],
                             "way", rgm_ways[way].name, "gflops", rgm_layer_flops(t->layer) / s.median * 1e-9, "ratio",
                             onednn / s.median, "rule", t->rule[d] == way, "times", t->layer->times);
    return rgm_bench_json_more(result, more) ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
}

static void print_row(const rgm_ops *o, const times *t, int32_t d, int32_t better) {
    rgm_column columns[3 * RGM_WAYS + 1];
    double values[3 * RGM_WAYS], *v = values;
    char layer[RGM_LAYER_NAME], label[RGM_LAYER_NAME + 48];
    make_columns(o, columns);
    for (int32_t way = 0; way < o->ways; way++) {
        double seconds = t->seconds[way][d].median;
        int32_t none = seconds <= 0;
        *v++ = none ? NAN : seconds * 1e3;
        *v++ = none ? NAN : rgm_layer_flops(t->layer) / seconds * 1e-9;
        if (way > 0) *v++ = none ? NAN : t->seconds[0][d].median / seconds;
    }
    snprintf(label, sizeof label, "%s, %s", rgm_layer_name(t->layer, layer), rgm_direction_names[d]);
    rgm_table_row(columns, column_count(o), label, values);
    printf("  %s", rgm_ways[t->rule[d]].name);
    if (better != t->rule[d])
        printf(", but %s is %.2f times as fast", rgm_ways[better].name,
               t->seconds[t->rule[d]][d].median / t->seconds[better][d].median);
    putchar('\n');
    fflush(stdout);
}

static rgm_status tell(const rgm_ops *o, const times *t, totals *sum, rgm_error *err) {
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) {
        double onednn = t->seconds[0][d].median;
        if (onednn <= 0) continue;
        int32_t better = better_way(o, t, d);
        sum->wrong += better != t->rule[d];
        sum->onednn += onednn * t->layer->times;
        sum->rule += t->seconds[t->rule[d]][d].median * t->layer->times;
        for (int32_t way = 0; way < o->ways; way++) {
            if (t->seconds[way][d].median <= 0) continue;
            sum->log_ratio[way][d] += log(onednn / t->seconds[way][d].median);
            sum->count[way][d]++;
            RGM_TRY(add_json(o, t, way, d, err));
        }
        double own = t->seconds[1][d].median, peer = t->seconds[RGM_WAYS - 1][d].median;
        if (own > 0 && peer > 0) {
            sum->log_peer += log(peer / own);
            sum->peers++;
        }
        if (o->text) print_row(o, t, d, better);
    }
    return RGM_OK;
}

static void print_means(const rgm_ops *o, const totals *sum) {
    printf("\ntimes as fast as oneDNN's direct convolution, geometric means (of so many):\n");
    for (int32_t way = 1; way < o->ways; way++) {
        double logs = 0;
        int32_t count = 0;
        printf("  %-16s", rgm_ways[way].name);
        for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) {
            if (sum->count[way][d])
                printf(" %s %.2f (%d),", rgm_direction_names[d], exp(sum->log_ratio[way][d] / sum->count[way][d]),
                       sum->count[way][d]);
            logs += sum->log_ratio[way][d];
            count += sum->count[way][d];
        }
        if (count)
            printf(" all %.2f (%d)\n", exp(logs / count), count);
        else
            printf(" computes none of these layers\n");
    }
    if (sum->peers)
        printf("winograd is %.2f times as fast as onednn-winograd, geometric mean of %d\n",
               exp(sum->log_peer / sum->peers), sum->peers);
    printf("all layers, as often as they occur: %.1f ms with oneDNN's direct convolutions, %.1f ms by the rule (%.2f "
           "times as fast)\n",
           sum->onednn * 1e3, sum->rule * 1e3, sum->onednn / sum->rule);
}

static rgm_status judge(const totals *sum, int32_t check, rgm_error *err) {
    if (!check || sum->wrong == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_VERDICT, "the rule takes a slower way in %d %s (by more than 5 %%, quartiles disjoint)",
                    sum->wrong, sum->wrong == 1 ? "direction" : "directions");
}

static rgm_status show_times(rgm_ops *o, rgm_error *err) {
    rgm_column columns[3 * RGM_WAYS + 1];
    totals sum = {0};
    if (o->text) {
        make_columns(o, columns);
        columns[column_count(o)] = (rgm_column){"  rule", 6, 0};
        rgm_table_head(columns, column_count(o) + 1);
    }
    rgm_team_profile(o->means.team, 1);
    for (int32_t i = 0; i < o->layers.count; i++) {
        times t = {.layer = &o->layers.list[i]};
        RGM_TRY(measure(o, &t, err));
        RGM_TRY(tell(o, &t, &sum, err));
    }
    if (o->text) print_means(o, &sum);
    return judge(&sum, o->options->check_rule, err);
}

/* ---- all of it ---- */

static rgm_status load_layers(rgm_ops *o, rgm_error *err) {
    static const char *const usual[] = {"performance"};
    const rgm_bench_ops_options *p = o->options;
    for (int32_t i = 0; i < (p->count ? p->count : 1); i++)
        RGM_TRY(rgm_layers_load(&o->layers, (p->count ? p->names : usual)[i], err));
    if (p->batch || p->errors) rgm_layers_set_images(&o->layers, p->batch ? p->batch : 2, !p->batch);
    return RGM_OK;
}

static rgm_status prepare(rgm_ops *o, const rgm_config *c, rgm_error *err) {
    int32_t isa;
    RGM_TRY(load_layers(o, err));
    RGM_TRY(rgm_isa_choose(c->isa, rgm_cpu_features(), &isa, err));
    o->means.kernels = rgm_kernels_get(isa);
    RGM_TRY(rgm_team_create(&o->means.team, &(rgm_team_options){c->threads, c->pin}, err));
    int32_t threads = rgm_team_size(o->means.team);
    RGM_TRY(rgm_engine_create(&o->means.engine, isa, o->means.kernels->block, threads, err));
    o->ways = rgm_engine_has_winograd(o->means.engine) ? RGM_WAYS : RGM_WAYS - 1;
    o->json = rgm_bench_json(o->options->errors ? "ops errors" : "ops", o->means.kernels->isa, threads);
    if (!o->json || json_object_set_new(o->json, "engine", json_string(rgm_engine_describe(o->means.engine))) < 0)
        return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    if (o->text)
        printf("%s, %d %s, %s kernels, %s\n\n", rgm_cpu_name(), threads, threads == 1 ? "thread" : "threads",
               o->means.kernels->isa, rgm_engine_describe(o->means.engine));
    return RGM_OK;
}

rgm_status rgm_bench_ops(const rgm_config *config, const rgm_bench_ops_options *options, rgm_error *err) {
    rgm_ops o = {.options = options, .text = rgm_json_leaves_text(options->json)};
    rgm_status status = prepare(&o, config, err);
    if (status >= 0) status = options->errors ? rgm_ops_errors(&o, err) : show_times(&o, err);
    if (status >= 0 || status == RGM_E_VERDICT) { /* a verdict has its figures too */
        rgm_status written = rgm_bench_json_write(json_incref(o.json), options->json, status < 0 ? NULL : err);
        if (status >= 0) status = written;
    }
    json_decref(o.json);
    rgm_engine_destroy(o.means.engine);
    rgm_team_destroy(o.means.team);
    rgm_layers_free(&o.layers);
    return status;
}
