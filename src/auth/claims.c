#include "auth/claims.h"

/* 9999-12-31T23:59:59Z: milliseconds of it fit by far. */
#define LATEST_S INT64_C(253402300799)

static int denied(struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID_TOKEN, "token: %s", why);
}

/* An integer NumericDate. RFC 7519 allows fractions; nobody sends them, and a strict reader cannot be talked
 * into rounding. */
static bool seconds(const struct jdoc *claim, int64_t *value)
{
    return jdoc_integer(claim, value) && *value >= 0 && *value <= LATEST_S;
}

int claims_lifetime_open(const struct jdoc *claims, int64_t wall_ms, uint64_t skew_s,
                         struct lifetime *lifetime, struct err *err)
{
    const struct jdoc *nbf = jdoc_get(claims, "nbf"), *iat = jdoc_get(claims, "iat"),
                      *exp = jdoc_get(claims, "exp");
    int64_t skew_ms = (int64_t)skew_s * 1000, expires = LATEST_S, not_before = 0, issued = 0;

    if (exp && !seconds(exp, &expires))
        return denied(err, "exp is not a time");
    if (nbf && !seconds(nbf, &not_before))
        return denied(err, "nbf is not a time");
    if (iat && !seconds(iat, &issued))
        return denied(err, "iat is not a time");
    *lifetime = (struct lifetime){
        .from_ms = (not_before > issued ? not_before : issued) * 1000 - skew_ms,
        .until_ms = expires * 1000 + skew_ms,
    };
    if (wall_ms >= lifetime->until_ms)
        return denied(err, "expired");
    return wall_ms < lifetime->from_ms ? denied(err, "not valid yet") : 0;
}

int claims_lifetime(const struct jdoc *claims, int64_t wall_ms, uint64_t skew_s, struct lifetime *lifetime,
                    struct err *err)
{
    if (!jdoc_get(claims, "exp"))
        return denied(err, "exp is missing");
    return claims_lifetime_open(claims, wall_ms, skew_s, lifetime, err);
}

int claims_at_jwt(const struct jdoc *claims, struct err *err)
{
    static const char *const names[] = { "sub", "client_id", "jti" };
    struct str text;

    for (size_t i = 0; i < COUNT(names); i++)
        if (!jdoc_string(jdoc_get(claims, names[i]), &text) || !text.len)
            return err_set(err, ERR_INVALID_TOKEN, "token: no %s, so not an access token of RFC 9068", names[i]);
    return jdoc_get(claims, "iat") ? 0 : denied(err, "no iat, so not an access token of RFC 9068");
}

int claims_audience(const struct jdoc *claims, struct str audience, struct err *err)
{
    const struct jdoc *aud = jdoc_get(claims, "aud");
    bool found = false;
    struct str one;

    if (jdoc_string(aud, &one))
        return str_eq(one, audience) ? 0 : denied(err, "for another audience");
    if (jdoc_kind(aud) != JDOC_ARRAY)
        return denied(err, "no audience");
    for (size_t i = 0; i < jdoc_count(aud); i++) {
        if (!jdoc_string(jdoc_at(aud, i), &one))
            return denied(err, "an audience is not a string");
        found |= str_eq(one, audience);
    }
    return found ? 0 : denied(err, "for other audiences");
}

int claims_names(const struct jdoc *claims, struct err *err)
{
    static const char *const names[] = { "sub", "jti" };
    struct str text;

    for (size_t i = 0; i < COUNT(names); i++)
        if (jdoc_get(claims, names[i]) && !jdoc_string(jdoc_get(claims, names[i]), &text))
            return err_set(err, ERR_INVALID_TOKEN, "token: %s is not a string", names[i]);
    return 0;
}
