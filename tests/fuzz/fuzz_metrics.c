/* metrics.jsonl before a resumed run appends to it: first three bytes say where the run goes on, the rest is the file.
 * Going back twice is going back once, and what is left is a part of what was there, in order. */
#include <string.h>
#include "fuzz.h"
#include "report/metrics.h"

/* Every line of `part` is a line of `whole`, in the same order. */
static void need_part(const char *part, size_t part_size, const char *whole, size_t whole_size) {
    size_t at = 0;
    for (size_t from = 0; from < part_size;) {
        const char *end = memchr(part + from, '\n', part_size - from);
        NEED(end);
        size_t length = (size_t)(end - part) + 1 - from;
        for (;;) {
            NEED(at < whole_size);
            const char *next = memchr(whole + at, '\n', whole_size - at);
            size_t line = next ? (size_t)(next - whole) + 1 - at : whole_size - at;
            const char *found = whole + at;
            at += line;
            if (line == length && memcmp(found, part + from, length) == 0) break;
        }
        from += length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    int64_t step = fuzz_byte(&in) | (int64_t)fuzz_byte(&in) << 8;
    int32_t epoch = fuzz_byte(&in), found, again;
    rgm_metrics_mark mark = {.step = step, .epoch = epoch & 127, .best = epoch >> 7};
    const char *path = fuzz_path("metrics.jsonl");
    rgm_error err = {0};
    fuzz_spill(path, in.at, in.left);
    int32_t ended = rgm_metrics_ended(path, step, "epochs");
    NEED(ended == 0 || ended == 1);
    NEED(rgm_metrics_rewind(path, &mark, &found, &err) == RGM_OK);
    size_t once_size, twice_size;
    uint8_t *once = fuzz_slurp(path, &once_size);
    need_part((char *)once, once_size, (const char *)in.at, in.left);
    NEED(rgm_metrics_rewind(path, &mark, &again, &err) == RGM_OK && again == found);
    uint8_t *twice = fuzz_slurp(path, &twice_size);
    NEED(once_size == twice_size && memcmp(once, twice, once_size) == 0);
    free(twice);
    free(once);
    return 0;
}
