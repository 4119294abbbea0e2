/* The command line's parser, and --set. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/options.h"
#include "config_rows.h"

static const rgm_cli_flag flags[] = {{"split", 0, "NAME", "a split"}, {"profile", 0, NULL, "a profile"}, {0}};
static const rgm_cli_spec spec = {.name = "test",
                                  .arguments = "FILE\nOTHER FILE",
                                  .about = "Tests.",
                                  .examples = "  regimen test x\n",
                                  .command = RGM_FOR_TRAIN,
                                  .own = flags,
                                  .least = 1,
                                  .most = 2};
static rgm_cli_line line;
static rgm_config config;

/* What the user sees. */
static const char *line_of(const rgm_error *err) {
    static char text[RGM_ERROR_LINE];
    return rgm_error_line(err, text);
}

/* Splits `words` at blanks and parses them. */
static rgm_status parse(const char *words, rgm_error *err) {
    static char copy[512];
    static char *argv[64]; /* what is kept points into it */
    int argc = 1;
    argv[0] = "test";
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    return rgm_cli_parse(&line, &spec, argc, argv, err);
}

START_TEST(test_what_is_given_is_kept_in_order) {
    rgm_error err = {0};
    ck_assert_msg(parse("run.yaml -b64 --seed 7 --set batch=32 --split=x more -qp a.so --plugin b.so --json "
                        "--profile --epochs=3 -- -x",
                        &err) < 0,
                  "three arguments were taken");
    ck_assert_msg(parse("run.yaml -b64 --seed 7 --set batch=32 --split=x -qp a.so --plugin b.so --json --epo=3 -- -x",
                        &err) == RGM_OK,
                  "%s", line_of(&err));
    ck_assert_int_eq(line.argument_count, 2);
    ck_assert_str_eq(line.argument[0], "run.yaml");
    ck_assert_str_eq(line.argument[1], "-x");
    ck_assert_str_eq(line.own[0], "x");
    ck_assert_ptr_null(line.own[1]);
    ck_assert_str_eq(line.json, "-");
    ck_assert_ptr_null(line.resume);
    ck_assert_int_eq(line.quiet, 1);
    ck_assert_str_eq(rgm_cli_value(&line, "epochs"), "3");
    ck_assert_ptr_null(rgm_cli_value(&line, "out"));
    ck_assert_msg(rgm_cli_config(&line, NULL, &config, &err) == RGM_OK, "%s", line_of(&err));
    ck_assert_int_eq(config.batch, 32); /* --set came after -b */
    ck_assert_int_eq(config.epochs, 3);
    ck_assert_uint_eq(config.seed, 7);
    ck_assert_int_eq(config.plugins.count, 2);
    ck_assert_str_eq(config.plugins.paths[1], "b.so");
}
END_TEST

/* What the library says comes out whole, however long it is. */
START_TEST(test_errors_of_the_library) {
    rgm_error err = {0};
    char text[RGM_ERROR_LINE];
    regimen_error theirs = {.status = REGIMEN_IO, .text = "short"};
    ck_assert_int_eq(rgm_client_fail(&err, &theirs), RGM_E_IO);
    ck_assert_str_eq(rgm_client_line(&err, text), "short");
    memset(theirs.text, 'x', sizeof theirs.text - 2);
    theirs.text[sizeof theirs.text - 2] = 'y';
    theirs.text[sizeof theirs.text - 1] = 0;
    ck_assert_int_eq(rgm_client_fail(&err, &theirs), RGM_E_IO);
    ck_assert_int_eq(err.status, RGM_E_IO);
    ck_assert_str_eq(rgm_client_line(&err, text), theirs.text);
    rgm_fail(&err, RGM_E_USAGE, "another");
    ck_assert_str_eq(rgm_client_line(&err, text), "another");
}
END_TEST

