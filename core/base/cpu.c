#include "config.h"
#include "base/cpu.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#if defined(__x86_64__) || defined(__i386__)
#    define RGM_X86 1
#    include <cpuid.h>
#endif

static int has_all(uint64_t value, uint64_t bits) { return (value & bits) == bits; }

#define BIT(n) (UINT64_C(1) << (n))

/* Intel SDM volume 2, CPUID, and volume 1, 13.3 (XCR0). */
enum { LEAF1_ECX_OSXSAVE = 27 };
static const uint64_t leaf1_ecx_avx2 = BIT(12) | BIT(28) | BIT(29);             /* FMA, AVX, F16C */
static const uint64_t leaf7_ebx_avx2 = BIT(3) | BIT(5) | BIT(8);                /* BMI1, AVX2, BMI2 */
static const uint64_t leaf7_ebx_avx512 = BIT(16) | BIT(17) | BIT(30) | BIT(31); /* F, DQ, BW, VL */
static const uint64_t leaf7_edx_amx = BIT(22) | BIT(24);                        /* AMX-BF16, AMX-TILE */
static const uint64_t xcr0_ymm = BIT(1) | BIT(2);
static const uint64_t xcr0_zmm = BIT(5) | BIT(6) | BIT(7); /* masks, upper halves of 0-15, 16-31 */
static const uint64_t xcr0_tiles = BIT(17) | BIT(18);

uint32_t rgm_cpu_decode(const rgm_cpuid *raw) {
    uint32_t features = 0;
    if (raw->max_leaf < 1) return 0;
    if (raw->leaf1_ecx & BIT(19)) features |= RGM_CPU_SSE41;
    if (raw->max_leaf < 7) return features;
    uint64_t xcr0 = raw->leaf1_ecx & BIT(LEAF1_ECX_OSXSAVE) ? raw->xcr0 : 0;
    if (!has_all(raw->leaf1_ecx, leaf1_ecx_avx2) || !has_all(raw->leaf7_ebx, leaf7_ebx_avx2)) return features;
    if (!has_all(xcr0, xcr0_ymm)) return features;
    features |= RGM_CPU_AVX2;
    if (!has_all(raw->leaf7_ebx, leaf7_ebx_avx512) || !has_all(xcr0, xcr0_zmm)) return features;
    features |= RGM_CPU_AVX512;
    if (raw->leaf7_1_eax & BIT(5)) features |= RGM_CPU_AVX512_BF16;
    if (has_all(raw->leaf7_edx, leaf7_edx_amx) && has_all(xcr0, xcr0_tiles)) features |= RGM_CPU_AMX_BF16;
    return features;
}

static struct {
    pthread_once_t once;
    uint32_t features;
    char name[64];
} machine = {.once = PTHREAD_ONCE_INIT};

/* Copies `from`, at most sizeof machine.name - 1 characters, with runs of blanks made one and the ends trimmed. */
static void set_name(const char *from) {
    size_t used = 0;
    for (; *from && used < sizeof machine.name - 1; from++) {
        int blank = (unsigned char)*from <= ' ' || (unsigned char)*from >= 0x7f;
        if (blank && (used == 0 || machine.name[used - 1] == ' ')) continue;
        machine.name[used++] = blank ? ' ' : *from;
    }
    while (used && machine.name[used - 1] == ' ') used--;
    machine.name[used] = '\0';
    if (used == 0) strcpy(machine.name, "unknown CPU");
}

#ifdef RGM_X86
static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void read_registers(rgm_cpuid *raw) {
    uint32_t eax, ebx, ecx, edx;
    *raw = (rgm_cpuid){.max_leaf = (uint32_t)__get_cpuid_max(0, NULL)};
    if (raw->max_leaf >= 1) __cpuid(1, eax, ebx, raw->leaf1_ecx, raw->leaf1_edx);
    if (raw->max_leaf >= 7) {
        __cpuid_count(7, 0, eax, raw->leaf7_ebx, raw->leaf7_ecx, raw->leaf7_edx);
        if (eax >= 1) __cpuid_count(7, 1, raw->leaf7_1_eax, ebx, ecx, edx);
    }
    if (raw->leaf1_ecx & BIT(LEAF1_ECX_OSXSAVE)) raw->xcr0 = read_xcr0();
}

