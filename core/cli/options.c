#include "cli/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/program.h"

enum { MOST_FLAGS = 80, HELP_BYTES = 240, KEY_OWN = 0x1100, KEY_TABLE = 0x1200 };
enum { GROUP_OWN = 1, GROUP_TABLE = 2, GROUP_LAST = 3 };

/* argp's view of one command. */
typedef struct flags {
    struct argp_option list[MOST_FLAGS + 1];
    char help[MOST_FLAGS][HELP_BYTES];
    int32_t count;
} flags;

typedef struct parse {
    rgm_cli_line *line;
    int next;        /* the index of the word that argp would look at next, when it failed */
    int32_t refused; /* 1: *err says why */
    rgm_error *err;
} parse;

/* --- the list of flags ---------------------------------------------------------------------------------------------
 */

static void add_flag(flags *f, const char *name, int key, const char *arg, int optional, const char *help, int group) {
    if (f->count == MOST_FLAGS) return;
    char *text = f->help[f->count];
    snprintf(text, HELP_BYTES, "%s", help);
    f->list[f->count++] = (struct argp_option){
        .name = name, .key = key, .arg = arg, .flags = optional ? OPTION_ARG_OPTIONAL : 0, .doc = text, .group = group};
}

/* The option that a flag sets; NULL for one of the call. */
static const rgm_option *option_of(const rgm_flag *flag) { return flag->key ? rgm_config_option(flag->key) : NULL; }

/* The option's meaning, and its default where that says something. */
static void describe(const rgm_option *option, char help[HELP_BYTES]) {
    static const char *const silent[] = {"''", "[]", "auto"};
    int32_t plain = 0;
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) plain |= strcmp(option->fallback, silent[i]) == 0;
    if (plain)
        snprintf(help, HELP_BYTES, "%s", option->help);
    else
        snprintf(help, HELP_BYTES, "%s [%s]", option->help, option->fallback);
}

static int key_of(const rgm_flag *table, size_t i) { return table[i].letter ? table[i].letter : KEY_TABLE + (int)i; }

static void add_table(flags *f, uint32_t command) {
    size_t count;
    const rgm_flag *table = rgm_flags(&count);
    for (size_t i = 0; i < count; i++) {
        const rgm_flag *flag = &table[i];
        char help[HELP_BYTES];
        if (!(flag->commands & command)) continue;
        if (flag->key) describe(option_of(flag), help);
        add_flag(f, flag->name, key_of(table, i), flag->arg, flag->optional, flag->help ? flag->help : help,
                 flag->key ? GROUP_TABLE : GROUP_LAST);
    }
}

static void make_flags(flags *f, const rgm_cli_spec *spec) {
    memset(f, 0, sizeof *f);
    for (int32_t i = 0; spec->own && spec->own[i].flag; i++) {
        const rgm_cli_flag *own = &spec->own[i];
        add_flag(f, own->flag, own->letter ? own->letter : KEY_OWN + i, own->arg, 0, own->help, GROUP_OWN);
    }
    add_table(f, spec->command);
}

/* --- parsing -------------------------------------------------------------------------------------------------------
 */

static error_t refused(parse *p) {
    p->refused = 1;
    return EINVAL;
}

static error_t keep(parse *p, const rgm_flag *flag, const char *value) {
    rgm_cli_line *line = p->line;
    if (line->given_count == RGM_CLI_GIVEN) {
        rgm_fail(p->err, RGM_E_USAGE, "more than %d options", RGM_CLI_GIVEN);
        return refused(p);
    }
    line->given[line->given_count++] = (rgm_cli_given){flag, value};
    return 0;
}

/* Options come first: argp has put the arguments side by side, in their order, when it hands out the first one. */
static error_t take_argument(parse *p, const char *argument, const struct argp_state *state) {
    rgm_cli_line *line = p->line;
    if (line->argument_count == line->spec->most) {
        rgm_fail(p->err, RGM_E_USAGE, "%s: unexpected argument '%.160s'", line->spec->name, argument);
        return refused(p);
    }
    if (line->argument_count++ == 0) line->argument = (const char **)&state->argv[state->next - 1];
    return 0;
}

static error_t take_flag(parse *p, const rgm_flag *flag, const char *value) {
    rgm_cli_line *line = p->line;
    switch (flag->call) {
    case RGM_CALL_RESUME:
        line->resume = value;
        return 0;
    case RGM_CALL_JSON:
        line->json = value ? value : "-";
        return 0;
    case RGM_CALL_CSV:
        line->csv = value ? value : "-";
        return 0;
    case RGM_CALL_QUIET:
        line->quiet = 1;
        return 0;
    case RGM_CALL_HELP:
        line->helped = 1;
        return ECANCELED;
    default:
        return keep(p, flag, value);
    }
}

