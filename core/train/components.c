#include "train/components.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { LINE = 320 };

/* ---- the list ---- */

/* A spec that the host names itself: NAME with up to one setting. */
static int32_t own_spec(rgm_spec *spec, const char *name, const char *key, double value) {
    *spec = (rgm_spec){.count = 1};
    snprintf(spec->name, sizeof spec->name, "%s", name);
    snprintf(spec->settings[0].key, sizeof spec->settings[0].key, "%s", key);
    rgm_text_print_real(spec->settings[0].value, sizeof spec->settings[0].value, 17, value);
    return 1;
}

static int32_t dropout(rgm_spec *spec, const rgm_config *config) {
    return config->dropout > 0 && own_spec(spec, "dropout", "rate", config->dropout);
}

static int32_t warmup(rgm_spec *spec, const rgm_config *config) {
    return config->warmup > 0 && own_spec(spec, "warmup", "length", config->warmup);
}

static int32_t classifier(rgm_spec *spec, const rgm_config *config) {
    (void)config;
    return own_spec(spec, "normal", "std", 0.01);
}

/* What the driver of activations gives them today is less than the contract allows them to ask for. */
static rgm_status check_dropout(const rgm_instance *instance, rgm_error *err) {
    uint32_t flags = rgm_instance_flags(instance);
    if (!(flags & RGM_TRAINING_ONLY) || (flags & (RGM_NEEDS_INPUT | RGM_NEEDS_OUTPUT)))
        return rgm_fail(
            err, RGM_E_UNSUPPORTED,
            "dropout: expected a plugin that acts in training only and whose backward needs neither its input nor its "
            "output, found %s",
            rgm_instance_listed(instance)->path);
    return RGM_OK;
}

int32_t rgm_optimizer_decays(const rgm_instance *optimizer) {
    rgm_spec spec;
    rgm_instance_spec(optimizer, &spec);
    const char *rate = rgm_spec_get(&spec, "weight_decay");
    return rate && strpbrk(rate, "123456789") != NULL;
}

static void drop_regularizers(const rgm_components *c, rgm_config *config) {
    if (rgm_optimizer_decays(c->optimizer) && !rgm_config_given(config, "regularize")) config->regularize.count = 0;
}

/* Checks the setting that is the host's, and takes it out. */
static rgm_status take_layers(rgm_spec *spec, rgm_error *err) {
    const rgm_setting *s = rgm_spec_find(spec, RGM_COMPONENT_LAYERS);
    if (s && !s->tree && s->value[0]) {
        int32_t at = (int32_t)(s - spec->settings);
        spec->count--;
        memmove(&spec->settings[at], &spec->settings[at + 1], (size_t)(spec->count - at) * sizeof *s);
        return RGM_OK;
    }
    return rgm_fail_about(err, RGM_E_USAGE, "init_layers",
                          "%s: expected the setting " RGM_COMPONENT_LAYERS
                          ", a pattern of parameters' names such as layer1.*.conv2.weight",
                          spec->name);
}

enum { ONE = 1, LIST = 2 };

/* Components of one kind, from one place of the configuration. */
typedef struct source {
    int32_t kind;
    int32_t first, most;                                      /* in rgm_components.all */
    int32_t shape;                                            /* ONE: rgm_spec, LIST: rgm_spec_list; 0: own */
    size_t offset;                                            /* of it in rgm_config */
    int32_t skip;                                             /* places of the list that others take */
    int32_t evaluated;                                        /* 1: an evaluation needs it */
    int32_t (*own)(rgm_spec *spec, const rgm_config *config); /* 1: there is one */
    void (*before)(const rgm_components *c, rgm_config *config);
    rgm_status (*take)(rgm_spec *spec, rgm_error *err); /* takes out what is no setting of the component's */
    rgm_status (*check)(const rgm_instance *instance, rgm_error *err);
} source;

#define TO(field)                                                                                                      \
    .first = (int32_t)(offsetof(rgm_components, field) / sizeof(rgm_instance *)),                                      \
    .most = (int32_t)(sizeof((rgm_components *)0)->field / sizeof(rgm_instance *))
#define FROM(what, field) .shape = what, .offset = offsetof(rgm_config, field)

