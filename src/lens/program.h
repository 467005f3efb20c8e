/* What a mapping file compiles to. Internal to the room.
 *
 * A shape is two trees over one list of fields: the dialect's tree and the canonical one. Running a lens is
 * to scan a document once against its own tree, noting for each node where its value stands on the tape, and
 * to emit the other tree. A node's `slot` is its index in those notes. A list has a shape of its own for its
 * elements. */
#pragma once

#include "base/arena.h"
#include "json/tape.h"
#include "lens/lens.h"

struct field;
struct yaml;

/* A JSON value from the mapping file. */
struct literal {
    struct str json; /* ptr NULL: there is none */
    struct str text; /* decoded, of a string; else as `json` */
    struct tape tape;
};
struct named_literal {
    struct str name, lead;
    struct literal value;
};
struct literals {
    struct named_literal *items;
    size_t count;
};

struct node {
    struct str name;
    struct str lead; /* `,"name":` as it is written; without its comma for a first member */
    struct str path; /* dialect side: parts joined by '/' */
    uint32_t slot;
    bool group;     /* an object of named members; a pick's node is none, but has the element's members */
    unsigned order; /* of the first field inside, for the order of faults */
    const struct field *field; /* dialect side: of a leaf */
    struct node *first, *last, *next;
    /* canonical side */
    const struct field *writer; /* the first field that puts here */
    bool shown;                 /* a field of get shows it */
    bool told;                  /* put writes it beside another: `tells:` */
    struct literal set;         /* what put writes here on create when no field did */
    enum { SET_NONE, SET_LITERAL, SET_BRAND, SET_NOW, SET_PEER } set_from;
};

/* A member that get shows as it stands. */
struct copy {
    struct str name;
    bool null_stays; /* a null, too */
    bool is_datetime;
};

struct shape {
    struct field *fields; /* in the file's order */
    size_t count, space;
    struct node *dialect, *canonical; /* the roots */
    uint32_t dialect_slots, canonical_slots;
    const struct node **leaves; /* by canonical slot */
    const struct node **groups; /* of the dialect tree */
    size_t group_count, group_space;
    size_t need; /* bytes of notes for one run */
    const struct copy *copies; /* get_copy.c: all members, in the file's order; NULL: some are shown otherwise */
    size_t copy_count;
    const size_t *judged; /* the places of those that have values which are shown otherwise */
    size_t judged_count;
};

struct enum_pair {
    struct literal dialect, canonical;
};

enum type {
    TYPE_STRING,
    TYPE_INTEGER,
    TYPE_NUMBER,
    TYPE_DECIMAL,
    TYPE_BOOLEAN,
    TYPE_DATE,
    TYPE_DATETIME,
    TYPE_EMAIL,
    TYPE_UUID,
    TYPE_OBJECT,
    TYPE_ARRAY,
    TYPE_MAP,
    TYPE_ANY,
    TYPE_ID,
    TYPE_LINK,
    TYPE_QUANTITY,
    TYPE_LINES,
    TYPE_PICK,
    TYPE_ENTRIES,
    TYPE_LIST,
    TYPE_DIGITS,
    TYPE_READING,
    TYPE_VERSION,
    TYPE_COUNT
};

enum field_class { CLASS_EXACT, CLASS_NORMALISING, CLASS_DERIVED, CLASS_CONSTANT, CLASS_KEPT, CLASS_LOSSY };

/* Where get takes a field's value from. */
enum source { FROM_NOWHERE, FROM_CANONICAL, FROM_CONST, FROM_DERIVE, FROM_TABLE, FROM_REST, FROM_LINK, FROM_VERSION };

struct lens_table;
struct table_column {
    const struct lens_table *table;
    size_t column;
    struct str by_path;
    uint32_t by;       /* canonical slot */
    struct literal as; /* shown instead of the column's value, if any */
};

/* `known_by:` */
struct known {
    const struct lens_table *table;
    size_t column;
    struct str member, where; /* paths of the document */
    uint32_t in, where_in;    /* dialect slots; where_in may be NO_SLOT */
    struct literal where_value;
};

