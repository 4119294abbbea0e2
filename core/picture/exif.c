#include "picture/decoder_internal.h"

#include <string.h>

enum { ORIENTATION = 0x0112, SHORT = 3, LONG = 4, ENTRY = 12 };

/* An EXIF block is a TIFF file of one directory: "II*\0" or "MM\0*", the directory's place, a count, entries of 12
 * bytes. The orientation is in the first directory, within its entry. */
int32_t rgm_exif_orientation(const uint8_t *bytes, size_t size) {
    if (size < 8) return 1;
    int little = !memcmp(bytes, "II*\0", 4);
    if (!little && memcmp(bytes, "MM\0*", 4)) return 1;
    uint32_t at = little ? rgm_le32(bytes + 4) : rgm_be32(bytes + 4);
    if (at > size - 2 || at < 8) return 1;
    uint32_t count = little ? rgm_le16(bytes + at) : rgm_be16(bytes + at);
    for (const uint8_t *entry = bytes + at + 2; count > 0; count--, entry += ENTRY) {
        if (bytes + size - entry < ENTRY) return 1;
        uint32_t tag = little ? rgm_le16(entry) : rgm_be16(entry);
        if (tag != ORIENTATION) continue;
        uint32_t type = little ? rgm_le16(entry + 2) : rgm_be16(entry + 2), value = 0;
        if (type == SHORT) value = little ? rgm_le16(entry + 8) : rgm_be16(entry + 8);
        if (type == LONG) value = little ? rgm_le32(entry + 8) : rgm_be32(entry + 8);
        return value >= 1 && value <= 8 ? (int32_t)value : 1;
    }
    return 1;
}
