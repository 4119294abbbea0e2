/* Checkpoints: exact round trips, equal bytes, refused damage, failing disks, sudden death. */
#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint_states.h"
#include "checkpoint_v1.h"
#include "data/file.h"

static int same_files(const char *a, const char *b) {
    size_t n, m;
    unsigned char *x = slurp(a, &n), *y = slurp(b, &m);
    int same = n == m && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

/* ---- round trips ---- */

static void check_transform(const rgm_transform *found, const rgm_transform *expected) {
    char texts[2][RGM_TRANSFORM_TEXT];
    rgm_transform_print(found, texts[0]);
    rgm_transform_print(expected, texts[1]);
    ck_assert_str_eq(texts[0], texts[1]);
}

static void check_header(const rgm_checkpoint *h, const rgm_checkpoint *c) {
    ck_assert_int_eq(h->progress.step, c->progress.step);
    ck_assert_int_eq(h->progress.epoch, c->progress.epoch);
    ck_assert_int_eq(h->progress.epoch_step, c->progress.epoch_step);
    ck_assert(memcmp(&h->progress.tally, &c->progress.tally, sizeof h->progress.tally) == 0);
    ck_assert(memcmp(&h->progress.best_metric, &c->progress.best_metric, sizeof(double)) == 0);
    ck_assert(memcmp(&h->progress.seconds, &c->progress.seconds, sizeof(double)) == 0);
    ck_assert_int_eq(h->progress.best_epoch, c->progress.best_epoch);
    ck_assert_int_eq(h->progress.evaluations_without_gain, c->progress.evaluations_without_gain);
    ck_assert_uint_eq(h->seed, c->seed);
    ck_assert_uint_eq(h->fingerprint, c->fingerprint);
    ck_assert_int_eq(h->fingerprint_pixels, c->fingerprint_pixels);
    ck_assert_int_eq(h->version, 2);
    ck_assert_int_eq(h->input.known, c->input.known);
    ck_assert_int_eq(h->input.classes, c->input.classes);
    ck_assert_mem_eq(h->input.image, c->input.image, sizeof h->input.image);
    check_transform(&h->input.transform, &c->input.transform);
    ck_assert_mem_eq(h->input.mean, c->input.mean, sizeof h->input.mean);
    ck_assert_mem_eq(h->input.std, c->input.std, sizeof h->input.std);
    ck_assert_str_eq(h->config, c->config ? c->config : "");
    ck_assert_str_eq(h->build, c->build ? c->build : "");
    ck_assert_str_eq(h->plugins, c->plugins ? c->plugins : "");
    ck_assert_str_eq(h->classes, c->classes ? c->classes : "");
}

static void check_round_trip(const test_checkpoint *c) {
    const char *path = in_folder("last.h5");
    test_checkpoint *back = new_state(c->state.graph, 0);
    back->state.slot_count = c->state.slot_count;
    back->state.plugin_count = c->state.plugin_count;
    rgm_error err = {0};
    rgm_checkpoint_reader *reader;
    write_ok(c, path);
    ck_assert_msg(rgm_checkpoint_open(&reader, path, NULL, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_checkpoint_foreign(reader), 0);
    check_header(rgm_checkpoint_header(reader), &c->about);
    ck_assert_msg(rgm_checkpoint_read(reader, &back->state, 0, &err) == RGM_OK, "%s", err.text);
    ck_assert(same_tensors(c, back, 0));
    ck_assert_int_eq(c->state.slot_count > 0 && same_tensors(c, back, 1), 0);
    forget_states(back);
    ck_assert_msg(rgm_checkpoint_read(reader, &back->state, 1, &err) == RGM_OK, "%s", err.text);
    ck_assert(same_tensors(c, back, 1));
    rgm_checkpoint_close(reader);
    ck_assert_int_eq(count_files(), 1);
    free_state(back);
}

START_TEST(round_trip_keeps_every_bit) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 1);
    check_round_trip(c);
    c->about.progress.best_metric = NAN;
    c->about.progress.best_epoch = -1;
    c->about.progress.tally.loss = -INFINITY;
    c->about.progress.step = 0;
    c->about.seed = 0;
    check_round_trip(c);
    c->state.slot_count = c->state.plugin_count = 0;
    check_round_trip(c);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(texts_of_any_length) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1);
    char *text = calloc((1 << 24) + 2, 1);
    static const int lengths[] = {0, 1, 65535, 65536, 102400};
    for (int i = 0; i < 5; i++) {
        memset(text, 'x', (size_t)lengths[i]);
        c->about.config = text;
        c->about.classes = i ? "\n" : NULL;
        check_round_trip(c);
    }
    memset(text, 'x', (1 << 24) + 1);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("last.h5"), &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "config"));
    free(text);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* A checkpoint that does not say has the default transform; one for another image is none. */
