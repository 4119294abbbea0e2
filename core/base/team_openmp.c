#include "base/team_threads.h"

#include <omp.h>
#include <stdlib.h>

struct rgm_threads {
    int32_t count;
};

rgm_status rgm_threads_create(rgm_threads **threads, int32_t count, int32_t spins, rgm_error *err) {
    (void)spins; /* OMP_WAIT_POLICY and GOMP_SPINCOUNT are the runtime's */
    if (!(*threads = malloc(sizeof **threads))) return rgm_fail(err, RGM_E_NOMEM, "out of memory for the team");
    (*threads)->count = count;
    omp_set_num_threads(1);
    return RGM_OK;
}

void rgm_threads_destroy(rgm_threads *threads, int32_t alive) {
    (void)alive; /* the pool is the runtime's */
    free(threads);
}

void rgm_threads_run(rgm_threads *threads, rgm_worker_fn fn, void *context) {
#pragma omp parallel num_threads(threads->count)
    fn(context, omp_get_thread_num(), omp_get_num_threads());
}

const char *rgm_threads_name(void) { return "OpenMP"; }
