/* Validation of plugin data in memory, parameters as text, instances. */
#include "check_plug.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "plug/instance_internal.h"
#include "plug/params.h"
#include "plug/validate.h"

/* ---- a plugin to spoil ---- */

static int32_t update(const rgm_call *call, const void *self, const rgm_span *span) {
    (void)call, (void)self, (void)span;
    return RGM_DONE;
}

struct victim {
    double lr;
    int64_t integer;
    int32_t flag, choice;
    char text[8];
};

/* Everything that a plugin consists of, writable. */
static const char *words[] = {"one", "two", NULL};
static const char *slots[] = {"a", "b"};
static rgm_parameter params[] = {
    RGM_REAL("lr", struct victim, lr, 0.0, 1.0, 0.5, "rate"),
    RGM_INTEGER("integer", struct victim, integer, -3, 3, 0, "integer"),
    RGM_FLAG("flag", struct victim, flag, 0, "flag"),
    RGM_CHOICE("choice", struct victim, choice, words, 0, "choice"),
    RGM_TEXT("text", struct victim, text, "abc", "text"),
};
static rgm_life life = {.size = sizeof life};
static rgm_optimizer victim = {
    RGM_COMPONENT_WITH(RGM_OPTIMIZER, "victim", "to be spoiled", params, struct victim, RGM_ELEMENT, 0, &life),
    .update = update,
    .slots = slots,
    .slot_count = 2,
};
static const rgm_component *list[2] = {&victim.component, &victim.component};
static rgm_plugin plugin = {RGM_MAGIC, sizeof plugin, RGM_ABI_VERSION, 1, "victim", "1.0", "MIT", list, NULL};

static uint64_t save(const void *self, void *out, uint64_t bytes) {
    (void)self, (void)out, (void)bytes;
    return 0;
}

#define SPOIL(name, statement)                                                                                         \
    static void spoil_##name(void) { statement; }
SPOIL(nothing, (void)0)
SPOIL(magic, plugin.magic++)
SPOIL(version, plugin.abi_version++)
SPOIL(size, plugin.size = 24)
SPOIL(id, plugin.id = NULL)
SPOIL(empty_id, plugin.id = "")
SPOIL(licence, plugin.licence = "two\nlines")
SPOIL(deleted, plugin.licence = "MIT\x7f")
SPOIL(c1, plugin.licence = "\xc2\x9b"
                           "2J")
