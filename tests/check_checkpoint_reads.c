/* Reading checkpoints when reads fail, and when another file is renamed over them meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint_states.h"
#include "failing_calls.h"
#include "first_reader.h"

static rgm_graph *graph;
static test_checkpoint *state, *back;

static void setup(void) {
    make_folder();
    failing_calls = (rgm_failing){0};
    first_reader_does(in_folder(""), 0, "nothing");
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

/* The read of every number fails in turn, of this process and, of foreign weights, of the first reader: an input/output
 * error, never damage, another kind of file, or other numbers. */
START_TEST(failing_reads_are_errors) {
    int foreign = _i > 0, reader = _i > 1, failures = 0;
    put_checkpoint(foreign);
    for (int at = 1;; at++) {
        rgm_error err = {0};
        first_reader_does(in_folder(""), reader ? at : 0, "fail %d", EIO);
        failing_calls = (rgm_failing){.at = reader ? 0 : at, .error = EIO};
        rgm_status status = load(in_folder("last.h5"), back, !foreign, &err);
        int acted = reader ? first_reader_did() : failing_calls.reads >= at;
        failing_calls.at = 0;
        if (status == RGM_OK) {
            ck_assert(same_tensors(state, back, !foreign));
            if (!acted) break;
            continue;
        }
        failures++;
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, strerror(EIO)), "read %d: status %d: %s", at, status,
                      err.text);
    }
    ck_assert_int_gt(failures, 5);
}
END_TEST

static void put_other_in_place(void *context) {
    (void)context;
    ck_assert(rename(in_folder("other.h5"), in_folder("last.h5")) == 0);
}

/* Another file is renamed over it at each read in turn: what was opened and verified is what is read. */
START_TEST(what_is_verified_is_read) {
    int foreign = _i > 0, reader = _i > 1, acted = 1;
    char from[512];
    test_checkpoint *other = new_state(graph, 2);
    snprintf(from, sizeof from, "%s", in_folder("other.h5"));
    for (int at = 1; acted; at++) {
        rgm_error err = {0};
        put_checkpoint(foreign);
        write_ok(other, from);
        first_reader_does(in_folder(""), reader ? at : 0, "rename %s %s", from, in_folder("last.h5"));
        failing_calls = (rgm_failing){.at = reader ? 0 : at, .instead = put_other_in_place};
        rgm_status status = load(in_folder("last.h5"), back, !foreign, &err);
        acted = reader ? first_reader_did() : failing_calls.reads >= at;
        failing_calls.at = 0;
        ck_assert_msg(status == RGM_OK, "read %d: %s", at, err.text);
        ck_assert_msg(same_tensors(state, back, !foreign), "read %d: the other file's", at);
    }
    free_state(other);
}
END_TEST

/* Each of its reads is one too many: nothing of it comes into this process, which reads only what the first reader has
 * read. */
START_TEST(a_crash_is_damage) {
    put_checkpoint(1);
    for (int at = 1;; at++) {
        rgm_error err = {0};
        first_reader_does(in_folder(""), at, "signal %d", SIGSEGV);
        rgm_status status = load(in_folder("last.h5"), back, 0, &err);
        if (!first_reader_did()) break;
        ck_assert_int_eq(status, RGM_E_FORMAT);
        ck_assert_msg(strstr(err.text, "the HDF5 library crashed"), "%s", err.text);
    }
}
END_TEST

/* The wait for the first reader, too, ends with a stop. */
START_TEST(a_stop_is_heard) {
    rgm_error err = {0};
    rgm_checkpoint_reader *reader;
    int left = 3;
    const rgm_stop stop = {stop_at_zero, &left};
    put_checkpoint(1);
    first_reader_does(in_folder(""), 1, "spin");
    ck_assert_int_eq(rgm_checkpoint_open(&reader, in_folder("last.h5"), &stop, &err), RGM_E_INTERRUPTED);
    ck_assert_ptr_null(reader);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint reads");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, failing_reads_are_errors, 0, 3);
    tcase_add_loop_test(all, what_is_verified_is_read, 0, 3);
    tcase_add_test(all, a_crash_is_damage);
    tcase_add_test(all, a_stop_is_heard);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
