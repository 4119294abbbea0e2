/* A chart's scale: from values to a length of the picture, and the values at which it has tick marks. */
#ifndef RGM_REPORT_SCALE_H
#define RGM_REPORT_SCALE_H

#include <stdint.h>

enum { RGM_SCALE_LINEAR = 0, RGM_SCALE_LOG = 1 };
enum { RGM_SCALE_PLAIN = 0, RGM_SCALE_PERCENT = 1 }; /* how its values are written: a fraction as percent */
enum { RGM_SCALE_TICKS = 24, RGM_SCALE_TEXT = 32 };

typedef struct rgm_scale {
    int32_t kind, unit; /* RGM_SCALE_* */
    double low, high;   /* the values at its ends, low < high, finite; above 0 if it is logarithmic */
    double from, to;    /* their places in the picture */
    double step;        /* between tick marks, of a linear one */
    int32_t count;
    double ticks[RGM_SCALE_TICKS];
} rgm_scale;

/* Makes a scale over [low, high] with about `wanted` tick marks at 1, 2 or 5 times a power of ten. A logarithmic one
 * has them at powers of ten, and where it is short at 2 and 5 times these. With `whole` its ends become tick marks.
 * Any values are fine: those that make no scale become [0, 1], a logarithmic one [0.1, 1]. from and to are set by the
 * caller. */
void rgm_scale_make(rgm_scale *scale, double low, double high, int32_t wanted, int32_t whole);

/* The place of a value. Beyond its ends it is at most the scale's own length away. Of what has no place, 0 on a
 * logarithmic scale say, the low end. */
double rgm_scale_place(const rgm_scale *scale, double value);

/* The label of a tick mark: "0.02", "20,000", "1e-05", "40 %". Returns text. */
const char *rgm_scale_text(const rgm_scale *scale, double value, char text[RGM_SCALE_TEXT]);

#endif
