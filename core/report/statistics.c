#include "report/statistics.h"

#include <stdlib.h>

const char *rgm_measure_name(int32_t measure) {
    static const char *const names[RGM_MEASURE_COUNT] = {
        [RGM_MEASURE_BRIGHTNESS] = "brightness",   [RGM_MEASURE_CONTRAST] = "contrast",
        [RGM_MEASURE_SOFTNESS] = "softness",       [RGM_MEASURE_NOISE] = "noise",
        [RGM_MEASURE_INFORMATION] = "information", [RGM_MEASURE_LIKENESS] = "likeness",
        [RGM_MEASURE_DISTANCE] = "distance",
    };
    return names[measure];
}

void rgm_statistics_free(rgm_statistics *s) {
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        rgm_split_statistics *of = &s->split[split];
        free(of->mean);
        free(of->std);
        free(of->class_images);
        free(of->class_mean);
        free(of->class_std);
        free(of->shift);
        free(of->shift_deviations);
        free(of->stretch);
    }
    free(s->examples);
    *s = (rgm_statistics){0};
}
