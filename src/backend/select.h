/* Reading rows: a select is a table of filters over an entity. The brand and what the token is bound to are
 * conditions of every statement made here, so no handler can forget them. */
#pragma once

#include "backend/service.h"

enum filter_kind {
    FILTER_ID,     /* task->id; always a condition, as are those of the path */
    FILTER_PATH_0, /* task->path[0] */
    FILTER_PATH_1,
    FILTER_KEY, /* task->key */
    FILTER_TEXT,   /* the rest are query parameters; this one must be equal */
    FILTER_CHOICE, /* one of `choices` */
    FILTER_LIST,   /* a comma list, as a JSON array */
    FILTER_TEXTS,  /* the same of any texts, with \ before what is meant literally */
    FILTER_TIME,   /* RFC 3339, as stored */
    FILTER_DATE,   /* YYYY-MM-DD */
    FILTER_SEARCH, /* folded */
    FILTER_PAIR,   /* "system|value" with \ before what is meant literally: two values */
};

struct filter {
    struct str name;
    enum filter_kind kind;
    const char *sql;     /* a condition on `t`; ?1 is the brand, each plain ? the next value */
    const char *other;   /* the same where the rows come in the other order; NULL: no difference */
    const char *index;   /* so selective that this index must be used; or NULL */
    const char *choices; /* "active inactive" */
};

struct select {
    const struct entity *entity;
    const struct filter *filters;
    size_t filter_count;
    struct str items, total;             /* members of a list's answer; total empty: none */
    const char *order, *other_order;     /* columns; the other one by the query parameter `order` */
    const char *order_name, *other_name; /* its two values */
    bool paged;
    bool groups;                /* takes include=groups,care_team */
    struct str echo[PATHS_MAX]; /* path parameters repeated at the head of a list */
};

/* The one row that the filters mean, copied into the arena: 1, 0 (none that the caller may see) or -1.
 * `included` are the members of `include`, as JSON without braces, or empty. */
struct row {
    struct value values[COLUMNS_MAX];
    struct str included;
};
MUST_CHECK int select_row(struct task *task, struct db *db, const struct select *select, struct row *row,
                          struct err *err);

/* Like select_row; none is ERR_NOT_FOUND. */
MUST_CHECK int select_need(struct task *task, struct db *db, const struct select *select, struct row *row,
                           struct err *err);

/* Handlers: the route's select as a list, and as the one row, answered with `status`. */
MUST_CHECK int select_list(struct task *task, struct db *db, struct err *err);
MUST_CHECK int select_answer(struct task *task, struct db *db, int status, struct err *err);
MUST_CHECK int select_one(struct task *task, struct db *db, struct err *err);

/* Hides what the caller may not see, before anything else is done: 404 unless path[0] is a patient of theirs.
 */
MUST_CHECK int patient_visible(struct task *task, struct db *db, struct err *err);
