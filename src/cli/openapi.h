/* The parts of `dragoman openapi`: a dialect as an OpenAPI 3.1 document. */
#pragma once

#include "dialect/dialect.h"
#include "lens/schema.h"

struct openapi {
    const struct dialect *dialect;
    struct arena *arena;
    struct buf out;
    bool first; /* no comma before the next member */
};

/* openapi.c: members of the object or array that is being written. */
void openapi_open(struct openapi *api, struct str name,
                  char bracket); /* name empty: an element of an array */
void openapi_close(struct openapi *api, char bracket);
void openapi_text(struct openapi *api, const char *name, struct str value);
void openapi_raw(struct openapi *api, const char *name, struct str json);
void openapi_reference(struct openapi *api, struct str name); /* to a schema of that name, as a value */
/* The name of a resource's schema: "patient", "patientCreate", "patientUpdate". */
struct str openapi_schema_name(struct openapi *api, struct str resource, enum schema_side side);

/* openapi_operation.c: one operation under one method; the same schema under each media type. */
void openapi_operation(struct openapi *api, const struct operation *operation, size_t method);
void openapi_content(struct openapi *api, const struct str *media, size_t count,
                     void (*write)(struct openapi *api, const struct operation *operation),
                     const struct operation *operation);

void openapi_parameter_schema(struct openapi *api, struct str name, const struct parameter *parameter);

/* openapi_body.c: what a request says, and the look-up documents that may stand in it. */
void openapi_body(struct openapi *api, const struct operation *operation);
enum schema_side openapi_body_side(const struct operation *operation);
void openapi_lookups(struct openapi *api);

/* openapi_envelope.c: the schema of an answer's template, and of the dialect's errors. */
void openapi_answer(struct openapi *api, const char *name, const struct operation *operation);
void openapi_error(struct openapi *api, struct str name);
