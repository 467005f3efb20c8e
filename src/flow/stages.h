/* Inside flow/: the stages that an exchange (exchange.h) goes through, and what their files need of each other. */
#pragma once

#include "flow/exchange.h"

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
stage_fn stage_turn, stage_turn_over;                  /* turn.c */
stage_fn stage_stored, stage_compare, stage_patch, stage_place; /* stored.c */
stage_fn stage_beside, stage_touch;                    /* touch.c */
stage_fn stage_call;                                   /* call.c */
stage_fn stage_collect;                                /* collect.c */
stage_fn stage_then, stage_reread;                     /* then.c */
stage_fn stage_include, stage_included;                /* include.c */
stage_fn stage_settle, stage_settled, stage_keep, stage_rests; /* keep.c */
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
/* The same with words that the client gets, too, behind those of the error: they quote nothing of the request. -1. */
int exchange_tell(struct exchange *x, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
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

/* resolve.c. Batch: runs x->batch with what the caller put in it; returns `done` if the store answered at once. To: the same, and
 * `came`, which ends with exchange_came, is told of the result. Name:
 * makes a query for the dialect id of an entity. Slot fault: adds a fault at the member of a slot. */
enum step exchange_batch(struct exchange *x, enum step done);
enum step exchange_batch_to(struct exchange *x, void (*came)(struct store_batch *batch, const struct err *err, void *data));
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

/* stored.c. Read rest: makes a batch of one question: what is kept beside the entity that the path names, by the mapping that shows
 * it. Own id: of that entity. Needs stored: what the update's document says depends on what is stored. */
void exchange_read_rest(struct exchange *x, const struct lens *lens);
struct str exchange_own_id(const struct exchange *x, struct str kind);
bool exchange_needs_stored(struct exchange *x);

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
/* An update begins again with reading what is stored. */
void exchange_do_again(struct exchange *x);

/* keep.c. Leave: an erasure under way goes on without the exchange. Gone: the backend does not have what is to be
 * deleted (an earlier DELETE, whose answer was lost, did it), so what is kept of it is deleted, too. NULL: that is
 * under way, and ends the exchange with `err`. */
void exchange_leave_forgetting(struct exchange *x);
const struct err *exchange_forget_gone(struct exchange *x, const struct err *err);

/* version.c. Appends an entity to `out` as the dialect shows it; `context` is exchange_context(x). shown->version gets its
 * version, if somebody asks for it. */
MUST_CHECK int exchange_show(struct exchange *x, struct shown *shown, const struct lens_context *context, struct buf *out,
                             struct id_slots *slots);
/* Has: the client's conditions on versions need the stored entity. Judge: they hold for this version of it (else
 * ERR_PRECONDITION); other: as the operation shows it that reads at the same path (`versioned_by`), and the call insists on it. */
bool exchange_has_condition(const struct exchange *x);
enum step exchange_judge_condition(struct exchange *x, struct str version);
enum step exchange_judge_other(struct exchange *x, struct shown *shown);
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
 * (JSON) are the others. */
void exchange_refuse(struct exchange *x);
void exchange_refuse_partly(struct exchange *x, struct str stored);
