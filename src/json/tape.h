/* A strict JSON reader (RFC 8259) that leaves its input alone: the answer is a flat tape of slices.
 * Pure: no clock, no I/O, no globals; any thread.
 *
 * Refused, each with a position: anything RFC 8259 does not allow, trailing bytes, a byte order mark, invalid UTF-8,
 * lone surrogates, U+0000, duplicate member names (compared after unescaping), and what exceeds the limits.
 * Numbers keep their source text; strings are decoded only when asked for. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value, or one member name (always a JSON_STRING directly before its value). */
struct tape_slot {
    uint32_t at;    /* first byte in the text; for strings the one after the quote */
    uint32_t len;   /* source bytes; for strings without the quotes */
    uint32_t next;  /* index after this value and all it contains */
    uint32_t count : 24; /* members or elements of a container; tape_same() of a string */
    uint32_t type : 3;
    uint32_t shape : 4;   /* an object: tape_shape() */
    uint32_t escaped : 1; /* a string with at least one backslash */
};

struct tape_index;

struct tape {
    const char *text; /* borrowed: must outlive the tape */
    const struct tape_slot *slots;
    uint32_t count; /* slots[0] is the document */
    uint32_t index_count;
    const struct tape_index *indexes; /* of objects with many members, for the room's own use */
};

/* Ceilings of one document. Every one must be > 0; `bytes` at most TAPE_MOST_BYTES. No container has more members or
 * elements than TAPE_MOST_COUNT. */
enum { TAPE_MOST_BYTES = 1 << 30, TAPE_MOST_COUNT = (1 << 24) - 1 };
struct tape_limits {
    uint32_t bytes, depth, members, elements, string_bytes, slots;
};
extern const struct tape_limits tape_default_limits; /* 8 MiB, 64, 4,096, 65,536, 1 MiB, 1,000,000 */
/* For text that was read before under other limits, was kept or assembled since, and is read again: that must not fail. */
extern const struct tape_limits tape_known_limits;

struct tape_fault {
    const char *what; /* e.g. "duplicate member name", static text */
    uint32_t offset, line, column; /* bytes; line and column count from 1 */
    bool limit; /* a ceiling was met (413), not a grammar fault (400) */
};

/* Reads the whole of `text`. Slots live in `arena`. False sets `fault`. */
MUST_CHECK bool tape_read(struct tape *tape, struct arena *arena, struct str text, const struct tape_limits *limits,
                          struct tape_fault *fault);

#define TAPE_NONE UINT32_MAX /* no slot */

static inline enum json_type tape_type(const struct tape *tape, uint32_t at)
{
    return (enum json_type)tape->slots[at].type;
}
static inline uint32_t tape_next(const struct tape *tape, uint32_t at)
{
    return tape->slots[at].next;
}
/* Walking a container: i = tape_first(t, c); i < tape_next(t, c); for an array i = tape_next(t, i); for an object the
 * name is i, its value i + 1, and the next name tape_next(t, i + 1) or, quicker, tape_next_name(t, i). */
static inline uint32_t tape_first(const struct tape *tape, uint32_t at)
{
    (void)tape;
    return at + 1;
}
/* Most values are not containers. Guessing so, the processor need not wait to learn where the value ends. */
static inline uint32_t tape_next_name(const struct tape *tape, uint32_t name)
{
    return __builtin_expect(tape->slots[name + 1].type < JSON_ARRAY, 1) ? name + 2 : tape->slots[name + 1].next;
}
/* Of a container; 0 of what is none. */
static inline uint32_t tape_count(const struct tape *tape, uint32_t at)
{
    return tape->slots[at].type >= JSON_ARRAY ? tape->slots[at].count : 0;
}
/* Strings of one tape for which this is the same number, and not 0, are the same bytes. In a list what its objects have in
 * common mostly has one, so what is found out about it need not be found out again. 0 means nothing. */
static inline uint32_t tape_same(const struct tape *tape, uint32_t at)
{
    return tape->slots[at].type == JSON_STRING ? tape->slots[at].count : 0;
}

