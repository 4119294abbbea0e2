/* How a tensor is cut into spans, of which each is one call of a component. */
#ifndef RGM_PLUG_SPAN_H
#define RGM_PLUG_SPAN_H

#include <stdint.h>

/* Cuts a tensor of `elements` (rows of `row`) into spans for a component of `scope`, about `target` elements each.
 * Returns the number of spans. rgm_span_at gives elements [first, first + n) of span i, n = 0 behind the last one.
 * Functions of their arguments only. */
typedef struct rgm_span_range {
    uint64_t first, n;
} rgm_span_range;
uint64_t rgm_span_count(int32_t scope, uint64_t elements, uint64_t row, uint64_t target);
rgm_span_range rgm_span_at(int32_t scope, uint64_t elements, uint64_t row, uint64_t target, uint64_t i);

#endif
