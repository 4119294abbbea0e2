#include "config.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/machine.h"
#include "base/team.h"
#include "sanitized.h"
#include "skip.h"

#ifdef __SSE__
#    include <xmmintrin.h>
#endif

static const int32_t team_sizes[] = {1, 2, 3, 4, 7, 16};
enum { SIZES = 6, CHUNKS = 1000 };

static rgm_team *make_team(int32_t threads, int32_t pin) {
    rgm_team *team = NULL;
    rgm_error err = {0};
    rgm_team_options options = {.threads = threads, .pin = pin};
    ck_assert_msg(rgm_team_create(&team, &options, &err) == RGM_OK, "%s", err.text);
    return team;
}

START_TEST(options_are_checked) {
    static const rgm_team_options wrong[] = {{-1, 0}, {257, 0}, {INT32_MAX, 0}, {INT32_MIN, 0}, {1, -1}, {1, 3}};
    rgm_team *team = (rgm_team *)1;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_team_create(&team, &wrong[_i], &err), RGM_E_USAGE);
    ck_assert_ptr_null(team);
    ck_assert_str_ne(err.text, "");
    rgm_team_destroy(NULL);
}
END_TEST

START_TEST(zero_means_the_usable_cpus) {
    rgm_machine machine;
    rgm_machine_read(&machine);
    rgm_team *team = make_team(0, RGM_PIN_OFF);
    ck_assert_int_eq(rgm_team_size(team), machine.usable < 256 ? machine.usable : 256);
    rgm_team_destroy(team);
}
END_TEST

typedef struct tally {
    _Atomic int32_t runs[CHUNKS];
    _Atomic int32_t strangers; /* workers outside [0, size) */
    int32_t size;
} tally;

static rgm_status count_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    tally *t = context;
    (void)err;
    atomic_fetch_add(&t->runs[chunk], 1);
    if (worker < 0 || worker >= t->size) atomic_fetch_add(&t->strangers, 1);
    return RGM_OK;
}

START_TEST(every_chunk_runs_once) {
    static const int32_t counts[] = {0, 1, 2, 3, 15, 16, 17, CHUNKS};
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    static tally t;
    t.size = team_sizes[_i];
    for (int k = 0; k < 8; k++) {
        memset(t.runs, 0, sizeof t.runs);
        ck_assert_int_eq(rgm_team_for(team, count_chunk, &t, counts[k], NULL), RGM_OK);
        for (int c = 0; c < CHUNKS; c++) ck_assert_int_eq(t.runs[c], c < counts[k]);
    }
    ck_assert_int_eq(t.strangers, 0);
    rgm_team_destroy(team);
}
END_TEST

/* A made-up reduction whose value depends on every order: phase 0 fills a partial result per chunk, phase 1 reads all
 * of them, phase 2 has no chunks, phase 3 reads what phase 1 wrote. */
typedef struct reduction {
    float partial[97], spread[97], total;
} reduction;

static rgm_status fill(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    reduction *r = context;
    (void)worker, (void)err;
    float sum = r->total;
    for (int k = 1; k < 500; k++) sum += 1.0f / (float)(k * (chunk + 3));
    r->partial[chunk] = sum;
    return RGM_OK;
}

static rgm_status spread(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    reduction *r = context;
    (void)worker, (void)err;
    r->spread[chunk] = 0;
    for (int k = 0; k < 97; k++) r->spread[chunk] += r->partial[(k + chunk) % 97];
    return RGM_OK;
}

static rgm_status gather(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    reduction *r = context;
    (void)chunk, (void)worker, (void)err;
    r->total = 0;
    for (int k = 0; k < 97; k++) r->total += r->spread[k] * (float)(k - 50) / 65536;
    return RGM_OK;
}

static void reduce(int32_t threads, reduction *r) {
    rgm_team *team = make_team(threads, RGM_PIN_AUTO);
    rgm_phase phases[40];
    for (int k = 0; k < 40; k += 4) {
        phases[k] = (rgm_phase){.run = fill, .context = r, .chunks = 97};
        phases[k + 1] = (rgm_phase){.run = spread, .context = r, .chunks = 97};
        phases[k + 2] = (rgm_phase){.run = fill, .context = r, .chunks = 0};
        phases[k + 3] = (rgm_phase){.run = gather, .context = r, .chunks = 1};
    }
    for (int k = 0; k < 20; k++) ck_assert_int_eq(rgm_team_run(team, phases, 40, NULL), RGM_OK);
    rgm_team_destroy(team);
}

