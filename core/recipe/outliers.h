/* Images that stand apart from the set: constant, dark, bright, blurred, noisy, inverted, of little information, odd.
 *
 * Each kind has signals: a measure t of an image on a scale of logarithms, the larger the more. What is usual is the
 * set's own: the median of t, by class where classes differ by nature (of small classes it is drawn to the set's). From
 * there the set's distribution tells where an image stands apart:
 *
 *     Q(p)   is the quantile of t less its median, among n images
 *     tail   = (Q(1 - p1) - Q(1 - p0)) / log(p0 / p1), p1 = 0.01 and p0 = 0.1, or more for few images
 *     bound  = Q(1 - p1) + tail * (log(n p1) + RGM_OUTLIERS_MARGIN)
 *
 * The bound is lower where the last r images stand apart from the others by a gap. Spacings of an exponential tail are
 * exponential themselves, with the mean tail / r (A. Renyi, On the theory of order statistics, 1953). So a gap counts
 * that is as large as tail * max(1, (log(n / 50) + RGM_OUTLIERS_MARGIN) / r), the tail being that of the 10 r + 30
 * images below it, and at least a quarter of the factor below. The bound is its middle. r is n / 50 at most.
 *
 * If the tail falls off as fast as an exponential one or faster, as many as exp(-RGM_OUTLIERS_MARGIN) images of a clean
 * set are expected beyond the bound. An image is a finding if it is beyond, and also differs from the usual by as much
 * as people see: a factor that each signal has. Its score is the smaller of the two ratios, 1 at the bound. Fewer than
 * RGM_OUTLIERS_LEAST images tell nothing of a distribution; constant ones are found among any.
 *
 * | kind            | signal: measure (usual)                                   | factor                    |
 * |-----------------|-----------------------------------------------------------|---------------------------|
 * | constant        | every pixel has one colour                                |                           |
 * | dark            | mean brightness (set); brightest pixels (set)             | 3; 2.5                    |
 * | bright          | 256 less mean brightness (set), less darkest pixels (set) | 3; 2.5                    |
 * | blurred         | width of edges (class)                                    | 1.6                       |
 * | noisy           | noise (set)                                               | 4, of noise + 2           |
 * | inverted        | correlation of its negative less its own, with the third   | 0.5 of Fisher's z, and    |
 * |                 | most alike of its class (class)                           | of the difference itself  |
 * | low information | bits a pixel (class); contrast (set)                      | 2.5, of bits + 0.25; 4    |
 * | odd             | distance (class); correlation with the third most alike   | 1.5; 0.5 of Fisher's z;   |
 * |                 | of its class (set); of pictures aspect and size (set)     | 2.5; 4                    |
 *
 * An image is told under the kinds that fit it best: one that is constant, dark, bright or inverted is not also of
 * little information or odd, an inverted one not bright or dark, one of little information not blurred or odd. Of dark
 * or bright and of little information the larger score counts. An inverted image's negative must be like its class: as
 * 98 % of the class are at least.
 */
#ifndef RGM_RECIPE_OUTLIERS_H
#define RGM_RECIPE_OUTLIERS_H

#include "recipe/typical.h"
#include "report/findings.h"

#define RGM_OUTLIERS_MARGIN 7.0
enum { RGM_OUTLIERS_LEAST = 12 };

typedef struct rgm_outliers {
    const rgm_images *images;
    const rgm_by_class *by;
    const rgm_measures *measures; /* [count] by number, all of them filled */
    int64_t count;
    rgm_stop stop;
} rgm_outliers;

/* Adds findings, and fills sizes, height, width, aspect, measure and ranking of the statistics. RGM_E_NOMEM,
 * RGM_E_INTERRUPTED. [main] */
rgm_status rgm_outliers_find(const rgm_outliers *outliers, rgm_findings *findings, rgm_statistics *statistics,
                             rgm_error *err);

#endif
