/* The configuration: files good and bad with the line and column of each complaint, and writing back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/text.h"
#include "config_case.h"

/* --- defaults and the table ------------------------------------------------------------------------------------------
 */

START_TEST(test_defaults_are_the_documented_ones) {
    rgm_error err = {0};
    ck_assert_int_eq(config.batch, 128);
    ck_assert_uint_eq(config.seed, 1);
    ck_assert_str_eq(config.model.name, "auto");
    ck_assert_str_eq(config.isa, "auto");
    ck_assert_int_eq(config.model.shortcut, RGM_SHORTCUT_B);
    ck_assert_str_eq(config.optimizer.name, "sgd");
    ck_assert_str_eq(rgm_spec_get(&config.optimizer, "nesterov"), "true");
    ck_assert_ptr_null(rgm_spec_get(&config.optimizer, "decay"));
    ck_assert_int_eq(config.augment.count, 2);
    ck_assert_str_eq(config.augment.items[1].name, "flip");
    ck_assert_str_eq(config.data.file, "");
    ck_assert_int_eq(rgm_config_check(&config, &err), RGM_OK);
}
END_TEST

/* Fields of different options must not overlap, keys must be unique. */
START_TEST(test_table_is_consistent) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    ck_assert_uint_gt(count, 30);
    for (size_t i = 0; i < count; i++) {
        const rgm_option *a = &options[i];
        ck_assert_msg(a->help && *a->help && a->help[strlen(a->help) - 1] != '.', "%s", a->key);
        ck_assert_uint_le(a->offset + a->size, sizeof config);
        ck_assert_ptr_eq(rgm_config_option(a->key), a);
        for (size_t j = 0; j < i; j++) {
            const rgm_option *b = &options[j];
            ck_assert(a->offset >= b->offset + b->size || b->offset >= a->offset + a->size);
        }
    }
    ck_assert_ptr_null(rgm_config_option("nothing"));
}
END_TEST

/* Every number of a choice has a word, and the word is that number. */
START_TEST(test_words_are_complete) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++) {
        const rgm_option *o = &options[i];
        ck_assert_int_eq(o->word_count > 0, o->type == RGM_OPTION_CHOICE || o->type == RGM_OPTION_WORD);
        for (int32_t k = 0; k < o->word_count; k++) {
            rgm_error err = {0};
            int32_t found = -1;
            ck_assert_msg(o->words[k] != NULL, "%s: number %d has no word", o->key, k);
            ck_assert_str_eq(rgm_option_word(o->key, k), o->words[k]);
            ck_assert_int_eq(rgm_config_set(&config, o->key, o->words[k], &err), RGM_OK);
            if (o->type == RGM_OPTION_CHOICE) {
                memcpy(&found, (const char *)&config + o->offset, sizeof found);
                ck_assert_int_eq(found, k);
            }
        }
    }
    ck_assert_str_eq(rgm_option_word("memory", 2), "unknown");
    ck_assert_str_eq(rgm_option_word("memory", -1), "unknown");
    ck_assert_str_eq(rgm_option_word("batch", 0), "unknown");
    ck_assert_str_eq(rgm_option_word("nothing", 0), "unknown");
    const rgm_option *isa = rgm_config_option("isa");
    for (int32_t k = 0; k < RGM_ISA_COUNT; k++) ck_assert_str_eq(isa->words[1 + k], rgm_isa_name(k));
}
END_TEST

/* What a key's value is in the file that is written. */
static void printed(const char *key, char *value, size_t size) {
    rgm_error err = {0};
    char *text, line[80];
    size_t length;
    const char *dot = strchr(key, '.');
    ck_assert_int_eq(rgm_config_print(&config, &text, &length, &err), RGM_OK);
    snprintf(line, sizeof line, dot ? "\n%.*s:\n" : "\n%.*s:", dot ? (int)(dot - key) : (int)strlen(key), key);
    char *at = strstr(text, line + (strncmp(text, line + 1, strlen(line + 1)) == 0));
    ck_assert_msg(at != NULL, "%s is not written", key);
    snprintf(line, sizeof line, "%s%s:", dot ? "\n  " : "\n", dot ? dot + 1 : key);
    at = dot ? strstr(at, line) : at - (*at != '\n');
    ck_assert_msg(at != NULL, "%s is not written", key);
    at += strlen(line);
    at += *at == ' ';
    snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
    free(text);
}

