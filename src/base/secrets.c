#include "base/secrets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Published as a whole: those who read need no lock, also in a signal handler.
 * A form stays until the process ends; only what follows it may change. */
struct form {
    _Atomic(struct form *) next;
    char *text;
    size_t size;
};

static _Atomic(struct form *) forms;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static bool
is_known(const char *text, size_t size)
{
    for (const struct form *form = atomic_load(&forms); form; form = form->next)
        if (form->size == size && memcmp(form->text, text, size) == 0)
            return true;
    return false;
}

/* Longer forms come first: one may be part of another. */
static void
add_form(const char *text, size_t size)
{
    if (is_known(text, size))
        return;
    struct form *form = xmalloc(sizeof(*form));
    *form = (struct form){.text = xstrndup(text, size), .size = size};
    struct form *first = atomic_load(&forms);
    if (!first || first->size <= size) {
        form->next = first;
        atomic_store(&forms, form);
        return;
    }
    struct form *before = first;
    while (before->next && before->next->size > size)
        before = before->next;
    form->next = before->next;
    before->next = form;
}

static void
append_json(struct buf *out, const char *secret)
{
    for (const char *p = secret; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else if (c < 0x20)
            buf_printf(out, "\\u%04X", c);
        else
            buf_append(out, p, 1);
    }
}

/* `space`: what a space becomes, "%20" or "+". */
static void
append_escaped(struct buf *out, const char *secret, const char *space)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~";
    for (const char *p = secret; *p != '\0'; p++) {
        if (*p == ' ')
            buf_append_str(out, space);
        else if (strchr(plain, *p))
            buf_append(out, p, 1);
        else
            buf_printf(out, "%%%02X", (unsigned char)*p);
    }
}

bool
secrets_add(const char *secret)
{
    size_t size = strlen(secret);
    if (size < SECRET_MIN)
        return false;
    struct buf forms_of_it[3] = {0};
    append_json(&forms_of_it[0], secret);
    append_escaped(&forms_of_it[1], secret, "%20");
    append_escaped(&forms_of_it[2], secret, "+");
    pthread_mutex_lock(&adding);
    add_form(secret, size);
    for (size_t i = 0; i < 3; i++) {
        add_form(forms_of_it[i].data, forms_of_it[i].size);
        buf_finish(&forms_of_it[i]);
    }
    pthread_mutex_unlock(&adding);
    return true;
}

/* The form that `text` begins with, or NULL. */
static const struct form *
form_at(const struct form *first, const char *text, size_t size)
{
    for (const struct form *form = first; form; form = form->next)
        if (form->size <= size && form->text[0] == text[0] &&
            memcmp(form->text, text, form->size) == 0)
            return form;
    return NULL;
}

bool
secrets_occur(const char *text, size_t size)
{
    for (const struct form *form = atomic_load(&forms); form; form = form->next)
        if (memmem(text, size, form->text, form->size))
            return true;
    return false;
}

void
secrets_append(struct buf *out, const char *text, size_t size)
{
    const struct form *first = atomic_load(&forms);
    if (!first || !secrets_occur(text, size)) {
        buf_append(out, text, size);
        return;
    }
    size_t i = 0;
    while (i < size) {
        const struct form *form = form_at(first, text + i, size - i);
        if (form)
            buf_append_str(out, SECRET_SHOWN);
        else
            buf_append(out, text + i, 1);
        i += form ? form->size : 1;
    }
}

void
secrets_hide(struct buf *text, size_t from)
{
    if (text->size <= from ||
        !secrets_occur(text->data + from, text->size - from))
        return;
    struct buf clean = {0};
    buf_append(&clean, text->data, from);
    secrets_append(&clean, text->data + from, text->size - from);
    buf_finish(text);
    *text = clean;
}
