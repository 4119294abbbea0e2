#include "train/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The size that a resized_crop of the chain names; 0: none. */
static int32_t find_crop(const rgm_config *config) {
    for (int32_t i = 0; i < config->augment.count; i++) {
        const rgm_spec *spec = &config->augment.items[i];
        const char *size = strcmp(spec->name, "resized_crop") == 0 ? rgm_spec_get(spec, "size") : NULL;
        long pixels = size ? strtol(size, NULL, 10) : 0;
        if (pixels > 0 && pixels <= RGM_DATA_SIDE) return (int32_t)pixels;
    }
    return 0;
}

void rgm_image_size(const rgm_config *config, const rgm_dataset_info *info, int32_t size[2]) {
    size[0] = info->H;
    size[1] = info->W;
    if (!info->encoded) return;
    int32_t crop = find_crop(config);
    size[0] = size[1] = crop ? crop : rgm_transform_side(info->pictures.shorter);
    if (crop || !info->transform.C) return;
    size[0] = info->transform.H;
    size[1] = info->transform.W;
}

static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

/* Rounded, and no longer than a picture's side may be: a transform's text holds no more. */
static int32_t shorter_side(double side) { return side < RGM_PICTURE_SIDE ? (int32_t)rint(side) : RGM_PICTURE_SIDE; }

rgm_transform rgm_image_adapt(const rgm_transform *from, const int32_t image[3]) {
    rgm_transform to = rgm_transform_default(image[0], image[1], image[2]);
    int32_t least = smaller(image[1], image[2]);
    if (!from->C) return to;
    memcpy(to.background, from->background, sizeof to.background);
    to.fit = from->fit;
    to.shorter = from->shorter;
    if (from->shorter && (from->H != image[1] || from->W != image[2]))
        to.shorter = shorter_side((double)from->shorter * least / smaller(from->H, from->W));
    if (to.shorter && to.shorter < least) to.shorter = least;
    return to;
}

rgm_transform rgm_image_own(const rgm_dataset_info *info) {
    rgm_transform own = info->transform;
    if (own.C || !info->encoded) return own;
    own = rgm_transform_default(info->C, 0, 0);
    memcpy(own.background, info->pictures.background, sizeof own.background);
    return own;
}

rgm_status rgm_image_evaluation(const rgm_components *c, const rgm_clock *clock, rgm_transform *t, rgm_error *err) {
    for (int32_t i = 0; i < c->augments; i++) {
        double share = 1.0;
        rgm_plug_call call;
        const rgm_image out = {
            .size = sizeof out, .type = RGM_PIXEL_U8, .channels = t->C, .height = t->H, .width = t->W};
        if (!rgm_plug_has_window(c->augment[i])) continue;
        rgm_plug_call_init(&call, c->augment[i], clock, NULL, NULL);
        RGM_TRY(rgm_plug_augment_evaluation(&call, &out, &share, err));
        t->fit = RGM_FIT_CROP;
        t->shorter = share < 1.0 ? shorter_side(smaller(t->H, t->W) / share) : 0;
        return RGM_OK;
    }
    return RGM_OK;
}
