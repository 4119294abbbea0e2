/* Events for TensorBoard: events.out.tfevents.* in the run folder, appended record by record.
 *
 *     RGM_TRY(rgm_tensorboard_open(&board, folder, -1, &err));
 *     rgm_tensorboard_scalars(&board, step, scalars, 2, &err);     {"train/loss", 0.25}, ...
 *     rgm_tensorboard_histogram(&board, step, "conv1.weight", values, count, &err);
 *     rgm_tensorboard_sync(&board, &err);                          with each checkpoint
 *     rgm_tensorboard_close(&board);
 *
 * A record is the length of an event, its checksum, the event, its checksum. The event is a message of protocol buffers
 * (events.proto). Each is written whole, so the file of a killed run stays readable. A resumed run opens a file of its
 * own, whose first event says from which step on older files count no more. Names of files sort in the order in which
 * they were made, for that is how they are read.
 *
 * On a closed struct nothing is done, as metrics.h has it. Times are those of the clock.
 */
#ifndef RGM_REPORT_TENSORBOARD_H
#define RGM_REPORT_TENSORBOARD_H

#include <stddef.h>
#include "base/status.h"

/* What the files' names begin with. */
#define RGM_TENSORBOARD_FILE "events.out.tfevents."

enum { RGM_TENSORBOARD_SCALARS = 16, RGM_TENSORBOARD_BUCKETS = 30, RGM_TENSORBOARD_TAG = 256 };

typedef struct rgm_tensorboard {
    int32_t open; /* 0: closed, as a zeroed struct is */
    int fd;
    uint8_t *room; /* of a record */
    size_t size;
    char path[2048];
} rgm_tensorboard;

/* Makes a file in the folder. `resumed`: the step after which a run goes on; -1: a new run. RGM_E_IO, RGM_E_NOMEM.
 * [main] */
rgm_status rgm_tensorboard_open(rgm_tensorboard *board, const char *folder, int64_t resumed, rgm_error *err);
void rgm_tensorboard_close(rgm_tensorboard *board); /* a zeroed struct is fine */

/* Brings all events to the disk. RGM_E_IO. */
rgm_status rgm_tensorboard_sync(rgm_tensorboard *board, rgm_error *err);

/* A number, which may be not finite. Tags are shorter than RGM_TENSORBOARD_TAG; '/' makes groups. */
typedef struct rgm_tensorboard_scalar {
    const char *tag;
    double value;
} rgm_tensorboard_scalar;

/* `count` of them, at most RGM_TENSORBOARD_SCALARS, as one event. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_tensorboard_scalars(rgm_tensorboard *board, int64_t step, const rgm_tensorboard_scalar *scalars,
                                   int32_t count, rgm_error *err);

/* A picture [H][W][C], C 1 or 3: PNG, or JPEG if a side is larger than RGM_TENSORBOARD_EXACT. Errors as above. */
enum { RGM_TENSORBOARD_EXACT = 640 };
typedef struct rgm_tensorboard_picture {
    const uint8_t *pixels;
    int32_t H, W, C;
} rgm_tensorboard_picture;
rgm_status rgm_tensorboard_image(rgm_tensorboard *board, int64_t step, const char *tag,
                                 const rgm_tensorboard_picture *picture, rgm_error *err);

/* How values are distributed: RGM_TENSORBOARD_BUCKETS of equal width from the least to the greatest. Those that are not
 * finite are left out. Nothing without any. The same bits whoever calls. Errors as above. */
rgm_status rgm_tensorboard_histogram(rgm_tensorboard *board, int64_t step, const char *tag, const float *values,
                                     int64_t count, rgm_error *err);

#endif
