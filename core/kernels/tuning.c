#include "kernels/tuning.h"
#include "kernels/tables.h"

/* Where a comment names a section, it is one of bench/RESULTS.md. What it does not name was chosen by reasoning: the
 * comment says which. */

enum { KIB = 1 << 10, MIB = 1 << 20 };

/* Half of the widest AVX2 machines' FMA units and half of the registers: 16. Their caches were 512 KiB when sizes were
 * chosen. Those of Winograd's panels follow the machine's cache. */
const rgm_tuning rgm_tuning_avx2 = {
    .lanes = RGM_AVX2_LANES,
    .rows = RGM_AVX2_ROWS,
    .cache = 512 * KIB,
    .direct =
        {
            /* "1x1 convolutions: pixels read where they are": 0.97, 0.94 and 0.89 times as fast as oneDNN. Forward, a
             * layer that widens loses less than the moments of its large output cost. Sums in backward data gained
             * nothing ("What limits it"). */
            .channels = 64,
            .forward = RGM_PAYS_BESIDE_NORM | RGM_PAYS_STRIDE_1 | RGM_PAYS_WIDENING,
            .backward_data = RGM_PAYS_NEVER,
            .backward_weights = RGM_PAYS_NEVER,
            .strided_channels = 0,
            .span_bytes = 200 * KIB, /* two fifths of the cache: filters and products pass through the rest */
            .span_pixels = 192,
            .depth = 128,
            .panel_in = 256, /* as with AVX-512; only asked for by engine.conv=direct */
            .panel_out = 512,
            .slice_most = 200,
            .slice_least = 32,
            .in_place = 0, /* two tiles of 4 rows for a block of 8 channels are slower than tiles of 6 */
        },
    .winograd =
        {
            .channels = 16, /* the same layers as with AVX-512 */
            .strided_channels = 64,
            .strided_left = 8,
            .small_left = 9,
            .small_map = 8 * 8,
            .few = 128 * 128,
            .span_bytes = 300 * KIB, /* three fifths of the cache, which tiles and products fill together */
            .span_tiles = 192,
            .stage_tiles = 1024,
            .filter_blocks = 16,
            .panel_wide = 64, /* "What each step gained": 1.96 became 2.19 times as fast as oneDNN with 2 MiB */
            .panel_narrow = 32,
        },
    .flops = 70e9, /* 60 % of "Training steps against PyTorch": 247 GFLOP/s on 2 threads */
    .bytes = 10e9,
    .barrier = 5e-6,
};

/* 32 registers, and the 2 MiB of the machines in "How". */
const rgm_tuning rgm_tuning_avx512 = {
    .lanes = RGM_AVX512_LANES,
    .rows = RGM_AVX512_ROWS,
    .cache = 2 * MIB,
    .direct =
        {
            /* "1x1 convolutions: pixels read where they are": forward is as fast as oneDNN, and gathers the moments of
             * its output. Backward data is 2 % slower, but spares the batch norm before a pass. Backward weights take
             * less of a step, with their reduction. So do those of strided 3x3 with many channels. */
            .channels = 64,
            .forward = RGM_PAYS_BESIDE_NORM,
            .backward_data = RGM_PAYS_BESIDE_NORM | RGM_PAYS_STRIDE_1,
            .backward_weights = RGM_PAYS_ALWAYS,
            .strided_channels = 256 * 512,
            .span_bytes = 700 * KIB, /* a third of the cache: filters and products pass through the rest */
            .span_pixels = 192,
            .depth = 128,    /* 16 KiB of filters for two blocks; 256 gained nothing ("What limits it") */
            .panel_in = 256, /* 512 KiB of products; owning all outputs was slower ("1x1 convolutions ...") */
            .panel_out = 512,
            .slice_most = 200, /* 25 KiB of two blocks of outputs */
            .slice_least = 32, /* below, an image's products are too short: several are gathered together */
            .in_place = 1,     /* two tiles of 8 rows for a block of 16 channels, nearly as fast as tiles of 12 */
        },
    .winograd =
        {
            .channels = 16, /* with fewer, most of a block is padding */
            /* A value meets fewer products with stride 2, so that transforming it pays from more channels on, and only
             * where tiles fit the map: a third of the products must be saved, a quarter on small maps (`bench ops
             * strided`). */
            .strided_channels = 64,
            .strided_left = 8,
            .small_left = 9,
            .small_map = 8 * 8,
            .few = 128 * 128,        /* beyond, the filters (36/9 of the weights) are larger than the tiles */
            .span_bytes = 800 * KIB, /* two fifths of the cache, which tiles and products fill together */
            .span_tiles = 192,
            .stage_tiles = 1024,
            .filter_blocks = 16, /* all of 256 channels at once were 20 % slower ("What each step gained") */
            .panel_wide = 64,    /* 128 by 64 was 7 to 10 % slower ("What each step gained") */
            .panel_narrow = 32,
        },
    .flops = 140e9, /* 60 % of "Training steps against PyTorch": 478 GFLOP/s on 2 threads */
    .bytes = 10e9,
    .barrier = 5e-6,
};