/* A default is in its range, and is printed as the table has it. */
static void default_is_kept(const char *key, const char *value) {
    rgm_error err = {0};
    const rgm_option *option = rgm_config_option(key);
    char found[512];
    ck_assert_msg(option != NULL, "%s", key);
    ck_assert_double_le(option->low, option->high);
    if (strcmp(value, "''") == 0) value = "";
    ck_assert_msg(rgm_config_set(&config, key, value, &err) == RGM_OK, "%s", line_of(&err));
    if (option->type == RGM_OPTION_SPECS) return; /* written in more lines; the round trips have them */
    printed(key, found, sizeof found);
    ck_assert_msg(strcmp(found, *value ? value : "''") == 0, "%s: '%s' is printed as '%s'", key, value, found);
}

START_TEST(test_defaults_are_printed_as_they_stand) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++) default_is_kept(options[i].key, options[i].fallback);
    const rgm_model_default *defaults_of = rgm_model_defaults(&count);
    for (size_t i = 0; i < count; i++) default_is_kept(defaults_of[i].key, defaults_of[i].value);
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------------------------------
 */

static const char example[] = "# DESIGN's example\n"
                              "data: {file: fashion.h5, validation: 0.1}\n"
                              "model: {name: resnet20, stem: small, image: 1x28x28}\n"
                              "batch: 64\n"
                              "epochs: 30\n"
                              "seed: 9223372036854775807\n"
                              "pin: off\n"
                              "init: {he: {distribution: normal}}\n"
                              "prior_bias: no\n"
                              "augment: [{crop: {padding: 4}}, {flip: {}}, {cutout: {size: 8}}]\n"
                              "optimizer: {sgd: {lr: 0.3, momentum: 0.9, nesterov: true}}\n"
                              "scheduler: {step: {at: [30, 60], factor: 0.1}}\n"
                              "regularize:\n"
                              "  - weight_decay: {rate: 5e-4}\n"
                              "plugins: [./my_augmentation.so]\n"
                              "early_stop:\n"
                              "  patience: 3\n"
                              "  metric: loss\n";

START_TEST(test_example_is_read) {
    parse_fine(example);
    ck_assert_str_eq(config.data.file, "fashion.h5");
    ck_assert_double_eq(config.data.validation, 0.1);
    ck_assert_int_eq(config.model.stem, RGM_STEM_SMALL);
    ck_assert_int_eq(config.model.image[0], 1);
    ck_assert_int_eq(config.model.image[2], 28);
    ck_assert_int_eq(config.batch, 64);
    ck_assert(config.seed == INT64_MAX);
    ck_assert_int_eq(config.pin, 2);
    ck_assert_int_eq(config.prior_bias, 0);
    ck_assert_int_eq(config.augment.count, 3);
    ck_assert_str_eq(config.augment.items[0].name, "crop");
    ck_assert_str_eq(config.augment.items[0].settings[0].value, "4");
    ck_assert_int_eq(config.augment.items[0].settings[0].line, 10);
    ck_assert_int_eq(config.augment.items[0].settings[0].column, 28); /* the value */
    ck_assert_int_eq(config.augment.items[0].settings[0].key_line, 10);
    ck_assert_int_eq(config.augment.items[0].settings[0].key_column, 19);
    ck_assert_int_eq(config.augment.items[1].count, 0);
    const rgm_setting *at = rgm_spec_find(&config.scheduler, "at");
    char joined[RGM_SPEC_VALUE];
    ck_assert_int_eq(rgm_value_join(&config.scheduler, at->tree, joined), 1);
    ck_assert_str_eq(joined, "30,60");
    ck_assert_str_eq(config.regularize.items[0].settings[0].value, "5e-4");
    ck_assert_str_eq(config.plugins.paths[0], "./my_augmentation.so");
    ck_assert_int_eq(config.early_stop.patience, 3);
    ck_assert_int_eq(config.early_stop.metric, RGM_METRIC_LOSS);
    /* What the file does not name keeps its default. */
    ck_assert_int_eq(config.evaluate.every, 1);
}
END_TEST

