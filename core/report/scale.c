#include "report/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

enum { MOST_DIGITS = 12 };

/* 10 to a whole power, from its decimal text: pow() of some C libraries is off by an ulp. */
static double ten_to(int32_t power) {
    char text[16];
    double value = 1;
    snprintf(text, sizeof text, "1e%d", power);
    rgm_text_real(text, &value);
    return value;
}

static int32_t decade(double value) {
    int32_t power = (int32_t)floor(log10(value) + 1e-9);
    return power < -300 ? -300 : power > 300 ? 300 : power;
}

/* The least of 1, 2, 5 times a power of ten that is not below `width`. */
static double nice(double width) {
    double unit = ten_to(decade(width)), ratio = width / unit;
    if (ratio <= 1 + 1e-9) return unit;
    return unit * (ratio <= 2 + 1e-9 ? 2 : ratio <= 5 + 1e-9 ? 5 : 10);
}

static void add(rgm_scale *s, double value) {
    if (s->count < RGM_SCALE_TICKS) s->ticks[s->count++] = value;
}

static void linear_ticks(rgm_scale *s, int32_t wanted, int32_t round_ends) {
    s->step = nice((s->high - s->low) / wanted);
    double first = s->low / s->step, last = s->high / s->step;
    first = round_ends ? floor(first + 1e-9) : ceil(first - 1e-9);
    last = round_ends ? ceil(last - 1e-9) : floor(last + 1e-9);
    if (round_ends) {
        s->low = first * s->step;
        s->high = last * s->step;
    }
    for (double k = first; k <= last && s->count < RGM_SCALE_TICKS; k++) add(s, k * s->step);
}

static void log_ticks(rgm_scale *s, int32_t wanted, int32_t round_ends) {
    int32_t first = decade(s->low), last = decade(s->high), each = 1 + (last - first) / (wanted > 1 ? wanted : 1);
    double decades = log10(s->high / s->low);
    if (round_ends && decades > 2) {
        s->low = ten_to(first);
        s->high = s->high > ten_to(last) * (1 + 1e-9) ? ten_to(++last) : ten_to(last);
    }
    for (int32_t power = first; power <= last; power += each) {
        static const double parts[] = {1, 2, 5};
        for (int32_t i = 0; i < (decades <= 2 ? 3 : 1); i++) {
            double value = parts[i] * ten_to(power);
            if (value >= s->low * (1 - 1e-9) && value <= s->high * (1 + 1e-9)) add(s, value);
        }
    }
    if (!s->count) {
        add(s, s->low);
        add(s, s->high);
    }
}

static void settle(rgm_scale *s) {
    int32_t is_log = s->kind == RGM_SCALE_LOG;
    double least = is_log ? 1e-300 : -1e300;
    if (!isfinite(s->low) || !isfinite(s->high) || s->low > s->high || s->low < least || s->high > 1e300) {
        s->low = is_log ? 0.1 : 0;
        s->high = 1;
    }
    double size = fmax(fabs(s->low), fabs(s->high));
    if (is_log && s->high < s->low * 1.2) {
        s->low /= 2;
        s->high *= 2;
    } else if (!is_log && s->high - s->low <= 1e-9 * size) {
        s->low -= size > 0 ? 0.5 * size : 0.5;
        s->high += size > 0 ? 0.5 * size : 0.5;
    }
}

void rgm_scale_make(rgm_scale *s, double low, double high, int32_t wanted, int32_t round_ends) {
    s->low = low;
    s->high = high;
    s->count = 0;
    s->step = 0;
    settle(s);
    if (s->high - s->low < 1e-290) {
        s->low = s->kind == RGM_SCALE_LOG ? 0.1 : 0;
        s->high = 1;
    }
    if (s->kind == RGM_SCALE_LOG)
        log_ticks(s, wanted, round_ends);
    else
        linear_ticks(s, wanted, round_ends);
}

double rgm_scale_place(const rgm_scale *s, double value) {
    double share =
        s->kind == RGM_SCALE_LOG ? log(value / s->low) / log(s->high / s->low) : (value - s->low) / (s->high - s->low);
    if (s->kind == RGM_SCALE_LOG && !(value > 0)) share = 0;
    if (isnan(share)) share = 0;
    share = share < -1 ? -1 : share > 2 ? 2 : share;
    return s->from + share * (s->to - s->from);
}

/* "1234567" becomes "1,234,567". */
static void separate(char text[RGM_SCALE_TEXT]) {
    char digits[RGM_SCALE_TEXT];
    size_t length = strlen(text), used = 0, sign = text[0] == '-';
    strcpy(digits, text);
    if (strspn(digits + sign, "0123456789") + sign != length) return;
    for (size_t i = 0; i < length && used + 2 < RGM_SCALE_TEXT; i++) {
        if (i > sign && (length - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = 0;
}

const char *rgm_scale_text(const rgm_scale *s, double value, char text[RGM_SCALE_TEXT]) {
    double shown = s->unit == RGM_SCALE_PERCENT ? 100 * value : value;
    double step = s->unit == RGM_SCALE_PERCENT ? 100 * s->step : s->step;
    if (step > 0 && fabs(shown) < 0.25 * step) shown = 0;
    int32_t digits = shown != 0 && step > 0 ? decade(fabs(shown)) - decade(step) + 2 : 3;
    if (fabs(shown) >= 1 && fabs(shown) < 1e7 && decade(fabs(shown)) + 1 > digits) digits = decade(fabs(shown)) + 1;
    rgm_text_print_real(text, RGM_SCALE_TEXT - 4, digits < 1 ? 1 : digits > MOST_DIGITS ? MOST_DIGITS : digits, shown);
    separate(text);
    if (s->unit == RGM_SCALE_PERCENT) strcat(text, " %");
    return text;
}
