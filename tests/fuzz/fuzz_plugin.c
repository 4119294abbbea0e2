/* A plugin's tables: what an author may get wrong in plain data, without a shared object and without calling anything.
 * Structs lie in memory of exactly the size that they claim, so that reading past it is seen. */
#include <string.h>
#include "fuzz.h"
#include "plug/describe.h"
#include "plug/params.h"
#include "plug/spec.h"
#include "plug/validate.h"

enum { BLOCKS = 256, COMPONENTS = 4, PARAMS = 6 };

static void *blocks[BLOCKS];
static int block_count;

/* Memory of this input, freed at its end. */
static void *get(size_t size) {
    NEED(block_count < BLOCKS);
    void *block = calloc(1, size ? size : 1);
    NEED(block);
    return blocks[block_count++] = block;
}

/* Mostly a good name; else any text, or none. */
static const char *get_name(fuzz_input *in) {
    static const char *const names[] = {"lr", "rate", "a", "b", "momentum", "p", "mode", "fill"};
    uint8_t choice = fuzz_byte(in);
    if (choice < 200) return names[choice % 8];
    if (choice < 210) return NULL;
    size_t got;
    const uint8_t *bytes = fuzz_take(in, choice == 210 ? 600 : choice % 64u, &got);
    char *text = get(got + 1);
    if (got) memcpy(text, bytes, got);
    return text;
}

static double get_number(fuzz_input *in) {
    static const double numbers[] = {0, 1, -1, 0.5, 2, 7, 1e9, -1e9, 0x1p53, 0x1p60, 1e300, 5e-324};
    uint8_t choice = fuzz_byte(in);
    double any;
    if (choice < 240) return numbers[choice % 12];
    uint64_t bits = fuzz_word(in) | (uint64_t)fuzz_word(in) << 32;
    memcpy(&any, &bits, sizeof any);
    return any;
}

static const char *const *get_names(fuzz_input *in, uint32_t most) {
    uint32_t count = fuzz_byte(in) % (most + 1);
    const char **names = get((count + 1) * sizeof *names);
    for (uint32_t i = 0; i < count; i++) names[i] = get_name(in);
    return names;
}

/* A good parameter of some type, with one field or another spoilt. */
static rgm_parameter get_param(fuzz_input *in, uint32_t index) {
    static const uint32_t bytes[] = {8, 8, 4, 4, 16};
    uint8_t type = fuzz_byte(in) % 6, spoil = fuzz_byte(in);
    rgm_parameter p = {.key = get_name(in), .help = "what it does", .type = (int32_t)type};
    p.offset = 16 * index;
    p.bytes = bytes[(type + 4) % 5];
    p.max = 1;
    if (type == RGM_TYPE_CHOICE) {
        p.choices = get_names(in, 4);
        for (p.max = -1; p.choices[(int)p.max + 1];) p.max++;
    }
    if (type == RGM_TYPE_TEXT) p.text = get_name(in);
    if (spoil & 1) p.min = get_number(in);
    if (spoil & 2) p.max = get_number(in);
    if (spoil & 4) p.def = get_number(in);
    if (spoil & 8) p.offset = fuzz_word(in) >> fuzz_byte(in) % 32;
    if (spoil & 16) p.bytes = fuzz_word(in) >> fuzz_byte(in) % 32;
    if (spoil & 32) p.unit = get_name(in);
    if ((spoil & 0xc0) == 0xc0) p.help = get_name(in);
    return p;
}

static void get_params(fuzz_input *in, rgm_component *c) {
    uint8_t size = fuzz_byte(in);
    c->param_count = fuzz_byte(in) % (PARAMS + 1);
    c->param_size = size < 200 ? sizeof(rgm_parameter) : offsetof(rgm_parameter, unit) - 8 + size % 4u * 8;
    char *table = get((size_t)c->param_count * c->param_size);
    for (uint32_t i = 0; i < c->param_count; i++) {
        rgm_parameter p = get_param(in, i);
        memcpy(table + (size_t)i * c->param_size, &p, c->param_size < sizeof p ? c->param_size : sizeof p);
    }
    c->params = size == 255 ? NULL : (const rgm_parameter *)(void *)table;
}

static const rgm_life *get_life(fuzz_input *in) {
    uint8_t choice = fuzz_byte(in);
    if (choice < 100) return NULL;
    rgm_life life = {.size = choice < 200 ? sizeof life : choice % 64u};
    uint8_t functions = fuzz_byte(in); /* never called: that they are there is what counts */
    if (functions & 1) life.save = (uint64_t(*)(const void *, void *, uint64_t))1;
    if (functions & 2) life.load = (int32_t(*)(const rgm_call *, void *, const void *, uint64_t))1;
    void *at = get(life.size < 4 ? 4 : life.size);
    memcpy(at, &life, life.size < 4 ? 4 : life.size < sizeof life ? life.size : sizeof life);
    return at;
}

/* The functions of a kind follow its head: pointers, of which any may be missing, and for optimizers the slots. */
static void get_tail(fuzz_input *in, rgm_any_component *any) {
    void **tail = (void **)(void *)((char *)any + sizeof any->head);
    uint8_t missing = fuzz_byte(in);
    size_t count = (sizeof *any - sizeof any->head) / sizeof *tail;
    for (size_t i = 0; i < count; i++) tail[i] = missing >> (i % 8) & 1 ? NULL : (void *)1;
    if (any->head.kind != RGM_OPTIMIZER) return;
    any->optimizer.slots = get_names(in, 9);
    for (any->optimizer.slot_count = 0; any->optimizer.slots[any->optimizer.slot_count];) any->optimizer.slot_count++;
    if (missing == 255) any->optimizer.slots = NULL;
}

