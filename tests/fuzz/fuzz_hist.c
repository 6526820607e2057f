#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "stats/hist.h"
#include "stats/hist_encode.h"

/* Histograms that came as bytes. */

const unsigned fuzz_default_runs = 20000;

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct err err;
    struct hist *hist = hist_decode_v2(data, size, &err);
    if (hist == NULL) {
        FUZZ_CHECK(err.message[0] != '\0');
        return 0;
    }
    /* What was read can be written, and read again. */
    struct buf text = {0};
    hist_encode_v2(hist, &text);
    struct hist *again = hist_decode_v2(text.data, text.size, &err);
    FUZZ_CHECK(again != NULL);
    FUZZ_CHECK(hist_count(again) == hist_count(hist));
    FUZZ_CHECK(hist_percentile(hist, 50) <= hist_percentile(hist, 100));
    hist_destroy(again);
    hist_destroy(hist);
    buf_finish(&text);
    return 0;
}
