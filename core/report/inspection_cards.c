#include "report/inspection_cards.h"

#include <string.h>

enum { SIDE = 96, ROUND = 16, ALT = 128 };

/* A card: an image, perhaps another beside it, and what is told below. */
typedef struct card {
    rgm_image_place place[2];
    int32_t places;
    const rgm_finding *finding; /* NULL: of a loss */
    const rgm_top_loss *loss;
} card;

/* ---- words ---- */

static void put_name(const rgm_drawing *d, const rgm_image_place *p) {
    FILE *to = d->page->to;
    const char *name = rgm_dataset_name(d->in->set, p->split, p->index);
    const char *slash = name ? strrchr(name, '/') : NULL;
    fputs("<div class=\"name\"", to);
    if (name) {
        fputs(" title=\"", to);
        rgm_html_text(to, name);
        putc('"', to);
    }
    putc('>', to);
    rgm_drawing_place(d, p->split, p->index);
    if (name) {
        fputs(", ", to);
        rgm_html_text(to, slash && slash[1] ? slash + 1 : name);
    }
    fputs("</div>\n", to);
}

static void put_class_of(const rgm_drawing *d, const rgm_image_place *p) {
    fputs("<div class=\"why\">", d->page->to);
    rgm_drawing_class(d, rgm_dataset_labels(d->in->set, p->split)[p->index]);
    fputs("</div>\n", d->page->to);
}

static void put_proposed(const rgm_drawing *d, int32_t number, float probability) {
    FILE *to = d->page->to;
    fputs("<div class=\"label\">rather ", to);
    rgm_drawing_class(d, number);
    fputs(", ", to);
    rgm_html_percent(to, (double)probability, probability > 0.99f ? 2 : 1);
    fputs("</div>\n", to);
}

static void put_loss(const rgm_drawing *d, const rgm_top_loss *l) {
    FILE *to = d->page->to;
    put_proposed(d, l->predicted, l->probability);
    fputs("<div class=\"why soft\">its class gets ", to);
    rgm_html_percent(to, (double)l->given, 2);
    fputs(", loss ", to);
    rgm_html_real(to, l->loss, 3);
    fputs("</div>\n", to);
}

static void put_why(const rgm_drawing *d, const card *c) {
    char reason[RGM_FINDING_REASON];
    if (c->loss) {
        put_loss(d, c->loss);
    } else if (c->finding->proposed >= 0) {
        put_proposed(d, c->finding->proposed, c->finding->probability);
    } else {
        fputs("<div class=\"why soft\">", d->page->to);
        rgm_html_text(d->page->to, rgm_finding_reason(c->finding, d->in->set, reason));
        fputs("</div>\n", d->page->to);
    }
}

/* ---- a card ---- */

static rgm_status put_image(const rgm_drawing *d, const rgm_image_place *p, const rgm_thumb *t, rgm_error *err) {
    char alt[ALT];
    snprintf(alt, sizeof alt, "image %lld of %s", (long long)p->index, rgm_split_name(p->split));
    fputs("<div class=\"see\">", d->page->to);
    RGM_TRY(rgm_thumbs_put(d->page->to, t, alt, err));
    fputs("</div>", d->page->to);
    return RGM_OK;
}

/* Grave: the two labels, or what a model says, are what is wrong. */
static rgm_status put_card(const rgm_drawing *d, const card *c, const rgm_thumb *thumbs, rgm_error *err) {
    FILE *to = d->page->to;
    int32_t bad = c->loss || c->finding->proposed >= 0;
    fprintf(to, "<figure%s><div class=\"%s\">", bad ? " class=\"bad\"" : "", c->places == 2 ? "pair" : "one");
    for (int32_t i = 0; i < c->places; i++) RGM_TRY(put_image(d, &c->place[i], &thumbs[i], err));
    fprintf(to, "</div>\n<figcaption>\n<div%s>", c->places == 2 ? " class=\"pair\"" : "");
    for (int32_t i = 0; i < c->places; i++) {
        fputs("<div>", to);
        put_name(d, &c->place[i]);
        put_class_of(d, &c->place[i]);
        fputs("</div>\n", to);
    }
    fputs("</div>\n", to);
    put_why(d, c);
    fputs("</figcaption></figure>\n", to);
    return RGM_OK;
}