static error_t take_option(int key, char *value, struct argp_state *state) {
    parse *p = state->input;
    const rgm_cli_spec *spec = p->line->spec;
    size_t count;
    const rgm_flag *table = rgm_flags(&count);
    if (key == ARGP_KEY_ARG) return take_argument(p, value, state);
    if (key == ARGP_KEY_ERROR) p->next = state->next;
    for (int32_t i = 0; spec->own && spec->own[i].flag; i++)
        if (key == (spec->own[i].letter ? spec->own[i].letter : KEY_OWN + i)) {
            p->line->own[i] = value ? value : "";
            return 0;
        }
    for (size_t i = 0; i < count; i++)
        if ((table[i].commands & spec->command) && key == key_of(table, i)) return take_flag(p, &table[i], value);
    return ARGP_ERR_UNKNOWN;
}

/* A word of short options: RGM_OK if all of its letters are known. */
static rgm_status explain_letters(const flags *f, const char *command, const char *word, rgm_error *err) {
    for (const char *letter = word + 1; *letter; letter++) {
        const struct argp_option *found = NULL;
        for (int32_t i = 0; i < f->count && !found; i++)
            if (f->list[i].key == *letter) found = &f->list[i];
        if (!found) return rgm_fail(err, RGM_E_USAGE, "%s: unknown option '-%c'", command, *letter);
        if (found->arg) break; /* the rest is its argument */
    }
    return RGM_OK;
}

/* What a name that is no option may mean: a key of the configuration, whole or behind its dot. */
static const char *suggest_key(const flags *f, const char *name, char out[160]) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    int32_t settable = 0;
    out[0] = 0;
    for (int32_t i = 0; i < f->count; i++) settable |= strcmp(f->list[i].name, "set") == 0;
    if (!settable) return out;
    snprintf(out, 160, " (--set KEY=VALUE sets what has no option, such as optimizer.lr)");
    for (size_t i = 0; i < count; i++) {
        const char *key = options[i].key, *dot = strchr(key, '.');
        if (strcmp(key, name) == 0 || (dot && strcmp(dot + 1, name) == 0))
            snprintf(out, 160, " (--set %.100s=VALUE)", key);
    }
    return out;
}

static rgm_status explain_name(const flags *f, const char *command, const char *word, rgm_error *err) {
    const char *names[MOST_FLAGS], *match = NULL, *arg = NULL;
    int32_t starts = 0;
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (int32_t i = 0; i < f->count; i++) {
        names[i] = f->list[i].name;
        int32_t same = strcmp(names[i], name) == 0;
        if (strncmp(names[i], name, strlen(name)) != 0 || (starts < 0 && !same)) continue;
        starts = same ? -1 : starts + 1; /* the whole name is no abbreviation of a longer one */
        match = names[i];
        arg = f->list[i].arg;
    }
    if (starts > 1) return rgm_fail(err, RGM_E_USAGE, "%s: ambiguous option '--%s'", command, name);
    if (match && arg) return rgm_fail(err, RGM_E_USAGE, "--%s: expected an argument: %s", match, arg);
    if (match) return rgm_fail(err, RGM_E_USAGE, "--%s: takes no argument", match);
    const char *nearest = rgm_text_nearest(name, names, (size_t)f->count);
    if (nearest)
        return rgm_fail(err, RGM_E_USAGE, "%s: unknown option '--%s' (nearest: '--%s')", command, name, nearest);
    char key[160];
    return rgm_fail(err, RGM_E_USAGE, "%s: unknown option '--%s'%s", command, name, suggest_key(f, name, key));
}

/* What argp did not like, in one line. The word is the one before `next`, or `next` itself in the middle of a word of
 * short options. */
static rgm_status explain(const flags *f, const char *command, int argc, char **argv, int next, rgm_error *err) {
    const char *word = next > 0 && next <= argc ? argv[next - 1] : "";
    const char *following = next > 0 && next < argc ? argv[next] : "";
    if (strncmp(word, "--", 2) == 0) return explain_name(f, command, word, err);
    if (following[0] == '-' && following[1] != '-') RGM_TRY(explain_letters(f, command, following, err));
    if (word[0] == '-') RGM_TRY(explain_letters(f, command, word, err));
    return rgm_fail(err, RGM_E_USAGE, "%s: '%.80s': expected an argument", command, word);
}