START_TEST(same_bits_on_any_team) {
    reduction alone = {0}, together = {0};
    reduce(1, &alone);
    reduce(team_sizes[_i], &together);
    ck_assert(isfinite(alone.total) && alone.total != 0);
    ck_assert_mem_eq(&alone, &together, sizeof alone);
}
END_TEST

static rgm_status meet(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    _Atomic int32_t *there = context;
    (void)chunk, (void)worker, (void)err;
    atomic_fetch_add(&there[0], 1);
    while (atomic_load(&there[0]) < there[1]) sched_yield();
    return RGM_OK;
}

/* As many chunks as workers, each waiting for all: ends only if they run at the same time. */
START_TEST(workers_run_together) {
    int32_t size = team_sizes[_i];
    _Atomic int32_t there[2] = {0, size};
    rgm_team *team = make_team(size, RGM_PIN_AUTO);
    for (int k = 0; k < 10; k++) {
        there[0] = 0;
        ck_assert_int_eq(rgm_team_for(team, meet, there, size, NULL), RGM_OK);
    }
    rgm_team_destroy(team);
}
END_TEST

static rgm_status wait_for_the_rest(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    _Atomic int32_t *finished = context;
    (void)worker, (void)err;
    while (chunk == 0 && atomic_load(finished) < 99) sched_yield();
    atomic_fetch_add(finished, 1);
    return RGM_OK;
}

/* Chunk 0 waits for all others, those of its own worker's share included: they must be taken over. */
START_TEST(idle_workers_steal) {
    _Atomic int32_t finished = 0;
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    ck_assert_int_eq(rgm_team_for(team, wait_for_the_rest, &finished, 100, NULL), RGM_OK);
    ck_assert_int_eq(finished, 100);
    rgm_team_destroy(team);
}
END_TEST

typedef struct failures {
    int32_t every, first; /* chunks first, first + every, ... fail, the later ones sooner */
    _Atomic int32_t later_phase;
} failures;

static rgm_status fail_some(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    failures *f = context;
    (void)worker;
    for (volatile int k = 0; k < 20 * (200 - chunk); k++) {}
    if (chunk < f->first || (chunk - f->first) % f->every) return RGM_OK;
    return rgm_fail(err, chunk % 2 ? RGM_E_NUMERIC : RGM_E_IO, "layer %d has a NaN", chunk);
}

static rgm_status note_later(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    atomic_fetch_add(&((failures *)context)->later_phase, 1);
    return RGM_OK;
}

START_TEST(lowest_failure_is_reported) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    for (int32_t first = 0; first < 200; first += 7) {
        failures f = {.every = 1 + first % 5, .first = first};
        rgm_phase phases[] = {{.run = fail_some, .context = &(failures){.every = 1, .first = 1000}, .chunks = 50},
                              {.run = fail_some, .context = &f, .chunks = 200},
                              {.run = note_later, .context = &f, .chunks = 10}};
        rgm_error err = {0};
        char expected[64];
        rgm_status status = first % 2 ? RGM_E_NUMERIC : RGM_E_IO;
        snprintf(expected, sizeof expected, "layer %d has a NaN", first);
        ck_assert_int_eq(rgm_team_run(team, phases, 3, &err), status);
        ck_assert_int_eq(err.status, status);
        ck_assert_str_eq(err.text, expected);
        ck_assert_int_eq(f.later_phase, 0);
        ck_assert_int_eq(rgm_team_run(team, phases, 3, NULL), status);
        ck_assert_int_eq(rgm_team_run(team, phases + 2, 1, &err), RGM_OK); /* and the team still works */
        ck_assert_int_eq(f.later_phase, 10);
    }
    rgm_team_destroy(team);
}
END_TEST

static rgm_status fail_silently(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)worker, (void)err;
    return chunk >= 2 ? RGM_E_PLUGIN : RGM_OK;
}

