#ifndef MOLO_PLAN_OPTION_CHECK_H
#define MOLO_PLAN_OPTION_CHECK_H

#include <stdbool.h>

/* Whether a text is what an option takes; `is_valid` in the table of options.
 */

bool option_is_not_empty(const char *text);
bool option_is_http_url(const char *text);
/* --service: "NAME=URL" */
bool option_is_service(const char *text);
/* --config: the name of a file */
bool option_is_config(const char *text);
/* --jobs: "auto" or a number of up to four digits */
bool option_is_jobs(const char *text);
/* -H: "Name: value" */
bool option_is_header(const char *text);
/* -o: "KIND=FILE" */
bool option_is_output(const char *text);

#endif
