/* Lines of key=value, as --set gives them, one after the other onto one configuration. */
#include "fuzz.h"
#include "train/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static rgm_config config, again;
    rgm_error err = {0};
    fuzz_input in = {data, size};
    rgm_status status = rgm_config_init(&config, &err);
    for (char *line; status == RGM_OK && (line = fuzz_text(&in, '\n'));) {
        status = rgm_config_assign(&config, line, &err);
        free(line);
    }
    fuzz_judge(status, &err);
    if (status < 0) return 0;
    char *text;
    size_t length;
    NEED(rgm_config_print(&config, &text, &length, &err) == RGM_OK);
    NEED(rgm_config_init(&again, &err) == RGM_OK);
    status = rgm_config_parse(&again, text, length, "written.yaml", &err);
    if (status < 0) fprintf(stderr, "%s\n%s", err.text, text);
    NEED(status == RGM_OK);
    NEED(!rgm_config_difference(&config, &again, NULL));
    free(text);
    return 0;
}
