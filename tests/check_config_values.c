/* Values of settings that are lists and mappings: read, set by key, and written back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_case.h"

static const char nested[] = "augment:\n"
                             "- random:\n"
                             "    of: [flip, {crop: {padding: 4, fill: ''}}]\n"
                             "    count: 2\n";

static void place_is(const rgm_value *v, int32_t key_line, int32_t key_column, int32_t line, int32_t column) {
    ck_assert_int_eq(v->key_line, key_line);
    ck_assert_int_eq(v->key_column, key_column);
    ck_assert_int_eq(v->line, line);
    ck_assert_int_eq(v->column, column);
}

START_TEST(test_a_component_within_a_component) {
    parse_fine(nested);
    const rgm_spec *spec = &config.augment.items[0];
    ck_assert_str_eq(spec->name, "random");
    ck_assert_int_eq(spec->count, 2);
    ck_assert_str_eq(rgm_spec_get(spec, "count"), "2");
    ck_assert_ptr_null(rgm_spec_get(spec, "of")); /* no text */
    int32_t of = rgm_spec_find(spec, "of")->tree;
    ck_assert_int_eq(spec->values[of].kind, RGM_VALUE_LIST);
    place_is(&spec->values[of], 0, 0, 3, 9);
    int32_t flip = rgm_value_child(spec, of, 0), item = rgm_value_child(spec, of, 1);
    ck_assert_int_eq(rgm_value_child(spec, of, 2), 0);
    ck_assert_str_eq(rgm_value_text(spec, flip), "flip");
    ck_assert_str_eq(rgm_value_key(spec, flip), "");
    place_is(&spec->values[flip], 0, 0, 3, 10);
    ck_assert_int_eq(spec->values[item].kind, RGM_VALUE_MAP);
    int32_t crop = rgm_value_member(spec, item, "crop"), padding = rgm_value_member(spec, crop, "padding");
    ck_assert_int_eq(rgm_value_member(spec, item, "flip"), 0);
    ck_assert_int_eq(rgm_value_member(spec, of, "crop"), 0); /* a list has no names */
    ck_assert_str_eq(rgm_value_text(spec, padding), "4");
    ck_assert_str_eq(rgm_value_key(spec, padding), "padding");
    place_is(&spec->values[padding], 3, 24, 3, 33);
    ck_assert_str_eq(rgm_value_text(spec, rgm_value_member(spec, crop, "fill")), "");
    char joined[RGM_SPEC_VALUE];
    ck_assert_int_eq(rgm_value_join(spec, of, joined), 0);
    ck_assert_int_eq(rgm_value_join(spec, item, joined), 0);
}
END_TEST

static void printed_is(const char *part) {
    rgm_error err = {0};
    char *text;
    size_t size;
    ck_assert_int_eq(rgm_config_print(&config, &text, &size, &err), RGM_OK);
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in\n%s", part, text);
    free(text);
}

