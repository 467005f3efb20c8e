/* From a mapping file's YAML to a program. Internal to the room; used at start only. */
#pragma once

#include "lens/codec.h"
#include "lens/literal.h"

struct load {
    struct arena *arena;
    struct lens *lens;
    const struct lens_tables *tables;
    struct err *err;
    struct err_list *faults;    /* or NULL: the first ends the work */
    bool faulty;                /* one was noted */
    struct names behind;        /* what has a fault: names and paths of members, canonical paths */
    struct shape *shape;        /* being filled */
    const struct field *inside; /* the pick whose members are being read */
    unsigned depth;
};

enum { MOST_FIELDS = 1024, MOST_DEPTH = 32, MOST_WORDS = 1024 };

/* load_note.c: work goes on after a fault, which load->err says. 0: it is noted; -1: the first ends the work. The field that
 * has it is none any more, whatever of it was read. */
MUST_CHECK int load_note(struct load *load);
MUST_CHECK int load_note_member(struct load *load, const struct yaml *at, struct node *parent);
void load_drop(struct load *load, struct field *field);
/* Of what `at` says of others, once all are known: not noted if one of those has a fault, from which it may only follow. */
MUST_CHECK int load_note_link(struct load *load, struct field *field);
bool load_is_behind(const struct load *load, struct str name);
MUST_CHECK int load_note_rule(struct load *load, const struct yaml *at);

/* load_tree.c: a new field at `node`, whose place is `map`; the members of `map` below `parent`, and a new shape for the
 * elements of a list. */
MUST_CHECK int load_add(struct load *load, const struct yaml *map, struct node *node, struct field **added);
MUST_CHECK int load_members(struct load *load, const struct yaml *map, struct node *parent);
MUST_CHECK int load_shape(struct load *load, const struct yaml *fields, struct shape **shape);
struct str load_path(struct load *load, struct str parent, struct str name);

/* load_canonical.c: the slot of a canonical path, as a leaf of the canonical tree. */
MUST_CHECK int load_leaf(struct load *load, const struct yaml *at, struct str path, struct node **leaf);
/* Says that put writes there, or why it may not. */
MUST_CHECK int load_writer(struct load *load, const struct field *field, struct node *leaf);
MUST_CHECK int load_set(struct load *load, const struct yaml *set);
/* Variants: where the `when:` of one holds, that of the other does not. */
bool load_excludes(const struct field *a, const struct field *b);

/* load_field.c: the keys of one field; load_value.c: those whose values have a form of their own. */
MUST_CHECK int load_field(struct load *load, struct field *field, const struct yaml *map);
typedef int key_fn(struct load *load, struct field *field, const struct yaml *value);
key_fn load_picks, load_known, load_is, load_enum, load_also, load_else, load_tells, load_otherwise, load_when,
    load_table, load_from, load_to, load_fields, load_equals, load_accept, load_null, load_forms, load_kinds,
    load_unless, load_reads, load_part;
/* load_picks.c: the field may stand in a pick. */
MUST_CHECK int load_check_inside(struct load *load, const struct field *field);
/* A constant of the field's own type: of those with one JSON text each, text without quotes stays text. */
MUST_CHECK int load_literal(struct load *load, struct literal *literal, enum type type, const struct yaml *value);
/* The table and the column that stand there by name. */
MUST_CHECK int load_table_column(struct load *load, const struct yaml *name, const struct yaml *column_name,
                                 const struct lens_table **table, size_t *column);
MUST_CHECK int load_column(struct load *load, struct table_column *table, const struct yaml *map);

/* load_link.c: what one field says of others, once all are known; then the fields' classes. */
MUST_CHECK int load_link(struct load *load);
/* load_known.c */
MUST_CHECK int link_known(struct load *load, const struct field *field);

/* load_rules.c: after load_link. `rules` may be NULL. */
MUST_CHECK int load_rules(struct load *load, const struct yaml *rules);

/* load_judge.c: the values that a field's keys name, and the bounds between which they lie. */
#define LOAD_BIT(type) (1u << TYPE_##type)
enum {
    LOAD_TEXTS = LOAD_BIT(STRING) | LOAD_BIT(DATE) | LOAD_BIT(DATETIME) | LOAD_BIT(EMAIL) | LOAD_BIT(UUID) |
                 LOAD_BIT(DECIMAL),
    LOAD_NUMBERS = LOAD_BIT(INTEGER) | LOAD_BIT(NUMBER),
    LOAD_VALUES = LOAD_TEXTS | LOAD_NUMBERS | LOAD_BIT(BOOLEAN) /* one JSON text each */
};
MUST_CHECK int load_judge(struct load *load, const struct field *field);
/* One value of the field that stands at `at`; null is any field's. */
MUST_CHECK int load_judge_value(struct load *load, const struct field *field, const struct yaml *at,
                                const struct literal *value);

/* load_beside.c: keys that take each other's meaning away. */
MUST_CHECK int load_beside(struct load *load, const struct field *field);

/* What a canonical value can be. A string may be of any form; a date is one of them. */
enum {
    KIND_NUMBER = 1,
    KIND_BOOLEAN = 2,
    KIND_OBJECT = 4,
    KIND_ARRAY = 8,
    KIND_DATE = 16,
    KIND_DATETIME = 32,
    KIND_DECIMAL = 64,
    KIND_EMAIL = 128,
    KIND_UUID = 256,
    KIND_WORDS = 512,
    KIND_TEXT = KIND_DATE | KIND_DATETIME | KIND_DECIMAL | KIND_EMAIL | KIND_UUID | KIND_WORDS,
    KIND_ID = KIND_TEXT | KIND_NUMBER,
    KIND_ALL = 1023
};

/* load_check.c: what can be read and is wrong all the same. `set` may be NULL. */
MUST_CHECK int load_check(struct load *load, const struct yaml *set);
/* Kinds of the value at the field's path `index`. */
unsigned load_kinds_of(const struct field *field, size_t index);
/* Fields at one path, which is the one's path `i` and the other's path `k`: some value is of both. */
bool load_may_meet(const struct field *a, size_t i, const struct field *b, size_t k);
/* The field reads or writes the canonical member, in any way but by `when:`. */
bool load_names(const struct field *field, uint32_t slot);
