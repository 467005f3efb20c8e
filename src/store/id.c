#include "store/inside.h"

#include "base/clock.h"
#include "base/codec.h"

enum { TRIES = 1000 };

void store_id_prefix(struct cache_prefix *prefix, const struct store *store, const struct id_query *query, bool to_dialect)
{
    struct str parts[] = { query->dialect, query->kind, query->brand };

    store_cache_prefix(prefix, store->cache, to_dialect ? CACHE_ID_OUT : CACHE_ID_IN, parts, COUNT(parts));
}

/* What the cache has for a canonical id is a byte that says whether the row has an owner, then the id. */
enum { OWNED = '+', UNOWNED = '-' };

bool store_id_get(struct store *store, struct arena *arena, const struct cache_prefix *prefix, struct id_query *query)
{
    struct cache_key key = store_cache_key(prefix, query->given);
    struct str value;

    if (!store_cache_get(store->cache, &key, 0, arena, &value))
        return false;
    if (query->to_dialect && query->owner.len && value.ptr[0] == UNOWNED)
        return false;
    query->found = query->to_dialect ? str_from_at(value, 1) : value;
    return true;
}

void store_id_put(struct store *store, struct arena *arena, const struct id_item *item)
{
    const struct id_query *query = &item->query;
    struct str canonical = query->to_dialect ? query->given : query->found;
    struct str id = query->to_dialect ? query->found : query->given;
    struct cache_prefix to_dialect, to_canonical;
    char *value = arena_alloc(arena, id.len + 1);

    store_id_prefix(&to_dialect, store, query, true);
    store_id_prefix(&to_canonical, store, query, false);
    struct cache_key out = store_cache_key(&to_dialect, canonical), in = store_cache_key(&to_canonical, id);
    value[0] = item->owned ? OWNED : UNOWNED;
    memcpy(value + 1, id.ptr, id.len); /* no id is empty */
    store_cache_put(store->cache, &out, str_of(value, id.len + 1), CACHE_FOREVER);
    store_cache_put(store->cache, &in, canonical, CACHE_FOREVER);
}

int store_is_erased(struct store *store, struct str kind, struct str brand, struct str canonical_id,
                    struct err *err)
{
    int any = store_any_erased(store, err);

    if (any < 1)
        return any;
    struct db_statement *find =
        db_prepare(store->db, "SELECT 1 FROM erasure WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3");

    db_bind_text(find, 1, kind);
    db_bind_text(find, 2, brand);
    db_bind_text(find, 3, canonical_id);
    return db_step(find, err);
}

static struct rest_key key_of(const struct id_query *query)
{
    return (struct rest_key){ query->dialect, query->kind, query->brand, query->given };
}

/* The other id of a row: 1 found, 0 no row, or one without a dialect id (`item->row` names it), -1 failed. A
 * tombstone is a row with an unknown id (ptr NULL). */
static int read_found(struct arena *arena, struct id_item *item, struct db_statement *find, struct err *err)
{
    int rc = db_step(find, err);

    item->row = rc == 1 ? db_column_int(find, 3) : 0;
    if (rc != 1 || db_column_null(find, 0))
        return rc < 0 ? -1 : 0;
    item->query.found = db_column_int(find, 1) ? STR_NONE : arena_copy(arena, db_column_text(find, 0));
    item->owned = !db_column_null(find, 2);
    return 1;
}

static int find_by_canonical(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    struct rest_key key = key_of(&item->query);
    int rc = store_row(store, &key, &item->row, err);

    if (rc < 1)
        return rc;
    struct db_statement *find = db_prepare(store->db, "SELECT dialect_id, erased, owner, at FROM entity WHERE at = ?1");
    db_bind_int(find, 1, item->row);
    return read_found(arena, item, find, err);
}

static int find_by_dialect(struct db *db, struct arena *arena, struct id_item *item, struct err *err)
{
    struct db_statement *find = db_prepare(db, "SELECT canonical_id, erased, owner, at FROM entity WHERE dialect = ?1 "
                                               "AND kind = ?2 AND brand = ?3 AND dialect_id = ?4");

    db_bind_text(find, 1, item->query.dialect);
    db_bind_text(find, 2, item->query.kind);
    db_bind_text(find, 3, item->query.brand);
    db_bind_text(find, 4, item->query.given);
    return read_found(arena, item, find, err);
}

/* The time, to 1/65536 s, then six random bytes: ids of one time stand side by side in their index, where
 * random ones would each cost a page of it. The first four bytes are the seconds since 1970, as in the ids of
 * MongoDB that this is the form of. */
static void ordered_hex24(struct arena *arena, struct str *id)
{
    uint64_t now_ms = (uint64_t)clock_wall_ms(), at = now_ms / 1000 << 16 | now_ms % 1000 * 65536 / 1000;
    unsigned char bytes[12];
    struct buf buf = buf_in(arena, 24);

    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(at >> (40 - 8 * i));
    random_bytes(bytes + 6, 6);
    buf_hex(&buf, bytes, sizeof bytes);
    *id = buf_str(&buf);
}

