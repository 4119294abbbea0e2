#include "config.h"
#include "base/wait.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Returns at once if the word is not `old` any more; may return for no reason. */
static void sleep_while(_Atomic uint32_t *word, uint32_t old) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}

void rgm_event_wait(rgm_event *event, uint32_t old, int32_t spins) {
    for (int32_t spin = 0; spin < spins; spin++) {
        if (atomic_load_explicit(&event->word, memory_order_acquire) != old) return;
        pause_cpu();
    }
    /* The sleeper counts itself, then looks at the word; the waker changes the word, then looks at the count. Both are
     * sequentially consistent, so one of them sees the other. */
    atomic_fetch_add(&event->sleepers, 1);
    while (atomic_load(&event->word) == old) sleep_while(&event->word, old);
    atomic_fetch_sub(&event->sleepers, 1);
}

void rgm_event_bump(rgm_event *event) {
    atomic_fetch_add(&event->word, 1);
    if (atomic_load(&event->sleepers) > 0) syscall(SYS_futex, &event->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void rgm_barrier_wait(rgm_barrier *barrier, int32_t count, int32_t spins) {
    uint32_t before = atomic_load_explicit(&barrier->passed.word, memory_order_acquire);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 < count) {
        rgm_event_wait(&barrier->passed, before, spins);
        return;
    }
    atomic_store(&barrier->arrived, 0);
    rgm_event_bump(&barrier->passed);
}
