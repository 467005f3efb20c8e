/* Tokens and OAuth clients. Secrets are shown once and stored hashed. */
#include "cli/cli.h"

#include "auth/grant.h"
#include "base/clock.h"
#include "base/codec.h"
#include "jdoc/jdoc.h"
#include "json/write.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

/* What a command of this file works with. */
struct desk {
    const struct invocation *invocation;
    struct conf *conf;
    struct arena *arena;
    struct auth *auth;
    struct store *store;
    struct gateway *gateway;
};

static int desk_open(struct desk *desk, const struct invocation *invocation, struct err *err)
{
    *desk = (struct desk){ .invocation = invocation, .conf = invocation->conf, .arena = invocation->conf->arena };
    if (store_open(&desk->store, arena_cstr(desk->arena, desk->conf->state_dir), err) ||
        auth_new(&desk->auth, desk->conf, err))
        return -1;
    return gateway_new(&desk->gateway, desk->conf, desk->auth, desk->store, err);
}

static void desk_close(struct desk *desk)
{
    gateway_free(&desk->gateway);
    if (desk->auth)
        auth_free(&desk->auth);
    if (desk->store)
        store_close(&desk->store);
}

static bool listed(struct str list, struct str word)
{
    struct str piece;

    while (str_next(&list, ' ', &piece))
        if (str_eq(piece, word))
            return true;
    return false;
}

/* Every read: and write: scope that the dialect's operations name. */
static struct str default_scope(struct desk *desk, const struct dialect *dialect)
{
    struct buf scope = buf_in(desk->arena, 64 * 1024);

    for (size_t i = 0; i < dialect->operation_count; i++) {
        for (size_t k = 0; k < dialect->operations[i].scope_count; k++) {
            struct str one = dialect->operations[i].scopes[k];
            if (!str_starts(one, STR("read:")) && !str_starts(one, STR("write:")))
                continue;
            if (listed(buf_str(&scope), one))
                continue;
            if (scope.len)
                buf_char(&scope, ' ');
            buf_add(&scope, one);
        }
    }
    return buf_str(&scope);
}

/* An id as the dialect writes it becomes the canonical one; anything else is taken as canonical. */
static struct str canonical_id(struct desk *desk, const struct dialect *dialect, const char *kind, struct str brand,
                               struct str given)
{
    struct id_query query = { .kind = str_from(kind), .brand = brand, .given = given };
    struct store_batch batch = { .arena = desk->arena, .ids = &query, .id_count = 1 };

    if (!dialect)
        return given;
    query.dialect = dialect->name;
    for (size_t i = 0; i < dialect->kind_count; i++)
        if (str_is(dialect->kinds[i].kind, kind))
            query.form = (enum id_form)dialect->kinds[i].form;
    struct err err;
    if (cli_batch(desk->store, &batch, &err))
        return given;
    return query.found.ptr ? query.found : given;
}

static const struct str *canonical_ids(struct desk *desk, const struct dialect *dialect, const char *option,
                                       const char *kind, struct str brand, size_t *count)
{
    const struct option_value *given = option_find(desk->invocation, option);

    *count = given ? given->count : 0;
    struct str *ids = ARENA_ARRAY(desk->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++)
        ids[i] = canonical_id(desk, dialect, kind, brand, str_from(given->values[i]));
    return ids;
}

/* The options that say whose token it is. -1 with CLI usage printed, or `err`. */
static int read_claims(struct desk *desk, struct token_claims *claims, bool dialect_needed)
{
    const struct invocation *invocation = desk->invocation;
    const char *name = option_text(invocation, "--dialect", NULL), *ttl = option_text(invocation, "--ttl", NULL);
    const struct dialect *dialect = name ? gateway_dialect(desk->gateway, str_from(name)) : NULL;
    uint64_t seconds = desk->conf->auth.token_ttl_s;

    if ((dialect_needed && !name) || (name && !dialect))
        return cli_usage(name ? "no dialect is called %s" : "--dialect is missing%s", name ? name : "");
    if (ttl && !str_to_uint(str_from(ttl), &seconds))
        return cli_usage("--ttl takes whole seconds");
    claims->subject = str_from(option_text(invocation, "--subject", "dragoman-cli"));
    claims->brand = str_from(option_text(invocation, "--brand", "acme"));
    claims->scope = str_from(option_text(invocation, "--scope", NULL));
    if (!claims->scope.ptr)
        claims->scope = dialect ? default_scope(desk, dialect) : STR("");
    claims->patients = canonical_ids(desk, dialect, "--patient", "patient", claims->brand, &claims->patient_count);
    claims->groups = canonical_ids(desk, dialect, "--group", "group", claims->brand, &claims->group_count);
    claims->patients_bound = claims->patient_count > 0;
    claims->groups_bound = claims->group_count > 0;
    claims->ttl_s = (int64_t)seconds;
    return 0;
}

