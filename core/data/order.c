#include "data/order.h"

rgm_order rgm_order_make(uint64_t seed, uint32_t epoch, uint64_t count, int32_t shuffled) {
    return (rgm_order){
        .rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_ORDER, 0), .epoch = epoch, .sample = 0},
        .count = count,
        .shuffled = shuffled,
    };
}

uint64_t rgm_order_at(const rgm_order *order, uint64_t position) {
    return order->shuffled ? rgm_rng_permute(&order->rng, order->count, position) : position;
}
