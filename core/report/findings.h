/* What an inspection finds in a data set: a list of findings, one for each image and kind.
 *
 *     rgm_findings_add(&findings, &finding, &err);        in any order
 *     rgm_findings_sort(&findings);                       by kind, the best first
 *     rgm_findings_free(&findings);
 *
 * Images are counted, not pairs: of a group of duplicates each image but its representative is one finding.
 */
#ifndef RGM_REPORT_FINDINGS_H
#define RGM_REPORT_FINDINGS_H

#include "data/dataset.h"

/* Kinds, in the order in which they are told. */
enum {
    RGM_FIND_UNREADABLE = 0,  /* a picture that cannot be decoded */
    RGM_FIND_LEAK,            /* the pixels of an image of another split */
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
    RGM_HOW_UNLIKE = 512,  /* odd: its correlation with the nearest of its class */
    RGM_HOW_SPECKS = 1024  /* noisy: single pixels that are unlike all around them */
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

/* By kind, then score from the largest (NaN last), then split and index: the same order however they were added. */
void rgm_findings_sort(rgm_findings *findings);

/* How many there are of a kind, and in each split; of sorted findings the place of the first one. */
int64_t rgm_findings_count(const rgm_findings *findings, int32_t kind);
void rgm_findings_count_splits(const rgm_findings *findings, int32_t kind, int64_t counts[RGM_SPLIT_COUNT]);
int64_t rgm_findings_first(const rgm_findings *findings, int32_t kind);

/* "near_duplicate"; in words: "near duplicates". */
const char *rgm_finding_name(int32_t kind);
const char *rgm_finding_title(int32_t kind);
const char *rgm_finding_titled(int32_t kind, int64_t count); /* "near duplicate" of one */

/* What it means for a training, and what to do: a sentence or two each. */
const char *rgm_finding_meaning(int32_t kind);
const char *rgm_finding_remedy(int32_t kind);

/* How grave a kind is. */
enum {
    RGM_GRAVE_SEE = 0, /* to be looked at: most may be as they should be */
    RGM_GRAVE_WARN,    /* costs accuracy, or makes figures less sure */
    RGM_GRAVE_FAIL     /* figures of the set are wrong until it is mended */
};
int32_t rgm_finding_grave(int32_t kind);

/* The name of a class, or its number as text in `room`. */
enum { RGM_CLASS_ROOM = 16 };
const char *rgm_class_of(const rgm_dataset *set, int32_t number, char room[RGM_CLASS_ROOM]);

/* Why, as one short line: "mean brightness 4.9; usual 72.9". Long names of classes are cut between characters; what a
 * name holds stays as it is. Returns text. */
enum { RGM_FINDING_REASON = 512 };
const char *rgm_finding_reason(const rgm_finding *finding, const rgm_dataset *set, char text[RGM_FINDING_REASON]);

#endif
