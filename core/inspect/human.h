/* What a person said of a data set's pictures: answers.json, which a labelling page hands out (report/label_page.h).
 * How often a person is right is what a model on the same pictures is to be held against.
 *
 *     RGM_TRY(rgm_human_read("answers.json", set, &human, &err));
 *     human.right                                  "91 of 100", with its 95 % interval
 *     human.answers[i].index, .label               to put a model's answers on the same images beside them
 *     rgm_human_free(&human);
 *
 * The file is JSON, one object (more keys may follow):
 *     set            path of the data set, for people
 *     fingerprint    16 hexadecimal digits, rgm_labelling_fingerprint(): what the numbers of images and classes mean
 *     split, seed    "test"; the page's seed
 *     pictures       how many different ones the page has
 *     answers        [{index, image, label, again, seconds}], in the order in which they were given. Image: 16
 *                    hexadecimal digits, rgm_labelling_reader.hash. Again: 0, or 1 where a picture was shown once more
 *
 * True labels are not in the file: they are the set's, as they are when the file is read. So labels that were corrected
 * since do no harm. Pictures are compared with those of the set one by one.
 */
#ifndef RGM_INSPECT_HUMAN_H
#define RGM_INSPECT_HUMAN_H

#include "data/dataset.h"
#include "report/inspection_model.h"

typedef struct rgm_human_answer {
    int64_t index;        /* of the image in the split */
    int32_t truth;        /* the set's label; of soft labels the first largest */
    int32_t label;        /* what the person said first: what counts */
    int32_t again;        /* what the same person said of it later; -1: it was not asked again */
    double seconds;       /* until the first answer */
    double again_seconds; /* until the second one; NaN without one */
} rgm_human_answer;

typedef struct rgm_human {
    int32_t split; /* RGM_SPLIT_* */
    uint64_t seed;
    int64_t pictures;          /* on the page; more than `count` where it was not answered to its end */
    int64_t count;             /* images that were answered */
    rgm_human_answer *answers; /* [count], by ascending index */
    rgm_share right;           /* first answers that are the set's label, of `count`; Wilson's interval */
    rgm_share same;            /* second answers that are the first one, of those asked again; n may be 0 */
    double kappa;   /* Cohen's, of first answers and the set's labels; NaN where chance alone would always agree */
    double seconds; /* median until the first answer */
} rgm_human;

/* Reads a file of answers about images of `set`. *human is overwritten; to be freed where RGM_OK is returned.
 *     RGM_E_FORMAT    not such a file, or about other pictures than those of the set; the line says what is wrong with
 *                     which answer, and what to do
 *     RGM_E_IO        the file cannot be read; also errors of reading the images
 *     RGM_E_NOMEM
 * [main] */
rgm_status rgm_human_read(const char *path, const rgm_dataset *set, rgm_human *human, rgm_error *err);
void rgm_human_free(rgm_human *human); /* a zeroed one is fine */

#endif