START_TEST(test_flags_come_over_the_file) {
    char path[] = "/tmp/check_options_XXXXXX.yaml";
    rgm_error err = {0};
    int fd = mkstemps(path, 5);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "batch: 5\nseed: 9\n", 17), 17);
    close(fd);
    ck_assert_int_eq(parse("-b 6 x", &err), RGM_OK);
    ck_assert_msg(rgm_cli_config(&line, path, &config, &err) == RGM_OK, "%s", line_of(&err));
    unlink(path);
    ck_assert_int_eq(config.batch, 6);
    ck_assert_uint_eq(config.seed, 9);
    ck_assert_int_eq(rgm_cli_config(&line, "some.h5", &config, &err), RGM_OK);
    ck_assert_str_eq(config.data.file, "some.h5");
    ck_assert_int_eq(rgm_cli_config(&line, "/nonexistent.yaml", &config, &err), RGM_E_IO);
}
END_TEST

/* ---- what FILE is ---- */

static char *file_of(const char *content, size_t size) {
    static char path[64];
    strcpy(path, "/tmp/check_options_XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, size), (ssize_t)size);
    close(fd);
    return path;
}

START_TEST(test_data_sets_by_name) {
    static const char *const names[] = {"a.h5", "a.H5", "a.hdf5", "a.HDF5", "a.hdf", "a.Hdf", "a.he5", "b.yaml.h5"};
    rgm_error err = {0};
    ck_assert_int_eq(parse("x", &err), RGM_OK);
    ck_assert_msg(rgm_cli_config(&line, names[_i], &config, &err) == RGM_OK, "%s: %s", names[_i], line_of(&err));
    ck_assert_str_eq(config.data.file, names[_i]);
}
END_TEST

/* A name that says nothing: the content does. */
START_TEST(test_data_sets_by_content) {
    static char content[4096];
    const size_t at[] = {0, 512, 1024};
    rgm_error err = {0};
    memset(content, 'x', sizeof content);
    memcpy(content + at[_i], "\211HDF\r\n\032\n", 8);
    char *path = file_of(content, sizeof content);
    ck_assert_int_eq(parse("x", &err), RGM_OK);
    rgm_status status = rgm_cli_config(&line, path, &config, &err);
    unlink(path);
    ck_assert_msg(status == RGM_OK, "%s", line_of(&err));
    ck_assert_str_eq(config.data.file, path);
}
END_TEST

START_TEST(test_binary_files_are_named) {
    rgm_error err = {0};
    char *path = file_of("PK\003\004\0\0\0\0 an archive, say", 24);
    ck_assert_int_eq(parse("x", &err), RGM_OK);
    rgm_status status = rgm_cli_config(&line, path, &config, &err);
    unlink(path);
    ck_assert_int_eq(status, RGM_E_USAGE);
    ck_assert_msg(strstr(line_of(&err), "a binary file, expected a configuration (YAML) or a data set") != NULL, "%s",
                  line_of(&err));
    /* UTF-16 has zero bytes, too, and is YAML */
    path = file_of("\377\376b\0a\0t\0c\0h\0:\0 \0"
                   "5\0\n\0",
                   20);
    status = rgm_cli_config(&line, path, &config, &err);
    unlink(path);
    ck_assert_msg(status == RGM_OK, "%s", line_of(&err));
    ck_assert_int_eq(config.batch, 5);
}
END_TEST

/* A pipe can be read once. */
START_TEST(test_configuration_from_a_pipe) {
    rgm_error err = {0};
    int ends[2];
    char path[64];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "batch: 7\nmodel: {name: mlp}\n", 28), 28);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    ck_assert_int_eq(parse("x", &err), RGM_OK);
    rgm_status status = rgm_cli_config(&line, path, &config, &err);
    close(ends[0]);
    ck_assert_msg(status == RGM_OK, "%s", line_of(&err));
    ck_assert_int_eq(config.batch, 7);
    ck_assert_int_eq(config.augment.count, 0); /* as suits an mlp */
}
END_TEST

/* ---- defaults of the model ---- */

