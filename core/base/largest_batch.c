#include "base/largest_batch.h"

#include <stdint.h>

/* A batch and what it needs; batch 0: unknown. */
typedef struct point {
    int32_t batch;
    size_t bytes;
} point;

/* Where the line through two points reaches `room`; through the origin if the second is unknown. */
static double reaches(point a, point b, size_t room) {
    double slope = ((double)a.bytes - (double)b.bytes) / (a.batch - b.batch);
    return slope > 0 ? b.batch + ((double)room - (double)b.bytes) / slope : b.batch / 2.0;
}

/* The next batch to try, between the largest that fits (or 0) and the smallest that does not. */
static int32_t guess(point low, point high, point higher, size_t room) {
    double at = low.batch      ? reaches(high, low, room)
                : higher.batch ? reaches(higher, high, room)
                               : high.batch * ((double)room / (double)high.bytes);
    at -= (at - low.batch) / 64; /* better one that fits than one image too many */
    if (at > high.batch - 1) at = high.batch - 1;
    return at > low.batch + 1 ? (int32_t)at : low.batch + 1;
}

rgm_status rgm_largest_batch(const rgm_batch_search *search, int32_t *budget, int32_t *batch, rgm_error *err) {
    point low = {0, 0}, high = {search->above, search->bytes}, higher = {0, 0};
    int32_t known = search->above > 0;
    *batch = 0;
    if (!known) high.batch = search->most + 1;
    while (*budget >= 2 && high.batch - low.batch > 1 + low.batch / 16) {
        if (rgm_stop_asked(&search->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "planning stopped on request");
        point now = {search->most, SIZE_MAX};
        if (known) now.batch = guess(low, high, higher, search->room);
        if (known && !low.batch && *budget < 4) now.batch = 1; /* the last one */
        search->plan(search->context, now.batch, &now.bytes, budget);
        if (now.bytes <= search->room) {
            low = now;
        } else {
            higher = known ? high : (point){0, 0};
            high = now;
        }
        known = 1;
        if (low.batch == search->most) break;
    }
    *batch = low.batch;
    return RGM_OK;
}