START_TEST(a_transform_of_its_own) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1);
    const char *path = in_folder("last.h5");
    rgm_error err = {0};
    rgm_checkpoint_reader *reader;
    c->about.input.transform = (rgm_transform){0};
    write_ok(c, path);
    ck_assert_msg(rgm_checkpoint_open(&reader, path, NULL, &err) == RGM_OK, "%s", err.text);
    const rgm_transform expected = rgm_transform_default(1, 16, 16);
    check_transform(&rgm_checkpoint_header(reader)->input.transform, &expected);
    rgm_checkpoint_close(reader);
    c->about.input.transform = rgm_transform_default(1, 16, 17);
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, path, &err), RGM_E_INTERNAL);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(equal_states_give_equal_bytes) {
    rgm_graph *g = resnet("resnet20", 2), *other = resnet("resnet20", 2);
    test_checkpoint *a = new_state(g, 1), *b = new_state(other, 1);
    write_ok(a, in_folder("a.h5"));
    nanosleep(&(struct timespec){1, 100000000}, NULL); /* times in HDF5 are seconds */
    write_ok(b, in_folder("b.h5"));
    ck_assert(same_files(in_folder("a.h5"), in_folder("b.h5")));
    b->about.progress.seconds = nextafter(b->about.progress.seconds, 1);
    write_ok(b, in_folder("b.h5"));
    ck_assert(!same_files(in_folder("a.h5"), in_folder("b.h5")));
    free_state(a);
    free_state(b);
    rgm_graph_destroy(g);
    rgm_graph_destroy(other);
}
END_TEST

START_TEST(too_many_slots_or_states) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1);
    rgm_error err = {0};
    c->state.slot_count = RGM_CHECKPOINT_SLOTS + 1;
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("a.h5"), &err), RGM_E_INTERNAL);
    c->state.slot_count = 2;
    c->state.plugin_count = RGM_CHECKPOINT_PLUGINS + 1;
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("a.h5"), &err), RGM_E_INTERNAL);
    c->state.plugin_count = 2;
    c->state.slot_name[1] = "a/b";
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("a.h5"), &err), RGM_E_INTERNAL);
    c->state.slot_name[1] = c->state.slot_name[0];
    ck_assert_int_lt(rgm_checkpoint_write(&c->about, &c->state, in_folder("a.h5"), &err), 0);
    ck_assert_int_eq(count_files(), 0);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- damage ---- */

START_TEST(truncated_files_are_refused) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 1), *back = new_state(g, 0);
    size_t size;
    write_ok(c, in_folder("a.h5"));
    unsigned char *bytes = slurp(in_folder("a.h5"), &size);
    for (size_t n = 0; n < size; n += n < 530 ? 7 : 997) {
        spill(in_folder("b.h5"), bytes, n);
        REFUSED(in_folder("b.h5"), back, 0, RGM_E_FORMAT, "b.h5: ");
    }
    spill(in_folder("b.h5"), bytes, size - 1);
    REFUSED(in_folder("b.h5"), back, 0, RGM_E_FORMAT, "truncated");
    bytes[size] = 0;
    spill(in_folder("b.h5"), bytes, size + 1);
    REFUSED(in_folder("b.h5"), back, 0, RGM_E_FORMAT, "too long");
    free(bytes);
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(flipped_bytes_are_refused) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 1), *back = new_state(g, 0);
    size_t size;
    write_ok(c, in_folder("a.h5"));
    unsigned char *bytes = slurp(in_folder("a.h5"), &size);
    for (size_t at = 0; at < size; at += at < 40 ? 1 : at < 1500 ? 5 : size / 500) {
        unsigned char kept = bytes[at];
        bytes[at] ^= (unsigned char)(1u << (at % 8));
        spill(in_folder("b.h5"), bytes, size);
        REFUSED(in_folder("b.h5"), back, 0, RGM_E_FORMAT, "b.h5: ");
        bytes[at] = kept;
    }
    free(bytes);
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

