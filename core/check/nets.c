#include "check/nets.h"

#include <stdlib.h>
#include <string.h>

enum { HELD = 8 * RGM_NET_MOST };

/* A net and its first values. */
typedef struct net {
    rgm_lab_set lab;
    rgm_specimen *specimen;
    float *value, *stat;
} net;

static void drop(void *kept) {
    net *n = kept;
    rgm_specimen_destroy(n->specimen);
    rgm_lab_set_free(&n->lab);
    free(n->value);
    free(n->stat);
    free(n);
}

static size_t value_bytes(const net *n) { return sizeof(float) * (size_t)rgm_graph_param_floats(n->specimen->graph); }
static size_t stat_bytes(const net *n) { return sizeof(float) * (size_t)rgm_graph_stat_floats(n->specimen->graph); }

static int32_t images_for(const rgm_graph *graph) {
    double fit = RGM_NET_FLOPS / rgm_graph_train_flops(graph);
    return fit < RGM_NET_LEAST ? RGM_NET_LEAST : fit > RGM_NET_MOST ? RGM_NET_MOST : (int32_t)fit;
}

static rgm_status make(net *n, rgm_checking *c, rgm_lab_settings settings, rgm_error *err) {
    const rgm_lab_wish wish = {.train = rgm_checking_fit(c, HELD), .seed = c->config->seed};
    RGM_TRY(rgm_lab_set_make(&n->lab, c->session, &wish, err));
    const rgm_specimen_options options = {.config = c->config,
                                          .settings = settings,
                                          .device = c->device,
                                          .set = n->lab.set,
                                          .images = images_for(c->session->model->graph),
                                          .stop = c->options->stop};
    RGM_TRY(rgm_specimen_create(&n->specimen, &options, err));
    RGM_TRY(rgm_specimen_draw(n->specimen, err));
    n->value = malloc(value_bytes(n) + 1);
    n->stat = malloc(stat_bytes(n) + 1);
    if (!n->value || !n->stat) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a net");
    memcpy(n->value, n->specimen->memory.value, value_bytes(n));
    memcpy(n->stat, n->specimen->memory.stat, stat_bytes(n));
    return RGM_OK;
}

static rgm_status make_own(rgm_checking *c, void *kept, rgm_error *err) { return make(kept, c, NULL, err); }

/* The initializer that nobody has to name. */
rgm_status rgm_default_init(char **text, rgm_error *err) {
    rgm_config *plain = malloc(sizeof *plain);
    if (!plain) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    rgm_status status = rgm_config_init(plain, err);
    if (status >= 0) status = rgm_config_value(plain, "init", text, err);
    free(plain);
    return status;
}

static rgm_status make_twin(rgm_checking *c, void *kept, rgm_error *err) {
    char *init;
    RGM_TRY(rgm_default_init(&init, err));
    const char *const settings[] = {"init", init, "init_layers", "[]", "dropout", "0", NULL};
    rgm_status status = make(kept, c, settings, err);
    free(init);
    return status;
}

/* The kept net, at its first values. */
static rgm_status get(rgm_checking *c, const rgm_kept *what, rgm_specimen **s, rgm_error *err) {
    void *kept;
    RGM_TRY(rgm_checking_keep(c, what, &kept, err));
    net *n = kept;
    memcpy(n->specimen->memory.value, n->value, value_bytes(n));
    memcpy(n->specimen->memory.stat, n->stat, stat_bytes(n));
    n->specimen->looking = 0;
    n->specimen->calm = 0;
    *s = n->specimen;
    return rgm_specimen_load(n->specimen, 0, err);
}

rgm_status rgm_checking_net(rgm_checking *c, rgm_specimen **own, rgm_error *err) {
    return get(c, &(rgm_kept){RGM_KEPT_NET, sizeof(net), make_own, drop}, own, err);
}

rgm_status rgm_checking_twin(rgm_checking *c, rgm_specimen **twin, rgm_error *err) {
    return get(c, &(rgm_kept){RGM_KEPT_TWIN, sizeof(net), make_twin, drop}, twin, err);
}