enum { MODE_CREATE = 1, MODE_UPDATE = 2, MODE_BOTH = 3 };
#define NO_SLOT UINT32_MAX

/* `reads:` of a reading: one way to find a text in an array, and to write it. */
struct read_row {
    struct literals where; /* by path, parts joined by '/'; '*' is any element */
    struct str at;         /* the path of the value */
    const struct lens_table *table;
    size_t column; /* of the table, which translates the value into its key */
    const struct str *forms;
    size_t form_count;
    bool number;          /* the value is a number: its digits are the text */
    struct str head, tail; /* JSON around the value */
};

struct field {
    const struct yaml *from; /* its place in the file */
    struct str name, path;   /* dialect member; its path from the document or the list's element */
    unsigned order;
    enum type type;
    const struct codec *codec;
    enum source source;
    enum field_class classed;
    struct str want;    /* for messages: the type's name */
    uint32_t in;        /* dialect slot */
    uint32_t is[2];     /* canonical slots, or NO_SLOT */
    unsigned read_only; /* MODE_ bits */
    unsigned required;  /* MODE_ bits */
    bool write_only, blank_refuse, empty_allowed, null_refuse, null_absent, invalid_keep, partial_keep, needs_stored, late;
    bool null_needs_stored;        /* only a null does */
    bool inner_null_needs_stored;  /* an object with a null inside does */
    bool nested;        /* it is written inside a canonical object: something else may stand in its place */
    bool ruled;         /* a rule speaks of it */
    bool null_ignore;   /* null on update leaves what is stored */
    bool pieces_keep;   /* lines: get writes one; how the text was cut is kept beside it */
    struct literal starts; /* all that create takes, since a new entity has it anyway */
    struct str prefix;  /* text before an id */
    enum { ABSENT_OMIT, ABSENT_NULL, ABSENT_EMPTY } absent;
    bool absent_given;
    struct literal fallback; /* `default:`, canonical */
    bool has_min_length, has_max_length;
    uint64_t min_length, max_length;
    struct literal min, max;

    const struct field *of; /* array: what each element is; object: what members are, by name */
    size_t of_count;
    unsigned kinds;         /* any: a bit for each JSON type it may be; 0: all */
    const struct str *forms; /* text: '#' stands for a digit, the rest for itself; one must fit */
    size_t form_count;
    struct str form_want; /* of forms or kinds, for messages */

    struct enum_pair *enums;
    size_t enum_count;
    struct str enum_want;
    bool put_same; /* otherwise_put: same */
    struct enum_pair *also; /* further words for canonical values, their exact word kept in the rest */
    size_t also_count;
    enum { OTHERWISE_NULL, OTHERWISE_SAME, OTHERWISE_LITERAL, OTHERWISE_TABLE } otherwise;
    struct literal otherwise_value;
    struct table_column table; /* of `table:` or of `otherwise:` */

    struct known *known; /* or NULL */

    struct literal constant;
    struct literal *accept;
    size_t accept_count;
    bool equals_brand;
    struct literal equals;

    struct str when_path;
    uint32_t when; /* canonical slot, or NO_SLOT */
    struct literal when_value;
    struct str unless_name;
    const struct field *unless[2];
    size_t unless_count;
    struct str with_name;
    const struct field *with; /* get shows it beside that one only */
    struct str loss;

    struct str split; /* ptr NULL: none */
    unsigned part;
    bool cut_last; /* the text is cut at its last separators */
    struct field **parts; /* of the first of them in the file: all, by part */
    size_t part_count;
    bool part_leads;

    uint32_t *others; /* get shows the first of them where the field's own path has nothing; canonical slots */
    size_t other_count;
    const struct node *tells; /* what put writes beside a value, and beside null */
    struct literal told_value, told_null;

    struct str derive_path;
    uint32_t derive; /* canonical slot */

    struct str kind, lookup, param;
    bool as_integer;
    struct str link_name, link_head, link_tail; /* `to: head{name}tail` */
    const struct field *link;

