#include "cli/way_on.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/program.h"

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
static void tell_new_run(const rgm_run_summary *s) {
    enum { QUOTED = 4 * RGM_CONFIG_PATH };
    char path[RGM_CONFIG_PATH + 16], config[QUOTED], out[QUOTED], last[QUOTED] = "", lr[48] = "",
                                                                  state[64] = "no checkpoint was written";
    if (s->checkpoint[0]) {
        snprintf(last, sizeof last, " --checkpoint ");
        rgm_text_shell(s->checkpoint, last + strlen(last), sizeof last - strlen(last));
        snprintf(state, sizeof state, "the last checkpoint is of step %" PRId64, s->saved_step);
    }
    if (s->rate > 0) snprintf(lr, sizeof lr, " --set optimizer.lr=%g", s->rate / 10);
    char file[RGM_RUNFOLDER_PATH];
    snprintf(file, sizeof file, "%s/config.yaml", s->folder);
    rgm_log(RGM_LOG_WARN,
            "%s; resumed, the run comes to the same numbers: begin a new one with a lower rate: %s train %s%s --out "
            "%s%s",
            state, rgm_program(), rgm_text_shell(file, config, sizeof config), last,
            rgm_text_shell(other_folder(s->folder, path), out, sizeof out), lr);
}

static void tell_resume(const rgm_run_summary *s) {
    char command[RGM_WAY_COMMAND];
    rgm_way_command(s->folder, command);
    if (s->saved_step < 0)
        rgm_log(RGM_LOG_WARN, "no checkpoint was written; begin again with: %s", command);
    else
        rgm_log(RGM_LOG_WARN, "the state after step %" PRId64 " is saved%s; continue with: %s", s->saved_step,
                s->saved_step == s->step ? "" : ", what came later is not", command);
}

/* A command that is too long for the line of an error. */
static void tell_stopped(const rgm_run_summary *s) {
    char command[RGM_WAY_COMMAND];
    if (strlen(rgm_way_command(s->folder, command)) >= LONGEST) rgm_log(RGM_LOG_WARN, "continue with: %s", command);
}

void rgm_way_tell(const rgm_run_summary *s) {
    switch (s->goes_on) {
    case RGM_GOES_ON_GONE:
        rgm_log(RGM_LOG_WARN, "%s is gone, or its config.yaml: nothing goes on from it", s->folder);
        break;
    case RGM_GOES_ON_ANEW:
        tell_new_run(s);
        break;
    case RGM_GOES_ON_DONE:
        rgm_log(RGM_LOG_WARN, "the run is finished; its result is in %s/metrics.jsonl", s->folder);
        break;
    case RGM_GOES_ON_RESUMED:
        if (s->status == RGM_E_INTERRUPTED)
            tell_stopped(s);
        else
            tell_resume(s);
        break;
    default:
        break;
    }
}

rgm_status rgm_way_add(const rgm_run_summary *s, rgm_error *err) {
    char command[RGM_WAY_COMMAND];
    size_t used = strlen(err->text), length = strlen(rgm_way_command(s->folder, command));
    char *end = err->text + used;
    if (s->goes_on == RGM_GOES_ON_OCCUPIED)
        snprintf(end, sizeof err->text - used, ": continue it with %s, or name another with --out",
                 length < 250 ? command : "--resume");
    if (s->goes_on == RGM_GOES_ON_RESUMED && s->status == RGM_E_INTERRUPTED && length < LONGEST)
        snprintf(end, sizeof err->text - used, "; continue with: %s", command);
    return s->status;
}
