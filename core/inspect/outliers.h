/* Images that stand apart from the set: constant, dark, bright, blurred, noisy, inverted, of little information, odd.
 *
 * Each kind has signals: a measure t of an image on a scale of logarithms, the larger the more. What is usual is the
 * set's own: the median of t, by class where classes differ by nature. Those of small classes are drawn to the set's.
 * From there the set's distribution tells where an image stands apart:
 *
 *     Q(p)   the quantile of t less its median, among n images
 *     tail   (Q(1 - p1) - Q(1 - p0)) / log(p0 / p1), p1 = 0.01 and p0 = 0.1, or more for few images
 *     bound  Q(1 - p1) + tail * (log(n p1) + RGM_OUTLIERS_MARGIN)
 *
 * If the tail falls off like an exponential one or faster, a clean set has at most exp(-RGM_OUTLIERS_MARGIN) images
 * beyond the bound, in expectation. The bound is lower where the last r images, n / 50 at most, stand apart from the
 * others by a gap. Spacings of an exponential tail are exponential themselves, with the mean tail / r (A. Renyi, On the
 * theory of order statistics, 1953). So a gap must be at least
 *
 *     tail * max(1, (log(n / 50) + RGM_OUTLIERS_MARGIN) / r), the tail being that of the 10 r + 30 images below it
 *     and a quarter of the logarithm of the factor below
 *
 * An image is a finding if it is beyond the bound, and if people see the difference from the usual. That is a factor of
 * each signal. The score is the smaller of the two ratios, 1 at the bound. Fewer than RGM_OUTLIERS_LEAST images tell
 * nothing of a distribution. Constant ones are found among any, unless most are.
 *
 *     kind             signal                                            usual    factor
 *     constant         every pixel has one colour
 *     dark             mean brightness + 1                               set      1 / 3
 *                      brightest pixels + 1                              set      1 / 2.5
 *     bright           256 - mean brightness                             set      1 / 3
 *                      256 - darkest pixels                              set      1 / 2.5
 *     blurred          width of edges                                    class    1.6
 *     noisy            noise + 2                                         set      4
 *                      specks + 1                                        set      3
 *     inverted         Fisher's z of `opposite` less that of `alike`     class    + 0.5, and 0.5 itself
 *     low information  bits a pixel + 0.25                               class    1 / 2.5
 *                      contrast + 1                                      set      1 / 4
 *     odd              distance + 1                                      class    1.5
 *                      1 - `alike`                                       class    + 0.25
 *                      width / height                                    set      2.5, or 1 / 2.5
 *                      the root of the picture's pixels                  set      4, or 1 / 4
 *
 * Of dark and bright, twice the logarithm of the mean's factor is enough by itself, whatever the tail. People see an
 * image of a ninth of the usual brightness as nearly black. That holds if one image in RGM_OUTLIERS_EXTREMES is so, and
 * one more, at most. Where more are, the set is so by nature.
 *
 * Where classes differ by nature, t less the class's median is taken in units of the class's own width. That is the
 * quantile at 0.9 less the median. Of `alike` it is the one at 0.99: bags differ among themselves far more than
 * trousers do. On Fashion-MNIST's first 10,000 images it ranks 18 of 20 images turned by a right angle among the first
 * 60. Fisher's z of the set ranked 15, and its bound was beyond a correlation of -0.7: nothing was ever found by it.
 *
 * An image must also differ from the median of its own class, if that has 8 images, by half the logarithm at least. So
 * a class of dark images is none of outliers. The negative of an inverted image must be like its class: as 98 % of the
 * class are at least.
 *
 * An image is told under the kinds that fit it best:
 *
 *     constant                   nothing else
 *     inverted                   not dark, bright, of little information, odd
 *     dark, bright               not odd; not of little information unless the score of that is larger
 *     of little information      not blurred, odd
 */
#ifndef RGM_INSPECT_OUTLIERS_H
#define RGM_INSPECT_OUTLIERS_H

#include "inspect/typical.h"
#include "report/findings.h"

#define RGM_OUTLIERS_MARGIN 7.0
enum { RGM_OUTLIERS_LEAST = 50, RGM_OUTLIERS_EXTREMES = 1000 };

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