static void read_name(char name[49]) {
    uint32_t words[12] = {0};
    if ((uint32_t)__get_cpuid_max(0x80000000u, NULL) >= 0x80000004u)
        for (uint32_t k = 0; k < 3; k++)
            __cpuid(0x80000002u + k, words[4 * k], words[4 * k + 1], words[4 * k + 2], words[4 * k + 3]);
    memcpy(name, words, sizeof words);
    name[48] = '\0';
}
#else
static void read_registers(rgm_cpuid *raw) { *raw = (rgm_cpuid){0}; }
static void read_name(char name[49]) { name[0] = '\0'; }
#endif

static void read_machine(void) {
    rgm_cpuid raw;
    char name[49];
    read_registers(&raw);
    machine.features = rgm_cpu_decode(&raw);
    read_name(name);
    set_name(name);
}

uint32_t rgm_cpu_features(void) {
    pthread_once(&machine.once, read_machine);
    return machine.features;
}

const char *rgm_cpu_name(void) {
    pthread_once(&machine.once, read_machine);
    return machine.name;
}

int64_t rgm_cpu_cache(int32_t level) {
    long bytes = -1;
#ifdef _SC_LEVEL1_DCACHE_SIZE
    bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : level == 2 ? _SC_LEVEL2_CACHE_SIZE : _SC_LEVEL3_CACHE_SIZE);
#endif
    return bytes > 0 ? bytes : 0;
}

#ifndef RGM_HAVE_AVX2
#    define RGM_HAVE_AVX2 0
#endif
#ifndef RGM_HAVE_AVX512
#    define RGM_HAVE_AVX512 0
#endif

static const char *const isa_names[] = {[RGM_ISA_REFERENCE] = "reference",
                                        [RGM_ISA_GENERIC16] = "generic16",
                                        [RGM_ISA_AVX2] = "avx2",
                                        [RGM_ISA_AVX512] = "avx512"};
_Static_assert(sizeof isa_names / sizeof *isa_names == RGM_ISA_COUNT, "each level has a name");
static const struct {
    uint32_t needs; /* feature bits */
    int built;
    const char *extensions;
} isas[] = {
    [RGM_ISA_REFERENCE] = {0, 1, ""},
    [RGM_ISA_GENERIC16] = {0, 1, ""},
    [RGM_ISA_AVX2] = {RGM_CPU_AVX2, RGM_HAVE_AVX2, "AVX2, FMA, F16C, BMI1 and BMI2"},
    [RGM_ISA_AVX512] = {RGM_CPU_AVX512, RGM_HAVE_AVX512, "AVX-512 F, BW, DQ and VL"},
};
_Static_assert(sizeof isas / sizeof *isas == RGM_ISA_COUNT, "each level says what it needs");

const char *rgm_isa_name(int32_t isa) { return isa >= 0 && isa < RGM_ISA_COUNT ? isa_names[isa] : "unknown"; }

/* generic16 is never the best: its fma of every lane is exact without hardware for it, which is slower than plain C. */
static int32_t best_isa(uint32_t features) {
    int32_t best = RGM_ISA_REFERENCE;
    for (int32_t isa = RGM_ISA_AVX2; isa < RGM_ISA_COUNT; isa++)
        if (isas[isa].built && has_all(features, isas[isa].needs)) best = isa;
    return best;
}

static int32_t find_isa(const char *name) {
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
        if (strcmp(name, isa_names[isa]) == 0) return isa;
    return -1;
}

rgm_status rgm_isa_choose(const char *name, uint32_t features, int32_t *isa, rgm_error *err) {
    if (!name || strcmp(name, "auto") == 0) {
        *isa = best_isa(features);
        return RGM_OK;
    }
    int32_t wanted = find_isa(name);
    if (wanted < 0) {
        const char *nearest = rgm_text_nearest(name, isa_names, RGM_ISA_COUNT);
        return rgm_fail(err, RGM_E_USAGE, "unknown ISA '%s' (%s%s%s)", name, nearest ? "nearest: '" : "expected auto",
                        nearest ? nearest : ", reference, generic16, avx2 or avx512", nearest ? "'" : "");
    }
    if (!isas[wanted].built)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "ISA '%s': this build has no such kernels", isa_names[wanted]);
    if (!has_all(features, isas[wanted].needs))
        return rgm_fail(err, RGM_E_UNSUPPORTED, "ISA '%s' needs %s, which this machine lacks (best here: '%s')",
                        isa_names[wanted], isas[wanted].extensions, isa_names[best_isa(features)]);
    *isa = wanted;
    return RGM_OK;
}
