/* What the parts of an inspection's page share: what is drawn, where it goes, and how much it may take. */
#ifndef RGM_REPORT_INSPECTION_DRAW_H
#define RGM_REPORT_INSPECTION_DRAW_H

#include "report/html.h"
#include "report/inspection.h"
#include "report/thumbs.h"

/* Bytes of a page: pictures are left out beyond the first, tables and text stay below the second in any case. */
enum { RGM_DRAWING_PICTURES = 4400000, RGM_DRAWING_MOST = 5000000 };

typedef struct rgm_drawing {
    const rgm_inspection *in;
    const rgm_thumbs *thumbs;
    rgm_html_page *page;
    int32_t most;    /* findings of a kind with pictures */
    int64_t written; /* bytes, up to the last flush */
} rgm_drawing;

/* What was put goes to the file. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_drawing_flush(rgm_drawing *drawing, rgm_error *err);

/* 1 if there is room for more pictures. */
int32_t rgm_drawing_room(const rgm_drawing *drawing);

/* A class by name or number, as text of the page; "train 17". */
void rgm_drawing_class(const rgm_drawing *drawing, int32_t number);
void rgm_drawing_place(const rgm_drawing *drawing, int32_t split, int64_t index);

/* The style sheet of such pages, behind the common one. */
const char *rgm_drawing_style(void);

#endif
