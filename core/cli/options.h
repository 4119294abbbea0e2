/* The command line of every command: argp over the table of flags (cli/flags.h) and the command's own flags.
 *
 *     rgm_cli_parse()   argv -> what was given, in order; prints --help
 *     rgm_cli_apply()   what was given -> rgm_config, with the flag in front of each complaint
 */
#ifndef RGM_CLI_OPTIONS_H
#define RGM_CLI_OPTIONS_H

#include "cli/flags.h"
#include "train/config.h"

enum { RGM_CLI_GIVEN = 256, RGM_CLI_OWN = 20, RGM_CLI_ARGUMENTS = 64, RGM_CLI_MANY = INT32_MAX };

/* A flag of one command. */
typedef struct rgm_cli_flag {
    const char *flag; /* "split" for --split */
    int32_t letter;   /* 0: none */
    const char *arg;  /* NULL: takes no argument */
    const char *help;
} rgm_cli_flag;

typedef struct rgm_cli_spec {
    const char *name;        /* "train" */
    const char *arguments;   /* "[FILE]"; alternatives one a line */
    const char *about;       /* one or two sentences, without newlines */
    const char *examples;    /* lines "  regimen train ..." */
    uint32_t command;        /* RGM_FOR_*: which flags of the table */
    const rgm_cli_flag *own; /* at most RGM_CLI_OWN, ended by a NULL flag; NULL: none */
    int32_t least, most;     /* arguments; most RGM_CLI_MANY: what a shell makes of a pattern */
    int32_t json_arguments;  /* 1: arguments are JSON files, so that one behind --json is no mistake */
} rgm_cli_spec;

/* What sets an option: a flag with its value, or --set with "key=value". */
typedef struct rgm_cli_given {
    const rgm_flag *flag;
    const char *value;
} rgm_cli_given;

/* What the command line says; pointers into argv. */
typedef struct rgm_cli_line {
    const rgm_cli_spec *spec;
    int32_t helped;     /* --help was printed: nothing else to do */
    const char *json;   /* where the result goes as JSON: a path, or "-" for standard output; NULL: nowhere */
    const char *csv;    /* the same as CSV */
    const char *resume; /* the run to continue; NULL: none */
    int32_t quiet;      /* 1: errors and results only */
    int32_t given_count;
    rgm_cli_given given[RGM_CLI_GIVEN];
    const char *own[RGM_CLI_OWN]; /* "" for a flag without argument, NULL if not given */
    int32_t argument_count;
    const char **argument;
} rgm_cli_line;

/* argv[0] is the command's name. RGM_E_USAGE with one line for what is wrong. */
rgm_status rgm_cli_parse(rgm_cli_line *line, const rgm_cli_spec *spec, int argc, char **argv, rgm_error *err);

/* The value given for the flag of an option ("checkpoint"), the last one if repeated, or NULL. */
const char *rgm_cli_value(const rgm_cli_line *line, const char *key);

/* One configuration for the benches, of which a process runs one. The struct is large, and each object of its own
 * counts as data of the program (ulimit -d). */
rgm_config *rgm_cli_shared_config(void);

/* Applies flags and --set over *config, in order, and checks the whole; RGM_E_USAGE for what they, --json or --resume
 * say. */
rgm_status rgm_cli_apply(const rgm_cli_line *line, rgm_config *config, rgm_error *err);

/* Defaults (those of the model that `file` or the line names), then `file` (NULL: none), then rgm_cli_apply(). A file
 * is the data set if its name ends in .h5, .hdf5, .hdf or .he5 in any case, or if it holds HDF5. Else it is YAML. */
rgm_status rgm_cli_config(const rgm_cli_line *line, const char *file, rgm_config *config, rgm_error *err);

/* The same over other defaults: those that *config holds. */
rgm_status rgm_cli_config_over(const rgm_cli_line *line, const char *file, rgm_config *config, rgm_error *err);

/* The value of an own flag as an integer in [low, high]; `fallback` if it was not given. */
rgm_status rgm_cli_integer(const rgm_cli_line *line, int32_t own, int32_t low, int32_t high, int32_t fallback,
                           int32_t *out, rgm_error *err);

/* 1 if a path is that of a data set or a checkpoint. Its name says so (.h5, .hdf5, .hdf, .he5, in any case), even if it
 * is damaged or missing; or else its content. */
int32_t rgm_cli_is_hdf5(const char *path);

/* The index of `text` in names[0..count); RGM_E_USAGE "unknown WHAT 'text' (nearest: ...)". */
rgm_status rgm_cli_choice(const char *what, const char *text, const char *const *names, int32_t count, int32_t *out,
                          rgm_error *err);

#endif