SPOIL(no_components, plugin.component_count = 0)
SPOIL(many_components, plugin.component_count = 65)
SPOIL(null_list, plugin.components = NULL)
SPOIL(null_component, list[0] = NULL)
SPOIL(twice, plugin.component_count = 2)
SPOIL(small_component, victim.component.size = 40)
SPOIL(short_component, victim.component.size = sizeof(rgm_component))
SPOIL(kind, victim.component.kind = 2)
SPOIL(huge_kind, victim.component.kind = 0x80000000u)
SPOIL(kind_version, victim.component.kind_version = 2)
SPOIL(scope, victim.component.scope = RGM_ALL)
SPOIL(wide_scope, victim.component.scope = 4)
SPOIL(flags, victim.component.flags = RGM_IN_PLACE)
SPOIL(reserved, victim.component.reserved[3] = 1)
SPOIL(name, victim.component.name = "Victim")
SPOIL(null_name, victim.component.name = NULL)
SPOIL(summary, victim.component.summary = NULL)
SPOIL(instance, victim.component.instance_size = 2 << 20)
SPOIL(small_instance, victim.component.instance_size = 8)
SPOIL(null_params, victim.component.params = NULL)
SPOIL(param_size, victim.component.param_size = 8)
SPOIL(param_count, victim.component.param_count = 25)
SPOIL(life_size, life.size = 8)
SPOIL(half_state, life.save = save)
SPOIL(no_update, victim.update = NULL)
SPOIL(no_slots, victim.slots = NULL)
SPOIL(many_slots, victim.slot_count = 9)
SPOIL(same_slots, slots[1] = "a")
SPOIL(slot_name, slots[1] = "a/b")
SPOIL(no_lr, params[0].key = "rate")
SPOIL(key, params[1].key = "in teger")
SPOIL(long_key, params[1].key = "a123456789012345678901234567890123456789012345678901234567890")
SPOIL(same_key, params[1].key = "lr")
SPOIL(same_member, params[1].offset = 0)
SPOIL(help, params[1].help = NULL)
SPOIL(unit, params[1].unit = "pixels\033[2J")
SPOIL(type, params[1].type = 9)
SPOIL(zero_type, params[1].type = 0)
SPOIL(param_flags, params[1].flags = 1)
SPOIL(outside, params[1].offset = sizeof(struct victim) - 4)
SPOIL(wrap, params[1].offset = 0xfffffff8u)
SPOIL(bytes, params[1].bytes = 4)
SPOIL(unaligned, params[1].offset = 12)
SPOIL(nan_default, params[0].def = NAN)
SPOIL(nan_bound, params[0].max = NAN)
SPOIL(infinite, params[0].max = INFINITY)
SPOIL(order, params[0].min = 0.75)
SPOIL(fraction, params[1].max = 2.5)
SPOIL(flag_range, params[2].max = 2.0)
SPOIL(no_choices, params[3].choices = NULL)
SPOIL(choice_range, params[3].max = 2.0)
SPOIL(choice_name, words[1] = "t wo")
SPOIL(choice_twice, words[1] = words[0])
SPOIL(no_words, words[0] = NULL)
SPOIL(no_text, params[4].text = NULL)
SPOIL(long_text, params[4].text = "12345678")
SPOIL(wide_text, params[4].bytes = 209; victim.component.instance_size = 1024)
SPOIL(text_lines, params[4].text = "a\tb")

static const struct {
    void (*spoil)(void);
    const char *part; /* of the message; NULL: accepted */
} spoils[] = {
    {spoil_nothing, NULL},
    {spoil_magic, "magic"},
    {spoil_version, "version 2 of the plugin contract, expected 1"},
    {spoil_size, "entry of 24 bytes"},
    {spoil_id, "id, version or licence"},
    {spoil_empty_id, "id, version or licence"},
    {spoil_licence, "id, version or licence"},
    {spoil_deleted, "id, version or licence"},
    {spoil_c1, "id, version or licence"},
    {spoil_no_components, "0 components"},
    {spoil_many_components, "65 components"},
    {spoil_null_list, "components"},
    {spoil_null_component, "component 0 is NULL"},
    {spoil_twice, "optimizer victim is there twice"},
    {spoil_small_component, "component 0 has 40 bytes"},
    {spoil_short_component, "optimizer victim: struct of"},
    {spoil_kind, "the kind batch augmentation is reserved"},
    {spoil_huge_kind, "is unknown to this host"},
    {spoil_kind_version, "version 2 of its kind, expected 1"},
    {spoil_scope, "the scope of all tensors at once is reserved"},
    {spoil_wide_scope, "scope 4 is unknown"},
    {spoil_flags, "flags 0x1 are unknown"},
    {spoil_reserved, "reserved words"},
    {spoil_name, "name of component 0"},
    {spoil_null_name, "name of component 0"},
    {spoil_summary, "summary"},
    {spoil_instance, "instance of 2097152 bytes"},
    {spoil_small_instance, "outside the instance"},
    {spoil_null_params, "parameter table"},
    {spoil_param_size, "parameter table"},
    {spoil_param_count, "25 parameters"},
    {spoil_life_size, "life of 8 bytes"},
    {spoil_half_state, "the function load is missing"},
    {spoil_no_update, "the function update is missing"},
    {spoil_no_slots, "slots without names"},
    {spoil_many_slots, "9 slots"},
    {spoil_same_slots, "slot a is there twice"},
    {spoil_slot_name, "name of slot 1"},
    {spoil_no_lr, "needs a real parameter lr"},
    {spoil_key, "key of parameter 1"},
    {spoil_long_key, "key of parameter 1"},
    {spoil_same_key, "parameter lr is there twice"},
    {spoil_same_member, "fill the same member"},
    {spoil_help, "parameter integer has no help"},
    {spoil_unit, "parameter integer: the unit is not one line"},
    {spoil_type, "unknown type 9"},
    {spoil_zero_type, "unknown type 0"},
    {spoil_param_flags, "unknown flags 0x1"},
    {spoil_outside, "outside the instance"},
    {spoil_wrap, "outside the instance"},
    {spoil_bytes, "member of 4 bytes"},
    {spoil_unaligned, "aligned"},
    {spoil_nan_default, "not finite"},
    {spoil_nan_bound, "not finite"},
    {spoil_infinite, "not finite"},
    {spoil_order, "default 0.5 is outside 0.75 to 1"},
    {spoil_fraction, "whole number"},
    {spoil_flag_range, "flag's range"},
    {spoil_no_choices, "no choices"},
    {spoil_choice_range, "2 choices do not fit"},
    {spoil_choice_name, "choice 1 is not a name"},
    {spoil_choice_twice, "choice one is there twice"},
    {spoil_no_words, "0 choices"},
    {spoil_no_text, "default text"},
    {spoil_long_text, "default text"},
    {spoil_wide_text, "parameter text has a text member of 209 bytes, expected 1 to 208"},
    {spoil_text_lines, "default text"},
};

