/* Promises of the contract, kept to a plugin that takes each at its word (fixtures/keeper.c): state of any size,
 * scratch in every call, the locale that the program had, texts as long as may be. */
#include "check_plug.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "plug/border.h"
#include "plug/params.h"
#include "sanitized.h"
#include "skip.h"

/* The C library keeps 39 bytes of the path that a locale was found under. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:__argz_add_sep\n"; }

#define KEEPER RGM_FIXTURES "/train/keeper.so"

static void observe(rgm_instance *it, double value) {
    rgm_clock clock = plug_clock(10, 10, 10);
    rgm_error err = {0};
    ck_assert_msg(rgm_plug_observe(&it, 1, &clock, "validation_loss", value, &err) == RGM_OK, "%s", err.text);
}

static double factor(rgm_instance *it) {
    rgm_clock clock = plug_clock(10, 10, 10);
    rgm_error err = {0};
    double factor = NAN;
    ck_assert_msg(rgm_plug_factor(&it, 1, &clock, &factor, &err) == RGM_OK, "%s", err.text);
    return factor;
}

/* ---- state ---- */

/* What was saved at any size loads into a fresh instance; 0 bytes are a fresh instance's. */
START_TEST(test_state_of_any_size) {
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "keeper", "");
    rgm_error err = {0};
    for (int32_t n = 0; n <= 1000; n++) {
        double saved[1000];
        size_t bytes = rgm_instance_state_bytes(it);
        ck_assert_uint_eq(bytes, (size_t)n * sizeof(double));
        ck_assert_msg(rgm_instance_save(it, saved, bytes, &err) == RGM_OK, "%s", err.text);
        rgm_instance *fresh = plug_instance(registry, RGM_SCHEDULER, "keeper", "");
        ck_assert_msg(rgm_instance_load(fresh, saved, bytes, &err) == RGM_OK, "%s", err.text);
        EXPECT(factor(fresh) == 1.0 / (n + 1) && rgm_instance_state_bytes(fresh) == bytes);
        rgm_instance_destroy(fresh);
        observe(it, 0.5 * n);
    }
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* A load that refuses, a save that lies: one line with component, file and, for a state of before, the version. */
START_TEST(test_state_refused) {
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "keeper", "");
    rgm_error err = {0};
    char state[16] = {0};
    plug_refused(rgm_instance_load(it, state, 9, &err), RGM_E_FORMAT, &err,
                 "scheduler keeper (keeper.so, version 2.0.0): does not take its saved state of 9 bytes: a state of 9 "
                 "bytes, expected whole numbers");
    rgm_instance_destroy(it);
    it = plug_instance(registry, RGM_SCHEDULER, "keeper", "count_wrongly=1");
    ck_assert_uint_eq(rgm_instance_state_bytes(it), (size_t)RGM_INSTANCE_STATE + 1);
    plug_refused(rgm_instance_save(it, state, 16, &err), RGM_E_PLUGIN, &err,
                 "keeper (keeper.so): its state has 1099511627776 bytes, expected at most 67108864");
    rgm_instance_destroy(it);
    it = plug_instance(registry, RGM_SCHEDULER, "keeper", "count_wrongly=-1");
    ck_assert_uint_eq(rgm_instance_state_bytes(it), 8);
    plug_refused(rgm_instance_save(it, state, 8, &err), RGM_E_PLUGIN, &err,
                 "keeper (keeper.so): save has 0 bytes of state, expected the 8");
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_who_observes) {
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *keeper = plug_instance(registry, RGM_SCHEDULER, "keeper", "");
    rgm_instance *cosine = plug_instance(registry, RGM_SCHEDULER, "cosine", "");
    rgm_instance *flip = plug_instance(registry, RGM_AUGMENTATION, "flip", "");
    ck_assert(rgm_plug_observes(keeper) && !rgm_plug_observes(cosine) && !rgm_plug_observes(flip));
    rgm_instance_destroy(keeper);
    rgm_instance_destroy(cosine);
    rgm_instance_destroy(flip);
    rgm_registry_destroy(registry);
}
END_TEST

