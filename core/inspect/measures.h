/* Measures of single images, and a small grid that stands for the image where images are compared. They are taken in
 * one pass over the rows of the grey image, which is the mean of the channels, rounded.
 *
 *     brightness      mean of all pixels and channels
 *     contrast        standard deviation of the grey pixels
 *     low, high       grey values that one pixel in a thousand is below, above
 *     softness        sqrt(G / (2 L)), G and L the mean squares of first and second differences
 *     noise           m^2 / max(m, f) in the cell that is at 3 % from below, of up to 7 x 7 cells
 *     specks          by how much a pixel is beyond all eight around it, in levels: the median of up to 3 x 3 cells
 *     information     the smaller of two entropies: of grey values, of their differences along rows; bits
 *
 * Softness is a width: an edge blurred by a Gaussian of deviation s has L / G = 1 / (2 s^2).
 *
 * m is the deviation of noise by a mask of 3 x 3, the second difference both ways. It is sqrt(pi/2) / 6 times the mean
 * of the mask's absolute values (J. Immerkaer, Fast noise variance estimation, CVIU 64, 1996). f is the same from
 * second differences along rows or columns, the larger. Both are the noise's where there is nothing else. Of texture m
 * is smaller. Noise is everywhere, texture is not: so a cell with little counts. The estimate is below the true
 * deviation, more so for small images. Single pixels that are black or white leave some cells without any. So specks
 * are told by the median of larger cells.
 *
 * All sums are of integers. An image has the same measures on any number of threads.
 */
#ifndef RGM_INSPECT_MEASURES_H
#define RGM_INSPECT_MEASURES_H

#include "data/stats.h"
#include "inspect/images.h"

enum { RGM_MEASURES_ONE = 32767 };

typedef struct rgm_measures {
    float brightness, contrast;
    float softness;           /* pixels; at most the longer side; NaN: no differences at all */
    float noise;              /* NaN: less than 5 pixels high or wide */
    float specks;             /* NaN: less than 11 pixels high or wide */
    float information;        /* bits */
    float likeness, distance; /* of RGM_MEASURE_*: typical.h fills them */
    int16_t alike, opposite;  /* correlations, in parts of RGM_MEASURES_ONE; 0: none: typical.h fills them */
    uint16_t H, W;            /* of the picture itself */
    uint8_t low, high;
    uint8_t constant; /* 1: every pixel has the same colour */
    uint8_t looked;   /* 1: it has been measured */
} rgm_measures;

/* The grid: means of 8 x 8 cells of the grey image. Images of 3 and 4 channels also have two differences of colours in
 * 4 x 4 cells. They are 128 + (R - G) / 2 and 128 + (2 B - R - G) / 4. Cells of images below 8 pixels overlap. */
enum { RGM_GRID_SIDE = 8, RGM_GRID_GREY = 64, RGM_GRID_COLOUR = 96 };

/* RGM_GRID_GREY or RGM_GRID_COLOUR, for C channels. */
int32_t rgm_grid_bytes(int32_t C);

typedef struct rgm_measurer rgm_measurer;

/* Room for `workers` that measure images at most W wide. RGM_E_NOMEM. [main] */
rgm_status rgm_measurer_create(rgm_measurer **measurer, int32_t workers, int32_t W, rgm_error *err);
void rgm_measurer_destroy(rgm_measurer *measurer); /* NULL is fine */

/* Measures the image and fills its grid. `sums` are the image's own, of rgm_channel_sums (data/stats.h): brightness is
 * theirs. likeness and distance become NaN. [worker] */
void rgm_measurer_take(rgm_measurer *measurer, const rgm_look *look, const rgm_channel_sums *sums, int32_t worker,
                       rgm_measures *measures, uint8_t *grid);

#endif
