/* One run of put. Internal to the room. */
#pragma once

#include "lens/codec.h"
#include "lens/scan.h"

enum { MOST_FAULTS = 100 };

/* What stands at a canonical leaf. */
struct cell {
    enum { CELL_NONE, CELL_NULL, CELL_JSON } state;
    struct str json;             /* with gaps for ids */
    const struct id_slots *gaps; /* their offsets count from the start of `json`; NULL: none */
};

/* What all runs for one document share: the document's own and those for elements of lists. */
struct put_run {
    const struct lens *lens;
    const struct tape *in, *shown; /* `shown` may be NULL */
    const struct lens_context *context;
    struct arena *arena;
    struct lens_put *out;
    unsigned mode; /* a MODE_ bit */
    bool whole;    /* LENS_SHOWN */
    unsigned orders[MOST_FAULTS];
    bool full;
};

struct put {
    struct put_run *run;
    const struct shape *shape;
    uint32_t *slots;    /* by dialect slot: where on `in` */
    uint32_t *shown;    /* by dialect slot: where on `shown`; NULL: nothing is shown */
    struct cell *cells; /* by canonical slot */
    struct str *kept;   /* by dialect slot: what goes into the rest; ptr NULL: nothing */
    bool keeps;         /* at least one of them */
    struct unknowns unknowns;
    const struct put *outer; /* of an element: the run that has the list, NULL for the document's */
    const struct field *list;
    uint32_t index;
};

/* Bytes of notes one run over `shape` takes. */
size_t put_notes(const struct shape *shape);
MUST_CHECK bool put_begin(struct put *put, struct put_run *run, const struct shape *shape);
/* Forgets all notes, for the next element. */
void put_clear(struct put *put);

/* put.c: scans and judges the object at `at`; or the value there, which is that field's. */
void put_object(struct put *put, uint32_t at);
void put_bare(struct put *put, const struct field *field, uint32_t at);

/* A document that was shown cannot have write-only members, so they are not demanded of it. */
static inline bool put_demands(const struct put *put, const struct field *field)
{
    return (field->required & put->run->mode) && !(put->run->whole && field->write_only);
}

/* put_field.c */
void put_field(struct put *put, const struct field *field);
bool put_applies(struct put *put, const struct field *field);
/* The text of one value, all its keys considered: FINE, or the kind of fault. */
int put_value(struct put *put, const struct field *field, uint32_t at, struct str *json);
bool put_is_null(const struct put *put, uint32_t at);

/* codec_json.c: the value's text for an update, which is a merge patch of what is stored (RFC 7396). `any` is one value: what
 * is stored inside it and was not sent is taken away. */
struct str put_as_patch(struct put *put, const struct field *field, uint32_t at, struct str json);

/* The cases of a member: it does not apply here, put may not write it, it is null or absent, it says nothing
 * new. */
void put_unknown(struct put *put, const struct field *field, uint32_t at);
void put_read_only(struct put *put, const struct field *field, uint32_t at);
void put_nothing(struct put *put, const struct field *field, uint32_t at);
void put_absent(struct put *put, const struct field *field);

/* put_shown.c, about what the client was shown before. Scan: finds its members, if anything was shown. Shows nothing:
 * something was shown, and this member had no value there. Comes back: the value is the one that was shown. Is shown: it is,
 * for a field where that matters even of a value that is fine. */
void put_scan_shown(struct put *put);
void put_drop_unknowns(struct put *put); /* what no field names and comes back as it was shown */
bool put_shows_nothing(const struct put *put, const struct field *field);
bool put_comes_back(const struct put *put, const struct field *field, uint32_t at);
bool put_is_shown(const struct put *put, const struct field *field, uint32_t at);

/* put_known.c: true if the value followed from another member (`known_by:`) and was written. */
bool put_known(struct put *put, const struct field *field);

/* put_parts.c: the members of which one canonical text is made. */
void put_parts(struct put *put, const struct field *leader);

/* put_rules.c: once all fields of the document are put. */
void put_rules(struct put *put);

/* put_stored.c: members inside an object in whose place something else is stored. */
void put_stored(struct put *put);

/* put_answer.c: members that the mapping of the answer shows from elsewhere. */
void put_answer(struct put *put);

/* put_blank.c: `blank:` by the kind of the text. */
bool put_is_blank(const struct put *put, const struct field *field, uint32_t at);

/* put_check.c. Compare: of two JSON numbers, exact for any number of digits; less than 0, 0 or more. */
int put_compare(struct str a, struct str b);
int put_limits(struct put *put, const struct field *field, uint32_t at);
int put_enum(struct put *put, const struct field *field, uint32_t at, struct str *json);
/* The word of `also:` that stands there, or NULL. */
const struct enum_pair *put_also(const struct put *put, const struct field *field, uint32_t at);

/* fault.c. Ask put_may_fault before making a path: a document may have any number of faults. */
bool put_may_fault(struct put *put);
void put_fault(struct put *put, const struct field *field, enum fault_kind kind);
struct str put_want(struct put *put, const struct field *field, enum fault_kind kind); /* for messages */
void put_fault_at(struct put *put, unsigned order, enum fault_kind kind, struct str path, struct str want);
/* Sorted as the mapping file has the fields. */
void put_sort_faults(struct put_run *run);
struct str put_field_path(const struct put *put, const struct field *field);
struct str put_path(const struct put *put, struct str path);
/* A path one member or element longer; names are escaped as in a JSON pointer (RFC 6901). */
struct str put_path_name(const struct put *put, struct str path, uint32_t name);
struct str put_path_index(const struct put *put, struct str path, size_t index);
void put_ignored(struct put *put, const struct field *field);
struct names;
void names_add(struct names *names, struct arena *arena, struct str name, bool *full);
void ids_add(struct id_slots *ids, struct arena *arena, struct id_slot slot, bool *full);

/* Put may not write it. */
static inline bool put_is_read_only(const struct put *put, const struct field *field)
{
    bool sourced = field->source == FROM_CANONICAL || field->source == FROM_REST;

    return (field->read_only & put->run->mode) && !(put->run->whole && sourced);
}

/* The parameter of the call that the field stands for; a document that was shown has members only. */
static inline struct str put_parameter_name(const struct put *put, const struct field *field)
{
    return put->run->whole ? STR_NONE : field->param;
}

/* Null on create is a fault. */
static inline bool put_refuses_null(const struct put *put)
{
    return put->run->lens->style.refuse_null_on_create && !put->run->whole;
}

/* Into the cells and the rest. */
void put_cell(struct put *put, uint32_t slot, struct str json);
void put_null(struct put *put, uint32_t slot);
void put_keep(struct put *put, const struct field *field, struct str json);
void put_unkeep(struct put *put, const struct field *field); /* on update what was kept goes */

/* put_emit.c: the canonical object (or the whole element), and the rest. */
void put_emit(struct put *put, struct buf *out, struct id_slots *ids);
bool put_emit_rest(struct put *put, struct buf *out);
