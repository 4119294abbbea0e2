/* What most suites of the library stand on, made anew for each test: a folder, the usual pixels, a machine of two
 * threads. */
#ifndef RGM_TESTS_LIBRARY_GROUND_H
#define RGM_TESTS_LIBRARY_GROUND_H

#include "library_case.h"

extern char *folder, run_path[512], saved[512]; /* in the folder: a run's, and a file for a model */
extern pixels p;
extern regimen_data *data; /* of the pixels */
extern regimen_machine *machine;

void set_up(void);
void tear_down(void);

/* `settings`, with the run's folder, and `more` over them. */
regimen_config *net_of(const char *settings, const char *more);

/* A training without files, which must succeed. The configuration ends here. */
outcome model_of(const regimen_data *of, regimen_config *config, listener *l);

#endif
