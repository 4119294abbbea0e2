/* The reference with 16 channels in a block. */
#define ISA   reference16
#define BLOCK 16
#include "kernels/reference.inc"
