#ifndef MOLO_BASE_LIST_H
#define MOLO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Intrusive doubly linked list: the head and every element are a struct list.
 * An element that is in no list may be initialised with list_init, which makes
 * list_remove on it harmless. */
struct list {
    struct list *prev, *next;
};

#define container_of(ptr, type, member) \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Safe against removal of the current element, not of the next one. */
#define list_for_each(it, head)                                               \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
         it = it##_next, it##_next = it->next)

static inline void
list_init(struct list *list)
{
    list->prev = list;
    list->next = list;
}

static inline bool
list_empty(const struct list *list)
{
    return list->next == list;
}

/* Inserts before `at`: with the head as `at`, appends. */
static inline void
list_insert_before(struct list *at, struct list *elem)
{
    elem->prev = at->prev;
    elem->next = at;
    at->prev->next = elem;
    at->prev = elem;
}

static inline void
list_append(struct list *head, struct list *elem)
{
    list_insert_before(head, elem);
}

static inline void
list_prepend(struct list *head, struct list *elem)
{
    list_insert_before(head->next, elem);
}

/* Leaves `elem` initialised: removing it again does nothing. */
static inline void
list_remove(struct list *elem)
{
    elem->prev->next = elem->next;
    elem->next->prev = elem->prev;
    list_init(elem);
}

/* Moves all elements of `from` to the end of `to`; `from` is empty after. */
static inline void
list_splice(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