/* A file with a frame and this in it. */
static void write_framed(const char *path, const char *attribute) {
    rgm_file_writer w;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_file_create(&w, path, 1, &err), RGM_OK);
    rgm_h5_enter();
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 18);
    hid_t a = H5Acreate2(w.file, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Awrite(a, type, "regimen checkpoint"), 0);
    H5Aclose(a);
    H5Tclose(type);
    H5Sclose(space);
    rgm_h5_leave();
    ck_assert_int_eq(rgm_file_commit(&w, &err), RGM_OK);
}

START_TEST(other_files_are_refused) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *back = new_state(g, 0);
    REFUSED(in_folder("none.h5"), back, 0, RGM_E_IO, "none.h5", "No such file");
    REFUSED(folder, back, 0, RGM_E_IO, "not a regular file");
    spill(in_folder("text.h5"), (const unsigned char *)"batch: 128\n", 11);
    REFUSED(in_folder("text.h5"), back, 0, RGM_E_FORMAT, "text.h5");
    write_framed(in_folder("data.h5"), "classes");
    REFUSED(in_folder("data.h5"), back, 0, RGM_E_FORMAT, "data.h5", "no checkpoint");
    write_framed(in_folder("bare.h5"), "format");
    REFUSED(in_folder("bare.h5"), back, 0, RGM_E_FORMAT, "bare.h5", "format_version is missing");
    rgm_checkpoint_close(NULL);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- what does not fit ---- */

START_TEST(tensors_must_be_the_graphs) {
    rgm_graph *small = resnet("resnet20", 2), *wide = resnet("resnet20", 4), *deep = resnet("resnet32", 2);
    test_checkpoint *c = new_state(small, 1), *w = new_state(wide, 0), *d = new_state(deep, 0);
    char *path = in_folder("a.h5");
    write_ok(c, path);
    REFUSED(path, w, 0, RGM_E_FORMAT, "model/conv1.weight", "expected [4][1][3][3]", "found [2][1][3][3]");
    REFUSED(path, d, 0, RGM_E_FORMAT, "model/layer1.3.conv1.weight", "expected [2][2][3][3]", "found none");
    write_ok(d, path);
    REFUSED(path, c, 0, RGM_E_FORMAT, "model/layer1.3.bn1.bias", "expected none", "found one");
    free_state(c);
    free_state(w);
    free_state(d);
    rgm_graph_destroy(small);
    rgm_graph_destroy(wide);
    rgm_graph_destroy(deep);
}
END_TEST

START_TEST(slots_and_states_must_be_the_runs) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1), *into = new_state(g, 0);
    char *path = in_folder("a.h5");
    write_ok(c, path);
    into->state.slot_count = 1;
    REFUSED(path, into, 1, RGM_E_FORMAT, "expected 1 slots", "found 2");
    into->state.slot_count = 3;
    into->state.slot_name[2] = "max_exp_avg";
    into->state.slot[2] = into->state.slot[1];
    REFUSED(path, into, 1, RGM_E_FORMAT, "optimizer/max_exp_avg", "found none");
    into->state.slot_count = 2;
    into->state.plugin_count = 1;
    REFUSED(path, into, 1, RGM_E_FORMAT, "a state of plugin 'scheduler 1 plateau', which this run does not have");
    into->state.plugin_count = 3;
    snprintf(into->state.plugin[2].label, sizeof into->state.plugin[2].label, "scheduler 2 plateau");
    REFUSED(path, into, 1, RGM_E_FORMAT, "no state of plugin 'scheduler 2 plateau', which this run has");
    into->state.plugin_count = 2;
    snprintf(into->state.plugin[0].label, sizeof into->state.plugin[0].label, "scheduler 0 cosine");
    REFUSED(path, into, 1, RGM_E_FORMAT, "scheduler 0 plateau");
    ck_assert_int_eq(load(path, into, 0, NULL), RGM_OK);
    forget_states(into);
    /* by label, not by place */
    rgm_plugin_state first = into->state.plugin[1];
    into->state.plugin[1] = into->state.plugin[0];
    into->state.plugin[0] = first;
    snprintf(into->state.plugin[1].label, sizeof first.label, "scheduler 0 plateau");
    ck_assert_int_eq(load(path, into, 1, NULL), RGM_OK);
    ck_assert(memcmp(into->state.plugin[0].data, c->state.plugin[1].data, 1000) == 0);
    free_state(c);
    free_state(into);
    rgm_graph_destroy(g);
}
END_TEST

