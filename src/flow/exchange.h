/* Inside flow/: one client request's whole state, owned by one loop. Everything lives in `arena` and dies at once. */
#pragma once

#include "auth/grant.h"
#include "dialect/page.h"
#include "dialect/parameter.h"
#include "dialect/route.h"
#include "flow/flow.h"
#include "flow/turns.h"
#include "store/store.h"

/* What a stage says when it returns. */
enum step {
    STEP_NEXT,  /* go on */
    STEP_WAIT,  /* go on with the next stage when all that is pending has come */
    STEP_AGAIN, /* enter this stage again when all that is pending has come (or at once) */
    STEP_FAIL   /* x->err says why */
};
typedef enum step stage_fn(struct exchange *x);

/* One document of the body and what became of it. */
struct item {
    struct exchange *x;
    uint32_t at; /* in x->body */
    struct lens_put put;
    struct id_slots asked; /* of the first put; a comparison may need fewer, or others than the one before */
    struct str canonical;  /* put.canonical with its gaps filled */
    struct upstream_argument *arguments;
    size_t argument_count;
    struct upstream_call *call;
    struct upstream_answer answer;
    struct err err;
    struct str canonical_id;
    bool stored, skipped;
    bool judged_later; /* its faults are those that stage_patch finds */
    size_t shown;                               /* its index among the entities */
    struct upstream_call *then_calls[THENS_MAX], *read_call; /* `then:` of the operation */
    bool undone, undo_failed;
    struct err unshown; /* why the answer is an error although the document is stored */
    struct str inherited; /* members that it takes from an entity that it names (`inherit:`), as JSON without braces */
};

/* One canonical entity to be shown. */
struct shown {
    const struct tape *tape;
    uint32_t at;
    const struct lens *lens; /* of an included one; NULL: the operation's */
    struct str canonical_id, owner; /* owner: the patient it belongs to, empty for a patient itself */
    const struct tape *rest; /* what is kept beside it; NULL: nothing */
    struct str version; /* of what is shown, where somebody asks for it */
    size_t first_slot; /* its ids in the exchange's slots */
};

/* A question to the store about values that dialects keep (kept.c), and to the backend about the ids that it says. */
struct kept_search {
    struct exchange *x;
    struct store_find find;
    struct str name, value; /* the argument that asks */
    struct upstream_call *call;
    struct upstream_answer answer;
};

/* A look-up document of one slot. */
struct found_by {
    struct exchange *x;
    struct id_slot *slot; /* as it was asked for: keeps what was found */
    struct id_slot *now;  /* the same in the put that counts; NULL: the comparison dropped it */
    const struct lookup *lookup;
    struct arguments arguments;
    const struct contract_call *asked; /* the look-up's call, or the list of the caller's own groups */
    struct upstream_call *call;
    size_t first_id; /* of its ids in the batch */
    size_t item;
    struct kept_search kept;
    struct str ids[4]; /* of what was found, each once */
    size_t id_count;
    struct fault wrong; /* what of the document is not understood; path: its member, parts joined by '.' */
    size_t matches; /* these, and what the backend answered that is none of this brand's entities */
};

/* What an operation with `choose:` looks for (choose.c). */
struct choosing {
    const struct operation *as; /* what the client asked for */
    struct id_slot slot;
    struct found_by found;
    struct deadline pause;
    unsigned seeks;
    bool none; /* the entity is to be made */
};

struct fetched {
    struct upstream_call *call;
    struct upstream_answer answer;
};

enum { ITEM_CALLS_AT_ONCE = 16, FETCH_SIZE = 1000, FETCH_PAGES_MAX = 64, RETRIES_MAX = 8, NAMES_MAX = 1 << 20 };

struct exchange {
    struct flow *flow;
    struct arena *arena;
    const struct http_head *head;
    flow_done_fn *done;
    void *data;
    struct exchange *next, **link; /* of the flow's list */

    /* the driver's */
    size_t at;
    unsigned pending;
    bool running, ended;
    bool writing, gone; /* the backend may have been changed; nobody waits for the answer (leave.c) */
    struct err err;
    struct deadline deadline;
    uint64_t started_us;
    char request_id_text[64];
    struct str request_id, traceparent;
    unsigned upstream_calls;

    /* route, auth */
    enum err_code server_fault;
    const struct dialect *bound_dialect, *dialect;
    struct target target;
    struct route route;
    const struct operation *operation;
    const struct bound *bound;
    struct principal *principal;
    struct str brand;
    struct auth_ask ask;
    bool ask_pending;
    struct record_get record;
    bool record_pending;

