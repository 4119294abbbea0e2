#include "config.h"
#include "base/altstack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 32768, LEAST_ROOM = 8192 }; /* for the handlers themselves, beside the kernel's frame */

/* A mapping: one page without access, then the stack, which grows down towards it. base NULL: not ours. */
typedef struct altstack {
    char *base;
    size_t bytes, guard;
} altstack;

static _Thread_local altstack mine;
static _Thread_local int32_t prepared;
static void (*_Atomic on_end)(void);
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int no_key; /* why there is none */

void rgm_altstack_watch(void (*ended)(void)) { atomic_store(&on_end, ended); }

/* Of the kernel's frame, which holds all vector and matrix registers. */
static size_t frame_bytes(void) {
    size_t frame = (size_t)SIGSTKSZ;
#ifdef AT_MINSIGSTKSZ
    size_t told = getauxval(AT_MINSIGSTKSZ);
    if (told > frame) frame = told;
#endif
    return frame;
}

static int map_stack(altstack *s) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    s->guard = page;
    s->bytes = page + (frame_bytes() + ROOM + page - 1) / page * page;
    s->base = mmap(NULL, s->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (s->base == MAP_FAILED) {
        s->base = NULL;
        return errno;
    }
    if (mprotect(s->base + page, s->bytes - page, PROT_READ | PROT_WRITE) == 0) return 0;
    int failed = errno;
    munmap(s->base, s->bytes);
    s->base = NULL;
    return failed;
}

static int has_one(void) {
    stack_t now;
    return sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= frame_bytes() + LEAST_ROOM;
}

static void end_thread(void *unused) {
    (void)unused;
    void (*ended)(void) = atomic_load(&on_end);
    if (ended) ended();
    if (!mine.base) return;
    stack_t now, none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == mine.base + mine.guard) sigaltstack(&none, NULL);
    munmap(mine.base, mine.bytes);
    mine.base = NULL;
}

static void make_key(void) { no_key = pthread_key_create(&key, end_thread); }

static int need_key(void) {
    pthread_once(&once, make_key);
    return no_key;
}

/* Makes `s`, which may be none, the calling thread's. */
static int use_stack(const altstack *s) {
    if (s->base) {
        stack_t stack = {.ss_sp = s->base + s->guard, .ss_size = s->bytes - s->guard};
        if (sigaltstack(&stack, NULL) != 0) return errno;
    }
    mine = *s;
    prepared = 1;
    return pthread_setspecific(key, &prepared);
}

static rgm_status install_new(rgm_error *err) {
    altstack s = {0};
    int failed = need_key();
    if (!failed && !has_one()) failed = map_stack(&s);
    if (!failed) failed = use_stack(&s);
    if (!failed) return RGM_OK;
    if (s.base && !prepared) munmap(s.base, s.bytes);
    return rgm_fail(err, RGM_E_NOMEM, "no stack for signal handlers: %s", strerror(failed));
}

rgm_status rgm_altstack_install(rgm_error *err) { return prepared ? RGM_OK : install_new(err); }

static int is_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
           number == SIGSYS || number == SIGABRT;
}

static int has_own_handler(int number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0 || (action.sa_flags & SA_ONSTACK)) return 0;
    return (action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

void rgm_altstack_block(sigset_t *old) {
    sigset_t all;
    sigfillset(&all);
    for (int i = 1; i <= SIGRTMAX; i++)
        if (is_fault(i) || (i == SIGPROF && !has_own_handler(i))) sigdelset(&all, i);
    pthread_sigmask(SIG_SETMASK, &all, old);
}

void rgm_altstack_held(sigset_t *held) {
    sigemptyset(held);
    for (int i = 1; i <= SIGRTMAX; i++)
        if (!is_fault(i) && has_own_handler(i)) sigaddset(held, i);
}

/* ---- threads ---- */

typedef struct beginning {
    void *(*run)(void *);
    void *context;
    altstack stack;
} beginning;

static void *begin_thread(void *context) {
    beginning b = *(beginning *)context;
    free(context);
    if (has_one()) { /* a sanitizer's */
        munmap(b.stack.base, b.stack.bytes);
        b.stack.base = NULL;
    }
    use_stack(&b.stack); /* all that it needs was made before */
    return b.run(b.context);
}

int rgm_altstack_thread(pthread_t *thread, void *(*run)(void *context), void *context) {
    beginning *b = malloc(sizeof *b);
    if (!b) return ENOMEM;
    *b = (beginning){.run = run, .context = context};
    int failed = need_key();
    if (!failed) failed = map_stack(&b->stack);
    if (!failed) {
        sigset_t old;
        rgm_altstack_block(&old);
        failed = pthread_create(thread, NULL, begin_thread, b);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    if (!failed) return 0;
    if (b->stack.base) munmap(b->stack.base, b->stack.bytes);
    free(b);
    return failed;
}
