/* The parts of `dragoman explain`: what would happen to a request, found out without doing any of it. */
#pragma once

#include "auth/auth.h"
#include "cli/cli.h"
#include "dialect/parameter.h"
#include "dialect/route.h"
#include "lens/report.h"
#include "upstream/contract.h"

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

    const struct include **includes; /* that are asked for */
    size_t include_count;
    struct str *scopes; /* that are needed: the operation's, and of what is included */
    size_t scope_count, scope_space;
    struct explain_call *calls;
    size_t call_count, call_space;
    struct lens_lines lines;
    struct names kept;
    struct explain_lost *lost;
    size_t lost_count, lost_space;
    struct faults faults;
    struct explain_id *ids;
    size_t id_count, id_space;
    bool skips, strict; /* documents that exist already are left out; the backend refuses an object in the place of something else */
    struct str result; /* the canonical body, or the dialect's document of a response; ptr NULL: none */
    size_t documents;  /* of a body, or of a response */
};

/* explain_who.c: facade, operation, credential. */
MUST_CHECK int explain_route(struct explanation *explanation, struct err *err);
void explain_credential(struct explanation *explanation, struct auth **auth, struct auth_cache **cache);
/* Of a request's headers: the value of one of that name. */
struct str explain_header(const struct explanation *explanation, struct str name, size_t *count);

/* explain_query.c: media types, and the parameters of the path and the query. */
void explain_query(struct explanation *explanation, struct arguments *arguments);
void explain_fault(struct explanation *explanation, struct fault fault);
void explain_lost(struct explanation *explanation, struct str at, struct str why);

/* explain_body.c: the document in the body, of many the first, and the faults of all. */
MUST_CHECK int explain_body(struct explanation *explanation, struct lens_put *put, bool *stored_needed, struct err *err);
/* Notes the ids of a document; they stay unresolved. */
void explain_ids(struct explanation *explanation, struct id_slots *ids);

/* explain_calls.c: the calls that the plan makes. `stored_needed`: the stored entity is read and compared first. */
void explain_calls(struct explanation *explanation, const struct arguments *arguments, const struct lens_put *put,
                   bool stored_needed);

/* explain_what.c: all of the above for a request, or for an answer of the backend. */
MUST_CHECK int explain_request(struct explanation *explanation, struct err *err);
MUST_CHECK int explain_response(struct explanation *explanation, struct err *err);

/* explain_print.c */
void explain_print(const struct explanation *explanation, bool values, FILE *to);
void explain_json(const struct explanation *explanation, bool values, FILE *to);
