#include "hub/op_copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static size_t
size_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* Puts the text at *at, which moves behind it. */
static const char *
place(char **at, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = size_of(text);
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static struct value *
copy_value(const struct value *value)
{
    return value != NULL ? value_create(value->data, value->size) : NULL;
}

void
hub_op_copy_init(struct hub_op_copy *copy, const struct hub_op *op)
{
    size_t size = size_of(op->name) + size_of(op->options.lock) +
                  size_of(op->text) + size_of(op->where);
    char *at = size > 0 ? xmalloc(size) : NULL;
    *copy = (struct hub_op_copy){.op = *op, .strings = at};
    copy->op.name = place(&at, op->name);
    copy->op.options.lock = place(&at, op->options.lock);
    copy->op.text = place(&at, op->text);
    copy->op.where = place(&at, op->where);
    copy->op.value = copy_value(op->value);
}

void
hub_op_copy_finish(struct hub_op_copy *copy)
{
    value_unref(copy->op.value);
    free(copy->strings);
}

void
hub_reply_copy_init(struct hub_reply_copy *copy, const struct hub_reply *reply)
{
    *copy = (struct hub_reply_copy){
        .reply = *reply,
        .strings = reply->text != NULL ? xstrdup(reply->text) : NULL,
    };
    copy->reply.text = copy->strings;
    copy->reply.value = copy_value(reply->value);
}

void
hub_reply_copy_finish(struct hub_reply_copy *copy)
{
    value_unref(copy->reply.value);
    free(copy->strings);
}