START_TEST(failure_without_a_text_gets_one) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    rgm_phase phase = {.run = fail_silently, .chunks = 5, .name = "fc forward"};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_team_run(team, &phase, 1, &err), RGM_E_PLUGIN);
    ck_assert_str_eq(err.text, "fc forward: chunk 2 failed: plugin failure");
    rgm_team_destroy(team);
}
END_TEST

static rgm_status fail_at_once(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    return context ? RGM_E_IO : RGM_OK;
}

/* Failures straight after a barrier that slower workers are still leaving: a worker that took them for the last phase's
 * would go home and leave the others waiting. */
START_TEST(failure_races_with_the_barrier) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    rgm_phase phases[8] = {0};
    for (int k = 0; k < 8; k++) phases[k] = (rgm_phase){.run = fail_at_once, .chunks = 16};
    for (int k = 0; k < 2000; k++) {
        for (int p = 0; p < 8; p++) phases[p].context = p == k % 8 ? &phases : NULL;
        ck_assert_int_eq(rgm_team_run(team, phases, 8, NULL), RGM_E_IO);
    }
    rgm_team_destroy(team);
}
END_TEST

START_TEST(malformed_phases) {
    rgm_team *team = make_team(2, RGM_PIN_OFF);
    tally t = {.size = 2};
    rgm_error err = {0};
    rgm_phase negative[] = {{.run = count_chunk, .context = &t, .chunks = 1}, {.run = count_chunk, .chunks = -1}};
    rgm_phase nothing = {.run = NULL, .chunks = 1};
    ck_assert_int_eq(rgm_team_run(team, negative, 2, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(t.runs[0], 0);
    ck_assert_int_eq(rgm_team_run(team, &nothing, 1, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_team_run(team, NULL, 0, &err), RGM_OK);
    rgm_team_destroy(team);
}
END_TEST

static rgm_status run_inside(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker;
    return rgm_team_for(context, fail_at_once, NULL, 1, err);
}

START_TEST(runs_do_not_nest) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_OFF);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_team_for(team, run_inside, team, 3, &err), RGM_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(err.text, "inside a chunk"));
    ck_assert_int_eq(rgm_team_for(team, fail_at_once, NULL, 3, &err), RGM_OK);
    rgm_team_destroy(team);
}
END_TEST

#ifdef __SSE__
static rgm_status denormal_and_third(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    float *out = context;
    (void)worker, (void)err;
    volatile float tiny = 1e-38f, denormal = 1e-40f, one = 1, three = 3;
    out[3 * chunk] = tiny * 0.01f;         /* FTZ */
    out[3 * chunk + 1] = denormal * 1e10f; /* DAZ */
    out[3 * chunk + 2] = one / three;
    return RGM_OK;
}

/* Whatever the caller's rounding, a chunk flushes denormals and rounds to nearest, and the caller gets its state back.
 */
START_TEST(floating_point_state) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    float out[3 * 64];
    const unsigned upwards = 0x1f80u | 0x4000u;
    for (int k = 0; k < 2; k++) {
        unsigned state = k ? upwards : 0x1f80u;
        memset(out, 0xff, sizeof out);
        _mm_setcsr(state);
        rgm_status status = rgm_team_for(team, denormal_and_third, out, 64, NULL);
        unsigned after = _mm_getcsr();
        _mm_setcsr(0x1f80u);
        ck_assert_int_eq(status, RGM_OK);
        ck_assert_uint_eq(after & ~0x3fu, state);
        for (int c = 0; c < 64; c++) {
            ck_assert(out[3 * c] == 0 && out[3 * c + 1] == 0);
            ck_assert(out[3 * c + 2] == 0x1.555556p-2f);
        }
    }
    rgm_team_destroy(team);
}
END_TEST
#endif

static rgm_status take_a_while(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)worker, (void)err;
    for (volatile int k = 0; k < 20000 * (chunk + 1); k++) {}
    return RGM_OK;
}

