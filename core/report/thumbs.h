/* Small pictures of a data set on a page: each as an image of its own, or many of them as one sheet.
 *
 * Where they come from is the caller's: `give` is handed in, so that report/ knows of no way to read a set. Those of
 * few pixels are PNG, which is exact and is drawn crisp; others are JPEG.
 */
#ifndef RGM_REPORT_THUMBS_H
#define RGM_REPORT_THUMBS_H

#include <stdio.h>
#include "base/status.h"

/* Which image. */
typedef struct rgm_image_place {
    int32_t split; /* RGM_SPLIT_* */
    int64_t index; /* in its split */
} rgm_image_place;

/* Its pixels, made small: [H][W][C], dense, C 1 or 3. H 0: it cannot be read. */
typedef struct rgm_thumb {
    const uint8_t *pixels;
    int32_t H, W, C;
} rgm_thumb;

enum { RGM_THUMBS_MOST = 1024 }; /* at once */

typedef struct rgm_thumbs {
    /* Fills thumbs[count], whose longer side has `side` pixels at most; they live until the next call. What cannot be
     * read has H 0. RGM_E_NOMEM, RGM_E_IO, RGM_E_INTERRUPTED. [main] */
    rgm_status (*give)(void *context, const rgm_image_place *places, int32_t count, int32_t side, rgm_thumb *thumbs,
                       rgm_error *err);
    void *context;
} rgm_thumbs;

/* Largest side that is drawn enlarged, pixel by pixel. */
enum { RGM_THUMBS_CRISP = 64 };

/* An <img> of a thumb, with any text as `alt`; of one that cannot be read, words in its place. RGM_E_NOMEM,
 * RGM_E_UNSUPPORTED. */
rgm_status rgm_thumbs_put(FILE *to, const rgm_thumb *thumb, const char *alt, rgm_error *err);

/* One <img> of many, `columns` in a row, enlarged by a whole number to `width` pixels of a page at most. Nothing of
 * none. Errors as above. */
typedef struct rgm_thumb_sheet {
    const rgm_thumb *thumbs; /* [count] */
    int32_t count, columns, width;
    int32_t dense; /* 1: bytes are dear: those in colour are JPEG in any case */
    const char *alt;
} rgm_thumb_sheet;
rgm_status rgm_thumbs_put_sheet(FILE *to, const rgm_thumb_sheet *sheet, rgm_error *err);

/* About how many bytes a page grows by for a thumb of this size in a sheet. */
int64_t rgm_thumbs_cost(int32_t H, int32_t W, int32_t C, int32_t dense);

#endif
