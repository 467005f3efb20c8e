/* `dragoman explain METHOD PATH`: facade, operation, scopes, the calls to the backend, and every member of
 * the body with the rule that takes it. Nothing is asked: no backend, no database; ids stay unresolved. */
#include "cli/explain.h"

#include <errno.h>

enum { MOST_BODY = 8 << 20 };

static int read_file(struct arena *arena, const char *path, struct str *text, struct err *err)
{
    FILE *file = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;
    struct buf all = buf_in(arena, MOST_BODY);

    if (!file)
        return err_set(err, ERR_CONFIG, "%s cannot be read: %s", path, strerror(errno));
    for (int c = fgetc(file); c != EOF && buf_ok(&all); c = fgetc(file))
        buf_char(&all, (char)c);
    bool failed = ferror(file) != 0;
    int why = errno;
    if (file != stdin)
        (void)fclose(file);
    *text = all.len ? buf_str(&all) : STR("");
    if (failed)
        return err_set(err, ERR_CONFIG, "%s cannot be read: %s", path, strerror(why));
    return buf_ok(&all) ? 0 : err_set(err, ERR_CONFIG, "%s is longer than %d MiB", path, MOST_BODY >> 20);
}

static int read_body(struct explanation *explanation, const struct invocation *invocation, struct err *err)
{
    const char *text = option_text(invocation, "-d", NULL);

    if (!text)
        return 0;
    if (text[0] == '@')
        return read_file(explanation->arena, text + 1, &explanation->body, err);
    explanation->body = str_from(text);
    return 0;
}

/* 0, or CLI_USAGE with words printed. */
static int read_headers(struct explanation *explanation, const struct invocation *invocation)
{
    const struct option_value *given = option_find(invocation, "-H");

    explanation->header_count = given ? given->count : 0;
    explanation->headers =
        ARENA_ARRAY(explanation->arena, struct explain_header, explanation->header_count + 1);
    for (size_t i = 0; i < explanation->header_count; i++) {
        struct explain_header *header = &explanation->headers[i];
        if (!str_cut(str_from(given->values[i]), ':', &header->name, &header->value) || !header->name.len)
            return cli_usage("-H takes 'name: value'");
        header->value = str_trim(header->value);
    }
    return 0;
}

static int read_words(struct explanation *explanation, const struct invocation *invocation)
{
    const char *status = option_text(invocation, "--response", NULL);
    uint64_t number = 0;

    if (invocation->word_count != 2 || invocation->words[1][0] != '/')
        return cli_usage("explain: expected METHOD and /PATH");
    if (status && (!str_to_uint(str_from(status), &number) || number < 200 || number > 599))
        return cli_usage("--response takes a status from 200 to 599");
    explanation->response = (int)number;
    explanation->method = str_from(invocation->words[0]);
    explanation->path = str_from(invocation->words[1]);
    (void)str_cut(explanation->path, '?', &explanation->path, &explanation->query);
    explanation->brand = str_from(option_text(invocation, "--brand", "acme"));
    return read_headers(explanation, invocation);
}

static int explain(struct explanation *explanation, const struct invocation *invocation, struct err *err)
{
    struct auth *auth = NULL;
    struct auth_cache *cache = NULL;
    bool values = option_find(invocation, "--values") != NULL;

    if (read_body(explanation, invocation, err) || explain_route(explanation, err))
        return -1;
    explain_credential(explanation, &auth, &cache);
    int failed =
        explanation->response ? explain_response(explanation, err) : explain_request(explanation, err);
    if (!failed && option_find(invocation, "--json"))
        explain_json(explanation, values, stdout);
    else if (!failed)
        explain_print(explanation, values, stdout);
    if (explanation->principal)
        principal_release(&explanation->principal);
    if (cache)
        auth_cache_free(&cache);
    if (auth)
        auth_free(&auth);
    return failed;
}

int command_explain(const struct invocation *invocation, struct err *err)
{
    struct gateway *gateway = NULL;
    struct explanation *explanation = ARENA_NEW(invocation->conf->arena, struct explanation);

    explanation->arena = invocation->conf->arena;
    explanation->conf = invocation->conf;
    int result = read_words(explanation, invocation);
    if (result)
        return result;
    if (gateway_new(&gateway, invocation->conf, NULL, NULL, err))
        return -1;
    explanation->gateway = gateway;
    result = explain(explanation, invocation, err);
    gateway_free(&gateway);
    return result;
}
