/* Reading checkpoints when reads fail, and when another file is renamed over them meanwhile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint_states.h"
#include "failing_calls.h"

static rgm_graph *graph;
static rgm_checkpoint *state, *back;

static void setup(void) {
    make_folder();
    failing_calls = (rgm_failing){0};
    graph = resnet("linear", 0);
    state = new_state(graph, 1);
    back = new_state(graph, 0);
}

static void teardown(void) {
    failing_calls = (rgm_failing){0};
    free_state(state);
    free_state(back);
    rgm_graph_destroy(graph);
    remove_folder();
}

/* One of Regimen's, or the same without its frame, whose weights alone are read. */
static void put_checkpoint(int foreign) {
    size_t size;
    write_ok(state, in_folder("last.h5"));
    if (!foreign) return;
    unsigned char *bytes = slurp(in_folder("last.h5"), &size);
    spill(in_folder("last.h5"), bytes + 512, size - 512);
    free(bytes);
}

/* The read of every number fails in turn: an input/output error, never damage, another kind of file, or other numbers.
 */
START_TEST(failing_reads_are_errors) {
    int failures = 0;
    put_checkpoint(_i);
    for (int64_t at = 1;; at++) {
        rgm_error err = {0};
        failing_calls = (rgm_failing){.at = at, .error = EIO};
        rgm_status status = load(in_folder("last.h5"), back, !_i, &err);
        int64_t reads = failing_calls.reads;
        failing_calls.at = 0;
        if (status == RGM_OK) {
            ck_assert(same_tensors(state, back, !_i));
            if (at > reads) break;
            continue;
        }
        failures++;
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, strerror(EIO)), "read %d: status %d: %s", (int)at, status,
                      err.text);
    }
    ck_assert_int_gt(failures, 5);
}
END_TEST

static void put_other_in_place(void *context) {
    (void)context;
    ck_assert(rename(in_folder("other.h5"), in_folder("last.h5")) == 0 || errno == ENOENT);
}

/* Another file is renamed over it at each read in turn: what was opened and verified is what is read. */
START_TEST(what_is_verified_is_read) {
    rgm_checkpoint *other = new_state(graph, 2);
    for (int64_t at = 1;; at++) {
        rgm_error err = {0};
        put_checkpoint(_i);
        write_ok(other, in_folder("other.h5"));
        failing_calls = (rgm_failing){.at = at, .instead = put_other_in_place};
        rgm_status status = load(in_folder("last.h5"), back, !_i, &err);
        int64_t reads = failing_calls.reads;
        failing_calls.at = 0;
        ck_assert_msg(status == RGM_OK, "read %d: %s", (int)at, err.text);
        ck_assert_msg(same_tensors(state, back, !_i), "read %d: the other file's", (int)at);
        if (at > reads) break;
    }
    free_state(other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint reads");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, failing_reads_are_errors, 0, 2);
    tcase_add_loop_test(all, what_is_verified_is_read, 0, 2);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