START_TEST(test_spoiled) {
    rgm_adopted adopted;
    rgm_error err = {0};
    spoils[_i].spoil();
    rgm_status status = rgm_plugin_adopt(&plugin, &adopted, &err);
    if (spoils[_i].part) {
        plug_refused(status, RGM_E_USAGE, &err, spoils[_i].part);
        ck_assert_ptr_null(adopted.components);
    } else {
        ck_assert_msg(status == RGM_OK, "%s", err.text);
        ck_assert_ptr_eq(adopted.origin, &plugin);
        rgm_adopted_release(&adopted);
    }
}
END_TEST

static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    (void)call, (void)self, (void)in, (void)out;
    return RGM_DONE;
}

static int32_t resize(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    (void)call, (void)self, (void)in;
    out->width = 2;
    return RGM_DONE;
}

/* Pixels that are changed where they lie cannot become an image of another size. */
START_TEST(test_in_place_or_resized) {
    rgm_augmentation augmentation = {
        RGM_COMPONENT_BARE(RGM_AUGMENTATION, "both", "in place, of another size"),
        .apply = apply,
    };
    rgm_adopted adopted;
    list[0] = &augmentation.component;
    for (int i = 0; i < 4; i++) {
        rgm_error err = {0};
        augmentation.component.flags = i & 1 ? RGM_IN_PLACE : 0;
        augmentation.output = i & 2 ? resize : NULL;
        rgm_status status = rgm_plugin_adopt(&plugin, &adopted, &err);
        if (i == 3) {
            plug_refused(status, RGM_E_USAGE, &err, "augmentation both: works in place and has an output size");
            ck_assert_ptr_null(strchr(err.text, '\n'));
            ck_assert_ptr_null(adopted.components);
            continue;
        }
        ck_assert_msg(status == RGM_OK, "%d: %s", i, err.text);
        rgm_adopted_release(&adopted);
    }
}
END_TEST

static uint32_t slots_used(const void *self) {
    (void)self;
    return 1;
}

