#include "cli/way_on.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/program.h"
#include "report/runfolder.h"

enum { LONGEST = 400 /* bytes of a command in the line of an error */ };

const char *rgm_way_command(const char *folder, char out[RGM_WAY_COMMAND]) {
    int used = snprintf(out, RGM_WAY_COMMAND, "%s train --resume ", rgm_program());
    if (used < RGM_WAY_COMMAND) rgm_text_shell(folder, out + used, RGM_WAY_COMMAND - (size_t)used);
    return out;
}

/* The run's folder with the first free number behind it. */
static const char *other_folder(const char *folder, char path[RGM_CONFIG_PATH + 16]) {
    for (int32_t n = 2; n < 1000; n++) {
        snprintf(path, RGM_CONFIG_PATH + 16, "%s-%d", folder, n);
        if (access(path, F_OK) != 0) break;
    }
    return path;
}

/* Another run with what the one that failed had before. */
static void tell_new_run(const regimen_result *r) {
    enum { QUOTED = 4 * RGM_CONFIG_PATH };
    char path[RGM_CONFIG_PATH + 16], config[QUOTED], out[QUOTED], last[QUOTED] = "", lr[48] = "",
                                                                  state[64] = "no checkpoint was written";
    if (r->checkpoint[0]) {
        snprintf(last, sizeof last, " --checkpoint ");
        rgm_text_shell(r->checkpoint, last + strlen(last), sizeof last - strlen(last));
        snprintf(state, sizeof state, "the last checkpoint is of step %" PRId64, r->saved_step);
    }
    if (r->lr > 0) snprintf(lr, sizeof lr, " --set optimizer.lr=%g", r->lr / 10);
    char file[RGM_RUNFOLDER_PATH];
    snprintf(file, sizeof file, "%s/config.yaml", r->folder);
    rgm_log(RGM_LOG_WARN,
            "%s; resumed, the run comes to the same numbers: begin a new one with a lower rate: %s train %s%s --out "
            "%s%s",
            state, rgm_program(), rgm_text_shell(file, config, sizeof config), last,
            rgm_text_shell(other_folder(r->folder, path), out, sizeof out), lr);
}

static void tell_resume(const regimen_result *r) {
    char command[RGM_WAY_COMMAND];
    rgm_way_command(r->folder, command);
    if (r->saved_step < 0)
        rgm_log(RGM_LOG_WARN, "no checkpoint was written; begin again with: %s", command);
    else
        rgm_log(RGM_LOG_WARN, "the state after step %" PRId64 " is saved%s; continue with: %s", r->saved_step,
                r->saved_step == r->step ? "" : ", what came later is not", command);
}

/* A command that is too long for the line of an error. */
static void tell_stopped(const regimen_result *r) {
    char command[RGM_WAY_COMMAND];
    if (strlen(rgm_way_command(r->folder, command)) >= LONGEST) rgm_log(RGM_LOG_WARN, "continue with: %s", command);
}

void rgm_way_tell(const regimen_result *r) {
    switch (r->goes_on) {
    case REGIMEN_GOES_ON_GONE:
        rgm_log(RGM_LOG_WARN, "%s is gone, or its config.yaml: nothing goes on from it", r->folder);
        break;
    case REGIMEN_GOES_ON_ANEW:
        tell_new_run(r);
        break;
    case REGIMEN_GOES_ON_DONE:
        rgm_log(RGM_LOG_WARN, "the run is finished; its result is in %s/metrics.jsonl", r->folder);
        break;
    case REGIMEN_GOES_ON_RESUMED:
        if (r->status == REGIMEN_INTERRUPTED)
            tell_stopped(r);
        else
            tell_resume(r);
        break;
    default:
        break;
    }
}

void rgm_way_next(const regimen_result *r) {
    char folder[RGM_WAY_COMMAND];
    rgm_text_shell(r->folder, folder, sizeof folder);
    rgm_text_clean(folder);
    printf("next: %s predict %s FILE|FOLDER...\n", rgm_program(), folder);
}

void rgm_way_add(const regimen_result *r, char *text, size_t size) {
    char command[RGM_WAY_COMMAND];
    size_t used = strlen(text), length = strlen(rgm_way_command(r->folder, command));
    if (r->goes_on == REGIMEN_GOES_ON_OCCUPIED)
        snprintf(text + used, size - used, ": continue it with %s, or name another with --out",
                 length < 250 ? command : "--resume");
    if (r->goes_on == REGIMEN_GOES_ON_RESUMED && r->status == REGIMEN_INTERRUPTED && length < LONGEST)
        snprintf(text + used, size - used, "; continue with: %s", command);
}
