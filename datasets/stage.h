/* Staging: what an import has made of its pictures so far, in a folder OUT.import beside the file OUT that it writes.
 * So an import that is stopped, killed or out of disk space goes on where it was.
 *
 *     data       pixels or files, in the order of the list, one behind the other
 *     journal    a head that says which import it is, then a record for each picture
 *
 * Data is written before its record. Head and records carry checksums, and so does each picture's data. At opening,
 * records are taken up to the first that is incomplete or does not match; both files are cut off there.
 */
#ifndef RGM_DATASETS_STAGE_H
#define RGM_DATASETS_STAGE_H

#include "base/stop.h"
#include "base/status.h"

enum { RGM_STAGE_KEPT = 0, RGM_STAGE_QUARANTINED = 1, RGM_STAGE_PASSED = 2 };
enum { RGM_STAGE_REASON = 240 };

/* What became of a picture. A plain value; the journal holds its bytes. */
typedef struct rgm_stage_record {
    int64_t index;                 /* in the list */
    int32_t state;                 /* RGM_STAGE_* */
    int32_t H, W;                  /* of the picture that is kept, or of the image made of it */
    int32_t profile;               /* 1: it had a colour profile */
    int32_t warnings;              /* oddities that a decoder passed over */
    int32_t resized;               /* 1: it was made smaller and encoded again */
    int64_t bytes;                 /* of its data */
    uint64_t hash;                 /* XXH3-64 of them */
    uint64_t pixels;               /* of one channel, where sums are wanted */
    uint64_t sum[3], square[3];    /* of its pixels by channel */
    char reason[RGM_STAGE_REASON]; /* why it is no part of the set; of a passed file the name of its kind; "" */
} rgm_stage_record;

typedef struct rgm_stage rgm_stage;

/* Opens the staging of `out`, or makes it. `key` tells one list and its options from another. *done: the records that
 * are there. *anew: 1 if there was another import's staging, which is gone. RGM_E_USAGE if another process imports to
 * `out` now, or if a folder of that name is no staging; RGM_E_IO; RGM_E_INTERRUPTED. */
rgm_status rgm_stage_open(rgm_stage **stage, const char *out, uint64_t key, const rgm_stop *stop, int64_t *done,
                          int32_t *anew, rgm_error *err);

/* Appends a picture's data, record->bytes of them, and its record. It counts from the next rgm_stage_commit() on. */
rgm_status rgm_stage_add(rgm_stage *stage, const rgm_stage_record *record, const void *data, rgm_error *err);
rgm_status rgm_stage_commit(rgm_stage *stage, rgm_error *err);

/* From the first record on; each call gives the next, *more is 0 behind the last. */
void rgm_stage_rewind(rgm_stage *stage);
rgm_status rgm_stage_next(rgm_stage *stage, rgm_stage_record *record, int32_t *more, rgm_error *err);

/* The data of the record that rgm_stage_next() gave last. RGM_E_FORMAT if it is damaged. */
rgm_status rgm_stage_data(rgm_stage *stage, const rgm_stage_record *record, void *data, rgm_error *err);

/* A file in the staging's folder for work on what is staged: who makes it removes it, or else rgm_stage_remove(). */
const char *rgm_stage_work_path(const rgm_stage *stage);

/* 1 if the folder is the staging of some import, by its name and its journal. */
int rgm_stage_is(const char *folder);

/* Removes the files. The stage is to be closed in any case. */
void rgm_stage_remove(rgm_stage *stage);
void rgm_stage_close(rgm_stage *stage); /* NULL is fine */

#endif
