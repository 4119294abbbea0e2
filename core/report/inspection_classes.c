#include "report/inspection_classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 60,
    MANY = 40,
    SOME = 8,
    SIDE = 64,
    SMALL = 48,
    LISTS = 3,
    WIDE = 372,
    SLIM = 180,
    COLUMNS = 4,
    ALT = 512
};
enum {
    FEW_BYTES = 900000,
    MANY_BYTES = 3000000,
    CLASS_BYTES = 4000,
    CARD_BYTES = 350
}; /* of sheets; of a card's text */

/* ---- the table ---- */

static void put_mean(FILE *to, const rgm_statistics *s, int32_t split, int32_t number) {
    const rgm_split_statistics *of = &s->split[split];
    double mean = 0, square = 0;
    fputs("<td class=\"n\">", to);
    if (of->class_mean && of->class_images && of->class_images[number]) {
        for (int32_t c = 0; c < s->C; c++) {
            mean += of->class_mean[(int64_t)number * s->C + c] / s->C;
            square += of->class_std[(int64_t)number * s->C + c] / s->C;
        }
        rgm_html_fixed(to, mean, 1);
        fputs(" <span class=\"soft\">&plusmn; ", to);
        rgm_html_fixed(to, square, 1);
        fputs("</span>", to);
    }
    fputs("</td>", to);
}

static int32_t first_split(const rgm_inspection *in) { return in->counts[0] ? 0 : in->counts[1] ? 1 : 2; }

static int64_t most_of(const rgm_inspection *in, int32_t split) {
    int64_t most = 1;
    for (int32_t i = 0; i < rgm_dataset_describe(in->set)->classes; i++)
        if (in->counts[split][i] > most) most = in->counts[split][i];
    return most;
}

static void put_row(const rgm_drawing *d, int32_t number, int32_t first, int64_t most) {
    FILE *to = d->page->to;
    const rgm_inspection *in = d->in;
    fputs("<tr><td class=\"t\">", to);
    rgm_drawing_class(d, number);
    fputs("</td><td class=\"b\">", to);
    rgm_html_bar(to, (double)in->counts[first][number] / (double)most, 1);
    fputs("</td>", to);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!in->counts[split]) continue;
        fputs("<td class=\"n\">", to);
        rgm_html_count(to, in->counts[split][number]);
        fputs("</td>", to);
        if (in->statistics.split[split].class_mean) put_mean(to, &in->statistics, split, number);
    }
    fputs("</tr>\n", to);
}

rgm_status rgm_classes_table(rgm_drawing *d, rgm_error *err) {
    FILE *to = d->page->to;
    const rgm_inspection *in = d->in;
    int32_t classes = rgm_dataset_describe(in->set)->classes, first = first_split(in);
    int32_t *order = rgm_inspection_order(in);
    int64_t most = most_of(in, first);
    if (!order) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    fputs("<h2 id=\"classes\">Classes</h2>\n<p class=\"soft\">Images of each, and the mean of their pixels, 0 to 255, "
          "with its deviation.</p>\n<div class=\"wide\"><table class=\"rows\"><tr><th>class</th><th></th>",
          to);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (in->counts[split])
            fprintf(to, "<th class=\"n\">%s</th>%s", rgm_split_name(split),
                    in->statistics.split[split].class_mean ? "<th class=\"n\">mean</th>" : "");
    fputs("</tr>\n", to);
    for (int32_t i = 0; i < classes; i++) {
        int32_t between = classes > ROWS && i >= ROWS / 2 && i < classes - ROWS / 2;
        if (!between) put_row(d, classes > ROWS ? order[i] : i, first, most);
        if (between && i == ROWS / 2)
            fprintf(to, "<tr><td class=\"soft\">%d classes between these</td></tr>\n", classes - ROWS);
    }
    fputs("</table></div>\n", to);
    free(order);
    return rgm_drawing_flush(d, err);
}

/* ---- images by chance ---- */

/* The places with the smallest keys of each class, in their order: the same ones each time. */
typedef struct chance {
    uint64_t *keys;          /* [classes][SOME] */
    rgm_image_place *places; /* the same */
    int32_t *count;          /* [classes] */
    int32_t classes, most;   /* most: of a class */
} chance;