static int issue(struct desk *desk, struct err *err)
{
    struct token_claims claims = { 0 };
    struct buf token = buf_in(desk->arena, 64 * 1024);
    int wrong = read_claims(desk, &claims, true);

    if (wrong)
        return wrong;
    if (auth_issue(desk->auth, &claims, clock_wall_ms(), &token, err))
        return -1;
    (void)printf(STR_FMT "\n", STR_ARG(buf_str(&token)));
    return 0;
}

static void push_all(struct jdoc *object, const char *name, const struct str *items, size_t count)
{
    struct jdoc *array = jdoc_array();

    for (size_t i = 0; i < count; i++)
        jdoc_push_string(array, items[i]);
    jdoc_set(object, name, array);
}

/* The record of an opaque token: its claims. */
static struct str claims_json(struct desk *desk, const struct token_claims *claims, bool limited)
{
    struct jdoc *doc = jdoc_object();
    struct buf json = buf_in(desk->arena, 64 * 1024);

    jdoc_set_string(doc, "sub", claims->subject);
    jdoc_set_string(doc, "brand_id", claims->brand);
    jdoc_set_string(doc, "scope", claims->scope);
    if (claims->patients_bound)
        push_all(doc, "patient_id", claims->patients, claims->patient_count);
    if (claims->groups_bound)
        push_all(doc, "groups", claims->groups, claims->group_count);
    if (limited)
        jdoc_set_integer(doc, "exp", clock_wall_ms() / 1000 + claims->ttl_s);
    jdoc_write(doc, &json);
    jdoc_free(&doc);
    return buf_str(&json);
}

static void print_member(const char *name, struct str value, bool first)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf out = buf_in(arena, SIZE_MAX);

    json_quote(&out, value);
    (void)printf("%s\"%s\":" STR_FMT, first ? "{" : ",", name, STR_ARG(buf_str(&out)));
    arena_free(&arena);
}

/* 20 letters and digits, as such tokens usually look: 119 bits. */
static struct str fresh_token(struct arena *arena)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *text = arena_alloc(arena, 20);

    for (size_t i = 0; i < 20;) {
        unsigned char byte;
        random_bytes(&byte, 1);
        if (byte < 248) /* the largest multiple of 62: no letter is likelier */
            text[i++] = letters[byte % 62];
    }
    return str_of(text, 20);
}

static int add_token(struct desk *desk, struct err *err)
{
    struct token_claims claims = { 0 };
    const char *given = option_text(desk->invocation, "--token", NULL);
    struct str token = given ? str_from(given) : fresh_token(desk->arena);
    int wrong = read_claims(desk, &claims, false);

    if (wrong)
        return wrong;
    if (!claims.scope.len)
        return cli_usage("a token needs --scope, or --dialect for all scopes of one");
    if (auth_looks_jwt(token) || token.len < 16)
        return cli_usage("--token: at least 16 characters, and not the form of a JWT");
    bool limited = option_find(desk->invocation, "--ttl") != NULL;
    if (store_record_put_now(desk->store, RECORD_TOKEN, auth_opaque_key(desk->arena, token),
                             claims_json(desk, &claims, limited), 0, err))
        return -1;
    print_member("token", token, true);
    (void)printf("}\n");
    return 0;
}

/* One line of an import: {"token" or "token_sha256", "sub", "brand_id", "scope", …}; the claims are what remains. */
static int import_line(struct desk *desk, struct str line, unsigned number, struct err *err)
{
    struct jdoc *doc = jdoc_parse(line, err);
    struct str token = STR_NONE, key = STR_NONE, brand;
    int failed = -1;

    if (!doc)
        return err_wrap(err, "line %u", number);
    if (jdoc_string(jdoc_get(doc, "token"), &token))
        key = auth_opaque_key(desk->arena, token);
    else if (jdoc_string(jdoc_get(doc, "token_sha256"), &key) && key.len != 64)
        key = STR_NONE;
    if (!key.ptr)
        (void)err_set(err, ERR_CONFIG, "line %u: no \"token\", and no \"token_sha256\" of 64 hex digits", number);
    else if (!jdoc_string(jdoc_get(doc, "brand_id"), &brand))
        (void)err_set(err, ERR_CONFIG, "line %u: no \"brand_id\"", number);
    else {
        struct buf claims = buf_in(desk->arena, 64 * 1024);
        key = arena_copy(desk->arena, key);
        jdoc_remove(doc, "token");
        jdoc_remove(doc, "token_sha256");
        jdoc_write(doc, &claims);
        failed = store_record_put_now(desk->store, RECORD_TOKEN, key, buf_str(&claims), 0, err);
    }
    jdoc_free(&doc);
    return failed;
}

static int import_tokens(struct desk *desk, const char *path, struct err *err)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t space = 0;
    unsigned number = 0;
    int failed = 0;

    if (!file)
        return err_set(err, ERR_CONFIG, "%s cannot be read", path);
    for (ssize_t len; !failed && (len = getline(&line, &space, file)) > 0;) {
        number++;
        if (line[len - 1] == '\n')
            len--;
        if (len)
            failed = import_line(desk, str_of(line, (size_t)len), number, err);
    }
    free(line);
    (void)fclose(file);
    if (!failed)
        (void)printf("%u lines\n", number);
    return failed ? err_wrap(err, "%s", path) : 0;
}

