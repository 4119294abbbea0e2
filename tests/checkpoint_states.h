/* What the suites of checkpoints share: a folder of their own, states to write, and readings that must fail. */
#ifndef CHECKPOINT_STATES_H
#define CHECKPOINT_STATES_H

#include <check.h>

#include "graph/family.h"
#include "test_checkpoint.h"

extern char folder[512]; /* temporary, of one test */

void make_folder(void);
void remove_folder(void);
int count_files(void);

/* A path in the folder, good for the next seven calls. */
char *in_folder(const char *name);

/* A network for images of 1x16x16, three classes. */
rgm_graph *resnet(const char *name, int32_t base);

/* A checkpoint with memory of its own, two slots, two states of plugins; tensors of any bits, or zeros for seed 0. */
test_checkpoint *new_state(const rgm_graph *g, uint32_t seed);
void free_state(test_checkpoint *c);

/* Frees the states of plugins; their labels stay. Before a whole reading, which brings new ones. */
void forget_states(test_checkpoint *c);

void write_ok(const test_checkpoint *c, const char *path);

/* Opens and reads; the first failure's line is left in *err. */
rgm_status load(const char *path, test_checkpoint *into, int32_t whole, rgm_error *err);

/* Reading must fail with exactly this status and a line that contains all of the texts that follow. */
#define REFUSED(path, into, whole, code, ...) refused(path, into, whole, code, (const char *[]){__VA_ARGS__, NULL})
void refused(const char *path, test_checkpoint *into, int32_t whole, rgm_status code, const char **parts);

/* Are the tensors the same bits; slots and states, too, if `whole`? */
int same_tensors(const test_checkpoint *a, const test_checkpoint *b, int32_t whole);

/* A file's bytes (to be freed, with room for one more), and the other way. */
unsigned char *slurp(const char *path, size_t *size);
void spill(const char *path, const unsigned char *bytes, size_t size);

#endif
