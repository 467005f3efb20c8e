/* Key sets of issuers: fetched, published to the loops, and kept when they cannot be fetched again. */
#include "auth/authority.h"

#include "auth/files.h"
#include "base/log.h"
#include "conf/conf.h"

static void fetch(struct remote *remote);

static struct remote *remote_of(struct deadline *refresh)
{
    return CONTAINER(refresh, struct remote, refresh);
}

static void on_time(struct deadline *deadline)
{
    struct remote *remote = remote_of(deadline);

    (void)pthread_mutex_lock(&remote->authority->lock);
    remote->fetching = true; /* who asks from now on joins */
    (void)pthread_mutex_unlock(&remote->authority->lock);
    remote_look(remote);
}

static void publish(struct remote *remote, struct keyset *set)
{
    struct keyset *old = remote->set; /* only this thread replaces it */
    bool keeps = !old || keyset_keeps(set, old);

    log_line(LOG_INFO, "auth: issuer " STR_FMT ": %zu keys, %zu not used", STR_ARG(remote->name), set->count,
             set->ignored);
    (void)pthread_mutex_lock(&remote->authority->lock);
    remote->set = set;
    remote->serial++;
    if (!keeps)
        remote->authority->epoch++; /* after the set: what was verified with the old one is judged again */
    (void)pthread_mutex_unlock(&remote->authority->lock);
    if (old)
        remote_release(remote, old);
}

/* A set that is the same text again is the same set. */
static int take(struct remote *remote, struct str text, struct err *err)
{
    struct keyset *set = NULL;

    if (remote->text.len && str_eq(remote->text, text))
        return 0;
    set = keyset_parse(text, remote->algorithms, remote->algorithm_count, remote->name, err);
    if (!set)
        return -1;
    publish(remote, set);
    arena_reset(remote->text_arena);
    remote->text = arena_copy(remote->text_arena, text);
    return 0;
}

/* The fetch is over: those that waited judge again, and there is a time for the next. */
static void settle(struct remote *remote, const struct err *err)
{
    struct authority *authority = remote->authority;
    uint64_t after_ms = err && authority->interval_ms < authority->refresh_ms ? authority->interval_ms
                                                                              : authority->refresh_ms;

    if (err)
        log_line(LOG_WARN, "auth: issuer " STR_FMT ": its key set could not be had%s: %s",
                 STR_ARG(remote->name), remote->set ? ", the last one stays in use" : "", err->detail);
    remote->under_way = false;
    (void)pthread_mutex_lock(&authority->lock);
    authority->fetches++;
    remote->fetching = false;
    remote->failed = err;
    while (remote->waits)
        wait_answer(remote->waits, err, STR_NONE);
    (void)pthread_mutex_unlock(&authority->lock);
    deadline_set(authority->loop, &remote->refresh, after_ms);
}

static void on_answer(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct remote *remote = data;
    struct err why;
    bool failed = true;

    if (!answer)
        why = *err;
    else if (answer->status != 200) /* a redirect too: it could lead to http:// or to somebody else */
        (void)err_set(&why, ERR_UNAVAILABLE, "status %d", answer->status);
    else
        failed = take(remote, answer->body, &why);
    remote->call = NULL;
    call_free(&call);
    settle(remote, failed ? &why : NULL);
}

static void fetch(struct remote *remote)
{
    static const struct call_header headers[] = {
        { STR_INIT("accept"), STR_INIT("application/jwk-set+json, application/json") },
    };

    remote->request = (struct call_request){
        .method = STR("GET"),
        .scheme = remote->origin.scheme,
        .host = remote->origin.host,
        .port = remote->origin.port,
        .target = remote->target,
        .headers = headers,
        .header_count = COUNT(headers),
    };
    remote->call = call_start(remote->authority->client, &remote->request, on_answer, remote);
}

static void free_arena(struct arena **arena)
{
    arena_free(arena);
}

static int read_set(struct remote *remote, struct err *err)
{
    CLEANUP(free_arena) struct arena *arena = arena_new(SIZE_MAX);
    struct str text;

    if (file_read(arena, remote->file, false, &text, err))
        return -1;
    return take(remote, text, err) ? err_wrap(err, STR_FMT, STR_ARG(remote->file)) : 0;
}

void remote_look(struct remote *remote)
{
    struct err err;

    (void)pthread_mutex_lock(&remote->authority->lock);
    bool wanted = remote->fetching && !remote->under_way;
    (void)pthread_mutex_unlock(&remote->authority->lock);
    if (!wanted)
        return;
    remote->under_way = true;
    deadline_clear(remote->authority->loop, &remote->refresh);
    if (remote->file.len)
        settle(remote, read_set(remote, &err) ? &err : NULL);
    else
        fetch(remote);
}

int remote_new(struct remote **remote, struct authority *authority, const struct conf_issuer *conf,
               struct err *err)
{
    struct remote *made = *remote = ARENA_NEW(authority->arena, struct remote);
    struct str *algorithms = ARENA_ARRAY(authority->arena, struct str, conf->algorithm_count);

    for (size_t i = 0; i < conf->algorithm_count; i++)
        algorithms[i] = arena_copy(authority->arena, conf->algorithms[i]);
    *made = (struct remote){
        .authority = authority,
        .next = authority->remotes,
        .name = arena_copy(authority->arena, conf->issuer),
        .file = arena_copy(authority->arena, conf->jwks_file),
        .algorithms = algorithms,
        .algorithm_count = conf->algorithm_count,
        .refresh = { .run = on_time },
        .text_arena = arena_new(SIZE_MAX),
    };
    authority->remotes = made;
    if (made->file.len)
        return read_set(made, err);
    return authority_url(authority->arena, conf->jwks_url, &made->origin, &made->target, err)
               ? err_wrap(err, "jwks_url " STR_FMT, STR_ARG(conf->jwks_url))
               : 0;
}

void remote_done(struct remote *remote)
{
    if (remote->call)
        call_free(&remote->call);
    keyset_free(&remote->set);
    arena_free(&remote->text_arena);
}

/* ---- on the loops ---- */

struct keyset *remote_keys(struct remote *remote, uint64_t *serial)
{
    (void)pthread_mutex_lock(&remote->authority->lock);
    struct keyset *set = remote->set;
    *serial = remote->serial;
    if (set)
        set->references++;
    (void)pthread_mutex_unlock(&remote->authority->lock);
    return set;
}

void remote_release(struct remote *remote, struct keyset *set)
{
    (void)pthread_mutex_lock(&remote->authority->lock);
    bool last = --set->references == 0;
    (void)pthread_mutex_unlock(&remote->authority->lock);
    if (last)
        keyset_free(&set);
}

enum want remote_want(struct remote *remote, struct wait *wait, uint64_t serial, uint64_t now_ms,
                      bool *failed)
{
    struct authority *authority = remote->authority;
    enum want want = WANT_WAIT;

    (void)pthread_mutex_lock(&authority->lock);
    *failed = remote->failed;
    if (remote->serial != serial) {
        want = WANT_AGAIN;
    } else if (!remote->fetching && now_ms < remote->next_ms) {
        want = WANT_NONE;
    } else {
        if (!remote->fetching) {
            remote->fetching = true;
            remote->next_ms = now_ms + authority->interval_ms;
            authority_wake(authority);
        }
        wait->remote = remote;
        wait_join(wait, &remote->waits);
    }
    (void)pthread_mutex_unlock(&authority->lock);
    return want;
}
