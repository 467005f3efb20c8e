/* A client's credential in the header Authorization: what is read, written again as RFC 6749 section 2.3.1
 * says, reads the same; neither half is empty, and both are text. */
#include "auth/grant.h"
#include "base/codec.h"

#include <openssl/evp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void add_encoded(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
}

static struct str header_of(struct arena *arena, struct str id, struct str secret)
{
    struct buf pair = buf_in(arena, SIZE_MAX);

    add_encoded(&pair, id);
    buf_char(&pair, ':');
    add_encoded(&pair, secret);
    unsigned char *text = arena_alloc(arena, pair.len / 3 * 4 + 8);
    int len = EVP_EncodeBlock(text, (const unsigned char *)pair.ptr, (int)pair.len);
    return arena_printf(arena, "Basic %.*s", len, (const char *)text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str header = str_of((const char *)data, size), id, secret, id_again, secret_again;

    if (grant_read_basic(arena, header, &id, &secret)) {
        demand(grant_is_basic(header) && id.len && secret.len && str_is_utf8(id) && str_is_utf8(secret));
        header = header_of(arena, id, secret);
        if (header.len < 8192) /* longer ones are not read */
            demand(grant_read_basic(arena, header, &id_again, &secret_again) && str_eq(id, id_again) &&
                   str_eq(secret, secret_again));
    }
    arena_free(&arena);
    return 0;
}
