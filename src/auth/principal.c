#include "auth/principal.h"

#include <stdatomic.h>

/* What principal_keep and principal_release find in front of the caller's view. */
struct kept {
    struct principal principal;
    struct lot *lot;
};

struct lot *lot_new(size_t ceiling)
{
    struct arena *arena = arena_new(ceiling);
    struct lot *lot = ARENA_NEW(arena, struct lot);

    *lot = (struct lot){ .arena = arena, .references = 1 };
    return lot;
}

void lot_release(struct lot **lot)
{
    struct lot *left = *lot;

    *lot = NULL;
    if (!left || --left->references)
        return;
    struct arena *arena = left->arena;
    arena_free(&arena);
}

struct principal *principal_keep(struct principal *principal)
{
    ((struct kept *)principal)->lot->references++;
    return principal;
}

void principal_release(struct principal **principal)
{
    if (!*principal)
        return;
    struct lot *lot = ((struct kept *)*principal)->lot;
    *principal = NULL;
    lot_release(&lot);
}

static struct str text_claim(struct arena *arena, const struct jdoc *claims, const char *name)
{
    struct str text;

    return jdoc_string(jdoc_get(claims, name), &text) && text.len ? arena_copy(arena, text) : STR_NONE;
}

/* A non-empty text, or an array of such: its texts. Anything else: none, false. */
static bool texts_of(struct arena *arena, const struct jdoc *value, const struct str **texts, size_t *count)
{
    struct str one;
    size_t n = jdoc_kind(value) == JDOC_ARRAY ? jdoc_count(value) : 1;
    struct str *all = ARENA_ARRAY(arena, struct str, n);

    for (size_t i = 0; i < n; i++) {
        if (!jdoc_string(jdoc_kind(value) == JDOC_ARRAY ? jdoc_at(value, i) : value, &one) || !one.len)
            return false;
        all[i] = arena_copy(arena, one);
    }
    *texts = all;
    *count = n;
    return true;
}

/* RFC 6749 section 3.3: separated by single spaces; further ones are forgiven. */
static void split_scopes(struct arena *arena, struct str text, struct principal *principal)
{
    size_t spaces = 0;

    for (size_t i = 0; i < text.len; i++)
        spaces += text.ptr[i] == ' ';
    struct str *scopes = ARENA_ARRAY(arena, struct str, spaces + 1);
    struct str rest = arena_copy(arena, text), piece;
    while (str_next(&rest, ' ', &piece))
        if (piece.len)
            scopes[principal->scope_count++] = piece;
    principal->scopes = scopes;
}

/* The first of `scope`, `scp` and `scopes` that is present decides, also when it is malformed: then there are
 * none. Each may be a text or an array of texts. */
static void read_scopes(struct arena *arena, const struct jdoc *claims, struct principal *principal)
{
    static const char *const names[] = { "scope", "scp", "scopes" };
    const struct jdoc *value = NULL;
    struct str text;

    for (size_t i = 0; i < COUNT(names) && !value; i++)
        value = jdoc_get(claims, names[i]);
    if (jdoc_string(value, &text))
        split_scopes(arena, text, principal);
    else if (value)
        (void)texts_of(arena, value, &principal->scopes, &principal->scope_count);
}

/* `brand_id`, else `brand`. One that is present but names none must not look like a credential without a
 * brand, for which admin:* may choose one: it may do nothing. */
static void read_brand(struct arena *arena, const struct jdoc *claims, struct principal *principal)
{
    const char *name = jdoc_get(claims, "brand_id") ? "brand_id" : "brand";

    principal->brand = text_claim(arena, claims, name);
    if (!principal->brand.len && jdoc_get(claims, name))
        principal->scope_count = 0;
}

static uint64_t next_serial(void)
{
    static _Atomic uint64_t serial;

    return atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed) + 1;
}

struct principal *principal_new(struct lot *lot, const struct jdoc *claims, int64_t expires_ms)
{
    struct kept *kept = ARENA_NEW(lot->arena, struct kept);
    struct principal *principal = &kept->principal;
    const struct jdoc *patients = jdoc_get(claims, "patient_id"), *groups = jdoc_get(claims, "groups");

    lot->references++;
    kept->lot = lot;
    principal->subject = text_claim(lot->arena, claims, "sub");
    principal->token_id = text_claim(lot->arena, claims, "jti");
    principal->expires_ms = expires_ms;
    principal->serial = next_serial();
    read_scopes(lot->arena, claims, principal);
    read_brand(lot->arena, claims, principal);
    principal->patients_bound = patients;
    if (patients)
        (void)texts_of(lot->arena, patients, &principal->patients, &principal->patient_count);
    principal->groups_bound = groups;
    if (groups)
        (void)texts_of(lot->arena, groups, &principal->groups, &principal->group_count);
    return principal;
}

static bool holds(const struct principal *principal, struct str scope)
{
    for (size_t i = 0; i < principal->scope_count; i++)
        if (str_eq(principal->scopes[i], scope))
            return true;
    return false;
}

/* `verb`:`resource` is held; compared in place, this is asked for every request. */
static bool holds_verb(const struct principal *principal, struct str verb, struct str resource)
{
    struct str held_verb, held_resource;

    for (size_t i = 0; i < principal->scope_count; i++)
        if (str_cut(principal->scopes[i], ':', &held_verb, &held_resource) && str_eq(held_verb, verb) &&
            str_eq(held_resource, resource))
            return true;
    return false;
}

bool principal_is_admin(const struct principal *principal)
{
    return holds(principal, STR("admin:*"));
}

bool principal_allows(const struct principal *principal, struct str scope)
{
    struct str verb, resource;

    if (!scope.len)
        return false; /* nothing is open by omission */
    if (holds(principal, scope) || principal_is_admin(principal))
        return true;
    if (!str_cut(scope, ':', &verb, &resource) || !resource.len)
        return false;
    if (holds_verb(principal, STR("admin"), resource))
        return true;
    return (str_is(verb, "read") || str_is(verb, "write")) && holds_verb(principal, STR("manage"), resource);
}

static bool is_among(const struct str *ids, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(ids[i], id))
            return true;
    return false;
}

bool principal_may_patient(const struct principal *principal, struct str canonical_id)
{
    return !principal->patients_bound || is_among(principal->patients, principal->patient_count, canonical_id);
}

bool principal_may_group(const struct principal *principal, struct str canonical_id)
{
    return !principal->groups_bound || is_among(principal->groups, principal->group_count, canonical_id);
}
