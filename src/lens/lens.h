/* A compiled mapping between one dialect resource and one canonical entity: the mapping file is schema, both
 * directions and its own tests (docs/mapping.md). Pure: bytes in, bytes out, no clock, no I/O. Immutable once loaded;
 * may be run from any thread.
 *
 * A lens looks no id up. Where an id goes it leaves a gap in its output and a slot that says what is wanted; the
 * flow resolves all slots of an exchange in one batch and lens_fill closes the gaps. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/tape.h"

struct lens;
struct yaml;

/* What a dialect says once for all its lenses (dialect.yaml, section `lens:`). */
struct lens_style {
    bool absent_as_null;       /* get: a scalar that is absent or null is written as null (else omitted) */
    bool refuse_null_on_create; /* put: null is a fault on create (else it is absent) */
    bool empty_is_absent;       /* get: a canonical string of no characters is absent */
    enum { READ_ONLY_IGNORE, READ_ONLY_REFUSE } read_only; /* ignored ones are reported in `ignored` */
};

/* Constant tables by name (mappings/tables/NAME.yaml), shared by all lenses. */
struct lens_tables;
MUST_CHECK int lens_tables_load(struct lens_tables **tables, struct arena *arena, const char *dir, struct err *err);

/* The value that a column has in one row, and that row's key; false after the last row. */
bool lens_table_row(const struct lens_tables *tables, struct str table, struct str column, size_t row, struct str *key,
                    struct str *value);

/* Compiles one mapping file. Everything lives in `arena`. Faults are "file:line:column: what, what was expected". */
MUST_CHECK int lens_load(struct lens **lens, struct arena *arena, const char *path, const struct lens_style *style,
                         const struct lens_tables *tables, struct err *err);

/* The same, to be judged and not to run: with `faults` it goes on after a fault. -1: there is one, and all that do not follow from
 * others are noted, in any order; of what could be read lens_head says the file (NULL: nothing), lens_entity and lens_rest what
 * stands there. */
MUST_CHECK int lens_judge(struct lens **lens, struct arena *arena, const char *path, const struct lens_style *style,
                          const struct lens_tables *tables, struct err_list *faults, struct err *err);

/* As lens_load for text; `name` stands where the path would. */
MUST_CHECK int lens_parse(struct lens **lens, struct arena *arena, struct str text, const char *name,
                          const struct lens_style *style, const struct lens_tables *tables, struct err *err);

/* Fails unless two mappings of one entity can show each other's values: no path is a date in one and a number in the
 * other. */
MUST_CHECK int lens_compare(const struct lens *a, const struct lens *b, struct err *err);

/* Fails if the mapping only reads a path (derive, by, else) that no mapping of its entity has. `lenses` are all
 * mappings of that entity, this one included. */
MUST_CHECK int lens_check_reads(const struct lens *lens, const struct lens *const *lenses, size_t count, struct err *err);

/* The mapping has that canonical member, and its value may be a moment. */
bool lens_has_moment(const struct lens *lens, struct str member);

/* The path of the dialect's member that is that canonical one; empty: there is none. */
struct str lens_path_of(const struct lens *lens, struct str member);

struct str lens_dialect(const struct lens *lens);
const struct yaml *lens_head(const struct lens *lens); /* the file, for faults found later */
struct str lens_resource(const struct lens *lens);
struct str lens_entity(const struct lens *lens);
enum lens_rest { REST_STORE, REST_MEMBER, REST_REFUSE };
enum lens_rest lens_rest(const struct lens *lens);
/* The parameter of `found_by:`, by which an entity is also found through values that are only kept; empty: there is
 * none. */
struct str lens_found_by(const struct lens *lens);
bool lens_shows_version(const struct lens *lens); /* some field has the type version */

enum lens_mode {
    LENS_CREATE,
    LENS_UPDATE,
    LENS_SHOWN /* put of a document that the dialect showed: read-only members and parameters of calls count as members of
                  the entity; there are no defaults, except what `set:` says of members that the dialect does not show; null
                  is absent */
};
struct names;
struct id_slots;

/* Speeds up get for lists: what it found out about the names of one object holds for the others of the same shape
 * (json/tape.h). To show many entities, make one of these for all of them, in `arena`; their tapes must live as long as
 * it is used. */
struct lens_seen;
struct lens_seen *lens_seen_new(struct arena *arena);

struct lens_context {
    enum lens_mode mode;
    struct str brand;    /* canonical brand acted for */
    struct str peer;     /* address of who asks */
    struct str version;  /* get: what fields of the type version show; empty: nothing */
    int64_t wall_ms;     /* now */
    struct lens_seen *seen; /* get; or NULL */
    const struct id_slots *gone; /* get: ids that name nothing any more. They are absent, and so is an element of a list with one;
                                    or NULL */
    struct arena *unread_arena; /* get, with `unread`: where the names are */
    const struct lens *answer; /* put: the mapping that later shows what is kept of the document, if it is another one; or
                                  NULL */
    const struct tape *stored; /* put, on update: the entity as it is; or NULL */
    struct names *unread; /* get: canonical members that no field shows are named here, by path; or NULL */
};