static const struct {
    const char *words, *yaml; /* YAML: of FILE, or NULL */
    int32_t augments;
    const char *optimizer, *rate; /* NULL: the default's */
} suited[] = {
    {"x", NULL, 2, "sgd", "0.3"},
    {"x -m resnet20", NULL, 2, "sgd", "0.3"},
    {"x -m mlp", NULL, 0, NULL, NULL},
    {"x --set model.name=mlp", NULL, 0, NULL, NULL},
    {"x -m mlp --set model.name=resnet20", NULL, 2, "sgd", "0.3"},
    {"x --set optimizer.lr=0.07 -m mlp", NULL, 0, NULL, "0.07"}, /* in any order */
    {"x -m mlp --optimizer adam", NULL, 0, "adam", ""},
    {"x -m mlp --set augment=[flip]", NULL, 1, NULL, NULL},
    {"x", "model: {name: mlp}\n", 0, NULL, NULL},
    {"x --set optimizer.lr=0.07", "augment: [flip]\nmodel: {name: mlp}\n", 1, NULL, "0.07"},
    {"x", "optimizer: {sgd: {lr: 0.5}}\nmodel: {name: mlp}\n", 0, "sgd", "0.5"},
    {"x -m resnet20", "model: {name: mlp}\n", 2, "sgd", "0.3"},
};

START_TEST(test_defaults_suit_the_model) {
    static rgm_config mlp;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_init(&mlp, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_suit(&mlp, "mlp", &err), RGM_OK);
    char *path = suited[_i].yaml ? file_of(suited[_i].yaml, strlen(suited[_i].yaml)) : NULL;
    ck_assert_int_eq(parse(suited[_i].words, &err), RGM_OK);
    rgm_status status = rgm_cli_config(&line, path, &config, &err);
    if (path) unlink(path);
    ck_assert_msg(status == RGM_OK, "%s", line_of(&err));
    ck_assert_int_eq(config.augment.count, suited[_i].augments);
    const rgm_spec *expected = &mlp.optimizer;
    ck_assert_str_eq(config.optimizer.name, suited[_i].optimizer ? suited[_i].optimizer : expected->name);
    const char *rate = suited[_i].rate ? suited[_i].rate : rgm_spec_get(expected, "lr");
    const char *found = rgm_spec_get(&config.optimizer, "lr");
    ck_assert_str_eq(found ? found : "", rate);
}
END_TEST

#define ANY_KEY " (--set KEY=VALUE sets what has no option, such as optimizer.lr)"
static const struct {
    const char *words, *message;
} bad[] = {
    {"", "test: expected FILE, or OTHER FILE (see regimen test --help)"},
    {"a b c", "test: unexpected argument 'c'"},
    {"a --bacth 3", "test: unknown option '--bacth' (nearest: '--batch')"},
    {"a --zzzzzzzzzz", "test: unknown option '--zzzzzzzzzz'" ANY_KEY},
    {"a --zzzzzzzzzz=5", "test: unknown option '--zzzzzzzzzz'" ANY_KEY},
    {"a --patience 3", "test: unknown option '--patience' (--set early_stop.patience=VALUE)"},
    {"a --batch", "--batch: expected an argument: N"},
    {"a --batc", "--batch: expected an argument: N"},
    {"a --split", "--split: expected an argument: NAME"},
    {"a --set", "--set: expected an argument: KEY=VALUE"},
    {"a --quiet=1", "--quiet: takes no argument"},
    {"a --profile=1", "--profile: takes no argument"},
    {"a --s x", "test: ambiguous option '--s'"},
    {"a -Z", "test: unknown option '-Z'"},
    {"a -qZ -b 3", "test: unknown option '-Z'"},
    {"a -b", "test: '-b': expected an argument"},
    {"a --json out.json", "--json: expected --json=out.json, in one word"},
};

START_TEST(test_bad_lines) {
    rgm_error err = {0};
    ck_assert_int_eq(parse(bad[_i].words, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), bad[_i].message);
}
END_TEST