/* `sequence`: of which the id is the next, or NULL. */
static int propose(struct store *store, struct arena *arena, const struct id_query *query, struct str *id,
                   struct sequence **sequence, struct err *err)
{
    *sequence = NULL;
    switch (query->form) {
    case ID_INTEGER:
        if (store_sequence(store, query->dialect, query->kind, query->brand, sequence, err))
            return -1;
        *id = arena_printf(arena, "%lld", (long long)(*sequence)->next);
        return 0;
    case ID_HEX24:
        ordered_hex24(arena, id);
        return 0;
    case ID_SAME:
    case ID_VERBATIM:
        break;
    }
    *id = query->given;
    return 0;
}

/* The row of a new id, with the rest that came with it: 1 made, 0 the id is taken, -1 failed. */
static int insert(struct store *store, const struct id_item *item, struct str id, struct err *err)
{
    const struct rest_key key = key_of(&item->query);

    return store_row_insert(store, &key, id, item->query.owner, item->rest, err);
}

/* The same where a rest was kept before. */
static int complete(struct db *db, const struct id_item *item, struct str id, struct err *err)
{
    struct db_statement *set = db_prepare(db, "UPDATE OR IGNORE entity SET dialect_id = ?2, "
                                              "owner = coalesce(owner, nullif(?3, '')) WHERE at = ?1");

    db_bind_int(set, 1, item->row);
    db_bind_text(set, 2, id);
    db_bind_text(set, 3, item->query.owner);
    return db_step(set, err) < 0 ? -1 : (int)db_changes(db);
}

/* One try to give the entity an id: 1 done, 0 the id is taken, -1 failed. `sequence`: of
 * which the id was the next, or NULL. */
static int try_id(struct store *store, struct arena *arena, struct id_item *item, struct sequence **sequence,
                  struct err *err)
{
    struct str id;

    if (propose(store, arena, &item->query, &id, sequence, err))
        return -1;
    int made = item->row ? complete(store->db, item, id, err) : insert(store, item, id, err);
    if (made != 1)
        return made;
    if (*sequence)
        (*sequence)->next++;
    item->source = ID_NEW_ROW;
    item->owned = item->query.owner.len > 0;
    item->query.found = id;
    item->rest_kept = !item->row;
    return 1;
}

static int allocate(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    int tries = item->query.form == ID_VERBATIM ? 1 : TRIES;

    for (int i = 0; i < tries; i++) {
        struct sequence *sequence;
        int made = try_id(store, arena, item, &sequence, err);
        if (made)
            return made < 0 ? -1 : 0;
        if (sequence)
            sequence->next++; /* another process took that one */
    }
    return err_set(err, ERR_CONFLICT, "crosswalk: no free id (" STR_FMT ")", STR_ARG(item->query.kind));
}

static int find_out(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    const struct id_query *query = &item->query;
    int erased = store_is_erased(store, query->kind, query->brand, query->given, err);

    if (erased)
        return erased < 0 ? -1 : 0;
    return allocate(store, arena, item, err);
}

/* Without a row a verbatim id is the canonical id, unless that one goes by another name or was erased. */
static int find_in_verbatim(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    struct id_query *query = &item->query;
    int known = find_by_canonical(store, arena, item, err);
    int erased = known ? known : store_is_erased(store, query->kind, query->brand, query->given, err);

    query->found = STR_NONE;
    if (erased)
        return erased < 0 ? -1 : 0;
    item->source = ID_ITSELF;
    query->found = query->given;
    return 0;
}

/* From a row: 1 found (nothing, if it is a tombstone), 0 no row that names an id, -1 failed. */
static int find_known(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    const struct id_query *query = &item->query;
    int found = query->to_dialect ? find_by_canonical(store, arena, item, err)
                                  : find_by_dialect(store->db, arena, item, err);

    if (found < 1)
        return found;
    item->source = query->found.ptr ? ID_ROW : ID_UNKNOWN;
    bool adopt = query->found.ptr && query->to_dialect && query->owner.len && !item->owned;
    item->owned |= adopt;
    return adopt && store_row_own(store->db, item->row, query->owner, err) ? -1 : 1;
}

int store_id_find(struct store *store, struct arena *arena, struct id_item *item, struct err *err)
{
    struct id_query *query = &item->query;

    item->source = ID_UNKNOWN;
    item->rest_kept = false;
    query->found = STR_NONE;
    int found = find_known(store, arena, item, err);
    if (found)
        return found < 0 ? -1 : 0;
    if (query->to_dialect)
        return find_out(store, arena, item, err);
    return query->form == ID_VERBATIM ? find_in_verbatim(store, arena, item, err) : 0;
}
