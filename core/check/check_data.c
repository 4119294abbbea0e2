/* What is in the data. */
#include "check/check_data_classes.h"
#include "check/check_data_drift.h"
#include "check/check_data_found.h"
#include "check/check_data_labels.h"
#include "check/check_data_marks.h"
#include "check/check_data_pixels.h"
#include "check/check_data_trained.h"

const rgm_check_row rgm_checks_data[] = {
    {{"readable", "D", "can every picture be decoded?", 1}, 10, rgm_check_readable},
    {{"classes", "D", "has every class images in every split?", 1}, 10, rgm_check_classes},
    {{"validation", "D", "are there images for validation?", 1}, 19, rgm_check_validation},
    {{"leaks", "D", "are training images among those that judge?", 1}, 12, rgm_check_leaks},
    {{"near_leaks", "D", "are there nearly training images among them?", 1}, 16, rgm_check_near_leaks},
    {{"conflicts", "D", "has the same picture one label only?", 1}, 11, rgm_check_conflicts},
    {{"duplicates", "D", "is every training image there once?", 1}, 13, rgm_check_duplicates},
    {{"blank_images", "D", "does every image show something?", 1}, 10, rgm_check_blank},
    {{"damaged", "D", "is every image whole?", 1}, 9, rgm_check_damaged},
    {{"noise", "D", "is there more in the pixels than noise?", 1}, 10, rgm_check_noise},
    {{"marks", "D", "does one spot tell the class?", 1}, 8, rgm_check_marks},
    {{"outliers", "D", "are the images of one kind?", 1}, 18, rgm_check_outliers},
    {{"balance", "D", "are classes balanced, or declared not to be?", 1}, 14, rgm_check_balance},
    {{"shares", "D", "have the splits the same shares of classes?", 1}, 15, rgm_check_shares},
    {{"enough_images", "D", "are there enough images?", 1}, 19, rgm_check_enough},
    {{"labels_fit", "D", "do labels have to do with their pictures?", 1}, 12, rgm_check_labels_fit},
    {{"splits_agree", "D", "do the splits mean the same by their labels?", 1}, 13, rgm_check_splits_agree},
    {{"wrong_labels", "D", "how many training labels are wrong?", 1}, 14, rgm_check_wrong_labels},
    {{"drift", "D", "are the splits of one kind of picture?", 1}, 10, rgm_check_drift},
    {{"inputs_matter", "D", "do real images teach more than black ones?", 0}, 50, rgm_check_inputs_matter},
    {{"baselines", "D", "does the net beat dumb baselines?", 0}, 55, rgm_check_baselines},
    {{0}, 0, NULL},
};
