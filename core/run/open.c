#include <inttypes.h>
#include <stdio.h>
#include "base/log.h"
#include "run/run.h"

static void tell_data(const rgm_data *data) {
    if (!data->set) return;
    const rgm_dataset_info *info = rgm_dataset_describe(data->set);
    char size[64];
    snprintf(size, sizeof size, "%dx%dx%d", info->C, info->H, info->W);
    if (info->encoded)
        snprintf(size, sizeof size, "pictures of up to %dx%d, %s", info->pictures.H, info->pictures.W,
                 info->C == 1 ? "grey" : "colour");
    rgm_log(RGM_LOG_INFO,
            "%s: %s, %d classes; %" PRId64 " images for training, %" PRId64 " for validation, %" PRId64 " for the test",
            info->path, size, rgm_view_classes(&data->train), data->train.count, data->validation.count,
            data->test.count);
    if (data->excluded_count)
        rgm_log(RGM_LOG_INFO, "%" PRId64 " image%s left out (%s)", data->excluded_count,
                data->excluded_count == 1 ? " is" : "s are", "data.exclude");
    if (info->slow)
        rgm_log(RGM_LOG_WARN,
                "%s: its images are chunked or compressed and too many to be unpacked into memory, which is slow: "
                "contiguous ones are mapped",
                info->path);
    if (info->unpacked)
        rgm_log(RGM_LOG_INFO, "%s: its images are chunked or compressed: unpacked into %" PRId64 " MB of memory",
                info->path, info->unpacked / 1000000 + 1);
    if (info->unlocked)
        rgm_log(RGM_LOG_WARN, "%s: its file system has no locks: make sure that no other program writes it",
                info->path);
}

void rgm_run_tell(const rgm_device *device, const rgm_data *data) {
    rgm_log(RGM_LOG_INFO, "%s", device->build);
    rgm_log(RGM_LOG_INFO, "%s", rgm_team_describe(device->team));
    tell_data(data);
}

rgm_status rgm_run_open(rgm_session **session, rgm_config *config, const rgm_session_options *options, rgm_error *err) {
    RGM_TRY(rgm_session_create(session, config, options, err));
    rgm_run_tell((*session)->device, (*session)->data);
    return RGM_OK;
}
