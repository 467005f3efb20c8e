/* The thread that asks, and those that wait for it. */
#include "auth/authority.h"

#include "auth/cache.h"
#include "auth/inside.h"
#include "conf/conf.h"

enum { CONNECTIONS = 16, WAITING = 512, HEAD_BYTES = 32 * 1024, IDLE_MS = 4000 };

void authority_init(struct authority *authority, struct arena *arena, const struct conf *conf)
{
    *authority = (struct authority){
        .arena = arena,
        .ca_file = conf->auth.ca_file.len ? arena_cstr(arena, conf->auth.ca_file) : NULL,
        .call_ms = conf->auth.call_ms,
        .refresh_ms = conf->auth.jwks_refresh_s * 1000,
        .interval_ms = conf->auth.jwks_interval_s * 1000,
    };
    (void)pthread_mutex_init(&authority->lock, NULL);
}

int authority_url(struct arena *arena, struct str url, struct call_origin *origin, struct str *target,
                  struct err *err)
{
    struct str whole = arena_copy(arena, url), query, address = whole;

    (void)str_cut(whole, '?', &address, &query);
    if (call_origin_parse(origin, address, err))
        return -1;
    size_t at = origin->scheme.len + sizeof "://" - 1;
    while (at < whole.len && whole.ptr[at] != '/' && whole.ptr[at] != '?')
        at++;
    *target = at == whole.len ? STR("/") : str_from_at(whole, at);
    if (target->ptr[0] == '?')
        *target = arena_printf(arena, "/" STR_FMT, STR_ARG(*target));
    for (size_t i = 0; i < target->len; i++)
        if (target->ptr[i] <= ' ' || target->ptr[i] > '~' || target->ptr[i] == '#')
            return err_set(err, ERR_CONFIG, "the URL holds a byte that must be escaped");
    return 0;
}

/* Calls that wait for a connection send the old value, which stays where it is, or the new one. */
static void take_fresh(struct str *fresh, struct call_header *header)
{
    if (fresh->ptr)
        header->value = *fresh;
    *fresh = STR_NONE;
}

static void look(struct post *post)
{
    struct authority *authority = CONTAINER(post, struct authority, wake);

    (void)pthread_mutex_lock(&authority->lock);
    authority->waking = false;
    if (authority->introspection)
        take_fresh(&authority->introspection->fresh, &authority->introspection->headers[0]);
    if (authority->borrowed)
        take_fresh(&authority->borrowed->fresh, &authority->borrowed->headers[0]);
    (void)pthread_mutex_unlock(&authority->lock);
    for (struct remote *remote = authority->remotes; remote; remote = remote->next)
        remote_look(remote);
    if (authority->introspection)
        introspection_look(authority->introspection);
    if (authority->borrowed)
        borrowed_look(authority->borrowed);
}

static void *run(void *data)
{
    struct authority *authority = data;

    loop_run(authority->loop);
    return NULL;
}

int authority_start(struct authority *authority, struct err *err)
{
    const struct call_limits limits = {
        .connect_ms = authority->call_ms,
        .first_byte_ms = authority->call_ms,
        .total_ms = authority->call_ms,
        .body_bytes = KEYSET_LONGEST,
        .head_bytes = HEAD_BYTES,
        .connections = CONNECTIONS,
        .waiting = WAITING,
        .idle_ms = IDLE_MS,
    };

    if (!authority->remotes && !authority->introspection && !authority->borrowed)
        return 0;
    authority->loop = loop_new();
    authority->client = call_client_new(authority->loop, CALL_CURL, &limits);
    call_client_tls(authority->client, authority->ca_file, NULL, NULL);
    authority->wake.run = look;
    for (struct remote *remote = authority->remotes; remote; remote = remote->next)
        remote->fetching = true; /* before anybody asks */
    authority_wake(authority);
    if (pthread_create(&authority->thread, NULL, run, authority))
        return err_set(err, ERR_INTERNAL, "auth: no thread for the key sets");
    authority->started = true;
    return 0;
}

void authority_done(struct authority *authority)
{
    if (authority->started) {
        loop_stop(authority->loop);
        (void)pthread_join(authority->thread, NULL);
    }
    call_client_free(&authority->client);
    for (struct remote *remote = authority->remotes; remote; remote = remote->next)
        remote_done(remote);
    if (authority->introspection)
        introspection_done(authority->introspection);
    if (authority->borrowed)
        borrowed_done(authority->borrowed);
    loop_free(&authority->loop);
    (void)pthread_mutex_destroy(&authority->lock);
}

void authority_wake(struct authority *authority)
{
    if (authority->waking)
        return;
    authority->waking = true;
    loop_post(authority->loop, &authority->wake);
}

struct auth_others auth_others(struct auth *auth)
{
    struct authority *authority = &auth->authority;
    struct auth_others others = { 0 };

    (void)pthread_mutex_lock(&authority->lock);
    for (struct remote *remote = authority->remotes; remote; remote = remote->next) {
        others.key_sets++;
        others.failing += remote->failed;
        others.missing += !remote->set;
    }
    others.fetches = authority->fetches;
    others.questions = authority->questions;
    others.unanswered = authority->unanswered;
    (void)pthread_mutex_unlock(&authority->lock);
    return others;
}

/* ---- waits ---- */

void wait_join(struct wait *wait, struct wait **list)
{
    wait->next = *list;
    wait->link = list;
    if (wait->next)
        wait->next->link = &wait->next;
    *list = wait;
}

static void unlink_wait(struct wait *wait)
{
    *wait->link = wait->next;
    if (wait->next)
        wait->next->link = wait->link;
    wait->link = NULL;
}

void wait_answer(struct wait *wait, bool failed, struct str answer)
{
    unlink_wait(wait);
    wait->failed = failed;
    wait->answer = arena_copy(wait->arena, answer);
    loop_post(wait->loop, &wait->post);
}

struct wait *wait_new(struct auth_cache *cache, struct auth_ask *ask)
{
    struct arena *arena =
        arena_new_sized(SIZE_MAX, sizeof(struct wait) + ask->token.len + ask->peer.len + 256);
    struct wait *wait = ARENA_NEW(arena, struct wait);

    *wait = (struct wait){
        .arena = arena,
        .authority = &cache->auth->authority,
        .cache = cache,
        .ask = ask,
        .token = arena_copy(arena, ask->token),
        .peer = arena_copy(arena, ask->peer),
        .loop = ask->loop,
        .sibling = cache->waits,
        .sibling_link = &cache->waits,
    };
    if (wait->sibling)
        wait->sibling->sibling_link = &wait->sibling;
    cache->waits = wait;
    return wait;
}

bool wait_leave(struct wait *wait)
{
    (void)pthread_mutex_lock(&wait->authority->lock);
    bool waits = wait->link;
    if (waits)
        unlink_wait(wait);
    (void)pthread_mutex_unlock(&wait->authority->lock);
    return waits;
}

void wait_free(struct wait **wait)
{
    struct wait *gone = *wait;
    struct arena *arena = gone->arena;

    *wait = NULL;
    (void)wait_leave(gone);
    *gone->sibling_link = gone->sibling;
    if (gone->sibling)
        gone->sibling->sibling_link = gone->sibling_link;
    arena_free(&arena);
}