static int with_desk(const struct invocation *invocation, int (*work)(struct desk *desk, struct err *err),
                     struct err *err)
{
    struct desk desk;
    int result = desk_open(&desk, invocation, err);

    if (!result)
        result = work(&desk, err);
    desk_close(&desk);
    return result;
}

static int import_from_word(struct desk *desk, struct err *err)
{
    return import_tokens(desk, desk->invocation->words[1], err);
}

int command_token(const struct invocation *invocation, struct err *err)
{
    if (!invocation->word_count)
        return with_desk(invocation, issue, err);
    if (!strcmp(invocation->words[0], "add") && invocation->word_count == 1)
        return with_desk(invocation, add_token, err);
    if (!strcmp(invocation->words[0], "import") && invocation->word_count == 2)
        return with_desk(invocation, import_from_word, err);
    return cli_usage("token: unknown words, expected nothing, add, or import FILE");
}

/* Without --scope a client may do all that the dialects with a token endpoint offer, but nothing administrative. */
static struct str client_scope(struct desk *desk)
{
    struct buf all = buf_in(desk->arena, 64 * 1024);

    for (size_t i = 0; i < desk->gateway->dialect_count; i++) {
        struct str rest = default_scope(desk, desk->gateway->dialects[i]), one;
        while (str_next(&rest, ' ', &one)) {
            if (listed(buf_str(&all), one))
                continue;
            if (all.len)
                buf_char(&all, ' ');
            buf_add(&all, one);
        }
    }
    return buf_str(&all);
}

/* Group ids as any dialect writes them. */
static const struct str *client_groups(struct desk *desk, struct str brand, size_t *count)
{
    const struct option_value *given = option_find(desk->invocation, "--group");

    *count = given ? given->count : 0;
    struct str *ids = ARENA_ARRAY(desk->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        ids[i] = str_from(given->values[i]);
        for (size_t k = 0; k < desk->gateway->dialect_count; k++) {
            struct str found = canonical_id(desk, desk->gateway->dialects[k], "group", brand, ids[i]);
            if (!str_eq(found, ids[i])) {
                ids[i] = found;
                break;
            }
        }
    }
    return ids;
}

static int add_client(struct desk *desk, struct err *err)
{
    const struct invocation *invocation = desk->invocation;
    const char *name = option_text(invocation, "--name", NULL);
    struct str brand = str_from(option_text(invocation, "--brand", "acme"));
    struct str scope = str_from(option_text(invocation, "--scope", NULL));
    char id[UUID_LEN], secret[UUID_LEN];
    struct buf hash = buf_in(desk->arena, 1024), json = buf_in(desk->arena, 64 * 1024);
    size_t groups;

    if (!name)
        return cli_usage("client add: --name is missing");
    random_uuid(id);
    random_uuid(secret);
    if (client_secret_hash(str_of(secret, sizeof secret), &hash, err))
        return -1;
    const struct str *ids = client_groups(desk, brand, &groups);
    struct jdoc *doc = jdoc_object();
    jdoc_set_string(doc, "name", str_from(name));
    jdoc_set_string(doc, "brand", brand);
    jdoc_set_string(doc, "scope", scope.ptr ? scope : client_scope(desk));
    if (groups)
        push_all(doc, "groups", ids, groups);
    jdoc_set_string(doc, "secret_hash", buf_str(&hash));
    jdoc_write(doc, &json);
    jdoc_free(&doc);
    if (store_record_put_now(desk->store, RECORD_CLIENT, str_of(id, sizeof id), buf_str(&json), 0, err))
        return -1;
    print_member("client_id", str_of(id, sizeof id), true);
    print_member("client_secret", str_of(secret, sizeof secret), false);
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
    print_member("client_id", key, true);
    print_member("name", name, false);
    print_member("brand", brand, false);
    print_member("scope", scope, false);
    (void)printf("}\n");
    jdoc_free(&doc);
    return 0;
}

static int list_clients(struct desk *desk, struct err *err)
{
    return store_record_each_now(desk->store, RECORD_CLIENT, print_client, NULL, err);
}

static int revoke_client(struct desk *desk, struct err *err)
{
    struct str id = str_from(desk->invocation->words[1]);

    return store_record_put_now(desk->store, RECORD_CLIENT, id, STR_NONE, 0, err);
}

int command_client(const struct invocation *invocation, struct err *err)
{
    const char *word = invocation->word_count ? invocation->words[0] : "";

    if (!strcmp(word, "add") && invocation->word_count == 1)
        return with_desk(invocation, add_client, err);
    if (!strcmp(word, "list") && invocation->word_count == 1)
        return with_desk(invocation, list_clients, err);
    if (!strcmp(word, "revoke") && invocation->word_count == 2)
        return with_desk(invocation, revoke_client, err);
    return cli_usage("client: expected add, list, or revoke ID");
}