    /* parameters */
    struct str media;
    struct page page;
    struct cursor cursor;
    struct arguments arguments;
    struct faults faults;
    struct str wrong_parameter, wrong_want; /* of ERR_INVALID_PARAMETER */
    struct str wrong_any;                   /* instead of one name: "a, b or c", of which none was sent */
    struct str missing;                     /* wrapper of ERR_MISSING_WRAPPER, allow of ERR_METHOD, scope of ERR_SCOPE, types
                                               of ERR_MEDIA_TYPE (empty: it was the content coding) */
    char reason[160];                       /* what the client is told besides the error's words: exchange_tell */
    bool nothing;                           /* a filter names what nobody has: an empty list */
    struct str path_patient;                /* a patient of the path that no call is told: what is shown must be its own */

    /* decode */
    struct tape body;
    bool many, bare, skip; /* skip: what exists already is left out */
    struct item *items;
    size_t item_count, item_next, then_next;
    struct found_by *lookups;
    size_t lookup_count, lookup_next;
    bool (*lookup_start)(struct found_by *found); /* of the stage (lookup.c); false: this one asks nothing */

    /* ids and rests */
    struct store_batch batch;
    bool batch_pending;
    struct grant *grant;
    bool grant_pending;

    /* of a principal bound to groups: ids of the parameters (member.c), patients and whether they are members (owner.c) */
    struct str *named;
    struct owners *owners;
    struct mentions *mentions; /* entities that the body names beside its patient (mention.c) */
    struct err *withheld;      /* what is wrong with the body, until the entity of the path is judged (resolve.c) */

    struct turn turn; /* with the entity that it changes (turn.c) */

    /* stored entity of an update */
    bool compared;                         /* its document says nothing without what is stored */
    struct upstream_call *stored_call;
    const struct contract_call *stored_by; /* what it calls; NULL: nothing was read */
    struct upstream_answer stored;
    struct buf echo;          /* what get shows for it */
    struct id_slots echo_ids;
    struct str if_match;
    bool own_version; /* if_match is the client's: not to be replaced by a newer one */
    bool insists;     /* the client named the version that is shown: what is kept must not have changed either */
    struct str stored_rest; /* what was compared with; ptr NULL: nothing was */
    bool touches;           /* it changes what stands beside the entity (touch.c) */
    bool kept_already;      /* what it keeps was kept when it was read */
    bool settled, late;     /* what it keeps is stored; it is not, as it was changed meanwhile (keep.c) */
    bool strict, stays_lax; /* the backend is to refuse an object in the place of something else; it did, maybe for that */
    unsigned attempts;

    struct kept_search kept;   /* of a list (kept.c) */
    struct choosing *choosing; /* choose.c; NULL: the operation is the one that was asked for */

    struct upstream_call *via_call; /* `via:` of the operation */
    struct upstream_answer via_answer;

    /* answers */
    struct fetched *fetched; /* pages of a read, or the one document */
    size_t fetched_count, fetched_space;
    bool partial; /* some documents of many were stored, some not */
    const struct err *then_err; /* of a call after the main one that takes nothing back: told after what is kept */
    struct forgetting *forgetting; /* keep.c */
    struct tape made; /* a document of a builtin */
    struct str document;
    uint64_t total;
    struct shown *shown;
    size_t shown_count;
    size_t shown_reads; /* of the batch's reads those that are about what is shown: all, or none (keep.c) */
    struct including *including; /* include.c */
    size_t including_count;
    struct shown *included;
    size_t included_count;
    bool unincluded; /* what was to be included cannot be had, and the answer goes without */
    struct lens_seen *seen; /* of their names, while they are written */
    struct buf out;
    struct id_slots slots;
    struct id_slots *dangling; /* those of the answer that name nothing any more; NULL: it was not looked */
    size_t location; /* the slot of the created entity's id, plus one; 0: no Location */
};

struct flow {
    struct gateway *gateway;
    struct loop *loop;
    struct upstream *upstream;
    struct auth_cache *auth;
    struct exchange *first;
    struct arena_pool *pool;
    struct turn_door door;
    size_t memory; /* bytes that an exchange may ask for */
    struct arena *spare[64];
    size_t spare_count;
    size_t left_bytes; /* of bodies that are written although their clients have left */
    uint64_t undo_failures;
};
