#include "serve/pages.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/mem.h"

#define PAGES_MAX 10000
#define TEXTS_SIZE_MAX (256 * 1000 * 1000)

struct page {
    char *name;
    size_t size;
    uint64_t version;
    /* Text and version as they are sent: answers in flight hold references, so
     * that a put neither copies nor disturbs them. */
    struct MHD_Response *response;
    UT_hash_handle hh;
};

struct pages {
    pthread_mutex_t mutex;
    struct page *by_name;
    struct MHD_Response *empty; /* of a page that was never stored */
    size_t texts_size;
};

static struct MHD_Response *
build(void *text, size_t size, uint64_t version)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, version);
    MHD_add_response_header(response, "X-Version", number);
    MHD_add_response_header(response, "Content-Type",
                            "text/plain; charset=utf-8");
    return response;
}

struct pages *
pages_create(void)
{
    struct pages *pages = xcalloc(1, sizeof(*pages));
    pthread_mutex_init(&pages->mutex, NULL);
    pages->empty = build(xstrdup(""), 0, 0);
    return pages;
}

void
pages_destroy(struct pages *pages)
{
    if (pages == NULL)
        return;
    struct page *page, *next;
    HASH_ITER (hh, pages->by_name, page, next) {
        HASH_DEL(pages->by_name, page);
        MHD_destroy_response(page->response);
        free(page->name);
        free(page);
    }
    MHD_destroy_response(pages->empty);
    pthread_mutex_destroy(&pages->mutex);
    free(pages);
}

static struct page *
add_page(struct pages *pages, const char *name, size_t name_size)
{
    struct page *page = xcalloc(1, sizeof(*page));
    page->name = xmalloc(name_size + 1);
    memcpy(page->name, name, name_size);
    page->name[name_size] = '\0';
    HASH_ADD_KEYPTR(hh, pages->by_name, page->name, name_size, page);
    return page;
}

uint64_t
pages_put(struct pages *pages, const char *name, size_t name_size,
          struct buf *text)
{
    uint64_t version = 0;
    pthread_mutex_lock(&pages->mutex);
    struct page *page;
    HASH_FIND(hh, pages->by_name, name, name_size, page);
    size_t old_size = page != NULL ? page->size : 0;
    size_t total = pages->texts_size - old_size + text->size;
    if (total <= TEXTS_SIZE_MAX &&
        (page != NULL || HASH_COUNT(pages->by_name) < PAGES_MAX)) {
        if (page == NULL)
            page = add_page(pages, name, name_size);
        if (page->response != NULL)
            MHD_destroy_response(page->response);
        pages->texts_size = total;
        page->size = text->size;
        version = ++page->version;
        size_t size = text->size;
        page->response = build(buf_take(text), size, version);
    }
    pthread_mutex_unlock(&pages->mutex);
    return version;
}

unsigned
pages_answer(struct pages *pages, const char *name, size_t name_size,
             struct MHD_Connection *connection)
{
    pthread_mutex_lock(&pages->mutex);
    struct page *page;
    HASH_FIND(hh, pages->by_name, name, name_size, page);
    MHD_queue_response(connection, MHD_HTTP_OK,
                       page != NULL ? page->response : pages->empty);
    pthread_mutex_unlock(&pages->mutex);
    return MHD_HTTP_OK;
}
