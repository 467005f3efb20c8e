/* A header of the PROXY protocol is read alike however many of its bytes have come, and never past them. */
#include "http/proxied.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* At `len` bytes on a piece of memory of that size. */
static enum proxied_verdict read_first(const uint8_t *data, size_t len, struct proxied *proxied)
{
    char *exact = malloc(len ? len : 1);

    if (len)
        memcpy(exact, data, len);
    enum proxied_verdict verdict = proxied_read(str_of(exact, len), proxied);
    free(exact);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxied whole, part;
    enum proxied_verdict verdict = read_first(data, size, &whole);

    demand(verdict != PROXIED_INCOMPLETE || size < PROXIED_BYTES);
    for (size_t len = 0; len < size && len <= PROXIED_BYTES; len++) {
        enum proxied_verdict before = read_first(data, len, &part);
        if (verdict == PROXIED_WHOLE)
            demand(before == (len < whole.len ? PROXIED_INCOMPLETE : PROXIED_WHOLE));
        else
            demand(before == PROXIED_INCOMPLETE || before == verdict);
    }
    if (verdict != PROXIED_WHOLE)
        return 0;
    demand(whole.len <= size && whole.len <= PROXIED_BYTES);
    demand(data[0] != 'P' || (whole.len <= PROXIED_V1_BYTES && data[whole.len - 2] == '\r' && data[whole.len - 1] == '\n'));
    char text[ADDRESS_TEXT];
    struct address again;
    if (whole.named)
        demand(address_parse(address_text(&whole.client, text), &again) && !memcmp(&again, &whole.client, sizeof again));
    return 0;
}
