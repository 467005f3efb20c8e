/* Asking others about credentials, off the way of requests: one thread for the whole process fetches the
 * issuers' key sets and the backend's token, and asks the introspection endpoint. Loops read what it knows under its lock; a
 * credential that needs more leaves a wait behind, which comes back to its own loop with the answer. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "auth/auth.h"
#include "auth/jwks.h"
#include "net/call.h"

struct conf;
struct conf_issuer;

/* One credential that waits. Made, and freed, on the asker's loop. */
struct wait {
    struct arena *arena; /* owns the wait itself */
    struct authority *authority;
    struct auth_cache *cache;
    struct wait *sibling, **sibling_link; /* of the cache's */
    struct auth_ask *ask;                 /* NULL: the asker went away */
    struct str token, peer;               /* copies */
    struct remote *remote;                /* NULL: introspection */
    struct loop *loop;
    struct post post;
    /* Guarded by the authority's lock. */
    struct wait *next, **link; /* of those that wait for the same; link NULL: the answer is on its way */
    bool failed;               /* there is none */
    struct str answer;         /* of introspection; in the arena */
};

/* An issuer's key set. */
struct remote {
    struct authority *authority;
    struct remote *next;
    struct str name, file, target; /* file empty: fetched from `origin` */
    struct call_origin origin;
    const struct str *algorithms;
    size_t algorithm_count;
    /* Guarded by the authority's lock. */
    struct keyset *set; /* the last good one; NULL: none yet */
    uint64_t serial;    /* of the set */
    bool fetching, failed;
    uint64_t next_ms; /* before this nobody's question has it fetched */
    struct wait *waits;
    /* The thread's own. */
    bool under_way;
    struct call *call;
    struct call_request request;
    struct deadline refresh;
    struct arena *text_arena;
    struct str text; /* of the last good set */
};

/* One token that the introspection endpoint is asked about. */
struct question {
    struct arena *arena; /* owns the question itself */
    struct introspection *introspection;
    struct str token;
    struct question *next, **link; /* guarded */
    struct wait *waits;            /* guarded */
    /* The thread's own. */
    bool asked;
    struct question *fresh; /* found with it */
    struct call *call;
    struct call_request request;
};

struct introspection {
    struct authority *authority;
    struct call_origin origin;
    struct str target, audience, prefix;
    struct call_header headers[3];
    struct str fresh; /* guarded: takes the place of the first one's value; ptr NULL: nothing does */
    int64_t cache_ms, refused_ms;
    struct question *questions; /* guarded */
    size_t question_count;
};

/* The gateway's own token for the backend, of a token endpoint (RFC 6749 section 4.4). */
enum { BORROWED_LONGEST = 8192 };
struct borrowed {
    struct authority *authority;
    struct call_origin origin;
    struct str target, body;
    struct call_header headers[3];
    /* Guarded by the authority's lock. */
    struct str fresh; /* takes the place of the first header's value; ptr NULL: nothing does */
    char text[BORROWED_LONGEST];
    size_t len;        /* 0: none yet */
    uint64_t until_ms; /* monotonic clock: the wall's may be set */
    /* The thread's own. */
    bool begun;
    struct call *call;
    struct call_request request;
    struct deadline renewal;
};

struct authority {
    struct arena *arena;                 /* of the configuration: borrowed */
    struct remote *remotes;              /* a list */
    struct introspection *introspection; /* NULL: none */
    struct borrowed *borrowed;           /* NULL: none */
    const char *ca_file;
    uint64_t call_ms, refresh_ms, interval_ms;
    atomic_uint epoch; /* goes up after a key was taken out of a set */
    bool started;
    pthread_t thread;
    pthread_mutex_t lock;
    struct loop *loop;
    struct call_client *client;
    struct post wake;
    bool waking; /* guarded, as the rest is */
    uint64_t fetches, questions, unanswered;
};

void authority_init(struct authority *authority, struct arena *arena, const struct conf *conf);
void authority_done(struct authority *authority); /* ends the thread; no wait may be left */
/* An endpoint's address in its parts; unlike a base address it may have a query. Borrowed from `arena`. */
MUST_CHECK int authority_url(struct arena *arena, struct str url, struct call_origin *origin,
                             struct str *target, struct err *err);
MUST_CHECK int authority_start(struct authority *authority, struct err *err);

/* With the lock held: the thread looks what is wanted; a wait joins others; it gets its answer. */
void authority_wake(struct authority *authority);
void wait_join(struct wait *wait, struct wait **list);
void wait_answer(struct wait *wait, bool failed, struct str answer);

/* On the asker's loop. Freeing takes it out of wherever it waits; not while its post is on its way to a
 * running loop. */
struct wait *wait_new(struct auth_cache *cache, struct auth_ask *ask);
void wait_free(struct wait **wait);
bool wait_leave(struct wait *wait); /* false: its answer is on its way */

/* remote.c. Reads a set's file at once, so that its faults show at start. */
MUST_CHECK int remote_new(struct remote **remote, struct authority *authority, const struct conf_issuer *conf,
                          struct err *err);
void remote_done(struct remote *remote); /* after the thread */
void remote_look(struct remote *remote); /* on the thread: fetches if somebody wants it */

/* The last good set, or NULL: a reference, given back with remote_release; and its serial. */
struct keyset *remote_keys(struct remote *remote, uint64_t *serial);
void remote_release(struct remote *remote, struct keyset *set);

/* The set of that serial does not do: has it fetched again, or joins those for whom that is done. WANT_NONE:
 * it was done a moment ago, and `failed` says how that went; WANT_AGAIN: there is another set already. */
enum want { WANT_WAIT, WANT_NONE, WANT_AGAIN };
enum want remote_want(struct remote *remote, struct wait *wait, uint64_t serial, uint64_t now_ms,
                      bool *failed);

/* credential.c: the header that says who the gateway is (client_secret_basic); form-encoding (RFC 6749 appendix B), with
 * every byte escaped that might need it. */
MUST_CHECK int authority_credential(struct arena *arena, struct str client_id, struct str secret_file,
                                    struct call_header *header, struct err *err);
void form_add(struct buf *out, struct str text);
MUST_CHECK int credential_token(struct arena *arena, struct str file, struct str *token, struct err *err); /* all of a file */

/* borrow.c */
MUST_CHECK int borrowed_new(struct authority *authority, const struct conf *conf, struct err *err);
void borrowed_done(struct borrowed *borrowed); /* after the thread */
void borrowed_look(struct borrowed *borrowed); /* on the thread: asks for the first token */
/* On any loop: a copy in `arena`; ERR_UNAVAILABLE while there is none that still holds. */
MUST_CHECK int borrowed_token(struct borrowed *borrowed, struct arena *arena, struct str *token, struct err *err);

/* introspect.c */
MUST_CHECK int introspection_new(struct authority *authority, const struct conf *conf, struct err *err);
void introspection_done(struct introspection *introspection); /* after the thread */
void introspection_look(struct introspection *introspection); /* on the thread: sends new questions */
MUST_CHECK bool introspection_ask(struct introspection *introspection,
                                  struct wait *wait); /* false: too many */
