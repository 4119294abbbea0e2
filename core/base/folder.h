/* Links to folders, for those who walk a tree of them. */
#ifndef RGM_BASE_FOLDER_H
#define RGM_BASE_FOLDER_H

#include <stdint.h>
#include <sys/stat.h>

int32_t rgm_same_file(const struct stat *a, const struct stat *b);

/* 1 if the folder *to is the one that holds the link of that path, or any above it. Such a link would bring in all that
 * is beside. */
int32_t rgm_link_leads_up(const char *path, const struct stat *to);

#endif
