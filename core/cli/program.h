/* How this program was called, for messages that name a command to type. */
#ifndef RGM_CLI_PROGRAM_H
#define RGM_CLI_PROGRAM_H

/* Takes main()'s argv[0]; NULL or "" is fine. [main, once] */
void rgm_program_set(const char *called);

/* The program as its user can type it again in the same folder, quoted for a shell. It is "regimen" if it was found in
 * PATH, else the path that it was called by, such as "build/regimen". Before rgm_program_set(): "regimen". */
const char *rgm_program(void);

#endif
