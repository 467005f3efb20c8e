/* The calls of the service, one row each. */
#pragma once

#include "backend/select.h"

enum body_kind {
    BODY_NONE,
    BODY_CREATE, /* the members of an entity that POST may set */
    BODY_PATCH,  /* a merge patch (RFC 7396) of those that PATCH may set */
    BODY_OTHER,  /* an object that `check` reads */
};

struct route {
    struct str method, pattern;
    int (*run)(struct task *task, struct db *db, struct err *err); /* on the database's thread */
    int (*check)(struct task *task, struct err *err); /* on the loop's, after the body was read; or NULL */
    const struct entity *entity;                      /* what a body is about */
    const struct select *select;                      /* what is read, or answered after a write */
    enum body_kind body;
    bool patient;       /* path[0] is a patient, which the caller must be allowed to see */
    bool me;            /* and is the one that the caller's token is bound to */
    bool filtered;      /* the query must name every filter */
    bool brand_query;   /* the query must name the brand */
    bool get_or_create; /* takes that query parameter */
    bool unique;        /* takes that query parameter */
};

/* The route, its path parameters decoded in task->path. ERR_NO_ROUTE, ERR_METHOD (then reply.allow is set) or
 * ERR_BAD_REQUEST (bad percent-encoding). */
MUST_CHECK int route_find(struct task *task, struct str method, struct str path, struct err *err);

/* Sets what the query says in the task. */
MUST_CHECK int query_read(struct task *task, struct str query, struct err *err);

/* Reads the body's text into task->body, and its members into task->values. */
MUST_CHECK int body_read(struct task *task, const struct ask *ask, struct err *err);