START_TEST(profile) {
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_OFF);
    rgm_phase phases[3] = {
        {.run = take_a_while, .chunks = 2}, {.run = take_a_while, .chunks = 0}, {.run = take_a_while, .chunks = 5}};
    rgm_team_run(team, phases, 3, NULL);
    ck_assert_uint_eq(phases[0].nanos + phases[1].nanos + phases[2].nanos + rgm_team_wait_nanos(team), 0);
    rgm_team_profile(team, 1);
    rgm_team_run(team, phases, 3, NULL);
    uint64_t once = phases[2].nanos, waited = rgm_team_wait_nanos(team);
    ck_assert_uint_gt(phases[0].nanos, 0);
    ck_assert_uint_gt(once, 0);
    if (team_sizes[_i] > 1) ck_assert_uint_gt(waited, 0);
    rgm_team_run(team, phases, 3, NULL);
    ck_assert_uint_gt(phases[2].nanos, once);
    ck_assert_uint_ge(rgm_team_wait_nanos(team), waited);
    waited = rgm_team_wait_nanos(team);
    rgm_phase single = {.run = take_a_while, .chunks = 1};
    rgm_team_run(team, &single, 1, NULL);
    ck_assert_uint_gt(single.nanos, 0);
    ck_assert_uint_eq(rgm_team_wait_nanos(team), waited);
    rgm_team_profile(team, 0);
    once = phases[2].nanos;
    rgm_team_run(team, phases, 3, NULL);
    ck_assert_uint_eq(phases[2].nanos, once);
    rgm_team_profile(team, 1);
    ck_assert_uint_eq(rgm_team_wait_nanos(team), 0);
    rgm_team_destroy(team);
}
END_TEST

START_TEST(teams_come_and_go) {
    static tally t = {.size = 16};
    for (int k = 0; k < 60; k++) {
        rgm_team *a = make_team(team_sizes[k % SIZES], RGM_PIN_AUTO), *b = make_team(team_sizes[k / 3 % SIZES], k % 3);
        for (int run = 0; run < 3; run++) {
            ck_assert_int_eq(rgm_team_for(a, count_chunk, &t, CHUNKS, NULL), RGM_OK);
            ck_assert_int_eq(rgm_team_for(b, count_chunk, &t, CHUNKS, NULL), RGM_OK);
        }
        rgm_team_destroy(a);
        rgm_team_destroy(b);
    }
    for (int c = 0; c < CHUNKS; c++) ck_assert_int_eq(t.runs[c], 360);
    rgm_team_destroy(make_team(7, RGM_PIN_OFF)); /* without a run */
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
START_TEST(a_run_allocates_nothing) {
    static tally t = {.size = 16};
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_AUTO);
    rgm_phase phases[20];
    for (int k = 0; k < 20; k++) phases[k] = (rgm_phase){.run = count_chunk, .context = &t, .chunks = CHUNKS};
    rgm_team_run(team, phases, 20, NULL);
    struct mallinfo2 before = mallinfo2();
    for (int k = 0; k < 100; k++) rgm_team_run(team, phases, 20, NULL);
    struct mallinfo2 after = mallinfo2();
    ck_assert_uint_eq(after.uordblks, before.uordblks);
    ck_assert_uint_eq(after.fordblks, before.fordblks);
    ck_assert_uint_eq(after.hblkhd, before.hblkhd);
    rgm_team_destroy(team);
}
END_TEST
#endif

/* oneDNN asks OpenMP how many threads it may use. */
#if !defined(RGM_TEAM_PTHREAD) || defined(RGM_HAVE_GOMP)
int omp_get_max_threads(void);
void omp_set_num_threads(int count);

static rgm_status ask_openmp(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    ((int *)context)[chunk] = omp_get_max_threads();
    return RGM_OK;
}

START_TEST(openmp_sees_one_thread) {
    int found[64];
    rgm_team *team = make_team(team_sizes[_i], RGM_PIN_OFF);
    omp_set_num_threads(3);
    rgm_team_for(team, ask_openmp, found, 64, NULL);
    for (int k = 0; k < 64; k++) ck_assert_int_eq(found[k], 1);
    ck_assert_int_eq(omp_get_max_threads(), 3); /* the caller's */
    int32_t before = rgm_single_enter();
    ck_assert_int_eq(omp_get_max_threads(), 1);
    rgm_single_leave(before);
    ck_assert_int_eq(omp_get_max_threads(), 3);
    rgm_team_destroy(team);
}
END_TEST
#endif

