/* The canonical calls (mappings/canonical/contract.yaml). Loaded at start, immutable, read by every thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "json/tape.h"

struct conf;

struct contract_segment {
    struct str text; /* literal with its slash, or the parameter's name */
    bool is_parameter;
};

/* How a plan applies one parameter of a call that the backend does not have. */
struct contract_rule {
    struct str parameter, member;
    bool pair; /* the parameter is `name|value`: the member is an object that has it */
};

/* Documented calls in the place of a completion (plan.h). */
struct contract_instead {
    const struct contract_call *read;            /* the list that has the rows */
    const struct contract_call *each;            /* NULL, or the list whose items say what to ask `read` for, one by one */
    struct str key;                              /* of `each`: the member, and the parameter of `read` */
    const struct contract_rule *where, *order;   /* parameter -> member that must be one of its values; value of
                                                    `order` -> member that rows are sorted by, newest first */
    size_t where_count, order_count;
    const struct str *leave;                     /* parameters without which the answer is still right */
    size_t leave_count;
};

/* For a list in another order than (created_at, id): `after` goes on from the first of these members that an entity
 * has. */
struct contract_after {
    struct str order;
    const struct str *members;
    size_t member_count;
};

struct contract_call {
    struct str name, method, entity, items, total;
    struct str item; /* the member of the answer that is the entity, or null; empty: the answer is it */
    const struct contract_segment *segments;
    size_t segment_count;
    const struct str *query;
    size_t query_count;
    const struct str *lists; /* of `query`: comma lists of any texts (base/codec.h) */
    size_t list_count;
    bool brand_in_query, paged, documented;
    bool replaces; /* its document may take the place of an earlier one */
    bool served; /* documented, or among backend.completions */
    struct str beyond_name; /* the completion that these parameters of the call are */
    const struct str *beyond;
    size_t beyond_count;
    bool beyond_served;
    const struct str *needs; /* members without which its document is refused */
    size_t need_count;
    const struct contract_after *afters;
    size_t after_count;
    const struct contract_instead *instead; /* NULL: none */
};

struct contract;

/* Faults name file, line and column. `completions` come from the configuration. */
MUST_CHECK int contract_load(struct contract **contract, struct arena *arena, const char *mappings,
                             const struct conf *conf, struct err *err);
const struct contract_call *contract_find(const struct contract *contract, struct str name); /* NULL: unknown */

/* All of them, in the order of the file. */
size_t contract_count(const struct contract *contract);
const struct contract_call *contract_at(const struct contract *contract, size_t index);

/* Some call is about entities of that name. */
bool contract_has_entity(const struct contract *contract, struct str entity);
/* It is one that operations may demand; any is, where the file has no `scopes:`. */
bool contract_has_scope(const struct contract *contract, struct str scope);
/* Tries each of them. */
void contract_near_scope(const struct contract *contract, struct arena *arena, struct near *near);
/* A mapping file's literal at that path of the entity: fails, at its place, unless it is one that the member may have. */
struct yaml;
MUST_CHECK int contract_judge(const struct contract *contract, struct str entity, struct str path, const struct yaml *value,
                              struct arena *arena, struct err *err);
/* A path of the entity in a mapping file: fails, at its place, unless it is one of the entity's members, or inside one. */
MUST_CHECK int contract_judge_name(const struct contract *contract, struct str entity, struct str path, const struct yaml *place,
                                   struct arena *arena, struct err *err);
/* Whose the entities of that name are (`whose:`; contract_whose.c), and whether their documents say their brand. */
enum contract_owner { OWNER_PATIENT, OWNER_GROUP, OWNER_BRAND };
enum contract_owner contract_owner(const struct contract *contract, struct str entity);
bool contract_says_brand(const struct contract *contract, struct str entity);
/* How the entity is read that this call changes: the GET of the same path; NULL: there is none. */
const struct contract_call *contract_reader(const struct contract *contract, const struct contract_call *call);

/* How one entity of that name is read by its id alone; NULL: there is no such call. */
const struct contract_call *contract_entity_reader(const struct contract *contract, struct str entity);

/* The members that `after` goes on from in that order (ptr NULL: the usual one); NULL: a walk in that order cannot go
 * on. */
const struct contract_after *contract_after(const struct contract_call *call, struct str order);

/* The backend has the call, and those of its parameters that are in `names`. */
bool contract_serves(const struct contract_call *call, const struct str *names, size_t count);

/* True when the call takes a parameter of that name, in its path or its query; names: in its path. */
bool contract_takes(const struct contract_call *call, struct str parameter);
bool contract_names(const struct contract_call *call, struct str parameter);
/* The last parameter of the path, which says the entity that the call is about; empty: the path has none. */
struct str contract_key(const struct contract_call *call);
/* It takes the parameter, and the backend has both. */
bool contract_offers(const struct contract_call *call, struct str parameter);
/* The parameter is a list of any texts, in which commas are escaped. */
bool contract_lists(const struct contract_call *call, struct str parameter);

/* The array of the items in an answer of the call (an empty one, too), or TAPE_NONE. */
uint32_t contract_items(const struct contract_call *call, const struct tape *answer);
/* Where the entity stands in an answer of a call that is no list; TAPE_NONE: the answer says that there is none. False: the
 * answer is another document than the contract's. */
bool contract_item(const struct contract_call *call, const struct tape *answer, uint32_t *at);
