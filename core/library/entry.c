#define _GNU_SOURCE
#include "library/entry.h"

#include <stdio.h>
#include <string.h>
#include "base/altstack.h"
#include "plug/border.h"
#include "plug/guard.h"

RGM_SAME(REGIMEN_LOG_ERROR, RGM_LOG_ERROR);
RGM_SAME(REGIMEN_LOG_WARNING, RGM_LOG_WARN);
RGM_SAME(REGIMEN_LOG_INFO, RGM_LOG_INFO);
RGM_SAME(REGIMEN_LOG_DEBUG, RGM_LOG_DEBUG);

/* Its address tells threads apart. */
static _Thread_local char this_thread;

/* ---- the caller's state ---- */

void rgm_entry_leave(rgm_entry *e) {
    if (e->locale) uselocale(e->locale);
    rgm_fpenv_end(&e->state);
    pthread_sigmask(SIG_SETMASK, &e->mask, NULL); /* what was held back comes now */
}

void rgm_entry_return(rgm_entry *e) {
    pthread_sigmask(SIG_BLOCK, &e->held, &e->mask);
    rgm_fpenv_begin(&e->state);
    if (!rgm_guard_inside()) rgm_border_note_locale(); /* the caller may have chosen another one */
    if (!e->plain) return;
    e->locale = uselocale(e->plain);
}

/* ---- events ---- */

static void take_line(void *context, int32_t level, const char *line) {
    rgm_entry *e = context;
    if (!e->events.message) return;
    int32_t outside = e->thread == &this_thread;
    if (outside) rgm_entry_leave(e);
    e->events.message(e->events.context, level, line);
    if (outside) rgm_entry_return(e);
}

static int32_t asked(void *context) {
    rgm_entry *e = context;
    if (e->thread != &this_thread) return atomic_load(&e->cancelled);
    rgm_entry_leave(e);
    int32_t said = e->events.cancel ? e->events.cancel(e->events.context) : 0;
    rgm_entry_return(e);
    if (said) atomic_store(&e->cancelled, 1);
    return said;
}

rgm_stop rgm_entry_stop(rgm_entry *e) { return (rgm_stop){asked, e}; }

rgm_status rgm_entry_judge(const char *event, int32_t status, const regimen_error *theirs, rgm_error *err) {
    if (status >= 0) return RGM_OK;
    if (theirs->text[0]) return rgm_fail(err, status, "%.500s", theirs->text);
    return rgm_fail(err, status, "the event '%s' ended it", event);
}

rgm_status rgm_entry_finished(rgm_entry *e, const regimen_result *result, rgm_error *err) {
    regimen_error theirs = {0};
    if (!e->events.finished) return RGM_OK;
    rgm_entry_leave(e);
    int32_t said = e->events.finished(e->events.context, result, &theirs);
    rgm_entry_return(e);
    return rgm_entry_judge("finished", said, &theirs, err);
}

/* ---- begin and end ---- */

void rgm_entry_begin(rgm_entry *e, const regimen_events *events) {
    memset(e, 0, sizeof *e);
    rgm_sized_take(&e->events, sizeof e->events, events);
    e->thread = &this_thread;
    e->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    rgm_altstack_held(&e->held);
    rgm_entry_return(e);
    e->receiver.take = take_line;
    e->receiver.context = e;
    rgm_log_receive(&e->receiver);
}

int32_t rgm_entry_end(rgm_entry *e, rgm_status status, regimen_error *err) {
    char line[RGM_ERROR_LINE];
    if (err) {
        err->status = status < 0 ? status : RGM_OK;
        snprintf(err->text, sizeof err->text, "%s", status < 0 ? rgm_error_line(&e->err, line) : "");
    }
    rgm_log_release(&e->receiver);
    rgm_entry_leave(e);
    if (e->plain) freelocale(e->plain);
    return status;
}

rgm_status rgm_entry_need(const void *given, const char *function, const char *what, rgm_error *err) {
    return given ? RGM_OK : rgm_fail(err, RGM_E_USAGE, "%s: no %s", function, what);
}

/* ---- structs that begin with their size ---- */

static size_t size_of(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

rgm_status rgm_sized_check(const void *given, const char *name, rgm_error *err) {
    if (!given || size_of(given) >= sizeof(size_t)) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: its member size is not set: it is sizeof(%s)", name, name);
}

void rgm_sized_take(void *own, size_t size, const void *given) {
    memset(own, 0, size);
    if (given) memcpy(own, given, size_of(given) < size ? size_of(given) : size);
    memcpy(own, &size, sizeof size);
}

void rgm_sized_give(void *given, const void *own, size_t size) {
    size_t room = given ? size_of(given) : 0, most = room < size ? room : size;
    if (most > sizeof size) memcpy((char *)given + sizeof size, (const char *)own + sizeof size, most - sizeof size);
}