/* Slots that are not there are refused, not left out. */
START_TEST(test_slots_used) {
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *it = plug_instance(registry, RGM_OPTIMIZER, "keeper", "slots=1");
    rgm_clock clock = plug_clock(0, 10, 10);
    rgm_error err = {0};
    ck_assert_uint_eq(rgm_plug_slot_count(it), 1);
    rgm_instance_destroy(it);
    rgm_spec spec = plug_spec("keeper", "slots=2");
    ck_assert_int_eq(rgm_instance_create(&it, registry, RGM_OPTIMIZER, &spec, &err), RGM_OK);
    plug_refused(rgm_instance_prepare(it, &plug_model, &clock, &err), RGM_E_PLUGIN, &err,
                 "optimizer keeper (keeper.so): uses 2 slots, but has 1");
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- scratch ---- */

/* Everywhere but in prepare, which comes before it is asked for; again after a second prepare. */
START_TEST(test_scratch_of_main_calls) {
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *schedule = plug_instance(registry, RGM_SCHEDULER, "keeper", "");
    rgm_instance *image = plug_instance(registry, RGM_AUGMENTATION, "keeper", "change=larger");
    rgm_clock clock = plug_clock(0, 10, 10);
    rgm_error err = {0};
    double state[2] = {1, 2};
    for (int32_t i = 0; i < 2; i++) {
        EXPECT(factor(schedule) == 1.0);
        observe(schedule, 1.0);
        ck_assert_msg(rgm_instance_load(schedule, state, sizeof state, &err) == RGM_OK, "%s", err.text);
        rgm_image in = {.size = sizeof in, .channels = 3, .height = 8, .width = 9, .data = state}, out;
        rgm_plug_call call;
        rgm_plug_call_init(&call, image, &clock, NULL, NULL);
        ck_assert_msg(rgm_plug_augment_output(&call, &in, &out, &err) == RGM_OK, "%s", err.text);
        ck_assert(out.height == 10 && out.width == 9 && out.channels == 3);
        ck_assert_msg(rgm_instance_prepare(schedule, &plug_model, &clock, &err) == RGM_OK, "%s", err.text);
        ck_assert_msg(rgm_instance_prepare(image, &plug_model, &clock, &err) == RGM_OK, "%s", err.text);
    }
    rgm_instance_destroy(schedule);
    rgm_instance_destroy(image);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- locale ---- */

static int32_t has_comma(void) {
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    return strcmp(text, "0,5") == 0;
}

/* The name of a locale that writes a decimal comma: the system's, or one made in `folder`; NULL if there is none. */
static const char *comma_locale(const char *folder) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    char command[256];
    for (int32_t made = 0; made < 2; made++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            int32_t found = setlocale(LC_ALL, names[i]) && has_comma();
            setlocale(LC_ALL, "C");
            if (found) return names[i];
        }
        snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", folder);
        if (made || system(command) != 0) break;
        setenv("LOCPATH", folder, 1);
    }
    return NULL;
}

