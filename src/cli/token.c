/* `token`: JWTs of the gateway's own key, and opaque tokens, which are shown once and stored hashed. */
#include "cli/desk.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "base/codec.h"

#include <stdio.h>
#include <stdlib.h>

/* The options that say whose token it is. -1 with CLI usage printed, or `err`. */
static int read_claims(struct desk *desk, struct token_claims *claims, bool dialect_needed)
{
    const struct invocation *invocation = desk->invocation;
    const char *name = option_text(invocation, "--dialect", NULL),
               *ttl = option_text(invocation, "--ttl", NULL);
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
        claims->scope = dialect ? desk_scope(desk, dialect) : STR("");
    claims->patients =
        desk_canonical_ids(desk, dialect, "--patient", "patient", claims->brand, &claims->patient_count);
    claims->groups =
        desk_canonical_ids(desk, dialect, "--group", "group", claims->brand, &claims->group_count);
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

/* The record of an opaque token: its claims. */
static struct str claims_json(struct desk *desk, const struct token_claims *claims, bool limited)
{
    struct jdoc *doc = jdoc_object();
    struct buf json = buf_in(desk->arena, 64 * 1024);

    jdoc_set_string(doc, "sub", claims->subject);
    jdoc_set_string(doc, "brand_id", claims->brand);
    jdoc_set_string(doc, "scope", claims->scope);
    if (claims->patients_bound)
        desk_push_all(doc, "patient_id", claims->patients, claims->patient_count);
    if (claims->groups_bound)
        desk_push_all(doc, "groups", claims->groups, claims->group_count);
    if (limited)
        jdoc_set_integer(doc, "exp", clock_wall_ms() / 1000 + claims->ttl_s);
    jdoc_write(doc, &json);
    jdoc_free(&doc);
    return buf_str(&json);
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
    desk_print_member("token", token, true);
    (void)printf("}\n");
    return 0;
}

/* As auth_opaque_key writes it: another spelling would never be found. */
static bool is_sha256(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (!strchr("0123456789abcdef", key.ptr[i]) || !key.ptr[i])
            return false;
    return key.len == 64;
}

/* One line of an import: {"token" or "token_sha256", "sub", "brand_id", "scope", …}; the claims are what
 * remains. */
static int import_line(struct desk *desk, struct str line, unsigned number, struct err *err)
{
    struct jdoc *doc = jdoc_parse(line, err);
    struct str token = STR_NONE, key = STR_NONE, brand;
    int failed = -1;

    if (!doc)
        return err_wrap(err, "line %u", number);
    if (jdoc_string(jdoc_get(doc, "token"), &token))
        key = auth_opaque_key(desk->arena, token);
    else if (jdoc_string(jdoc_get(doc, "token_sha256"), &key) && !is_sha256(key))
        key = STR_NONE;
    if (!key.ptr)
        (void)err_set(err, ERR_CONFIG, "line %u: no \"token\", and no \"token_sha256\" of 64 lower-case hex digits",
                      number);
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

static int import_from_word(struct desk *desk, struct err *err)
{
    return import_tokens(desk, desk->invocation->words[1], err);
}

int command_token(const struct invocation *invocation, struct err *err)
{
    if (!invocation->word_count)
        return desk_with(invocation, issue, err);
    if (!strcmp(invocation->words[0], "add") && invocation->word_count == 1)
        return desk_with(invocation, add_token, err);
    if (!strcmp(invocation->words[0], "import") && invocation->word_count == 2)
        return desk_with(invocation, import_from_word, err);
    return cli_usage("token: unknown words, expected nothing, add, or import FILE");
}
