#ifndef MOLO_TESTS_SIM_SHRINK_H
#define MOLO_TESTS_SIM_SHRINK_H

#include "program.h"

/* Whether a program fails, tried in a process of its own, so that a crash, an
 * assertion or an endless loop is a failure like others. */
bool program_fails(const struct program *program);

/* Takes away whatever can be taken away while it still fails. */
void program_shrink(struct program *program);

#endif
