#ifndef MOLO_OUTPUT_REQUEST_QUEUE_H
#define MOLO_OUTPUT_REQUEST_QUEUE_H

#include <stdbool.h>

#include "stats/recorder.h"

/* Requests on their way from the loop, which must not wait, to the thread that
 * writes them. Bounded: what finds no room is dropped and counted. One thread
 * puts, one other takes; neither ever waits for the other. */
struct request_queue;

/* A request, with copies of its texts. */
struct request_entry {
    nsec_t at; /* its end, since the start of the runs */
    struct request_sample sample;
};

/* `size_bytes`: a power of two; entries take about 200 bytes. */
struct request_queue *request_queue_create(size_t size_bytes);
void request_queue_destroy(struct request_queue *queue);
/* False: there was no room. Texts are cut after 1,000 bytes. */
bool request_queue_put(struct request_queue *queue, nsec_t at,
                       const struct request_sample *sample);
/* The oldest one, without taking it out; NULL: empty. Valid until it is. */
const struct request_entry *request_queue_first(struct request_queue *queue);
void request_queue_take(struct request_queue *queue);
/* How many found no room. Any thread. */
uint64_t request_queue_dropped(const struct request_queue *queue);

#endif
