#include "bench/random_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/rng.h"
#include "datasets/writer.h"

static rgm_status fill(rgm_writer *w, const rgm_config *c, int64_t images, rgm_error *err) {
    size_t bytes = (size_t)c->model.image[0] * (size_t)c->model.image[1] * (size_t)c->model.image[2],
           words = bytes / 4 + 1;
    uint32_t *pixels = malloc(4 * words);
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "bench: no memory for an image");
    rgm_status status = RGM_OK;
    int32_t classes = c->model.classes;
    for (int64_t i = 0; i < images && status >= 0; i++) {
        rgm_rng rng = {c->seed, RGM_STREAM(RGM_STREAM_TEST, 0), 0, (uint32_t)i};
        int32_t label = i ? (int32_t)rgm_rng_below(&rng, 1u << 30, (uint64_t)classes) : classes - 1; /* all are there */
        rgm_rng_u32(&rng, 0, pixels, words);
        status = rgm_writer_add(w, RGM_SPLIT_TRAIN, (const uint8_t *)pixels, &label, 1, err);
    }
    free(pixels);
    return status;
}

static rgm_status write_set(const rgm_config *c, int64_t images, rgm_error *err) {
    rgm_writer *w;
    rgm_writer_options options = {.path = c->data.file,
                                  .replace = 1,
                                  .H = c->model.image[1],
                                  .W = c->model.image[2],
                                  .C = c->model.image[0],
                                  .classes = c->model.classes,
                                  .count = {[RGM_SPLIT_TRAIN] = images}};
    RGM_TRY(rgm_writer_create(&w, &options, err));
    rgm_status status = fill(w, c, images, err);
    if (status >= 0) status = rgm_writer_finish(w, err);
    rgm_writer_destroy(w);
    return status;
}

rgm_status rgm_random_set(rgm_config *c, rgm_error *err) {
    if (!c->model.image[0]) memcpy(c->model.image, (int32_t[]){1, 28, 28}, sizeof c->model.image);
    if (!c->model.classes) c->model.classes = 10;
    const char *folder = getenv("TMPDIR");
    int length =
        snprintf(c->data.file, sizeof c->data.file, "%s/regimen-bench-XXXXXX", folder && folder[0] ? folder : "/tmp");
    if (length >= (int)sizeof c->data.file) return rgm_fail(err, RGM_E_USAGE, "bench: TMPDIR is too long");
    int fd = mkstemp(c->data.file);
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "bench: %s: no temporary file can be made", c->data.file);
    close(fd);
    c->data.validation = 0;
    rgm_status status = write_set(c, 4 * (int64_t)c->batch, err);
    if (status < 0) unlink(c->data.file);
    return status;
}
