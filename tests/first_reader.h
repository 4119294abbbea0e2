/* A first reader that does something at one of its reads: a helper program of the tests' own (tests/try). */
#ifndef RGM_TESTS_FIRST_READER_H
#define RGM_TESTS_FIRST_READER_H

/* From now on its read number `at`, from 1 on, does `what`; at = 0: nothing. A file in `folder` notes that it did.
 *     "fail ERRNO"      the read fails
 *     "signal NUMBER"   it ends by that signal
 *     "exit CODE"
 *     "spin"            until a second of CPU time is over
 *     "sleep"           until its clock has run down, which is put forward
 *     "rename FROM TO", "touch FILE"     and the read goes on */
void first_reader_does(const char *folder, int at, const char *what, ...) __attribute__((format(printf, 3, 4)));

/* How often it did so since it was told to. */
int first_reader_did(void);

#endif
