/* The style sheet and the script of a labelling page (label_page.h). The script is JavaScript of 2015 and later. It
 * asks nothing of a network and makes no markup of texts.
 *
 * Elements that it needs, by their id:
 *     job         data-set, -fingerprint, -split, -seed, -order: numbers of pictures with blanks between
 *     pictures    its children are the pictures, hidden, with data-index and data-image
 *     classes     its children are buttons, whose last child is the name
 *     search      an <input>, where there are more classes than keys
 *     count bar last kept result text    where it writes
 *     undo save anew                     buttons
 */
#ifndef RGM_REPORT_LABEL_SCRIPT_H
#define RGM_REPORT_LABEL_SCRIPT_H

const char *rgm_label_style(void);
const char *rgm_label_script(void);

#endif
