#include "inspect/ascending.h"

#include <string.h>

enum { FEW = 64, DIGIT = 11, DIGITS = 1 << DIGIT, PASSES = 3 };

/* Bits that are in the order of the numbers, and back. */
static uint32_t key_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 1U << 31;
}

static void insert(float *values, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        float value = values[i];
        int64_t j = i;
        for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

void rgm_ascending_sort(float *values, float *room, int64_t count) {
    if (count <= FEW) {
        insert(values, count);
        return;
    }
    for (int32_t pass = 0; pass < PASSES; pass++) {
        int64_t next[DIGITS] = {0}, at = 0;
        for (int64_t i = 0; i < count; i++) next[key_of(values[i]) >> pass * DIGIT & (DIGITS - 1)]++;
        for (int32_t d = 0; d < DIGITS; d++) {
            int64_t n = next[d];
            next[d] = at;
            at += n;
        }
        for (int64_t i = 0; i < count; i++) room[next[key_of(values[i]) >> pass * DIGIT & (DIGITS - 1)]++] = values[i];
        memcpy(values, room, (size_t)count * sizeof *values);
    }
}

double rgm_ascending_quantile(const float *values, int64_t count, double share) {
    double place = share * (double)(count - 1);
    int64_t at = (int64_t)place;
    if (at >= count - 1) return (double)values[count - 1];
    return (double)values[at] + (place - (double)at) * ((double)values[at + 1] - (double)values[at]);
}
