/* The flags that commands share. Some set an option of the configuration (train/config.h). No file can hold those of
 * one call: --json, --resume, --quiet, --set, --help. A command's own flags are in its rgm_cli_spec. */
#ifndef RGM_CLI_FLAGS_H
#define RGM_CLI_FLAGS_H

#include "train/option.h"

/* Which commands offer a flag. Those that have a configuration take any option with --set. */
enum {
    RGM_FOR_TRAIN = 1,
    RGM_FOR_EVAL = 2,
    RGM_FOR_PLAN = 4,
    RGM_FOR_BENCH = 8,
    RGM_FOR_PLUGIN = 16, /* this and the next have no configuration: only flags of one call */
    RGM_FOR_OTHER = 32,
    RGM_FOR_MEASURE = 64,  /* benches without a model of their own */
    RGM_FOR_PREDICT = 128, /* as eval, but that its model and its data are arguments */
    RGM_FOR_REPORT = 256,  /* as predict, but that its data is an option */
    RGM_FOR_CHECK = 512    /* as train, without a run's folder */
};

enum { RGM_CALL_NONE, RGM_CALL_RESUME, RGM_CALL_JSON, RGM_CALL_CSV, RGM_CALL_QUIET, RGM_CALL_SET, RGM_CALL_HELP };

typedef struct rgm_flag {
    const char *key;   /* the option that it sets, or in a list of paths adds to; NULL: it is of the call */
    int32_t call;      /* RGM_CALL_*; RGM_CALL_NONE with a key */
    const char *name;  /* "batch" for --batch */
    int32_t letter;    /* 'b' for -b; 0: none */
    uint32_t commands; /* RGM_FOR_* */
    const char *arg;   /* "N" in --batch=N; NULL: the flag takes no argument */
    int32_t optional;  /* 1: --json[=FILE] */
    const char *help;  /* one line, no full stop; NULL, with a key: the option's */
} rgm_flag;

/* All of them; *count is their number. */
const rgm_flag *rgm_flags(size_t *count);

#endif