static const rgm_component *get_component(fuzz_input *in) {
    static const uint32_t sizes[] = {[RGM_AUGMENTATION] = sizeof(rgm_augmentation),
                                     [RGM_INITIALIZER] = sizeof(rgm_initializer),
                                     [RGM_SCHEDULER] = sizeof(rgm_scheduler),
                                     [RGM_OPTIMIZER] = sizeof(rgm_optimizer),
                                     [RGM_REGULARIZER] = sizeof(rgm_regularizer),
                                     [RGM_ACTIVATION] = sizeof(rgm_activation),
                                     [RGM_LOSS] = sizeof(rgm_loss)};
    rgm_any_component any = {0};
    rgm_component *c = &any.head;
    uint8_t kind = fuzz_byte(in), spoil = fuzz_byte(in);
    c->kind = kind < 250 ? 1 + kind % 8u : kind;
    c->size = c->kind <= RGM_LOSS && sizes[c->kind] ? sizes[c->kind] : sizeof *c;
    if (spoil & 1) c->size = c->size - 32 + fuzz_byte(in) % 64u;
    c->kind_version = spoil & 2 ? fuzz_byte(in) : RGM_KIND_VERSION;
    c->scope = spoil & 4 ? fuzz_byte(in) % 8u : 0;
    c->name = get_name(in);
    c->summary = spoil & 8 ? get_name(in) : "what it is";
    c->instance_size = spoil & 16 ? fuzz_word(in) >> fuzz_byte(in) % 32 : 16 * PARAMS;
    c->flags = spoil & 32 ? fuzz_byte(in) : 0;
    if ((spoil & 0xc0) == 0xc0) c->reserved[fuzz_byte(in) % 4] = fuzz_byte(in);
    get_params(in, c);
    c->life = get_life(in);
    get_tail(in, &any);
    void *at = get(c->size);
    memcpy(at, &any, c->size < sizeof any ? c->size : sizeof any);
    return at;
}

static const rgm_plugin *get_plugin(fuzz_input *in) {
    uint8_t spoil = fuzz_byte(in);
    uint32_t count = fuzz_byte(in) % (COMPONENTS + 1);
    const rgm_component **list = get(count * sizeof *list);
    rgm_plugin p = {.magic = RGM_MAGIC,
                    .size = sizeof p,
                    .abi_version = RGM_ABI_VERSION,
                    .component_count = count,
                    .id = "fuzz",
                    .version = "1.0.0",
                    .licence = "Apache-2.0",
                    .components = list};
    if (spoil > 250) p.magic = fuzz_word(in);
    if (spoil & 1) p.size = fuzz_byte(in);
    if (spoil & 2 && spoil & 4) p.abi_version = fuzz_byte(in);
    if (spoil & 8) p.id = get_name(in);
    if (spoil & 16) p.page = get_name(in);
    for (uint32_t i = 0; i < count; i++) list[i] = fuzz_byte(in) == 255 ? NULL : get_component(in);
    void *at = get(p.size < 12 ? 12 : p.size); /* its first three words are there in any case */
    memcpy(at, &p, p.size < 12 ? 12 : p.size < sizeof p ? p.size : sizeof p);
    return at;
}

/* What is accepted can be set, printed and read back as the same bytes. */
static void use_params(const rgm_component *c, fuzz_input *in) {
    rgm_error err = {0};
    char *memory = get(c->instance_size + 1), *again = get(c->instance_size + 1);
    rgm_params_defaults(c, memory);
    for (uint32_t i = 0; i < c->param_count; i++) {
        size_t got;
        const uint8_t *bytes = fuzz_take(in, fuzz_byte(in) % 48u, &got);
        char *text = get(got + 1);
        if (got) memcpy(text, bytes, got);
        fuzz_judge(rgm_param_set(&c->params[i], text, memory, &err), &err);
    }
    for (uint32_t i = 0; i < c->param_count; i++) {
        char value[RGM_SPEC_VALUE];
        rgm_param_print(&c->params[i], memory, value, sizeof value);
        rgm_status status = rgm_param_set(&c->params[i], value, again, &err);
        uint32_t at = c->params[i].offset, same = status == RGM_OK;
        same = same && memcmp(memory + at, again + at, c->params[i].bytes) == 0;
        if (!same) fprintf(stderr, "%s of type %d: '%s' %s\n", c->params[i].key, c->params[i].type, value, err.text);
        NEED(same);
    }
    NEED(memcmp(memory, again, c->instance_size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    rgm_adopted adopted;
    rgm_error err = {0};
    rgm_status status = rgm_plugin_adopt(get_plugin(&in), &adopted, &err);
    fuzz_judge(status, &err);
    for (uint32_t i = 0; status == RGM_OK && i < adopted.plugin.component_count; i++) {
        const rgm_component *c = &adopted.components[i].head;
        rgm_listed listed = {.component = c, .plugin = &adopted.plugin, .path = "/fuzz.so"};
        static char text[1 << 16], part[64];
        size_t whole = rgm_listed_describe(&listed, text, sizeof text);
        NEED(whole < sizeof text && strlen(text) == whole);
        NEED(rgm_listed_describe(&listed, part, sizeof part) == whole);
        NEED(memcmp(part, text, sizeof part - 1) == 0 || whole < sizeof part);
        use_params(c, &in);
    }
    rgm_adopted_release(&adopted);
    while (block_count) free(blocks[--block_count]);
    return 0;
}
