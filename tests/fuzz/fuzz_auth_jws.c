/* A token is taken apart only in the one spelling it can be put together to again; and what its claims say
 * never makes a principal that may do more than its text. */
#include <stdlib.h>

#include "auth/auth.h"
#include "auth/claims.h"
#include "auth/jws.h"
#include "base/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spelling(struct arena *arena, const struct jws *jws, struct str token)
{
    struct buf again = buf_in(arena, 4 * JWS_LONGEST);

    buf_add(&again, jws->signing_input);
    buf_char(&again, '.');
    buf_base64url(&again, jws->signature.ptr, jws->signature.len);
    if (!str_eq(buf_str(&again), token))
        abort();
}

static void check_claims(const struct jws *jws)
{
    struct lifetime lifetime;
    struct err err;

    if (!claims_lifetime(jws->claims, 1700000000000, 30, &lifetime, &err) &&
        lifetime.until_ms <= lifetime.from_ms - 60000)
        abort();
    if (claims_audience(jws->claims, STR("dragoman"), &err) && err.code != ERR_INVALID_TOKEN)
        abort();
    if (claims_names(jws->claims, &err) && err.code != ERR_INVALID_TOKEN)
        abort();
}

static void check_principal(struct str claims)
{
    struct principal *principal = NULL;
    struct err err;

    if (auth_principal_from_claims(claims, 1700000000000, &principal, &err))
        return;
    if (principal_allows(principal, STR("")) || (!principal->patients_bound && principal->patient_count))
        abort();
    if (principal_is_admin(principal) && !memmem(claims.ptr, claims.len, "*", 1) &&
        !memmem(claims.ptr, claims.len, "\\u", 2))
        abort();
    principal_release(&principal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str token = str_of((const char *)data, size);
    struct jws jws;
    struct err err;

    if (!jws_parse(&jws, arena, token, &err)) {
        check_spelling(arena, &jws, token);
        check_claims(&jws);
    } else if (err.code != ERR_INVALID_TOKEN) {
        abort();
    }
    jws_done(&jws);
    (void)auth_looks_jwt(token);
    check_principal(token);
    arena_free(&arena);
    return 0;
}
