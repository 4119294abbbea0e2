/* Features of images without training: responses to patches of the images themselves, pooled, and small pixels.
 *
 * Images are made so small by averaging that their longer side has RGM_FEATURES_SIDE pixels at most. Filters are random
 * patches, normalised by contrast and whitened: f' inv(C) p. A response a counts as max(0, a - 0.5) and
 * max(0, -a - 0.5). The means of these over 3 x 3 cells are features. Source: A. Coates and A. Ng, "The importance of
 * encoding versus training with sparse coding and vector quantization", ICML 2011. Means of 8 x 8 cells of each of the
 * first channels are added, since contrast is lost by the patches. So is the spectrum of the grey image
 * (inspect/spectrum.h): what a texture is does not depend on its place.
 */
#ifndef RGM_CHECK_FEATURES_H
#define RGM_CHECK_FEATURES_H

#include <stdint.h>
#include "base/stop.h"
#include "base/team.h"

struct rgm_spectrum;

enum { RGM_FEATURES_SIDE = 32, RGM_FEATURES_FILTERS = 64 };

typedef struct rgm_features {
    int32_t H, W, C;    /* of the images */
    int32_t shrink;     /* pixels, both ways, that become one */
    int32_t h, w, side; /* of the small images, of patches */
    int32_t patch;      /* values of one */
    int32_t pixels;     /* features that are means of pixels */
    int32_t width;      /* all features */
    float *mean;        /* [patch] */
    float *filters;     /* [patch][RGM_FEATURES_FILTERS] */
    struct rgm_spectrum *spectrum;
} rgm_features;

/* Filters of images[count][H][W][C], drawn by the seed. To be freed whatever is returned. RGM_E_NOMEM. [main] */
typedef struct rgm_features_of {
    int32_t H, W, C;
    const uint8_t *images;
    int64_t count;
    uint64_t seed;
} rgm_features_of;
rgm_status rgm_features_make(rgm_features *features, const rgm_features_of *of, rgm_error *err);
void rgm_features_free(rgm_features *features); /* a zeroed one is fine */

/* to[count][width] of images[count][H][W][C]. RGM_E_NOMEM. [main] */
rgm_status rgm_features_take(const rgm_features *features, rgm_team *team, const uint8_t *images, int64_t count,
                             float *to, rgm_error *err);

#endif
