#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cpu.h"
#include "base/replace.h"
#include "base/status.h"
#include "base/text.h"
#include "skip.h"

START_TEST(every_status_has_text_and_exit_code) {
    static const int codes[RGM_STATUS_COUNT] = {0, 1, 2, 2, 2, 3, 3, 4, 5, 130, 3};
    for (int k = 0; k < RGM_STATUS_COUNT; k++) {
        ck_assert_ptr_nonnull(rgm_status_text(-k));
        ck_assert_str_ne(rgm_status_text(-k), "unknown status");
        ck_assert_int_eq(rgm_status_exit_code(-k), codes[k]);
    }
    static const int32_t strange[] = {1, -RGM_STATUS_COUNT, INT32_MAX, INT32_MIN};
    for (int k = 0; k < 4; k++) {
        ck_assert_str_eq(rgm_status_text(strange[k]), "unknown status");
        ck_assert_int_eq(rgm_status_exit_code(strange[k]), 3);
    }
}
END_TEST

START_TEST(error_text_is_one_line) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_fail(&err, RGM_E_IO, "%s: %s", "a\nb\033[2J\x7f\tc\xc3\xa9", "gone"), RGM_E_IO);
    ck_assert_int_eq(err.status, RGM_E_IO);
    ck_assert_str_eq(err.text, "a?b?[2J??c\xc3\xa9: gone");
    ck_assert_int_eq(rgm_fail_in(&err, "layer\r%d", 3), RGM_E_IO);
    ck_assert_str_eq(err.text, "layer?3: a?b?[2J??c\xc3\xa9: gone");
    ck_assert_int_eq(rgm_fail(NULL, RGM_E_IO, "nobody listens"), RGM_E_IO);
    ck_assert_int_lt(rgm_fail_in(NULL, "nobody"), 0);
}
END_TEST

START_TEST(reals_have_the_fewest_digits) {
    char text[RGM_TEXT_REAL];
    ck_assert_str_eq(rgm_text_shortest(text, 0.1), "0.1");
    ck_assert_str_eq(rgm_text_shortest(text, 5e-4), "0.0005");
    ck_assert_str_eq(rgm_text_shortest(text, -1e22), "-1e+22");
    ck_assert_str_eq(rgm_text_shortest(text, 10), "10");
    ck_assert_str_eq(rgm_text_shortest(text, -640000), "-640000");
    ck_assert_str_eq(rgm_text_shortest(text, 999.5), "999.5");
    ck_assert_str_eq(rgm_text_shortest(text, 0), "0");
}
END_TEST

