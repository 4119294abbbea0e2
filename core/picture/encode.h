/* Pictures as files: JPEG, through libjpeg-turbo; PNG, through libspng. */
#ifndef RGM_PICTURE_ENCODE_H
#define RGM_PICTURE_ENCODE_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_encode_source {
    const uint8_t *pixels; /* [H][W][C], dense */
    int32_t H, W, C;       /* C: 1 or 3; at most RGM_PICTURE_SIDE a side */
} rgm_encode_source;

/* A baseline JPEG of this quality, 1 to 100, with colour at full resolution from 90 on. *file is to be freed. The same
 * bytes on all instruction sets. RGM_E_NOMEM, RGM_E_UNSUPPORTED. [any thread] */
rgm_status rgm_encode_jpeg(const rgm_encode_source *source, int32_t quality, uint8_t **file, size_t *size,
                           rgm_error *err);

/* A PNG with 8 bits a channel, without loss: for pictures of few pixels, which JPEG would blur. *file is to be freed.
 * The same bytes by the same zlib. RGM_E_NOMEM, RGM_E_UNSUPPORTED. [any thread] */
rgm_status rgm_encode_png(const rgm_encode_source *source, uint8_t **file, size_t *size, rgm_error *err);

#endif
