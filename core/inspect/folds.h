/* Out-of-fold answers: the training split in K parts, a small network trained without each, which is asked about it.
 *
 * Folds are stratified: each class is dealt out evenly. Images of one group, the same pixels or
 * nearly, stay in one fold: none is judged by a network that has learnt its copy. Which fold: a permutation keyed by
 * the seed. Images of other splits are judged by the network of fold `index mod K`: none has seen them.
 *
 * All that is done R times, each with folds and weights of its own. What is said of an image is pooled (pooled.h). The
 * reason: a mistake of one network need not be another's, while a wrong label is wrong to all.
 *
 * The network is small, so that the whole takes minutes on two cores: rgm_folds_config(). It is trained without
 * files, by run/run.h.
 */
#ifndef RGM_INSPECT_FOLDS_H
#define RGM_INSPECT_FOLDS_H

#include "inspect/said.h"
#include "train/config.h"
#include "train/device.h"

enum { RGM_FOLDS_MOST = 20, RGM_FOLDS_EPOCHS = 8, RGM_FOLDS_SIDE = 64, RGM_FOLDS_REPEATS_MOST = 20 };

typedef struct rgm_folds {
    const rgm_dataset *set;
    rgm_device *device;
    const rgm_config *config; /* of the network and its training; its seed deals the folds out, too */
    int32_t folds;            /* K: 2 to RGM_FOLDS_MOST */
    int32_t repeats;          /* R: 1 to RGM_FOLDS_REPEATS_MOST */
    const int64_t *group;     /* [images], by number: the first image of its group, of the training split; NULL: none */
    const uint8_t *broken;    /* [images], by number, 1: left out */
    void (*begin)(void *context, const char *what, int64_t total); /* NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* NULL: not told */
    void *context;                                                 /* of both */
    rgm_stop stop;
} rgm_folds;

/* A configuration for these networks: resnet20's stages with one block each and eight channels, at most RGM_FOLDS_SIDE
 * pixels of encoded pictures. No image is mirrored: of signs that makes others. Epochs are those of rgm_suit_epochs()
 * from RGM_FOLDS_EPOCHS on, for the images that a fold leaves. `model` and `epochs` are others, if not NULL and not 0.
 * RGM_E_USAGE, RGM_E_NOMEM. */
typedef struct rgm_folds_wish {
    const char *model;
    int32_t epochs, folds;
    uint64_t seed;
} rgm_folds_wish;
rgm_status rgm_folds_config(rgm_config *config, const rgm_dataset *set, const rgm_folds_wish *wish, rgm_error *err);

/* Deals the training split out for a repeat, counted from 0: fold[images of it] gets 0 to folds - 1, RGM_PART_NONE for
 * what is left out. RGM_E_USAGE if there are fewer images than folds, RGM_E_NOMEM. */
rgm_status rgm_folds_deal(const rgm_folds *folds, int32_t repeat, int8_t *fold, rgm_error *err);

/* Fills `said`: parts are splits. An image whose class has no other outside of its fold is not judged: no network could
 * know it. RGM_E_USAGE without a training split; errors of rgm_run_train() and rgm_answers_each(). [main] */
rgm_status rgm_folds_say(const rgm_folds *folds, rgm_said_all *said, rgm_error *err);

#endif
