/* How a step would run on many cores, for `regimen plan --chunks`: as text, and as JSON (NULL: out of memory). */
#ifndef RGM_CLI_PLAN_CHUNKS_H
#define RGM_CLI_PLAN_CHUNKS_H

#include <jansson.h>
#include "plan/chunks.h"

rgm_status rgm_chunks_print(const rgm_plan *plan, const rgm_kernels *kernels, int32_t cores, rgm_error *err);
json_t *rgm_chunks_json(const rgm_plan *plan, const rgm_kernels *kernels, int32_t cores);

#endif