START_TEST(utf8_is_told_from_other_bytes) {
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {{"a", 1},
                 {"\xc3\xa4", 2},
                 {"\xe2\x82\xac", 3},
                 {"\xf0\x9f\x98\x80", 4},
                 {"\x80", 0},
                 {"\xc0\x80", 0},
                 {"\xe0\x80\x80", 0},
                 {"\xed\xa0\x80", 0},
                 {"\xf0\x80\x80\x80", 0},
                 {"\xf4\x90\x80\x80", 0},
                 {"\xf5\x80\x80\x80", 0},
                 {"\xe2\x82", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_uint_eq(rgm_text_utf8_length((const unsigned char *)cases[i].text), cases[i].length);
}
END_TEST

static void line_is(const rgm_error *err, const char *expected) {
    char line[RGM_ERROR_LINE];
    ck_assert_str_eq(rgm_error_line(err, line), expected);
}

/* Place and subject stand in front once, whatever is said of the error afterwards, and the place is still known. */
START_TEST(an_error_carries_its_place) {
    rgm_error err = {0};
    rgm_fail_about(&err, RGM_E_USAGE, "batch", "expected %d", 3);
    ck_assert_str_eq(err.text, "expected 3");
    ck_assert_str_eq(err.subject, "batch");
    line_is(&err, "batch: expected 3");
    rgm_error_at(&err, NULL, 7, 9);
    line_is(&err, "line 7, column 9: batch: expected 3");
    rgm_error_at(&err, "a\n.yaml", 7, 9);
    line_is(&err, "a?.yaml:7:9: batch: expected 3");
    rgm_fail_in(&err, "--set");
    line_is(&err, "--set: a?.yaml:7:9: batch: expected 3");
    rgm_error_about(&err, "x");
    line_is(&err, "x: --set: a?.yaml:7:9: batch: expected 3");
    rgm_error_about(&err, "y");
    line_is(&err, "y: x: --set: a?.yaml:7:9: batch: expected 3");
    ck_assert_int_eq(err.line, 7);
    ck_assert_int_eq(err.column, 9);
    ck_assert_str_eq(err.file, "a?.yaml");
    rgm_fail(&err, RGM_E_IO, "gone");
    ck_assert_int_eq(err.line, 0);
    line_is(&err, "gone");
    err.text[0] = 0;
    line_is(&err, rgm_status_text(RGM_E_IO));
    ck_assert_int_eq(rgm_fail_about(NULL, RGM_E_IO, "x", "nobody listens"), RGM_E_IO);
    rgm_error_at(NULL, "f", 1, 1);
    rgm_error_about(NULL, "x");
}
END_TEST

/* The longest of everything fits into a line, cut where it must be. */
START_TEST(an_error_with_a_long_place_is_cut) {
    rgm_error err = {0};
    char lengthy[2000], line[RGM_ERROR_LINE];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = 0;
    rgm_fail_about(&err, RGM_E_USAGE, lengthy, "%s", lengthy);
    rgm_error_at(&err, lengthy, INT32_MAX, INT32_MAX);
    ck_assert_uint_eq(strlen(err.subject), 80);
    ck_assert_uint_eq(strlen(err.file), 160);
    ck_assert_uint_eq(strlen(rgm_error_line(&err, line)), 160 + 24 + 80 + 2 + sizeof err.text - 1);
    rgm_fail_in(&err, "%s", lengthy);
    ck_assert_uint_eq(strlen(rgm_error_line(&err, line)), sizeof err.text - 1);
}
END_TEST

START_TEST(error_text_is_cut_to_fit) {
    rgm_error err = {0};
    char lengthy[2000];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    rgm_fail(&err, RGM_E_FORMAT, "%s", lengthy);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
    for (int k = 0; k < 5; k++) rgm_fail_in(&err, "%s", lengthy);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
    ck_assert_int_eq(err.status, RGM_E_FORMAT);
}
END_TEST

START_TEST(nearest_name) {
    static const char *const names[] = {"momentum", "nesterov", "weight_decay", "lr", "he", "Onecycle"};
    static const struct {
        const char *word, *nearest;
    } table[] = {
        {"momentum", "momentum"},
        {"momentun", "momentum"},
        {"MOMENTUM", "momentum"},
        {"mommentums", "momentum"},
        {"nestrov", "nesterov"},
        {"weightdecay", "weight_decay"},
        {"l", "lr"},
        {"rl", NULL},
        {"lt", "lr"},
        {"onecycle", "Onecycle"},
        {"zzzzzzzz", NULL},
        {"", NULL},
        {"momentum momentum momentum", NULL},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const char *found = rgm_text_nearest(table[k].word, names, 6);
        if (table[k].nearest)
            ck_assert_msg(found && strcmp(found, table[k].nearest) == 0, "%s: %s", table[k].word, found);
        else
            ck_assert_msg(!found, "%s: %s", table[k].word, found);
    }
    ck_assert_ptr_null(rgm_text_nearest("momentum", names, 0));
}
END_TEST

START_TEST(control_characters) {
    char text[] = "a\033[2J\x7f\xc2\x9b\xc2\xa0\xc3\x9b\xc2", all[33];
    rgm_text_clean(text);
    ck_assert_str_eq(text, "a?[2J???\xc2\xa0\xc3\x9b\xc2");
    char order[] = "a\xe2\x80\xaeg\xe2\x81\xa6\xe2\x80\xa8\xe2\x81\xaa\x9b\x9f\xe6\x97\xa5\xe2\x80", more[12] = "";
    rgm_text_add(more, sizeof more, order);
    rgm_text_clean(order);
    ck_assert_str_eq(order, "a???g???\xe2\x80\xa8\xe2\x81\xaa??\xe6\x97\xa5\xe2?");
    ck_assert(strncmp(more, order, sizeof more - 1) == 0 && strlen(more) == sizeof more - 1);
    for (int i = 0; i < 32; i++) all[i] = (char)(i < 31 ? i + 1 : 'x');
    all[32] = 0;
    rgm_text_clean(all);
    ck_assert_str_eq(all, "???????????????????????????????x");
}
END_TEST

START_TEST(nearest_of_very_long_words) {
    static char lengthy[100000];
    memset(lengthy, 'a', sizeof lengthy - 1);
    const char *const names[] = {lengthy, "aaa"};
    ck_assert_ptr_null(rgm_text_nearest(lengthy, names, 2));
    ck_assert_str_eq(rgm_text_nearest("aab", names, 2), "aaa");
}
END_TEST

START_TEST(arena_pieces) {
    static const size_t sizes[] = {1, 0, 63, 64, 65, 4096, 3, 100000, 0, 1};
    rgm_error err = {0};
    rgm_arena arena;
    size_t total = 0;
    for (int k = 0; k < 10; k++) total += rgm_arena_cost(sizes[k]);
    ck_assert_int_eq(rgm_arena_create(&arena, total, "test", &err), RGM_OK);
    ck_assert_uint_ge(arena.size, total);
    char *before = NULL;
    for (int k = 0; k < 10; k++) {
        char *piece = rgm_arena_take(&arena, sizes[k]);
        ck_assert_ptr_nonnull(piece);
        ck_assert_uint_eq((uintptr_t)piece % RGM_ALIGN, 0);
        ck_assert(piece > before);
        for (size_t i = 0; i < sizes[k]; i++) ck_assert_int_eq(piece[i], 0);
        memset(piece, 0xff, sizes[k]); /* the next piece must still be zero */
        before = piece;
    }
    ck_assert_uint_eq(arena.used, total);
    rgm_arena_destroy(&arena);
    ck_assert_ptr_null(arena.base);
    rgm_arena_destroy(&arena);
}
END_TEST

START_TEST(arena_full) {
    rgm_error err = {0};
    rgm_arena arena;
    ck_assert_int_eq(rgm_arena_create(&arena, 1, "test", &err), RGM_OK);
    ck_assert_ptr_null(rgm_arena_take(&arena, arena.size + 1));
    ck_assert_ptr_null(rgm_arena_take(&arena, SIZE_MAX));
    ck_assert_ptr_null(rgm_arena_take(&arena, SIZE_MAX - 60));
    while (rgm_arena_take(&arena, 1)) ck_assert_uint_le(arena.used, arena.size);
    ck_assert_uint_gt(arena.used + rgm_arena_cost(1), arena.size);
    rgm_arena_destroy(&arena);
}
END_TEST

START_TEST(arena_of_nothing) {
    rgm_arena arena = {.base = (char *)1, .size = 1};
    ck_assert_int_eq(rgm_arena_create(&arena, 0, "test", NULL), RGM_OK);
    ck_assert_uint_eq(arena.size, 0);
    ck_assert_ptr_null(rgm_arena_take(&arena, 0));
    rgm_arena_destroy(&arena);
}
END_TEST

START_TEST(arena_large_is_huge_page_aligned) {
    rgm_error err = {0};
    rgm_arena arena;
    ck_assert_int_eq(rgm_arena_create(&arena, ((size_t)5 << 20) + 12345, "test", &err), RGM_OK);
    ck_assert_uint_eq((uintptr_t)arena.base % ((size_t)2 << 20), 0);
    char *piece = rgm_arena_take(&arena, (size_t)5 << 20);
    ck_assert_ptr_nonnull(piece);
    piece[0] = piece[((size_t)5 << 20) - 1] = 1;
    rgm_arena_destroy(&arena);
}
END_TEST

START_TEST(arena_too_large) {
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, (size_t)1 << 62};
    rgm_error err = {0};
    rgm_arena arena;
    ck_assert_int_eq(rgm_arena_create(&arena, sizes[_i], "activations", &err), RGM_E_NOMEM);
    ck_assert_ptr_nonnull(strstr(err.text, "activations"));
    ck_assert_ptr_null(arena.base);
    rgm_arena_destroy(&arena);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
/* A byte before and after a piece is poisoned; sanitizers end the process with a report. */
START_TEST(arena_red_zones) {
    rgm_arena arena;
    rgm_arena_create(&arena, 4096, "test", NULL);
    rgm_arena_take(&arena, 100);
    volatile char *piece = rgm_arena_take(&arena, 100);
    freopen("/dev/null", "w", stderr);
    piece[_i ? 100 : -1] = 1;
    _exit(0);
}
END_TEST
#endif

#define ALL_LEVELS (RGM_CPU_SSE41 | RGM_CPU_AVX2 | RGM_CPU_AVX512)

/* Feature words as these CPUs report them; XCR0 as the operating system of the row sets it. */
static const struct {
    const char *name;
    rgm_cpuid raw; /* max leaf, 1.ecx, 1.edx, 7.ebx, 7.ecx, 7.edx, 7.1.eax, xcr0 */
    uint32_t expected;
} cpus[] = {
    {"486, no leaf 1", {0}, 0},
    {"Core 2 Conroe", {10, 0x0000e3bd, 0xbfebfbff, 0, 0, 0, 0, 0}, 0},
    {"Nehalem", {11, 0x0098e3bd, 0xbfebfbff, 0, 0, 0, 0, 0}, RGM_CPU_SSE41},
    {"Sandy Bridge: AVX without FMA", {13, 0x17bae3ff, 0xbfebfbff, 0, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Ivy Bridge: AVX and F16C without FMA", {13, 0x7fbae3ff, 0xbfebfbff, 0x281, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Piledriver: FMA without AVX2", {13, 0x3e98320b, 0x178bfbff, 0x8, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Eden X4: AVX2 without FMA", {13, 0x77fae3bf & ~0x1000u, 0xbfc9fbff, 0x1ab, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Haswell", {13, 0x7ffafbff, 0xbfebfbff, 0x27ab, 0, 0, 0, 7}, RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Haswell under an OS that saves no YMM", {13, 0x7ffafbff, 0xbfebfbff, 0x27ab, 0, 0, 0, 3}, RGM_CPU_SSE41},
    {"Haswell under an OS without XSAVE", {13, 0x77fafbff, 0xbfebfbff, 0x27ab, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Haswell with leaves capped at 2", {2, 0x7ffafbff, 0xbfebfbff, 0x27ab, 0, 0, 0, 7}, RGM_CPU_SSE41},
    {"Zen 1", {13, 0x7ed8320b, 0x178bfbff, 0x209c01a9, 0, 0, 0, 7}, RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Zen 3", {16, 0x7efa320b, 0x178bfbff, 0x219c97a9, 0x0040068c, 0x10, 0, 0x207}, RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Zen 4",
     {16, 0x7efa320b, 0x178bfbff, 0xf1bf97a9, 0x00405fce, 0x10, 0x20, 0x2e7},
     ALL_LEVELS | RGM_CPU_AVX512_BF16},
    {"Zen 4 under an OS that saves no ZMM",
     {16, 0x7efa320b, 0x178bfbff, 0xf1bf97a9, 0x00405fce, 0x10, 0x20, 0x207},
     RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Zen 4 under an OS that saves no mask registers",
     {16, 0x7efa320b, 0x178bfbff, 0xf1bf97a9, 0x00405fce, 0x10, 0x20, 0x2c7},
     RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Knights Landing: F, CD, ER, PF",
     {13, 0x7ff8f3bf, 0xbfebfbff, 0x1c0d23ab, 1, 0, 0, 0xe7},
     RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Skylake-SP", {22, 0x7ffefbff, 0xbfebfbff, 0xd39ffffb, 8, 0x9c002400, 0, 0x2ff}, ALL_LEVELS},
    {"Skylake client", {22, 0x7ffafbbf, 0xbfebfbff, 0x029c6fbf, 0, 0x9c002400, 0, 0x1f}, RGM_CPU_SSE41 | RGM_CPU_AVX2},
    {"Ice Lake-SP", {27, 0x7ffefbff, 0xbfebfbff, 0xf3bfa7eb, 0x40417f5e, 0xbc040412, 0, 0x2e7}, ALL_LEVELS},
    {"Sapphire Rapids",
     {32, 0x7ffefbff, 0xbfebfbff, 0xf3bfbffb, 0x1b415f6e, 0xffdd4432, 0x1c30, 0x602e7},
     ALL_LEVELS | RGM_CPU_AVX512_BF16 | RGM_CPU_AMX_BF16},
    {"Sapphire Rapids, tiles not saved",
     {32, 0x7ffefbff, 0xbfebfbff, 0xf3bfbffb, 0x1b415f6e, 0xffdd4432, 0x1c30, 0x2e7},
     ALL_LEVELS | RGM_CPU_AVX512_BF16},
    {"Alder Lake: AVX-512 fused off",
     {32, 0x7ffafbbf, 0xbfebfbff, 0x239c27eb, 0x98c027bc, 0xfc1cc410, 0x400810, 0x207},
     RGM_CPU_SSE41 | RGM_CPU_AVX2},
};

START_TEST(cpu_table) {
    uint32_t found = rgm_cpu_decode(&cpus[_i].raw);
    ck_assert_msg(found == cpus[_i].expected, "%s: found %#x, expected %#x", cpus[_i].name, found, cpus[_i].expected);
}
END_TEST

/* Any single bit that a level's flags imply, taken away, takes the level away. */
START_TEST(cpu_needs_every_bit) {
    rgm_cpuid raw = {22, 0x7ffefbff, 0xbfebfbff, 0xd39ffffb, 8, 0x9c002400, 0, 0x2ff};
    static const int leaf1[] = {12, 27, 28, 29}, leaf7_avx2[] = {3, 5, 8}, leaf7_avx512[] = {16, 17, 30, 31};
    for (int k = 0; k < 4; k++) {
        rgm_cpuid less = raw;
        less.leaf1_ecx &= ~(1u << leaf1[k]);
        ck_assert_uint_eq(rgm_cpu_decode(&less), RGM_CPU_SSE41);
    }
    for (int k = 0; k < 3; k++) {
        rgm_cpuid less = raw;
        less.leaf7_ebx &= ~(1u << leaf7_avx2[k]);
        ck_assert_uint_eq(rgm_cpu_decode(&less), RGM_CPU_SSE41);
    }
    for (int k = 0; k < 4; k++) {
        rgm_cpuid less = raw;
        less.leaf7_ebx &= ~(1u << leaf7_avx512[k]);
        ck_assert_uint_eq(rgm_cpu_decode(&less), RGM_CPU_SSE41 | RGM_CPU_AVX2);
    }
}
END_TEST

#if defined(__x86_64__)
/* The compiler's run-time library asks the machine by itself. */
START_TEST(cpu_of_this_machine) {
    uint32_t features = rgm_cpu_features();
    ck_assert_int_eq(!!(features & RGM_CPU_SSE41), !!__builtin_cpu_supports("sse4.1"));
    ck_assert_int_eq(!!(features & RGM_CPU_AVX2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    ck_assert_int_eq(!!(features & RGM_CPU_AVX512), __builtin_cpu_supports("avx512bw") &&
                                                        __builtin_cpu_supports("avx512dq") &&
                                                        __builtin_cpu_supports("avx512vl"));
}
END_TEST
#endif

START_TEST(cpu_name_is_trimmed) {
    const char *name = rgm_cpu_name();
    size_t length = strlen(name);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, 63);
    ck_assert(name[0] != ' ' && name[length - 1] != ' ');
    ck_assert_ptr_null(strstr(name, "  "));
}
END_TEST

START_TEST(isa_choice) {
    rgm_error err = {0};
    int32_t isa = -1;
    ck_assert_int_eq(rgm_isa_choose("reference", 0, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_REFERENCE);
    ck_assert_int_eq(rgm_isa_choose("generic16", 0, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_GENERIC16);
    ck_assert_int_eq(rgm_isa_choose(NULL, 0, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_REFERENCE);
#ifdef RGM_HAVE_AVX512
    ck_assert_int_eq(rgm_isa_choose("auto", ALL_LEVELS, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_AVX512);
    ck_assert_int_eq(rgm_isa_choose("auto", RGM_CPU_SSE41 | RGM_CPU_AVX2, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_AVX2);
    ck_assert_int_eq(rgm_isa_choose("avx2", ALL_LEVELS, &isa, &err), RGM_OK);
    ck_assert_int_eq(isa, RGM_ISA_AVX2);
#endif
    isa = 77;
    ck_assert_int_eq(rgm_isa_choose("avx512", RGM_CPU_SSE41, &isa, &err), RGM_E_UNSUPPORTED);
    ck_assert_int_eq(rgm_isa_choose("avx513", ALL_LEVELS, &isa, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "nearest: 'avx512'"));
    ck_assert_int_eq(rgm_isa_choose("quantum-computer", ALL_LEVELS, &isa, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "expected auto, reference"));
    ck_assert_int_eq(isa, 77);
    for (int32_t k = -2; k < RGM_ISA_COUNT + 2; k++) ck_assert_ptr_nonnull(rgm_isa_name(k));
}
END_TEST

START_TEST(text_takes_columns) {
    static const struct {
        const char *text;
        int32_t columns;
    } cases[] = {{"", 0},
                 {"photo.jpg", 9},
                 {"\303\251", 1},
                 {"e\314\201", 1},
                 {"\346\227\245\346\234\254", 4},
                 {"\360\237\220\261", 2},
                 {"caf\351", 4},
                 {"\355\225\234", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(rgm_text_columns(cases[i].text) == cases[i].columns, "'%s': %d columns", cases[i].text,
                      rgm_text_columns(cases[i].text));
}
END_TEST

START_TEST(text_within_columns) {
    static const struct {
        const char *text;
        int32_t columns;
        size_t bytes;
    } cases[] = {{"", 3, 0},
                 {"photo", 0, 0},
                 {"photo", 4, 4},
                 {"photo", 9, 5},
                 {"\303\251\303\251", 1, 2},
                 {"e\314\201e", 1, 3},
                 {"\346\227\245\346\234\254", 3, 3},
                 {"\346\227\245\346\234\254", 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(rgm_text_within(cases[i].text, cases[i].columns) == cases[i].bytes, "'%s' in %d", cases[i].text,
                      cases[i].columns);
}
END_TEST

START_TEST(text_as_a_field) {
    static const char *const cases[][2] = {{"", ""},
                                           {"a b;c'", "a b;c'"},
                                           {"a,b", "\"a,b\""},
                                           {"say \"so\"", "\"say \"\"so\"\"\""},
                                           {"\"\"", "\"\"\"\"\"\""},
                                           {"two\nlines\r", "\"two\nlines\r\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i][0]), room = 2 * length + 3;
        char *out = malloc(room < 4 ? 4 : room); /* as large as it must be: a sanitizer sees the end */
        ck_assert_uint_eq(rgm_text_csv(cases[i][0], out, room < 4 ? 4 : room), strlen(cases[i][1]));
        ck_assert_str_eq(out, cases[i][1]);
        free(out);
    }
    char small[8];
    ck_assert_uint_eq(rgm_text_csv("a,\"\"\"\"\"", small, sizeof small), 6);
    ck_assert_str_eq(small, "\"a,\"\"\"");
}
END_TEST

/* The folder, the file and what is in the way; permissions are the system's matter. */
START_TEST(what_hinders_a_file) {
    char folder[] = "/tmp/rgm-base-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    int (*const both[])(const char *) = {rgm_replace_hindered, rgm_write_hindered};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(both[i](folder), EISDIR);
        ck_assert_int_eq(both[i]("/dev/null"), 0);
        ck_assert_int_eq(both[i]("/nowhere/at/all"), ENOENT);
        snprintf(path, sizeof path, "%s/new", folder);
        ck_assert_int_eq(both[i](path), 0);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        ck_assert(fd >= 0 && close(fd) == 0);
        ck_assert_int_eq(both[i](path), 0);
        snprintf(path, sizeof path, "%s/new/x", folder);
        ck_assert_int_eq(both[i](path), ENOTDIR);
        if (geteuid() != 0) { /* a file of a folder that is closed can be written, and not replaced */
            snprintf(path, sizeof path, "%s/new", folder);
            ck_assert_int_eq(chmod(folder, 0500), 0);
            ck_assert_int_eq(both[i](path), i ? 0 : EACCES);
            ck_assert_int_eq(chmod(folder, 0700), 0);
        }
        snprintf(path, sizeof path, "%s/new", folder);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name) {
    TCase *added = tcase_create(name);
    suite_add_tcase(suite, added);
    return added;
}

int main(void) {
    Suite *suite = suite_create("base");
    TCase *text = add_case(suite, "text"), *arena = add_case(suite, "arena");
    TCase *cpu = add_case(suite, "cpu");
    tcase_add_test(text, every_status_has_text_and_exit_code);
    tcase_add_test(text, reals_have_the_fewest_digits);
    tcase_add_test(text, utf8_is_told_from_other_bytes);
    tcase_add_test(text, error_text_is_one_line);
    tcase_add_test(text, an_error_carries_its_place);
    tcase_add_test(text, an_error_with_a_long_place_is_cut);
    tcase_add_test(text, error_text_is_cut_to_fit);
    tcase_add_test(text, nearest_name);
    tcase_add_test(text, nearest_of_very_long_words);
    tcase_add_test(text, control_characters);
    tcase_add_test(text, text_takes_columns);
    tcase_add_test(text, text_within_columns);
    tcase_add_test(text, text_as_a_field);
    tcase_add_test(text, what_hinders_a_file);
    tcase_add_test(arena, arena_pieces);
    tcase_add_test(arena, arena_full);
    tcase_add_test(arena, arena_of_nothing);
    tcase_add_test(arena, arena_large_is_huge_page_aligned);
    tcase_add_loop_test(arena, arena_too_large, 0, 4);
#if defined(__SANITIZE_ADDRESS__)
    for (int k = 0; k < 2; k++) tcase_add_loop_exit_test(arena, arena_red_zones, 1, k, k + 1);
#endif
    tcase_add_loop_test(cpu, cpu_table, 0, (int)(sizeof cpus / sizeof *cpus));
    tcase_add_test(cpu, cpu_needs_every_bit);
#if defined(__x86_64__)
    tcase_add_test(cpu, cpu_of_this_machine);
#endif
    tcase_add_test(cpu, cpu_name_is_trimmed);
    tcase_add_test(cpu, isa_choice);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
