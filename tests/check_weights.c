/* Weights from elsewhere: files that other programs write, and what they read of ours. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint_states.h"
#include "data/file.h"
#include "skip.h"

typedef struct foreign {
    hid_t stored; /* type in the file; 0: float32 */
    int chunked;  /* 1: gzip */
    const char *skip, *extra, *soft, *flat;
} foreign;

static void put_foreign(hid_t group, const rgm_param *p, const float *from, const foreign *f) {
    hsize_t dims[4];
    for (int32_t i = 0; i < p->ndim; i++) dims[i] = (hsize_t)p->dims[i];
    hsize_t all = (hsize_t)p->count;
    int flat = f->flat && strcmp(f->flat, p->name) == 0;
    hid_t space = flat ? H5Screate_simple(1, &all, NULL) : H5Screate_simple(p->ndim, dims, NULL);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (f->chunked) {
        H5Pset_chunk(plist, p->ndim, dims);
        H5Pset_deflate(plist, 4);
    }
    hid_t set =
        H5Dcreate2(group, p->name, f->stored ? f->stored : H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, from + p->offset), 0);
    H5Dclose(set);
    H5Pclose(plist);
    H5Sclose(space);
}

/* A file as h5py would write it: the oldest format, no user block. */
static void write_foreign(const test_checkpoint *c, const char *path, const foreign *f) {
    rgm_h5_enter();
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "model", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int32_t params = rgm_graph_param_count(c->state.graph), stats = rgm_graph_stat_count(c->state.graph);
    for (int32_t i = 0; i < params + stats; i++) {
        const rgm_param *p =
            i < params ? rgm_graph_param(c->state.graph, i) : rgm_graph_stat(c->state.graph, i - params);
        if (f->soft && strcmp(f->soft, p->name) == 0)
            H5Lcreate_soft("/model/fc.bias", group, p->name, 0, 0);
        else if (!f->skip || strcmp(f->skip, p->name) != 0)
            put_foreign(group, p, i < params ? c->state.value : c->state.stat, f);
    }
    if (f->extra) {
        hid_t space = H5Screate(H5S_SCALAR);
        H5Dclose(H5Dcreate2(group, f->extra, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
    }
    H5Gclose(group);
    ck_assert_int_ge(H5Fclose(file), 0);
    rgm_h5_leave();
}

/* Numbers that survive a way through other types. */
static test_checkpoint *new_numbers(const rgm_graph *g) {
    test_checkpoint *c = new_state(g, 0);
    for (int64_t i = 0; i < rgm_graph_param_floats(g); i++) c->state.value[i] = (float)(i % 1000) / 7 - 50;
    for (int64_t i = 0; i < rgm_graph_stat_floats(g); i++) c->state.stat[i] = (float)(i % 100) / 3;
    c->state.value[0] = INFINITY;
    c->state.value[1] = -0.0f;
    return c;
}

START_TEST(foreign_weights_are_read) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_numbers(g);
    char *path = in_folder("foreign.h5");
    const foreign kinds[] = {{0},
                             {.stored = H5T_IEEE_F64LE, .extra = "bn1.num_batches_tracked"},
                             {.stored = H5T_IEEE_F32BE},
                             {.stored = H5T_IEEE_F64BE, .chunked = 1},
                             {.chunked = 1}};
    for (int i = 0; i < 5; i++) {
        test_checkpoint *back = new_state(g, 0);
        rgm_checkpoint_reader *reader;
        rgm_error err = {0};
        write_foreign(c, path, &kinds[i]);
        ck_assert_msg(rgm_checkpoint_open(&reader, path, NULL, &err) == RGM_OK, "%s", err.text);
        ck_assert_int_eq(rgm_checkpoint_foreign(reader), 1);
        ck_assert_str_eq(rgm_checkpoint_header(reader)->config, "");
        ck_assert_int_eq(rgm_checkpoint_header(reader)->progress.best_epoch, -1);
        ck_assert_msg(rgm_checkpoint_read(reader, &back->state, 0, &err) == RGM_OK, "%d: %s", i, err.text);
        ck_assert(same_tensors(c, back, 0));
        ck_assert_int_eq(rgm_checkpoint_read(reader, &back->state, 1, &err), RGM_E_FORMAT);
        rgm_checkpoint_close(reader);
        free_state(back);
    }
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(foreign_weights_are_checked) {
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_numbers(g);
    char *path = in_folder("foreign.h5");
    const struct {
        foreign f;
        const char *part[2];
    } cases[] = {
        {{.stored = H5T_STD_I32LE}, {"conv1.weight", "expected float32 or float64"}},
        {{.skip = "layer2.0.bn2.running_var"}, {"layer2.0.bn2.running_var", "expected [4], found none"}},
        {{.extra = "layer4.0.conv1.weight"}, {"layer4.0.conv1.weight", "expected none"}},
        {{.extra = ".num_batches_tracked"}, {".num_batches_tracked", "expected none"}},
        {{.flat = "fc.weight"}, {"fc.weight", "expected [3][8], found [24]"}},
        {{.soft = "bn1.bias"}, {"bn1.bias", "link"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_foreign(c, path, &cases[i].f);
        REFUSED(path, c, 0, RGM_E_FORMAT, "foreign.h5", cases[i].part[0], cases[i].part[1]);
    }
    rgm_h5_enter();
    H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    rgm_h5_leave();
    REFUSED(path, c, 0, RGM_E_FORMAT, "no weights");
    free_state(c);
    rgm_graph_destroy(g);
}
END_TEST

/* Without a frame nothing says whether the bytes are right; whatever they are, this process goes on. */
START_TEST(damaged_foreign_files_do_no_harm) {
    rgm_graph *g = resnet("linear", 0);
    test_checkpoint *c = new_numbers(g), *back = new_state(g, 0);
    char *path = in_folder("foreign.h5"), *other = in_folder("other.h5");
    size_t size;
    uint32_t seed = 9;
    write_foreign(c, path, &(foreign){.chunked = 1});
    unsigned char *bytes = slurp(path, &size), *copy = malloc(size);
    for (int i = 0; i < 120; i++) {
        memcpy(copy, bytes, size);
        for (int k = 0; k < 4; k++) {
            seed = seed * 1664525u + 1013904223u;
            copy[(seed >> 8) % size] = k % 2 ? 0xff : (unsigned char)seed;
        }
        spill(other, copy, i % 3 ? size : (seed >> 8) % size);
        rgm_status status = load(other, back, 0, NULL);
        ck_assert(status == RGM_OK || status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED);
    }
    free(bytes);
    free(copy);
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- other readers ---- */

static const char reads[] = "import h5py, sys, numpy as np\n"
                            "f = h5py.File(sys.argv[1], 'r')\n"
                            "m = f['model']\n"
                            "assert list(m)[:6] == ['conv1.weight', 'bn1.weight', 'bn1.bias', 'bn1.running_mean',\n"
                            "                       'bn1.running_var', 'layer1.0.conv1.weight'], list(m)[:6]\n"
                            "assert list(m)[-2:] == ['fc.weight', 'fc.bias'], list(m)[-2:]\n"
                            "assert m['layer2.0.downsample.0.weight'].shape == (4, 2, 1, 1)\n"
                            "assert m['layer3.2.conv2.weight'].shape == (8, 8, 3, 3)\n"
                            "assert m['fc.weight'].shape == (3, 8) and m['fc.weight'].dtype == '<f4'\n"
                            "assert abs(m['fc.bias'][()] - np.float32([1, 2, 3])).max() == 0\n"
                            "assert sorted(f['optimizer']) == ['exp_avg', 'exp_avg.sq']\n"
                            "assert f['optimizer/exp_avg.sq/conv1.weight'].shape == (2, 1, 3, 3)\n"
                            "assert f['plugins/01'].attrs['label'] == b'scheduler 1 plateau'\n"
                            "assert f['plugins/01'].shape == (1000,) and f['plugins/01'].dtype == 'u1'\n"
                            "assert f['text/config'][()].decode() == 'batch: 128\\n'\n"
                            "assert f['text/classes'][()].decode() == 'T-shirt\\n\\u00c4rmel\\n'\n"
                            "assert f['text/build'][()].decode() == ''\n"
                            "assert f.attrs['format'] == b'regimen checkpoint' and f.attrs['format_version'] == 2\n"
                            "i = f['input'].attrs\n"
                            "assert list(i['image']) == [1, 16, 16] and i['classes'] == 3 and i['resize'] == b'none'\n"
                            "assert i['mean'] == np.float32([0.1]) and i['std'] == np.float32([1 / 3])\n"
                            "assert i['crop'] == b'none' and i['channels'] == b'none'\n"
                            "assert f.attrs['fingerprint_pixels'] == 1\n"
                            "assert f.attrs['step'] == 2**40 and f.attrs['seed'] == 2**64 - 1\n"
                            "assert f.attrs['best_epoch'] == 6 and f.attrs['best_epoch'].dtype == 'i4'\n"
                            "assert f.attrs['seconds'] == 1 / 3 and f.attrs['fingerprint'] == 2**63 + 1\n"
                            "w = h5py.File(sys.argv[2], 'w')\n"
                            "for n in m: w['model/' + n] = m[n][()].astype('f8')\n"
                            "w['model/bn1.num_batches_tracked'] = 7\n";

/* Debian's, which has Debian's h5py. */
static const char python[] = "/usr/bin/python3";

static int run_python(const char *script, const char *a, const char *b) {
    pid_t child = fork();
    if (child == 0) {
        execl(python, python, "-c", script, a, b, (char *)NULL);
        _exit(127);
    }
    int how = 0;
    waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128;
}

START_TEST(h5py_reads_and_writes) {
    if (run_python("try:\n  import h5py\nexcept Exception: raise SystemExit(77)", "", "") != 0) SKIP("no h5py");
    rgm_graph *g = resnet("resnet20", 2);
    test_checkpoint *c = new_numbers(g), *back = new_state(g, 0);
    for (int32_t i = 0; i < 3; i++)
        c->state.value[rgm_graph_param(g, rgm_graph_param_count(g) - 1)->offset + i] = (float)(i + 1);
    c->about.build = "";
    write_ok(c, in_folder("a.h5"));
    ck_assert_int_eq(run_python(reads, in_folder("a.h5"), in_folder("b.h5")), 0);
    rgm_error err = {0};
    ck_assert_msg(load(in_folder("b.h5"), back, 0, &err) == RGM_OK, "%s", err.text);
    ck_assert(same_tensors(c, back, 0));
    free_state(c);
    free_state(back);
    rgm_graph_destroy(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("weights");
    TCase *tcase = tcase_create("weights");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, foreign_weights_are_read);
    tcase_add_test(tcase, foreign_weights_are_checked);
    tcase_add_test(tcase, damaged_foreign_files_do_no_harm);
    tcase_add_test(tcase, h5py_reads_and_writes);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
