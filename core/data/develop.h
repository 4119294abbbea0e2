/* Developing: encoded pictures, and stored images of another size, become images of the size that augmentations or the
 * network take. A worker does it just before it augments, with tools of its own.
 */
#ifndef RGM_DATA_DEVELOP_H
#define RGM_DATA_DEVELOP_H

#include "data/dataset.h"
#include "data/sample.h"

/* ---- tools: memory for all workers, taken at once ---- */

typedef struct rgm_tools_plan {
    const rgm_dataset *set; /* whose samples are developed */
    const rgm_kernels *kernels;
    int32_t workers;
    int32_t H, W; /* of the largest image that is made */
} rgm_tools_plan;

typedef struct rgm_tools rgm_tools;

/* Bytes that creation takes: for the set's largest picture, for each worker. */
size_t rgm_tools_bytes(const rgm_tools_plan *plan);

/* RGM_E_NOMEM. [main] */
rgm_status rgm_tools_create(rgm_tools **tools, const rgm_tools_plan *plan, rgm_error *err);
void rgm_tools_destroy(rgm_tools *tools); /* NULL is fine */

/* 1 if they are enough for another plan: of the same set, with as many workers and images at most as large. */
int32_t rgm_tools_suffice(const rgm_tools *tools, const rgm_tools_plan *plan);

/* ---- developing ---- */

/* How samples become images; plain value. */
typedef struct rgm_develop {
    const rgm_dataset *set;
    int32_t split;
    int32_t H, W;            /* of the images */
    rgm_transform transform; /* to that size */
    int32_t reduce;          /* 1: pictures may be decoded reduced (training); 0: as other programs decode them */
    rgm_window_fn window;    /* of encoded pictures, in place of the transform; NULL: none */
    void *context;
} rgm_develop;

/* Makes the image of a sample in the worker's tools, where it stays until the worker's next. `stored`: the pixels of a
 * set of images. RGM_E_FORMAT, with split and number, for a picture that cannot be decoded. [worker] */
rgm_status rgm_develop_sample(const rgm_develop *how, rgm_tools *tools, const rgm_sample *sample, const uint8_t *stored,
                              rgm_pixels *image, int32_t worker, rgm_error *err);

#endif