    struct str join;              /* lines; a reading whose rows are parts of one text */
    struct read_row *rows;
    size_t row_count;
    struct literals prefer, make; /* pick */
    struct node *node;            /* its place in the dialect's tree; a pick's has the element's members */
    uint32_t picked;              /* pick: the slot of the element's place */
    struct field **choices;       /* pick with `picks:`: a field for each of them */
    size_t choice_count;
    bool faulty; /* at load: what else could be said of it may only follow from its fault */
    bool chosen; /* one of those: at the place of its array, and judged with it */
    const struct field *inside;   /* the pick this field is a member of */
    struct str entry_name, entry_value; /* entries */
    struct str found_by;                /* entries: the call's parameter that asks for those that are kept, too */
    struct literals skip;
    bool lacking_keep; /* entries without name or value are kept */
    struct shape *element; /* list */
    struct str element_id; /* list with `param:`: the member of an element that is the id; empty: the element is */
    struct str bare_name;  /* list: its elements are not objects, but this member's values */
    const struct field *bare;
};

/* A member and the value that it has; a value whose json.ptr is NULL: it has none. */
struct ruled {
    const struct field *field;
    struct literal value;
};
/* Where all members of `where` have their values, those of `wants` must. */
struct rule {
    struct ruled *where, *wants;
    size_t where_count, want_count;
};

struct lens {
    const struct yaml *head; /* the file, for faults found later */
    struct str dialect, resource, entity;
    enum lens_rest rest;
    bool unknown_refuse; /* what no field names is a fault, wherever the rest is kept */
    struct str rest_path;
    uint32_t rest_slot; /* REST_MEMBER: canonical slot */
    struct lens_style style;
    struct shape *shape;
    struct rule *rules;
    size_t rule_count;
    size_t need;
    bool shows_version;
    const struct yaml *examples; /* of the file, or NULL */
};

/* Where `what` stands in `text`, or NULL; an empty `what` stands nowhere. */
static inline const char *text_find(struct str text, struct str what)
{
    return text.len && what.len ? memmem(text.ptr, text.len, what.ptr, what.len) : NULL;
}

/* The member of a tree's node, or NULL. */
struct node *node_child(const struct node *parent, struct str name);

/* False and *full set when the arena has no `size` bytes left. */
bool lens_room(struct arena *arena, size_t size, bool *full);

/* Room for one more item in a growing array of the arena, doubling; NULL when the arena is full. */
void *lens_grow(struct arena *arena, void *items, size_t count, size_t *space, size_t size, bool *full);

/* The value at `at` is the literal's. */
bool literal_is(const struct literal *literal, const struct tape *tape, uint32_t at);
/* The two say the same: 1 and 1.0 do. */
bool literal_same(const struct literal *a, const struct literal *b);
/* The JSON text is the literal's value. */
bool literal_is_json(const struct literal *literal, struct str json, struct arena *arena);
/* Every member of `literals` stands in the object with its value. */
bool literals_match(const struct literals *literals, const struct tape *tape, uint32_t object);

/* The JSON of some row's value. */
struct str table_any(const struct lens_table *table, size_t column, size_t some);
/* The same as table_find for a key that is text already. */
const struct literal *table_value(const struct lens_table *table, struct str key, size_t column);
/* Code points of UTF-8: every byte that does not continue one. */
size_t text_points(struct str text);
/* The text has one of the forms: '#' is a digit, the rest itself. */
bool text_has_form(const struct str *forms, size_t count, struct str text);

/* The row for the string at `at`, or NULL. */
const struct literal *table_find(const struct lens_table *table, const struct tape *tape, uint32_t at,
                                 size_t column, struct arena *arena);
const struct lens_table *tables_named(const struct lens_tables *tables, struct str name);
bool table_column(const struct lens_table *table, struct str name, size_t *column);
size_t table_count(const struct lens_table *table);
struct str table_key(const struct lens_table *table, size_t row);
/* Every row has a string of its own there; else `*row` is one that has not. */
bool table_is_one_to_one(const struct lens_table *table, size_t column, size_t *row);
/* The key of the row that has the string at `at` there; ptr NULL: none has. */
struct str table_find_back(const struct lens_table *table, size_t column, const struct tape *tape,
                           uint32_t at);
