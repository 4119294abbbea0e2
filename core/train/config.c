#include "train/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "train/suit.h"

void *rgm_option_field(const rgm_option *option, rgm_config *config) { return (char *)config + option->offset; }

int32_t rgm_option_is_node(const rgm_option *option) {
    return option->type == RGM_OPTION_SPEC || option->type == RGM_OPTION_SPECS || option->type == RGM_OPTION_PATHS ||
           option->type == RGM_OPTION_INTS;
}

rgm_status rgm_config_init(rgm_config *config, rgm_error *err) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < count; i++) {
        const rgm_option *option = &options[i];
        if (rgm_option_is_node(option))
            RGM_TRY(rgm_option_set_yaml(option, config, option->fallback, err));
        else if (strcmp(option->fallback, "''") != 0)
            RGM_TRY(rgm_option_set_text(option, config, option->fallback, err));
    }
    rgm_spec_mark_usual(&config->optimizer);
    return RGM_OK;
}

/* --- what is given, and what is not a key
 * -----------------------------------------------------------------------------
 */

/* The option's bit in config.given. */
static uint64_t bit_of(const rgm_option *option) {
    size_t count;
    return 1ull << (option - rgm_config_options(&count));
}

void rgm_config_mark(rgm_config *config, const rgm_option *option) { config->given |= bit_of(option); }

int32_t rgm_config_given(const rgm_config *config, const char *key) {
    const rgm_option *option = rgm_config_option(key);
    return option && (config->given & bit_of(option)) != 0;
}

void rgm_config_forget(rgm_config *config, const char *key) {
    const rgm_option *option = rgm_config_option(key);
    if (option) config->given &= ~bit_of(option);
}

enum { GROUP = 16 };

/* The names before the dots of the keys, unless `key` is one of them: then a key in it is nearer. */
static size_t list_groups(const char *key, char groups[RGM_OPTIONS][GROUP], const char **names) {
    size_t all, count = 0;
    const rgm_option *options = rgm_config_options(&all);
    for (size_t i = 0; i < all; i++) {
        const char *dot = strchr(options[i].key, '.');
        if (!dot) continue;
        snprintf(groups[count], GROUP, "%.*s", (int)(dot - options[i].key), options[i].key);
        if (strcmp(groups[count], key) == 0) return 0;
        names[count] = groups[count];
        count++;
    }
    return count;
}

rgm_status rgm_option_unknown(const char *key, rgm_error *err) {
    const char *names[2 * RGM_OPTIONS];
    char groups[RGM_OPTIONS][GROUP];
    size_t all, count = list_groups(key, groups, names);
    const rgm_option *options = rgm_config_options(&all);
    for (size_t i = 0; i < all; i++) names[count++] = options[i].key;
    const char *nearest = rgm_text_nearest(key, names, count);
    if (!nearest) return rgm_fail(err, RGM_E_USAGE, "unknown key '%.80s'", key);
    return rgm_fail(err, RGM_E_USAGE, "unknown key '%.80s' (nearest: '%s')", key, nearest);
}

/* --- what no single option can see ---------------------------------------------------------------------------------
 */

rgm_status rgm_config_check(const rgm_config *config, rgm_error *err) {
    if (!config->optimizer.name[0])
        return rgm_fail_about(err, RGM_E_USAGE, "optimizer", "expected a component, found none");
    if (!config->loss.name[0]) return rgm_fail_about(err, RGM_E_USAGE, "loss", "expected a component, found none");
    if (!config->init.name[0]) return rgm_fail_about(err, RGM_E_USAGE, "init", "expected a component, found none");
    if (config->warmup >= 1 && config->warmup > config->epochs)
        return rgm_fail_about(err, RGM_E_USAGE, "warmup", "expected at most the run's %d epoch%s, found %g",
                              config->epochs, config->epochs == 1 ? "" : "s", config->warmup);
    if (config->model.head == RGM_HEAD_LOGIT && config->model.classes > 2)
        return rgm_fail_about(err, RGM_E_USAGE, "model.head", "one logit separates 2 classes, model.classes is %d",
                              config->model.classes);
    return RGM_OK;
}