static void remove_locales(const char *folder) {
    char command[256];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void expect_points(const char *where) {
    double value = 0;
    char text[32];
    EXPECT_MSG(!has_comma(), "a comma after %s", where);
    EXPECT(rgm_text_real("0.5", &value) && value == 0.5);
    EXPECT(strcmp(rgm_text_print_real(text, sizeof text, 17, 0.5), "0.5") == 0);
}

/* Every call of a plugin that chooses a locale with a decimal comma. */
static void call_everything(const rgm_registry *registry, const char *name) {
    char settings[64];
    rgm_clock clock = plug_clock(0, 10, 10);
    rgm_error err = {0};
    double state = 1;
    uint8_t pixels[3 * 8 * 9], made[3 * 8 * 9];
    snprintf(settings, sizeof settings, "locale=%s", name);
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "keeper", settings);
    expect_points("prepare and scratch");
    factor(it), expect_points("factor");
    observe(it, 1.0), expect_points("observe");
    ck_assert_int_eq(rgm_instance_save(it, &state, rgm_instance_state_bytes(it), &err), RGM_OK);
    expect_points("save");
    ck_assert_int_eq(rgm_instance_load(it, &state, sizeof state, &err), RGM_OK);
    expect_points("load");
    rgm_instance_destroy(it);
    it = plug_instance(registry, RGM_AUGMENTATION, "keeper", settings);
    rgm_image in = {.size = sizeof in,
                    .channels = 3,
                    .height = 8,
                    .width = 9,
                    .stride_c = 1,
                    .stride_h = 27,
                    .stride_w = 3,
                    .data = pixels};
    rgm_image out = in;
    _Alignas(64) static char scratch[1000];
    rgm_plug_call call;
    int32_t changed;
    memset(pixels, 7, sizeof pixels);
    out.data = made;
    rgm_plug_call_init(&call, it, &clock, NULL, scratch);
    ck_assert_msg(rgm_plug_augment(&call, &in, &out, &changed, &err) == RGM_OK, "%s", err.text);
    expect_points("apply");
    rgm_instance_destroy(it);
}

/* One that a plugin chose for the thread alone is put back, too. */
static void change_the_thread(const char *name) {
    rgm_border border;
    locale_t comma = newlocale(LC_ALL_MASK, name, (locale_t)0);
    rgm_border_enter(&border, NULL, "a call");
    uselocale(comma);
    EXPECT(has_comma());
    EXPECT(rgm_border_leave(&border) == RGM_BORDER_LOCALE);
    expect_points("uselocale");
    freelocale(comma);
}

/* A program that chose such a locale itself reads and writes numbers with points all the same. */
static void read_and_write(const rgm_registry *registry, const char *name) {
    ck_assert_ptr_nonnull(setlocale(LC_ALL, name));
    ck_assert(has_comma());
    rgm_instance *sgd = plug_instance(registry, RGM_OPTIMIZER, "sgd", "lr=0.125 momentum=0.5");
    rgm_instance *step = plug_instance(registry, RGM_SCHEDULER, "step", "at=0.05,0.75");
    rgm_spec spec;
    rgm_instance_spec(sgd, &spec);
    const char *text = plug_spec_text(&spec);
    EXPECT_MSG(strstr(text, "lr: 0.125, momentum: 0.5"), "%s", text);
    EXPECT(rgm_plug_base_rate(sgd) == 0.125);
    EXPECT(fabs(factor(step) - 0.1) < 1e-15);
    rgm_instance_destroy(sgd);
    rgm_instance_destroy(step);
    setlocale(LC_ALL, "C");
}

/* One that the program chose after the plugins were loaded stays its own, once a session has begun. */
static void choose_later(const char *name) {
    rgm_border border;
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_nonnull(setlocale(LC_ALL, i ? "C" : name));
        rgm_border_note_locale();
        rgm_border_enter(&border, NULL, "a call");
        EXPECT(rgm_border_leave(&border) == 0);
        EXPECT(has_comma() == !i);
        rgm_border_enter(&border, NULL, "a call");
        setlocale(LC_ALL, i ? name : "C");
        EXPECT(rgm_border_leave(&border) == RGM_BORDER_LOCALE);
        EXPECT(has_comma() == !i);
    }
}

START_TEST(test_locale) {
    char folder[] = "/tmp/check_plug.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *name = comma_locale(folder);
    if (name) {
        rgm_registry *registry = plug_registry(KEEPER);
        call_everything(registry, name);
        change_the_thread(name);
        read_and_write(registry, name);
        choose_later(name);
        rgm_registry_destroy(registry);
    } else {
        skip_case("test_locale", "no locale with a decimal comma, and localedef makes none");
    }
    remove_locales(folder);
}
END_TEST

