/* The rules for reading any HDF5 file.
 *
 * The lock. HDF5 is not safe to use from two threads; every call to it, here and elsewhere, is made between
 * rgm_h5_enter() and rgm_h5_leave(). Functions that take or return an hid_t are called inside, the
 * others take the lock themselves where they need it.
 */
#ifndef RGM_DATA_H5_H
#define RGM_DATA_H5_H

#include <hdf5.h>
#include "base/status.h"
#include "data/input.h"

/* Enters the lock (not recursive) and switches HDF5's printing and plugin loading off for this thread. */
void rgm_h5_enter(void);
void rgm_h5_leave(void);

/* "PATH: what: HDF5's innermost reason". Clears HDF5's error stack. A read that failed is RGM_E_IO with its errno
 * instead, memory that HDF5 could not have RGM_E_NOMEM. */
rgm_status rgm_h5_fail(rgm_error *err, rgm_status status, const char *path, const char *what);

/* The last word on what was read since rgm_h5_enter(): `status`, or RGM_E_IO if any read failed meanwhile. In that case
 * no answer of HDF5's counts, not even RGM_OK. Before leaving the lock. */
rgm_status rgm_h5_judge(rgm_error *err, rgm_status status, const char *path);

/* rgm_input_asked() from inside the lock, which is open meanwhile: who is asked may use HDF5, and finds the process'
 * own settings. */
rgm_status rgm_h5_asked(const rgm_input *input, rgm_error *err);

/* Opens for reading, from the descriptor of `input`, which must stay open. Verify first. */
rgm_status rgm_h5_open(const rgm_input *input, hid_t *file, rgm_error *err);

/* Is there a link `name` in `group`? 1 or 0; below 0 if HDF5 cannot say, its reason kept for rgm_h5_fail(). */
int rgm_h5_exists(hid_t group, const char *name);

/* Opens a group or data set, or refuses it. Refused are soft and external links, and other kinds of object. For data
 * sets so are external storage, virtual data sets, and filters other than deflate, shuffle and fletcher32. `path` is
 * for the error line. */
rgm_status rgm_h5_open_group(hid_t parent, const char *name, const char *path, hid_t *group, rgm_error *err);
rgm_status rgm_h5_open_dataset(hid_t parent, const char *name, const char *path, hid_t access, hid_t *dataset,
                               rgm_error *err);

/* "uint8", "float32", "text" ... of a type; "[23, 5, 3]" of a shape. For messages. */
enum { RGM_H5_TEXT = 96 };
void rgm_h5_type_text(hid_t type, char text[RGM_H5_TEXT]);
void rgm_h5_shape_text(int32_t rank, const hsize_t *dims, char text[RGM_H5_TEXT]);

/* A data set that is open, and its extents. */
enum { RGM_H5_RANK = 4 };
typedef struct rgm_h5_table {
    hid_t dataset;
    const char *name, *path; /* for messages */
    int32_t rank;
    hsize_t dims[RGM_H5_RANK]; /* those behind the rank stay as they were */
} rgm_h5_table;

/* Fills in rank, 1..max_rank (at most RGM_H5_RANK), and dims, each at least 1, their product times the element's size
 * below 2^62. RGM_E_FORMAT. */
rgm_status rgm_h5_extents(rgm_h5_table *table, int32_t max_rank, rgm_error *err);

#endif
