/* The canonical service without a socket: a request goes in, an answer comes out, SQL runs in between. A task
 * is used by one thread at a time: task_prepare on a loop's, task_run on the database's, then the loop's
 * again. */
#pragma once

#include "backend/entity.h"
#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"
#include "json/tape.h"

struct principal;
struct route;
struct service; /* texts of SQL that must live as long as the database is open */

struct service *service_new(void);
void service_free(struct service **service); /* after db_close */
const char *service_schema(const struct service *service);

/* Everything is borrowed and must live as long as the task. */
struct ask {
    struct str method, path, query; /* raw; query without '?' */
    struct str content_type, if_match;
    struct str body;
    bool has_body;
};

struct reply {
    int status;
    struct str body;
    struct str etag, allow; /* headers, when not empty */
};

enum { PATHS_MAX = 3, FILTERS_MAX = 20 };

struct filter_value {
    struct str text, second; /* second: of a pair */
};

/* One request's whole state; zero-initialise, then set the first three. */
struct task {
    struct service *service;
    struct arena *arena;
    const struct principal *who; /* with a brand */

    const struct route *route;
    struct str path[PATHS_MAX]; /* decoded parameters */
    struct str id;              /* of the row meant: the first of the path, or what was just made */
    struct str key;             /* what FILTER_KEY compares with */
    struct str if_match;
    struct tape body;
    struct value values[COLUMNS_MAX]; /* of the body, by column of the route's entity */
    struct filter_value filters[FILTERS_MAX];
    uint32_t filter_mask; /* which of them were given */
    bool include_groups, include_team, other_order, get_or_create, unique, touch, strict_merge;
    uint64_t limit, offset;
    struct str bound_patients, bound_groups, group_ids; /* JSON arrays; ptr NULL: none */
    size_t group_id_count;

    char now[24];       /* of the run, as stored */
    struct str message; /* public words of a failure */
    struct reply reply;
};

/* Finds the route and judges path, query and body. False: the reply is ready. */
MUST_CHECK bool task_prepare(struct task *task, const struct ask *ask);

/* In a db_job's `run`. On failure the job is rolled back and task_refuse makes the reply. */
MUST_CHECK int task_run(struct task *task, struct db *db, struct err *err);

/* The reply for `err`, with the words that a failing function left in `message`. */
void task_refuse(struct task *task, const struct err *err);