static const char *const good[] = {
    "",
    "\n# only a comment\n",
    "---\nbatch: 1\n...\n",
    "\357\273\277batch: 1\n",
    "~",
    "data:\n",
    "augment: []\n",
    "augment:\n",
    "scheduler: none\n",
    "scheduler: ~\n",
    "augment: [crop, flip]\n",
    "optimizer: adam\n",
    "optimizer: {adam: }\n",
    "dropout: .5\n",
    "dropout: 5E-1\n",
    "prior_bias: On\n",
    "batch: '128'\n",
    "model: {image: AUTO}\n",
    "model: {image: 3X32x32}\n",
    "model: {shortcut: a}\n",
    "model: {blocks: [3, 4, 6, 3]}\n",
    "model: {blocks: [], base: 1}\n",
    "model: {blocks: }\n",
    "data: {file: 'a b: \"c\" #d.h5'}\n",
    "data: {file: \"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.h5\"}\n",
    "optimizer: {sgd: {lr: \"\", name: 'null'}}\n",
    "optimizer: {sgd: {lr: {a: 1}, b: [[1], [], {}, {c: [d, '', '~', 'a, b']}], e: [x]}}\n",
    "augment: [{random: {of: [flip, {crop: {padding: 4}}], count: 2}}]\n",
    ("augment:\n  - random:\n      of:\n        - flip\n        - crop:\n            padding: 4\n      count: 2\n"
     "  - flip\n"),
};

START_TEST(test_good_files) { parse_fine(good[_i]); }
END_TEST

