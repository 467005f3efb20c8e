/* `client`: OAuth clients. The secret is shown once and stored hashed. */
#include "cli/desk.h"

#include "auth/grant.h"
#include "base/codec.h"

#include <stdio.h>

/* Without --scope a client may do all that the dialects with a token endpoint offer, but nothing
 * administrative. */
static struct str client_scope(struct desk *desk)
{
    struct buf all = buf_in(desk->arena, 64 * 1024);

    for (size_t i = 0; i < desk->gateway->dialect_count; i++) {
        struct str rest = desk_scope(desk, desk->gateway->dialects[i]), one;
        while (str_next(&rest, ' ', &one)) {
            if (!str_lists(buf_str(&all), ' ', one))
                buf_join(&all, ' ', one);
        }
    }
    return buf_str(&all);
}

/* Group ids as any dialect writes them. */
static int client_groups(struct desk *desk, struct str brand, const struct str **groups, size_t *count, struct err *err)
{
    const struct option_value *given = option_find(desk->invocation, "--group");
    struct str *ids = ARENA_ARRAY(desk->arena, struct str, given ? given->count : 0), found;

    *groups = ids;
    *count = given ? given->count : 0;
    for (size_t i = 0; i < *count; i++) {
        ids[i] = found = str_from(given->values[i]);
        for (size_t k = 0; k < desk->gateway->dialect_count && str_eq(found, ids[i]); k++)
            if (desk_canonical_id(desk, desk->gateway->dialects[k], "group", brand, ids[i], &found, err))
                return -1;
        ids[i] = found;
    }
    return 0;
}

static int add_client(struct desk *desk, struct err *err)
{
    const struct invocation *invocation = desk->invocation;
    const char *name = option_text(invocation, "--name", NULL);
    struct str brand = str_from(option_text(invocation, "--brand", "acme"));
    struct str scope = str_from(option_text(invocation, "--scope", NULL));
    char id[UUID_LEN], secret[UUID_LEN];
    struct buf hash = buf_in(desk->arena, 1024);
    struct str record;
    size_t groups;

    if (!name || !name[0])
        return cli_usage("client add: --name is missing");
    int wrong = desk_judge_scopes(desk, NULL, scope);
    if (wrong)
        return wrong;
    random_uuid(id);
    random_uuid(secret);
    if (client_secret_hash(str_of(secret, sizeof secret), &hash, err))
        return -1;
    const struct str *ids;
    if (client_groups(desk, brand, &ids, &groups, err))
        return -1;
    struct jdoc *doc = jdoc_object();
    jdoc_set_string(doc, "name", str_from(name));
    jdoc_set_string(doc, "brand", brand);
    jdoc_set_string(doc, "scope", scope.ptr ? scope : client_scope(desk));
    if (groups)
        desk_push_all(doc, "groups", ids, groups);
    jdoc_set_string(doc, "secret_hash", buf_str(&hash));
    if (desk_record(desk, doc, &record, err) ||
        store_record_put_now(desk->store, RECORD_CLIENT, str_of(id, sizeof id), record, 0, err))
        return -1;
    desk_print_member("client_id", str_of(id, sizeof id), true);
    desk_print_member("client_secret", str_of(secret, sizeof secret), false);
    (void)printf("}\n");
    return 0;
}

static int print_client(struct str key, struct str value, void *data)
{
    struct err err;
    struct jdoc *doc = jdoc_parse(value, &err);
    struct str name = STR_NONE, brand = STR_NONE, scope = STR_NONE;

    (void)data;
    (void)jdoc_string(jdoc_get(doc, "name"), &name);
    (void)jdoc_string(jdoc_get(doc, "brand"), &brand);
    (void)jdoc_string(jdoc_get(doc, "scope"), &scope);
    desk_print_member("client_id", key, true);
    desk_print_member("name", name, false);
    desk_print_member("brand", brand, false);
    desk_print_member("scope", scope, false);
    (void)printf("}\n");
    jdoc_free(&doc);
    return 0;
}

static int list_clients(struct desk *desk, struct err *err)
{
    return store_record_each_now(desk->store, RECORD_CLIENT, print_client, NULL, err);
}

struct search {
    struct str id;
    bool found;
};

static int note_client(struct str key, struct str value, void *data)
{
    struct search *search = data;

    (void)value;
    search->found = search->found || str_eq(key, search->id);
    return 0;
}

/* A mistyped id must not look like a client that is gone. */
static int revoke_client(struct desk *desk, struct err *err)
{
    struct str id = str_from(desk->invocation->words[1]);
    struct search search = { .id = id };

    if (store_record_each_now(desk->store, RECORD_CLIENT, note_client, &search, err))
        return -1;
    if (!search.found)
        return err_set(err, ERR_NOT_FOUND, "there is no client " STR_FMT, STR_ARG(id));
    return store_record_put_now(desk->store, RECORD_CLIENT, id, STR_NONE, 0, err);
}

int command_client(const struct invocation *invocation, struct err *err)
{
    const char *word = invocation->word_count ? invocation->words[0] : "";

    if (strcmp(word, "add") != 0 && desk_has_options(invocation))
        return cli_usage("client: only add takes options beside -c and --set");
    if (!strcmp(word, "add") && invocation->word_count == 1)
        return desk_with(invocation, add_client, err);
    if (!strcmp(word, "list") && invocation->word_count == 1)
        return desk_with(invocation, list_clients, err);
    if (!strcmp(word, "revoke") && invocation->word_count == 2)
        return desk_with(invocation, revoke_client, err);
    return cli_usage("client: expected add, list, or revoke ID");
}