static const struct {
    const char *words, *message;
} bad_values[] = {
    {"a --batch x", "--batch: expected integer, 1 to 65536, found 'x'"},
    {"a --batch=", "--batch: expected integer, 1 to 65536, found ''"},
    {"a --optimizer {adam", "--optimizer: not valid YAML: did not find expected ',' or '}'"},
    {"a --set optimizer.adam.lr=1", "--set: optimizer.adam.lr: the component here is 'sgd', not 'adam'"},
    {"a --set batch", "--set: expected key=value, found 'batch'"},
    {"a --set optimizer=none", "optimizer: expected a component, found none"},
    {"a --resume=", "--resume: expected 1 to 1023 bytes"},
    {"a --isa avx", "--isa: expected auto, reference, generic16, avx2 or avx512, found 'avx' (nearest: 'avx2')"},
};

START_TEST(test_bad_values) {
    rgm_error err = {0};
    ck_assert_int_eq(parse(bad_values[_i].words, &err), RGM_OK);
    ck_assert_int_eq(rgm_cli_config(&line, NULL, &config, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), bad_values[_i].message);
}
END_TEST

START_TEST(test_own_integers_and_choices) {
    static const char *const texts[] = {"", "-1", "1x", "11", "99999999999", " 1"};
    static const char *const names[] = {"train", "test"};
    rgm_error err = {0};
    int32_t value;
    ck_assert_int_eq(parse("a", &err), RGM_OK);
    ck_assert_int_eq(rgm_cli_integer(&line, 0, 1, 10, 3, &value, &err), RGM_OK);
    ck_assert_int_eq(value, 3);
    line.own[0] = "10";
    ck_assert_int_eq(rgm_cli_integer(&line, 0, 1, 10, 3, &value, &err), RGM_OK);
    ck_assert_int_eq(value, 10);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        line.own[0] = texts[i];
        ck_assert_int_eq(rgm_cli_integer(&line, 0, 1, 10, 3, &value, &err), RGM_E_USAGE);
    }
    ck_assert_int_eq(rgm_cli_choice("split", "test", names, 2, &value, &err), RGM_OK);
    ck_assert_int_eq(value, 1);
    ck_assert_int_eq(rgm_cli_choice("split", "tset", names, 2, &value, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "unknown split 'tset' (nearest: 'test')");
    ck_assert_int_eq(rgm_cli_choice("split", "everything", names, 2, &value, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "unknown split 'everything': expected one of train, test");
}
END_TEST

/* --- the table of flags ----------------------------------------------------------------------------------------------
 */

/* Every flag sets an option that there is, or is one of a call; in a command names and letters are unique. */
START_TEST(test_flags_are_consistent) {
    size_t count;
    const rgm_flag *table = rgm_flags(&count);
    for (size_t i = 0; i < count; i++) {
        const rgm_flag *a = &table[i];
        ck_assert_msg(a->key ? rgm_config_option(a->key) != NULL : a->call != RGM_CALL_NONE, "%s", a->name);
        ck_assert(a->key || a->help);
        for (size_t j = 0; j < i; j++) {
            if (!(a->commands & table[j].commands)) continue;
            ck_assert_str_ne(a->name, table[j].name);
            if (a->key && table[j].key) ck_assert_str_ne(a->key, table[j].key);
            ck_assert_msg(!a->letter || a->letter != table[j].letter, "-%c", a->letter);
        }
    }
}
END_TEST

/* --- the manual ------------------------------------------------------------------------------------------------------
 */

/* docs/CONFIG.md has one row per key with its range, default, flag and meaning, and those of the models' defaults. */
START_TEST(test_manual_agrees_with_the_tables) {
    const char *folder = getenv("srcdir");
    char path[1024];
    snprintf(path, sizeof path, "%s/docs/CONFIG.md", folder ? folder : ".");
    char *manual = config_rows_read(path);
    ck_assert_msg(manual != NULL, "cannot read %s", path);
    char *made = config_rows_renew(manual);
    ck_assert_msg(made != NULL, "%s has no tables of keys and of models' defaults", path);
    size_t same = 0;
    while (manual[same] && manual[same] == made[same]) same++;
    ck_assert_msg(strcmp(manual, made) == 0, "%s is not what 'make config-rows' writes; expected ...%.80s", path,
                  made + (same > 40 ? same - 40 : 0));
    free(made);
    free(manual);
}
END_TEST

/* --- --set -----------------------------------------------------------------------------------------------------------
 */

static void defaults(void) {
    rgm_error err = {0};
    ck_assert_msg(rgm_config_init(&config, &err) == RGM_OK, "%s", line_of(&err));
}

static void set_fine(const char *assignment) {
    rgm_error err = {0};
    ck_assert_msg(rgm_config_assign(&config, assignment, &err) == RGM_OK, "%s: %s", assignment, line_of(&err));
}

START_TEST(test_set_paths) {
    set_fine("batch=32");
    ck_assert_int_eq(config.batch, 32);
    set_fine("data.file=a=b.h5");
    ck_assert_str_eq(config.data.file, "a=b.h5");
    set_fine("data.file=");
    ck_assert_str_eq(config.data.file, "");
    set_fine("optimizer.lr=0.05");
    ck_assert_str_eq(rgm_spec_get(&config.optimizer, "lr"), "0.05");
    ck_assert_int_eq(config.optimizer.settings[0].line, 0);
    set_fine("optimizer.sgd.dampening=0.1");
    ck_assert_str_eq(rgm_spec_get(&config.optimizer, "dampening"), "0.1");
    ck_assert_int_eq(config.optimizer.count, 4);
    set_fine("augment.0.crop.padding=2");
    set_fine("augment.1.p=0.25");
    ck_assert_str_eq(rgm_spec_get(&config.augment.items[0], "padding"), "2");
    ck_assert_str_eq(rgm_spec_get(&config.augment.items[1], "p"), "0.25");
    set_fine("augment.crop.padding=3");
    ck_assert_str_eq(rgm_spec_get(&config.augment.items[0], "padding"), "3");
    set_fine("augment.2={cutout: {size: 8}}");
    ck_assert_int_eq(config.augment.count, 3);
    ck_assert_str_eq(rgm_spec_get(&config.augment.items[2], "size"), "8");
    set_fine("augment.1=jitter");
    ck_assert_str_eq(config.augment.items[1].name, "jitter");
    ck_assert_int_eq(config.augment.items[1].count, 0);
    set_fine("augment=[]");
    ck_assert_int_eq(config.augment.count, 0);
    set_fine("optimizer={adam: {lr: 1e-3}}");
    ck_assert_str_eq(config.optimizer.name, "adam");
    ck_assert_int_eq(config.optimizer.count, 1);
    set_fine("optimizer=sgd");
    ck_assert_int_eq(config.optimizer.count, 0);
    set_fine("plugins=[a.so, b.so]");
    set_fine("plugins.2=c,d.so");
    ck_assert_int_eq(config.plugins.count, 3);
    ck_assert_str_eq(config.plugins.paths[2], "c,d.so");
    set_fine("warmup=-0");
    ck_assert(1 / config.warmup > 0);
}
END_TEST

static const struct {
    const char *assignment, *message;
} bad_sets[] = {
    {"batch", "expected key=value, found 'batch'"},
    {"=3", "expected key=value, found '=3'"},
    {"", "expected key=value, found ''"},
    {"batch=x", "batch: expected integer, 1 to 65536, found 'x'"},
    {"batch=", "batch: expected integer, 1 to 65536, found ''"},
    {"batch.x=1", "unknown key 'batch.x' (nearest: 'batch')"},
    {"resume=x", "unknown key 'resume'"},
    {"optimiser.lr=1", "unknown key 'optimiser.lr' (nearest: 'optimizer')"},
    {"optimizer.=1", "optimizer.: expected the name of a setting of 'sgd', found ''"},
    {"optimizer.adam.lr=1", "optimizer.adam.lr: the component here is 'sgd', not 'adam'"},
    {"optimizer.sgd.lr.x=1", "optimizer.sgd.lr.x: expected the name of a setting of 'sgd', found 'lr.x'"},
    {"optimizer={sgd: {lr: 1}", "optimizer: not valid YAML: did not find expected ',' or '}'"},
    {"optimizer={sgd: {lr: }}", "lr: expected a value, found nothing"},
    {"optimizer=", "optimizer: expected a value"},
    {"augment.5=flip", "augment.5: there are 2 components, counted from 0"},
    {"augment.2.p=1", "augment.2.p: there are 2 components, counted from 0"},
    {"augment.0.flip.p=1", "augment.0.flip.p: the component here is 'crop', not 'flip'"},
    {"augment.jitter.p=1", "augment.jitter.p: expected the number or the name of one of 2 components"},
    {"augment.99999999999.p=1", "augment.99999999999.p: expected the number or the name of one of 2 components"},
    {"augment.1=none", "augment.1: expected a component"},
    {"augment=flip", "augment: expected a list of components, found 'flip'"},
    {"model.blocks.1=3", "model.blocks.1: expected a number up to 0"},
    {"model.blocks.0=0", "model.blocks: expected integers, each 1 to 256, found '0'"},
    {"plugins.1=x.so", "plugins.1: expected a number up to 0"},
    {"plugins.0=", "plugins.0: expected a path, found nothing"},
    {"data.file=\xff", "data.file: expected UTF-8, found byte 0xff"},
    {"data.file=\xed\xa0\x80", "data.file: expected UTF-8, found byte 0xed"},
    {"data.file=\x1b[2J", "data.file: expected no control characters, found byte 0x1b"},
};

START_TEST(test_bad_sets) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_assign(&config, bad_sets[_i].assignment, &err), RGM_E_USAGE);
    ck_assert_msg(strncmp(line_of(&err), bad_sets[_i].message, strlen(bad_sets[_i].message)) == 0, "%s", line_of(&err));
}
END_TEST

