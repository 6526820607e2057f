#ifndef MOLO_HTTP_SETTINGS_H
#define MOLO_HTTP_SETTINGS_H

#include <stddef.h>

#include "base/buf.h"

/* How a server is reached and who we are to it: what few requests set, and most
 * of those alike. Requests refer to one of these; NULL means that nothing is
 * set, and two requests with the same pointer have the same settings. Counted
 * references; one thread. */

enum http_text_setting {
    SETTING_CA,   /* file of certificates to trust */
    SETTING_CERT, /* file of the client's certificate (PEM) */
    SETTING_KEY,  /* file of its key; default: in the file of the certificate */
    SETTING_PROXY, /* URL */
    SETTING_UNIX_SOCKET,
    SETTING_USER, /* for `auth` */
    SETTING_PASSWORD,
    SETTING_TEXTS,
};

enum http_verify { VERIFY_DEFAULT, VERIFY_ON, VERIFY_OFF };

/* Those that answer a challenge of the server. Basic needs none: it is a
 * header. */
enum http_auth { AUTH_NONE, AUTH_DIGEST, AUTH_NTLM };

enum http_protocol {
    PROTOCOL_ANY, /* HTTP/2 where TLS agrees on it, else HTTP/1.1 */
    PROTOCOL_1_1,
    PROTOCOL_2_DIRECT, /* HTTP/2 from the first byte on, without asking */
    PROTOCOL_3,
};

struct http_settings {
    unsigned references;
    enum http_verify verify;
    enum http_auth auth;
    enum http_protocol protocol;
    char *text[SETTING_TEXTS]; /* NULL: not set */
    /* "HOST:PORT:TO-HOST:TO-PORT\0" after one another. */
    struct buf connect_to;
};

/* The settings at `slot` for writing: made, or copied if others refer to them,
 * so that nobody else sees the change. */
struct http_settings *http_settings_edit(struct http_settings **slot);
/* NULL or empty: not set. Copied. */
void http_settings_set_text(struct http_settings *settings,
                            enum http_text_setting which, const char *text);
/* Both take NULL; hold returns its argument. */
struct http_settings *http_settings_hold(struct http_settings *settings);
void http_settings_drop(struct http_settings *settings);
/* What another server must not be told goes. */
void http_settings_forget_user(struct http_settings **slot);

#endif
