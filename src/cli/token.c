/* `token`: JWTs of the gateway's own key, and opaque tokens, which are shown once and stored hashed. */
#include "cli/desk.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "base/codec.h"
#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { LONGEST_TTL = 2000000000, LONGEST_LINE = 256 * 1024 };

/* The options that say whose token it is: 0, -1, or CLI_USAGE with words printed. */
static int read_claims(struct desk *desk, struct token_claims *claims, bool dialect_needed, struct err *err)
{
    const struct invocation *invocation = desk->invocation;
    const char *name = option_text(invocation, "--dialect", NULL),
               *ttl = option_text(invocation, "--ttl", NULL);
    const struct dialect *dialect = name ? gateway_dialect(desk->gateway, str_from(name)) : NULL;
    uint64_t seconds = desk->conf->auth.token_ttl_s;

    if (dialect_needed && !name)
        return cli_usage("token: --dialect is missing");
    if (name && !dialect)
        return cli_no_dialect(desk->gateway, name);
    if (ttl && (!str_to_uint(str_from(ttl), &seconds) || !seconds || seconds > LONGEST_TTL))
        return cli_usage("--ttl takes seconds from 1 to %d", LONGEST_TTL);
    claims->subject = str_from(option_text(invocation, "--subject", "dragoman-cli"));
    claims->brand = str_from(option_text(invocation, "--brand", "acme"));
    claims->scope = str_from(option_text(invocation, "--scope", NULL));
    int wrong = desk_judge_scopes(desk, dialect, claims->scope);
    if (wrong)
        return wrong;
    if (!claims->scope.ptr)
        claims->scope = dialect ? desk_scope(desk, dialect) : STR("");
    if (desk_canonical_ids(desk, dialect, "--patient", "patient", claims->brand, &claims->patients,
                           &claims->patient_count, err) ||
        desk_canonical_ids(desk, dialect, "--group", "group", claims->brand, &claims->groups, &claims->group_count, err))
        return -1;
    claims->patients_bound = claims->patient_count > 0;
    claims->groups_bound = claims->group_count > 0;
    claims->ttl_s = (int64_t)seconds;
    return 0;
}

static int issue(struct desk *desk, struct err *err)
{
    struct token_claims claims = { 0 };
    struct buf token = buf_in(desk->arena, 64 * 1024);
    int wrong = read_claims(desk, &claims, true, err);

    if (wrong)
        return wrong;
    if (auth_issue(desk->auth, &claims, clock_wall_ms(), &token, err))
        return -1;
    (void)printf(STR_FMT "\n", STR_ARG(buf_str(&token)));
    return 0;
}

/* The record of an opaque token: its claims. */
static struct jdoc *claims_of(const struct token_claims *claims, bool limited)
{
    struct jdoc *doc = jdoc_object();

    jdoc_set_string(doc, "sub", claims->subject);
    jdoc_set_string(doc, "brand_id", claims->brand);
    jdoc_set_string(doc, "scope", claims->scope);
    if (claims->patients_bound)
        desk_push_all(doc, "patient_id", claims->patients, claims->patient_count);
    if (claims->groups_bound)
        desk_push_all(doc, "groups", claims->groups, claims->group_count);
    if (limited)
        jdoc_set_integer(doc, "exp", clock_wall_ms() / 1000 + claims->ttl_s);
    return doc;
}

/* What can be sent as the value of a header, and is looked up when it arrives. */
static bool can_be_token(struct str token)
{
    return token.len && !str_has_control(token) && str_trim(token).len == token.len && !auth_looks_jwt(token);
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
    struct str record;
    int wrong = read_claims(desk, &claims, false, err);

    if (wrong)
        return wrong;
    if (!claims.scope.len)
        return cli_usage("a token needs --scope, or --dialect for all scopes of one");
    if (!can_be_token(token) || token.len < 16)
        return cli_usage("--token: at least 16 characters that a header can hold, and not the form of a JWT");
    bool limited = option_find(desk->invocation, "--ttl") != NULL;
    if (desk_record(desk, claims_of(&claims, limited), &record, err) ||
        store_record_put_now(desk->store, RECORD_TOKEN, auth_opaque_key(desk->arena, token), record, 0, err))
        return -1;
    desk_print_member("token", token, true);
    (void)printf("}\n");
    return 0;
}

/* The key of a line's token, as auth_opaque_key writes it: another spelling would never be found. Its members
 * go, the claims are what remains. */