/* Why a member was refused. `path` is relative to the document, parts joined by '/'. */
enum fault_kind {
    FAULT_BLANK,     /* required and absent, null or blank */
    FAULT_NULL,      /* null where a value is needed */
    FAULT_TYPE,      /* another JSON type */
    FAULT_FORMAT,    /* no date, e-mail, … */
    FAULT_ENUM,      /* none of the allowed values */
    FAULT_LENGTH, FAULT_RANGE,
    FAULT_READ_ONLY, FAULT_UNKNOWN,
    FAULT_EQUALS,    /* differs from what the context or a constant demands */
    FAULT_TOGETHER,  /* members that need or exclude each other */
    FAULT_OCCUPIED,  /* inside an object in whose place something else is stored */
    FAULT_ID         /* names nothing (set by the flow after resolving) */
};
const char *fault_name(enum fault_kind kind); /* "blank", "null", "type", … */
struct fault {
    enum fault_kind kind;
    struct str path;
    struct str want;  /* the field's type or what was expected, for the message */
    bool forbidden;   /* FAULT_EQUALS against the brand: an authorisation answer, not a validation one */
};

/* A gap in the output to be filled with an id. */
struct id_slot {
    size_t at;         /* offset in the output where the JSON value goes */
    struct str kind;   /* e.g. "patient" */
    struct str given;  /* put: the dialect id; get: the canonical one */
    struct str path;   /* put: of the member, for a fault */
    struct str param;  /* put: not empty when the id is a parameter of the call and not a member: then no gap */
    struct str lookup; /* put: not empty when `given` is a look-up document (JSON) of this name */
    struct str member, beside; /* put, of a parameter whose values are objects: the id's member, and the others as JSON
                                  without braces; member empty: the value is the id */
    enum { FILL_STRING, FILL_NUMBER, FILL_INSIDE } fill; /* get: a JSON string, a JSON number, or text inside a string */
    struct str found;  /* set by the flow; ptr NULL: unknown */
};

/* Growing arrays in the caller's arena. */
struct faults { struct fault *items; size_t count, space; };
struct id_slots { struct id_slot *items; size_t count, space; };
struct names { struct str *items; size_t count, space; };

/* Dialect -> canonical. All memory is in `arena`. */
struct lens_put {
    struct buf canonical; /* an object, gaps unfilled; caller initialises with buf_in */
    struct buf rest;      /* a merge patch for the rest (an object), empty when there is nothing to change */
    struct id_slots ids;
    struct names params_name, params_value; /* non-id parameters of the call, decoded text, index by index */
    struct names ignored; /* members of which something was left out, by path: read-only, declared losses,
                             moments finer than a millisecond */
    bool finds; /* the field with `found_by:` was written: `values` are all its kept values, as "name|value", escaped by \\ */
    struct names values;
    struct names *set;    /* or NULL: with LENS_SHOWN, canonical members that are known without the document (the brand,
                             `set:`), by path */
    struct names *kept;   /* or NULL: what would go into `rest` is named here by path, and not written */
    struct faults faults;
};

/* `at` is the document in `in`. `shown` (or NULL) is what get shows for the stored entity: on update a field that equals what
 * is shown is dropped if it is not exact, or its value is one that put refuses. Without it an update that has faults has its
 * ids in `out` all the same. 0: `out` is complete (ids to resolve); -1: either faults.count > 0
 * and err->code is ERR_INVALID, or err says what else failed. */
MUST_CHECK int lens_put(const struct lens *lens, const struct tape *in, uint32_t at, const struct tape *shown,
                        const struct lens_context *context, struct arena *arena, struct lens_put *out,
                        struct err *err);

/* What an update naming these members has to know first. Objects: that nothing else stands where it writes inside an object.
 * Stored: the stored entity (a member is not exact). */
enum lens_need { LENS_NEEDS_NOTHING, LENS_NEEDS_OBJECTS, LENS_NEEDS_STORED };
enum lens_need lens_needs(const struct lens *lens, const struct tape *in, uint32_t at);

/* Canonical -> dialect, appended to `out`; id slots appended to `ids` with offsets into `out`. `rest` may be NULL. */
MUST_CHECK int lens_get(const struct lens *lens, const struct tape *in, uint32_t at, const struct tape *rest,
                        const struct lens_context *context, struct arena *arena, struct buf *out,
                        struct id_slots *ids, struct err *err);

/* True: the document of the entity at `at`, nothing kept beside it, is its text as it stands, and so was that of the last one
 * that lens_get wrote, or this was asked of, with the same `seen` and lens. Whoever writes a list copies such entities together.
 * False says nothing. */
bool lens_copies(const struct lens *lens, const struct tape *in, uint32_t at, struct lens_seen *seen);

/* `text` with every gap of `ids` from index `from` on filled (found NULL: null); slots with a param have no gap. */
void lens_fill(struct str text, const struct id_slots *ids, size_t from, struct buf *out);

/* The mapping file's own examples and the laws, for `dragoman test`: prints to `report` what failed. Returns the
 * number of failures; `seed` and `count` rule the generated documents. */
size_t lens_test(const struct lens *lens, uint64_t seed, unsigned count, struct buf *report);
