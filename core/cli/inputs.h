/* What the arguments INPUT of a command stand for: files, folders with all below, patterns, lists, data sets.
 *
 *     a file            itself, whatever it holds
 *     a folder          the pictures below it, in the bytewise order of names. Links to folders are followed after all
 *                       else, each folder once; one to a folder that it is in, at any depth, is passed over.
 *     FILE.h5           a data set (rgm_cli_is_hdf5)
 *     a pattern         where no such file is there: what glob(3) finds
 *     "-"               a list on standard input: files, folders and data sets, a line each, or with a NUL behind each.
 *                       A line may end with CR and LF.
 *
 * A file below a folder is a picture if its name ends like one's, or else if its first bytes are one's. So a damaged
 * one is found and told. Hidden names and all else are passed over and counted. Memory follows the paths' lengths.
 */
#ifndef RGM_CLI_INPUTS_H
#define RGM_CLI_INPUTS_H

#include <stddef.h>
#include "base/status.h"
#include "base/stop.h"

enum { RGM_INPUT_PICTURE = 0, RGM_INPUT_SET = 1, RGM_INPUT_BROKEN = 2 };

typedef struct rgm_input_item {
    char *path;
    int32_t kind;  /* RGM_INPUT_*; BROKEN: a folder that cannot be read */
    int32_t root;  /* where in the path the names of folders begin that may be classes' */
    int32_t below; /* where those begin that are below the INPUT; 0: it was named itself */
    int32_t error; /* errno, of BROKEN */
} rgm_input_item;

typedef struct rgm_inputs {
    rgm_input_item *items;
    int64_t count, room;
    int64_t pictures, sets;            /* of the items */
    int64_t hidden, passed, unmatched; /* names passed over; patterns that nothing matches */
    int64_t links;                     /* passed over: to folders that are walked already, or that they are in */
    void *seen;                        /* folders, while they are walked */
} rgm_inputs;

typedef struct rgm_inputs_options {
    const char *const *arguments; /* [count] */
    int32_t count;
    int32_t null; /* 1: a list's entries end with NUL */
    rgm_stop stop;
} rgm_inputs_options;

/* Finds all; *inputs is overwritten. The log names each pattern that nothing matches. RGM_E_NOMEM, RGM_E_IO for a list
 * that cannot be read, RGM_E_INTERRUPTED. */
rgm_status rgm_inputs_find(rgm_inputs *inputs, const rgm_inputs_options *options, rgm_error *err);
void rgm_inputs_free(rgm_inputs *inputs); /* a zeroed one is fine */

/* The class that the folders of a picture's path name: of names[0..count) the first that a folder below the INPUT has,
 * from the left. Else it is that of the INPUT itself, or of the folder of a file. -1: none is a class. */
int32_t rgm_inputs_label(const rgm_input_item *item, const char *const *names, int32_t count);

#endif
