/* A list of pictures in a text file -> a list. RFC 4180: a line for each picture, fields in quotes where they need
 * them.
 *
 *     path,label,split          a first line that names the columns is optional; their order is free then
 *     cats/tom.jpg,cat,train    path (or file, filename, image), label (or class), split (or set)
 *
 * Fields are separated by commas, tabs or semicolons, whichever the first line has most of. Lines may end with CRLF; a
 * byte-order mark is skipped; empty lines are passed over. Without a split column, and where it is empty, a picture is
 * for training. Splits have the names of rgm_list_split(). Labels are names of classes, or all of them integers, which
 * are then ordered by value. The order of the list is that of the file.
 */
#ifndef RGM_DATASETS_CSV_H
#define RGM_DATASETS_CSV_H

#include "list.h"

/* Fills an empty list; `root` is the folder of relative paths and must outlive it, like `path`. A picture that is
 * listed again, with another class or split, is logged, and so is that most files are not there. RGM_E_IO, RGM_E_FORMAT
 * with its line, or if none of the files is there; RGM_E_INTERRUPTED. */
rgm_status rgm_csv_read(rgm_list *list, const char *path, const char *root, const rgm_stop *stop, rgm_error *err);

#endif
