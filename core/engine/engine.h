/* The engine: convolutions and matrix products on oneDNN. The only folder that includes dnnl.h (2.6 and 3.x).
 *
 *     engine.h     the engine: oneDNN with one instruction set, for one team
 *     shape.h      the shape of a convolution, and what follows from it alone
 *     conv.h       a convolution, prepared for its shape
 *     conv_run.h   its chunks, which workers run
 *     matmul.h     a matrix product
 *
 * Everything is called on fixed groups of images from inside the team's chunks, where oneDNN sees one thread. So
 * results do not depend on the number of threads. Primitives are made once, with scratchpads in user mode: the caller
 * gives each worker its scratch. Layouts:
 *     activations     nChw{B}c with the channels padded to blocks of B, the padding lanes zero; the stem's input may be
 *                     plain nchw
 *     parameters      canonical OIHW (grouped: [K][C/groups][R][S], K first), unpadded; their gradients, too
 */
#ifndef RGM_ENGINE_ENGINE_H
#define RGM_ENGINE_ENGINE_H

#include "base/status.h"

typedef struct rgm_engine rgm_engine;

/* Creates the engine for kernels of ISA level `isa` (RGM_ISA_*) and channel block `block` (4, 8 or 16). oneDNN's own
 * cap is set to match, process-wide, before its first use: the first engine decides. `workers`: the team's size; oneDNN
 * memory objects are mutable, so there is one set per worker. [main] */
rgm_status rgm_engine_create(rgm_engine **engine, int32_t isa, int32_t block, int32_t workers, rgm_error *err);
void rgm_engine_destroy(rgm_engine *engine); /* after its convolutions; NULL is fine */

/* 1: oneDNN keeps to the engine's ISA level. 0: the process' first engine was of a level with another cap, and oneDNN
 * keeps to that one. */
int32_t rgm_engine_capped(const rgm_engine *engine);

/* "oneDNN 2.6.3, avx512_core": for the log and the checkpoint. */
const char *rgm_engine_describe(const rgm_engine *engine);

/* 1 if oneDNN has Winograd convolutions of its own for this engine: 2.x with AVX-512. */
int32_t rgm_engine_has_winograd(const rgm_engine *engine);

#endif