static const struct {
    const char *text, *where, *what; /* after "f.yaml" and the ": " behind it; a part of the message */
} bad[] = {
    {"bacth: 64\n", ":1:1", "unknown key 'bacth' (nearest: 'batch')"},
    {"modle: {name: cnn}\n", ":1:1", "unknown key 'modle' (nearest: 'model')"},
    {"\n  zzzzqqq: 1\n", ":2:3", "unknown key 'zzzzqqq'"},
    {"batch: 64\nbatch: 32\n", ":2:1", "the key 'batch' is repeated"},
    {"data: {file: a}\nseed: 1\ndata: {validation: 0}\n", ":3:1", "the key 'data' is repeated"},
    {"data: {file: a, file: b}\n", ":1:17", "the key 'data.file' is repeated"},
    {"data: {fil: a}\n", ":1:8", "unknown key 'data.fil' (nearest: 'data.file')"},
    {"data.file: a\n", ":1:1", "unknown key 'data.file'"},
    {"data: a.h5\n", ":1:7", "data: expected a mapping of its keys, found 'a.h5'"},
    {"data: [a]\n", ":1:7", "found a list"},
    {"batch: x\n", ":1:8", "batch: expected integer, 1 to 65536, found 'x'"},
    {"batch: 0\n", ":1:8", "found '0'"},
    {"batch: 65537\n", ":1:8", "found '65537'"},
    {"batch: -1\n", ":1:8", "found '-1'"},
    {"batch: 1.5\n", ":1:8", "found '1.5'"},
    {"batch: 0x10\n", ":1:8", "found '0x10'"},
    {"batch: 99999999999999999999999\n", ":1:8", "batch: expected integer"},
    {"batch:\n", ":1:7", "batch: expected integer, 1 to 65536, found nothing"},
    {"batch: [1]\n", ":1:8", "found a list"},
    {"batch: {a: 1}\n", ":1:8", "found a mapping"},
    {"seed: 9223372036854775808\n", ":1:7", "seed: expected integer, 0 to 9223372036854775807"},
    {"dropout: nan\n", ":1:10", "dropout: expected number, 0 to 0.99, found 'nan'"},
    {"dropout: .inf\n", ":1:10", "found '.inf'"},
    {"dropout: 1e400\n", ":1:10", "found '1e400'"},
    {"dropout: 0.5x\n", ":1:10", "found '0.5x'"},
    {"dropout: 0x1p-1\n", ":1:10", "found '0x1p-1'"},
    {"dropout: ''\n", ":1:10", "found ''"},
    {"prior_bias: 2\n", ":1:13", "prior_bias: expected true or false, found '2'"},
    {"loss: {none: }\n", ":1:8", "loss: expected the name of a component, found 'none'"},
    {"scheduler: {'Null': {}}\n", ":1:13", "scheduler: expected the name of a component"},
    {"pin: of\n", ":1:6", "pin: expected auto, on or off, found 'of' (nearest: 'on')"},
    {"isa: avx3\n", ":1:6", "(nearest: 'avx2')"},
    {"model: {image: 28x28}\n", ":1:16", "model.image: expected CxHxW, each 1 to 16384, or auto, found '28x28'"},
    {"model: {image: 1x28x28x1}\n", ":1:16", "found '1x28x28x1'"},
    {"model: {image: 0x28x28}\n", ":1:16", "found '0x28x28'"},
    {"model: {image: x28x28}\n", ":1:16", "found 'x28x28'"},
    {"model: {blocks: 3}\n", ":1:17", "model.blocks: expected list of at most 4 integers, each 1 to 256, found '3'"},
    {"model: {blocks: [3, 0]}\n", ":1:21", "model.blocks: expected integers, each 1 to 256, found '0'"},
    {"model: {blocks: [3, ~]}\n", ":1:21", "model.blocks: expected an integer, found nothing"},
    {"model: {blocks: [[3]]}\n", ":1:18", "model.blocks: expected an integer, found a list"},
    {"model: {blocks: [1, 2, 3, 4, 5]}\n", ":1:30", "model.blocks: more than 4 integers"},
    {"model: {stem: tiny}\n", ":1:15", "model.stem: expected auto, small or imagenet, found 'tiny'"},
    {"optimizer: {sgd: {lr: 1}, adam: {}}\n", ":1:27", "optimizer: expected one component"},
    {"optimizer: {lr: 0.1}\n", ":1:17", "expected the settings of 'lr' as {setting: value}, found '0.1'"},
    {"optimizer: {}\n", ":1:13", "optimizer: expected the name of a component, found nothing"},
    {"optimizer: [sgd]\n", ":1:12", "optimizer: expected a component, found a list"},
    {"optimizer: {sgd: {lr: 1, lr: 2}}\n", ":1:26", "sgd: the setting 'lr' is repeated"},
    {"optimizer: {sgd: {lr: }}\n", ":1:23", "lr: expected a value, found nothing"},
    {"optimizer: {sgd: {lr: {a: }}}\n", ":1:27", "a: expected a value, found nothing"},
    {"optimizer: {sgd: {lr: [[1, ~]]}}\n", ":1:28", "lr: expected a value, found nothing"},
    {"optimizer: {sgd: {lr: {a: 1, b: 2, a: 3}}}\n", ":1:36", "lr: the setting 'a' is repeated"},
    {"optimizer: {sgd: {lr: {'a b': 1}}}\n", ":1:24", "lr: expected the name of a setting, found 'a b'"},
    {"optimizer: {sgd: {lr: {[a]: 1}}}\n", ":1:24", "lr: expected the name of a setting, found a list"},
    {"optimizer: {sgd: {lr: [a, \"b\\nc\"]}}\n", ":1:27", "lr: expected no control characters, found byte 0x0a"},
    {"optimizer: {sgd: {lr: [[[[[[[[[1]]]]]]]]]}}\n", ":1:31", "lr: lists and mappings stand more than 8 deep"},
    {"optimizer: {sgd: {lr: {a: [*x]}}}\n", ":1:28", "aliases are not supported"},
    {"optimizer: {sgd: {lr: {a: &x 1}}}\n", ":1:27", "anchors are not supported"},
    {"augment:\n  - random:\n      of:\n        - flip\n        - crop:\n", ":5:16",
     "crop: expected a value, found nothing"},
    {"optimizer: {sgd: {'l r': 1}}\n", ":1:19", "sgd: expected the name of a setting, found 'l r'"},
    {"optimizer: {sgd: {[a]: 1}}\n", ":1:19", "expected the name of a setting, found a list"},
    {"optimizer: {../sgd: {}}\n", ":1:13", "expected the name of a component, found '../sgd'"},
    {"optimizer: {sgd: {lr: \"a\\nb\"}}\n", ":1:23", "lr: expected no control characters, found byte 0x0a"},
    {"augment: flip\n", ":1:10", "augment: expected a list of components, found 'flip'"},
    {"augment: {flip: {}}\n", ":1:10", "found a mapping"},
    {"augment:\n  - flip\n  -\n", ":3:4", "augment: expected a component, found nothing"},
    {"augment: [none]\n", ":1:11", "augment: expected a component, found nothing"},
    {"augment: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]\n", ":1:43", "augment: more than 16 components"},
    {"plugins: a.so\n", ":1:10", "plugins: expected a list of paths, found 'a.so'"},
    {"plugins: [{a: b}]\n", ":1:11", "plugins: expected a path, found a mapping"},
    {"plugins: ['']\n", ":1:11", "plugins: expected a path"},
    {"data: {file: \"a\\0b\"}\n", ":1:14", "without zero bytes"},
    {"data: {file: \"a\\tb\"}\n", ":1:14", "data.file: expected no control characters, found byte 0x09"},
    {"data: {file: \"a\\x9bb\"}\n", ":1:14", "data.file: expected no control characters, found byte 0xc2"},
    {"data: &a {file: x}\n", ":1:7", "anchors are not supported"},
    {"batch: *a\n", ":1:8", "aliases are not supported"},
    {"batch: !!int 3\n", ":1:8", "tags are not supported, found 'tag:yaml.org,2002:int'"},
    {"<<: {batch: 3}\n", ":1:1", "unknown key '<<'"},
    {"batch: 3\n---\nbatch: 4\n", ":2:1", "expected one document, found a second"},
    {"- batch\n", ":1:1", "configuration: expected a mapping of keys, found a list"},
    {"batch\n", ":1:1", "configuration: expected a mapping of keys, found 'batch'"},
    {"? [a]\n: b\n", ":1:3", "configuration: expected a key, found a list"},
    {"'': 1\n", ":1:1", "unknown key ''"},
    {"batch: 3\n\tseed: 1\n", ":2:1", "not valid YAML"},
    {"batch: 'x\n", ":2:1", "not valid YAML"},
    {"augment: [flip\n", ":2:1", "not valid YAML"},
    {"batch: 3\n seed: 1\n", ":1:8", "found '3 seed'"},
    {"data:\n  file: a\n seed: 1\n", ":3:2", "not valid YAML"},
    {"batch: \xff\xfe\n", ":1:1", "not valid YAML"},
    {"%YAML 3.0\n---\nbatch: 1\n", ":1:1", "not valid YAML"},
};

