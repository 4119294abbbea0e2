/* A checkpoint as tests hold it: what is said of it, and its tensors. */
#ifndef RGM_TESTS_TEST_CHECKPOINT_H
#define RGM_TESTS_TEST_CHECKPOINT_H

#include "train/checkpoint.h"

typedef struct test_checkpoint {
    rgm_checkpoint about;
    rgm_state state;
} test_checkpoint;

#endif
