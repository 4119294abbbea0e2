/* Regimen's frame: the first byte says which of the two checksums are made right, the rest is the file. */
#include <string.h>
#include <xxhash.h>
#include "data/file.h"
#include "fuzz.h"

enum { BLOCK = 512, SUM = 1, CHECK = 2, MAGIC = 4 };

static void put_sum(uint8_t *to, const void *data, size_t size) {
    uint64_t sum = XXH3_64bits(data, size);
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(sum >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    const char *path = fuzz_path("framed.h5");
    uint8_t *bytes = malloc(in.left + 1);
    NEED(bytes);
    if (in.left) memcpy(bytes, in.at, in.left);
    if (flags & MAGIC && in.left >= 8) memcpy(bytes, "\x89RGM\r\n\x1a\n", 8);
    if (flags & SUM && in.left >= BLOCK) put_sum(bytes + 24, bytes + BLOCK, in.left - BLOCK);
    if (flags & CHECK && in.left >= BLOCK) put_sum(bytes + 504, bytes, 504);
    fuzz_spill(path, bytes, in.left);
    free(bytes);
    rgm_input input;
    rgm_error err = {0};
    rgm_status status = rgm_input_open(&input, path, NULL, &err);
    if (status == RGM_OK) status = rgm_input_verify(&input, &err);
    fuzz_judge(status, &err);
    NEED(input.framed == 0 || input.framed == 1);
    rgm_input_close(&input);
    return 0;
}
