/* A client's own credential in a header (RFC 7617), written as RFC 6749 section 2.3.1 wants it: both halves
 * are form-encoded first. */
#include <openssl/evp.h>

#include "auth/grant.h"

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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_form(struct arena *arena, struct str text, struct str *plain)
{
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        to[len++] = c;
    }
    *plain = str_of(to, len);
    return str_is_utf8(*plain);
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
           str_cut(pair, ':', &id, &secret) && decode_form(arena, id, client_id) &&
           decode_form(arena, secret, client_secret) && client_id->len && client_secret->len;
}
