/* Alternate stacks: every thread of a team, and every other one, has its own; handlers run there whatever the stack
 * register points to. */
#include "config.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/altstack.h"
#include "base/team.h"
#include "sanitized.h"
#include "skip.h"

enum { MOST = 16, BYTES = 65536, MARGIN = 16384, PATTERN = 0x5a };

static rgm_team *make_team(int32_t threads) {
    rgm_team *team = NULL;
    rgm_error err = {0};
    rgm_team_options options = {.threads = threads, .pin = RGM_PIN_OFF};
    ck_assert_msg(rgm_team_create(&team, &options, &err) == RGM_OK, "%s", err.text);
    return team;
}

static int32_t on_alternate_stack(void) {
    stack_t now;
    return sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK);
}

static int32_t has_alternate_stack(void) {
    stack_t now;
    return sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= (size_t)MINSIGSTKSZ;
}

static _Thread_local volatile int32_t handled, handled_elsewhere;

static void on_signal(int number) {
    (void)number;
    char use[4096]; /* the stack holds more than the frame */
    memset(use, number, sizeof use);
    __asm__ volatile("" : : "r"(use) : "memory");
    if (on_alternate_stack())
        handled++;
    else
        handled_elsewhere++;
}

static void handle(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    ck_assert_int_eq(sigaction(number, &action, NULL), 0);
}

#if !RGM_SANITIZED
/* As oneDNN's matrix products do: the stack register points into a block of the heap, close to its start. */
static _Thread_local ucontext_t outside, within;
static void raise_one(void) { raise(SIGTRAP); }

static int32_t raise_within_the_heap(void) {
    unsigned char *block = malloc(MARGIN + BYTES);
    if (!block || getcontext(&within) != 0) return 0;
    memset(block, PATTERN, MARGIN);
    within.uc_stack.ss_sp = block + MARGIN;
    within.uc_stack.ss_size = BYTES;
    within.uc_link = &outside;
    makecontext(&within, raise_one, 0);
    int32_t fine = swapcontext(&outside, &within) == 0;
    for (int i = 0; i < MARGIN; i++) fine = fine && block[i] == PATTERN;
    free(block);
    return fine;
}
#else
static int32_t raise_within_the_heap(void) { return raise(SIGTRAP) == 0; } /* they know no stack but the thread's */
#endif

typedef struct seen {
    _Atomic int32_t arrived;
    int32_t size;
    int32_t stack[MOST], fine[MOST], on_it[MOST], elsewhere[MOST];
    sigset_t mask[MOST];
} seen;

static rgm_status look(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    seen *s = context;
    (void)chunk, (void)err;
    atomic_fetch_add(&s->arrived, 1);
    while (atomic_load(&s->arrived) < s->size) sched_yield(); /* each worker has one */
    s->stack[worker] = has_alternate_stack();
    pthread_sigmask(SIG_BLOCK, NULL, &s->mask[worker]);
    handled = handled_elsewhere = 0;
    s->fine[worker] = raise_within_the_heap();
    s->on_it[worker] = handled;
    s->elsewhere[worker] = handled_elsewhere;
    return RGM_OK;
}

START_TEST(every_worker_has_one) {
    static const int32_t sizes[] = {1, 2, 3, 16};
    static seen s;
    handle(SIGTRAP);
    for (int32_t round = 0; round < 2; round++) {
        rgm_team *team = make_team(sizes[_i]);
        for (int32_t again = 0; again < 2; again++) {
            s = (seen){.size = sizes[_i]};
            ck_assert_int_eq(rgm_team_for(team, look, &s, sizes[_i], NULL), RGM_OK);
            for (int32_t k = 0; k < sizes[_i]; k++) {
                ck_assert_msg(s.stack[k], "worker %d has none", k);
                ck_assert_int_eq(s.fine[k], 1);
                ck_assert_int_eq(s.on_it[k], 1);
                ck_assert_int_eq(s.elsewhere[k], 0);
            }
        }
        rgm_team_destroy(team);
    }
}
END_TEST

START_TEST(signals_are_the_callers) {
    static const int sent[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU, SIGALRM};
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF};
    static seen s = {.size = 3};
    rgm_team *team = make_team(3);
    handle(SIGTRAP);
    ck_assert_int_eq(rgm_team_for(team, look, &s, 3, NULL), RGM_OK);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 6; i++) {
            ck_assert_int_eq(sigismember(&s.mask[k], sent[i]), k > 0);
            ck_assert_int_eq(sigismember(&s.mask[k], own[i]), 0);
        }
    }
    rgm_team_destroy(team);
}
END_TEST

