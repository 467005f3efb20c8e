/* Tokens the gateway signs for clients, and the keys it publishes. */
#include "auth/inside.h"

#include <jwt.h>
#include <stdlib.h>

#include "base/codec.h"
#include "jdoc/jdoc.h"

static void set_texts(struct jdoc *claims, const char *name, const struct str *texts, size_t count)
{
    struct jdoc *list = jdoc_array();

    for (size_t i = 0; i < count; i++)
        jdoc_push_string(list, texts[i]);
    jdoc_set(claims, name, list);
}

void claims_write(const struct auth *auth, const struct token_claims *claims, struct str audience,
                  int64_t wall_ms, struct buf *json)
{
    struct jdoc *doc = jdoc_object();
    int64_t now_s = wall_ms / 1000;

    jdoc_set_string(doc, "iss", auth->issuers[0].name);
    jdoc_set_string(doc, "aud", audience);
    jdoc_set_string(doc, "sub", claims->subject);
    if (claims->brand.len)
        jdoc_set_string(doc, "brand_id", claims->brand);
    jdoc_set_string(doc, "scope", claims->scope);
    if (claims->patients_bound)
        set_texts(doc, "patient_id", claims->patients, claims->patient_count);
    if (claims->groups_bound)
        set_texts(doc, "groups", claims->groups, claims->group_count);
    jdoc_set_integer(doc, "iat", now_s);
    jdoc_set_integer(doc, "exp", now_s + claims->ttl_s);
    if (claims->token_id.len)
        jdoc_set_string(doc, "jti", claims->token_id);
    jdoc_write(doc, json);
    jdoc_free(&doc);
}

/* libjwt parses the key again for every token, which nobody notices beside a client's authentication; tokens
 * for the backend, on the way of requests, are signed by own_key_sign. */
static char *sign(const struct own_key *own, struct arena *scratch, struct str claims)
{
    jwt_t *jwt = NULL;
    char *text = NULL;

    if (!jwt_new(&jwt) &&
        !jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)own->pem.ptr, (int)own->pem.len) &&
        !jwt_add_header(jwt, "kid", arena_cstr(scratch, own->kid)) &&
        !jwt_add_grants_json(jwt, arena_cstr(scratch, claims)))
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static void free_arena(struct arena **arena)
{
    arena_free(arena);
}

int auth_issue(struct auth *auth, const struct token_claims *claims, int64_t wall_ms, struct buf *out,
               struct err *err)
{
    CLEANUP(free_arena) struct arena *scratch = arena_new(SIZE_MAX);
    struct buf json = buf_in(scratch, 1 << 20);

    claims_write(auth, claims, auth->audience, wall_ms, &json);
    char *text = buf_ok(&json) ? sign(&auth->own[0], scratch, buf_str(&json)) : NULL;
    if (!text)
        return err_set(err, ERR_INTERNAL, "auth: a token could not be signed");
    buf_add(out, str_from(text));
    free(text);
    return buf_ok(out) ? 0 : err_set(err, ERR_INTERNAL, "auth: a token is too long");
}

static void add_jwk(const struct own_key *own, struct buf *out)
{
    buf_add(out, STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""));
    buf_base64url(out, own->x, sizeof own->x);
    buf_add(out, STR("\",\"y\":\""));
    buf_base64url(out, own->y, sizeof own->y);
    buf_add(out, STR("\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\""));
    buf_add(out, own->kid);
    buf_add(out, STR("\"}"));
}

void auth_jwks(const struct auth *auth, struct buf *out)
{
    buf_add(out, STR("{\"keys\":["));
    for (size_t i = 0; i < auth->own_count; i++) {
        if (i)
            buf_char(out, ',');
        add_jwk(&auth->own[i], out);
    }
    buf_add(out, STR("]}"));
}