/* What lies behind the end of an older plugin's structs is not read; what a newer one has more is not needed. */
START_TEST(test_completion) {
    rgm_adopted adopted;
    rgm_error err = {0};
    struct {
        rgm_optimizer o;
        uint64_t more[4];
    } newer = {.o = victim, .more = {1, 2, 3, 4}};
    victim.slots_used = slots_used;
    victim.component.size = offsetof(rgm_optimizer, slots_used);
    life.reserved_tail = 7;
    life.size = offsetof(rgm_life, reserved_tail);
    plugin.page = "garbage";
    plugin.size = offsetof(rgm_plugin, page);
    ck_assert_msg(rgm_plugin_adopt(&plugin, &adopted, &err) == RGM_OK, "%s", err.text);
    ck_assert_ptr_null(adopted.components[0].optimizer.slots_used);
    ck_assert_ptr_null(adopted.plugin.page);
    ck_assert_uint_eq(adopted.components[0].head.life->reserved_tail, 0);
    rgm_adopted_release(&adopted);

    newer.o.component.size = sizeof newer;
    list[0] = &newer.o.component;
    ck_assert_msg(rgm_plugin_adopt(&plugin, &adopted, &err) == RGM_OK, "%s", err.text);
    ck_assert_uint_eq(adopted.components[0].head.size, sizeof newer);
    ck_assert_ptr_eq(adopted.components[0].optimizer.slots, slots);
    ck_assert_uint_eq(adopted.components[0].optimizer.reserved_tail, 0);
    rgm_adopted_release(&adopted);
}
END_TEST

/* ---- settings ---- */

#define GOOD RGM_FIXTURES "/good.so"

static const struct {
    int32_t kind;
    const char *name, *settings, *part;
} refused[] = {
    {RGM_OPTIMIZER, "sgd", "momentun=0.9",
     "optimizer sgd: unknown parameter 'momentun' (nearest: 'momentum') in sgd.so, version 1.0.0"},
    {RGM_OPTIMIZER, "sgd", "qqqqqqqqq=0.9", "unknown parameter 'qqqqqqqqq'"},
    {RGM_SCHEDULER, "constant", "x=1", "unknown parameter 'x' (it has none)"},
    {RGM_OPTIMIZER, "sdg", "", "unknown optimizer 'sdg' (nearest: 'sgd')"},
    {RGM_OPTIMIZER, "sgd", "momentum=1.5", "optimizer sgd: momentum: '1.5', expected number, 0 to 1"},
    {RGM_OPTIMIZER, "sgd", "lr=-0.1", "lr: '-0.1', expected number, 0 to 1000"},
    {RGM_OPTIMIZER, "sgd", "lr=", "lr: ''"},
    {RGM_OPTIMIZER, "sgd", "lr=nan", "lr: 'nan'"},
    {RGM_OPTIMIZER, "sgd", "lr=inf", "lr: 'inf'"},
    {RGM_OPTIMIZER, "sgd", "lr=1e999", "lr: '1e999'"},
    {RGM_OPTIMIZER, "sgd", "lr=0x10", "lr: '0x10'"},
    {RGM_OPTIMIZER, "sgd", "lr=0.1.2", "lr: '0.1.2'"},
    {RGM_OPTIMIZER, "sgd", "lr=0,1", "lr: '0,1'"},
    {RGM_OPTIMIZER, "sgd", "nesterov=maybe", "nesterov: 'maybe', expected true or false"},
    {RGM_AUGMENTATION, "crop", "padding=2.5", "padding: '2.5', expected integer, 0 to 1024"},
    {RGM_AUGMENTATION, "crop", "padding=1025", "expected integer, 0 to 1024"},
    {RGM_AUGMENTATION, "crop", "padding=99999999999999999999", "expected integer"},
    {RGM_AUGMENTATION, "crop", "fill=meen", "fill: 'meen', expected mean or zero (nearest: 'mean')"},
    {RGM_AUGMENTATION, "good", "text=sixteen.bytes.xx", "expected text of at most 15 bytes"},
};

