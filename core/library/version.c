#include "config.h"

#include <regimen/regimen.h>
#include "base/status.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), "the public statuses are the rooms' own")

SAME(REGIMEN_VERDICT, RGM_E_VERDICT);
SAME(REGIMEN_USAGE, RGM_E_USAGE);
SAME(REGIMEN_FORMAT, RGM_E_FORMAT);
SAME(REGIMEN_UNSUPPORTED, RGM_E_UNSUPPORTED);
SAME(REGIMEN_IO, RGM_E_IO);
SAME(REGIMEN_NO_MEMORY, RGM_E_NOMEM);
SAME(REGIMEN_NUMERIC, RGM_E_NUMERIC);
SAME(REGIMEN_PLUGIN, RGM_E_PLUGIN);
SAME(REGIMEN_INTERRUPTED, RGM_E_INTERRUPTED);
SAME(REGIMEN_INTERNAL, RGM_E_INTERNAL);
SAME(11, RGM_STATUS_COUNT);

const char *regimen_version(void) { return PACKAGE_VERSION; }

const char *regimen_status_text(int32_t status) { return rgm_status_text(status); }