/* Steele, Lea and Flood's SplitMix64 ("Fast splittable pseudorandom number generators", 2014). */
static uint64_t key_of(int32_t split, int64_t index) {
    uint64_t z = ((uint64_t)index * RGM_SPLIT_COUNT + (uint64_t)split + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void consider(chance *c, int32_t label, int32_t split, int64_t index) {
    uint64_t key = key_of(split, index), *keys = c->keys + (int64_t)label * SOME;
    rgm_image_place *places = c->places + (int64_t)label * SOME;
    int32_t at = c->count[label];
    if (at == c->most && key >= keys[at - 1]) return;
    if (at == c->most)
        at--;
    else
        c->count[label]++;
    for (; at > 0 && keys[at - 1] > key; at--) {
        keys[at] = keys[at - 1];
        places[at] = places[at - 1];
    }
    keys[at] = key;
    places[at] = (rgm_image_place){split, index};
}

static void free_chance(chance *c) {
    free(c->keys);
    free(c->places);
    free(c->count);
}

static rgm_status take_chance(chance *c, const rgm_inspection *in, int32_t most, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    size_t places = (size_t)info->classes * SOME;
    *c = (chance){.classes = info->classes, .most = most};
    c->keys = malloc(places * sizeof *c->keys);
    c->places = malloc(places * sizeof *c->places);
    c->count = calloc((size_t)info->classes, sizeof *c->count);
    if (!c->keys || !c->places || !c->count) {
        free_chance(c);
        return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    }
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        const int32_t *labels = rgm_dataset_labels(in->set, split);
        for (int64_t i = 0; i < info->count[split]; i++) consider(c, labels[i], split, i);
    }
    return RGM_OK;
}

/* ---- sheets ---- */

/* How classes are shown. */
typedef struct plan {
    int32_t side, images; /* of a list */
    int32_t lists;        /* 1 or LISTS: without measures there are no typical and no odd ones */
    int32_t classes;      /* that are shown */
} plan;

static int64_t cost_of(const plan *p, const rgm_dataset_info *info) {
    int32_t H = info->encoded || info->H > p->side ? p->side : info->H;
    int32_t W = info->encoded || info->W > p->side ? p->side : info->W;
    int64_t card =
        (int64_t)p->lists * p->images * rgm_thumbs_cost(H, W, info->C < 3 ? 1 : 3, info->classes > MANY) + CARD_BYTES;
    return card * p->classes;
}

/* As many images of a class as fit, then as many classes. */
static plan make_plan(const rgm_inspection *in) {
    static const int32_t counts[] = {8, 6, 4, 3, 2, 1};
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    int32_t many = info->classes > MANY, i = 0;
    int64_t bytes = FEW_BYTES + (many ? (int64_t)(info->classes - MANY) * CLASS_BYTES : 0);
    plan p = {.side = many ? SMALL : SIDE,
              .images = counts[0],
              .lists = in->statistics.examples ? LISTS : 1,
              .classes = info->classes};
    if (bytes > MANY_BYTES) bytes = MANY_BYTES;
    while (p.images > 1 && cost_of(&p, info) > bytes) p.images = counts[++i];
    if (cost_of(&p, info) > bytes) p.classes = (int32_t)(bytes / (cost_of(&p, info) / p.classes));
    return p;
}

static int32_t copy_ranked(const rgm_ranked_image *list, int32_t count, const plan *p, rgm_image_place *places) {
    if (count > p->images) count = p->images;
    for (int32_t i = 0; i < count; i++) places[i] = (rgm_image_place){list[i].split, list[i].index};
    return count;
}

/* The lists of a class, one behind the other. */
static void take_lists(const rgm_inspection *in, const chance *c, const plan *p, int32_t number,
                       rgm_image_place *places, int32_t counts[LISTS]) {
    counts[0] = c->count[number];
    memcpy(places, c->places + (int64_t)number * SOME, sizeof *places * (size_t)counts[0]);
    counts[1] = counts[2] = 0;
    if (p->lists == 1) return;
    const rgm_class_examples *e = &in->statistics.examples[number];
    counts[1] = copy_ranked(e->typical, e->typicals, p, places + counts[0]);
    counts[2] = copy_ranked(e->odd, e->odds, p, places + counts[0] + counts[1]);
}

static const char *const titles[LISTS] = {"by chance", "most typical", "oddest"};

static rgm_status put_list(const rgm_drawing *d, const rgm_thumb_sheet *sheet, rgm_error *err) {
    FILE *to = d->page->to;
    if (!sheet->count) return RGM_OK;
    fputs("<div>", to);
    if (!sheet->dense) fprintf(to, "<div class=\"soft\">%s</div>", sheet->alt);
    RGM_TRY(rgm_thumbs_put_sheet(to, sheet, err));
    fputs("</div>\n", to);
    return RGM_OK;
}

/* Each list by itself; of many classes one below the other in a sheet, or of one image each side by side. */
static rgm_status put_lists(const rgm_drawing *d, const rgm_thumb *thumbs, const int32_t counts[LISTS],
                            rgm_error *err) {
    FILE *to = d->page->to;
    if (rgm_dataset_describe(d->in->set)->classes > MANY)
        return put_list(d,
                        &(rgm_thumb_sheet){.thumbs = thumbs,
                                           .count = counts[0] + counts[1] + counts[2],
                                           .columns = counts[0] > 1 ? counts[0] : LISTS,
                                           .width = SLIM,
                                           .dense = 1,
                                           .alt = "by chance, most typical, oddest"},
                        err);
    fputs("<div class=\"lists\">\n", to);
    for (int32_t i = 0, at = 0; i < LISTS; at += counts[i++])
        RGM_TRY(put_list(
            d,
            &(rgm_thumb_sheet){
                .thumbs = thumbs + at, .count = counts[i], .columns = COLUMNS, .width = WIDE, .alt = titles[i]},
            err));
    fputs("</div>", to);
    return RGM_OK;
}

static rgm_status put_card(const rgm_drawing *d, int32_t number, const rgm_thumb *thumbs, const int32_t counts[LISTS],
                           rgm_error *err) {
    FILE *to = d->page->to;
    fputs("<div class=\"class\"><h3>", to);
    rgm_drawing_class(d, number);
    fputs(" <span class=\"soft\">", to);
    rgm_html_count(to, rgm_inspection_of_class(d->in, number));
    fputs("</span></h3>", to);
    RGM_TRY(put_lists(d, thumbs, counts, err));
    fputs("</div>\n", to);
    return RGM_OK;
}

/* Some classes from *done on, as many as there is room for. */
static rgm_status put_some(rgm_drawing *d, const chance *c, const plan *p, int32_t *done, rgm_error *err) {
    rgm_image_place places[RGM_THUMBS_MOST] = {0};
    rgm_thumb thumbs[RGM_THUMBS_MOST];
    int32_t counts[RGM_THUMBS_MOST][LISTS], total = 0, classes = 0, at = 0;
    while (*done + classes < p->classes && classes < RGM_THUMBS_MOST && total + LISTS * SOME <= RGM_THUMBS_MOST) {
        int32_t *n = counts[classes];
        take_lists(d->in, c, p, *done + classes++, places + total, n);
        total += n[0] + n[1] + n[2];
    }
    RGM_TRY(d->thumbs->give(d->thumbs->context, places, total, p->side, thumbs, err));
    for (int32_t i = 0; i < classes && rgm_drawing_room(d); i++) {
        RGM_TRY(put_card(d, (*done)++, thumbs + at, counts[i], err));
        at += counts[i][0] + counts[i][1] + counts[i][2];
        RGM_TRY(rgm_drawing_flush(d, err));
    }
    return RGM_OK;
}

static rgm_status put_all(rgm_drawing *d, const chance *c, const plan *p, rgm_error *err) {
    int32_t done = 0;
    while (done < p->classes && rgm_drawing_room(d)) RGM_TRY(put_some(d, c, p, &done, err));
    fputs("</div>\n", d->page->to);
    rgm_html_more(d->page->to, c->classes - done);
    return rgm_drawing_flush(d, err);
}

rgm_status rgm_classes_sheets(rgm_drawing *d, rgm_error *err) {
    FILE *to = d->page->to;
    int32_t many = rgm_dataset_describe(d->in->set)->classes > MANY;
    chance c;
    plan p = make_plan(d->in);
    RGM_TRY(take_chance(&c, d->in, p.images, err));
    fputs("<h2 id=\"examples\">Examples</h2>\n<p class=\"soft\">Of each class some images by chance", to);
    if (p.lists > 1) fputs(", those most like the others, and those least like them", to);
    if (p.lists > 1 && many) fputs(p.images > 1 ? ": a row each" : ": one each, from left to right", to);
    fprintf(to, ".</p>\n<div class=\"classes%s\">\n", many ? " many" : "");
    rgm_status status = put_all(d, &c, &p, err);
    free_chance(&c);
    return status;
}
