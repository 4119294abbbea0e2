#include "check/checksums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static rgm_status take(void *context, const rgm_state_tensor *t, rgm_error *err) {
    rgm_checksums *sums = context;
    if (sums->count == sums->room) {
        int32_t room = sums->room ? 2 * sums->room : 64;
        rgm_checksum *list = realloc(sums->list, (size_t)room * sizeof *list);
        if (!list) return rgm_fail(err, RGM_E_NOMEM, "checksums: out of memory");
        sums->list = list;
        sums->room = room;
    }
    rgm_checksum *sum = &sums->list[sums->count++];
    sum->group = t->group;
    snprintf(sum->name, sizeof sum->name, "%s", t->name);
    sum->hash = XXH3_64bits(t->data, t->bytes);
    return RGM_OK;
}

rgm_status rgm_checksums_take(rgm_checksums *sums, rgm_trainer *trainer, uint32_t groups, rgm_error *err) {
    *sums = (rgm_checksums){0};
    return rgm_trainer_visit(trainer, groups, take, sums, err);
}

void rgm_checksums_free(rgm_checksums *sums) {
    free(sums->list);
    *sums = (rgm_checksums){0};
}

static const rgm_checksum *find(const rgm_checksums *sums, const rgm_checksum *like, int32_t at) {
    for (int32_t k = 0; k < sums->count; k++) { /* as a rule it has the same place */
        const rgm_checksum *sum = &sums->list[(at + k) % sums->count];
        if (sum->group == like->group && strcmp(sum->name, like->name) == 0) return sum;
    }
    return NULL;
}

const rgm_checksum *rgm_checksums_difference(const rgm_checksums *a, const rgm_checksums *b, uint32_t groups,
                                             int32_t *number) {
    const rgm_checksum *first = NULL;
    *number = 0;
    for (int32_t i = 0; i < a->count; i++) {
        if (!(a->list[i].group & groups)) continue;
        const rgm_checksum *other = find(b, &a->list[i], i);
        if (other && other->hash == a->list[i].hash) continue;
        if (!first) first = &a->list[i];
        ++*number;
    }
    return first;
}
