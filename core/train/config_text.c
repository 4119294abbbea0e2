/* Values of options as text: strict parsing with ranges, and printing that reads back exactly. */
#include "train/config_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

static const char *const bools[] = {"false", "true", "no", "yes", "off", "on"}; /* the last bit is the value */

/* The index of `text` in words[0..count), or -1. */
static int32_t find_word(const char *const *words, int32_t count, const char *text) {
    for (int32_t i = 0; i < count; i++)
        if (strcasecmp(words[i], text) == 0) return i;
    return -1;
}

static int32_t parse_count(const char *text, int64_t *out) {
    size_t length = strlen(text);
    if (length == 0 || length > 20 || strspn(text, "0123456789") != length) return 0;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno == 0;
}

static int32_t parse_int(const rgm_option *option, const char *text, int32_t *out) {
    int64_t value;
    if (!parse_count(text, &value) || (double)value < option->low || (double)value > option->high) return 0;
    *out = (int32_t)value;
    return 1;
}

/* Plain decimal notation only: no hexadecimal, no infinity, no NaN. */
static int32_t parse_real(const rgm_option *option, const char *text, double *out) {
    double value;
    if (strlen(text) > 100 || !rgm_text_real(text, &value) || value < option->low || value > option->high) return 0;
    *out = value == 0 ? 0 : value; /* no -0: it would not compare equal bit by bit */
    return 1;
}

static int32_t parse_image(const rgm_option *option, const char *text, int32_t out[3]) {
    char copy[64];
    if (strcasecmp(text, "auto") == 0) {
        out[0] = out[1] = out[2] = 0;
        return 1;
    }
    if (strlen(text) >= sizeof copy) return 0;
    strcpy(copy, text);
    char *part = copy;
    int32_t found[3];
    for (int32_t i = 0; i < 3; i++) {
        char *end = strpbrk(part, "xX");
        if ((i < 2) != (end != NULL)) return 0;
        if (end) *end = 0;
        if (!parse_int(option, part, &found[i])) return 0;
        if (end) part = end + 1;
    }
    memcpy(out, found, sizeof found);
    return 1;
}

static int32_t parse_choice(const rgm_option *option, const char *text, void *field) {
    int32_t index = find_word(option->words, option->word_count, text);
    if (index < 0) return 0;
    if (option->type == RGM_OPTION_WORD)
        strcpy(field, option->words[index]);
    else
        *(int32_t *)field = index;
    return 1;
}

static int32_t parse_bool(const char *text, int32_t *out) {
    int32_t index = find_word(bools, (int32_t)(sizeof bools / sizeof *bools), text);
    if (index < 0) return 0;
    *out = index & 1;
    return 1;
}

static rgm_status refuse(const rgm_option *option, const char *text, rgm_error *err) {
    char range[RGM_OPTION_TEXT_MAX];
    rgm_option_range(option, range, sizeof range);
    const char *nearest = rgm_text_nearest(text, option->words, (size_t)option->word_count);
    if (nearest)
        return rgm_fail_about(err, RGM_E_USAGE, option->key, "expected %s, found '%.80s' (nearest: '%s')", range, text,
                              nearest);
    return rgm_fail_about(err, RGM_E_USAGE, option->key, "expected %s, found '%.80s'", range, text);
}

static rgm_status set_text(const rgm_option *option, const char *text, char *field, rgm_error *err) {
    rgm_status status = rgm_text_acceptable(text, option->size, err);
    if (status < 0)
        rgm_error_about(err, option->key);
    else
        strcpy(field, text);
    return status;
}

rgm_status rgm_option_set_text(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err) {
    void *field = rgm_option_field(option, config);
    int32_t fine = 0;
    switch (option->type) {
    case RGM_OPTION_BOOL:
        fine = parse_bool(text, field);
        break;
    case RGM_OPTION_INT:
        fine = parse_int(option, text, field);
        break;
    case RGM_OPTION_COUNT:
        fine = parse_count(text, field);
        break;
    case RGM_OPTION_REAL:
        fine = parse_real(option, text, field);
        break;
    case RGM_OPTION_IMAGE:
        fine = parse_image(option, text, field);
        break;
    case RGM_OPTION_CHOICE:
    case RGM_OPTION_WORD:
        fine = parse_choice(option, text, field);
        break;
    case RGM_OPTION_TEXT:
        return set_text(option, text, field, err);
    default:
        break;
    }
    return fine ? RGM_OK : refuse(option, text, err);
}

rgm_status rgm_option_set_item(const rgm_option *option, rgm_ints *list, int32_t index, const char *text,
                               rgm_error *err) {
    int32_t value;
    if (index >= RGM_CONFIG_INTS)
        return rgm_fail_about(err, RGM_E_USAGE, option->key, "more than %d integers", RGM_CONFIG_INTS);
    if (!parse_int(option, text, &value))
        return rgm_fail_about(err, RGM_E_USAGE, option->key, "expected integers, each %.0f to %.0f, found '%.80s'",
                              option->low, option->high, text);
    list->items[index] = value;
    list->count += index == list->count;
    return RGM_OK;
}

const char *rgm_option_print(const rgm_option *option, const rgm_config *config, char text[RGM_OPTION_TEXT_MAX]) {
    const void *field = (const char *)config + option->offset;
    const int32_t *ints = field;
    switch (option->type) {
    case RGM_OPTION_BOOL:
        snprintf(text, RGM_OPTION_TEXT_MAX, "%s", bools[*ints & 1]);
        break;
    case RGM_OPTION_INT:
        snprintf(text, RGM_OPTION_TEXT_MAX, "%d", *ints);
        break;
    case RGM_OPTION_COUNT:
        snprintf(text, RGM_OPTION_TEXT_MAX, "%" PRId64, *(const int64_t *)field);
        break;
    case RGM_OPTION_REAL:
        rgm_text_shortest(text, *(const double *)field);
        break;
    case RGM_OPTION_CHOICE:
        snprintf(text, RGM_OPTION_TEXT_MAX, "%s", option->words[*ints]);
        break;
    case RGM_OPTION_WORD:
        snprintf(text, RGM_OPTION_TEXT_MAX, "%s", (const char *)field);
        break;
    case RGM_OPTION_IMAGE:
        if (ints[0])
            snprintf(text, RGM_OPTION_TEXT_MAX, "%dx%dx%d", ints[0], ints[1], ints[2]);
        else
            strcpy(text, "auto");
        break;
    default:
        text[0] = 0;
    }
    return text;
}
