#include "config.h"
#include "base/machine.h"

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CPUS = 8 * CPU_SETSIZE, PATH_BYTES = 4096 };

static int has_cpu(const rgm_cpu_mask *mask, int32_t cpu) {
    return cpu >= 0 && cpu < MOST_CPUS && CPU_ISSET_S(cpu, sizeof *mask, mask->part);
}

/* Reads up to two numbers from the file folder/name; "max" reads as -1. Returns how many there were. */
static int read_numbers(const char *folder, const char *name, int64_t numbers[2]) {
    char path[PATH_BYTES + 32], words[2][32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    int count = fscanf(file, "%31s %31s", words[0], words[1]);
    fclose(file);
    for (int k = 0; k < count; k++) {
        long long number = -1;
        sscanf(words[k], "%lld", &number);
        numbers[k] = number;
    }
    return count > 0 ? count : 0;
}

/* The quota of one group in CPUs, 0 if none; v2's cpu.max is "quota period", v1 has a file for each. */
static int32_t group_quota(const char *folder) {
    int64_t numbers[2] = {-1, 100000}, period[2];
    if (read_numbers(folder, "cpu.max", numbers) == 0) {
        if (read_numbers(folder, "cpu.cfs_quota_us", numbers) < 1) return 0;
        if (read_numbers(folder, "cpu.cfs_period_us", period) < 1) return 0;
        numbers[1] = period[0];
    }
    if (numbers[0] <= 0 || numbers[1] <= 0) return 0;
    int64_t cpus = (numbers[0] - 1) / numbers[1] + 1;
    return cpus < MOST_CPUS ? (int32_t)cpus : 0;
}

static int32_t smaller_quota(int32_t a, int32_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/* The smallest quota from mount/group up to mount itself. A container may see a path that its mount does not have; the
 * walk then ends at the mount, which is the container's own group. */
static int32_t hierarchy_quota(const char *root, const char *mount, const char *group) {
    char folder[PATH_BYTES];
    int32_t quota = 0;
    if ((size_t)snprintf(folder, sizeof folder, "%s%s%s", root, mount, group) >= sizeof folder) return 0;
    size_t shortest = strlen(root) + strlen(mount);
    for (;;) {
        quota = smaller_quota(quota, group_quota(folder));
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < shortest) return quota;
        *slash = '\0';
    }
}

static int names_cpu(const char *controllers) {
    for (const char *c = controllers; c; c = strchr(c, ',')) {
        if (*c == ',') c++;
        if (strncmp(c, "cpu", 3) == 0 && (c[3] == '\0' || c[3] == ',')) return 1;
    }
    return 0;
}

int32_t rgm_cgroup_quota(const char *list, const char *root) {
    char line[PATH_BYTES];
    int32_t quota = 0;
    FILE *file = fopen(list, "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group || group[1] != '/') continue;
        *group++ = '\0';
        controllers++;
        if (*controllers == '\0') {
            quota = smaller_quota(quota, hierarchy_quota(root, "", group));
            quota = smaller_quota(quota, hierarchy_quota(root, "/unified", group));
        } else if (names_cpu(controllers)) {
            quota = smaller_quota(quota, hierarchy_quota(root, "/cpu", group));
            quota = smaller_quota(quota, hierarchy_quota(root, "/cpu,cpuacct", group));
        }
    }
    fclose(file);
    return quota;
}

void rgm_machine_read(rgm_machine *machine) {
    memset(machine, 0, sizeof *machine);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    machine->online = online > 0 ? (int32_t)online : 1;
    if (sched_getaffinity(0, sizeof machine->mask, machine->mask.part) == 0)
        machine->masked = CPU_COUNT_S(sizeof machine->mask, machine->mask.part);
    if (machine->masked < 1) machine->masked = 1;
    int32_t quota = rgm_cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    machine->usable = smaller_quota(machine->masked, quota);
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
