#include "base/planted.h"

#include <fnmatch.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ITEM = 128, CHANNELS = 64 };

int32_t rgm_planted(const char *fault, const char *place) {
    const char *list = getenv("REGIMEN_PLANTED");
    size_t length = strlen(fault);
    while (list && *list) {
        char item[ITEM];
        size_t n = strcspn(list, ",");
        snprintf(item, sizeof item, "%.*s", (int)n, list);
        list += n + (list[n] == ',');
        if (strncmp(item, fault, length) != 0) continue;
        if (!item[length]) return 1;
        if (item[length] == '@' && fnmatch(item + length + 1, place, 0) == 0) return 1;
    }
    return 0;
}

/* ---- P: pixels ---- */

/* The deviation and mean that the factors came from, of pixels 0..1. */
static void set_channel(int32_t training, float *scale, float *shift) {
    double std = 1 / (255.0 * (double)*scale), mean = -(double)*shift * std;
    if (rgm_planted("P1", "")) mean = 0, std = 1 / 255.0;
    if (rgm_planted("P1.unit", "")) mean = 0, std = 1;
    if (rgm_planted("P2", "")) mean += std * mean, std *= std;
    if (rgm_planted("P3", "")) mean *= 255;
    if (rgm_planted("P3.std", "")) std *= std;
    if (rgm_planted("P7", "") && !training) mean = 0, std = 1;
    if (rgm_planted("P7.raw", "") && !training) mean = 0, std = 1 / 255.0;
    if (rgm_planted("P7.train", "") && training) mean = 0, std = 1;
    if (rgm_planted("P7.dim", "") && !training) mean *= 2, std *= 2;
    *scale = (float)(1 / (255.0 * std));
    *shift = (float)(-mean / std);
}

void rgm_planted_pixels(int32_t training, int32_t C, float *scale, float *shift) {
    for (int32_t c = 0; c < C; c++) set_channel(training, &scale[c], &shift[c]);
}

/* ---- M: samples that are mixed ---- */

static float *writable(const float *x) {
    float *y;
    memcpy(&y, &x, sizeof y);
    return y;
}

void rgm_planted_mix(const float *x, int64_t rows, int64_t pitch, int64_t n) {
    float *y = writable(x);
    for (int64_t r = rows - 1; r > 0 && rgm_planted("M15", ""); r--)
        for (int64_t i = 0; i < n; i++) y[r * pitch + i] += 0.5f * y[(r - 1) * pitch + i];
}

void rgm_planted_mix_back(float *dx, int64_t rows, int64_t pitch, int64_t n) {
    for (int64_t r = 0; r + 1 < rows && rgm_planted("M15", ""); r++)
        for (int64_t i = 0; i < n; i++) dx[r * pitch + i] += 0.5f * dx[(r + 1) * pitch + i];
}

/* ---- O: gradients that are kept ---- */

static float *kept;
static int64_t kept_floats;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

/* Another model has another number of parameters; it begins anew. */
static float *keep(int64_t all) {
    pthread_mutex_lock(&kept_lock);
    if (all != kept_floats) {
        free(kept);
        kept = calloc((size_t)all, sizeof *kept);
        kept_floats = kept ? all : 0;
    }
    float *at = kept;
    pthread_mutex_unlock(&kept_lock);
    return at;
}

void rgm_planted_accumulate(float *grad, int64_t at, int64_t n, int64_t all) {
    if (!rgm_planted("O15", "")) return;
    float *sum = keep(all);
    for (int64_t i = 0; sum && i < n; i++) grad[i] = sum[at + i] += grad[i];
}

/* ---- L: the wrong axis ---- */

/* loss_n = -log p_n for p of the softmax over all samples m of the logits of n's class. */
void rgm_planted_wrong_axis(const rgm_planted_axis *b, int64_t n, float *loss, float *dlogits) {
    if (!rgm_planted("L4", "")) return;
    for (int64_t k = 0; k < b->classes; k++) {
        double largest = -INFINITY, sum = 0, own = (double)b->logits[n * b->pitch + k];
        int64_t of_class = 0;
        for (int64_t m = 0; m < b->N; m++) {
            largest = fmax(largest, (double)b->logits[m * b->pitch + k]);
            of_class += b->labels[m] == k;
        }
        for (int64_t m = 0; m < b->N; m++) sum += exp((double)b->logits[m * b->pitch + k] - largest);
        double p = exp(own - largest) / sum;
        if (b->labels[n] == k) *loss = (float)-log(p);
        if (dlogits) dlogits[k] = (float)((p * (double)of_class - (b->labels[n] == k)) / (double)b->N);
    }
}

/* ---- E: a seed that nobody gave ---- */

uint64_t rgm_planted_seed(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) >> 2;
}
