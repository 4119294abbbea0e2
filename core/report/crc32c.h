/* CRC-32C, the cyclic redundancy check with Castagnoli's polynomial 0x1EDC6F41, reflected, as RFC 3720 (iSCSI) has it:
 * of 32 bytes of zeros it is 0x8a9136aa. */
#ifndef RGM_REPORT_CRC32C_H
#define RGM_REPORT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* [any thread] */
uint32_t rgm_crc32c(const void *bytes, size_t size);

#endif
