/* Groups of copies in a data set: exact duplicates (exact.h) and near ones (near.h), for who divides it into splits. */
#ifndef RGM_INSPECT_GROUPS_H
#define RGM_INSPECT_GROUPS_H

#include "base/stop.h"
#include "data/dataset.h"
#include "kernels/kernels.h"

typedef struct rgm_groups_options {
    const rgm_kernels *kernels;
    int32_t threads; /* 0: all that the process may use */
    rgm_stop stop;
    void (*begin)(void *context, const char *what, int64_t total); /* [main]; NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* [main]; NULL: not told */
    void *context;
} rgm_groups_options;

/* groups[i] is that of image i, as numbered through all splits (images.h): the number of the group's first image. -1:
 * the image is no copy and has none. What is like one of a group is of the group, too. Pictures that cannot be
 * decoded have no copies. The same on any number of threads. `options` is an rgm_groups_options. Errors of
 * rgm_images_each(), RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_groups_find(void *options, const rgm_dataset *set, int32_t *groups, rgm_error *err);

#endif
