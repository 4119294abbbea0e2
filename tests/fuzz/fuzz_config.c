/* A configuration file: any bytes are read or refused with one line, and what is read survives being written. */
#include "fuzz.h"
#include "train/config.h"

/* What is read is written, and reads back as the same. */
static void round_trip(const rgm_config *config) {
    static rgm_config again;
    rgm_error err = {0};
    char *text;
    size_t size;
    rgm_status status = rgm_config_print(config, &text, &size, &err);
    fuzz_judge(status, &err);
    NEED(status == RGM_OK);
    NEED(rgm_config_init(&again, &err) == RGM_OK);
    status = rgm_config_parse(&again, text, size, "written.yaml", &err);
    if (status < 0) fprintf(stderr, "%s\n%s", err.text, text);
    NEED(status == RGM_OK);
    NEED(!rgm_config_difference(config, &again, NULL));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static rgm_config config;
    rgm_error err = {0};
    NEED(rgm_config_init(&config, &err) == RGM_OK);
    rgm_status status = rgm_config_parse(&config, (const char *)data, size, "run.yaml", &err);
    fuzz_judge(status, &err);
    if (status < 0) return 0;
    round_trip(&config);
    fuzz_judge(rgm_config_check(&config, &err), &err);
    status = rgm_config_fit(&config, &(rgm_config_data){3, 32, 32, 10, 1000, 0}, &err);
    fuzz_judge(status, &err);
    if (status == RGM_OK) round_trip(&config);
    return 0;
}
