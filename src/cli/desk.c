#include "cli/desk.h"

#include "auth/auth.h"
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

struct str desk_scope(struct desk *desk, const struct dialect *dialect)
{
    struct buf scope = buf_in(desk->arena, 64 * 1024);

    for (size_t i = 0; i < dialect->operation_count; i++) {
        for (size_t k = 0; k < dialect->operations[i].scope_count; k++) {
            struct str one = dialect->operations[i].scopes[k];
            if (!str_starts(one, STR("read:")) && !str_starts(one, STR("write:")))
                continue;
            if (!str_lists(buf_str(&scope), ' ', one))
                buf_join(&scope, ' ', one);
        }
    }
    return buf_str(&scope);
}

/* `near` tries what is demanded. */
static bool grants_any(const struct principal *who, const struct str *demanded, size_t count, struct near *near)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        any |= principal_allows(who, demanded[i]);
        near_try(near, demanded[i]);
    }
    return any;
}

static bool grants(const struct dialect *dialect, const struct principal *who, struct near *near)
{
    bool any = false;

    for (size_t i = 0; i < dialect->operation_count; i++) {
        const struct operation *operation = &dialect->operations[i];
        any |= grants_any(who, operation->scopes, operation->scope_count, near);
        for (size_t k = 0; k < operation->include_count; k++)
            any |= grants_any(who, operation->includes[k].scopes, operation->includes[k].scope_count, near);
    }
    for (size_t i = 0; i < dialect->lookup_count; i++)
        any |= grants_any(who, &dialect->lookups[i].scope, dialect->lookups[i].scope.len > 0, near);
    return any;
}

/* A token is good at every dialect that takes its kind: one that grants nothing in the one that was named is only told. */
int desk_judge_scopes(const struct desk *desk, const struct dialect *dialect, struct str scopes)
{
    struct str one;

    while (str_next(&scopes, ' ', &one)) {
        const struct principal who = { .scopes = &one, .scope_count = 1 };
        struct near near = near_to(one);
        bool any = !one.len, here = any || !dialect;
        for (size_t i = 0; i < desk->gateway->dialect_count; i++) {
            bool granted = grants(desk->gateway->dialects[i], &who, &near);
            any |= granted;
            here |= granted && dialect == desk->gateway->dialects[i];
        }
        if (!any)
            return cli_misspelt(&near, "--scope: no operation demands '" STR_FMT "'", STR_ARG(one));
        if (!here)
            (void)fprintf(stderr, "dragoman: --scope: no operation of " STR_FMT " demands '" STR_FMT "'\n", STR_ARG(dialect->name),
                          STR_ARG(one));
    }
    return 0;
}

int desk_canonical_id(struct desk *desk, const struct dialect *dialect, const char *kind, struct str brand, struct str given,
                      struct str *id, struct err *err)
{
    struct id_query query = { .kind = str_from(kind), .brand = brand, .given = given };
    struct store_batch batch = { .arena = desk->arena, .ids = &query, .id_count = 1 };

    *id = given;
    if (!dialect)
        return 0;
    query.dialect = dialect->name;
    query.form = dialect_id_form(dialect, query.kind);
    if (cli_batch(desk->store, &batch, err))
        return -1;
    if (query.found.ptr)
        *id = query.found;
    return 0;
}

int desk_canonical_ids(struct desk *desk, const struct dialect *dialect, const char *option, const char *kind,
                       struct str brand, const struct str **ids, size_t *count, struct err *err)
{
    const struct option_value *given = option_find(desk->invocation, option);
    struct str *made = ARENA_ARRAY(desk->arena, struct str, given ? given->count : 0);

    *ids = made;
    *count = given ? given->count : 0;
    for (size_t i = 0; i < *count; i++)
        if (desk_canonical_id(desk, dialect, kind, brand, str_from(given->values[i]), &made[i], err))
            return -1;
    return 0;
}

int desk_record(struct desk *desk, struct jdoc *doc, struct str *record, struct err *err)
{
    enum { LONGEST = 64 * 1024 };
    struct buf json = buf_in(desk->arena, LONGEST);

    jdoc_write(doc, &json);
    jdoc_free(&doc);
    *record = buf_str(&json);
    return buf_ok(&json) ? 0 : err_set(err, ERR_CONFIG, "more than %d KiB of claims", LONGEST / 1024);
}

bool desk_has_options(const struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->option_count; i++)
        if (invocation->options[i].seen)
            return true;
    return false;
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

/* Records are JSON: other text would be null there. */
static int judge_options(const struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->option_count; i++)
        for (size_t k = 0; invocation->options[i].takes_value && k < invocation->options[i].count; k++)
            if (!str_is_utf8(str_from(invocation->options[i].values[k])))
                return cli_usage("%s takes UTF-8", invocation->options[i].name);
    return 0;
}

int desk_with(const struct invocation *invocation, int (*work)(struct desk *desk, struct err *err),
              struct err *err)
{
    struct desk desk;
    int wrong = judge_options(invocation);

    if (wrong)
        return wrong;
    int result = open_all(&desk, invocation, err);

    if (!result)
        result = work(&desk, err);
    close_all(&desk);
    return result;
}