START_TEST(test_bad_files) {
    rgm_error err = {0};
    char start[64];
    snprintf(start, sizeof start, "f.yaml%s: ", bad[_i].where);
    ck_assert_int_eq(rgm_config_parse(&config, bad[_i].text, strlen(bad[_i].text), "f.yaml", &err), RGM_E_USAGE);
    ck_assert_int_eq(err.status, RGM_E_USAGE);
    ck_assert_msg(strncmp(line_of(&err), start, strlen(start)) == 0, "<<%s>> expected %s, got: %s", bad[_i].text, start,
                  line_of(&err));
    ck_assert_msg(strstr(line_of(&err), bad[_i].what) != NULL, "<<%s>> expected '%s', got: %s", bad[_i].text,
                  bad[_i].what, line_of(&err));
}
END_TEST

/* --- hostile files ---------------------------------------------------------------------------------------------------
 */

/* Every prefix of a file, and every file with one byte replaced, ends without a crash; refused ones say so. */
START_TEST(test_damaged_files_are_survived) {
    char text[sizeof example];
    static const char bytes[] = "\0\xff:{}[]&*!|>'\"%@`#,?- \n\t9";
    for (size_t i = 0; i < sizeof example; i++) {
        rgm_error err = {0};
        if (rgm_config_parse(&config, example, i, "f", &err) < 0) ck_assert_int_ne(err.text[0], 0);
        for (size_t b = 0; b < sizeof bytes - 1; b++) {
            memcpy(text, example, sizeof text);
            text[i] = bytes[b];
            memset(&err, 0, sizeof err);
            if (rgm_config_parse(&config, text, sizeof text - 1, "f", &err) < 0) ck_assert_int_ne(err.text[0], 0);
        }
    }
}
END_TEST

