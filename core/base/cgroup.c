#include "base/cgroup.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

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
    return cpus < RGM_CGROUP_CPUS ? (int32_t)cpus : 0;
}

/* Bytes of page cache in a group and the groups inside it that the kernel gives back when memory is asked for: pages of
 * files, active or not, as in MemAvailable, but for those that must be written first. Shared memory is not among them.
 */
static int64_t reclaimable(const char *folder, int32_t version) {
    static const struct {
        const char *name;
        int32_t sign;
    } parts[] = {{"inactive_file", 1},   {"active_file", 1}, {"file_dirty", -1},
                 {"file_writeback", -1}, {"dirty", -1},      {"writeback", -1}};
    char path[PATH_BYTES + 32], line[128], name[64];
    int64_t sum = 0;
    long long bytes;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63s %lld", name, &bytes) != 2 || bytes < 0) continue;
        if (version && strncmp(name, "total_", 6) != 0) continue; /* v1's other names leave the groups inside out */
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (strcmp(version ? name + 6 : name, parts[k].name) == 0) sum += parts[k].sign * (int64_t)bytes;
    }
    fclose(file);
    return sum > 0 ? sum : 0;
}

/* Bytes left in one group, -1 if it has no limit. */
static int64_t group_memory(const char *folder) {
    static const char *const files[2][2] = {{"memory.max", "memory.current"},
                                            {"memory.limit_in_bytes", "memory.usage_in_bytes"}};
    for (int32_t version = 0; version < 2; version++) {
        int64_t limit[2], used[2];
        if (read_numbers(folder, files[version][0], limit) < 1 || limit[0] < 0) continue;
        if (read_numbers(folder, files[version][1], used) < 1 || limit[0] > (INT64_C(1) << 60)) continue;
        int64_t cache = reclaimable(folder, version);
        used[0] = cache < used[0] ? used[0] - cache : 0;
        return limit[0] > used[0] ? limit[0] - used[0] : 0;
    }
    return -1;
}

static int64_t group_cpus(const char *folder) {
    int32_t quota = group_quota(folder);
    return quota ? quota : -1;
}

/* A limit of cgroups: what to ask of a group's folder, and the name and mounts of its v1 controller. */
typedef struct limit {
    int64_t (*ask)(const char *folder); /* -1: none */
    const char *controller;
    const char *mounts[2];
} limit;

static int64_t smaller(int64_t a, int64_t b) { return a < 0 || (b >= 0 && b < a) ? b : a; }

/* The smallest limit from mount/group up to mount itself. A container may see a path that its mount does not have; the
 * walk then ends at the mount, which is the container's own group. */
static int64_t hierarchy(const limit *l, const char *root, const char *mount, const char *group) {
    char folder[PATH_BYTES];
    int64_t least = -1;
    if ((size_t)snprintf(folder, sizeof folder, "%s%s%s", root, mount, group) >= sizeof folder) return -1;
    size_t shortest = strlen(root) + strlen(mount);
    for (;;) {
        least = smaller(least, l->ask(folder));
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < shortest) return least;
        *slash = '\0';
    }
}

static int names(const char *controllers, const char *wanted) {
    size_t length = strlen(wanted);
    for (const char *c = controllers; c; c = strchr(c, ',')) {
        if (*c == ',') c++;
        if (strncmp(c, wanted, length) == 0 && (c[length] == '\0' || c[length] == ',')) return 1;
    }
    return 0;
}

static int64_t least_limit(const limit *l, const char *list, const char *root) {
    char line[PATH_BYTES];
    int64_t least = -1;
    FILE *file = fopen(list, "re");
    if (!file) return -1;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group || group[1] != '/') continue;
        *group++ = '\0';
        controllers++;
        int v2 = *controllers == '\0';
        if (!v2 && !names(controllers, l->controller)) continue;
        least = smaller(least, hierarchy(l, root, v2 ? "" : l->mounts[0], group));
        least = smaller(least, hierarchy(l, root, v2 ? "/unified" : l->mounts[1], group));
    }
    fclose(file);
    return least;
}

int32_t rgm_cgroup_quota(const char *list, const char *root) {
    static const limit cpus = {group_cpus, "cpu", {"/cpu", "/cpu,cpuacct"}};
    int64_t quota = least_limit(&cpus, list, root);
    return quota > 0 ? (int32_t)quota : 0;
}

int64_t rgm_cgroup_memory(const char *list, const char *root) {
    static const limit memory = {group_memory, "memory", {"/memory", "/memory"}};
    return least_limit(&memory, list, root);
}
