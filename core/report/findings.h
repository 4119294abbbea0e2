/* What an inspection finds in a data set: a list of findings, one for each image and kind.
 *
 *     rgm_findings_add(&findings, &finding, &err);        in any order
 *     rgm_findings_sort(&findings);                       by kind, the best first
 *     rgm_findings_json(&findings, set);                  for programs
 *     rgm_findings_counts(&findings);
 *     rgm_findings_free(&findings);
 *
 * Images are counted, not pairs: of a group of duplicates each image but its representative is one finding.
 */
#ifndef RGM_REPORT_FINDINGS_H
#define RGM_REPORT_FINDINGS_H

#include <jansson.h>
#include "data/dataset.h"

/* Kinds, in the order in which they are told. */
enum {
    RGM_FIND_LEAK = 0,        /* the pixels of an image of another split */
    RGM_FIND_EXACT_DUPLICATE, /* the pixels of an image of its own split */
    RGM_FIND_LABEL_CONFLICT,  /* the pixels, or nearly, of an image with another label */
    RGM_FIND_NEAR_LEAK,       /* nearly the pixels of an image of another split */
    RGM_FIND_NEAR_DUPLICATE,  /* nearly the pixels of an image of its own split */
    RGM_FIND_LABEL_ERROR,     /* a model that has not seen it gives it another label */
    RGM_FIND_CONSTANT,        /* one colour */
    RGM_FIND_DARK,
    RGM_FIND_BRIGHT,
    RGM_FIND_BLURRED,
    RGM_FIND_NOISY,
    RGM_FIND_INVERTED, /* dark where its class is bright, and bright where it is dark */
    RGM_FIND_LOW_INFORMATION,
    RGM_FIND_ODD, /* unlike all of its class; of pictures, of an odd shape */
    RGM_FIND_COUNT
};

/* How an image came about from the one that it is nearly: bits of rgm_finding.how. */
enum {
    RGM_HOW_MIRRORED = 1,
    RGM_HOW_SHIFTED = 2,
    RGM_HOW_BRIGHTNESS = 4,
    RGM_HOW_SCALED = 8,
    RGM_HOW_RECOMPRESSED = 16
};

/* By what an image stands apart, where it is not what its kind is told by first: bits of rgm_finding.how. */
enum {
    RGM_HOW_LEVEL = 32,    /* dark, bright: its brightest, its darkest pixels, not its mean */
    RGM_HOW_CONTRAST = 64, /* of little information: its contrast */
    RGM_HOW_SHAPE = 128,   /* odd: width / height */
    RGM_HOW_SIZE = 256,    /* odd: the root of its pixels */
    RGM_HOW_UNLIKE = 512   /* odd: its correlation with the nearest of its class */
};

typedef struct rgm_finding {
    int32_t kind;        /* RGM_FIND_* */
    int32_t split;       /* RGM_SPLIT_* */
    int64_t index;       /* in its split */
    double score;        /* the larger the surer; comparable within a kind */
    double value, usual; /* what was measured, and what the set has; NaN: nothing to tell */
    int32_t other_split; /* of the image that it is like; -1: none */
    int32_t how;         /* RGM_HOW_* */
    int64_t other_index;
    int64_t group;     /* of duplicates; -1: none */
    int32_t proposed;  /* label; -1: none */
    float probability; /* of that label */
} rgm_finding;

/* One without anything. */
rgm_finding rgm_finding_of(int32_t kind, int32_t split, int64_t index);

typedef struct rgm_findings {
    rgm_finding *list; /* [count] */
    int64_t count, room;
} rgm_findings;

/* Appends a copy. RGM_E_NOMEM. */
rgm_status rgm_findings_add(rgm_findings *findings, const rgm_finding *finding, rgm_error *err);
void rgm_findings_free(rgm_findings *findings); /* a zeroed one is fine */

/* By kind, then score from the largest, then split and index: the same order however they were added. */
void rgm_findings_sort(rgm_findings *findings);

/* How many there are of a kind. */
int64_t rgm_findings_count(const rgm_findings *findings, int32_t kind);

/* "near_duplicate"; in words: "near duplicates". */
const char *rgm_finding_name(int32_t kind);
const char *rgm_finding_title(int32_t kind);

/* Why, as one short line: "mean brightness 4.9 of 255; the set has 72.9". Returns text. */
enum { RGM_FINDING_REASON = 256 };
const char *rgm_finding_reason(const rgm_finding *finding, const rgm_dataset *set, char text[RGM_FINDING_REASON]);

/* [{"kind", "split", "index", "score", "reason", ...}] of sorted findings, at most `most` of each kind; NULL without
 * memory. */
json_t *rgm_findings_json(const rgm_findings *findings, const rgm_dataset *set, int64_t most);

/* {"kind": count}, all kinds. NULL without memory. */
json_t *rgm_findings_counts(const rgm_findings *findings);

#endif
