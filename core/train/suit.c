#include "train/suit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { LEAST_BATCH = 16 };

/* ---- the rule ---- */

/* Square roots alone, which every machine rounds alike. */
int32_t rgm_suit_batch(int64_t images, int32_t most) {
    double wanted = most * sqrt((double)images / RGM_SUIT_FULL);
    int32_t batch = LEAST_BATCH;
    while (2 * batch <= most && wanted >= M_SQRT2 * batch) batch *= 2;
    return wanted >= most ? most : batch;
}

int32_t rgm_suit_epochs(int64_t images, int64_t pixels, int32_t least) {
    double quarter = sqrt(sqrt(RGM_SUIT_FULL / (double)images)); /* to the power of 1/4 */
    double wanted = least * quarter * sqrt(quarter), most = RGM_SUIT_PIXELS / ((double)images * (double)pixels);
    if (wanted > most) wanted = most;
    return wanted > least ? (int32_t)lrint(wanted) : least;
}

double rgm_suit_rate(double rate, int32_t batch, int32_t usual) {
    char digits[RGM_TEXT_REAL];
    double suited;
    if (batch >= usual) return rate;
    rgm_text_print_real(digits, sizeof digits, 2, rate * sqrt((double)batch / usual));
    return rgm_text_real(digits, &suited) ? suited : rate;
}

/* ---- a configuration ---- */

static int32_t usual_of(const char *key) { return (int32_t)strtol(rgm_config_option(key)->fallback, NULL, 10); }

/* A program may have set another value without naming it. */
static int32_t stands(const rgm_config *config, const char *key, int32_t value) {
    return !rgm_config_given(config, key) && value == usual_of(key);
}

void rgm_suit_begin(rgm_config *config, int64_t images) {
    const int32_t *image = config->model.image;
    if (stands(config, "batch", config->batch)) {
        config->batch = rgm_suit_batch(images, config->batch);
        config->suited |= RGM_SUITED_BATCH;
    }
    if (stands(config, "epochs", config->epochs)) {
        config->epochs = rgm_suit_epochs(images, (int64_t)image[1] * image[2], config->epochs);
        config->suited |= RGM_SUITED_EPOCHS;
    }
}

rgm_status rgm_suit_end(rgm_config *config, rgm_error *err) {
    const rgm_setting *setting = rgm_spec_find(&config->optimizer, "lr");
    char digits[RGM_TEXT_REAL];
    double rate;
    if (!setting || !setting->usual || !rgm_text_real(setting->value, &rate)) return RGM_OK;
    config->suited |= RGM_SUITED_RATE;
    double suited = rgm_suit_rate(rate, config->batch, usual_of("batch"));
    if (suited == rate) return RGM_OK;
    return rgm_spec_put(&config->optimizer, "lr", rgm_text_shortest(digits, suited), err);
}

const char *rgm_suit_describe(const rgm_config *config, char text[RGM_SUIT_TEXT]) {
    char batch[32] = "", epochs[32] = "", rate[RGM_SPEC_VALUE + 8] = "";
    const char *lr = rgm_spec_get(&config->optimizer, "lr");
    if (config->suited & RGM_SUITED_BATCH) snprintf(batch, sizeof batch, ", batch %d", config->batch);
    if (config->suited & RGM_SUITED_EPOCHS)
        snprintf(epochs, sizeof epochs, ", %d epoch%s", config->epochs, config->epochs == 1 ? "" : "s");
    if (config->suited & RGM_SUITED_RATE && lr) snprintf(rate, sizeof rate, ", rate %.24s", lr);
    snprintf(text, RGM_SUIT_TEXT, "%s%s%s", batch, epochs, rate);
    if (text[0]) memmove(text, text + 2, strlen(text + 2) + 1);
    return text;
}
