/* A folder of pictures -> the list of what is in it.
 *
 *     DIR/CLASS/...                       every file below a class folder, at any depth, counts to the class
 *     DIR/train/CLASS/..., DIR/test/...   if all folders in DIR have names of splits (rgm_list_split)
 *
 * The staging of any import (stage.h) is passed over. Links to files are taken. Links to folders are followed after all
 * else, each folder once: a loop, or a second way to the same folder, ends there. A link to a folder that it is in,
 * inside of DIR or above it, is passed over. The list is in the bytewise order of the paths below DIR; classes are
 * numbered in the bytewise order of their names over all splits.
 */
#ifndef RGM_DATASETS_TREE_H
#define RGM_DATASETS_TREE_H

#include "list.h"

enum { RGM_TREE_OWN = 3 };

typedef struct rgm_tree {
    const char *folder;
    const char *own[RGM_TREE_OWN]; /* paths that the import itself makes, passed over wherever they are; NULL: none */
    const rgm_stop *stop;
} rgm_tree;

/* Fills an empty list; list->root becomes the tree's folder, which is the caller's. A folder that cannot be read is
 * logged and counted. RGM_E_USAGE for a folder that holds no class folders, RGM_E_IO if it cannot be read, RGM_E_FORMAT
 * for a name that no class can have, RGM_E_INTERRUPTED. */
rgm_status rgm_tree_walk(rgm_list *list, const rgm_tree *tree, rgm_error *err);

#endif
