#ifndef MOLO_TESTS_TINY_SERVER_H
#define MOLO_TESTS_TINY_SERVER_H

#include <stddef.h>
#include <stdint.h>

/* A loopback HTTP server on a thread of its own that misbehaves on request and
 * counts what went over its sockets. Paths:
 *
 *   /hello          200 "hello"
 *   /echo           200, the request as it was received, byte for byte
 *   /first-only     "hello" to the first request of a connection; closes at the
 *                   second without an answer
 *   /close          closes without an answer
 *   /reset          resets the connection
 *   /silent         never answers
 *   /stall          announces 10 bytes, sends 5, then nothing
 *   /truncated      announces 10 bytes, sends 5, closes
 *   /garbage        something that is not HTTP
 *   /bytes/N        200 and N bytes
 *   /chunked        an interim answer, a chunked body, a trailer
 *   /folded         a header over two lines
 *   /gzip, /bad-gzip   "hello" compressed; the same, damaged
 *   /status/N       that status
 *   /redirect/S/N   status S to /redirect/S/(N-1); N = 0: like /echo
 *   /to?URL         302 to URL, whatever it says
 */
struct tiny_server;

struct tiny_counts {
    unsigned connections, requests;
    uint64_t bytes_in, bytes_out;
};

struct tiny_server *tiny_server_start(void);
void tiny_server_stop(struct tiny_server *server);
int tiny_server_port(const struct tiny_server *server);
struct tiny_counts tiny_server_counts(struct tiny_server *server);

#endif
