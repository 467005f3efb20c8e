/* Reading parameters of paths, queries and look-up documents. Pure. */
#pragma once

#include "dialect/dialect.h"

/* A canonical parameter, as the call takes it. */
struct argument {
    struct str name, value;
    const struct parameter *from; /* NULL for fixed ones */
};

/* An id that must be looked up first: its value goes to `arguments` afterwards. */
struct wanted_id {
    const struct parameter *from;
    struct str given;
};

struct arguments {
    struct argument *items;
    size_t count, space;
    struct wanted_id *ids;
    size_t id_count, id_space;
};

struct argument_fault {
    struct str name, want; /* of the parameter; want empty: it is required */
    bool forbidden;        /* another brand than the caller's */
};

/* Judges one value and adds what it becomes. -1 sets `fault`. */
MUST_CHECK int parameter_read(const struct parameter *parameter, struct str value, struct str brand,
                              struct arena *arena, struct arguments *arguments, struct argument_fault *fault);

/* It may be repeated: each value narrows what the others select. */
bool parameter_repeats(const struct parameter *parameter);

/* After all of `parameters` were read: joins those with parts into one argument each. */
void parameters_join(const struct parameter *parameters, size_t count, struct arena *arena,
                     struct arguments *arguments);

void arguments_add(struct arguments *arguments, struct arena *arena, struct str name, struct str value,
                   const struct parameter *from);
struct str arguments_find(const struct arguments *arguments, struct str name); /* ptr NULL: absent */
