#ifndef MOLO_HTTP_MULTIPART_H
#define MOLO_HTTP_MULTIPART_H

#include "base/rng.h"
#include "http/body.h"

/* Writes multipart/form-data (RFC 7578) into a body, part by part. Names and
 * filenames are escaped as browsers do: a quote becomes %22, a line break %0D
 * and %0A. */

#define MULTIPART_BOUNDARY_SIZE 40

struct multipart {
    struct http_body *body; /* borrowed */
    char boundary[MULTIPART_BOUNDARY_SIZE];
};

/* Strings without NUL bytes; NULL: left out. */
struct multipart_part {
    const char *name;
    const char *filename;
    const char *content_type;
    const char *headers; /* further "Name: value\r\n", checked by the caller */
};

/* Draws the boundary. */
void multipart_begin(struct multipart *multipart, struct http_body *body,
                     struct rng *rng);
/* The head of a part; its content is added to the body next. */
void
multipart_add(struct multipart *multipart, const struct multipart_part *part);
/* After the last part. */
void multipart_end(struct multipart *multipart);

/* By the suffix of a name, in any case; "application/octet-stream" if it is
 * none of those known. */
const char *multipart_guess_type(const char *filename);

#endif