START_TEST(test_set_without_a_component) {
    rgm_error err = {0};
    set_fine("scheduler=none");
    ck_assert_int_eq(rgm_config_assign(&config, "scheduler.warm=1", &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "scheduler.warm: no component is named here to have settings");
    set_fine("optimizer=none");
    ck_assert_int_eq(rgm_config_check(&config, &err), RGM_E_USAGE);
    ck_assert_str_eq(line_of(&err), "optimizer: expected a component, found none");
}
END_TEST

static Suite *options_suite(void) {
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, test_what_is_given_is_kept_in_order);
    tcase_add_test(tcase, test_errors_of_the_library);
    tcase_add_test(tcase, test_flags_come_over_the_file);
    tcase_add_loop_test(tcase, test_data_sets_by_name, 0, 8);
    tcase_add_loop_test(tcase, test_data_sets_by_content, 0, 3);
    tcase_add_test(tcase, test_binary_files_are_named);
    tcase_add_test(tcase, test_configuration_from_a_pipe);
    tcase_add_loop_test(tcase, test_defaults_suit_the_model, 0, (int)(sizeof suited / sizeof *suited));
    tcase_add_loop_test(tcase, test_bad_lines, 0, (int)(sizeof bad / sizeof bad[0]));
    tcase_add_loop_test(tcase, test_bad_values, 0, (int)(sizeof bad_values / sizeof bad_values[0]));
    tcase_add_test(tcase, test_own_integers_and_choices);
    tcase_add_test(tcase, test_flags_are_consistent);
    tcase_add_test(tcase, test_manual_agrees_with_the_tables);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("set");
    tcase_add_checked_fixture(tcase, defaults, NULL);
    tcase_add_test(tcase, test_set_paths);
    tcase_add_test(tcase, test_set_without_a_component);
    tcase_add_loop_test(tcase, test_bad_sets, 0, (int)(sizeof bad_sets / sizeof bad_sets[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void) {
    SRunner *runner = srunner_create(options_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
