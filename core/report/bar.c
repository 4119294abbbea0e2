#include "report/bar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

enum { NOTHING = 0, PLAIN = 1, TERMINAL = 2 };

static const double draw_seconds = 0.1, plain_seconds = 10, window_seconds = 1;
static const double newest_share = 0.3; /* of the last window in the smoothed rate */

/* --- the line ------------------------------------------------------------------------------------------------------
 */

const char *rgm_bar_time(double seconds, char out[32]) {
    if (!(seconds >= 0)) seconds = 0;
    if (seconds > 1e9) seconds = 1e9;
    long long s = (long long)(seconds + 0.5);
    if (s >= 86400)
        snprintf(out, 32, "%lldd %02lld:%02lld", s / 86400, s / 3600 % 24, s / 60 % 60);
    else if (s >= 3600)
        snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%lld:%02lld", s / 60, s % 60);
    return out;
}

const char *rgm_bar_figure(double value, char out[32]) {
    int32_t whole = fabs(value) >= 100, one = fabs(value) >= 10, two = fabs(value) >= 0.1 || value == 0;
    snprintf(out, 32, whole ? "%.0f" : one ? "%.1f" : two ? "%.2f" : "%.3g", value);
    return out;
}

/* The parts of a line in the order in which they stand; each says how soon it is left out. */
enum { LABEL, BAR, SHARE, LOSS, ACCURACY, RATE, ETA, PARTS };
static const int32_t sacrifice[] = {BAR, RATE, ACCURACY, LABEL, LOSS, ETA};
enum { PART_BYTES = 96, BAR_LEAST = 8, BAR_MOST = 30 };