static char *repeated(const char *head, const char *unit, size_t times) {
    size_t length = strlen(unit);
    char *text = malloc(strlen(head) + times * length + 1);
    ck_assert_ptr_nonnull(text);
    char *end = stpcpy(text, head);
    for (size_t i = 0; i < times; i++) end = stpcpy(end, unit);
    return text;
}

static void refused(const char *head, const char *unit, size_t times, const char *what) {
    char *text = repeated(head, unit, times);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_parse(&config, text, strlen(text), "f.yaml", &err), RGM_E_USAGE);
    ck_assert_msg(strstr(line_of(&err), what) != NULL, "%s", line_of(&err));
    free(text);
}

START_TEST(test_huge_and_deep_files_are_refused) {
    refused("", "#", 256 * 1024 + 1, "more than 256 KiB");
    refused("augment: ", "[", 100000, "f.yaml:1:1");
    refused("optimizer: ", "{a: ", 50000, "f.yaml:1:");
    refused("", "? ", 100000, "f.yaml:1:");
    refused("batch: ", "9", 200000, "batch: expected integer");
    refused("data: {file: ", "a", 200000, "data.file: expected at most 1023 bytes, found 200000");
    refused("a", "a", 200000, "f.yaml:1:");
    refused("optimizer: {sgd: {lr: ", "a", 208, "lr: expected at most 207 bytes, found 208");
    refused("optimizer: {sgd: {lr: [", "12345, ", 100, "lr: the lists and mappings of 'sgd' have more than 64 values");
    refused("optimizer: {sgd: {lr: [", "1234567890123456789012345, ", 60,
            "lr: the lists and mappings of 'sgd' have more than 767 bytes of text");
    refused("optimizer: {sgd: {lr: [", "a", 208, "lr: expected at most 207 bytes, found 208");
    refused("optimizer: {sgd: {lr: ", "{a: ", 50000, "lists and mappings stand more than 8 deep");
    refused("optimizer: {sgd: {lr: {", "a", 48, "lr: expected the name of a setting");
    refused("optimizer: {", "a", 48, "expected the name of a component");
    refused("a: &a [x]\nb: ", "&b [*a, *a, *a, *a]\n", 10, "unknown key 'a'");
    refused("data: &a [x]\nbatch: ", "[*a, *a, *a, *a]\n", 10, "anchors are not supported");
}
END_TEST

START_TEST(test_too_many_settings_are_refused) {
    char text[2048] = "optimizer: {sgd: {";
    for (int i = 0; i < RGM_SPEC_SETTINGS + 1; i++) sprintf(text + strlen(text), "k%d: %d, ", i, i);
    strcat(text, "}}\n");
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_parse(&config, text, strlen(text), "f.yaml", &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(line_of(&err), "'sgd' has more than 24 settings"));
}
END_TEST