/* ---- other threads ---- */

static void *look_from_a_thread(void *context) {
    int32_t *fine = context;
    rgm_error err;
    handled = 0;
    *fine = has_alternate_stack() && rgm_altstack_install(&err) == RGM_OK && raise_within_the_heap() && handled == 1;
    return context;
}

static int32_t mappings(void) {
    char line[512];
    int32_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return 0;
    while (fgets(line, sizeof line, maps)) count++;
    fclose(maps);
    return count;
}

START_TEST(stacks_come_and_go_with_threads) {
    int32_t before = 0;
    handle(SIGTRAP);
    for (int round = 0; round < 200; round++) {
        pthread_t thread;
        void *result;
        int32_t fine = 0;
        ck_assert_int_eq(rgm_altstack_thread(&thread, look_from_a_thread, &fine), 0);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_ptr_eq(result, &fine);
        ck_assert_int_eq(fine, 1);
        if (round == 20) before = mappings();
    }
    ck_assert_int_le(mappings(), before + 20);
}
END_TEST

START_TEST(installing_again_changes_nothing) {
    stack_t one, two;
    rgm_error err;
    ck_assert_int_eq(rgm_altstack_install(&err), RGM_OK);
    ck_assert_int_eq(sigaltstack(NULL, &one), 0);
    ck_assert_int_eq(one.ss_flags & SS_DISABLE, 0);
    ck_assert_int_eq(rgm_altstack_install(&err), RGM_OK);
    ck_assert_int_eq(sigaltstack(NULL, &two), 0);
    ck_assert_ptr_eq(one.ss_sp, two.ss_sp);
}
END_TEST

/* A large one of the host program's stays; one that is too small for today's frames does not. */
START_TEST(a_large_one_is_kept) {
    static _Alignas(64) char given[1 << 20];
    stack_t mine = {.ss_sp = given, .ss_size = _i ? sizeof given : 8192}, now;
    rgm_error err;
    ck_assert_int_eq(sigaltstack(&mine, NULL), 0);
    ck_assert_int_eq(rgm_altstack_install(&err), RGM_OK);
    ck_assert_int_eq(sigaltstack(NULL, &now), 0);
    ck_assert_int_eq(now.ss_sp == given, _i);
}
END_TEST

static _Atomic int32_t ended;
static void note_end(void) { atomic_fetch_add(&ended, 1); }
static void *leave(void *context) {
    if (context) pthread_exit(NULL);
    return NULL;
}

START_TEST(the_end_of_a_thread_is_seen) {
    pthread_t thread;
    for (int k = 0; k < 3; k++) {
        rgm_altstack_watch(k < 2 ? note_end : NULL);
        ck_assert_int_eq(rgm_altstack_thread(&thread, leave, k ? &thread : NULL), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    ck_assert_int_eq(ended, 2);
}
END_TEST

#if !RGM_SANITIZED
static rgm_status nothing(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    ++*(int32_t *)context;
    return RGM_OK;
}

START_TEST(none_to_be_had_is_a_failure) {
    rgm_team *team = make_team(1);
    struct rlimit old, little = {1 << 20, RLIM_INFINITY};
    rgm_error err = {0};
    int32_t runs = 0;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    little.rlim_max = old.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &little), 0);
    rgm_status status = rgm_team_for(team, nothing, &runs, 5, &err);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(status, RGM_E_NOMEM);
    ck_assert_str_eq(err.text, "no stack for signal handlers: Cannot allocate memory");
    ck_assert_int_eq(runs, 0);
    ck_assert_int_eq(rgm_team_for(team, nothing, &runs, 5, &err), RGM_OK); /* asking again is trying again */
    ck_assert_int_eq(runs, 5);
    rgm_team_destroy(team);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("altstack");
    TCase *team = tcase_create("team"), *threads = tcase_create("threads");
    tcase_set_timeout(team, 300);
    tcase_set_timeout(threads, 300);
    suite_add_tcase(suite, team);
    suite_add_tcase(suite, threads);
    tcase_add_loop_test(team, every_worker_has_one, 0, 4);
    tcase_add_test(team, signals_are_the_callers);
#if !RGM_SANITIZED
    tcase_add_test(team, none_to_be_had_is_a_failure);
#else
    skip_case("none_to_be_had_is_a_failure", "a sanitizer");
#endif
    tcase_add_test(threads, stacks_come_and_go_with_threads);
    tcase_add_test(threads, installing_again_changes_nothing);
    tcase_add_loop_test(threads, a_large_one_is_kept, 0, 2);
    tcase_add_test(threads, the_end_of_a_thread_is_seen);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
