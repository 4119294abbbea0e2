/* What all HTML pages of Regimen share. A page is one file that needs nothing else: no network, no font, no script. It
 * is read on a screen, light or dark, and on paper.
 *
 *     RGM_TRY(rgm_html_open(&page, path, &err));
 *     rgm_html_begin(page.to, "inspect");
 *     rgm_html_text(page.to, title);                              the title, as the browser's tab shows it
 *     rgm_html_body(page.to, NULL);
 *     fputs("<h1>...", page.to);                                  and so on; rgm_html_flush() now and then
 *     return rgm_html_close(&page, status, &err);
 *
 * What is put goes to a stream in memory, so no call can fail half-way: rgm_html_flush() and rgm_html_close() tell of a
 * failure. Nothing here depends on the locale. The same calls give the same bytes.
 *
 * Classes of the style sheet that any page may use:
 *
 *     soft                  quiet text
 *     facts                 <dl> of names and values (rgm_html_fact)
 *     two                   a <div> of columns side by side, one below the other on a narrow screen
 *     rows                  a <table> with lines between its rows; n a <td> of a number, b a <td> of a bar
 *     wide                  a <div> around a table that may be wider than the screen: it scrolls by itself
 *     grid                  a <div> of cards: <figure>, also with good or bad; see the frame of its picture,
 *                           tiny an <img> of few pixels, name, label, top: lines below it
 *     sheet                 a <div> of small pictures close together
 *     pass warn fail        words of a verdict
 *
 * Colours are variables, with values for light, dark and paper: --ink, --soft, --line, --back, --card, --bar, --rest,
 * --bad, --good, --warn. --s1 to --s8 tell series apart, for colour-blind people, too.
 */
#ifndef RGM_REPORT_HTML_H
#define RGM_REPORT_HTML_H

#include <stddef.h>
#include <stdio.h>
#include "base/replace.h"
#include "base/status.h"

/* What the page of a command begins with, a literal: only such files are written over (rgm_file_begins()). */
#define RGM_HTML_HEAD(command)                                                                                         \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"                                          \
    "<meta name=\"generator\" content=\"regimen " command "\">\n"

typedef struct rgm_html_page {
    FILE *to; /* in memory: goes to the file piece by piece */
    char *text;
    size_t size;
    rgm_replace file;
} rgm_html_page;

/* RGM_E_IO, RGM_E_NOMEM. After a failure there is nothing to close. */
rgm_status rgm_html_open(rgm_html_page *page, const char *path, rgm_error *err);
/* What was put goes to the file. Memory holds what lies between two of these. */
rgm_status rgm_html_flush(rgm_html_page *page, rgm_error *err);
/* Ends the page, puts the file in place if `status` is RGM_OK, else gives it up. Returns `status` or the failure. */
rgm_status rgm_html_close(rgm_html_page *page, rgm_status status, rgm_error *err);

/* The head until <title>, which the caller puts; then the rest until <body>, with `style` behind the common sheet,
 * NULL: none. `command`: that of RGM_HTML_HEAD(), letters alone. rgm_html_close() puts the end. */
void rgm_html_begin(FILE *to, const char *command);
void rgm_html_body(FILE *to, const char *style);

/* As text of the page or of an attribute in quotes. Markup, control characters and bytes that are no UTF-8 stay what
 * they look like. */
void rgm_html_text(FILE *to, const char *text);
/* 1,234,567 */
void rgm_html_count(FILE *to, int64_t count);
/* With so many decimals, 0 to 9, a point whatever the locale, never "-0.0"; not finite: "nan", "inf", "-inf". */
void rgm_html_fixed(FILE *to, double value, int32_t decimals);
/* So many significant digits, as "%.*g" does it. */
void rgm_html_real(FILE *to, double value, int32_t digits);
/* A share as percent: 0.123 with 1 decimal is "12.3 %". */
void rgm_html_percent(FILE *to, double share, int32_t decimals);
void rgm_html_base64(FILE *to, const void *bytes, size_t size);

/* A line of <dl class="facts">; `name` a literal, `text` NULL or "": none. */
void rgm_html_fact(FILE *to, const char *name, const char *text);
/* A bar of a share, cut to 0 and 1; `strong`: in the colour of the first. */
void rgm_html_bar(FILE *to, double share, int32_t strong);
/* <p class="soft">And 12 more.</p>, nothing if `count` is not positive. */
void rgm_html_more(FILE *to, int64_t count);

typedef struct rgm_html_image {
    const char *type; /* "jpeg", "png": a literal; bytes as of picture/encode.h */
    const void *bytes;
    size_t size;
    const char *alt;   /* any text: what is on it */
    const char *class; /* a literal; NULL: none */
    int32_t H, W;      /* pixels, for the space it takes before it is drawn; 0: none given */
} rgm_html_image;

/* An <img> with its bytes within the page. */
void rgm_html_img(FILE *to, const rgm_html_image *image);

#endif
