#include "config.h"
#include "base/machine.h"

#include <hwloc.h>
#include <string.h>
#include <unistd.h>
#include "base/cgroup.h"

enum { MOST_CPUS = 8 * CPU_SETSIZE };
_Static_assert((int)MOST_CPUS == (int)RGM_CGROUP_CPUS, "a quota counts as many CPUs as a mask");

static int has_cpu(const rgm_cpu_mask *mask, int32_t cpu) {
    return cpu >= 0 && cpu < MOST_CPUS && CPU_ISSET_S(cpu, sizeof *mask, mask->part);
}

void rgm_machine_read(rgm_machine *machine) {
    memset(machine, 0, sizeof *machine);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    machine->online = online > 0 ? (int32_t)online : 1;
    if (sched_getaffinity(0, sizeof machine->mask, machine->mask.part) == 0)
        machine->masked = CPU_COUNT_S(sizeof machine->mask, machine->mask.part);
    if (machine->masked < 1) machine->masked = 1;
    int32_t quota = rgm_cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    machine->usable = quota > 0 && quota < machine->masked ? quota : machine->masked;
}

/* Appends the CPUs of the mask that are the rank-th thread of their core, in the order of the topology. */
static int32_t take_rank(hwloc_topology_t topology, const rgm_machine *machine, unsigned rank, int32_t *order,
                         int32_t used, int32_t count) {
    hwloc_obj_t unit = NULL;
    while (used < count && (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)))
        if (unit->sibling_rank == rank && has_cpu(&machine->mask, (int32_t)unit->os_index))
            order[used++] = (int32_t)unit->os_index;
    return used;
}

static int32_t topology_order(const rgm_machine *machine, int32_t *order, int32_t count) {
    hwloc_topology_t topology;
    int32_t used = 0;
    if (hwloc_topology_init(&topology)) return 0;
    if (hwloc_topology_load(topology) == 0) {
        int units = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
        for (int rank = 0; rank < units && used < count; rank++)
            used = take_rank(topology, machine, (unsigned)rank, order, used, count);
    }
    hwloc_topology_destroy(topology);
    return used;
}

static int32_t mask_order(const rgm_machine *machine, int32_t *order, int32_t count) {
    int32_t used = 0;
    for (int32_t cpu = 0; cpu < MOST_CPUS && used < count; cpu++)
        if (has_cpu(&machine->mask, cpu)) order[used++] = cpu;
    return used;
}

void rgm_machine_order(const rgm_machine *machine, int32_t *order, int32_t count) {
    int32_t distinct = count < machine->masked ? count : machine->masked;
    int32_t used = topology_order(machine, order, distinct);
    if (used < distinct) used = mask_order(machine, order, distinct);
    if (used == 0) order[used++] = 0;
    for (int32_t k = used; k < count; k++) order[k] = order[k % used];
}
