#include "report/comparison_json.h"

#include <math.h>
#include "report/emit.h"

static const char *const side_keys[RGM_SIDES] = {"a", "b"};

static void put_range(rgm_emit *j, const char *key, double low, double high) {
    rgm_emit_open(j, key, '{');
    rgm_emit_real(j, "low", low);
    rgm_emit_real(j, "high", high);
    rgm_emit_close(j, '}');
}

static void put_effect(rgm_emit *j, const char *key, const rgm_effect *e) {
    rgm_emit_open(j, key, '{');
    rgm_emit_real(j, "difference", e->difference);
    rgm_emit_real(j, "low", e->both_low);
    rgm_emit_real(j, "high", e->both_high);
    rgm_emit_bool(j, "resolved", e->resolved);
    rgm_emit_real(j, "p", e->p);
    put_range(j, "over_images", e->sample_low, e->sample_high);
    put_range(j, "over_seeds", e->seed_low, e->seed_high);
    if (e->seeds_needed > 0)
        rgm_emit_integer(j, "seeds_needed", e->seeds_needed);
    else
        rgm_emit_null(j, "seeds_needed");
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        rgm_emit_open(j, side_keys[side], '{');
        rgm_emit_real(j, "mean", e->mean[side]);
        rgm_emit_real(j, "low", e->low[side]);
        rgm_emit_real(j, "high", e->high[side]);
        rgm_emit_real(j, "spread", e->spread[side]);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, '}');
}

static void put_sides(rgm_emit *j, const rgm_comparison *c) {
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        rgm_emit_open(j, side_keys[side], '{');
        rgm_emit_open(j, "runs", '[');
        for (int32_t i = 0; i < c->side[side].runs; i++) rgm_emit_text(j, NULL, c->side[side].names[i]);
        rgm_emit_close(j, ']');
        if (c->side[side].hypothesis)
            rgm_emit_text(j, "hypothesis", c->side[side].hypothesis);
        else
            rgm_emit_null(j, "hypothesis");
        rgm_emit_close(j, '}');
    }
}

static void put_data(rgm_emit *j, const rgm_comparison *c) {
    if (c->set) rgm_emit_text(j, "data", rgm_dataset_describe(c->set)->path);
    rgm_emit_text(j, "split", rgm_split_name(c->split));
    rgm_emit_bool(j, "held_out", c->held_out);
    rgm_emit_integer(j, "images", c->images);
    rgm_emit_bool(j, "same_runs", c->same);
    rgm_emit_bool(j, "seed_spread_assumed", c->assumed);
}

static void put_classes(rgm_emit *j, const rgm_comparison *c) {
    const rgm_dataset_info *info = c->set ? rgm_dataset_describe(c->set) : NULL;
    rgm_emit_open(j, "classes", '[');
    for (int32_t i = 0; i < c->classes; i++) {
        const rgm_class_change *k = &c->class_changes[i];
        rgm_emit_line(j);
        rgm_emit_open(j, NULL, '{');
        rgm_emit_integer(j, "class", i);
        if (info && info->class_names) rgm_emit_text(j, "name", info->class_names[i]);
        rgm_emit_integer(j, "images", k->images);
        rgm_emit_real(j, "a", k->images ? k->mean[RGM_SIDE_A] : (double)NAN);
        rgm_emit_real(j, "b", k->images ? k->mean[RGM_SIDE_B] : (double)NAN);
        rgm_emit_real(j, "difference", k->images ? k->difference : (double)NAN);
        rgm_emit_real(j, "low", k->images ? k->low : (double)NAN);
        rgm_emit_real(j, "high", k->images ? k->high : (double)NAN);
        rgm_emit_real(j, "p_holm", k->p);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
}

static void put_changes(rgm_emit *j, const char *key, const rgm_comparison *c, const rgm_changes *changes) {
    rgm_emit_open(j, key, '{');
    rgm_emit_integer(j, "images", changes->total);
    rgm_emit_open(j, "list", '[');
    for (int32_t i = 0; i < changes->kept; i++) {
        const rgm_changed *x = &changes->list[i];
        const char *name = c->set ? rgm_dataset_name(c->set, c->split, x->index) : NULL;
        rgm_emit_line(j);
        rgm_emit_open(j, NULL, '{');
        rgm_emit_integer(j, "index", x->index);
        if (name) rgm_emit_text(j, "name", name);
        rgm_emit_integer(j, "label", x->label);
        rgm_emit_integer(j, "predicted_a", x->predicted[RGM_SIDE_A]);
        rgm_emit_integer(j, "predicted_b", x->predicted[RGM_SIDE_B]);
        rgm_emit_integer(j, "right_a", x->right[RGM_SIDE_A]);
        rgm_emit_integer(j, "right_b", x->right[RGM_SIDE_B]);
        rgm_emit_real(j, "probability_a", x->probability[RGM_SIDE_A]);
        rgm_emit_real(j, "probability_b", x->probability[RGM_SIDE_B]);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
    rgm_emit_close(j, '}');
}

static void put_tried(rgm_emit *j, const rgm_comparison *c) {
    rgm_emit_open(j, "configuration", '[');
    for (int32_t i = 0; i < c->tried_count; i++) {
        rgm_emit_line(j);
        rgm_emit_open(j, NULL, '{');
        rgm_emit_text(j, "key", c->tried[i].key);
        rgm_emit_text(j, "a", c->tried[i].value[RGM_SIDE_A]);
        rgm_emit_text(j, "b", c->tried[i].value[RGM_SIDE_B]);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
}

rgm_status rgm_comparison_write_json(const rgm_comparison *c, const char *target, rgm_error *err) {
    char text[RGM_COMPARISON_TEXT];
    rgm_emit j;
    RGM_TRY(rgm_emit_begin(&j, target, err));
    rgm_emit_text(&j, "verdict", rgm_comparison_words(c, text));
    const char *hypothesis = c->side[RGM_SIDE_B].hypothesis;
    if (hypothesis)
        rgm_emit_text(&j, "hypothesis", hypothesis);
    else
        rgm_emit_null(&j, "hypothesis");
    rgm_emit_text(&j, "answer", rgm_comparison_answer(c, text));
    rgm_emit_bool(&j, "answered", rgm_comparison_answered(c));
    put_effect(&j, "accuracy", &c->accuracy);
    put_effect(&j, "loss", &c->loss);
    rgm_emit_real(&j, "mcnemar_p", c->mcnemar_p);
    if (c->accuracy.seeds_needed > 0)
        rgm_emit_integer(&j, "seeds_needed", c->accuracy.seeds_needed);
    else
        rgm_emit_null(&j, "seeds_needed");
    put_data(&j, c);
    put_sides(&j, c);
    put_classes(&j, c);
    put_changes(&j, "gained", c, &c->gained);
    put_changes(&j, "lost", c, &c->lost);
    put_tried(&j, c);
    return rgm_emit_end(&j, RGM_OK, err);
}
