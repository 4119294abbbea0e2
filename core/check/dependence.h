/* Which images of a batch the loss of one of them depends on, by backpropagation to the pixels. Batch norm is frozen at
 * its running statistics, as it is in evaluation. Then no image may have a gradient but the one whose loss it is. A
 * product of zeros is zero, so the others' are 0 to the bit.
 *
 * Karpathy, A Recipe for Training Neural Networks (2019): "use backprop to chart dependencies".
 */
#ifndef RGM_CHECK_DEPENDENCE_H
#define RGM_CHECK_DEPENDENCE_H

#include "check/specimen.h"

typedef struct rgm_dependence rgm_dependence;

/* Borrows the specimen, takes its values as they are when it runs, and its first batch. RGM_E_NOMEM; RGM_E_UNSUPPORTED
 * as rgm_plan_create() says. [main] */
rgm_status rgm_dependence_create(rgm_dependence **dependence, rgm_specimen *specimen, rgm_error *err);
void rgm_dependence_destroy(rgm_dependence *dependence); /* NULL is fine */

/* The gradient of the loss of image `of` by the pixels of each image. largest[images] gets its largest absolute
 * value, or NaN if one of its values is. *ok 0: that loss is not finite, and there is no gradient. [main] */
rgm_status rgm_dependence_of(rgm_dependence *dependence, int32_t of, double *largest, int32_t *ok, rgm_error *err);

#endif
