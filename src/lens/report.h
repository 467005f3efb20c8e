/* What a lens makes of documents, member by member, for people: `dragoman explain`, the coverage page and the
 * description of a dialect's documents. Not for the flow: nothing here is quick. Pure, any thread. */
#pragma once

#include "lens/lens.h"

/* One rule at work. Paths of dialects are joined by '/', canonical ones by '.'; elements of a list are '*', and of
 * several that one array has for different things "telecom[system=phone]". */
struct lens_line {
    struct str from, to;     /* `to` empty: it goes nowhere */
    struct str rule;         /* the type, and what else the mapping says of it: "string, enum" */
    struct str class;        /* "exact", "normalising", "derived", "constant", "kept", "lossy" */
    struct str canonical[2]; /* of a field with `is:`: its paths, the second one empty mostly */
    struct str why;          /* of `to` being empty, or of a declared loss */
    struct str made_of;      /* of a derived member or a link: the canonical path it is made of */
    struct str tells;        /* the canonical path that is written beside it */
    struct str instead;      /* of a kept field: what get shows where nothing is kept */
    const char *file;        /* where the rule stands */
    unsigned line;
    bool required; /* a new entity needs it */
    bool unshown;  /* clients only send it */
    bool array;  /* of entries, of elements */
    bool beside; /* what is mapped of it does not say all, and the rest may hold it too */
};
struct lens_lines {
    struct lens_line *items;
    size_t count, space;
};

/* Put: the fields that the document at `at` names. With `in` NULL all of them. */
void lens_report_put(const struct lens *lens, const struct tape *in, uint32_t at, enum lens_mode mode,
                     struct arena *arena, struct lens_lines *lines);
/* What `set:` says of a canonical member that no field shows, so that every document has it: "$brand", or a constant.
 * ptr NULL: nothing. */
struct str lens_always_sets(const struct lens *lens, struct str canonical);
/* Get: the fields for which the canonical document at `at` has a value. With `in` NULL all of them. */
void lens_report_get(const struct lens *lens, const struct tape *in, uint32_t at, struct arena *arena,
                     struct lens_lines *lines);