START_TEST(test_refused) {
    rgm_registry *registry = plug_registry(GOOD);
    rgm_instance *instance = NULL;
    rgm_error err = {0};
    rgm_spec spec = plug_spec(refused[_i].name, refused[_i].settings);
    plug_refused(rgm_instance_create(&instance, registry, refused[_i].kind, &spec, &err), RGM_E_USAGE, &err,
                 refused[_i].part);
    ck_assert_ptr_null(instance);
    ck_assert_int_eq(err.line, 0);
    spec.line = 3, spec.column = 5;
    rgm_setting *first = &spec.settings[0];
    first->key_line = 4, first->key_column = 6, first->line = 7, first->column = 8;
    const char *at_fault = spec.count == 0                         ? "line 3, column 5: "  /* the component, */
                           : strstr(refused[_i].part, "parameter") ? "line 4, column 6: "  /* the key of a setting, */
                                                                   : "line 7, column 8: "; /* or its value */
    plug_refused(rgm_instance_create(&instance, registry, refused[_i].kind, &spec, &err), RGM_E_USAGE, &err, at_fault);
    ck_assert_int_eq(rgm_instance_create(&instance, registry, refused[_i].kind, &spec, NULL), RGM_E_USAGE);
    rgm_registry_destroy(registry);
}
END_TEST

/* A setting with a list of `count` texts "1", the last one within a list or mapping of `kind`; 0: it is a text, too. */
static rgm_spec tree_spec(const char *name, const char *key, int32_t count, int32_t kind) {
    rgm_spec spec = plug_spec(name, "");
    int32_t node = 0;
    ck_assert_int_eq(rgm_spec_put(&spec, key, "", NULL), RGM_OK);
    ck_assert_int_eq(rgm_value_add(&spec, 0, "", &spec.settings[0].tree, NULL), RGM_OK);
    rgm_value_clear(&spec, spec.settings[0].tree, RGM_VALUE_LIST);
    for (int32_t i = 0; i < count; i++) {
        ck_assert_int_eq(rgm_value_add(&spec, spec.settings[0].tree, "", &node, NULL), RGM_OK);
        ck_assert_int_eq(rgm_value_set(&spec, node, "1", NULL), RGM_OK);
    }
    if (kind) rgm_value_clear(&spec, node, kind);
    spec.settings[0].line = 7, spec.settings[0].column = 8;
    return spec;
}

