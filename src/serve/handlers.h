#ifndef MOLO_SERVE_HANDLERS_H
#define MOLO_SERVE_HANDLERS_H

#include "base/err.h"
#include "serve/request.h"

/* The paths: a handler answers a request; `argument` is what stands behind the
 * route's path. handlers.c routes; each group has a file. */

/* handlers_basic.c */
enum MHD_Result handle_pad(struct request *request, const char *argument);
enum MHD_Result handle_delay(struct request *request, const char *argument);
enum MHD_Result handle_status(struct request *request, const char *argument);
enum MHD_Result handle_echo(struct request *request, const char *argument);
enum MHD_Result handle_bytes(struct request *request, const char *argument);
enum MHD_Result handle_redirect(struct request *request, const char *argument);
enum MHD_Result handle_flaky(struct request *request, const char *argument);
enum MHD_Result handle_stats(struct request *request, const char *argument);

/* handlers_contest.c */
enum MHD_Result handle_stock(struct request *request, const char *argument);
enum MHD_Result handle_seat(struct request *request, const char *argument);
enum MHD_Result handle_auction(struct request *request, const char *argument);
enum MHD_Result handle_chat(struct request *request, const char *argument);
enum MHD_Result handle_limited(struct request *request, const char *argument);

/* handlers_stream.c */
enum MHD_Result handle_events(struct request *request, const char *argument);
enum MHD_Result handle_upload(struct request *request, const char *argument);

/* handlers_websocket.c */
enum MHD_Result handle_websocket(struct request *request, const char *argument);

/* --- for handlers --- */

bool handler_is_method(const struct request *request, const char *method);
/* Of the query, decoded; NULL: none of that name. */
const char *handler_query(struct request *request, const char *name);
enum MHD_Result handler_refuse(struct request *request, const struct err *err);

#endif