static void print_help(const struct argp *argp, const rgm_cli_spec *spec) {
    char name[64];
    snprintf(name, sizeof name, "regimen %s", spec->name);
    argp_help(argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    printf("\nExamples:\n%s", spec->examples); /* not through argp, which would break the lines */
}

static rgm_status check_arguments(const rgm_cli_line *line, rgm_error *err) {
    const rgm_cli_spec *spec = line->spec;
    int32_t printed = line->json && strcmp(line->json, "-") == 0;
    if (printed && line->csv && strcmp(line->csv, "-") == 0)
        return rgm_fail(err, RGM_E_USAGE, "--json and --csv: one of them to a file: --json=FILE or --csv=FILE");
    for (int32_t i = 0; printed && !spec->json_arguments && i < line->argument_count; i++) {
        const char *dot = strrchr(line->argument[i], '.');
        if (dot && strcmp(dot, ".json") == 0)
            return rgm_fail(err, RGM_E_USAGE, "--json: expected --json=%.160s, in one word", line->argument[i]);
    }
    if (line->argument_count >= spec->least) return RGM_OK;
    char wanted[128];
    int first = (int)strcspn(spec->arguments, "\n");
    const char *second = spec->arguments[first] ? spec->arguments + first + 1 : "";
    snprintf(wanted, sizeof wanted, "%.*s%s%s", first, spec->arguments, *second ? ", or " : "", second);
    return rgm_fail(err, RGM_E_USAGE, "%s: expected %s (see %s %s --help)", spec->name, wanted, rgm_program(),
                    spec->name);
}

rgm_status rgm_cli_parse(rgm_cli_line *line, const rgm_cli_spec *spec, int argc, char **argv, rgm_error *err) {
    static flags f; /* argp keeps no state, but the list is large for a stack */
    make_flags(&f, spec);
    struct argp argp = {.options = f.list, .parser = take_option, .args_doc = spec->arguments, .doc = spec->about};
    memset(line, 0, sizeof *line);
    line->spec = spec;
    parse p = {.line = line, .err = err};
    error_t code = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &p);
    if (line->helped) {
        print_help(&argp, spec);
        return RGM_OK;
    }
    if (code == ENOMEM) return rgm_fail(err, RGM_E_NOMEM, "no memory for the command line");
    if (p.refused) return RGM_E_USAGE;
    if (code) return explain(&f, spec->name, argc, argv, p.next, err);
    RGM_TRY(check_arguments(line, err));
    if (line->quiet) rgm_log_set_level(RGM_LOG_ERROR);
    return RGM_OK;
}

const char *rgm_cli_value(const rgm_cli_line *line, const char *key) {
    for (int32_t i = line->given_count - 1; i >= 0; i--) {
        const rgm_cli_given *given = &line->given[i];
        if (given->flag->key && strcmp(given->flag->key, key) == 0) return given->value;
    }
    return NULL;
}

/* --- into the configuration ----------------------------------------------------------------------------------------
 */

static rgm_status set_flag(const rgm_cli_given *given, rgm_config *config, rgm_error *err) {
    const rgm_flag *flag = given->flag;
    char key[64];
    if (option_of(flag)->type == RGM_OPTION_PATHS)
        snprintf(key, sizeof key, "%s.%d", flag->key, config->plugins.count);
    else
        snprintf(key, sizeof key, "%s", flag->key);
    if (rgm_config_set(config, key, given->value, err) >= 0) return RGM_OK;
    if (strcmp(err->subject, key) == 0) err->subject[0] = 0; /* the flag stands for the key */
    return rgm_fail_in(err, "--%s", flag->name);
}

rgm_config *rgm_cli_shared_config(void) {
    static rgm_config config;
    return &config;
}

static rgm_status set_given(const rgm_cli_given *given, rgm_config *config, rgm_error *err) {
    if (given->flag->key) return set_flag(given, config, err);
    return rgm_config_assign(config, given->value, err) < 0 ? rgm_fail_in(err, "--set") : RGM_OK;
}

static rgm_status check_path(const char *flag, const char *path, rgm_error *err) {
    if (!path || (*path && strlen(path) < RGM_CONFIG_PATH)) return RGM_OK;
    return rgm_fail_about(err, RGM_E_USAGE, flag, "expected 1 to %d bytes", RGM_CONFIG_PATH - 1);
}