/* In the order of checkpoints. Sources of one list follow one another: each takes the places that are left. */
static const source sources[] = {
    {RGM_OPTIMIZER, TO(optimizer), FROM(ONE, optimizer)},
    {RGM_LOSS, TO(loss), FROM(ONE, loss), .evaluated = 1},
    {RGM_ACTIVATION, TO(dropout), .own = dropout, .check = check_dropout},
    {RGM_SCHEDULER, TO(schedule), FROM(ONE, scheduler)},
    {RGM_SCHEDULER, TO(schedule), .own = warmup},
    {RGM_AUGMENTATION, TO(augment), FROM(LIST, augment)},
    {RGM_REGULARIZER, TO(regularize), FROM(LIST, regularize), .before = drop_regularizers},
    {RGM_INITIALIZER, TO(init), FROM(ONE, init)},
    {RGM_INITIALIZER, TO(init), .own = classifier},
    {RGM_INITIALIZER, TO(init), FROM(LIST, init_layers), .skip = RGM_INITIALIZERS, .take = take_layers},
};
enum { SOURCES = sizeof sources / sizeof *sources };
_Static_assert(offsetof(rgm_components, augments) == sizeof((rgm_components *)0)->all, "every instance is in the list");

/* Spec `i` of a source that is no own one; NULL: there are less. */
static rgm_spec *spec_in(const source *s, rgm_config *config, int32_t i) {
    char *at = (char *)config + s->offset;
    if (s->shape == LIST) {
        rgm_spec_list *list = (rgm_spec_list *)(void *)at;
        return i < list->count ? &list->items[i] : NULL;
    }
    rgm_spec *one = (rgm_spec *)(void *)at;
    return i == 0 && one->name[0] ? one : NULL;
}

/* ---- creating ---- */

static rgm_status place_instance(rgm_components *c, const source *s, const rgm_registry *registry, const rgm_spec *spec,
                                 rgm_error *err) {
    int32_t at = s->first;
    while (at < s->first + s->most && c->all[at]) at++;
    if (at == s->first + s->most)
        return rgm_fail(err, RGM_E_INTERNAL, "more than %d components %s", s->most, rgm_kind_name(s->kind));
    RGM_TRY(rgm_instance_create(&c->all[at], registry, s->kind, spec, err));
    return s->check ? s->check(c->all[at], err) : RGM_OK;
}

static rgm_status create_from(rgm_components *c, const source *s, const rgm_registry *registry, rgm_config *config,
                              rgm_error *err) {
    if (s->before) s->before(c, config);
    rgm_spec own;
    if (!s->shape) return s->own(&own, config) ? place_instance(c, s, registry, &own, err) : RGM_OK;
    const rgm_spec *spec;
    for (int32_t i = 0; (spec = spec_in(s, config, i)); i++) {
        own = *spec;
        if (s->take) RGM_TRY(s->take(&own, err));
        RGM_TRY(place_instance(c, s, registry, &own, err));
    }
    return RGM_OK;
}

static int32_t count_in(rgm_instance *const *list, int32_t most) {
    int32_t count = 0;
    while (count < most && list[count]) count++;
    return count;
}

rgm_status rgm_components_create(rgm_components *c, const rgm_registry *registry, rgm_config *config,
                                 int32_t evaluation, rgm_error *err) {
    for (int32_t i = 0; i < SOURCES; i++)
        if (!evaluation || sources[i].evaluated) RGM_TRY(create_from(c, &sources[i], registry, config, err));
    c->augments = count_in(c->augment, RGM_CONFIG_LIST);
    c->regularizers = count_in(c->regularize, RGM_CONFIG_LIST);
    c->schedules = count_in(c->schedule, RGM_SCHEDULES);
    c->lr = c->optimizer ? rgm_plug_base_rate(c->optimizer) : 0;
    return RGM_OK;
}

void rgm_components_destroy(rgm_components *c) {
    for (int32_t i = 0; i < RGM_COMPONENTS; i++) rgm_instance_destroy(c->all[i]);
    memset(c, 0, sizeof *c);
}

rgm_status rgm_components_prepare(const rgm_components *c, const rgm_model_info *model, const rgm_clock *clock,
                                  rgm_error *err) {
    for (int32_t i = 0; i < RGM_COMPONENTS; i++)
        if (c->all[i]) RGM_TRY(rgm_instance_prepare(c->all[i], model, clock, err));
    return RGM_OK;
}

/* ---- telling ---- */

const char *rgm_component_label(const rgm_components *c, int32_t place, char label[RGM_COMPONENT_LABEL]) {
    int32_t first = 0;
    for (int32_t i = 0; i < SOURCES; i++)
        if (sources[i].first <= place) first = sources[i].first;
    snprintf(label, RGM_COMPONENT_LABEL, "%s %d %s", rgm_kind_name(rgm_instance_kind(c->all[place])), place - first,
             rgm_instance_name(c->all[place]));
    return label;
}

