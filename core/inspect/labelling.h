/* Which pictures a person is asked to label, and in which order.
 *
 *     rgm_labelling_create(&labelling, &ask, &err);
 *     labelling.images[labelling.order[i]]               is the i-th that is shown, for i in [0, shows)
 *     rgm_labelling_destroy(&labelling);
 *
 * The images are a systematic sample of the split ordered by class. Each has the same chance, so the share of right
 * answers estimates that of the whole split without bias. Each class gets its share of the sample, rounded up or down.
 * Source: W. G. Cochran, "Sampling Techniques", 3rd edition, 1977, chapter 8.
 *
 * One in eight is shown twice, to measure how far people agree with themselves. Between the two lies half of the others
 * at least. The order does not tell which these are, nor of which class an image is.
 */
#ifndef RGM_INSPECT_LABELLING_H
#define RGM_INSPECT_LABELLING_H

#include "data/dataset.h"

enum { RGM_LABELLING_AGAIN = 8, RGM_LABELLING_MOST = 10000 }; /* one in so many is shown again; most images */

typedef struct rgm_labelling_ask {
    const rgm_dataset *set;
    int32_t split; /* RGM_SPLIT_* */
    int64_t count; /* 1 to RGM_LABELLING_MOST; more than there are: all */
    uint64_t seed;
} rgm_labelling_ask;

typedef struct rgm_labelling {
    const rgm_dataset *set;
    int32_t split;
    uint64_t seed;
    int64_t count;   /* different images */
    int64_t *images; /* [count], in their split, in the order in which they are shown first */
    int64_t shows;   /* count, and one eighth of it rounded to nearest */
    int32_t *order;  /* [shows], each below `count`; what has been there before is shown again */
} rgm_labelling;

/* The same question gives the same images in the same order. *labelling is overwritten. RGM_E_USAGE if the split is
 * missing, RGM_E_NOMEM. [any thread] */
rgm_status rgm_labelling_create(rgm_labelling *labelling, const rgm_labelling_ask *ask, rgm_error *err);
void rgm_labelling_destroy(rgm_labelling *labelling); /* a zeroed one is fine */

/* The split that a person is asked about if none is named: test, else validation, else train. */
int32_t rgm_labelling_split(const rgm_dataset *set);

/* 64 bits of what the numbers of images and classes mean: XXH3 of the images' shape, the split's count, the classes and
 * their names. Pixels and labels do not count. [any thread] */
uint64_t rgm_labelling_fingerprint(const rgm_dataset *set, int32_t split);

/* An image as it lies in the set. Zero it before. */
typedef struct rgm_labelling_reader {
    uint8_t *room;
    rgm_bytes bytes; /* of the last one, until the next: [H][W][C], or an encoded picture */
    uint64_t hash;   /* XXH3 of them */
} rgm_labelling_reader;

/* Reads an image's pixels, or the bytes of an encoded picture. Errors of rgm_dataset_read() and rgm_dataset_encoded(),
 * RGM_E_NOMEM. [one thread a reader] */
rgm_status rgm_labelling_read(rgm_labelling_reader *reader, const rgm_dataset *set, int32_t split, int64_t index,
                              rgm_error *err);
void rgm_labelling_reader_free(rgm_labelling_reader *reader); /* a zeroed one is fine */

#endif