/* Parameters are numbers and texts: a flat list is one text, what is nested is refused by name and place. */
START_TEST(test_lists_and_mappings_as_parameters) {
    rgm_registry *registry = plug_registry(GOOD);
    rgm_instance *instance = NULL;
    rgm_error err = {0};
    rgm_spec spec = tree_spec("step", "at", 2, 0), printed;
    ck_assert_int_eq(rgm_instance_create(&instance, registry, RGM_SCHEDULER, &spec, &err), RGM_OK);
    rgm_instance_spec(instance, &printed);
    ck_assert_str_eq(rgm_spec_get(&printed, "at"), "1,1");
    rgm_instance_destroy(instance);
    spec = tree_spec("sgd", "lr", 2, 0);
    plug_refused(rgm_instance_create(&instance, registry, RGM_OPTIMIZER, &spec, &err), RGM_E_USAGE, &err,
                 "line 7, column 8: optimizer sgd: lr: '1,1', expected number, 0 to 1000");
    spec = tree_spec("sgd", "lr", 2, RGM_VALUE_LIST);
    plug_refused(rgm_instance_create(&instance, registry, RGM_OPTIMIZER, &spec, &err), RGM_E_USAGE, &err,
                 "line 7, column 8: optimizer sgd: lr: expected number, 0 to 1000, found a list");
    rgm_value_clear(&spec, spec.settings[0].tree, RGM_VALUE_MAP);
    plug_refused(rgm_instance_create(&instance, registry, RGM_OPTIMIZER, &spec, &err), RGM_E_USAGE, &err,
                 "line 7, column 8: optimizer sgd: lr: expected number, 0 to 1000, found a mapping");
    spec = tree_spec("good", "text", 60, RGM_VALUE_MAP);
    plug_refused(rgm_instance_create(&instance, registry, RGM_AUGMENTATION, &spec, &err), RGM_E_USAGE, &err,
                 "text: expected text of at most 15 bytes, found a list");
    spec = tree_spec("crop", "of", 2, RGM_VALUE_MAP);
    plug_refused(rgm_instance_create(&instance, registry, RGM_AUGMENTATION, &spec, &err), RGM_E_USAGE, &err,
                 "augmentation crop: unknown parameter 'of'");
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_refused_by_prepare) {
    static const struct {
        int32_t kind;
        const char *name, *settings, *part;
    } cases[] = {{RGM_OPTIMIZER, "sgd", "nesterov=true momentum=0", "optimizer sgd: nesterov needs"},
                 {RGM_OPTIMIZER, "sgd", "nesterov=true dampening=0.5", "nesterov needs"},
                 {RGM_SCHEDULER, "step", "at=0.5,x", "at: '0.5,x'"},
                 {RGM_SCHEDULER, "step", "at=-1", "at: '-1'"},
                 {RGM_SCHEDULER, "step", "at=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "more than 16"},
                 {RGM_AUGMENTATION, "good", "text=refuse", "'refuse' is refused"}};
    rgm_registry *registry = plug_registry(GOOD);
    rgm_clock clock = plug_clock(0, 10, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rgm_instance *instance = NULL;
        rgm_error err = {0};
        rgm_spec spec = plug_spec(cases[i].name, cases[i].settings);
        ck_assert_int_eq(rgm_instance_create(&instance, registry, cases[i].kind, &spec, &err), RGM_OK);
        plug_refused(rgm_instance_prepare(instance, &plug_model, &clock, &err), RGM_E_USAGE, &err, cases[i].part);
        rgm_instance_destroy(instance);
    }
    rgm_registry_destroy(registry);
}
END_TEST

static void expect_spec(const rgm_registry *registry, int32_t kind, const char *name, const char *settings,
                        const char *text) {
    rgm_spec full, again;
    rgm_instance *it = plug_instance(registry, kind, name, settings), *copy = NULL;
    rgm_instance_spec(it, &full);
    ck_assert_str_eq(plug_spec_text(&full), text);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_instance_create(&copy, registry, kind, &full, &err), RGM_OK);
    rgm_instance_spec(copy, &again);
    ck_assert_mem_eq(&full, &again, sizeof full);
    ck_assert_mem_eq(it->pristine, copy->pristine, it->listed->component->instance_size);
    rgm_instance_destroy(it);
    rgm_instance_destroy(copy);
}

/* Reals that no integer holds: the sanitizer for conversions (float-cast-overflow) watches. */
START_TEST(test_large_reals) {
    static const struct {
        const char *set, *printed;
    } values[] = {{"-1e300", "-1e+300"}, {"9223372036854775808", "9.223372036854776e+18"}, {"1e-300", "1e-300"}};
    static const rgm_parameter large = RGM_REAL("large", struct victim, lr, -1e300, 1e300, 1e300, "of any size");
    const rgm_component one = {.params = &large, .param_count = 1};
    struct victim memory = {0};
    rgm_error err = {0};
    rgm_params_defaults(&one, &memory);
    ck_assert_double_eq(memory.lr, 1e300);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[RGM_SPEC_VALUE];
        ck_assert_int_eq(rgm_param_set(&large, values[i].set, &memory, &err), RGM_OK);
        rgm_param_print(&large, &memory, text, sizeof text);
        ck_assert_str_eq(text, values[i].printed);
    }
}
END_TEST