rgm_instance *rgm_component_labelled(const rgm_components *c, const char *label) {
    char own[RGM_COMPONENT_LABEL];
    for (int32_t i = 0; i < RGM_COMPONENTS; i++)
        if (c->all[i] && strcmp(rgm_component_label(c, i, own), label) == 0) return c->all[i];
    return NULL;
}

int32_t rgm_component_has_state(const rgm_instance *instance) {
    const rgm_life *life = rgm_instance_listed(instance)->component->life;
    return life && life->save;
}

/* FNV-1a of a plugin's file, so that another one of the same version is noticed; 0 if it cannot be read. */
static uint64_t hash_file(const char *path) {
    unsigned char block[65536];
    uint64_t hash = 0xcbf29ce484222325u;
    FILE *file = fopen(path, "rbe");
    if (!file) return 0;
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        for (size_t i = 0; i < n; i++) hash = (hash ^ block[i]) * 0x100000001b3u;
    int failed = ferror(file);
    fclose(file);
    return failed ? 0 : hash;
}

/* One line of at most LINE characters; returns where the next one begins. */
static char *tell(const rgm_components *c, int32_t place, char *at) {
    const rgm_listed *listed = rgm_instance_listed(c->all[place]);
    char label[RGM_COMPONENT_LABEL], file[32] = "";
    if (!listed->builtin) snprintf(file, sizeof file, RGM_COMPONENT_FILE "%016" PRIx64, hash_file(listed->path));
    int used = snprintf(at, LINE - 1, "%s: %s %.80s%s", rgm_component_label(c, place, label), listed->plugin->id,
                        listed->plugin->version, file);
    at += used < LINE - 1 ? used : LINE - 2;
    *at++ = '\n';
    return at;
}

rgm_status rgm_components_text(const rgm_components *c, char **text, rgm_error *err) {
    char *at = *text = calloc(RGM_COMPONENTS + 1, LINE);
    if (!at) return rgm_fail(err, RGM_E_NOMEM, "plugins: out of memory");
    for (int32_t i = 0; i < RGM_COMPONENTS; i++)
        if (c->all[i]) at = tell(c, i, at);
    return RGM_OK;
}

/* ---- the configuration ---- */

/* The instance's spec, and in front of it the host's setting that `spec` has. */
static void tell_spec(const source *s, const rgm_instance *instance, rgm_spec *spec) {
    rgm_spec made;
    const rgm_setting *layers = s->take ? rgm_spec_find(spec, RGM_COMPONENT_LAYERS) : NULL;
    rgm_instance_spec(instance, &made);
    if (layers && made.count < RGM_SPEC_SETTINGS) {
        memmove(&made.settings[1], &made.settings[0], (size_t)made.count * sizeof *layers);
        made.settings[0] = *layers;
        made.count++;
    }
    *spec = made;
}

void rgm_components_effective(const rgm_components *c, rgm_config *config) {
    rgm_spec *spec;
    for (int32_t k = 0; k < SOURCES; k++) {
        const source *s = &sources[k];
        for (int32_t i = 0; s->shape && (spec = spec_in(s, config, i)); i++) {
            const rgm_instance *instance = c->all[s->first + s->skip + i];
            if (instance) tell_spec(s, instance, spec);
        }
    }
}

/* Nothing is done where another component stands now: that is a difference in any case. */
static rgm_status complete(const rgm_registry *registry, const source *s, rgm_spec *then, const rgm_spec *now,
                           rgm_error *err) {
    rgm_instance *instance;
    rgm_spec own;
    if (strcmp(then->name, now->name) != 0) return RGM_OK;
    then->line = 0; /* places in the checkpoint's text help nobody */
    for (int32_t i = 0; i < then->count; i++) then->settings[i].line = then->settings[i].key_line = 0;
    own = *then;
    if (s->take) RGM_TRY(s->take(&own, err));
    RGM_TRY(rgm_instance_create(&instance, registry, s->kind, &own, err));
    tell_spec(s, instance, then);
    rgm_instance_destroy(instance);
    return RGM_OK;
}

rgm_status rgm_components_complete(const rgm_registry *registry, rgm_config *then, rgm_config *now, rgm_error *err) {
    rgm_spec *a, *b;
    for (int32_t k = 0; k < SOURCES; k++) {
        const source *s = &sources[k];
        for (int32_t i = 0; s->shape && (a = spec_in(s, then, i)) && (b = spec_in(s, now, i)); i++)
            RGM_TRY(complete(registry, s, a, b, err));
    }
    return RGM_OK;
}
