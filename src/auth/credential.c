/* Who the gateway says it is at other servers: client_secret_basic at their endpoints, or a token from a file. */
#include "auth/authority.h"

#include <openssl/evp.h>

#include "auth/files.h"

enum { SECRET_LONGEST = 4096 };

void form_add(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
            c == '.' || c == '_') {
            buf_char(out, (char)c);
            continue;
        }
        buf_char(out, '%');
        buf_char(out, digits[c >> 4]);
        buf_char(out, digits[c & 15]);
    }
}

/* RFC 6749 section 2.3.1: the gateway's own credential there. */
static struct str basic_credential(struct arena *arena, struct str client_id, struct str secret)
{
    struct buf pair = buf_in(arena, SIZE_MAX), out = buf_in(arena, SIZE_MAX);

    form_add(&pair, client_id);
    buf_char(&pair, ':');
    form_add(&pair, secret);
    buf_add(&out, STR("Basic "));
    char *to = buf_reserve(&out, pair.len / 3 * 4 + 5);
    int len = EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)pair.ptr, (int)pair.len);
    out.len += (size_t)len;
    return buf_str(&out);
}

static int read_secret(struct arena *arena, struct str file, struct str *secret, struct err *err)
{
    if (file_read(arena, file, true, secret, err))
        return -1;
    while (secret->len && (secret->ptr[secret->len - 1] == '\n' || secret->ptr[secret->len - 1] == '\r'))
        secret->len--;
    if (!secret->len || secret->len > SECRET_LONGEST)
        return err_set(err, ERR_CONFIG, STR_FMT ": expected one line with a client's secret", STR_ARG(file));
    return 0;
}

int credential_token(struct arena *arena, struct str file, struct str *token, struct err *err)
{
    if (file_read(arena, file, true, token, err))
        return -1;
    while (token->len && (unsigned char)token->ptr[token->len - 1] <= ' ')
        token->len--;
    for (size_t i = 0; i < token->len; i++)
        if ((unsigned char)token->ptr[i] <= ' ' || (unsigned char)token->ptr[i] > '~')
            token->len = 0; /* it goes into a header */
    return token->len ? 0 : err_set(err, ERR_CONFIG, STR_FMT ": expected one line with a token", STR_ARG(file));
}

int authority_credential(struct arena *arena, struct str client_id, struct str secret_file, struct call_header *header,
                         struct err *err)
{
    struct str secret;

    if (read_secret(arena, secret_file, &secret, err))
        return -1;
    *header = (struct call_header){ STR("authorization"), basic_credential(arena, client_id, secret) };
    return 0;
}
