/* The library's objects from inside: what the other files of this room share, and what the command line and tests take
 * out of them where the public header (include/regimen/regimen.h) has no answer. */
#ifndef RGM_LIBRARY_INSIDE_H
#define RGM_LIBRARY_INSIDE_H

#include <regimen/regimen.h>
#include "train/config.h"

struct regimen_config {
    rgm_config config;
    int32_t of_run; /* 1: read from a run folder or a checkpoint */
};

#endif
