/* Encoded pictures of a data set: reading and checking where they are, how large they are, and each one's bytes. */
#ifndef RGM_DATA_ENCODED_H
#define RGM_DATA_ENCODED_H

#include "data/content.h"
#include "data/stats.h"

/* Opens a split's encoded pictures as `images` of its store, and reads the tables beside them. With the first split
 * comes what the root says of them. What sizes there are is checked. RGM_E_FORMAT. Inside the HDF5 lock. */
rgm_status rgm_encoded_open(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err);

/* Finds the place of a split's pictures in the file. RGM_E_FORMAT unless they are contiguous. Inside the HDF5 lock. */
rgm_status rgm_encoded_place(rgm_dataset *set, int32_t split, int32_t access, rgm_error *err);

/* What rgm_dataset_encoded() does. */
rgm_status rgm_encoded_get(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room, rgm_encoded *encoded,
                           rgm_error *err);

/* Fills in info.pictures; asks the pictures for sizes that the file does not give. Outside the lock, once they are
 * mapped or can be read. RGM_E_FORMAT names the first that is no picture. */
rgm_status rgm_encoded_measure(rgm_dataset *set, rgm_error *err);

/* Adds training pictures, as they are decoded, to the sums: a sample of at most 1000 that depends on the set alone. */
rgm_status rgm_encoded_sums(const rgm_dataset *set, rgm_channel_sums *sums, rgm_error *err);

#endif
