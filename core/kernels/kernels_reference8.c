/* The reference with 8 channels in a block. */
#define ISA   reference8
#define BLOCK 8
#include "kernels/reference.inc"