/* A state may have grown since an instance was fresh, up to the limit; it may be empty. */
START_TEST(states_of_any_size) {
    static const size_t sizes[] = {0, 1, 4096, 5000001};
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1), *back = new_state(g, 0);
    rgm_error err = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        free(c->state.plugin[0].data);
        c->state.plugin[0].data = calloc(sizes[i] + 1, 1);
        memset(c->state.plugin[0].data, 'x', sizes[i]);
        c->state.plugin[0].bytes = sizes[i];
        write_ok(c, in_folder("a.h5"));
        ck_assert_msg(load(in_folder("a.h5"), back, 1, &err) == RGM_OK, "%s", err.text);
        ck_assert(same_tensors(c, back, 1));
    }
    c->state.plugin[0].bytes = RGM_CHECKPOINT_STATE + 1;
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("a.h5"), &err), RGM_E_PLUGIN);
    ck_assert_ptr_nonnull(strstr(err.text, "scheduler 0 plateau"));
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

/* The variance that overflowed, and the way on, are named. */
START_TEST(variances_are_finite) {
    static const float bad[] = {INFINITY, NAN, -1};
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 1);
    const rgm_param *p = rgm_graph_stat(g, 1);
    ck_assert_ptr_nonnull(strstr(p->name, "running_var"));
    for (int i = 0; i < 3; i++) {
        c->state.stat[p->offset] = bad[i];
        write_ok(c, in_folder("a.h5"));
        for (int32_t whole = 0; whole < 2; whole++)
            REFUSED(in_folder("a.h5"), c, whole, RGM_E_FORMAT, p->name, "take an earlier checkpoint");
    }
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- versions ---- */

START_TEST(version_1_is_read) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 1), *back = new_state(g, 0);
    rgm_checkpoint_reader *reader;
    rgm_error err = {0};
    c->state.plugin[0].bytes = 0; /* left out by version 1 */
    write_v1(c, in_folder("a.h5"));
    ck_assert_msg(rgm_checkpoint_open(&reader, in_folder("a.h5"), NULL, &err) == RGM_OK, "%s", err.text);
    const rgm_checkpoint *h = rgm_checkpoint_header(reader);
    ck_assert_int_eq(h->version, 1);
    ck_assert_int_eq(h->input.known, 0);
    ck_assert_int_eq(h->fingerprint_pixels, 0);
    ck_assert_uint_eq(h->fingerprint, c->about.fingerprint);
    ck_assert_str_eq(h->classes, c->about.classes);
    ck_assert_int_eq(h->progress.step, c->about.progress.step);
    rgm_checkpoint_close(reader);
    ck_assert_msg(load(in_folder("a.h5"), back, 1, &err) == RGM_OK, "%s", err.text);
    ck_assert(same_tensors(c, back, 1));
    ck_assert_ptr_null(back->state.plugin[0].data);
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

