#include "plug/span.h"

#include <regimen/plugin.h>

/* Elements of a full span: whole units of the scope; for single elements a multiple of 16, so that spans stay aligned.
 */
static uint64_t span_length(int32_t scope, uint64_t elements, uint64_t row, uint64_t target) {
    if (scope >= RGM_TENSOR) return elements > 0 ? elements : 1;
    if (scope == RGM_ROW) {
        row = row > 0 ? row : 1;
        return row * (target > row ? target / row : 1);
    }
    return target > 16 ? target / 16 * 16 : 16;
}

uint64_t rgm_span_count(int32_t scope, uint64_t elements, uint64_t row, uint64_t target) {
    uint64_t length = span_length(scope, elements, row, target);
    return elements / length + (elements % length > 0);
}

rgm_span_range rgm_span_at(int32_t scope, uint64_t elements, uint64_t row, uint64_t target, uint64_t i) {
    uint64_t length = span_length(scope, elements, row, target), first = i * length;
    uint64_t left = first < elements ? elements - first : 0;
    return (rgm_span_range){first, left < length ? left : length};
}
