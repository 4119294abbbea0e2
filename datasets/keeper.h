/* Pictures that are kept as files. Each is decoded once, which shows whether it is whole. One that is larger than
 * wanted is made smaller and encoded again, as JPEG. */
#ifndef RGM_DATASETS_KEEPER_H
#define RGM_DATASETS_KEEPER_H

#include "import.h"
#include "stage.h"

typedef struct rgm_keeper rgm_keeper; /* for one thread at a time */

/* `pictures` must outlive it. C: channels that are decoded. RGM_E_NOMEM. */
rgm_status rgm_keeper_create(rgm_keeper **keeper, const rgm_import_pictures *pictures, int32_t C, rgm_error *err);
void rgm_keeper_destroy(rgm_keeper *keeper); /* NULL is fine */

/* *file becomes the bytes to keep, to be freed; the record gets its sizes, its hash and the sums of its pixels. Errors
 * of rgm_decode(). [worker] */
rgm_status rgm_keeper_keep(rgm_keeper *keeper, const rgm_bytes *bytes, uint8_t **file, rgm_stage_record *record,
                           rgm_error *err);

#endif