/* Changes one attribute of a checkpoint, under a frame that is right. */
static void change(const char *path, const char *object, const char *name, hid_t type, const void *value) {
    rgm_file_writer w = {0};
    rgm_error err = {0};
    rgm_h5_enter();
    hid_t from = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    rgm_h5_leave();
    ck_assert_msg(from >= 0 && rgm_file_create(&w, in_folder("changed.h5"), 1, &err) == RGM_OK, "%s", err.text);
    rgm_h5_enter();
    static const char *const groups[] = {"text", "input", "model", "optimizer", "plugins"};
    for (int i = 0; i < 5; i++)
        ck_assert_int_ge(H5Ocopy(from, groups[i], w.file, groups[i], H5P_DEFAULT, H5P_DEFAULT), 0);
    H5O_info_t root;
    ck_assert_int_ge(H5Oget_info2(from, &root, H5O_INFO_NUM_ATTRS), 0);
    for (int i = 0; i < (int)root.num_attrs; i++) {
        char attribute[64];
        uint8_t bytes[256];
        hid_t a = H5Aopen_by_idx(from, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, H5P_DEFAULT, H5P_DEFAULT);
        hid_t stored = H5Aget_type(a), space = H5Aget_space(a);
        H5Aget_name(a, sizeof attribute, attribute);
        ck_assert_int_ge(H5Aread(a, stored, bytes), 0);
        hid_t b = H5Acreate2(w.file, attribute, stored, space, H5P_DEFAULT, H5P_DEFAULT);
        ck_assert_int_ge(H5Awrite(b, stored, bytes), 0);
        H5Aclose(b), H5Aclose(a), H5Tclose(stored), H5Sclose(space);
    }
    hid_t target = H5Oopen(w.file, object, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    ck_assert_msg(target >= 0 && H5Adelete(target, name) >= 0, "%s %s", object, name);
    hid_t a = H5Acreate2(target, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Awrite(a, type, value), 0);
    H5Aclose(a), H5Sclose(space), H5Oclose(target), H5Fclose(from);
    rgm_h5_leave();
    ck_assert_msg(rgm_file_commit(&w, &err) == RGM_OK, "%s", err.text);
}

START_TEST(later_versions_are_refused) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1);
    const uint32_t versions[] = {3, 0};
    const int32_t classes = 0;
    char changed[512];
    snprintf(changed, sizeof changed, "%s", in_folder("changed.h5"));
    write_ok(c, in_folder("a.h5"));
    for (int i = 0; i < 2; i++) {
        change(in_folder("a.h5"), "/", "format_version", H5T_STD_U32LE, &versions[i]);
        REFUSED(changed, c, 0, RGM_E_UNSUPPORTED, "changed.h5", i ? "version 0" : "version 3", "versions 1 to 2");
    }
    rgm_h5_enter();
    hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 7);
    rgm_h5_leave();
    static const char *const transforms[] = {"resize", "crop", "channels"};
    for (int i = 0; i < 3; i++) {
        change(in_folder("a.h5"), "input", transforms[i], text, "256x256");
        REFUSED(changed, c, 0, RGM_E_UNSUPPORTED, "changed.h5", transforms[i], "'256x256'", "newer");
    }
    change(in_folder("a.h5"), "input", "classes", H5T_STD_I32LE, &classes);
    REFUSED(changed, c, 0, RGM_E_FORMAT, "changed.h5", "impossible");
    change(in_folder("a.h5"), "input", "mean", H5T_IEEE_F32LE, &(float){1});
    REFUSED(changed, c, 0, RGM_E_FORMAT, "mean");
    change(in_folder("a.h5"), "input", "classes", H5T_STD_I32LE, &(int32_t){3});
    ck_assert_int_eq(load(changed, c, 1, NULL), RGM_OK); /* nothing else was changed on the way */
    H5Tclose(text);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- failing disks, sudden death ---- */

/* Writing `c` over `path` with files limited to `limit` bytes must fail and leave the file and the folder as they are.
 * Nothing of Check is called under the limit: it writes to files, too. */
static void must_not_change(const test_checkpoint *c, const char *path, rlim_t limit) {
    rgm_error err = {0};
    int files = count_files();
    size_t before, after;
    unsigned char *old = slurp(path, &before);
    struct rlimit kept;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &kept), 0);
    if (limit > kept.rlim_max) limit = kept.rlim_max;
    int limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, kept.rlim_max});
    rgm_status status = rgm_checkpoint_write(&c->about, &c->state, path, &err);
    setrlimit(RLIMIT_FSIZE, &kept);
    ck_assert_int_eq(limited, 0);
    ck_assert_msg(status == RGM_E_IO, "%d: %s", status, err.text);
    ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
    unsigned char *now = slurp(path, &after);
    ck_assert(before == after && memcmp(old, now, before) == 0);
    ck_assert_int_eq(count_files(), files);
    free(old);
    free(now);
}

