/* Token introspection (RFC 7662): one question for each token at a time, whoever waits for its answer. */
#include "auth/authority.h"

#include "auth/jws.h"
#include "base/log.h"
#include "conf/conf.h"

enum { MOST_QUESTIONS = 512 };

int introspection_new(struct authority *authority, const struct conf *conf, struct err *err)
{
    struct arena *arena = authority->arena;
    struct introspection *made;
    struct str own = conf->auth.introspection.audience;

    if (!conf->auth.introspection.url.len)
        return 0;
    made = authority->introspection = ARENA_NEW(arena, struct introspection);
    *made = (struct introspection){
        .authority = authority,
        .audience = arena_copy(arena, own.len ? own : conf->auth.audience),
        .prefix = arena_copy(arena, conf->auth.introspection.prefix),
        .cache_ms = (int64_t)conf->auth.introspection.cache_s * 1000,
        .refused_ms = (int64_t)conf->auth.introspection.refused_s * 1000,
    };
    if (authority_url(arena, conf->auth.introspection.url, &made->origin, &made->target, err) ||
        authority_credential(arena, conf->auth.introspection.client_id, conf->auth.introspection.secret_file,
                             &made->headers[0], err))
        return err_wrap(err, "introspection");
    made->headers[1] = (struct call_header){ STR("content-type"), STR("application/x-www-form-urlencoded") };
    made->headers[2] = (struct call_header){ STR("accept"), STR("application/json") };
    return 0;
}

static void question_free(struct question *question)
{
    struct arena *arena = question->arena;

    if (question->call)
        call_free(&question->call);
    arena_free(&arena);
}

void introspection_done(struct introspection *introspection)
{
    while (introspection->questions) {
        struct question *gone = introspection->questions;
        introspection->questions = gone->next;
        question_free(gone);
    }
}

/* With the lock held. */
static void take_out(struct question *question)
{
    *question->link = question->next;
    if (question->next)
        question->next->link = question->link;
    question->introspection->question_count--;
}

/* Why the answer is none, or NULL. */
static const char *useless(const struct call_answer *answer)
{
    if (!answer)
        return "no answer";
    if (answer->status != 200)
        return "another status than 200";
    return answer->body.len > JWS_LONGEST ? "too long" : NULL;
}

static void on_answer(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct question *question = data;
    struct authority *authority = question->introspection->authority;
    const char *why = useless(answer);

    (void)call;
    if (why)
        log_line(LOG_WARN, "auth: introspection: %s: %d %s", why, answer ? answer->status : 0,
                 err ? err->detail : "");
    (void)pthread_mutex_lock(&authority->lock);
    authority->questions++;
    authority->unanswered += why != NULL;
    take_out(question);
    while (question->waits)
        wait_answer(question->waits, why, why ? STR_NONE : answer->body);
    (void)pthread_mutex_unlock(&authority->lock);
    question_free(question);
}

static void send(struct question *question)
{
    struct introspection *introspection = question->introspection;
    struct buf body = buf_in(question->arena, SIZE_MAX);

    buf_add(&body, STR("token="));
    form_add(&body, question->token);
    buf_add(&body, STR("&token_type_hint=access_token"));
    question->request = (struct call_request){
        .method = STR("POST"),
        .scheme = introspection->origin.scheme,
        .host = introspection->origin.host,
        .port = introspection->origin.port,
        .target = introspection->target,
        .headers = introspection->headers,
        .header_count = COUNT(introspection->headers),
        .body = buf_str(&body),
        .has_body = true,
        .repeatable = true, /* RFC 7662 section 2: a question, which changes nothing */
    };
    question->call = call_start(introspection->authority->client, &question->request, on_answer, question);
}

/* Only this thread takes questions out, so those that were found stay while they are sent without the lock.
 */
void introspection_look(struct introspection *introspection)
{
    struct question *fresh = NULL;

    (void)pthread_mutex_lock(&introspection->authority->lock);
    for (struct question *question = introspection->questions; question; question = question->next) {
        if (question->asked)
            continue;
        question->asked = true;
        question->fresh = fresh;
        fresh = question;
    }
    (void)pthread_mutex_unlock(&introspection->authority->lock);
    for (; fresh; fresh = fresh->fresh)
        send(fresh);
}

/* ---- on the loops ---- */

static struct question *question_new(struct introspection *introspection, struct str token)
{
    struct arena *arena = arena_new_sized(SIZE_MAX, sizeof(struct question) + 4 * token.len + 256);
    struct question *made = ARENA_NEW(arena, struct question);

    *made = (struct question){
        .arena = arena,
        .introspection = introspection,
        .token = arena_copy(arena, token),
        .next = introspection->questions,
        .link = &introspection->questions,
    };
    if (made->next)
        made->next->link = &made->next;
    introspection->questions = made;
    introspection->question_count++;
    return made;
}

bool introspection_ask(struct introspection *introspection, struct wait *wait)
{
    struct authority *authority = introspection->authority;
    struct question *question = NULL;

    (void)pthread_mutex_lock(&authority->lock);
    for (struct question *q = introspection->questions; q && !question; q = q->next)
        if (str_eq_secret(q->token, wait->token))
            question = q;
    if (!question && introspection->question_count < MOST_QUESTIONS) {
        question = question_new(introspection, wait->token);
        authority_wake(authority);
    }
    if (question)
        wait_join(wait, &question->waits);
    (void)pthread_mutex_unlock(&authority->lock);
    return question;
}