START_TEST(test_set_within_lists_and_mappings) {
    parse_fine(nested);
    printed_is("augment:\n- {random: {of: [flip, {crop: {padding: 4, fill: ''}}], count: 2}}\n");
    static const struct {
        const char *assignment, *printed;
    } steps[] = {
        {"augment.0.random.of.1.crop.padding=2", "{of: [flip, {crop: {padding: 2, fill: ''}}], count: 2}"},
        {"augment.random.of.1.crop.fill=mean", "{of: [flip, {crop: {padding: 2, fill: mean}}], count: 2}"},
        {"augment.0.of.1.crop.p=0.5", "{of: [flip, {crop: {padding: 2, fill: mean, p: 0.5}}], count: 2}"},
        {"augment.0.of.0={cutout: {size: [3, 4]}}",
         "{of: [{cutout: {size: [3, 4]}}, {crop: {padding: 2, fill: mean, p: 0.5}}], count: 2}"},
        {"augment.0.of.1=jitter", "{of: [{cutout: {size: [3, 4]}}, jitter], count: 2}"},
        {"augment.0.of.2=[]", "{of: [{cutout: {size: [3, 4]}}, jitter, []], count: 2}"},
        {"augment.0.of.0.cutout.size.1=5", "{of: [{cutout: {size: [3, 5]}}, jitter, []], count: 2}"},
        {"augment.0.count={a: b}", "{of: [{cutout: {size: [3, 5]}}, jitter, []], count: {a: b}}"},
        {"augment.0.of=1", "{of: 1, count: {a: b}}"},
        {"augment.0.count=[", "{of: 1, count: '['}"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        other = config;
        set_fine(steps[i].assignment);
        ck_assert_msg(rgm_config_difference(&config, &other, NULL), "%s", steps[i].assignment);
        printed_is(steps[i].printed);
        round_trip();
    }
    ck_assert_int_eq(config.augment.items[0].nodes, 0); /* what is replaced takes no room */
}
END_TEST

static const struct {
    const char *assignment, *message;
} bad_parts[] = {
    {"augment.0.random.of.3=x", "augment.0.random.of.3: there are 2 values, counted from 0"},
    {"augment.0.random.of.2.crop=x", "augment.0.random.of.2.crop: there are 2 values, counted from 0"},
    {"augment.0.of.crop.padding=1",
     "augment.0.of.crop.padding: expected the number of one of 2 values, found 'crop.pad"},
    {"augment.0.of.=1", "augment.0.of.: expected the number of one of 2 values, found ''"},
    {"augment.0.of.0.p=1", "augment.0.of.0.p: 'flip' is no list or mapping"},
    {"augment.0.of.1.flip.p=1", "augment.0.of.1.flip.p: there is no 'flip' here"},
    {"augment.0.of.1.crop.a b=1", "augment.0.of.1.crop.a b: expected the name of a setting, found 'a b'"},
    {"augment.0.count.0=1", "augment.0.count.0: the component here is 'random', not 'count'"},
    {"augment.0.of.1.crop.padding=\xff", "augment.0.of.1.crop.padding: expected UTF-8, found byte 0xff"},
    {"augment.0.of.1.crop.padding=[a, ]x]", "augment.0.of.1.crop.padding: not valid YAML"},
    {"augment.0.of.1.crop.padding={a: ~}", "a: expected a value, found nothing"},
    {"augment.0.of.1.crop.padding=[[[[[[1]]]]]]", "augment.0.of.1.crop.padding: lists and mappings stand more than 8"},
    {"augment.0.a b=[1]", "augment.0.a b: expected the name of a setting of 'random', found 'a b'"},
};

START_TEST(test_bad_parts_change_nothing) {
    rgm_error err = {0};
    parse_fine(nested);
    other = config;
    ck_assert_int_eq(rgm_config_assign(&config, bad_parts[_i].assignment, &err), RGM_E_USAGE);
    ck_assert_msg(strncmp(line_of(&err), bad_parts[_i].message, strlen(bad_parts[_i].message)) == 0, "%s",
                  line_of(&err));
    ck_assert_ptr_null(rgm_config_difference(&config, &other, NULL));
}
END_TEST

/* Setting the same part again and again takes no more room. */
START_TEST(test_room_is_used_again) {
    char assignment[256];
    rgm_error err = {0};
    parse_fine(nested);
    for (int i = 0; i < 1000; i++) {
        snprintf(assignment, sizeof assignment, "augment.0.of.1.crop.padding=[%0100d, {a: %d}]", i, i);
        set_fine(assignment);
    }
    set_fine("augment.0.of.1.crop.padding=4");
    other = config;
    parse_fine(nested);
    ck_assert_ptr_null(rgm_config_difference(&config, &other, NULL));
    rgm_status status = RGM_OK;
    int added = 0;
    for (; status == RGM_OK && added < 200; added++) {
        snprintf(assignment, sizeof assignment, "augment.0.of.%d=x", added + 2);
        status = rgm_config_assign(&config, assignment, &err);
    }
    ck_assert_int_eq(status, RGM_E_USAGE);
    ck_assert_int_eq(added, RGM_SPEC_NODES - 6 + 1); /* of, flip, {crop}, its value, padding and fill */
    round_trip();
}
END_TEST

static Suite *values_suite(void) {
    Suite *suite = suite_create("values");
    TCase *tcase = tcase_create("values");
    tcase_add_checked_fixture(tcase, defaults, NULL);
    tcase_add_test(tcase, test_a_component_within_a_component);
    tcase_add_test(tcase, test_set_within_lists_and_mappings);
    tcase_add_test(tcase, test_room_is_used_again);
    tcase_add_loop_test(tcase, test_bad_parts_change_nothing, 0, (int)(sizeof bad_parts / sizeof bad_parts[0]));
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void) {
    SRunner *runner = srunner_create(values_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
