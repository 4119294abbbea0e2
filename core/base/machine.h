/* Which CPUs this process may use: affinity mask, cgroup quota, and the order in which threads take them. */
#ifndef RGM_BASE_MACHINE_H
#define RGM_BASE_MACHINE_H

#include <sched.h>
#include <stdint.h>

/* A CPU mask for up to 8192 CPUs; for the CPU_*_S macros and sched_setaffinity with sizeof. */
typedef struct rgm_cpu_mask {
    cpu_set_t part[8];
} rgm_cpu_mask;

typedef struct rgm_machine {
    rgm_cpu_mask mask; /* the calling thread's affinity */
    int32_t masked;    /* CPUs in the mask, at least 1 */
    int32_t usable;    /* of those, what the cgroup quota pays for (rounded up), at least 1 */
    int32_t online;    /* CPUs of the machine */
} rgm_machine;

void rgm_machine_read(rgm_machine *machine);

/* order[0..count): the CPUs for workers 0.. in this order. First comes one per core, then the cores' second threads. If
 * there are more workers than CPUs in the mask, it starts again from the front. */
void rgm_machine_order(const rgm_machine *machine, int32_t *order, int32_t count);

#endif
