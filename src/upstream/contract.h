/* The canonical calls (mappings/canonical/contract.yaml). Loaded at start, immutable, read by every thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct conf;

struct contract_segment {
    struct str text; /* literal with its slash, or the parameter's name */
    bool is_parameter;
};

struct contract_call {
    struct str name, method, entity, items, total;
    const struct contract_segment *segments;
    size_t segment_count;
    const struct str *query;
    size_t query_count;
    bool brand_in_query, paged, documented;
    bool served; /* documented, or among backend.completions */
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
/* How the entity is read that this call changes: the GET of the same path; NULL: there is none. */
const struct contract_call *contract_reader(const struct contract *contract, const struct contract_call *call);

/* True when the call takes a parameter of that name, in its path or its query. */
bool contract_takes(const struct contract_call *call, struct str parameter);