START_TEST(test_effective_parameters) {
    rgm_registry *registry = plug_registry(GOOD);
    expect_spec(registry, RGM_AUGMENTATION, "good", "",
                "{good: {real: 0.5, integer: 3, flag: true, choice: green, text: hello}}");
    expect_spec(registry, RGM_AUGMENTATION, "good", "real=-1 integer=-3 flag=off choice=red text=a:\"b\\",
                "{good: {real: -1, integer: -3, flag: false, choice: red, text: a:\"b\\}}");
    expect_spec(registry, RGM_AUGMENTATION, "good", "real=2 integer=+2 flag=yes text= choice=blue choice=red",
                "{good: {real: 2, integer: 2, flag: true, choice: red, text: }}");
    expect_spec(registry, RGM_AUGMENTATION, "good", "real=0.1000000000000000055511151231257827",
                "{good: {real: 0.1, integer: 3, flag: true, choice: green, text: hello}}");
    expect_spec(registry, RGM_AUGMENTATION, "good", "real=0.30000000000000004",
                "{good: {real: 0.30000000000000004, integer: 3, flag: true, choice: green, text: hello}}");
    expect_spec(registry, RGM_REGULARIZER, "weight_decay", "rate=5e-4",
                "{weight_decay: {rate: 0.0005, mode: l2, norm_and_bias: false}}");
    expect_spec(registry, RGM_SCHEDULER, "constant", "", "{constant: {}}");
    rgm_registry_destroy(registry);
}
END_TEST

/* Every parameter of every own component takes both bounds. */
START_TEST(test_bounds) {
    rgm_registry *registry = plug_registry(NULL);
    for (size_t i = 0; i < rgm_registry_count(registry); i++) {
        const rgm_listed *l = rgm_registry_at(registry, i);
        for (uint32_t j = 0; j < l->component->param_count; j++) {
            rgm_parameter p = rgm_component_param(l->component, j);
            if (p.type != RGM_TYPE_REAL && p.type != RGM_TYPE_INTEGER) continue;
            double values[] = {p.min, p.max, p.min - fabs(p.min) * 0.01 - 1, p.max + fabs(p.max) * 0.01 + 1};
            for (int k = 0; k < 4; k++) {
                rgm_spec spec = plug_spec(l->component->name, "");
                rgm_instance *it = NULL;
                rgm_error err = {0};
                spec.count = 1;
                snprintf(spec.settings[0].key, sizeof spec.settings[0].key, "%s", p.key);
                snprintf(spec.settings[0].value, sizeof spec.settings[0].value,
                         p.type == RGM_TYPE_REAL ? "%.17g" : "%.0f", values[k]);
                rgm_status status = rgm_instance_create(&it, registry, (int32_t)l->component->kind, &spec, &err);
                ck_assert_msg((status == RGM_OK) == (k < 2), "%s.%s=%s: %d %s", l->component->name, p.key,
                              spec.settings[0].value, status, err.text);
                rgm_instance_destroy(it);
            }
        }
        ck_assert_ptr_null(rgm_component_param(l->component, 1000).key);
    }
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_describe) {
    char text[2048], cut[40];
    rgm_registry *registry = plug_registry(NULL);
    const rgm_listed *sgd;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_registry_find(registry, RGM_OPTIMIZER, "sgd", &sgd, &err), RGM_OK);
    size_t n = rgm_listed_describe(sgd, text, sizeof text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_ptr_nonnull(strstr(text, "sgd (optimizer): "));
    ck_assert_ptr_nonnull(strstr(text, "default 0.9; number, 0 to 1"));
    ck_assert_ptr_nonnull(strstr(text, "default false; true or false"));
    memset(cut, 'x', sizeof cut);
    ck_assert_uint_eq(rgm_listed_describe(sgd, cut, 20), n);
    ck_assert_uint_eq(strlen(cut), 19);
    ck_assert_int_eq(cut[20], 'x');
    ck_assert_uint_eq(rgm_listed_describe(sgd, NULL, 0), n);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- instances ---- */

START_TEST(test_prepare_again_and_state) {
    rgm_registry *registry = plug_registry(GOOD);
    rgm_clock clock = plug_clock(0, 10, 10);
    rgm_error err = {0};
    int64_t saved = 0;
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "good", "integer=2");
    ck_assert_int_eq(rgm_instance_prepare(it, &plug_model, &clock, &err), RGM_OK); /* from a fresh instance again */
    ck_assert_uint_eq(rgm_instance_state_bytes(it), 8);
    ck_assert_int_eq(rgm_instance_save(it, &saved, 8, &err), RGM_OK);
    ck_assert_int_eq(saved, 2);
    plug_refused(rgm_instance_save(it, &saved, 4, &err), RGM_E_PLUGIN, &err, "expected the 4");
    saved = 1;
    ck_assert_int_eq(rgm_instance_load(it, &saved, 8, &err), RGM_OK);
    saved = 0;
    ck_assert_int_eq(rgm_instance_save(it, &saved, 8, &err), RGM_OK);
    ck_assert_int_eq(saved, 1);
    plug_refused(rgm_instance_load(it, &saved, 7, &err), RGM_E_FORMAT, &err, "a state of 7 bytes");
    rgm_instance_destroy(it);
    it = plug_instance(registry, RGM_AUGMENTATION, "flip", "");
    ck_assert_uint_eq(rgm_instance_state_bytes(it), 0);
    ck_assert_int_eq(rgm_instance_save(it, NULL, 0, &err), RGM_OK);
    ck_assert_int_eq(rgm_instance_load(it, NULL, 0, &err), RGM_OK);
    plug_refused(rgm_instance_load(it, &saved, 8, &err), RGM_E_FORMAT, &err, "of 8 bytes");
    rgm_instance_destroy(it);
    rgm_instance_destroy(NULL);
    rgm_registry_destroy(registry);
    rgm_registry_destroy(NULL);
}
END_TEST