static int take_key(struct arena *arena, struct jdoc *doc, struct str *key, struct err *err)
{
    struct str token;

    if (jdoc_string(jdoc_get(doc, "token"), &token)) {
        if (!can_be_token(token))
            return err_set(err, ERR_CONFIG, "no header can hold this \"token\", or it has the form of a JWT");
        *key = auth_opaque_key(arena, token);
    } else if (jdoc_string(jdoc_get(doc, "token_sha256"), &token) && cli_is_hex(token, 64))
        *key = arena_copy(arena, token);
    else
        return err_set(err, ERR_CONFIG, "no \"token\", and no \"token_sha256\" of 64 lower-case hex digits");
    jdoc_remove(doc, "token");
    jdoc_remove(doc, "token_sha256");
    return 0;
}

/* What each use of the token would stumble over. */
static int judge_claims(const struct jdoc *doc, struct err *err)
{
    const struct jdoc *exp = jdoc_get(doc, "exp");
    struct str brand;
    int64_t seconds;

    if (!jdoc_string(jdoc_get(doc, "brand_id"), &brand) || !brand.len)
        return err_set(err, ERR_CONFIG, "no \"brand_id\"");
    if (exp && (!jdoc_integer(exp, &seconds) || seconds < 0 || seconds > INT64_MAX / 1000))
        return err_set(err, ERR_CONFIG, "\"exp\" is not a time, expected whole seconds since 1970");
    return 0;
}

/* One line of an import: {"token" or "token_sha256", "sub", "brand_id", "scope", …}. */
static int import_line(struct desk *desk, struct str line, struct err *err)
{
    struct jdoc *doc = jdoc_parse(line, err);
    struct str key, record;

    if (!doc) { /* a line of the file is the document's only one */
        const char *place = strstr(err->detail, "column");
        struct str said = arena_copy(desk->arena, str_from(place));
        return err_set(err, ERR_BAD_JSON, STR_FMT, STR_ARG(said));
    }
    if (jdoc_kind(doc) != JDOC_OBJECT) {
        jdoc_free(&doc);
        return err_set(err, ERR_CONFIG, "no object");
    }
    if (take_key(desk->arena, doc, &key, err) || judge_claims(doc, err)) {
        jdoc_free(&doc);
        return -1;
    }
    return desk_record(desk, doc, &record, err) ||
                   store_record_put_now(desk->store, RECORD_TOKEN, key, record, 0, err)
               ? -1
               : 0;
}

/* The memory of a line is used again for the next. */
static int import_lines(const struct desk *desk, int fd, unsigned *count, struct err *err)
{
    CLEANUP(arena_free) struct arena *space = arena_new(SIZE_MAX), *scratch = arena_new(SIZE_MAX);
    struct desk one = *desk;
    struct lines lines;
    struct str line;
    bool too_long;
    int got;

    one.arena = scratch;
    lines_init(&lines, space, fd, LONGEST_LINE);
    for (*count = 0; (got = lines_next(&lines, &line, &too_long, err)) == 1; arena_reset(scratch)) {
        line.len -= line.len && line.ptr[line.len - 1] == '\r';
        if (!too_long && !str_trim(line).len)
            continue;
        if (too_long)
            return err_set(err, ERR_CONFIG, "line %llu: longer than %d KiB", (unsigned long long)lines.number,
                           LONGEST_LINE / 1024);
        if (import_line(&one, line, err))
            return err_wrap(err, "line %llu", (unsigned long long)lines.number);
        ++*count;
    }
    return got;
}

static int import_tokens(const struct desk *desk, const char *path, struct err *err)
{
    int fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    unsigned count;

    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s cannot be read: %s", path, strerror(errno));
    int failed = import_lines(desk, fd, &count, err);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    if (failed)
        return err_wrap(err, "%s", path);
    (void)printf("%u tokens\n", count);
    return 0;
}

static int import_from_word(struct desk *desk, struct err *err)
{
    return import_tokens(desk, desk->invocation->words[1], err);
}

int command_token(const struct invocation *invocation, struct err *err)
{
    const char *word = invocation->word_count ? invocation->words[0] : "";

    if (!invocation->word_count && option_find(invocation, "--token"))
        return cli_usage("token: --token goes with add");
    if (!invocation->word_count)
        return desk_with(invocation, issue, err);
    if (!strcmp(word, "add") && invocation->word_count == 1)
        return desk_with(invocation, add_token, err);
    if (!strcmp(word, "import") && invocation->word_count == 2 && desk_has_options(invocation))
        return cli_usage("token import takes no options beside -c and --set: each line says its claims");
    if (!strcmp(word, "import") && invocation->word_count == 2)
        return desk_with(invocation, import_from_word, err);
    return cli_usage("token: expected nothing, add, or import FILE");
}
