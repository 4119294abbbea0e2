/* What is in the data. */
#include "recipe/check_data.h"

const rgm_check_row rgm_checks_data[] = {
    {{"labels_fit", "D", "do labels have to do with their pictures?", 1}, 12, rgm_check_labels_fit},
    {{"splits_agree", "D", "do the splits mean the same by their labels?", 1}, 13, rgm_check_splits_agree},
    {{"wrong_labels", "D", "how many training labels are wrong?", 1}, 14, rgm_check_wrong_labels},
    {{0}, 0, NULL},
};
