#include "cli/desk.h"

#include "json/write.h"

#include <stdio.h>

static int open_all(struct desk *desk, const struct invocation *invocation, struct err *err)
{
    *desk =
        (struct desk){ .invocation = invocation, .conf = invocation->conf, .arena = invocation->conf->arena };
    if (store_open(&desk->store, arena_cstr(desk->arena, desk->conf->state_dir), err) ||
        auth_new(&desk->auth, desk->conf, err))
        return -1;
    return gateway_new(&desk->gateway, desk->conf, desk->auth, desk->store, err);
}

static void close_all(struct desk *desk)
{
    gateway_free(&desk->gateway);
    if (desk->auth)
        auth_free(&desk->auth);
    if (desk->store)
        store_close(&desk->store);
}

bool scope_has(struct str list, struct str word)
{
    struct str piece;

    while (str_next(&list, ' ', &piece))
        if (str_eq(piece, word))
            return true;
    return false;
}

struct str desk_scope(struct desk *desk, const struct dialect *dialect)
{
    struct buf scope = buf_in(desk->arena, 64 * 1024);

    for (size_t i = 0; i < dialect->operation_count; i++) {
        for (size_t k = 0; k < dialect->operations[i].scope_count; k++) {
            struct str one = dialect->operations[i].scopes[k];
            if (!str_starts(one, STR("read:")) && !str_starts(one, STR("write:")))
                continue;
            if (scope_has(buf_str(&scope), one))
                continue;
            if (scope.len)
                buf_char(&scope, ' ');
            buf_add(&scope, one);
        }
    }
    return buf_str(&scope);
}

struct str desk_canonical_id(struct desk *desk, const struct dialect *dialect, const char *kind,
                             struct str brand, struct str given)
{
    struct id_query query = { .kind = str_from(kind), .brand = brand, .given = given };
    struct store_batch batch = { .arena = desk->arena, .ids = &query, .id_count = 1 };

    if (!dialect)
        return given;
    query.dialect = dialect->name;
    query.form = dialect_id_form(dialect, query.kind);
    struct err err;
    if (cli_batch(desk->store, &batch, &err))
        return given;
    return query.found.ptr ? query.found : given;
}

const struct str *desk_canonical_ids(struct desk *desk, const struct dialect *dialect, const char *option,
                                     const char *kind, struct str brand, size_t *count)
{
    const struct option_value *given = option_find(desk->invocation, option);

    *count = given ? given->count : 0;
    struct str *ids = ARENA_ARRAY(desk->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++)
        ids[i] = desk_canonical_id(desk, dialect, kind, brand, str_from(given->values[i]));
    return ids;
}

void desk_push_all(struct jdoc *object, const char *name, const struct str *items, size_t count)
{
    struct jdoc *array = jdoc_array();

    for (size_t i = 0; i < count; i++)
        jdoc_push_string(array, items[i]);
    jdoc_set(object, name, array);
}

void desk_print_member(const char *name, struct str value, bool first)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf out = buf_in(arena, SIZE_MAX);

    json_quote(&out, value);
    (void)printf("%s\"%s\":" STR_FMT, first ? "{" : ",", name, STR_ARG(buf_str(&out)));
    arena_free(&arena);
}

int desk_with(const struct invocation *invocation, int (*work)(struct desk *desk, struct err *err),
              struct err *err)
{
    struct desk desk;
    int result = open_all(&desk, invocation, err);

    if (!result)
        result = work(&desk, err);
    close_all(&desk);
    return result;
}