int64_t rgm_batch_near(int64_t images, int64_t batch, int64_t low, int64_t high) {
    int64_t best = batch, least = INT64_MAX;
    for (int64_t away = 0; away <= high - low; away++)
        for (int32_t side = 0; side < 2; side++) {
            int64_t b = side ? batch + away : batch - away;
            if (b < low || b > high || b > images || b < 1) continue;
            int64_t rest = images % b;
            if (100 * rest <= images) return b;
            if (rest < least) best = b;
            if (rest < least) least = rest;
        }
    return best;
}

/* An epoch has equal batches, so a rest of the images is left out of it: of small sets much. Only a default is changed:
 * a program may have set another batch without naming it. */
static void fit_batch(rgm_config *config, int64_t images) {
    int32_t batch = config->batch, usual = (int32_t)strtol(rgm_config_option("batch")->fallback, NULL, 10);
    if (batch > images) batch = config->batch = (int32_t)images;
    if (rgm_config_given(config, "batch") || (batch != usual && !(config->suited & RGM_SUITED_BATCH))) return;
    if ((double)(images % batch) > RGM_BATCH_LOSS * (double)images)
        config->batch = (int32_t)rgm_batch_near(images, batch, (batch + 1) / 2, batch);
}

rgm_status rgm_config_fit(rgm_config *config, const rgm_config_data *data, rgm_error *err) {
    int32_t *image = config->model.image;
    if (!image[0]) {
        image[0] = data->channels;
        image[1] = data->height;
        image[2] = data->width;
    } else if (image[0] != data->channels) {
        return rgm_fail_about(err, RGM_E_USAGE, "model.image", "%dx%dx%d has %d channels, the data has %d", image[0],
                              image[1], image[2], image[0], data->channels);
    }
    int32_t small = image[1] <= 64 && image[2] <= 64;
    if (strcmp(config->model.name, "auto") == 0) strcpy(config->model.name, small ? "resnet20" : "resnet18");
    int32_t stemless = strncmp(config->model.name, "resnet", 6) != 0;
    if (config->model.stem == RGM_STEM_AUTO && !stemless)
        config->model.stem = small ? RGM_STEM_SMALL : RGM_STEM_IMAGENET;
    if (config->model.classes == 0) config->model.classes = data->classes;
    if (config->model.classes < data->classes)
        return rgm_fail_about(err, RGM_E_USAGE, "model.classes", "%d is less than the %d classes of the data",
                              config->model.classes, data->classes);
    int32_t suit = data->suit && data->images > 0;
    if (suit) rgm_suit_begin(config, data->images);
    if (data->images > 0) fit_batch(config, data->images);
    if (suit) RGM_TRY(rgm_suit_end(config, err));
    return rgm_config_check(config, err);
}

/* --- comparing -----------------------------------------------------------------------------------------------------
 */

static int32_t list_equal(const rgm_spec_list *a, const rgm_spec_list *b) {
    if (a->count != b->count) return 0;
    for (int32_t i = 0; i < a->count; i++)
        if (!rgm_spec_equal(&a->items[i], &b->items[i])) return 0;
    return 1;
}

static int32_t paths_equal(const rgm_config *a, const rgm_config *b) {
    if (a->plugins.count != b->plugins.count) return 0;
    for (int32_t i = 0; i < a->plugins.count; i++)
        if (strcmp(a->plugins.paths[i], b->plugins.paths[i]) != 0) return 0;
    return 1;
}

static int32_t listed(const char *key, const char *const *list) {
    for (; list && *list; list++)
        if (strcmp(key, *list) == 0) return 1;
    return 0;
}

static int32_t option_differs(const rgm_config *a, const rgm_config *b, const rgm_option *option) {
    const void *x = (const char *)a + option->offset, *y = (const char *)b + option->offset;
    switch (option->type) {
    case RGM_OPTION_TEXT:
    case RGM_OPTION_WORD:
        return strcmp(x, y) != 0;
    case RGM_OPTION_SPEC:
        return !rgm_spec_equal(x, y);
    case RGM_OPTION_SPECS:
        return !list_equal(x, y);
    case RGM_OPTION_PATHS:
        return !paths_equal(a, b);
    default:
        return memcmp(x, y, option->size) != 0;
    }
}

int32_t rgm_config_differs(const rgm_config *a, const rgm_config *b, const char *key) {
    const rgm_option *option = rgm_config_option(key);
    return option && option_differs(a, b, option);
}

const char *rgm_config_difference(const rgm_config *a, const rgm_config *b, const char *const *except) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++)
        if (!listed(options[i].key, except) && option_differs(a, b, &options[i])) return options[i].key;
    return NULL;
}
