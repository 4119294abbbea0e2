/* A model with its weights, ready to evaluate and to predict on one machine object; and how a training hands its model
 * out.
 *
 *     of a checkpoint                           of a training
 *     rgm_run_config_of_checkpoint()            rgm_trained_take() in the event `finished`
 *     rgm_predictor_create()                    rgm_predictor_of() once the run has ended
 *     rgm_predictor_load()
 *
 *     rgm_predictor_evaluate(), rgm_predictor_read(), rgm_predictor_predict(), rgm_predictor_save()
 *
 * It has a plan for the configuration's batch, and a plan for single images once they are asked for. Memory is taken
 * when a plan is made; a prediction then takes none. The last bits of an image's logits may depend on its place in a
 * batch: oneDNN's matrix products sum the last rows in another order. They do not depend on what is in the other
 * places.
 *
 * A file of weights alone does not say how large its model's images are. Such a model is planned with the first data
 * set that it is evaluated on. If it does not say what pixels mean, mean and std of each data set are taken for its
 * evaluation. Such a model neither predicts nor is saved.
 */
#ifndef RGM_RUN_PREDICTOR_H
#define RGM_RUN_PREDICTOR_H

#include "run/answers.h"
#include "run/pictures.h"
#include "run/run.h"

typedef struct rgm_predictor rgm_predictor;

typedef struct rgm_predictor_options {
    const rgm_config *config;   /* the model's own, with changes; copied */
    const rgm_constants *model; /* copied */
    rgm_device *device;         /* outlives the predictor */
    rgm_stop stop;              /* asked by this call alone */
} rgm_predictor_options;

/* Plans and allocates, if the size of images is known. RGM_E_USAGE for a configuration that no model can be made of,
 * RGM_E_NOMEM. [main] */
rgm_status rgm_predictor_create(rgm_predictor **predictor, const rgm_predictor_options *options, rgm_error *err);
void rgm_predictor_destroy(rgm_predictor *predictor); /* NULL is fine */

/* Its weights are those of the checkpoint at `path`, now or, where nothing is planned yet, as soon as that is done.
 * Errors of rgm_load_weights(). [main] */
rgm_status rgm_predictor_load(rgm_predictor *predictor, const char *path, const rgm_stop *stop, rgm_error *err);

/* ---- use ---- */

typedef struct rgm_predictor_evaluation {
    const rgm_dataset *set; /* ready, the caller's; NULL: data.file of the configuration is opened */
    int32_t split;          /* RGM_SPLIT_* */
    rgm_stop stop;
} rgm_predictor_evaluation;

/* Evaluates on a whole split. The log tells of the data, and what in it is not as the model has it. `summary` gets the
 * result whatever is returned. RGM_E_USAGE if the data has no such split, other images, or classes that the model does
 * not know; others as rgm_data_open() and rgm_trainer_evaluate() say. RGM_E_USAGE within an event of another evaluation
 * of the predictor. [main] */
rgm_status rgm_predictor_evaluate(rgm_predictor *predictor, const rgm_predictor_evaluation *evaluation,
                                  rgm_run_summary *summary, rgm_error *err);

/* What the model answers for all images of a view. */
typedef struct rgm_predictor_walk {
    const rgm_data *data; /* opened for an evaluation of the model: evaluation 1, its constants */
    const rgm_view *view; /* of the data */
    rgm_answers_fn take;
    void *context;
    rgm_stop stop;
} rgm_predictor_walk;

/* Hands the answers over in the order of the view. Errors of rgm_answers_each(); RGM_E_USAGE within an event of the
 * predictor's evaluation. [main] */
rgm_status rgm_predictor_each(rgm_predictor *predictor, const rgm_predictor_walk *walk, rgm_error *err);

/* Class probabilities [count][classes] of images [count][H][W][C]: the softmax of the logits, or the sigmoid of a
 * single one. RGM_E_NUMERIC if a logit is not finite. RGM_E_USAGE if nothing is planned yet, mean and deviation are not
 * known, or within an event of the predictor's evaluation. [main] */
rgm_status rgm_predictor_predict(rgm_predictor *predictor, const uint8_t *images, int64_t count, float *probabilities,
                                 rgm_error *err);

/* How a picture becomes an image of the model's. RGM_E_USAGE if nothing is planned yet, RGM_E_UNSUPPORTED for images of
 * other than one or three channels. */
rgm_status rgm_predictor_transform(const rgm_predictor *predictor, rgm_transform *transform, rgm_error *err);

/* Reads pictures as images [count][H][W][C] by that transform, on the machine's threads. What becomes of a single one
 * stands with it. The image of one that cannot be read is zeros, which is no failure of the call. Errors of
 * rgm_predictor_transform() and rgm_pictures_read(). RGM_E_USAGE within an event of the predictor's evaluation. [main]
 */
rgm_status rgm_predictor_read(rgm_predictor *predictor, rgm_picture_source *sources, int64_t count, uint8_t *images,
                              rgm_error *err);

/* Writes a checkpoint of the weights, with configuration and constants; it has no slots and no plugins' states, and no
 * step. RGM_E_IO. RGM_E_USAGE if nothing is planned yet, or mean and deviation are not known. [main] */
rgm_status rgm_predictor_save(const rgm_predictor *predictor, const char *path, rgm_error *err);

/* Where its weights are; they live as long as it does. RGM_E_USAGE if nothing is planned yet. [main] */
rgm_status rgm_predictor_state(const rgm_predictor *predictor, rgm_state *state, rgm_error *err);

/* What it is of; its image and classes are 0 while they are not known. Live as long as it does. */
const rgm_config *rgm_predictor_config(const rgm_predictor *predictor);
const rgm_constants *rgm_predictor_constants(const rgm_predictor *predictor);

/* Trained numbers; 0 while nothing is planned. */
int64_t rgm_predictor_parameters(const rgm_predictor *predictor);

/* ---- out of a training ---- */

/* What a model is, apart from plans and machine. */
typedef struct rgm_trained rgm_trained;

/* Copies of a training's effective configuration, constants and weights as they are. RGM_E_NOMEM. [main] */
rgm_status rgm_trained_take(rgm_trained **trained, const rgm_session *session, rgm_trainer *trainer, rgm_error *err);
void rgm_trained_free(rgm_trained *trained); /* NULL is fine */

/* A predictor of it. `trained` stays the caller's. Errors of rgm_predictor_create(). [main] */
rgm_status rgm_predictor_of(rgm_predictor **predictor, const rgm_trained *trained, rgm_device *device, rgm_error *err);

#endif
