/* Which facade a request meets, and which operation (design: docs/architecture.md). Pure. */
#pragma once

#include "dialect/dialect.h"
#include "dialect/target.h"

/* What a facade is chosen by, besides the path. */
struct route_request {
    struct str method, host;         /* host as sent, port and all */
    const struct dialect *bound;     /* what the listener or the configured host says, or NULL */
    bool (*has_header)(const void *data, struct str name);
    const void *data;
};

struct route {
    const struct dialect *dialect;
    const struct operation *operation;     /* NULL with ERR_NO_ROUTE or ERR_METHOD */
    size_t first;                          /* segments before this one are the facade's prefix */
    struct str path[TARGET_SEGMENTS_MAX];  /* values of operation->path, index by index */
    struct str allow;                      /* with ERR_METHOD: the methods, comma separated, in the arena */
};

/* A Host without its port; an address keeps its brackets. */
struct str route_host_name(struct str host);

/* The facade: the bound one; else a host that names one; else the one prefix or path that fits; of several the one
 * whose credential header is there, else the only one with such a path, else `fallback`. Never NULL. */
const struct dialect *route_facade(struct dialect *const *dialects, size_t count, const struct dialect *fallback,
                                   const struct route_request *request, const struct target *target);

/* The operation; literal segments win over parameters. */
MUST_CHECK int route_operation(struct route *route, struct arena *arena, const struct dialect *dialect,
                               struct str method, const struct target *target, struct err *err);

/* For an operation with `form_of`: its body's parameters are added to the query's, and route and target become those of the
 * search itself, so that links lead there. The target keeps text of `form`. ERR_TOO_LARGE for too many parameters. */
MUST_CHECK int route_take_form(struct route *route, struct arena *arena, struct str form, struct target *target,
                               struct err *err);

/* Which parameter of the path is the id of the operation's own entity, which is of that kind: of the ids that a call gets the
 * last one of the kind, else the last one. The number of parameters if there is none. */
size_t route_own_id(const struct operation *operation, struct str kind);
