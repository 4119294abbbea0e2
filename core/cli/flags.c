#include "cli/flags.h"

enum {
    RUN = RGM_FOR_TRAIN,
    TRAIN = RUN | RGM_FOR_CHECK,
    CONFIGURED = TRAIN | RGM_FOR_EVAL | RGM_FOR_PLAN | RGM_FOR_BENCH,
    MAKING = CONFIGURED & ~RGM_FOR_EVAL, /* a model, not one that a checkpoint holds */
    LOADING = CONFIGURED | RGM_FOR_PREDICT | RGM_FOR_REPORT,
    MACHINE = LOADING | RGM_FOR_MEASURE,
    EVERY = MACHINE | RGM_FOR_PLUGIN | RGM_FOR_OTHER
};

#define SETS(key, name, letter, commands, arg)                                                                         \
    { key, RGM_CALL_NONE, name, letter, commands, arg, 0, NULL }

static const rgm_flag flags[] = {
    SETS("data.file", "data", 'd', CONFIGURED | RGM_FOR_REPORT, "FILE"),
    SETS("data.exclude", "exclude", 0, CONFIGURED, "LIST"),
    SETS("data.validation", "validation", 0, TRAIN, "FRACTION"),
    SETS("model.name", "model", 'm', CONFIGURED, "NAME"),
    SETS("model.stem", "stem", 0, MAKING, "NAME"),
    SETS("model.image", "image", 0, MAKING, "CxHxW"),
    SETS("model.classes", "classes", 0, RGM_FOR_PLAN | RGM_FOR_BENCH, "N"),
    SETS("model.width", "width", 0, MAKING, "FACTOR"),
    SETS("batch", "batch", 'b', CONFIGURED, "N"),
    {"batch", RGM_CALL_NONE, "batch", 'b', RGM_FOR_PREDICT, "N", 0,
     "images that are predicted together [as in the training; fewer for a few pictures]"},
    SETS("epochs", "epochs", 'e', TRAIN, "N"),
    SETS("steps", "steps", 0, TRAIN, "N"),
    SETS("seed", "seed", 's', MAKING, "N"),
    SETS("threads", "threads", 't', MACHINE, "N"),
    SETS("pin", "pin", 0, MACHINE, "WHEN"),
    SETS("isa", "isa", 0, MACHINE, "NAME"),
    SETS("memory", "memory", 0, MAKING, "HOW"),
    SETS("optimizer", "optimizer", 0, TRAIN | RGM_FOR_BENCH, "COMPONENT"),
    SETS("scheduler", "scheduler", 0, TRAIN, "COMPONENT"),
    SETS("plugins", "plugin", 'p', LOADING | RGM_FOR_PLUGIN, "FILE.so"),
    SETS("checkpoint", "checkpoint", 'c', TRAIN | RGM_FOR_EVAL, "FILE"),
    SETS("out", "out", 'o', RUN, "FOLDER"),
    SETS("hypothesis", "hypothesis", 0, RUN, "TEXT"),

    {NULL, RGM_CALL_RESUME, "resume", 'r', RUN, "RUN", 0, "continue this run, with the same bits"},
    {NULL, RGM_CALL_JSON, "json", 'j', EVERY, "FILE", 1, "write the result as JSON to FILE, or to standard output"},
    {NULL, RGM_CALL_CSV, "csv", 0, RGM_FOR_PREDICT, "FILE", 1,
     "write the result as CSV to FILE, or to standard output"},
    {NULL, RGM_CALL_QUIET, "quiet", 'q', EVERY, NULL, 0, "errors and results only"},
    {NULL, RGM_CALL_SET, "set", 0, LOADING, "KEY=VALUE", 0,
     "set any key of the configuration, such as optimizer.lr=0.05"},
    {NULL, RGM_CALL_HELP, "help", 'h', EVERY, NULL, 0, "print this help"},
};
enum { FLAGS = sizeof flags / sizeof flags[0] };

const rgm_flag *rgm_flags(size_t *count) {
    *count = FLAGS;
    return flags;
}
