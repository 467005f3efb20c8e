/* Inside flow/: one client request's whole state, owned by one loop. Everything lives in `arena` and dies at once. */
#pragma once

#include "auth/grant.h"
#include "dialect/page.h"
#include "dialect/parameter.h"
#include "dialect/route.h"
#include "flow/flow.h"
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
    struct tape rest;
    bool has_rest;
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
    char bad_json[160];                     /* of ERR_BAD_JSON: where and what */
    bool nothing;                           /* a filter names what nobody has: an empty list */

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
    struct grant grant;
    bool grant_pending;

    /* of a principal bound to groups: ids of the parameters (member.c), patients and whether they are members (owner.c) */
    struct str *named;
    struct owners *owners;
    struct mentions *mentions; /* entities that the body names beside its patient (mention.c) */
    struct err *withheld;      /* what is wrong with the body, until the entity of the path is judged (resolve.c) */

    /* stored entity of an update */
    struct upstream_call *stored_call;
    struct upstream_answer stored;
    struct buf echo;          /* what get shows for it */
    struct id_slots echo_ids;
    struct str if_match;
    bool own_version; /* if_match is the client's: not to be replaced by a newer one */
    bool insists;     /* the client named the version that is shown: what is kept must not have changed either */
    struct str stored_rest; /* what was compared with; ptr NULL: nothing was */
    bool touches;           /* it changes what stands beside the entity (touch.c) */
    unsigned attempts;

    struct kept_search kept;   /* of a list (kept.c) */
    struct choosing *choosing; /* choose.c; NULL: the operation is the one that was asked for */

    struct upstream_call *via_call; /* `via:` of the operation */
    struct upstream_answer via_answer;

    /* answers */
    struct fetched *fetched; /* pages of a read, or the one document */
    size_t fetched_count, fetched_space;
    bool partial; /* some documents of many were stored, some not */
    struct err then_err; /* of a call after the main one that takes nothing back: told after what is kept */
    struct forgetting *forgetting; /* keep.c */
    struct tape made; /* a document of a builtin */
    struct str document;
    uint64_t total;
    struct shown *shown;
    size_t shown_count;
    struct including *including; /* include.c */
    size_t including_count;
    struct shown *included;
    size_t included_count;
    bool unincluded; /* what was to be included cannot be had, and the answer goes without */
    struct lens_seen *seen; /* of their names, while they are written */
    struct buf out;
    struct id_slots slots;
    size_t location; /* the slot of the created entity's id, plus one; 0: no Location */
};

struct flow {
    struct gateway *gateway;
    struct loop *loop;
    struct upstream *upstream;
    struct auth_cache *auth;
    struct exchange *first;
    struct arena_pool *pool;
    size_t memory; /* bytes that an exchange may ask for */
    struct arena *spare[64];
    size_t spare_count;
    size_t left_bytes; /* of bodies that are written although their clients have left */
    uint64_t undo_failures;
};

/* The stages, in the order of flow.c's table; each in the file named. */
stage_fn stage_route, stage_credential, stage_permit;  /* admit.c */
stage_fn stage_parameters;                             /* ask.c */
stage_fn stage_seek, stage_sought, stage_sought_kept, stage_choose, stage_become; /* choose.c */
stage_fn stage_decode;                                 /* decode.c */
stage_fn stage_resolve, stage_judge;                   /* resolve.c */
stage_fn stage_kept, stage_kept_both, stage_kept_join; /* kept.c */
stage_fn stage_lookup, stage_lookup_kept, stage_make, stage_made; /* lookup.c */
stage_fn stage_condition;                                         /* version.c */
stage_fn stage_members, stage_judge_members;           /* member.c */
stage_fn stage_owners;                                 /* owner.c */
stage_fn stage_mentions, stage_judge_mentions;         /* mention.c */
stage_fn stage_via, stage_found;                       /* via.c */
stage_fn stage_stored, stage_compare, stage_patch;     /* stored.c */
stage_fn stage_beside, stage_touch;                    /* touch.c */
stage_fn stage_call;                                   /* call.c */
stage_fn stage_collect;                                /* collect.c */
stage_fn stage_then, stage_reread;                     /* then.c */
stage_fn stage_include, stage_included;                /* include.c */
stage_fn stage_keep, stage_rests;                      /* keep.c */
stage_fn stage_encode;                                 /* encode.c */
stage_fn stage_name, stage_finish;                     /* finish.c */

/* ---- what the files need of each other, each file's together ---- */

/* flow.c. Wait: something was asked for. Came: it has come, with `err` NULL if well; else the exchange ends. Called
 * only from library callbacks and by stages. */
