#include "auth/jws.h"

#include "base/codec.h"

static int denied(struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID_TOKEN, "token: %s", why);
}

static int split(struct str token, struct str parts[static 3], struct err *err)
{
    struct str rest;

    if (token.len > JWS_LONGEST)
        return denied(err, "too long");
    if (!str_cut(token, '.', &parts[0], &rest) || !str_cut(rest, '.', &parts[1], &parts[2]))
        return denied(err, "not three segments");
    if (parts[2].len && memchr(parts[2].ptr, '.', parts[2].len))
        return denied(err, "more than three segments"); /* five is a JWE */
    if (!parts[0].len || !parts[1].len || !parts[2].len)
        return denied(err, "an empty segment");
    return parts[0].len > JWS_HEADER_LONGEST ? denied(err, "header too long") : 0;
}

/* The JSON object in a segment; NULL with `err`. */
static struct jdoc *object_in(struct arena *arena, struct str segment, const char *what, struct err *err)
{
    struct str text;

    if (!base64url_decode(arena, segment, &text)) {
        (void)err_set(err, ERR_INVALID_TOKEN, "token: %s is not canonical base64url", what);
        return NULL;
    }
    struct jdoc *doc = jdoc_parse(text, err);
    if (doc && jdoc_kind(doc) == JDOC_OBJECT)
        return doc;
    jdoc_free(&doc);
    (void)err_set(err, ERR_INVALID_TOKEN, "token: %s is not a JSON object without duplicates", what);
    return NULL;
}

/* RFC 8725 section 3.11: a token made for another purpose (an ID token's or a logout token's own type) is
 * none. */
static bool known_type(const struct jdoc *header, bool *access_token)
{
    static const struct {
        struct str name;
        bool access_token;
    } types[] = {
        { STR_INIT("JWT"), false },
        { STR_INIT("application/jwt"), false },
        { STR_INIT("at+jwt"), true },
        { STR_INIT("application/at+jwt"), true },
    };
    const struct jdoc *member = jdoc_get(header, "typ");
    struct str type;

    if (!member)
        return true;
    if (!jdoc_string(member, &type))
        return false;
    for (size_t i = 0; i < COUNT(types); i++) {
        *access_token = types[i].access_token;
        if (str_eq_nocase(type, types[i].name))
            return true;
    }
    return false;
}

static int read_header(struct jws *jws, struct err *err)
{
    const struct jdoc *kid = jdoc_get(jws->header, "kid");

    if (!jdoc_string(jdoc_get(jws->header, "alg"), &jws->algorithm))
        return denied(err, "no algorithm");
    if (kid && !jdoc_string(kid, &jws->kid))
        return denied(err, "kid is not a string");
    if (jdoc_get(jws->header, "crit"))
        return denied(err, "critical header members are not understood"); /* RFC 7515 section 4.1.11 */
    if (!known_type(jws->header, &jws->access_token))
        return denied(err, "another type");
    return 0; /* jku, x5u, jwk and x5c are never looked at (RFC 8725 section 3.10) */
}

int jws_parse(struct jws *jws, struct arena *arena, struct str token, struct err *err)
{
    struct str parts[3];

    *jws = (struct jws){ 0 };
    if (split(token, parts, err))
        return -1;
    if (!base64url_decode(arena, parts[2], &jws->signature))
        return denied(err, "signature is not canonical base64url");
    jws->signing_input = str_of(token.ptr, parts[0].len + 1 + parts[1].len);
    jws->header = object_in(arena, parts[0], "header", err);
    if (!jws->header || read_header(jws, err))
        return -1;
    jws->claims = object_in(arena, parts[1], "payload", err);
    return jws->claims ? 0 : -1;
}

void jws_done(struct jws *jws)
{
    jdoc_free(&jws->header);
    jdoc_free(&jws->claims);
}
