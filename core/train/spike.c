#include "train/spike.h"

#include <math.h>

int32_t rgm_is_spike(double loss, double usual, int32_t batch) {
    /* below zero a multiple of the usual loss says nothing */
    return batch >= RGM_SPIKE_BATCH && usual >= 0 && loss > RGM_SPIKE_TIMES * usual && loss > usual + RGM_SPIKE_ABOVE;
}

double rgm_level_usual(const rgm_level *u) { return u->steps < RGM_SPIKE_WINDOWS * RGM_SPIKE_WINDOW ? NAN : u->mean; }

void rgm_level_add(rgm_level *u, double loss) {
    u->sum += loss;
    if (++u->steps % RGM_SPIKE_WINDOW) return;
    u->mean = u->sum / RGM_SPIKE_WINDOW;
    u->sum = 0;
}