void exchange_wait(struct exchange *x);
void exchange_came(struct exchange *x, const struct err *err);
/* The error of an exchange whose arena is short: what was made since may be incomplete. */
extern const struct err exchange_no_memory;
/* err_set on the exchange, for a stage to return. */
enum step exchange_fail(struct exchange *x, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* Makes `stage` the next one (a retry goes back). */
void exchange_go(struct exchange *x, stage_fn *stage);
void exchange_free_calls(struct exchange *x); /* of the operation, so that it may begin again */
void exchange_release(struct exchange *x);    /* the end: `x` is gone, `done` is not called */

/* leave.c. A copy of head and body, because a request that may write must outlive its client. */
const struct http_head *exchange_own_head(struct arena *arena, const struct http_head *head);
/* STEP_FAIL: writes whose clients left hold too much for another write to begin. */
enum step exchange_may_write(struct exchange *x);
void exchange_on_deadline(struct deadline *deadline);

/* ask.c. The media type of the answer: by the dialect's own parameter if that was sent, else by Accept; ptr NULL: none
 * fits. */
struct str exchange_media(const struct exchange *x);

/* choose.c. Asked: the operation that the client requested; its status and answer are used. Again: looks for the entity
 * again after a duplicate (false: it is an error). Add, then: what a new entity gets from the look-up, members and ids
 * for its `then:`. */
const struct operation *exchange_asked(const struct exchange *x);
bool exchange_choose_again(struct exchange *x, enum err_code code);
struct str exchange_choose_add(struct exchange *x, struct str canonical);
struct str exchange_choose_then(const struct exchange *x); /* comma list; empty: none */
void exchange_free_choosing(struct exchange *x);

/* decode.c. Three ways to add a fault: with `path` as the lens gives it, in the document `item`; as the dialect writes
 * it; or as members from the root of the body. Faults past FAULTS_MAX are dropped. */
MUST_CHECK int exchange_read_body(struct exchange *x);
struct lens_context exchange_context(const struct exchange *x);
void exchange_add_fault(struct exchange *x, struct fault fault, size_t item);
void exchange_add_whole_fault(struct exchange *x, struct fault fault);
void exchange_add_body_fault(struct exchange *x, struct str dotted, enum fault_kind kind, struct str want);

/* resolve.c. Batch: runs x->batch with what the caller put in it; returns `done` if the store answered at once. Name:
 * makes a query for the dialect id of an entity. Slot fault: adds a fault at the member of a slot. */
enum step exchange_batch(struct exchange *x, enum step done);
void exchange_name(const struct exchange *x, struct str kind, struct str canonical_id, struct id_query *query);
void exchange_slot_fault(struct exchange *x, const struct id_slot *slot, size_t item, enum fault_kind kind);
/* A look-up document in three steps: its members become arguments (lookup.c); its ids are added to a batch; and these are judged
 * (false: it names something unknown). */
void exchange_lookup_ids(const struct exchange *x, const struct found_by *found, struct id_query *ids);
bool exchange_judge_lookup(struct exchange *x, struct found_by *found);
/* About the caller's bounds. Is bound: to patients or groups. To nothing: to none at all, so it finds nothing. Of path:
 * the parameter is one of the path. Must read: the entity itself must be read and judged before the call. Select
 * nothing: a filter names what the caller cannot have; a list is then empty, anything else is not found. */
bool exchange_is_bound(const struct exchange *x);
bool exchange_is_bound_to_nothing(const struct exchange *x);
bool exchange_is_of_path(const struct exchange *x, const struct parameter *parameter);
bool exchange_must_read(const struct exchange *x);
/* What is wrong with the ids of a body was said with exchange_fail; but that they were judged tells that the entity of the path
 * is there. Where a later stage finds out whether the caller may know that, this goes there (`members`: stage_members, if that is
 * still to come), and that stage tells it. */
enum step exchange_withhold(struct exchange *x, stage_fn *members);
enum step exchange_tell_withheld(struct exchange *x);
enum step exchange_select_nothing(struct exchange *x);

/* lookup.c. Read: the document's members become arguments (-1: found->wrong says what is not understood, and `lookup_fault` adds
 * that fault). Look up: finds what the document means: asks the backend, then the kept values (false: nothing was asked). */
MUST_CHECK int exchange_read_lookup(struct exchange *x, struct found_by *found);
void exchange_lookup_fault(struct exchange *x, const struct found_by *found);
void exchange_look_up(struct found_by *found);
bool exchange_look_up_kept(struct found_by *found);

/* kept.c. Search: asks the store if an argument of a list is one whose values dialects keep (false: none is). Ids: the
 * result, as a comma list for the parameter `name`; of patients only those that the principal may have; empty: none. */
bool exchange_search_kept(struct exchange *x, const struct contract_call *call, const struct arguments *arguments,
                          struct kept_search *search);
struct str exchange_kept_ids(struct exchange *x, const struct contract_call *call, const struct kept_search *search,
                             struct str *name);
void exchange_leave_kept(struct exchange *x, struct kept_search *search);

/* owner.c: what a principal bound to groups may see. `own` notes a patient, `ask_owners` asks about the noted ones
 * (STEP_NEXT: there is nothing to ask), and `is_member` judges once the answers have come. */
bool exchange_bound_to_groups(const struct exchange *x);
void exchange_own(struct exchange *x, struct str patient);
void exchange_own_answer(struct exchange *x, const struct contract_call *call, const struct tape *tape);
enum step exchange_ask_owners(struct exchange *x);
bool exchange_is_member(const struct exchange *x, struct str patient);
/* Adds the groups, besides the principal's, that the patient was in when it was asked about: their ids as JSON, after
 * those already in the list. */
void exchange_add_other_groups(const struct exchange *x, struct str patient, bool *first, struct buf *list);
bool exchange_groups_may_see(const struct exchange *x, struct str entity, struct str patient, const struct tape *tape,
                             uint32_t at);
void exchange_free_owners(struct exchange *x);

/* mention.c, include.c. Own: notes the owners of what was read. Free: its calls. Read includes: the names in `include`
 * (-1: one that the operation does not have). Judge, scopes: the scopes that they need. */
void exchange_own_mentions(struct exchange *x);
void exchange_free_mentions(struct exchange *x);
void exchange_own_included(struct exchange *x);
void exchange_free_including(struct exchange *x);
MUST_CHECK int exchange_read_includes(struct exchange *x);
enum step exchange_judge_includes(struct exchange *x);
const struct str *exchange_include_scopes(struct exchange *x, size_t *count); /* all of them */

/* stored.c. Makes a batch of one question: what is kept beside the entity that an update names. */
void exchange_read_rest(struct exchange *x);

/* whole.c. Adds a null to the body for each member that is shown and not sent. -1: x->err. */
MUST_CHECK int exchange_complete(struct exchange *x, const struct tape *shown);

/* call.c. Call: one canonical call with the exchange's credential. Arguments: those of the operation itself (path,
 * query, fixed, bounds of the principal), after `more`. Bounded: the `own` arguments, and what the principal is bound
 * to. */
struct upstream_call *exchange_call(struct exchange *x, const struct upstream_request *wanted, upstream_done_fn *done,
                                    void *data);
void exchange_arguments(struct exchange *x, const struct contract_call *call, const struct upstream_argument *more,
                        size_t more_count, struct upstream_request *request);
void exchange_bounded(struct exchange *x, const struct contract_call *call, struct upstream_argument *own, size_t count,
                      struct upstream_request *request);

/* then.c. The document says something for the parameter of a second call, be it an empty list. */
bool exchange_names_param(const struct item *item, struct str param);

/* builtin.c. What the gateway answers itself: stage_call's part. */
enum step exchange_builtin(struct exchange *x);

/* collect.c, about a backend's answer, which may be empty. Text: the string that the object at `at` has under that
 * name. Patient: the one that an entity is or belongs to (ptr NULL: it says none). Of brand: the entity is of the caller's
 * brand. May see: and of a patient or group that the caller is bound to; it came from that call (NULL: from none). */
struct str exchange_text(const struct exchange *x, const struct tape *tape, uint32_t at, struct str name);
struct str exchange_patient(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at);
bool exchange_is_of_brand(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at);
bool exchange_may_see(const struct exchange *x, const struct contract_call *call, const struct tape *tape, uint32_t at);
/* The path names an entity, and this id is another one's. Going on would show somebody else's entity, compare with it,
 * or keep data beside it. */
bool exchange_is_another(const struct exchange *x, struct str id);

/* keep.c. Leave: an erasure under way goes on without the exchange. Gone: the backend does not have what is to be
 * deleted (an earlier DELETE, whose answer was lost, did it), so what is kept of it is deleted, too. NULL: that is
 * under way, and ends the exchange with `err`. */
void exchange_leave_forgetting(struct exchange *x);
const struct err *exchange_forget_gone(struct exchange *x, const struct err *err);

/* version.c. Appends an entity to `out` as the dialect shows it. shown->version gets its version, if somebody asks for
 * it. */
MUST_CHECK int exchange_show(struct exchange *x, struct shown *shown, struct buf *out, struct id_slots *slots);
/* Has: the client's conditions on versions need the stored entity. Judge: they hold for this version of it (else
 * ERR_PRECONDITION). */
bool exchange_has_condition(const struct exchange *x);
enum step exchange_judge_condition(struct exchange *x, struct str version);
/* The client's If-Match, for the backend to compare with its own version; ptr NULL: none. */
struct str exchange_condition(const struct exchange *x);
/* Is unchanged: the client already has what the answer would show. Headers: ETag (RFC 9110 section 8.8.3),
 * Last-Modified (8.8.2) and Location (10.2.2) of the answer. */
bool exchange_is_unchanged(const struct exchange *x);
enum { ENTITY_HEADERS_MAX = 3 };
size_t exchange_entity_headers(const struct exchange *x, struct http_header *headers);

/* encode.c. A gap at `at` of the answer, for an id. */
void exchange_add_slot(struct exchange *x, size_t at, struct str kind, struct str canonical_id);

/* finish.c. Ends the exchange with an answer. */
void exchange_answer(struct exchange *x, int status, struct str content_type, struct str body,
                     const struct http_header *more, size_t more_count);

/* fail.c. Ends it with x->err in the dialect's shape; or with the errors of the documents that failed, where `stored`
 * (JSON) are the others. Path: a fault's path as the dialect writes it. */
void exchange_refuse(struct exchange *x);
void exchange_refuse_partly(struct exchange *x, struct str stored);
void fault_path(const struct dialect *dialect, struct str path, bool many, size_t index, struct buf *out);
