/* What a model says of each image, in 16 bytes: what its label gets, and the likeliest other class. All that follows,
 * label errors, confusion and calibration, is made of that.
 */
#ifndef RGM_INSPECT_SAID_H
#define RGM_INSPECT_SAID_H

#include "data/split.h"
#include "run/answers.h"

enum { RGM_PART_NONE = -1 }; /* nobody was asked */

typedef struct rgm_said {
    float given, other; /* probability of the label, and of the likeliest other class */
    int32_t class;      /* that class, by the set's number */
    int32_t part;       /* of inspection_model.h; RGM_PART_NONE */
} rgm_said;

/* All images of a set. */
typedef struct rgm_said_all {
    rgm_said *list;                 /* [count], by the numbers of images.h */
    int64_t first[RGM_SPLIT_COUNT]; /* the number of a split's first image */
    int64_t count;
} rgm_said_all;

/* Nothing is said of any. RGM_E_NOMEM. */
rgm_status rgm_said_create(rgm_said_all *said, const rgm_dataset *set, rgm_error *err);
void rgm_said_free(rgm_said_all *said); /* a zeroed one is fine */

/* What answers for a view become. As a context of rgm_said_take(). */
typedef struct rgm_said_view {
    rgm_said_all *said;
    const rgm_view *view; /* its map gives the model's number of each of the set's classes */
    int32_t part;
    void (*progress)(void *context, int64_t done); /* of the view; NULL: not told */
    void *context;
} rgm_said_view;

/* An rgm_answers_fn. Classes that the set does not have cannot be proposed. */
rgm_status rgm_said_take(void *view, const rgm_answers_batch *batch, rgm_error *err);

/* The class that the model takes the image for; of equals the label. */
int32_t rgm_said_predicted(const rgm_said *said, int32_t label);

/* log p(given) - log of the largest other: what label errors are ranked by (label_errors.h). The lower, the surer. */
double rgm_said_margin(const rgm_said *said);

#endif
