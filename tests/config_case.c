#include "config_case.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

rgm_config config, other;

const char *line_of(const rgm_error *err) {
    static char line[RGM_ERROR_LINE];
    return rgm_error_line(err, line);
}

void defaults(void) {
    rgm_error err = {0};
    ck_assert_msg(rgm_config_init(&config, &err) == RGM_OK, "%s", line_of(&err));
}

void parse_fine(const char *text) {
    rgm_error err = {0};
    rgm_status status = rgm_config_parse(&config, text, strlen(text), "f.yaml", &err);
    ck_assert_msg(status == RGM_OK, "<<%s>>: %s", text, line_of(&err));
}

void set_fine(const char *assignment) {
    rgm_error err = {0};
    ck_assert_msg(rgm_config_assign(&config, assignment, &err) == RGM_OK, "%s: %s", assignment, line_of(&err));
}

void round_trip(void) {
    rgm_error err = {0};
    char *text, *again;
    size_t size, again_size;
    ck_assert_msg(rgm_config_print(&config, &text, &size, &err) == RGM_OK, "%s", line_of(&err));
    ck_assert_int_eq(rgm_config_init(&other, &err), RGM_OK);
    ck_assert_msg(rgm_config_parse(&other, text, size, "written", &err) == RGM_OK, "%s\n%s", err.text, text);
    ck_assert_msg(!rgm_config_difference(&config, &other, NULL), "%s", text);
    ck_assert_int_eq(rgm_config_print(&other, &again, &again_size, &err), RGM_OK);
    ck_assert_str_eq(text, again);
    free(text);
    free(again);
}