START_TEST(test_spans_cover) {
    static const uint64_t elements[] = {0, 1, 15, 16, 17, 100, 4096, 4100}, rows[] = {1, 5, 20, 300},
                          targets[] = {0, 1, 40, 4096};
    for (int32_t scope = RGM_ELEMENT; scope <= RGM_TENSOR; scope++)
        for (size_t e = 0; e < 8; e++)
            for (size_t r = 0; r < 4; r++)
                for (size_t t = 0; t < 4; t++) {
                    uint64_t total = elements[e] * (scope == RGM_ROW ? rows[r] : 1), at = 0;
                    rgm_span_range span;
                    uint64_t count = rgm_span_count(scope, total, rows[r], targets[t]);
                    for (uint64_t i = 0; i < count; i++, at += span.n) {
                        span = rgm_span_at(scope, total, rows[r], targets[t], i);
                        ck_assert_uint_eq(span.first, at);
                        ck_assert_uint_ge(span.n, 1);
                        if (scope == RGM_ROW) ck_assert_uint_eq(span.n % rows[r], 0);
                    }
                    ck_assert_uint_eq(at, total);
                    if (scope == RGM_TENSOR) ck_assert_uint_le(count, 1);
                    span = rgm_span_at(scope, total, rows[r], targets[t], count);
                    ck_assert_uint_eq(span.n, 0);
                }
}
END_TEST

TCase *plug_case_params(void) {
    TCase *tc = tcase_create("parameters");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, test_spoiled, 0, sizeof spoils / sizeof *spoils);
    tcase_add_test(tc, test_in_place_or_resized);
    tcase_add_test(tc, test_completion);
    tcase_add_loop_test(tc, test_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tc, test_lists_and_mappings_as_parameters);
    tcase_add_test(tc, test_refused_by_prepare);
    tcase_add_test(tc, test_large_reals);
    tcase_add_test(tc, test_effective_parameters);
    tcase_add_test(tc, test_bounds);
    tcase_add_test(tc, test_describe);
    tcase_add_test(tc, test_prepare_again_and_state);
    tcase_add_test(tc, test_spans_cover);
    return tc;
}
