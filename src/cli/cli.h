#ifndef MOLO_CLI_CLI_H
#define MOLO_CLI_CLI_H

/* The command line of molo, whole. Returns the exit code. */
int cli_main(int argc, char **argv);

#endif
