#include "recipe/checks.h"

const rgm_check_row rgm_checks_data[] = {{{0}, 0, NULL}};
