/* Parameters: text to typed members of the instance and back, strictly. */
#include "plug/params.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { UNBOUNDED = 1000000000 }; /* a limit this large is none worth telling */

static const char *const flag_words[] = {"false", "true", "no", "yes", "off", "on", NULL};

static void *member(const rgm_parameter *p, void *memory) { return (char *)memory + p->offset; }

static void put_number(const rgm_parameter *p, double value, void *memory) {
    if (p->type == RGM_TYPE_REAL) { /* the only one that may be beyond the integers */
        memcpy(member(p, memory), &value, sizeof value);
        return;
    }
    int64_t integer = (int64_t)value;
    int32_t small = (int32_t)integer;
    if (p->type == RGM_TYPE_INTEGER)
        memcpy(member(p, memory), &integer, sizeof integer);
    else
        memcpy(member(p, memory), &small, sizeof small);
}

/* Text members are filled to the end, so that equal parameters are equal bytes. */
static void put_text(const rgm_parameter *p, const char *text, void *memory) {
    memset(member(p, memory), 0, p->bytes);
    memcpy(member(p, memory), text, strlen(text));
}

void rgm_params_defaults(const rgm_component *component, void *memory) {
    for (uint32_t i = 0; i < component->param_count; i++) {
        const rgm_parameter *p = &component->params[i];
        if (p->type == RGM_TYPE_TEXT)
            put_text(p, p->text, memory);
        else
            put_number(p, p->def, memory);
    }
}

/* ---- what is allowed, in words ---- */

static void print_choices(const rgm_parameter *p, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; p->choices[i] && at < size; i++) {
        const char *between = i == 0 ? "" : p->choices[i + 1] ? ", " : " or ";
        at += (size_t)snprintf(out + at, size - at, "%s%s", between, p->choices[i]);
    }
}

static void print_bounds(const rgm_parameter *p, const char *what, char *out, size_t size) {
    int32_t below = p->min <= -UNBOUNDED, above = p->max >= UNBOUNDED;
    char min[32], max[32];
    rgm_text_print_real(min, sizeof min, 10, p->min);
    rgm_text_print_real(max, sizeof max, 10, p->max);
    if (below && above)
        snprintf(out, size, "%s", what);
    else if (above)
        snprintf(out, size, "%s, %s or more", what, min);
    else if (below)
        snprintf(out, size, "%s, %s or less", what, max);
    else
        snprintf(out, size, "%s, %s to %s", what, min, max);
}

void rgm_param_range(const rgm_parameter *param, char *out, size_t size) {
    switch (param->type) {
    case RGM_TYPE_REAL:
        print_bounds(param, "number", out, size);
        break;
    case RGM_TYPE_INTEGER:
        print_bounds(param, "integer", out, size);
        break;
    case RGM_TYPE_FLAG:
        snprintf(out, size, "true or false");
        break;
    case RGM_TYPE_CHOICE:
        print_choices(param, out, size);
        break;
    default:
        snprintf(out, size, "text of at most %u bytes", param->bytes - 1);
        break;
    }
}

static const char *nearest_choice(const rgm_parameter *p, const char *value) {
    size_t count = 0;
    while (p->choices[count]) count++;
    return rgm_text_nearest(value, p->choices, count);
}

static rgm_status refuse(const rgm_parameter *p, const char *value, rgm_error *err) {
    char range[256];
    rgm_param_range(p, range, sizeof range);
    const char *nearest = p->type == RGM_TYPE_CHOICE ? nearest_choice(p, value) : NULL;
    if (!nearest) return rgm_fail(err, RGM_E_USAGE, "'%s', expected %s", value, range);
    return rgm_fail(err, RGM_E_USAGE, "'%s', expected %s (nearest: '%s')", value, range, nearest);
}

/* ---- parsing ---- */

static int32_t parse_integer(const char *value, double *out) {
    if (!*value || strspn(value, "+-0123456789") != strlen(value)) return 0;
    char *end;
    errno = 0;
    long long integer = strtoll(value, &end, 10);
    *out = (double)integer;
    return *end == '\0' && errno == 0 && integer >= -(1LL << 53) && integer <= 1LL << 53;
}

static int32_t parse_word(const char *value, const char *const *words, uint32_t *index) {
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *index = i;
            return 1;
        }
    }
    return 0;
}

static rgm_status set_choice(const rgm_parameter *p, const char *value, void *memory, rgm_error *err) {
    uint32_t i = 0;
    if (!parse_word(value, p->choices, &i)) return refuse(p, value, err);
    put_number(p, i, memory);
    return RGM_OK;
}

static rgm_status set_text(const rgm_parameter *p, const char *value, void *memory, rgm_error *err) {
    if (strlen(value) >= p->bytes) return refuse(p, value, err);
    for (const char *c = value; *c; c++) {
        if (rgm_text_control(c)) return refuse(p, value, err);
    }
    put_text(p, value, memory);
    return RGM_OK;
}

rgm_status rgm_param_set(const rgm_parameter *param, const char *value, void *memory, rgm_error *err) {
    double number = 0.0;
    uint32_t word = 0;
    int32_t parsed;
    switch (param->type) {
    case RGM_TYPE_CHOICE:
        return set_choice(param, value, memory, err);
    case RGM_TYPE_TEXT:
        return set_text(param, value, memory, err);
    case RGM_TYPE_REAL:
        parsed = rgm_text_real(value, &number);
        break;
    case RGM_TYPE_INTEGER:
        parsed = parse_integer(value, &number);
        break;
    default:
        parsed = parse_word(value, flag_words, &word);
        number = word & 1;
        break;
    }
    if (!parsed || number < param->min || number > param->max) return refuse(param, value, err);
    put_number(param, number, memory);
    return RGM_OK;
}

/* ---- printing ---- */

/* The shortest of 15 to 17 digits that reads back as the same number. */
static void print_real(double value, char *out, size_t size) {
    for (int digits = 15; digits <= 17; digits++) {
        double again;
        rgm_text_print_real(out, size, digits, value);
        if (rgm_text_real(out, &again) && again == value) return;
    }
}

void rgm_param_print(const rgm_parameter *param, const void *memory, char *out, size_t size) {
    const char *at = (const char *)memory + param->offset;
    double real;
    int64_t integer;
    int32_t small;
    switch (param->type) {
    case RGM_TYPE_REAL:
        memcpy(&real, at, sizeof real);
        print_real(real, out, size);
        break;
    case RGM_TYPE_INTEGER:
        memcpy(&integer, at, sizeof integer);
        snprintf(out, size, "%lld", (long long)integer);
        break;
    case RGM_TYPE_TEXT:
        snprintf(out, size, "%s", at);
        break;
    default:
        memcpy(&small, at, sizeof small);
        snprintf(out, size, "%s", param->type == RGM_TYPE_FLAG ? flag_words[small & 1] : param->choices[small]);
        break;
    }
}
