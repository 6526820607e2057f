#include "http/multipart.h"

#include <string.h>
#include <strings.h>

void
multipart_begin(struct multipart *multipart, struct http_body *body,
                struct rng *rng)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char prefix[] = "----molo";
    *multipart = (struct multipart){.body = body};
    char *out = multipart->boundary;
    memcpy(out, prefix, strlen(prefix));
    for (size_t i = strlen(prefix); i < MULTIPART_BOUNDARY_SIZE - 1; i++)
        out[i] = letters[rng_int(rng, 0, (int64_t)sizeof(letters) - 2)];
    out[MULTIPART_BOUNDARY_SIZE - 1] = '\0';
}

static void
add_text(struct http_body *body, const char *text)
{
    http_body_add(body, text, strlen(text));
}

static void
add_quoted(struct http_body *body, const char *text)
{
    add_text(body, "\"");
    for (;;) {
        size_t plain = strcspn(text, "\"\r\n");
        http_body_add(body, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        add_text(body, *text == '"' ? "%22" : *text == '\r' ? "%0D" : "%0A");
        text++;
    }
    add_text(body, "\"");
}

void
multipart_add(struct multipart *multipart, const struct multipart_part *part)
{
    struct http_body *body = multipart->body;
    /* The line break in front belongs to the boundary, not to the part. */
    add_text(body, body->size > 0 ? "\r\n--" : "--");
    add_text(body, multipart->boundary);
    add_text(body, "\r\nContent-Disposition: form-data; name=");
    add_quoted(body, part->name);
    if (part->filename != NULL) {
        add_text(body, "; filename=");
        add_quoted(body, part->filename);
    }
    add_text(body, "\r\n");
    if (part->content_type != NULL) {
        add_text(body, "Content-Type: ");
        add_text(body, part->content_type);
        add_text(body, "\r\n");
    }
    if (part->headers != NULL)
        add_text(body, part->headers);
    add_text(body, "\r\n");
}

void
multipart_end(struct multipart *multipart)
{
    struct http_body *body = multipart->body;
    add_text(body, body->size > 0 ? "\r\n--" : "--");
    add_text(body, multipart->boundary);
    add_text(body, "--\r\n");
}

static const struct {
    const char *suffix, *type;
} types[] = {
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument."
             "wordprocessingml.document"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"md", "text/markdown"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"ogg", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xlsx", "application/vnd.openxmlformats-officedocument."
             "spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
};

const char *
multipart_guess_type(const char *filename)
{
    const char *dot = strrchr(filename, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(dot + 1, types[i].suffix) == 0)
            return types[i].type;
    return "application/octet-stream";
}
