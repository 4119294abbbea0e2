/* Images that are left out of a data set, in memory or by a list in a file (exclude_lines.h).
 *
 *     rgm_exclude_read(&exclude, "list.txt", set, &err);       a list that `inspect` wrote
 *     rgm_exclude_add(&exclude, set, split, index, &err);      or in memory
 *     rgm_exclude_view(&exclude, &view, &err);                 the view without them
 *     rgm_exclude_free(&exclude);
 */
#ifndef RGM_DATA_EXCLUDE_H
#define RGM_DATA_EXCLUDE_H

#include "data/split.h"

typedef struct rgm_exclude {
    uint8_t *out[RGM_SPLIT_COUNT];  /* [images of the split] 1: left out; NULL: nothing of it is. Owned */
    int64_t count[RGM_SPLIT_COUNT]; /* left out of it */
} rgm_exclude;

void rgm_exclude_free(rgm_exclude *exclude); /* a zeroed one is fine */

/* Leaves an image out; once more is fine. RGM_E_NOMEM. RGM_E_USAGE if there is none of that index. */
rgm_status rgm_exclude_add(rgm_exclude *exclude, const rgm_dataset *set, int32_t split, int64_t index, rgm_error *err);

/* Which images they are, in 64 bits; 0: none. A checkpoint's fingerprint of its data has it by exclusive or. */
uint64_t rgm_exclude_hash(const rgm_exclude *exclude, const rgm_dataset *set);

/* Takes them out of a view; the order of the others stays. *indices is the list that the view has then, the caller's
 * to free with or after the view. NULL: nothing of the split is left out, and the view is as it was. RGM_E_NOMEM. */
rgm_status rgm_exclude_view(const rgm_exclude *exclude, rgm_view *view, uint32_t **indices, rgm_error *err);

/* ---- lists ---- */

/* The fingerprint that lists of the set have: shapes, labels, mean and deviation (fingerprint.h, the quick one without
 * class names). RGM_E_NOMEM. */
rgm_status rgm_exclude_fingerprint(const rgm_dataset *set, uint64_t *fingerprint, rgm_error *err);

/* Fills an empty *exclude with what a list says.
 *     RGM_E_IO       it cannot be read
 *     RGM_E_USAGE    it is no list, has a line that is none of a list, is of another set, or names an image that the
 *                    set does not have; the line begins with the file and the number of its line
 * [any thread] */
rgm_status rgm_exclude_read(rgm_exclude *exclude, const char *path, const rgm_dataset *set, rgm_error *err);

#endif
