/* What the tests of core/plug share. */
#ifndef RGM_TESTS_CHECK_PLUG_H
#define RGM_TESTS_CHECK_PLUG_H

#include <check.h>
#include "plug/knobs.h"
#include "plug/load.h"
#include "plug/plug.h"

/* Asserts for inner loops: Check's own write a mark on every pass. */
#define EXPECT(condition) EXPECT_MSG(condition, "%s", #condition)
#define EXPECT_MSG(condition, ...)                                                                                     \
    do {                                                                                                               \
        if (!(condition)) ck_abort_msg(__VA_ARGS__);                                                                   \
    } while (0)

/* A registry of Regimen's own plugins, and `file` before them unless NULL. */
rgm_registry *plug_registry(const char *file);
/* The same with the kernels of a level. */
rgm_registry *plug_registry_isa(const char *file, const rgm_kernels *kernels);

/* "padding=4 fill=zero": settings of a spec. */
rgm_spec plug_spec(const char *name, const char *settings);
/* The other way, in a static buffer: "{crop: {padding: 4, fill: mean}}". */
const char *plug_spec_text(const rgm_spec *spec);
/* A prepared instance; fails the test if it is refused. */
rgm_instance *plug_instance(const rgm_registry *registry, int32_t kind, const char *name, const char *settings);

extern const rgm_model_info plug_model; /* 3 x 8 x 9, 10 classes, tensors of 100 and 20 elements */
extern const rgm_tensor_info plug_weight, plug_scale;
rgm_clock plug_clock(uint64_t step, uint64_t steps_per_epoch, uint32_t epochs);

/* Fails the test unless the status is the expected one and the text contains `part`. */
void plug_refused(rgm_status status, rgm_status expected, const rgm_error *err, const char *part);

TCase *plug_case_params(void);
TCase *plug_case_augment(void);
TCase *plug_case_schedule(void);
TCase *plug_case_update(void);
TCase *plug_case_promises(void);
TCase *plug_case_window(void);

#endif