START_TEST(test_files_that_cannot_be_read) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_read(&config, "/nonexistent/x.yaml", &err), RGM_E_IO);
    ck_assert_str_eq(line_of(&err), "/nonexistent/x.yaml: No such file or directory");
    ck_assert_int_eq(rgm_config_read(&config, "/", &err), RGM_E_IO);
    ck_assert_int_eq(rgm_config_write(&config, "/nonexistent/x.yaml", &err), RGM_E_IO);
    if (access("/dev/full", W_OK) == 0) ck_assert_int_eq(rgm_config_write(&config, "/dev/full", &err), RGM_E_IO);
}
END_TEST

/* --- writing back ----------------------------------------------------------------------------------------------------
 */

START_TEST(test_round_trip_of_good_files) {
    parse_fine(good[_i]);
    round_trip();
}
END_TEST

START_TEST(test_round_trip_of_the_example) {
    round_trip();
    parse_fine(example);
    round_trip();
}
END_TEST

/* Texts that YAML could take for something else. */
START_TEST(test_round_trip_of_awkward_texts) {
    static const char *const texts[] = {
        "",         "~",           "null", "Null",   "none",   "yes",
        "1e5",      "- a",         "a: b", " a ",    "#x",     "a #x",
        "'",        "\"",          "\\n",  "[a, b]", "{a: b}", "@",
        "%a",       "&a",          "*a",   "!a",     "|",      ">",
        "?",        "a,b",         "---",  "...",    "a\\",    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
        "\xc2\xa0", "\xef\xbb\xbf"};
    rgm_error err = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_int_eq(rgm_config_set(&config, "data.file", texts[i], &err), RGM_OK);
        ck_assert_int_eq(rgm_config_set(&config, "optimizer.lr", texts[i], &err), RGM_OK);
        ck_assert_int_eq(rgm_config_set(&config, "plugins.0", *texts[i] ? texts[i] : "x", &err), RGM_OK);
        round_trip();
    }
}
END_TEST

START_TEST(test_round_trip_of_reals) {
    static const char *const reals[] = {
        "0.1", "5e-4", "1e-300", "0.30000000000000004", "0.3333333333333333", "0.899", "4.9406564584124654e-324"};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        rgm_error err = {0};
        char text[RGM_TEXT_REAL];
        ck_assert_int_eq(rgm_config_set(&config, "data.validation", reals[i], &err), RGM_OK);
        round_trip();
        ck_assert_double_eq(strtod(rgm_text_shortest(text, config.data.validation), NULL), strtod(reals[i], NULL));
    }
}
END_TEST

START_TEST(test_equal_sees_every_option) {
    static const char *const changes[] = {"batch=7",
                                          "data.file=x",
                                          "augment.0.padding=9",
                                          "augment=[]",
                                          "optimizer.lr=[0.3]",
                                          "optimizer.x={a: b}",
                                          "optimizer.x=1",
                                          "loss=other",
                                          "plugins.0=a",
                                          "model.image=1x2x3",
                                          "model.blocks=[2, 3]",
                                          "model.blocks.0=2",
                                          "steps=1",
                                          "dropout=0.1",
                                          "isa=avx2",
                                          "pin=on",
                                          "seed=2",
                                          "prior_bias=off",
                                          "save.minutes=1",
                                          "engine.conv=onednn"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        defaults();
        other = config;
        ck_assert_ptr_null(rgm_config_difference(&config, &other, NULL));
        set_fine(changes[i]);
        ck_assert_msg(rgm_config_difference(&config, &other, NULL), "%s", changes[i]);
        round_trip();
    }
}
END_TEST

