/* The reference with 4 channels in a block, as an instruction set that Regimen does not have would begin. Its tuning is
 * check_tuning.c's. */
#include "kernels/tuning.h"

extern const rgm_tuning rgm_tuning_of_four;

#define ISA        reference4
#define BLOCK      4
#define ISA_TUNING rgm_tuning_of_four
#include "kernels/reference.inc"
