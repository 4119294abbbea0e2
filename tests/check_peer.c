/* A checkpoint's weights give the same logits in PyTorch (bench/peers/checkpoint_to_torch.py). Passes without a look
 * where Debian's Python has no torch. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make_set.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

enum { IMAGES = 11, CLASSES = 5 };

static const char python[] = "/usr/bin/python3";
static char *folder;

static void set_up(void) { folder = make_folder(); }
static void tear_down(void) { remove_folder(folder); }

static int run_python(char *const arguments[]) {
    pid_t child = fork();
    if (child == 0) {
        execv(python, arguments);
        _exit(77);
    }
    int how = 0;
    waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128;
}

/* Values that let every path through the network count: the last scale of a block starts at 0 otherwise. */
static rgm_status fill(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    uint32_t *seed = context;
    float *to = t->data;
    for (size_t k = 0; k < t->bytes / sizeof *to && t->role != RGM_ROLE_WEIGHT; k++) {
        *seed = *seed * 1664525u + 1013904223u;
        float u = (float)(*seed >> 8) / (1 << 24);
        to[k] = t->role == RGM_ROLE_SCALE || t->role == RGM_ROLE_VARIANCE ? 0.5f + u : u - 0.5f;
    }
    return RGM_OK;
}

/* Writes a checkpoint with the logits that belong to it beside it. */
static void write_model(const char *model, const char *set, const char *checkpoint, const char *ours) {
    static rgm_config config;
    rgm_error err = {0};
    rgm_session *session;
    rgm_trainer *trainer;
    rgm_checkpoint c = {0};
    char yaml[1024];
    float logits[IMAGES * CLASSES];
    snprintf(yaml, sizeof yaml, "{data: {file: %s}, model: {%s}, batch: 4, threads: 2}", set, model);
    ck_assert_msg(rgm_config_init(&config, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_config_parse(&config, yaml, strlen(yaml), "test", &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_session_create(&session, &config, &(rgm_session_options){0}, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_trainer_create(&trainer, session, &(rgm_trainer_options){0}, &err) == RGM_OK, "%s", err.text);
    static rgm_state state;
    uint32_t seed = 5;
    rgm_trainer_visit(trainer, RGM_PARAMETERS | RGM_STATISTICS, fill, &seed, &err);
    rgm_trainer_state(trainer, &state);
    c.input = session->model->input;
    ck_assert_msg(rgm_checkpoint_write(&c, &state, checkpoint, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_trainer_logits(trainer, &session->data->test, IMAGES, logits, &err) == RGM_OK, "%s", err.text);
    FILE *out = fopen(ours, "wb");
    ck_assert_uint_eq(fwrite(logits, sizeof logits, 1, out), 1);
    ck_assert_int_eq(fclose(out), 0);
    rgm_trainer_destroy(trainer);
    rgm_session_destroy(session);
}

/* arguments: folder of the peer, a folder, how many cases are in it (model-I.h5, set-I.h5, ours-I.raw); 77: no torch or
 * h5py here */
static const char compare[] = "import sys\n"
                              "try: import torch, h5py, numpy as np\n"
                              "except Exception: sys.exit(77)\n"
                              "peer, folder, cases = sys.argv[1:]\n"
                              "sys.dont_write_bytecode = True\n"
                              "sys.path.insert(0, peer)\n"
                              "import checkpoint_to_torch\n"
                              "for i in range(int(cases)):\n"
                              "    checkpoint, data, ours = (f'{folder}/{name}-{i}.{end}' for name, end in\n"
                              "        (('model', 'h5'), ('set', 'h5'), ('ours', 'raw')))\n"
                              "    theirs = f'{folder}/theirs.npy'\n"
                              "    sys.argv = ['', checkpoint, '--data', data, '--batch', '4', '--out', theirs]\n"
                              "    checkpoint_to_torch.main()\n"
                              "    b = np.load(theirs)\n"
                              "    a = np.fromfile(ours, np.float32).reshape(b.shape)\n"
                              "    assert b.shape == (11, 5) and b.std() > 1e-3, (i, b.shape, b.std())\n"
                              "    far = np.abs(a - b).max() / max(1, np.abs(b).max())\n"
                              "    assert far < 1e-4, (i, far)\n";

static const struct {
    const char *model;
    int32_t side, channels;
} cases[] = {
    {"name: resnet20, stem: small", 28, 1},
    {"name: resnet32, stem: small, shortcut: A", 15, 3},
    {"name: resnet18, stem: imagenet, base: 16", 64, 3},
    {"name: resnet50, stem: imagenet, base: 8", 65, 3},
};

enum { CASES = sizeof cases / sizeof *cases };

/* In one process, as each of Python's takes seconds to begin. */
START_TEST(the_same_logits) {
    const char *source = getenv("srcdir");
    char peer[1024], count[8];
    snprintf(peer, sizeof peer, "%s/bench/peers", source ? source : SOURCE_FOLDER);
    snprintf(count, sizeof count, "%d", CASES);
    for (int i = 0; i < CASES; i++) {
        char name[32], set[512], checkpoint[512], ours[512];
        snprintf(name, sizeof name, "set-%d.h5", i);
        snprintf(set, sizeof set, "%s", in_folder(folder, name));
        snprintf(name, sizeof name, "model-%d.h5", i);
        snprintf(checkpoint, sizeof checkpoint, "%s", in_folder(folder, name));
        snprintf(name, sizeof name, "ours-%d.raw", i);
        snprintf(ours, sizeof ours, "%s", in_folder(folder, name));
        int32_t side = cases[i].side;
        make_set(set, &(rgm_test_set){.train = 20,
                                      .test = IMAGES,
                                      .H = side,
                                      .W = side,
                                      .C = cases[i].channels,
                                      .classes = CLASSES,
                                      .constants = i % 2});
        write_model(cases[i].model, set, checkpoint, ours);
    }
    int found = run_python((char *[]){"python3", "-c", (char *)compare, peer, folder, count, NULL});
    ck_assert(found == 0 || found == 77);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("peer");
    TCase *tcase = tcase_create("peer");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_same_logits);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