START_TEST(test_write_and_read_a_file) {
    char folder[] = "/tmp/check_config_XXXXXX", path[64];
    rgm_error err = {0};
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    parse_fine(example);
    ck_assert_int_eq(rgm_config_write(&config, path, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_init(&other, &err), RGM_OK);
    ck_assert_msg(rgm_config_read(&other, path, &err) == RGM_OK, "%s", line_of(&err));
    ck_assert_ptr_null(rgm_config_difference(&config, &other, NULL));
    unlink(path);
    rmdir(folder);
}
END_TEST

/* --- fitting to the data ---------------------------------------------------------------------------------------------
 */

START_TEST(test_fit_fills_what_is_auto) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){1, 28, 28, 10, 100, 0}, &err), RGM_OK);
    ck_assert_str_eq(config.model.name, "resnet20");
    ck_assert_int_eq(config.model.stem, RGM_STEM_SMALL);
    ck_assert_int_eq(config.model.image[1], 28);
    ck_assert_int_eq(config.model.classes, 10);
    ck_assert_int_eq(config.batch, 100);
    defaults();
    ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){3, 65, 64, 1000, 100000, 0}, &err), RGM_OK);
    ck_assert_str_eq(config.model.name, "resnet18");
    ck_assert_int_eq(config.model.stem, RGM_STEM_IMAGENET);
    ck_assert_int_eq(config.batch, 128);
}
END_TEST

START_TEST(test_fit_and_check_refuse_contradictions) {
    rgm_error err = {0};
    set_fine("model.image=3x32x32");
    ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){1, 28, 28, 10, 100, 0}, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "model.image: 3x32x32 has 3 channels, the data has 1");
    defaults();
    set_fine("model.classes=2");
    ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){1, 28, 28, 10, 100, 0}, &err), RGM_E_USAGE);
    defaults();
    set_fine("model.head=logit");
    ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){1, 28, 28, 10, 100, 0}, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "model.head: one logit separates 2 classes, model.classes is 10");
    defaults();
    set_fine("epochs=2");
    set_fine("warmup=3");
    ck_assert_int_eq(rgm_config_check(&config, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "warmup: expected at most the run's 2 epochs, found 3");
}
END_TEST

static void add_loop(Suite *suite, const char *name, const TTest *test, size_t count) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, defaults, NULL);
    tcase_add_loop_test(tcase, test, 0, (int)count);
    suite_add_tcase(suite, tcase);
}

static Suite *config_suite(void) {
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_add_checked_fixture(tcase, defaults, NULL);
    tcase_add_test(tcase, test_defaults_are_the_documented_ones);
    tcase_add_test(tcase, test_table_is_consistent);
    tcase_add_test(tcase, test_words_are_complete);
    tcase_add_test(tcase, test_defaults_are_printed_as_they_stand);
    tcase_add_test(tcase, test_example_is_read);
    tcase_add_test(tcase, test_damaged_files_are_survived);
    tcase_add_test(tcase, test_huge_and_deep_files_are_refused);
    tcase_add_test(tcase, test_too_many_settings_are_refused);
    tcase_add_test(tcase, test_files_that_cannot_be_read);
    tcase_add_test(tcase, test_round_trip_of_the_example);
    tcase_add_test(tcase, test_round_trip_of_awkward_texts);
    tcase_add_test(tcase, test_round_trip_of_reals);
    tcase_add_test(tcase, test_equal_sees_every_option);
    tcase_add_test(tcase, test_write_and_read_a_file);
    tcase_add_test(tcase, test_fit_fills_what_is_auto);
    tcase_add_test(tcase, test_fit_and_check_refuse_contradictions);
    tcase_set_timeout(tcase, 300);
    suite_add_tcase(suite, tcase);
    add_loop(suite, "good files", test_good_files, sizeof good / sizeof good[0]);
    add_loop(suite, "bad files", test_bad_files, sizeof bad / sizeof bad[0]);
    add_loop(suite, "round trips", test_round_trip_of_good_files, sizeof good / sizeof good[0]);
    return suite;
}

int main(void) {
    SRunner *runner = srunner_create(config_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
