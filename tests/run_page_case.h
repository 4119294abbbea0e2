/* A run's folder and its page, for the tests of report/run_page.h. */
#ifndef RGM_TESTS_RUN_PAGE_CASE_H
#define RGM_TESTS_RUN_PAGE_CASE_H

#include <check.h>
#include "markup.h"
#include "report/run_page.h"

/* Of the test that runs: a folder, and paths in it. */
enum { PATH = 256 };
extern char folder[64], metrics[PATH], config[PATH], page[PATH];

void setup(void);
void teardown(void);
void write_file(const char *path, const char *text, size_t size);
void write_config(int32_t classes, int32_t every);

/* What the folder tells, to be freed. */
rgm_history *read_run(void);

/* The page of a run, whole and the same bytes twice; to be freed. Both beside the history may be NULL. */
char *write_page(const rgm_history *h, const rgm_examination *x, const rgm_watched *watched, size_t *size);

/* An examination of IMAGES images in CLASSES classes. Of class c an image is taken for c with that confidence, but for
 * a quarter of class 0, which is taken for 3. */
enum { CLASSES = 4, IMAGES = 4000 };
void examine(rgm_examination *x, double confidence);

/* Each mistake gets a picture, and so does the training image beside it. */
void draw_worst(rgm_examination *x, const uint8_t *pixels, const int32_t size[3]);

/* Layers with odd names that were watched for so many steps, two of them without units; images, filters, pictures. */
rgm_watched *watch_run(int32_t layers, int64_t steps);

/* Tests of what a model says, and of what was watched. */
TCase *run_page_answers(void);
TCase *run_page_watched(void);

#endif
