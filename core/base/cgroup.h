/* What this process' cgroups leave it: CPUs and memory. */
#ifndef RGM_BASE_CGROUP_H
#define RGM_BASE_CGROUP_H

#include <stdint.h>

enum { RGM_CGROUP_CPUS = 8192 }; /* a quota of so many CPUs is none */

/* The CPU quota in whole CPUs, rounded up, or 0 if there is none. Reads the lines of `list` (/proc/self/cgroup): cgroup
 * v1 cpu hierarchies and v2, if mounted below `root` (/sys/fs/cgroup). For each it reads the limits of the group and of
 * all groups around it. The smallest counts. */
int32_t rgm_cgroup_quota(const char *list, const char *root);

/* Bytes that this process' cgroups still let it take: of the tightest group, the limit less what is used and cannot be
 * reclaimed. Clean page cache can, active or not, as in the system's MemAvailable. -1 if there is no limit. Arguments
 * as above. */
int64_t rgm_cgroup_memory(const char *list, const char *root);

#endif
