/* A checkpoint of format version 1: its layout written out again, by HDF5 calls alone. */
#ifndef CHECKPOINT_V1_H
#define CHECKPOINT_V1_H

#include "test_checkpoint.h"

/* Writes the state; its input, and what version 1 does not have, are left out. Aborts the test program on failure. */
void write_v1(const test_checkpoint *c, const char *path);

#endif
