/* A client's own credential in a header (RFC 7617), written as RFC 6749 section 2.3.1 wants it: both halves
 * are form-encoded first. */
#include <openssl/evp.h>

#include "auth/grant.h"
#include "base/codec.h"

enum { LONGEST = 8192 };

/* RFC 4648 section 4, whole groups only; OpenSSL's decoder forgives more than that. */
static bool decode_base64(struct arena *arena, struct str text, struct str *bytes)
{
    size_t padding = 0;

    if (!text.len || text.len % 4 || text.len > LONGEST)
        return false;
    while (padding < 2 && text.ptr[text.len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < text.len - padding; i++) {
        char c = text.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/'))
            return false;
    }
    unsigned char *to = arena_alloc(arena, text.len);
    int len = EVP_DecodeBlock(to, (const unsigned char *)text.ptr, (int)text.len);
    if (len < 0)
        return false;
    *bytes = str_of((const char *)to, (size_t)len - padding);
    return true;
}

bool grant_is_basic(struct str header)
{
    const struct str scheme = STR("Basic ");

    return header.len >= scheme.len && str_eq_nocase(str_of(header.ptr, scheme.len), scheme);
}

bool grant_read_basic(struct arena *arena, struct str header, struct str *client_id,
                      struct str *client_secret)
{
    struct str pair, id, secret;

    return grant_is_basic(header) && decode_base64(arena, str_trim(str_from_at(header, 6)), &pair) &&
           str_cut(pair, ':', &id, &secret) && percent_decode(arena, id, true, client_id) &&
           percent_decode(arena, secret, true, client_secret) && client_id->len && client_secret->len;
}
