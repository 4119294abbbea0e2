/* Random resized crop (Szegedy et al. 2015, section 6, as torchvision's RandomResizedCrop): a rectangle of random area
 * and aspect ratio, somewhere in the picture, is resized to the network's input. The host decodes and resizes; here
 * only the rectangle is drawn. Evaluation takes the centre of the picture. */
#include <regimen/plugin.h>

enum { TRIES = 10 };

struct resized_crop {
    int64_t size;
    double area_low, area_high, aspect_low, aspect_high, evaluation;
    int32_t height, width; /* of the output */
    double log_low, log_high;
};

static const rgm_parameter params[] = {
    RGM_INTEGER("size", struct resized_crop, size, 0, 65536, 0, "side of the output in pixels; 0: the model's image"),
    RGM_REAL("area_low", struct resized_crop, area_low, 1e-6, 1.0, 0.08, "least share of the picture's area"),
    RGM_REAL("area_high", struct resized_crop, area_high, 1e-6, 1.0, 1.0, "greatest share of the picture's area"),
    RGM_REAL("aspect_low", struct resized_crop, aspect_low, 0.01, 100.0, 3.0 / 4.0, "least width over height"),
    RGM_REAL("aspect_high", struct resized_crop, aspect_high, 0.01, 100.0, 4.0 / 3.0, "greatest width over height"),
    RGM_REAL("evaluation", struct resized_crop, evaluation, 0.01, 1.0, 0.875,
             "share of the shorter side that evaluation's centre crop takes"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct resized_crop *it = self;
    if (it->area_low > it->area_high)
        return call->host->fail(call, "area_low %g is above area_high %g", it->area_low, it->area_high);
    if (it->aspect_low > it->aspect_high)
        return call->host->fail(call, "aspect_low %g is above aspect_high %g", it->aspect_low, it->aspect_high);
    it->height = it->width = (int32_t)it->size;
    if (it->size == 0 && RGM_HAS(rgm_model_info, model, input_width)) {
        it->height = model->input_height;
        it->width = model->input_width;
    }
    if (it->height < 1 || it->width < 1) return call->host->fail(call, "the model's image is not known: give size");
    it->log_low = call->host->log(it->aspect_low);
    it->log_high = call->host->log(it->aspect_high);
    return RGM_DONE;
}

static int32_t output(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct resized_crop *it = self;
    (void)call, (void)in;
    out->height = it->height;
    out->width = it->width;
    return RGM_DONE;
}

static int64_t nearest(double x) { return (int64_t)(x + 0.5); }

/* Of height x width, with the allowed aspect ratio that is nearest, as large as fits. */
static void take_centre(const struct resized_crop *it, int64_t height, int64_t width, rgm_window *window) {
    const double ratio = (double)width / (double)height;
    const int64_t tall = nearest((double)width / it->aspect_low), wide = nearest((double)height * it->aspect_high);
    const int64_t h = ratio < it->aspect_low && tall < height ? tall : height;
    const int64_t w = ratio > it->aspect_high && wide < width ? wide : width;
    window->height = (double)(h > 1 ? h : 1);
    window->width = (double)(w > 1 ? w : 1);
    window->top = (double)((height - h) / 2);
    window->left = (double)((width - w) / 2);
}

static int32_t choose(const rgm_call *call, const void *self, const rgm_image *in, const rgm_image *out,
                      rgm_window *window) {
    const struct resized_crop *it = self;
    const rgm_host *host = call->host;
    float u[2 * TRIES]; /* draws 0 to 19 */
    (void)out;
    host->uniform(call, 0, u, 2 * TRIES);
    for (int i = 0; i < TRIES; i++) {
        double area = it->area_low + (double)u[2 * i] * (it->area_high - it->area_low);
        double aspect = host->exp(it->log_low + (double)u[2 * i + 1] * (it->log_high - it->log_low));
        area *= (double)in->height * (double)in->width;
        int64_t h = nearest(host->pow(area / aspect, 0.5)), w = nearest(host->pow(area * aspect, 0.5));
        if (h < 1 || h > in->height || w < 1 || w > in->width) continue;
        window->height = (double)h;
        window->width = (double)w;
        window->top = (double)host->below(call, TRIES, (uint64_t)(in->height - h + 1)); /* draws 20 and 21 */
        window->left = (double)host->below(call, TRIES + 1, (uint64_t)(in->width - w + 1));
        return RGM_DONE;
    }
    take_centre(it, in->height, in->width, window);
    return RGM_DONE;
}

static int32_t evaluation(const rgm_call *call, const void *self, const rgm_image *out, double *share) {
    (void)call, (void)out;
    *share = ((const struct resized_crop *)self)->evaluation;
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_augmentation resized_crop = {
    RGM_COMPONENT_WITH(RGM_AUGMENTATION, "resized_crop", "random part of the picture, resized", params,
                       struct resized_crop, RGM_ELEMENT, 0, &life),
    .output = output,
    .window = choose,
    .evaluation = evaluation,
};

RGM_PLUGIN("resized_crop", "1.0.0", "Apache-2.0", &resized_crop.component);