START_TEST(full_disk_leaves_the_old_file) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *a = new_state(g, 1), *b = new_state(g, 2), *back = new_state(g, 0);
    char *path = in_folder("last.h5");
    write_ok(a, path);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    signal(SIGXFSZ, SIG_IGN);
    const rlim_t limits[] = {0, 100, 512, 600, 5000, (rlim_t)st.st_size / 2, (rlim_t)st.st_size - 1};
    for (int i = 0; i < 7; i++) must_not_change(b, path, limits[i]);
    write_ok(b, path);
    ck_assert_int_eq(load(path, back, 1, NULL), RGM_OK);
    ck_assert(same_tensors(b, back, 1));
    free_state(a);
    free_state(b);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(folders_that_cannot_be_written) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_state(g, 1);
    rgm_error err = {0};
    char *path = in_folder("last.h5"), *below = in_folder("last.h5/x.h5");
    write_ok(c, path);
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, in_folder("none/last.h5"), &err), RGM_E_IO);
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, below, &err), RGM_E_IO);
    ck_assert_int_eq(rgm_checkpoint_write(&c->about, &c->state, folder, &err), RGM_E_IO);
    if (geteuid() != 0) {
        ck_assert_int_eq(chmod(folder, 0500), 0);
        must_not_change(c, path, RLIM_INFINITY);
        ck_assert_int_eq(chmod(folder, 0700), 0);
    }
    ck_assert_int_eq(count_files(), 1);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* Writes states 1, 2, 3, ... until it is killed: every value of a state is its number. */
static void write_forever(test_checkpoint *c, const char *path) {
    for (int32_t n = 1;; n++) {
        for (int64_t i = 0; i < rgm_graph_param_floats(c->state.graph); i++) c->state.value[i] = (float)n;
        for (int64_t i = 0; i < rgm_graph_stat_floats(c->state.graph); i++) c->state.stat[i] = (float)n;
        c->about.progress.step = n;
        if (rgm_checkpoint_write(&c->about, &c->state, path, NULL) < 0) _exit(1);
    }
}

START_TEST(killed_while_writing) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_state(g, 0);
    char *path = in_folder("last.h5");
    int32_t changed = 0;
    c->about.progress.step = 0;
    write_ok(c, path);
    /* A slow machine gets longer pauses, until something was written. */
    for (int round = 0; round < 30 || (changed == 0 && round < 200); round++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) write_forever(c, path);
        nanosleep(&(struct timespec){0, 3000000 + round * 1370000}, NULL);
        kill(child, SIGKILL);
        int how = 0;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        rgm_checkpoint_reader *reader;
        rgm_error err = {0};
        ck_assert_msg(rgm_checkpoint_open(&reader, path, NULL, &err) == RGM_OK, "%s", err.text);
        forget_states(c);
        ck_assert_msg(rgm_checkpoint_read(reader, &c->state, 1, &err) == RGM_OK, "%s", err.text);
        float step = (float)rgm_checkpoint_header(reader)->progress.step;
        changed += step > 0;
        for (int32_t i = 0; i < rgm_graph_param_count(g); i++)
            ck_assert(c->state.value[rgm_graph_param(g, i)->offset] == step);
        for (int32_t i = 0; i < rgm_graph_stat_count(g); i++)
            ck_assert(c->state.stat[rgm_graph_stat(g, i)->offset] == step);
        rgm_checkpoint_close(reader);
    }
    ck_assert_int_gt(changed, 0);
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint");
    TCase *tcase = tcase_create("checkpoint");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, round_trip_keeps_every_bit);
    tcase_add_test(tcase, texts_of_any_length);
    tcase_add_test(tcase, a_transform_of_its_own);
    tcase_add_test(tcase, equal_states_give_equal_bytes);
    tcase_add_test(tcase, too_many_slots_or_states);
    tcase_add_test(tcase, truncated_files_are_refused);
    tcase_add_test(tcase, flipped_bytes_are_refused);
    tcase_add_test(tcase, other_files_are_refused);
    tcase_add_test(tcase, tensors_must_be_the_graphs);
    tcase_add_test(tcase, slots_and_states_must_be_the_runs);
    tcase_add_test(tcase, states_of_any_size);
    tcase_add_test(tcase, variances_are_finite);
    tcase_add_test(tcase, version_1_is_read);
    tcase_add_test(tcase, later_versions_are_refused);
    tcase_add_test(tcase, full_disk_leaves_the_old_file);
    tcase_add_test(tcase, folders_that_cannot_be_written);
    tcase_add_test(tcase, killed_while_writing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