START_TEST(test_numbers_as_text) {
    static const struct {
        const char *text;
        int32_t fine;
        double value;
    } cases[] = {{"0.1", 1, 0.1},
                 {"-5e-324", 1, -0x1p-1074},
                 {"+2.5E+3", 1, 2500},
                 {".5", 1, 0.5},
                 {"9007199254740993", 1, 0x1p53},
                 {"", 0, 0},
                 {" 1", 0, 0},
                 {"1 ", 0, 0},
                 {"1,5", 0, 0},
                 {"0x10", 0, 0},
                 {"inf", 0, 0},
                 {"nan", 0, 0},
                 {"1e999", 0, 0},
                 {"1.2.3", 0, 0},
                 {"e5", 0, 0},
                 {"--1", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 0;
        EXPECT_MSG(rgm_text_real(cases[i].text, &value) == cases[i].fine, "'%s'", cases[i].text);
        EXPECT(!cases[i].fine || value == cases[i].value);
    }
}
END_TEST

/* ---- schedules ---- */

typedef struct told {
    const char *expected;
    int32_t count;
} told;

static void count_line(void *context, int32_t level, const char *line) {
    told *t = context;
    (void)level;
    t->count += strstr(line, t->expected) && strstr(line, "the run's 10 epochs");
}

/* A point that the run never reaches is told, once, and is no error: a run may be made shorter for a trial. */
START_TEST(test_point_beyond_the_end) {
    static const struct {
        const char *at;
        int32_t told;
    } cases[] = {{"0.5,0.75", 0}, {"3,9.5", 0}, {"3, 10", 2}, {"10", 1}, {"0.9999", 0}};
    char expected[64];
    rgm_registry *registry = plug_registry(NULL);
    rgm_error err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        told lines = {expected, 0};
        rgm_log_receiver receiver = {.take = count_line, .context = &lines};
        snprintf(expected, sizeof expected, "point %d of ", cases[i].told);
        rgm_spec spec = plug_spec("step", "at=x");
        snprintf(spec.settings[0].value, sizeof spec.settings[0].value, "%s", cases[i].at);
        rgm_clock clock = plug_clock(0, 10, 10);
        rgm_instance *it = NULL;
        ck_assert_int_eq(rgm_instance_create(&it, registry, RGM_SCHEDULER, &spec, &err), RGM_OK);
        rgm_log_receive(&receiver);
        rgm_status prepared = rgm_instance_prepare(it, &plug_model, &clock, &err);
        rgm_log_release(&receiver);
        ck_assert_int_eq(prepared, RGM_OK);
        ck_assert_msg(lines.count == (cases[i].told > 0), "at %s: %d lines", cases[i].at, lines.count);
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- texts and integers ---- */

START_TEST(test_longest_text) {
    char long_text[RGM_SPEC_VALUE + 8];
    rgm_registry *registry = plug_registry(KEEPER);
    rgm_instance *it = NULL, *again = NULL;
    rgm_error err = {0};
    rgm_spec spec = plug_spec("keeper", "text=x"), printed;
    memset(long_text, 'x', sizeof long_text);
    long_text[RGM_SPEC_VALUE - 1] = '\0';
    memcpy(spec.settings[0].value, long_text, RGM_SPEC_VALUE);
    ck_assert_msg(rgm_instance_create(&it, registry, RGM_SCHEDULER, &spec, &err) == RGM_OK, "%s", err.text);
    rgm_instance_spec(it, &printed);
    ck_assert_int_eq(printed.count, 4);
    ck_assert_str_eq(printed.settings[3].value, long_text);
    ck_assert_msg(rgm_instance_create(&again, registry, RGM_SCHEDULER, &printed, &err) == RGM_OK, "%s", err.text);
    rgm_instance_destroy(it);
    rgm_instance_destroy(again);
    rgm_registry_destroy(registry);
}
END_TEST

/* The edges of integers: none is undefined, none is taken for its neighbour. */
START_TEST(test_integer_edges) {
    static const char *const refused[] = {"-9223372036854775808", "9223372036854775807", "9007199254740993",
                                          "-9007199254740993", "18446744073709551616"};
    int64_t value = 0;
    rgm_error err = {0};
    rgm_parameter p = {.key = "n", .help = "n", .type = RGM_TYPE_INTEGER, .bytes = 8, .min = -0x1p53, .max = 0x1p53};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        plug_refused(rgm_param_set(&p, refused[i], &value, &err), RGM_E_USAGE, &err, refused[i]);
    ck_assert_int_eq(rgm_param_set(&p, "-9007199254740992", &value, &err), RGM_OK);
    ck_assert_int_eq(value, -(INT64_C(1) << 53));
    ck_assert_int_eq(rgm_param_set(&p, "9007199254740992", &value, &err), RGM_OK);
    ck_assert_int_eq(value, INT64_C(1) << 53);
}
END_TEST

/* ---- limits of the machine ---- */

/* Too few descriptors are no fault of a plugin: an error, not a list without it. */
START_TEST(test_no_descriptors_is_no_refusal) {
    struct rlimit few;
    rgm_registry *registry;
    rgm_registry_options options = {.knobs = &(rgm_registry_knobs){.ignore_path = 1}};
    rgm_error err = {0};
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
    for (few.rlim_cur = 3; few.rlim_cur < 40; few.rlim_cur++) {
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        rgm_status status = rgm_registry_create(&registry, &options, &err);
        if (status == RGM_OK) {
            ck_assert_uint_eq(rgm_registry_refused(registry), 0);
            rgm_registry_destroy(registry);
            return;
        }
        ck_assert_int_eq(status, RGM_E_IO);
        ck_assert_ptr_nonnull(strstr(err.text, "Too many open files"));
    }
}
END_TEST

/* Nor is a limit of file sizes, which a write meets half-way: told as what it is. */
START_TEST(test_no_size_is_no_refusal) {
    const char *files[] = {RGM_FIXTURES "/good.so"};
    struct rlimit old, little;
    rgm_registry *registry;
    rgm_registry_options options = {
        .folder = "", .files = files, .file_count = 1, .knobs = &(rgm_registry_knobs){.ignore_path = 1}};
    rgm_error err = {0};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    little = old;
    little.rlim_cur = 5000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    errno = EINVAL;
    rgm_status status = rgm_registry_create(&registry, &options, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_int_eq(status, RGM_E_IO);
    ck_assert_msg(strstr(err.text, "no private copy: File too large") != NULL, "%s", err.text);
}
END_TEST

#if !RGM_SANITIZED
/* Nor is too little address space. */
START_TEST(test_no_room_is_no_refusal) {
    const char *files[] = {RGM_FIXTURES "/broken_LARGE.so"};
    struct rlimit old, little;
    rgm_registry *registry;
    rgm_registry_options options = {
        .folder = "", .files = files, .file_count = 1, .knobs = &(rgm_registry_knobs){.ignore_path = 1}};
    rgm_error err = {0};
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    little = old;
    little.rlim_cur = (rlim_t)1 << 30;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &little), 0);
    rgm_status status = rgm_registry_create(&registry, &options, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &old), 0);
    ck_assert_msg(status == RGM_E_NOMEM, "%d: %s", status, err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "ulimit -v"));
    ck_assert_int_eq(rgm_registry_create(&registry, &options, &err), RGM_OK);
    rgm_registry_destroy(registry);
}
END_TEST
#endif

TCase *plug_case_promises(void) {
    TCase *tc = tcase_create("promises");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, test_state_of_any_size);
    tcase_add_test(tc, test_state_refused);
    tcase_add_test(tc, test_who_observes);
    tcase_add_test(tc, test_slots_used);
    tcase_add_test(tc, test_scratch_of_main_calls);
    tcase_add_test(tc, test_locale);
    tcase_add_test(tc, test_numbers_as_text);
    tcase_add_test(tc, test_point_beyond_the_end);
    tcase_add_test(tc, test_longest_text);
    tcase_add_test(tc, test_integer_edges);
    tcase_add_test(tc, test_no_descriptors_is_no_refusal);
    tcase_add_test(tc, test_no_size_is_no_refusal);
#if !RGM_SANITIZED
    tcase_add_test(tc, test_no_room_is_no_refusal);
#else
    skip_case("test_no_room_is_no_refusal", "a sanitizer");
#endif
    return tc;
}
