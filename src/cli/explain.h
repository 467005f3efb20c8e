/* The parts of `dragoman explain`: what would happen to a request, found out without doing any of it. */
#pragma once

#include "auth/auth.h"
#include "cli/cli.h"
#include "dialect/parameter.h"
#include "dialect/route.h"
#include "lens/report.h"

#include <stdio.h>

struct explain_header {
    struct str name, value;
};
struct explain_call {
    struct str name, method, target, when; /* `when` empty: always */
};
struct explain_id {
    struct str at, kind, as; /* as: "member", "parameter NAME", "look-up NAME" */
};
struct explain_lost {
    struct str at, why;
};

/* All that was found out; in `arena`. */
struct explanation {
    struct arena *arena;
    const struct gateway *gateway;
    const struct conf *conf;
    struct str method, path, query;
    struct explain_header *headers;
    size_t header_count;
    struct str body; /* ptr NULL: none */
    int response;    /* the status of the backend's answer in `body`, or 0 */

    const struct dialect *dialect;
    const struct operation *operation;
    struct target target;
    struct route route;

    bool has_credential;
    struct principal *principal; /* NULL: none, or it is not accepted */
    struct str credential;       /* why there is no principal */
    struct str brand;

    struct explain_call *calls;
    size_t call_count, call_space;
    struct lens_lines lines;
    struct names kept;
    struct explain_lost *lost;
    size_t lost_count, lost_space;
    struct faults faults;
    struct explain_id *ids;
    size_t id_count, id_space;
    struct str result; /* the canonical body, or the dialect's document of a response; ptr NULL: none */
    size_t documents;  /* of a body, or of a response */
};

/* explain_who.c: facade, operation, credential. */
MUST_CHECK int explain_route(struct explanation *explanation, struct err *err);
void explain_credential(struct explanation *explanation, struct auth **auth, struct auth_cache **cache);
/* Of a request's headers: the value of one of that name. */
struct str explain_header(const struct explanation *explanation, struct str name, size_t *count);

/* explain_calls.c: the calls that the plan makes. `stored_needed`: the stored entity is read and compared first. */
void explain_calls(struct explanation *explanation, const struct arguments *arguments, const struct lens_put *put,
                   bool stored_needed);

/* explain_what.c: parameters, the body's or the response's members; then the calls. */
MUST_CHECK int explain_request(struct explanation *explanation, struct err *err);
MUST_CHECK int explain_response(struct explanation *explanation, struct err *err);

/* explain_print.c */
void explain_print(const struct explanation *explanation, bool values, FILE *to);
void explain_json(const struct explanation *explanation, bool values, FILE *to);
