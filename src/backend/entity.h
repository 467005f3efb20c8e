/* What is stored, as tables of columns: one row of a table is the validation of a body's member, the column
 * in SQL and the member of an answer. Immutable; any thread. */
#pragma once

#include "base/str.h"

enum column_type {
    COLUMN_ID,      /* a random UUID, made here */
    COLUMN_BRAND,   /* the token's brand; a body may repeat it */
    COLUMN_PATIENT, /* the patient of the path; a body may repeat it */
    COLUMN_OWNER,   /* the patient that a create's body names; a patch may repeat it */
    COLUMN_CREATED, /* when the row was made */
    COLUMN_UPDATED, /* when it was last changed */
    COLUMN_VERSION, /* counts changes, becomes the ETag; not shown */
    COLUMN_SEARCH,  /* folded text for the filter `search`; not shown */
    COLUMN_TEXT,
    COLUMN_CHOICE, /* one of `choices` */
    COLUMN_DATE,
    COLUMN_DATETIME, /* any offset in, UTC with milliseconds stored */
    COLUMN_EMAIL,
    COLUMN_UUID,
    COLUMN_DECIMAL, /* a string that is a JSON number; its digits are kept */
    COLUMN_BOOL,
    COLUMN_OBJECT,  /* any object, stored as JSON text without white space */
    COLUMN_MAP,     /* an object of strings */
    COLUMN_INTEGER, /* min to max */
    COLUMN_STRINGS, /* an array of at most max strings, none empty; stored like an object */
    COLUMN_BODY,    /* every member that no other column knows, shown beside them */
};

struct column {
    struct str name;
    enum column_type type;
    bool create, patch;  /* a body of POST, of PATCH may set it; else it is read-only there */
    bool required;       /* on create */
    bool nullable;       /* may be stored as null and cleared by PATCH */
    bool not_empty;      /* text of at least one byte */
    unsigned min, max;   /* of integers; min: characters of a text; max: of COLUMN_STRINGS */
    const char *choices; /* "manual api upload" */
    struct str preset;   /* stored when a create does not name it; ptr NULL: null */
};

/* What making a row puts on its patient's timeline. */
struct entity_event {
    const char *type, *title;
    const char *about, *when; /* columns for description and occurred_at; NULL (or null there): none, now */
};

/* A member that is computed when a row is read: never stored, never taken from a body. */
struct linked {
    struct str name;
    const char *sql; /* a query of one JSON array; `t` is the row, ?1 the brand */
};

struct entity {
    const char *table;
    const char *one; /* for messages: "patient" */
    const struct column *columns;
    size_t column_count;         /* with linked_count at most COLUMNS_MAX */
    const struct linked *linked; /* shown after the columns */
    size_t linked_count;
    const char *brand_column;   /* bounds every row; "brand_id" if NULL */
    const char *patient_column; /* what a token's patients and groups are compared with, or NULL */
    const char *group_column;   /* what a token's groups are compared with, or NULL */
    const char *constraints;    /* further lines of CREATE TABLE, each beginning with a comma, or NULL */
    const char *statements;     /* its indexes and side tables, or NULL */
    const struct entity_event *event; /* or NULL */
};

enum { COLUMNS_MAX = 24, COLUMN_NONE = COLUMNS_MAX };

/* One stored value; every type is carried as text (booleans and versions as digits). */
struct value {
    struct str text;
    bool given, null; /* given: the body named it */
};

size_t entity_find(const struct entity *entity,
                   enum column_type type); /* the first of that type, or COLUMN_NONE */

/* Stored as the JSON text that is shown. */
static inline bool column_is_json(const struct column *column)
{
    return column->type == COLUMN_OBJECT || column->type == COLUMN_MAP || column->type == COLUMN_STRINGS ||
           column->type == COLUMN_INTEGER;
}

static inline bool column_shown(const struct column *column)
{
    return column->type != COLUMN_VERSION && column->type != COLUMN_SEARCH;
}