static rgm_status ask_affinity(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    rgm_cpu_mask mask;
    (void)err;
    sched_getaffinity(0, sizeof mask, mask.part);
    ((int32_t *)context)[2 * chunk] = CPU_COUNT_S(sizeof mask, mask.part);
    ((int32_t *)context)[2 * chunk + 1] = worker;
    return RGM_OK;
}

START_TEST(pinning) {
    static int32_t found[2 * 256];
    rgm_machine machine, after;
    rgm_machine_read(&machine);
    rgm_team *pinned = make_team(team_sizes[_i], RGM_PIN_ON), *loose = make_team(team_sizes[_i], RGM_PIN_OFF);
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(pinned), ", pinned to CPU"));
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(loose), ", not pinned"));
    for (int turn = 0; turn < 2; turn++) {
        rgm_team_for(pinned, ask_affinity, found, 256, NULL);
        for (int c = 0; c < 256; c++) ck_assert_int_eq(found[2 * c], 1);
        rgm_machine_read(&after);
        ck_assert_mem_eq(&after.mask, &machine.mask, sizeof machine.mask); /* the caller is free again */
        rgm_team_for(loose, ask_affinity, found, 256, NULL);
        for (int c = 0; c < 256; c++) ck_assert_int_eq(found[2 * c], machine.masked);
    }
    rgm_team_destroy(pinned);
    rgm_team_destroy(loose);
}
END_TEST

/* auto pins only a team that owns the whole machine. */
START_TEST(pinning_auto) {
    rgm_machine machine;
    rgm_machine_read(&machine);
    if (machine.usable != machine.online || machine.usable < 2 || machine.usable > 255)
        SKIP("needs all of several CPUs");
    rgm_team *whole = make_team(0, RGM_PIN_AUTO), *less = make_team(machine.usable - 1, RGM_PIN_AUTO);
    rgm_team *more = make_team(machine.usable + 1, RGM_PIN_AUTO);
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(whole), "pinned to CPUs"));
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(less), "not pinned"));
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(more), "not pinned"));
    rgm_team_destroy(whole);
    rgm_team_destroy(less);
    rgm_team_destroy(more);
    cpu_set_t first;
    CPU_ZERO(&first);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &machine.mask.part[0]) && CPU_COUNT(&first) < machine.usable - 1) CPU_SET(cpu, &first);
    sched_setaffinity(0, sizeof first, &first);
    rgm_team *half = make_team(0, RGM_PIN_AUTO);
    ck_assert_int_eq(rgm_team_size(half), machine.usable - 1);
    ck_assert_ptr_nonnull(strstr(rgm_team_describe(half), "not pinned"));
    rgm_team_destroy(half);
}
END_TEST

enum { REFUSED = 7 };

/* What a forked child does, by number; the last two are refused. */
static void act_as_child(int act, rgm_team *parents) {
    rgm_team *own = NULL;
    rgm_error err = {0};
    if (act == 0) own = make_team(1, RGM_PIN_OFF);
    if (act == 1) rgm_team_destroy(parents);
    if (act == 2) own = make_team(3, RGM_PIN_OFF);
    if (act == 3) own = parents;
    rgm_status status = own ? rgm_team_for(own, fail_at_once, NULL, 8, &err) : RGM_OK;
    if (status == RGM_E_UNSUPPORTED && strstr(err.text, "forked after a team had run")) _exit(REFUSED);
    _exit(status == RGM_OK ? 0 : 9);
}

START_TEST(forked_children) {
    int state;
    rgm_team *team = make_team(2, RGM_PIN_OFF);
    ck_assert_int_eq(rgm_team_for(team, fail_at_once, NULL, 8, NULL), RGM_OK);
    pid_t child = fork();
    if (child == 0) act_as_child(_i, team);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_msg(WIFEXITED(state) && WEXITSTATUS(state) == (_i < 2 ? 0 : REFUSED), "state %#x", state);
    ck_assert_int_eq(rgm_team_for(team, fail_at_once, NULL, 8, NULL), RGM_OK);
    rgm_team_destroy(team);
}
END_TEST

/* A child forked before any team has run is free to run its own. */
START_TEST(forked_before_a_run) {
    int state;
    rgm_team *team = make_team(3, RGM_PIN_OFF);
    pid_t child = fork();
    if (child == 0) act_as_child(3, team);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    rgm_team_destroy(team);
}
END_TEST

