/* exp, log, powers, sine and cosine for plugins: plain double arithmetic, so that results have the same bits on every
 * machine.
 *
 * Argument reduction after Cody and Waite ("Software Manual for the Elementary Functions", 1980), then Taylor series
 * on the short interval, long enough that the rest is below 2^-56.
 */
#include "plug/math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 and pi / 2 in parts: the leading ones have trailing zero bits, so that their product with a small integer is
 * exact. */
static const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
static const double half_pi_1 = 0x1.921fb54400000p+0, half_pi_2 = 0x1.0b4611a600000p-34,
                    half_pi_3 = 0x1.3198a2e037073p-69;

static double power_of_two(int32_t e) { /* e in -1022..1023 */
    uint64_t bits = (uint64_t)(e + 1023) << 52;
    double out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* The nearest integer; |x| < 2^51. Adding 1.5 * 2^52 leaves no room for a fraction. */
static double nearest(double x) {
    const double shift = 0x1.8p52;
    return (x + shift) - shift;
}

double rgm_plug_exp(double x) {
    if (x != x) return x;
    if (x > 709.782712893384) return INFINITY;
    if (x < -745.14) return 0.0;
    double k = nearest(x * 0x1.71547652b82fep+0);
    double r = (x - k * ln2_high) - k * ln2_low; /* |r| <= 0.35 */
    double sum = 1.0;
    for (int32_t i = 14; i >= 1; i--) sum = 1.0 + sum * r / i;
    int32_t e = (int32_t)k;
    int32_t half = e / 2; /* in two factors: 2^k itself may not be a normal number */
    return sum * power_of_two(half) * power_of_two(e - half);
}

/* Returns e and *m in [1, 2), with x = *m * 2^e; x finite, > 0. */
static int32_t split_exponent(double x, double *m) {
    int32_t e = 0;
    if (x < 0x1p-1022) { /* subnormal */
        x *= 0x1p54;
        e = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    e += (int32_t)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | ((uint64_t)1023 << 52);
    memcpy(m, &bits, sizeof *m);
    return e;
}

double rgm_plug_log(double x) {
    if (x != x || x == INFINITY) return x;
    if (x < 0.0) return NAN;
    if (x == 0.0) return -INFINITY;
    double m;
    int32_t e = split_exponent(x, &m);
    if (m > 0x1.6a09e667f3bcdp+0) { /* sqrt 2 */
        m *= 0.5;
        e++;
    }
    /* log m = 2 artanh(s), |s| <= 0.172 */
    double s = (m - 1.0) / (m + 1.0), s2 = s * s, sum = 0.0;
    for (int32_t i = 25; i >= 3; i -= 2) sum = sum * s2 + 1.0 / i;
    return e * ln2_high + (2.0 * s + (2.0 * s * s2 * sum + e * ln2_low));
}

static double sine_series(double r) { /* |r| <= pi / 4 */
    double r2 = r * r, sum = 1.0;
    for (int32_t i = 18; i >= 2; i -= 2) sum = 1.0 - sum * r2 / (i * (i + 1));
    return r * sum;
}

static double cosine_series(double r) {
    double r2 = r * r, sum = 1.0;
    for (int32_t i = 19; i >= 1; i -= 2) sum = 1.0 - sum * r2 / (i * (i + 1));
    return sum;
}

/* sin(x + quarters * pi / 2) */
static double sine_shifted(double x, int32_t quarters) {
    if (!(x >= -1e6 && x <= 1e6)) return NAN;
    double k = nearest(x * 0x1.45f306dc9c883p-1);
    double r = ((x - k * half_pi_1) - k * half_pi_2) - k * half_pi_3;
    switch (((int32_t)k + quarters) & 3) {
    case 0:
        return sine_series(r);
    case 1:
        return cosine_series(r);
    case 2:
        return -sine_series(r);
    default:
        return -cosine_series(r);
    }
}

double rgm_plug_sin(double x) { return sine_shifted(x, 0); }

double rgm_plug_cos(double x) { return sine_shifted(x, 1); }

/* ---- powers ---- */

/* A number high + low times 2^exponent, high in [1, 2) or just beside it, |low| at most half a unit in high's last
 * place. */
typedef struct wide {
    double high, low;
    int64_t exponent;
} wide;

enum { FAR = 1 << 20 }; /* an exponent this large is an overflow or underflow, however it goes on */

/* high * high' exactly as product + rest: each factor cut in halves of 26 bits (Veltkamp), whose products are exact
 * (Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18, 1971). */
static double product_rest(double a, double b, double product) {
    const double splitter = 0x1p27 + 1.0;
    double t = splitter * a, a1 = t - (t - a), a2 = a - a1;
    double u = splitter * b, b1 = u - (u - b), b2 = b - b1;
    return ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
}

static int64_t bounded(int64_t exponent) { return exponent > FAR ? FAR : exponent < -FAR ? -FAR : exponent; }

static wide multiply(wide a, wide b) {
    double product = a.high * b.high;
    double rest = product_rest(a.high, b.high, product) + (a.high * b.low + a.low * b.high);
    wide out = {.high = product + rest, .exponent = a.exponent + b.exponent};
    out.low = rest - (out.high - product);
    double scale = out.high >= 2.0 ? 0.5 : out.high < 1.0 ? 2.0 : 1.0;
    out.high *= scale;
    out.low *= scale;
    out.exponent = bounded(out.exponent + (scale < 1.0) - (scale > 1.0));
    return out;
}

static wide widened(double x) { /* finite, > 0 */
    wide out = {.low = 0.0};
    out.exponent = split_exponent(x, &out.high);
    return out;
}

static double scaled(double x, int64_t exponent) { /* x in [0.5, 2] */
    if (exponent > 1100) return INFINITY;
    if (exponent < -1100) return 0.0;
    int32_t half = (int32_t)exponent / 2; /* in two factors: 2^exponent itself may not be a normal number */
    return x * power_of_two(half) * power_of_two((int32_t)exponent - half);
}

/* x^n by squaring, with twice the digits: every squaring doubles the error, which begins below 2^-102. For n up to 2^53
 * it ends below 2^-49. x finite, > 0. */
static double power_whole(double x, uint64_t n, int32_t inverse) {
    wide out = {.high = 1.0}, square = widened(x);
    for (; n > 0; n >>= 1) {
        if (n & 1) out = multiply(out, square);
        square = multiply(square, square);
    }
    if (!inverse) return scaled(out.high, out.exponent);
    double one = 1.0 / out.high;
    return scaled(one - one * one * out.low, -out.exponent);
}

/* |x|^y where one of them is 0 or infinite. */
static double power_limit(double x, double y) {
    if (x == 1.0) return 1.0;
    return (x > 1.0) == (y > 0.0) ? INFINITY : 0.0;
}

double rgm_plug_pow(double x, double y) {
    if (y == 0.0 || x == 1.0) return 1.0;
    if (x != x || y != y) return NAN;
    double size = fabs(x);
    if (size == 0.0 || size == INFINITY || fabs(y) == INFINITY) {
        double limit = power_limit(size, y);
        return signbit(x) && fmod(y, 2.0) != 0.0 && fabs(y) != INFINITY && y == floor(y) ? -limit : limit;
    }
    int32_t whole = fabs(y) > 0x1p53 || y == (double)(int64_t)y; /* beyond 2^53 all are even */
    if (x < 0.0 && !whole) return NAN;
    if (!whole || fabs(y) > 0x1p53) return rgm_plug_exp(y * rgm_plug_log(size));
    uint64_t n = (uint64_t)fabs(y);
    double power = power_whole(size, n, y < 0.0);
    return x < 0.0 && (n & 1) ? -power : power;
}