/* From `count` to `escaped`: compared at once. */
static inline uint32_t tape_traits(const struct tape_slot *slot)
{
    uint32_t traits;

    _Static_assert(sizeof *slot == offsetof(struct tape_slot, next) + sizeof slot->next + sizeof traits, "they are all that follows");
    memcpy(&traits, (const char *)slot + sizeof *slot - sizeof traits, sizeof traits);
    return traits;
}
/* Strings of one tape that are known to be the same. */
static inline bool tape_are_same(const struct tape *tape, uint32_t one, uint32_t other)
{
    const struct tape_slot *a = &tape->slots[one], *b = &tape->slots[other];

    return tape_traits(a) == tape_traits(b) && a->type == JSON_STRING && a->count;
}

/* Objects of one tape with the same shape, if it is not 0, have the same names, spelt alike, in the same order. The
 * objects of a list usually have a shape; 0 means nothing. */
enum { TAPE_SHAPES = 15 }; /* the largest */
static inline unsigned tape_shape(const struct tape *tape, uint32_t at)
{
    return tape->slots[at].shape;
}

/* Of the same shape, and with as many slots: if no value of one has any inside (tape_is_flat), none of the other has, and each
 * member stands as far behind the one as behind the other. */
static inline bool tape_are_alike(const struct tape *tape, uint32_t one, uint32_t other)
{
    const struct tape_slot *a = &tape->slots[one], *b = &tape->slots[other];

    return tape_traits(a) == tape_traits(b) && a->shape && a->next - one == b->next - other;
}

/* An object whose members have two slots each. */
static inline bool tape_is_flat(const struct tape *tape, uint32_t object)
{
    return tape->slots[object].next == object + 1 + 2 * tape->slots[object].count;
}

/* The source text of a value, quotes included. */
struct str tape_raw(const struct tape *tape, uint32_t at);

/* A string's text between its quotes, still escaped, and its decoded text (in `arena` only if it was escaped, and
 * then taking as many bytes as the escaped text has). */
static inline struct str tape_text(const struct tape *tape, uint32_t at)
{
    return str_of(tape->text + tape->slots[at].at, tape->slots[at].len);
}
struct str tape_unescaped(const struct tape *tape, uint32_t at, struct arena *arena); /* of one that was */
static inline struct str tape_string(const struct tape *tape, uint32_t at, struct arena *arena)
{
    return tape->slots[at].escaped ? tape_unescaped(tape, at, arena) : tape_text(tape, at);
}

/* True when the string or name at `at` decodes to `text`; tape_escaped_is where it has a backslash. */
bool tape_escaped_is(const struct tape *tape, uint32_t at, struct str text);
static inline bool tape_string_is(const struct tape *tape, uint32_t at, struct str text)
{
    return tape->slots[at].escaped ? tape_escaped_is(tape, at, text) : str_eq_short(tape_text(tape, at), text);
}

/* The value of a member, or TAPE_NONE (also when `object` is no object). `name` is decoded text. Quick for any
 * number of members. */
uint32_t tape_find(const struct tape *tape, uint32_t object, struct str name);

/* Members that are looked for in one object after the other, and where they stand in objects alike. All but the names is 0 to
 * begin with. */
enum { TAPE_WANTED = 3 };
struct tape_wanted {
    struct str names[TAPE_WANTED];
    uint32_t found[TAPE_WANTED]; /* the values, or TAPE_NONE */
    const struct tape_slot *slots; /* of the tape on which objects of `shape` have them so far behind; 0: they have none */
    uint32_t behind[TAPE_WANTED];
    unsigned shape;
};

/* Sets `found` as tape_find would. In the objects of a list, one after the other, each name is looked for once. */
void tape_find_wanted_anew(const struct tape *tape, uint32_t object, struct tape_wanted *wanted);
static inline void tape_find_wanted(const struct tape *tape, uint32_t object, struct tape_wanted *wanted)
{
    const unsigned shape = tape_shape(tape, object);

    if (!shape || wanted->shape != shape || wanted->slots != tape->slots || !tape_is_flat(tape, object)) {
        tape_find_wanted_anew(tape, object, wanted);
        return;
    }
    for (size_t i = 0; i < TAPE_WANTED; i++)
        wanted->found[i] = wanted->behind[i] ? object + wanted->behind[i] : TAPE_NONE;
}

/* The same value: objects without regard to order, strings decoded, numbers by value of their decimal text
 * (1.0 equals 1, 1e2 equals 100; no precision is lost). */
bool tape_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b);
