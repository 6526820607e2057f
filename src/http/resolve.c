#include "http/resolve.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <uthash.h>

#include "base/mem.h"
#include "http/url.h"

enum { NAME_MAX_SIZE = 256 };

struct resolve_host {
    char *name;
    size_t name_size;
    bool known;
    struct resolve_ticket *leader; /* makes the look-up; NULL: nobody */
    struct list waiting;           /* resolve_ticket.link */
    UT_hash_handle hh;
};

struct resolve_gate {
    struct resolve_host *hosts;
    struct resolve_host *last; /* most scripts talk to one host */
};

struct resolve_gate *
resolve_gate_create(void)
{
    return xcalloc(1, sizeof(struct resolve_gate));
}

void
resolve_gate_destroy(struct resolve_gate *gate)
{
    if (gate == NULL)
        return;
    struct resolve_host *host = NULL, *next = NULL;
    HASH_ITER (hh, gate->hosts, host, next) {
        assert(host->leader == NULL && list_empty(&host->waiting));
        HASH_DEL(gate->hosts, host);
        free(host->name);
        free(host);
    }
    free(gate);
}

static bool
is_literal(const char *name)
{
    unsigned char address[4];
    return name[0] == '[' || inet_pton(AF_INET, name, address) == 1;
}

static struct resolve_host *
find_host(struct resolve_gate *gate, const char *name, size_t size)
{
    struct resolve_host *host = gate->last;
    if (host != NULL && host->name_size == size &&
        strncasecmp(host->name, name, size) == 0)
        return host;
    char key[NAME_MAX_SIZE];
    for (size_t i = 0; i < size; i++)
        key[i] = (char)tolower((unsigned char)name[i]);
    key[size] = '\0';
    HASH_FIND(hh, gate->hosts, key, size, host);
    if (host == NULL) {
        host = xcalloc(1, sizeof(*host));
        host->name = xstrdup(key);
        host->name_size = size;
        host->known = is_literal(key);
        list_init(&host->waiting);
        HASH_ADD_KEYPTR(hh, gate->hosts, host->name, size, host);
    }
    gate->last = host;
    return host;
}

bool
resolve_enter(struct resolve_gate *gate, struct resolve_ticket *ticket,
              const char *url)
{
    ticket->host = NULL;
    list_init(&ticket->link);
    struct url_parts parts;
    if (!url_split(url, strlen(url), &parts, NULL) ||
        parts.host_size >= NAME_MAX_SIZE)
        return true;
    struct resolve_host *host = find_host(gate, parts.host, parts.host_size);
    if (host->known)
        return true;
    ticket->host = host;
    if (host->leader == NULL) {
        host->leader = ticket;
        return true;
    }
    list_append(&host->waiting, &ticket->link);
    return false;
}

void
resolve_done(struct resolve_ticket *ticket)
{
    struct resolve_host *host = ticket->host;
    if (host == NULL)
        return;
    ticket->host = NULL;
    list_remove(&ticket->link);
    if (host->leader == ticket)
        host->leader = NULL;
    host->known = true;
    while (!list_empty(&host->waiting)) {
        struct resolve_ticket *next =
            container_of(host->waiting.next, struct resolve_ticket, link);
        list_remove(&next->link);
        next->host = NULL;
        next->on_go(next);
    }
}

void
resolve_leave(struct resolve_ticket *ticket)
{
    struct resolve_host *host = ticket->host;
    if (host == NULL)
        return;
    ticket->host = NULL;
    list_remove(&ticket->link);
    if (host->leader != ticket)
        return;
    host->leader = NULL;
    if (list_empty(&host->waiting))
        return;
    struct resolve_ticket *next =
        container_of(host->waiting.next, struct resolve_ticket, link);
    list_remove(&next->link);
    host->leader = next;
    next->on_go(next);
}
