#include "cli/program.h"

#include "base/text.h"

static char program[4096] = "regimen";

void rgm_program_set(const char *called) {
    if (called && called[0]) rgm_text_shell(called, program, sizeof program);
}

const char *rgm_program(void) { return program; }
