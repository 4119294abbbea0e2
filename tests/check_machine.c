#include "config.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/machine.h"

START_TEST(worker_order) {
    rgm_machine machine;
    int32_t order[300];
    rgm_machine_read(&machine);
    rgm_machine_order(&machine, order, 300);
    rgm_cpu_mask seen;
    memset(&seen, 0, sizeof seen);
    int32_t distinct = machine.masked < 300 ? machine.masked : 300;
    for (int k = 0; k < distinct; k++) {
        ck_assert(CPU_ISSET_S(order[k], sizeof machine.mask, machine.mask.part));
        CPU_SET_S(order[k], sizeof seen, seen.part);
    }
    ck_assert_int_eq(CPU_COUNT_S(sizeof seen, seen.part), distinct);
    for (int k = distinct; k < 300; k++) ck_assert_int_eq(order[k], order[k % distinct]);
}
END_TEST

static void write_text(const char *folder, const char *name, const char *text) {
    char path[600], command[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", path);
    ck_assert_int_eq(system(command), 0);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const struct {
    const char *name, *list; /* /proc/self/cgroup */
    const char *files[4][2]; /* below /sys/fs/cgroup: path, text */
    int32_t expected;
} groups[] = {
    {"no cgroups", "", {{0}}, 0},
    {"v2 without a limit", "0::/a/b\n", {{"a/b/cpu.max", "max 100000\n"}}, 0},
    {"v2 exact", "0::/a/b\n", {{"a/b/cpu.max", "200000 100000\n"}}, 2},
    {"v2 rounded up", "0::/a/b\n", {{"a/b/cpu.max", "200001 100000\n"}}, 3},
    {"v2 below one", "0::/a/b\n", {{"a/b/cpu.max", "1000 100000\n"}}, 1},
    {"v2 parent is tighter", "0::/a/b\n", {{"a/b/cpu.max", "400000 100000\n"}, {"a/cpu.max", "150000 50000\n"}}, 3},
    {"v2 root of a container", "0::/\n", {{"cpu.max", "500000 100000\n"}}, 5},
    {"v2 path outside the container", "0::/docker/123\n", {{"cpu.max", "100000 100000\n"}}, 1},
    {"v1",
     "3:cpu,cpuacct:/x\n",
     {{"cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n"}, {"cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"}},
     3},
    {"v1 alone",
     "9:name=systemd:/\n1:cpu:/\n",
     {{"cpu/cpu.cfs_quota_us", "100000\n"}, {"cpu/cpu.cfs_period_us", "50000\n"}},
     2},
    {"v1 without a limit", "1:cpu:/\n", {{"cpu/cpu.cfs_quota_us", "-1\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}}, 0},
    {"v1 cpuset is another",
     "1:cpuset:/\n",
     {{"cpuset/cpu.cfs_quota_us", "100000\n"}, {"cpuset/cpu.cfs_period_us", "100000\n"}},
     0},
    {"hybrid, v1 tighter",
     "1:cpu:/\n0::/\n",
     {{"cpu/cpu.cfs_quota_us", "100000\n"},
      {"cpu/cpu.cfs_period_us", "100000\n"},
      {"unified/cpu.max", "900000 100000\n"}},
     1},
    {"period of zero", "0::/\n", {{"cpu.max", "100000 0\n"}}, 0},
    {"empty file", "0::/\n", {{"cpu.max", ""}}, 0},
    {"nonsense", "0::/\n1:cpu\nx\n::\n", {{"cpu.max", "many 99999999999999999999999\n"}}, 0},
    {"larger than any machine", "0::/\n", {{"cpu.max", "9223372036854775807 1\n"}}, 0},
};

/* Writes a list and files below a root into a new folder, asks, and removes the folder. */
static int64_t ask(const char *text, const char *const files[4][2],
                   int64_t (*question)(const char *list, const char *root)) {
    const char *parent = getenv("TMPDIR");
    char folder[256], list[300], root[300], command[400];
    snprintf(folder, sizeof folder, "%s/check_machine.XXXXXX", parent ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(root, sizeof root, "%s/root", folder);
    snprintf(list, sizeof list, "%s/list", folder);
    write_text(folder, "list", text);
    for (int k = 0; k < 4 && files[k][0]; k++) write_text(root, files[k][0], files[k][1]);
    int64_t found = question(list, root);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    return found;
}

static int64_t quota_of(const char *list, const char *root) { return rgm_cgroup_quota(list, root); }

START_TEST(cgroup_quota) {
    int64_t found = ask(groups[_i].list, groups[_i].files, quota_of);
    ck_assert_msg(found == groups[_i].expected, "%s: found %lld", groups[_i].name, (long long)found);
    ck_assert_int_eq(rgm_cgroup_quota("/nonexistent", "/nonexistent"), 0);
}
END_TEST

static const struct {
    const char *name, *list;
    const char *files[4][2];
    int64_t expected; /* bytes left; -1: no limit */
} memories[] = {
    {"no cgroups", "", {{0}}, -1},
    {"v2 without a limit", "0::/a\n", {{"a/memory.max", "max\n"}, {"a/memory.current", "5000\n"}}, -1},
    {"v2", "0::/a\n", {{"a/memory.max", "9000\n"}, {"a/memory.current", "5000\n"}}, 4000},
    {"v2 used up", "0::/a\n", {{"a/memory.max", "5000\n"}, {"a/memory.current", "9000\n"}}, 0},
    {"v2 of the group around it",
     "0::/a/b\n",
     {{"a/b/memory.max", "max\n"}, {"a/memory.max", "7000\n"}, {"a/memory.current", "1000\n"}},
     6000},
    {"v2 with page cache that can be reclaimed",
     "0::/a\n",
     {{"a/memory.max", "9000\n"},
      {"a/memory.current", "8800\n"},
      {"a/memory.stat", "anon 500\nfile 8000\nfile_mapped 5000\nshmem 500\nfile_dirty 300\nfile_writeback 100\n"
                        "inactive_file 6000\nactive_file 1500\n"}},
     7300},
    {"v2 with the cache of the group around it",
     "0::/a/b\n",
     {{"a/b/memory.max", "max\n"},
      {"a/memory.max", "7000\n"},
      {"a/memory.current", "7000\n"},
      {"a/memory.stat", "inactive_file 2000\nactive_file 0\n"}},
     2000},
    {"v2 with more cache than use",
     "0::/\n",
     {{"memory.max", "7000\n"}, {"memory.current", "100\n"}, {"memory.stat", "inactive_file 2000\n"}},
     7000},
    {"v1 with page cache, of the groups inside, too",
     "3:memory:/x\n",
     {{"memory/x/memory.limit_in_bytes", "300\n"},
      {"memory/x/memory.usage_in_bytes", "290\n"},
      {"memory/x/memory.stat", "inactive_file 1\nactive_file 2\ndirty 0\ntotal_inactive_file 100\n"
                               "total_active_file 50\ntotal_dirty 20\n"}},
     140},
    {"v1",
     "4:cpu:/x\n3:memory:/x\n",
     {{"memory/x/memory.limit_in_bytes", "300\n"}, {"memory/x/memory.usage_in_bytes", "100\n"}},
     200},
    {"v1 without a limit",
     "3:memory:/\n",
     {{"memory/memory.limit_in_bytes", "9223372036854771712\n"}, {"memory/memory.usage_in_bytes", "100\n"}},
     -1},
};

START_TEST(cgroup_memory) {
    int64_t found = ask(memories[_i].list, memories[_i].files, rgm_cgroup_memory);
    ck_assert_msg(found == memories[_i].expected, "%s: found %lld", memories[_i].name, (long long)found);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("machine");
    TCase *machine = tcase_create("machine");
    tcase_add_test(machine, worker_order);
    tcase_add_loop_test(machine, cgroup_quota, 0, (int)(sizeof groups / sizeof *groups));
    tcase_add_loop_test(machine, cgroup_memory, 0, (int)(sizeof memories / sizeof *memories));
    suite_add_tcase(suite, machine);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
