/* Inside of checkpoints: what writing and reading share. Only checkpoint.c and checkpoint_read.c include this. */
#ifndef RGM_TRAIN_CHECKPOINT_INTERNAL_H
#define RGM_TRAIN_CHECKPOINT_INTERNAL_H

#include "data/file.h"
#include "train/checkpoint.h"

enum { CHECKPOINT_TEXT = 1 << 24, CHECKPOINT_TEXTS = 4, CHECKPOINT_NUMBERS = 19 };
enum { RGM_I32, RGM_U32, RGM_I64, RGM_U64, RGM_F64 };

/* A number of rgm_checkpoint and the attribute of the root that holds it. */
typedef struct rgm_number {
    const char *name;
    int32_t type;
    size_t offset;
    uint32_t since; /* the version that has it first */
} rgm_number;

extern const char rgm_checkpoint_transform[]; /* name of the attribute of /input */

/* What an evaluation does with an image of the model's size, one attribute of /input each: nothing. */
enum { CHECKPOINT_STEPS = 3 };
extern const char *const rgm_checkpoint_steps[CHECKPOINT_STEPS];
extern const char rgm_checkpoint_none[]; /* the text that says so */

extern const rgm_number rgm_checkpoint_numbers[CHECKPOINT_NUMBERS];

/* Numbers that are 0 in most runs: then they are left out. */
enum { CHECKPOINT_RARE = 6 };
extern const rgm_number rgm_checkpoint_rare[CHECKPOINT_RARE];
extern const char *const rgm_checkpoint_texts[CHECKPOINT_TEXTS]; /* names in /text */
extern const char rgm_checkpoint_format[];

/* HDF5's types of RGM_I32 ... in the file and in memory. Inside the lock. */
hid_t rgm_number_stored(int32_t type);
hid_t rgm_number_native(int32_t type);

/* Where a checkpoint has its text number 0 ... CHECKPOINT_TEXTS - 1. */
const char **rgm_checkpoint_text(rgm_checkpoint *checkpoint, int32_t text);

/* 1: an input that a model can have. */
int32_t rgm_model_input_possible(const rgm_model_input *input);

/* Refuses counts of slots and states that the arrays of rgm_state cannot hold. */
rgm_status rgm_checkpoint_counts(const rgm_state *state, const char *path, rgm_error *err);

/* A tensor's shape as HDF5 wants it; tensor->ndim entries are set. */
void rgm_tensor_dims(const rgm_state_tensor *tensor, hsize_t dims[4]);

#endif
