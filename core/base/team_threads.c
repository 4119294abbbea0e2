#include "base/team_threads.h"

#include <string.h>

rgm_status rgm_threads_refused(int32_t count, int error, rgm_error *err) {
    return rgm_fail(err, RGM_E_NOMEM,
                    "%d threads cannot be had: %s (limits of processes, ulimit -u, and of memory, ulimit -v, count "
                    "threads, too; --threads N takes fewer)",
                    count, strerror(error));
}
