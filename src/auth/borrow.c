/* The backend's token of a token endpoint (RFC 6749 section 4.4): fetched at start and renewed before it ends, by the thread that
 * asks others, off the way of requests. While there is none that holds, calls to the backend fail as unavailable. */
#include "auth/authority.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "jdoc/jdoc.h"

/* Without expires_in; the most that is believed; how long before its end a token is no longer sent. */
enum { LIFE_S = 300, LIFE_MOST_S = 86400, LEFT_MS = 5000, AGAIN_LEAST_MS = 1000 };

static void ask(struct borrowed *borrowed);

static void on_time(struct deadline *deadline)
{
    ask(CONTAINER(deadline, struct borrowed, renewal));
}

/* It goes into a header. */
static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] > '~')
            return false;
    return text.len && text.len <= BORROWED_LONGEST;
}

static void keep(struct borrowed *borrowed, struct str token, int64_t life_s)
{
    (void)pthread_mutex_lock(&borrowed->authority->lock);
    memcpy(borrowed->text, token.ptr, token.len);
    borrowed->len = token.len;
    borrowed->until_ms = clock_monotonic_ms() + (uint64_t)life_s * 1000;
    (void)pthread_mutex_unlock(&borrowed->authority->lock);
}

/* The answer's token and its life in seconds (RFC 6749 section 5.1). What it says is never told. */
static int take(struct borrowed *borrowed, struct str body, int64_t *life_s, struct err *err)
{
    struct jdoc *doc = jdoc_parse(body, err);
    struct str token, type;

    if (!doc)
        return err_set(err, ERR_UNAVAILABLE, "its answer is not JSON");
    bool good = jdoc_string(jdoc_get(doc, "access_token"), &token) && is_token(token) &&
                jdoc_string(jdoc_get(doc, "token_type"), &type) && str_eq_nocase(type, STR("bearer"));
    if (!jdoc_integer(jdoc_get(doc, "expires_in"), life_s))
        *life_s = LIFE_S;
    good = good && *life_s > 0;
    *life_s = *life_s < LIFE_MOST_S ? *life_s : LIFE_MOST_S;
    if (good)
        keep(borrowed, token, *life_s);
    jdoc_free(&doc);
    return good ? 0 : err_set(err, ERR_UNAVAILABLE, "its answer holds no bearer token");
}

/* Renewed when half of its life is over; asked for again soon where there was none. */
static void settle(struct borrowed *borrowed, const struct err *failed, int64_t life_s)
{
    uint64_t after_ms = failed ? borrowed->authority->interval_ms : (uint64_t)life_s * 1000 / 2;

    if (failed)
        log_line(LOG_WARN, "auth: the token for the backend could not be had: %s", failed->detail);
    deadline_set(borrowed->authority->loop, &borrowed->renewal, after_ms < AGAIN_LEAST_MS ? AGAIN_LEAST_MS : after_ms);
}

static void on_answer(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct borrowed *borrowed = data;
    struct err why;
    int64_t life_s = 0;
    bool failed = true;

    if (!answer)
        why = *err;
    else if (answer->status != 200) /* a redirect too: the credential goes to nobody else */
        (void)err_set(&why, ERR_UNAVAILABLE, "status %d", answer->status);
    else
        failed = take(borrowed, answer->body, &life_s, &why);
    borrowed->call = NULL;
    call_free(&call);
    settle(borrowed, failed ? &why : NULL, life_s);
}

static void ask(struct borrowed *borrowed)
{
    borrowed->request = (struct call_request){
        .method = STR("POST"),
        .scheme = borrowed->origin.scheme,
        .host = borrowed->origin.host,
        .port = borrowed->origin.port,
        .target = borrowed->target,
        .headers = borrowed->headers,
        .header_count = COUNT(borrowed->headers),
        .body = borrowed->body,
        .has_body = true,
    };
    borrowed->call = call_start(borrowed->authority->client, &borrowed->request, on_answer, borrowed);
}

int borrowed_new(struct authority *authority, const struct conf *conf, struct err *err)
{
    struct arena *arena = authority->arena;

    if (!str_is(conf->backend.auth, "client_credentials"))
        return 0;
    struct borrowed *made = authority->borrowed = ARENA_NEW(arena, struct borrowed);
    struct buf body = buf_in(arena, SIZE_MAX);
    made->authority = authority;
    made->renewal.run = on_time;
    buf_add(&body, STR("grant_type=client_credentials"));
    if (conf->backend.scope.len) {
        buf_add(&body, STR("&scope="));
        form_add(&body, conf->backend.scope);
    }
    made->body = buf_str(&body);
    made->headers[1] = (struct call_header){ STR("content-type"), STR("application/x-www-form-urlencoded") };
    made->headers[2] = (struct call_header){ STR("accept"), STR("application/json") };
    if (authority_url(arena, conf->backend.token_url, &made->origin, &made->target, err))
        return err_wrap(err, "backend.token_url");
    if (authority_credential(arena, conf->backend.client_id, conf->backend.secret_file, &made->headers[0], err))
        return err_wrap(err, "backend.secret_file");
    return 0;
}

void borrowed_done(struct borrowed *borrowed)
{
    if (borrowed->call)
        call_free(&borrowed->call);
}

void borrowed_look(struct borrowed *borrowed)
{
    if (!borrowed->begun)
        ask(borrowed);
    borrowed->begun = true;
}

int borrowed_token(struct borrowed *borrowed, struct arena *arena, struct str *token, struct err *err)
{
    (void)pthread_mutex_lock(&borrowed->authority->lock);
    bool holds = borrowed->len && clock_monotonic_ms() + LEFT_MS < borrowed->until_ms;
    if (holds)
        *token = arena_copy(arena, str_of(borrowed->text, borrowed->len));
    (void)pthread_mutex_unlock(&borrowed->authority->lock);
    return holds ? 0 : err_set(err, ERR_UNAVAILABLE, "there is no token for the backend");
}
