/* The gateway's credential for a call to the backend: minted once for each principal and brand, then reused.
 */
#include "auth/cache.h"
#include "auth/hash.h"
#include "auth/inside.h"

enum {
    MINT_SLOTS = 1024, /* a power of two */
    MINT_BYTES = 8 * 1024 * 1024,
    KNOWN = 256, /* a power of two */
    TOKEN_LONGEST = 64 * 1024,
    LIFE_S = 60,
    LEFT_MS = 30 * 1000 /* a token with less life than this is not used any more */
};

struct minted {
    struct minted *next;
    uint64_t hash;
    struct str who; /* all that goes into the token but the time */
    char *text;
    size_t len, space;
    int64_t until_ms;
};

struct mint {
    struct arena *arena; /* of entries; forgotten as a whole when full */
    struct arena *own;
    struct minted *slots[MINT_SLOTS];
    struct {
        uint64_t serial;
        struct minted *entry;
    } known[KNOWN]; /* of principals that act for their own brand: who they are need not be written out again */
};

struct mint *mint_new(void)
{
    struct arena *own = arena_new(SIZE_MAX);
    struct mint *mint = ARENA_NEW(own, struct mint);

    mint->own = own;
    mint->arena = arena_new(MINT_BYTES);
    return mint;
}

void mint_free(struct mint **mint)
{
    struct mint *gone = *mint;

    *mint = NULL;
    arena_free(&gone->arena);
    struct arena *own = gone->own;
    arena_free(&own);
}

/* With its length in front, so that no two principals give the same text. */
static void add_text(struct buf *out, struct str text)
{
    buf_uint(out, text.len);
    buf_char(out, ':');
    buf_add(out, text);
}

static void add_texts(struct buf *out, bool bound, const struct str *texts, size_t count)
{
    buf_char(out, bound ? '+' : '-');
    buf_uint(out, count);
    for (size_t i = 0; i < count; i++)
        add_text(out, texts[i]);
}

static struct str who_is(struct arena *scratch, const struct principal *principal, struct str brand)
{
    struct buf out = buf_in(scratch, MINT_BYTES);

    add_text(&out, principal->subject);
    add_text(&out, brand);
    add_texts(&out, true, principal->scopes, principal->scope_count);
    add_texts(&out, principal->patients_bound, principal->patients, principal->patient_count);
    add_texts(&out, principal->groups_bound, principal->groups, principal->group_count);
    return buf_ok(&out) ? buf_str(&out) : STR_NONE;
}

static struct minted *find(const struct mint *mint, uint64_t hash, struct str who)
{
    for (struct minted *m = mint->slots[hash % MINT_SLOTS]; m; m = m->next)
        if (m->hash == hash && str_eq(m->who, who))
            return m;
    return NULL;
}

static int too_long(struct err *err)
{
    return err_set(err, ERR_INTERNAL, "auth: a token for the backend is too long");
}

static int join_scopes(struct arena *scratch, const struct principal *principal, struct str *scope,
                       struct err *err)
{
    struct buf out = buf_in(scratch, TOKEN_LONGEST);

    for (size_t i = 0; i < principal->scope_count; i++) {
        if (i)
            buf_char(&out, ' ');
        buf_add(&out, principal->scopes[i]);
    }
    *scope = buf_str(&out);
    return buf_ok(&out) ? 0 : too_long(err);
}

static int sign(struct auth_cache *cache, const struct principal *principal, struct str brand,
                int64_t wall_ms, struct buf *out, struct err *err)
{
    struct buf json = buf_in(cache->scratch, TOKEN_LONGEST);
    struct str scope;
    if (join_scopes(cache->scratch, principal, &scope, err))
        return -1;
    const struct token_claims claims = {
        .subject = principal->subject,
        .brand = brand,
        .scope = scope,
        .patients = principal->patients,
        .patient_count = principal->patient_count,
        .patients_bound = principal->patients_bound,
        .groups = principal->groups,
        .group_count = principal->group_count,
        .groups_bound = principal->groups_bound,
        .ttl_s = LIFE_S,
    };

    claims_write(cache->auth, &claims, cache->auth->backend_audience, wall_ms, &json);
    if (!buf_ok(&json))
        return too_long(err);
    return own_key_sign(&cache->auth->own[0], cache->scratch, buf_str(&json), out, err);
}