rgm_status rgm_cli_apply(const rgm_cli_line *line, rgm_config *config, rgm_error *err) {
    RGM_TRY(check_path("--json", line->json, err));
    RGM_TRY(check_path("--csv", line->csv, err));
    RGM_TRY(check_path("--resume", line->resume, err));
    for (int32_t i = 0; i < line->given_count; i++) RGM_TRY(set_given(&line->given[i], config, err));
    return rgm_config_check(config, err);
}

/* The first bytes of a data set: HDF5's signature, which a user block of 512, 1024, ... bytes may precede. */
static int32_t holds_hdf5(const char *path) {
    static const char signature[8] = "\211HDF\r\n\032\n";
    char found[8];
    struct stat status;
    int32_t is = 0;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return 0; /* what a pipe holds can be read once */
    FILE *file = fopen(path, "rbe");
    for (long at = 0; file && !is && at <= 1 << 20; at = at ? 2 * at : 512) {
        if (fseek(file, at, SEEK_SET) != 0 || fread(found, 1, sizeof found, file) != sizeof found) break;
        is = memcmp(found, signature, sizeof found) == 0;
    }
    if (file) fclose(file);
    return is;
}

int32_t rgm_cli_is_hdf5(const char *path) {
    static const char *const endings[] = {".h5", ".hdf5", ".hdf", ".he5"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return 1;
    return holds_hdf5(path);
}

static int32_t names_model(const rgm_cli_given *given) {
    if (given->flag->key) return strcmp(given->flag->key, "model.name") == 0;
    return strncmp(given->value, "model.name=", 11) == 0;
}

/* The model that the line names, or else what *config says. */
static rgm_status find_model(const rgm_cli_line *line, const rgm_config *config, char name[RGM_CONFIG_NAME],
                             rgm_error *err) {
    rgm_config *scan = calloc(1, sizeof *scan);
    if (!scan) return rgm_fail(err, RGM_E_NOMEM, "configuration: out of memory");
    rgm_status status = RGM_OK;
    strcpy(scan->model.name, config->model.name);
    for (int32_t i = 0; i < line->given_count && status >= 0; i++)
        if (names_model(&line->given[i])) status = set_given(&line->given[i], scan, err);
    if (status >= 0) strcpy(name, scan->model.name);
    free(scan);
    return status;
}

rgm_status rgm_cli_config_over(const rgm_cli_line *line, const char *file, rgm_config *config, rgm_error *err) {
    char model[RGM_CONFIG_NAME];
    if (file && rgm_cli_is_hdf5(file))
        RGM_TRY(rgm_config_set(config, "data.file", file, err));
    else if (file)
        RGM_TRY(rgm_config_read(config, file, err));
    RGM_TRY(find_model(line, config, model, err));
    RGM_TRY(rgm_config_suit(config, model, err));
    return rgm_cli_apply(line, config, err);
}

rgm_status rgm_cli_config(const rgm_cli_line *line, const char *file, rgm_config *config, rgm_error *err) {
    RGM_TRY(rgm_config_init(config, err));
    return rgm_cli_config_over(line, file, config, err);
}

rgm_status rgm_cli_integer(const rgm_cli_line *line, int32_t own, int32_t low, int32_t high, int32_t fallback,
                           int32_t *out, rgm_error *err) {
    const char *text = line->own[own];
    *out = fallback;
    if (!text) return RGM_OK;
    size_t length = strlen(text);
    long value = length > 0 && length < 10 && strspn(text, "0123456789") == length ? strtol(text, NULL, 10) : -1;
    if (value < low || value > high)
        return rgm_fail(err, RGM_E_USAGE, "--%s: expected integer, %d to %d, found '%.80s'", line->spec->own[own].flag,
                        low, high, text);
    *out = (int32_t)value;
    return RGM_OK;
}

rgm_status rgm_cli_choice(const char *what, const char *text, const char *const *names, int32_t count, int32_t *out,
                          rgm_error *err) {
    for (int32_t i = 0; i < count; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return RGM_OK;
        }
    const char *nearest = rgm_text_nearest(text, names, (size_t)count);
    if (nearest) return rgm_fail(err, RGM_E_USAGE, "unknown %s '%.80s' (nearest: '%s')", what, text, nearest);
    char list[256] = "";
    for (int32_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    return rgm_fail(err, RGM_E_USAGE, "unknown %s '%.80s': expected one of %s", what, text, list);
}
