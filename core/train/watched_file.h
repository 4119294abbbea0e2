/* watch.h5: what was watched of a run (watched.h), as HDF5 (docs/FILES.md has its content).
 *
 * It is framed as data/file.h says: written beside its name, checksummed, synced, renamed. The same content gives the
 * same bytes.
 */
#ifndef RGM_TRAIN_WATCHED_FILE_H
#define RGM_TRAIN_WATCHED_FILE_H

#include "base/stop.h"
#include "train/watched.h"

enum { RGM_WATCHED_VERSION = 1 }; /* of the format, as it is written */

/* Replaces `path` at once; on failure an older file is untouched. RGM_E_IO. Takes HDF5's lock. [main] */
rgm_status rgm_watched_write(const rgm_watched *watched, const char *path, rgm_error *err);

/* Reads it. Content may be anything: what is out of range is refused, and no more is allocated than watched.h bounds.
 *     RGM_E_IO             no such file, or it cannot be read
 *     RGM_E_FORMAT         damaged, or another kind of file
 *     RGM_E_UNSUPPORTED    of a newer version
 *     RGM_E_NOMEM, RGM_E_INTERRUPTED
 * [main] */
rgm_status rgm_watched_read(rgm_watched **watched, const char *path, const rgm_stop *stop, rgm_error *err);

#endif