static rgm_status put_some(rgm_drawing *d, const card *cards, int32_t count, rgm_error *err) {
    rgm_image_place places[2 * ROUND] = {0};
    rgm_thumb thumbs[2 * ROUND];
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++)
        for (int32_t j = 0; j < cards[i].places; j++) places[n++] = cards[i].place[j];
    RGM_TRY(d->thumbs->give(d->thumbs->context, places, n, SIDE, thumbs, err));
    n = 0;
    for (int32_t i = 0; i < count; i++) {
        RGM_TRY(put_card(d, &cards[i], &thumbs[n], err));
        n += cards[i].places;
    }
    return rgm_drawing_flush(d, err);
}

/* How many of `count` come on the page: fewer where there are many kinds. */
static int64_t shown(const rgm_drawing *d, int64_t count) { return count < d->most ? count : d->most; }

static void put_more(const rgm_drawing *d, int64_t count) {
    fputs("</div>\n", d->page->to);
    rgm_html_more(d->page->to, count);
}

/* ---- findings ---- */

static card of_finding(const rgm_finding *f) {
    card c = {.place = {{f->split, f->index}}, .places = 1, .finding = f};
    if (f->other_split < 0) return c;
    c.place[1] = (rgm_image_place){f->other_split, f->other_index};
    c.places = 2;
    return c;
}

/* Until the page has `limit` bytes. */
static rgm_status put_kind(rgm_drawing *d, int32_t kind, int64_t limit, rgm_error *err) {
    FILE *to = d->page->to;
    const rgm_findings *f = &d->in->findings;
    int64_t count = rgm_findings_count(f, kind), first = rgm_findings_first(f, kind), most = shown(d, count), done = 0;
    card cards[ROUND];
    fprintf(to, "<h2 id=\"%s\">", rgm_finding_name(kind));
    rgm_html_count(to, count);
    fprintf(to, " %s</h2>\n<p class=\"soft\">%s %s</p>\n<div class=\"grid%s\">\n", rgm_finding_titled(kind, count),
            rgm_finding_meaning(kind), rgm_finding_remedy(kind), f->list[first].other_split >= 0 ? " pairs" : "");
    while (done < most && d->written < limit) {
        int32_t some = most - done < ROUND ? (int32_t)(most - done) : ROUND;
        for (int32_t i = 0; i < some; i++) cards[i] = of_finding(&f->list[first + done + i]);
        RGM_TRY(put_some(d, cards, some, err));
        done += some;
    }
    put_more(d, count - done);
    return rgm_drawing_flush(d, err);
}

/* Kinds share the room that findings have, and leave two fifths to what follows. */
rgm_status rgm_cards_findings(rgm_drawing *d, rgm_error *err) {
    const rgm_findings *f = &d->in->findings;
    int64_t kinds = 0, done = 0;
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) kinds += rgm_findings_count(f, kind) > 0;
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++)
        if (rgm_findings_count(f, kind))
            RGM_TRY(put_kind(d, kind, (int64_t)RGM_DRAWING_PICTURES * 3 / 5 * ++done / kinds, err));
    return RGM_OK;
}

/* ---- losses ---- */

static card of_loss(const rgm_top_loss *l) {
    card c = {.place = {{l->split, l->index}}, .places = 1, .loss = l};
    if (l->nearest < 0) return c;
    c.place[1] = (rgm_image_place){RGM_SPLIT_TRAIN, l->nearest};
    c.places = 2;
    return c;
}

rgm_status rgm_cards_losses(rgm_drawing *d, rgm_error *err) {
    const rgm_inspection_model *m = d->in->model;
    card cards[ROUND];
    int32_t done = 0;
    if (!m || !m->losses_count) return RGM_OK;
    int32_t most = (int32_t)shown(d, m->losses_count);
    fputs(
        "<h2 id=\"losses\">Largest losses</h2>\n<p class=\"soft\">The images whose class the model finds least likely, "
        "the most similar training image beside each.</p>\n<div class=\"grid pairs\">\n",
        d->page->to);
    while (done < most && rgm_drawing_room(d)) {
        int32_t some = most - done < ROUND ? most - done : ROUND;
        for (int32_t i = 0; i < some; i++) cards[i] = of_loss(&m->losses[done + i]);
        RGM_TRY(put_some(d, cards, some, err));
        done += some;
    }
    put_more(d, m->losses_count - done);
    return rgm_drawing_flush(d, err);
}