static struct minted *add(struct mint *mint, uint64_t hash, struct str who)
{
    struct minted **slot = &mint->slots[hash % MINT_SLOTS];
    struct minted *made = ARENA_NEW(mint->arena, struct minted);

    *made = (struct minted){ .next = *slot, .hash = hash, .who = arena_copy(mint->arena, who) };
    *slot = made;
    return made;
}

/* Keeps the token in its entry; a token minted again has nearly the same length and takes the same place. */
static struct minted *keep(struct mint *mint, struct minted *entry, uint64_t hash, struct str who,
                           struct str token)
{
    size_t space = token.len + 64;

    if (arena_room(mint->arena) < sizeof *entry + who.len + space + 1) {
        arena_reset(mint->arena);
        memset(mint->slots, 0, sizeof mint->slots);
        memset(mint->known, 0, sizeof mint->known);
        entry = NULL;
    }
    if (!entry)
        entry = add(mint, hash, who);
    if (entry->space < token.len) {
        entry->text = arena_alloc(mint->arena, space);
        entry->space = space;
    }
    memcpy(entry->text, token.ptr, token.len);
    entry->len = token.len;
    return entry;
}

static struct minted *find_known(const struct mint *mint, const struct principal *principal, struct str brand)
{
    size_t at = principal->serial % KNOWN;
    bool known = principal->serial && mint->known[at].serial == principal->serial && str_eq(principal->brand, brand);

    return known ? mint->known[at].entry : NULL;
}

static void make_known(struct mint *mint, const struct principal *principal, struct str brand, struct minted *entry)
{
    if (!principal->serial || !str_eq(principal->brand, brand))
        return;
    mint->known[principal->serial % KNOWN].serial = principal->serial;
    mint->known[principal->serial % KNOWN].entry = entry;
}

/* Too old, or the clock was set back. */
static bool is_over(const struct minted *entry, int64_t wall_ms)
{
    int64_t left_ms = entry->until_ms - wall_ms;

    return left_ms < LEFT_MS || left_ms > LIFE_S * 1000;
}

static int mint_token(struct auth_cache *cache, const struct principal *principal, struct str brand, int64_t wall_ms,
                      struct minted **minted, struct err *err)
{
    struct str who = who_is(cache->scratch, principal, brand);
    if (!who.len)
        return too_long(err);
    uint64_t hash = hash_str(who, cache->key);
    struct minted *entry = find(cache->mint, hash, who);
    if (!entry || is_over(entry, wall_ms)) {
        struct buf text = buf_in(cache->scratch, TOKEN_LONGEST * 2);
        if (sign(cache, principal, brand, wall_ms, &text, err))
            return -1;
        entry = keep(cache->mint, entry, hash, who, buf_str(&text));
        entry->until_ms = wall_ms / 1000 * 1000 + LIFE_S * 1000;
    }
    make_known(cache->mint, principal, brand, entry);
    *minted = entry;
    return 0;
}

bool auth_backend_knows_caller(const struct auth *auth)
{
    return !auth->backend_token && !auth->authority.borrowed;
}

int auth_backend_token(struct auth *auth, struct auth_cache *cache, const struct principal *principal,
                       struct str brand, int64_t wall_ms, struct str *token, struct err *err)
{
    const struct str *fixed = auth->backend_token;

    if (fixed) {
        *token = *fixed;
        return 0;
    }
    arena_reset(cache->scratch);
    if (auth->authority.borrowed)
        return borrowed_token(auth->authority.borrowed, cache->scratch, token, err);
    struct minted *entry = find_known(cache->mint, principal, brand);
    if ((!entry || is_over(entry, wall_ms)) && mint_token(cache, principal, brand, wall_ms, &entry, err))
        return -1;
    *token = str_of(entry->text, entry->len);
    return 0;
}
