/* Resizes pixels, for comparisons with other programs: cases on standard input, results on standard output. A case is a
 * line "ISA H W C TOP LEFT HEIGHT WIDTH OH OW", then H*W*C bytes. */
#include <stdio.h>
#include <stdlib.h>
#include "picture/resize.h"

typedef struct one_case {
    rgm_resize_source from;
    rgm_resize_result to;
    int32_t isa;
} one_case;

static int read_case(one_case *c) {
    rgm_resize_source *s = &c->from;
    rgm_box *b = &s->box;
    if (scanf("%d %d %d %d", &c->isa, &s->H, &s->W, &s->C) != 4) return 0;
    if (scanf("%lf %lf %lf %lf", &b->top, &b->left, &b->height, &b->width) != 4) return 0;
    if (scanf("%d %d", &c->to.H, &c->to.W) != 2 || getchar() != '\n') return 0;
    s->pitch = (int64_t)s->W * s->C;
    c->to.full_H = c->to.H;
    c->to.full_W = c->to.W;
    c->to.pitch = (int64_t)c->to.W * s->C;
    return 1;
}

static int run(one_case *c) {
    const rgm_kernels *kernels = rgm_kernels_get(c->isa);
    const size_t in = (size_t)c->from.H * (size_t)c->from.pitch, out = (size_t)c->to.H * (size_t)c->to.pitch;
    uint8_t *pixels = malloc(in), *made = malloc(out);
    rgm_resizer *resizer = NULL;
    c->from.pixels = pixels;
    c->to.pixels = made;
    int good = kernels && pixels && made && fread(pixels, 1, in, stdin) == in &&
               rgm_resizer_create(&resizer, kernels, NULL) == RGM_OK &&
               rgm_resize(resizer, &c->from, &c->to, NULL) == RGM_OK && fwrite(made, 1, out, stdout) == out;
    fflush(stdout);
    rgm_resizer_destroy(resizer);
    free(pixels);
    free(made);
    return good;
}

int main(void) {
    one_case c = {0};
    while (read_case(&c))
        if (!run(&c)) return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