static double share_done(const rgm_bar_view *view) {
    double share = view->total > 0 ? (double)view->done / (double)view->total : 0;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void make_parts(const rgm_bar_view *view, char parts[PARTS][PART_BYTES]) {
    char eta[32], rate[32];
    const char *unit = view->unit ? view->unit : "";
    memset(parts, 0, PARTS * PART_BYTES);
    if (view->label) snprintf(parts[LABEL], PART_BYTES, "%.60s", view->label);
    if (view->total > 0) /* 100 % only when all is done */
        snprintf(parts[SHARE], PART_BYTES, "%3.0f %%", floor(100 * share_done(view)));
    else
        snprintf(parts[SHARE], PART_BYTES, "%lld %.40s", (long long)view->done, unit);
    if (isfinite(view->loss))
        snprintf(parts[LOSS], PART_BYTES, fabs(view->loss) < 1e4 ? "loss %.4f" : "loss %.3g", view->loss);
    if (isfinite(view->accuracy)) snprintf(parts[ACCURACY], PART_BYTES, "accuracy %.1f %%", 100 * view->accuracy);
    if (isfinite(view->rate) && view->rate >= 0)
        snprintf(parts[RATE], PART_BYTES, "%s %.40s/s", rgm_bar_figure(view->rate, rate), unit);
    if (isfinite(view->eta) && view->eta >= 0 && view->total > 0)
        snprintf(parts[ETA], PART_BYTES, "ETA %s", rgm_bar_time(view->eta, eta));
}

static void make_bar(const rgm_bar_view *view, int32_t width, char part[PART_BYTES]) {
    int32_t inner = width - 2;
    int32_t filled = (int32_t)(share_done(view) * inner);
    part[0] = '[';
    memset(part + 1, '#', (size_t)filled);
    memset(part + 1 + filled, '.', (size_t)(inner - filled));
    strcpy(part + 1 + inner, "]");
}

/* Columns of all parts with two blanks between them. */
static int32_t columns(char parts[PARTS][PART_BYTES]) {
    int32_t sum = 0;
    for (int32_t i = 0; i < PARTS; i++)
        if (parts[i][0]) sum += (int32_t)strlen(parts[i]) + (sum > 0 ? 2 : 0);
    return sum;
}

const char *rgm_bar_format(const rgm_bar_view *view, int32_t width, char out[RGM_BAR_LINE]) {
    char parts[PARTS][PART_BYTES];
    make_parts(view, parts);
    int32_t room = width > 0 ? width - 1 : RGM_BAR_LINE - 1;
    if (width > 0 && view->total > 0) {
        int32_t bar = room - columns(parts) - 2;
        if (bar > BAR_MOST) bar = BAR_MOST;
        if (bar >= BAR_LEAST) make_bar(view, bar, parts[BAR]);
    }
    for (size_t i = 0; i < sizeof sacrifice / sizeof sacrifice[0] && columns(parts) > room; i++)
        parts[sacrifice[i]][0] = 0;
    size_t used = 0;
    out[0] = 0;
    for (int32_t i = 0; i < PARTS; i++) {
        if (!parts[i][0]) continue;
        const char *gap = used == 0 ? "" : width > 0 ? "  " : i == SHARE && parts[LABEL][0] ? ": " : ", ";
        const char *part = width > 0 ? parts[i] : parts[i] + strspn(parts[i], " ");
        used += (size_t)snprintf(out + used, RGM_BAR_LINE - used, "%s%s", gap, part);
    }
    if (used > (size_t)room) out[room > 0 ? room : 0] = 0;
    return out;
}

/* --- drawing -------------------------------------------------------------------------------------------------------
 */

static int32_t terminal_width(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

static void erase(rgm_bar *p) {
    if (!p->visible) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->visible = 0;
}

static void draw(rgm_bar *p) {
    char line[RGM_BAR_LINE];
    fprintf(stderr, "\r%s\033[K", rgm_bar_format(&p->view, terminal_width(), line));
    fflush(stderr);
    p->visible = 1;
}

/* From rgm_log, on any thread: the lock is held while the line is written. */
static void make_way(void *context, int before) {
    rgm_bar *p = context;
    if (before) {
        pthread_mutex_lock(&p->lock);
        erase(p);
    } else {
        draw(p);
        pthread_mutex_unlock(&p->lock);
    }
}

static void say(const rgm_bar *p) {
    char line[RGM_BAR_LINE];
    rgm_log(RGM_LOG_INFO, "%s", rgm_bar_format(&p->view, 0, line));
}

static int32_t choose_mode(int32_t quiet) {
    const char *term = getenv("TERM");
    if (quiet) return NOTHING;
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 ? TERMINAL : PLAIN;
}

void rgm_bar_start(rgm_bar *p, const rgm_bar_options *options) {
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    snprintf(p->label, sizeof p->label, "%s", options->label ? options->label : "");
    p->view = (rgm_bar_view){.label = p->label[0] ? p->label : NULL,
                             .unit = options->unit,
                             .done = options->done,
                             .total = options->total,
                             .loss = NAN,
                             .accuracy = NAN,
                             .rate = -1,
                             .eta = -1};
    p->mode = choose_mode(options->quiet);
    p->window_start = rgm_seconds();
    p->drawn = p->mode == PLAIN ? p->window_start : 0;
    p->window_done = options->done;
    if (p->mode == TERMINAL) rgm_log_set_hook(make_way, p);
}

/* Closes a window of the rate when it is long enough. */
static void measure(rgm_bar *p, double time) {
    double seconds = time - p->window_start;
    if (seconds < window_seconds) return;
    double rate = (double)(p->view.done - p->window_done) / seconds;
    p->smooth_rate = p->smooth_rate > 0 ? p->smooth_rate + newest_share * (rate - p->smooth_rate) : rate;
    p->window_start = time;
    p->window_done = p->view.done;
    p->view.rate = p->smooth_rate;
    p->view.eta = p->smooth_rate > 0 ? (double)(p->view.total - p->view.done) / p->smooth_rate : -1;
}

void rgm_bar_update(rgm_bar *p, int64_t done, double loss, double accuracy) {
    if (p->mode == NOTHING) return;
    double time = rgm_seconds();
    pthread_mutex_lock(&p->lock);
    p->view.done = done;
    p->view.loss = loss;
    p->view.accuracy = accuracy;
    measure(p, time);
    int32_t due = time - p->drawn >= (p->mode == TERMINAL ? draw_seconds : plain_seconds);
    if (due) p->drawn = time;
    if (due && p->mode == TERMINAL) draw(p);
    pthread_mutex_unlock(&p->lock);
    if (due && p->mode == PLAIN) say(p);
}

void rgm_bar_label(rgm_bar *p, const char *label) {
    if (p->mode == NOTHING) return;
    pthread_mutex_lock(&p->lock);
    snprintf(p->label, sizeof p->label, "%s", label);
    p->view.label = p->label;
    if (p->mode == TERMINAL) draw(p);
    pthread_mutex_unlock(&p->lock);
}

void rgm_bar_skip(rgm_bar *p) {
    if (p->mode == NOTHING) return;
    pthread_mutex_lock(&p->lock);
    p->window_start = rgm_seconds();
    p->window_done = p->view.done;
    pthread_mutex_unlock(&p->lock);
}

void rgm_bar_hide(rgm_bar *p) {
    if (p->mode != TERMINAL) return;
    pthread_mutex_lock(&p->lock);
    erase(p);
    pthread_mutex_unlock(&p->lock);
}

void rgm_bar_finish(rgm_bar *p) {
    if (p->mode == NOTHING) return;
    if (p->mode == TERMINAL) {
        rgm_log_set_hook(NULL, NULL);
        erase(p);
    }
    pthread_mutex_destroy(&p->lock);
    p->mode = NOTHING;
}
