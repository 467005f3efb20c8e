/* Ids of one dialect as ids of another. */
#include "cli/translate.h"

#include "base/fingerprint.h"
#include "json/number.h"

#include <errno.h>
#include <unistd.h>

enum { FIRST_ROWS = 1024 };

static size_t place_of(const struct id_table *table, struct str kind, struct str id)
{
    struct fingerprint of_kind = fingerprint_add((struct fingerprint){ 0 }, kind);

    return (size_t)fingerprint_add(of_kind, id).low & (table->space - 1);
}

static bool is_key(struct str key, struct str kind, struct str id)
{
    return key.len == kind.len + 1 + id.len && str_starts(key, kind) &&
           str_eq(str_from_at(key, kind.len + 1), id);
}

/* Its row, or the free one where it would stand. */
static struct id_row *find_row(const struct id_table *table, struct str kind, struct str id)
{
    for (size_t at = place_of(table, kind, id);; at++) {
        struct id_row *row = &table->rows[at & (table->space - 1)];
        if (!row->key.ptr || is_key(row->key, kind, id))
            return row;
    }
}

/* Half full at most. */
static void grow(struct id_table *table, struct arena *arena)
{
    struct id_table more = { .space = table->space ? table->space * 2 : FIRST_ROWS, .count = table->count };

    if (table->count * 2 < table->space)
        return;
    more.rows = ARENA_ARRAY(arena, struct id_row, more.space);
    for (size_t i = 0; i < table->space; i++) {
        struct str kind, id;
        if (table->rows[i].key.ptr && str_cut(table->rows[i].key, '\n', &kind, &id))
            *find_row(&more, kind, id) = table->rows[i];
    }
    *table = more;
}

void id_table_add(struct id_table *table, struct arena *arena, struct str kind, struct str key, struct str value)
{
    grow(table, arena);
    struct id_row *row = find_row(table, kind, key);
    table->count += !row->key.ptr;
    row->key = arena_printf(arena, STR_FMT "\n" STR_FMT, STR_ARG(kind), STR_ARG(key));
    row->value = arena_copy(arena, value);
}

static struct str find(const struct id_table *table, struct str kind, struct str id)
{
    return table->count ? find_row(table, kind, id)->value : STR_NONE;
}

static bool is_known(const struct id_table *table, struct str kind, struct str id)
{
    return table->count && find_row(table, kind, id)->key.ptr;
}

struct loading {
    struct id_tables *tables;
    const struct translate_route *route;
    struct arena *arena;
};

static int on_row(const struct crosswalk_row *row, void *data)
{
    struct loading *loading = data;

    if (!str_eq(row->brand, loading->route->brand))
        return 0;
    if (str_eq(row->dialect, loading->route->from->name))
        id_table_add(&loading->tables->in, loading->arena, row->kind, row->dialect_id, row->canonical_id);
    if (str_eq(row->dialect, loading->route->to->name)) {
        id_table_add(&loading->tables->out, loading->arena, row->kind, row->canonical_id, row->dialect_id);
        id_table_add(&loading->tables->taken, loading->arena, row->kind, row->dialect_id, STR_NONE);
    }
    return 0;
}

int ids_load(struct id_tables *tables, const struct translate_route *route, const struct conf *conf,
             struct arena *arena, struct err *err)
{
    struct loading loading = { .tables = tables, .route = route, .arena = arena };
    const char *file = arena_printf(arena, STR_FMT "/gateway.db", STR_ARG(conf->state_dir)).ptr;
    struct store *store;

    if (access(file, R_OK))
        return errno == ENOENT || errno == ENOTDIR /* a state that was never used has no crosswalk; none is made here */
                   ? 0
                   : err_set(err, ERR_CONFIG, "the crosswalk %s cannot be read: %s", file, strerror(errno));
    if (store_open(&store, arena_cstr(arena, conf->state_dir), err))
        return -1;
    int failed = store_crosswalk_each(store, on_row, &loading, err);
    store_close(&store);
    return failed;
}

struct str ids_canonical(const struct id_tables *tables, struct str kind, struct str given)
{
    struct str found = find(&tables->in, kind, given);

    return found.ptr ? found : given;
}

static bool has_form(struct str text, enum id_form form)
{
    switch (form) {
    case ID_SAME:
    case ID_VERBATIM:
        return true;
    case ID_INTEGER:
        return number_is_integer(text) && text.ptr[0] != '-';
    case ID_HEX24:
        return cli_is_hex(text, 24);
    }
    return false;
}

struct str ids_shown(const struct id_tables *tables, const struct translate_route *route, struct str kind,
                     struct str canonical)
{
    enum id_form form = dialect_id_form(route->to, kind);
    struct str found = form == ID_SAME ? canonical : find(&tables->out, kind, canonical);

    if (found.ptr) /* an import may hold any text */
        return form != ID_INTEGER || has_form(found, form) ? found : STR_NONE;
    return has_form(canonical, form) && !is_known(&tables->taken, kind, canonical) ? canonical : STR_NONE;
}
