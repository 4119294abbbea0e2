/* Images of the kinds that an inspection is to find, made of others; and textured sets to make them of. */
#ifndef RGM_TESTS_PLANT_H
#define RGM_TESTS_PLANT_H

#include <stdint.h>
#include "data/dataset.h"

typedef struct plant_shape {
    int32_t H, W, C;
} plant_shape;

/* Ways to make an image of a kind; 0 is there for each. */
enum { PLANT_WAYS = 4 };

/* "x 0.2"; NULL: the kind has no such way. */
const char *plant_way(int32_t kind, int32_t way);

/* Changes an image [H][W][C] into one of RGM_FIND_CONSTANT and on. The same seed makes the same. */
void plant(int32_t kind, int32_t way, const plant_shape *shape, uint8_t *image, uint64_t seed);

/* Fills an image: waves with directions and colours of its class, moved, with a contrast and brightness of its own.
 * Fine texture is on them. */
void plant_texture(const plant_shape *shape, int32_t label, uint8_t *image, uint64_t seed);

/* A set in memory with such images, and labels by turns: image i of train is of class i % classes. */
typedef struct plant_set {
    plant_shape shape;
    rgm_dataset_memory memory;
    uint8_t *images;
    int32_t *labels;
} plant_set;
void plant_set_make(plant_set *set, const plant_shape *shape, int64_t count, int32_t classes, uint64_t seed);
void plant_set_free(plant_set *set);

/* The index of planted image i of kind number `which` of `kinds`, of `each` images for each kind, among count. No two
 * are the same, and they lie scattered. */
int64_t plant_place(int64_t count, int32_t which, int64_t i, int64_t each, uint64_t seed);

#endif