/* ---- threads that the system refuses ---- */

#if !RGM_SANITIZED /* they stand there themselves */

static _Atomic int32_t refuse_from = INT32_MAX, creations;

/* Stands in front of the C library's, for libgomp, too. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                                          void *(*start)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (atomic_fetch_add(&creations, 1) >= refuse_from) return EAGAIN;
    return real(thread, attributes, start, argument);
}

/* The first, the second ... is refused: an error, not the end of the process; later the same team can run. */
START_TEST(threads_are_refused) {
    rgm_error err = {0};
    rgm_team *team = make_team(4, RGM_PIN_OFF);
    creations = 0;
    refuse_from = _i;
    ck_assert_int_eq(rgm_team_start(team, &err), RGM_E_NOMEM);
    ck_assert_msg(strstr(err.text, "4 threads cannot be had: ") && strstr(err.text, "--threads"), "%s", err.text);
    creations = 0;
    ck_assert_int_eq(rgm_team_for(team, fail_at_once, NULL, 8, &err), RGM_E_NOMEM);
    refuse_from = INT32_MAX;
    ck_assert_int_eq(rgm_team_start(team, &err), RGM_OK);
    ck_assert_int_eq(rgm_team_start(team, &err), RGM_OK);
    creations = 0;
    refuse_from = 0; /* all are there */
    ck_assert_int_eq(rgm_team_for(team, fail_at_once, NULL, 8, &err), RGM_OK);
    rgm_team_destroy(team);
    team = make_team(4, RGM_PIN_OFF); /* OpenMP's threads stay for the next team */
    rgm_status again = rgm_team_start(team, &err);
    ck_assert_int_eq(again, strstr(rgm_team_describe(team), "OpenMP") ? RGM_OK : RGM_E_NOMEM);
    refuse_from = INT32_MAX;
    rgm_team_destroy(team);
}
END_TEST
#endif

static TCase *add_case(Suite *suite, const char *name) {
    TCase *added = tcase_create(name);
    tcase_set_timeout(added, 300);
    suite_add_tcase(suite, added);
    return added;
}

int main(void) {
    Suite *suite = suite_create("team");
    TCase *life = add_case(suite, "life"), *runs = add_case(suite, "runs"), *failing = add_case(suite, "failures");
    TCase *pins = add_case(suite, "pins");
    tcase_add_loop_test(life, options_are_checked, 0, 6);
    tcase_add_test(life, zero_means_the_usable_cpus);
    tcase_add_test(life, teams_come_and_go);
    tcase_add_loop_test(life, forked_children, 0, 4);
    tcase_add_test(life, forked_before_a_run);
#if !RGM_SANITIZED
    tcase_add_loop_test(life, threads_are_refused, 0, 3);
#else
    skip_case("threads_are_refused", "a sanitizer");
#endif
    tcase_add_loop_test(runs, every_chunk_runs_once, 0, SIZES);
    tcase_add_loop_test(runs, same_bits_on_any_team, 0, SIZES);
    tcase_add_loop_test(runs, workers_run_together, 0, SIZES);
    tcase_add_loop_test(runs, idle_workers_steal, 1, SIZES);
    tcase_add_loop_test(runs, profile, 0, SIZES);
#ifdef __SSE__
    tcase_add_loop_test(runs, floating_point_state, 0, SIZES);
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    tcase_add_loop_test(runs, a_run_allocates_nothing, 0, SIZES);
#endif
#if !defined(RGM_TEAM_PTHREAD) || defined(RGM_HAVE_GOMP)
    tcase_add_loop_test(runs, openmp_sees_one_thread, 0, SIZES);
#endif
    tcase_add_loop_test(failing, lowest_failure_is_reported, 0, SIZES);
    tcase_add_loop_test(failing, failure_without_a_text_gets_one, 0, SIZES);
    tcase_add_loop_test(failing, failure_races_with_the_barrier, 0, SIZES);
    tcase_add_test(failing, malformed_phases);
    tcase_add_loop_test(failing, runs_do_not_nest, 0, SIZES);
    tcase_add_loop_test(pins, pinning, 0, SIZES);
    tcase_add_test(pins, pinning_auto);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
