#include "json/members.h"
#include "json/scan.h"

#include <assert.h>

const struct tape_limits tape_default_limits = { .bytes = 8u << 20,
                                                 .depth = 64,
                                                 .members = 4096,
                                                 .elements = 65536,
                                                 .string_bytes = 1u << 20,
                                                 .slots = 1000000 };

enum { MOST_BYTES = 1 << 30, MOST_COUNT = (1 << 24) - 1 };

struct reader {
    const char *start, *end;
    struct tape_slot *slots;
    uint32_t count, space;
    uint32_t
        open; /* the innermost open container or TAPE_NONE; its `next` holds its parent until it closes */
    uint32_t depth;
    struct arena *arena;
    const struct tape_limits *limits;
    struct members members;
    struct scan_fault fault;
    bool limit;
};

static const char *refuse(struct reader *r, const char *what, const char *at)
{
    return scan_fail(&r->fault, what, at);
}

static const char *exceed(struct reader *r, const char *what, const char *at)
{
    r->limit = true;
    return refuse(r, what, at);
}

static const char *skip_space(const char *at, const char *end)
{
    /* One comparison where there is none, as mostly. */
    while (at < end && (unsigned char)*at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* Two bytes of text make at most one slot, but for what is never closed. */
static uint32_t most_space(size_t left)
{
    return (uint32_t)(left / 2 + 16);
}

/* Small texts get all they can need at once; long ones are mostly strings and start with less. */
static uint32_t first_space(size_t len, uint32_t most)
{
    uint32_t space = len <= 4096 ? most_space(len) : (uint32_t)len / 16 + 2048;

    return space < most ? space : most;
}

static bool grow(struct reader *r, const char *at)
{
    uint32_t most = r->limits->slots, needed = r->count + most_space((size_t)(r->end - at));
    uint32_t space = r->space > UINT32_MAX / 2 ? UINT32_MAX : r->space * 2;

    space = space < needed ? space : needed;
    space = space < most ? space : most;
    if (r->count >= most) {
        exceed(r, "too many values", at);
        return false;
    }
    if ((size_t)space * sizeof *r->slots > arena_room(r->arena)) {
        exceed(r, "no memory left for so many values", at);
        return false;
    }
    struct tape_slot *moved = arena_alloc(r->arena, (size_t)space * sizeof *r->slots);
    memcpy(moved, r->slots, (size_t)r->count * sizeof *r->slots);
    r->slots = moved;
    r->space = space;
    return true;
}

/* One finished slot from `at` to `stop`. */
static inline bool push(struct reader *r, enum json_type type, const char *at, const char *stop, bool escaped)
{
    if (r->count == r->space && !grow(r, at))
        return false;
    uint32_t index = r->count++;
    r->slots[index] = (struct tape_slot){ .at = (uint32_t)(at - r->start),
                                          .len = (uint32_t)(stop - at),
                                          .next = index + 1,
                                          .type = (unsigned)type & 0x7F,
                                          .escaped = escaped };
    return true;
}

/* The functions below read one thing at `at` and return the byte after it, or NULL with r->fault set. */

/* `at` is at the opening quote. */
static inline const char *read_string(struct reader *r, const char *at)
{
    bool escaped = false;
    const char *quote = scan_short(at + 1, r->end);

    if (!quote)
        quote = scan_string(at + 1, r->end, &escaped, &r->fault);
    if (!quote)
        return NULL;
    if ((size_t)(quote - at - 1) > r->limits->string_bytes)
        return exceed(r, "string too long", at);
    return push(r, JSON_STRING, at + 1, quote, escaped) ? quote + 1 : NULL;
}

static inline const char *read_number(struct reader *r, const char *at)
{
    const char *stop = scan_number(at, r->end, &r->fault);

    return stop && push(r, JSON_NUMBER, at, stop, false) ? stop : NULL;
}

static inline const char *read_word(struct reader *r, const char *at, enum json_type type, struct str word)
{
    if ((size_t)(r->end - at) < word.len || memcmp(at, word.ptr, word.len) != 0)
        return refuse(r, "expected a value", at);
    return push(r, type, at, at + word.len, false) ? at + word.len : NULL;
}

/* A member name and its colon. */
static inline const char *read_name(struct reader *r, const char *at)
{
    at = skip_space(at, r->end);
    if (at == r->end || *at != '"')
        return refuse(r, "expected a member name", at);
    at = read_string(r, at);
    if (!at)
        return NULL;
    at = skip_space(at, r->end);
    if (at == r->end || *at != ':')
        return refuse(r, "expected a colon", at);
    return at + 1;
}

static inline const char *close_container(struct reader *r, const char *at)
{
    struct tape_slot *slot = &r->slots[r->open];
    const struct tape tape = { .text = r->start, .slots = r->slots, .count = r->count };
    uint32_t parent = slot->next, twice;

    slot->next = r->count;
    slot->len = (uint32_t)(at + 1 - r->start) - slot->at;
    if (slot->type == JSON_OBJECT && slot->count > 1) {
        switch (members_check(&r->members, r->arena, &tape, r->open, &twice)) {
        case MEMBERS_UNIQUE:
            break;
        case MEMBERS_TWICE:
            return refuse(r, "duplicate member name", r->start + r->slots[twice].at - 1);
        case MEMBERS_NO_ROOM:
            return exceed(r, "no memory left for so many members", at);
        }
    }
    r->open = parent;
    r->depth--;
    return at + 1;
}

static inline const char *count_one(struct reader *r, const char *at)
{
    struct tape_slot *slot = &r->slots[r->open];
    bool object = slot->type == JSON_OBJECT;
    uint32_t most = object ? r->limits->members : r->limits->elements;

    if (slot->count >= most || slot->count == MOST_COUNT)
        return exceed(r, object ? "too many members" : "too many elements", at);
    slot->count++;
    return at;
}

/* After a value: closes what ends here and stands before the next value, or at the end of the document. */
static inline const char *read_after(struct reader *r, const char *at)
{
    while (at && r->open != TAPE_NONE) {
        bool object = r->slots[r->open].type == JSON_OBJECT;
        at = skip_space(at, r->end);
        if (at < r->end && *at == ',') {
            if (!count_one(r, at))
                return NULL;
            return object ? read_name(r, at + 1) : at + 1;
        }
        if (at == r->end || *at != (object ? '}' : ']'))
            return refuse(r, object ? "expected a comma or }" : "expected a comma or ]", at);
        at = close_container(r, at);
    }
    return at;
}

/* The opening bracket and, in an object, the first name. */
static inline const char *read_open(struct reader *r, const char *at, enum json_type type)
{
    if (r->depth == r->limits->depth)
        return exceed(r, "nested too deeply", at);
    if (!push(r, type, at, at + 1, false))
        return NULL;
    r->slots[r->count - 1].next = r->open;
    r->open = r->count - 1;
    r->depth++;
    at = skip_space(at + 1, r->end);
    if (at < r->end && *at == (type == JSON_OBJECT ? '}' : ']'))
        return read_after(r, close_container(r, at));
    if (!count_one(r, at))
        return NULL;
    return type == JSON_OBJECT ? read_name(r, at) : at;
}

/* One value and what follows it up to the next value. */
static inline const char *read_value(struct reader *r, const char *at)
{
    at = skip_space(at, r->end);
    if (at == r->end)
        return refuse(r, "unexpected end", at);
    switch (*at) {
    case '"':
        return read_after(r, read_string(r, at));
    case '{':
        return read_open(r, at, JSON_OBJECT);
    case '[':
        return read_open(r, at, JSON_ARRAY);
    case 't':
        return read_after(r, read_word(r, at, JSON_TRUE, STR("true")));
    case 'f':
        return read_after(r, read_word(r, at, JSON_FALSE, STR("false")));
    case 'n':
        return read_after(r, read_word(r, at, JSON_NULL, STR("null")));
    default:
        if (*at != '-' && !scan_is_digit(*at))
            return refuse(r, "expected a value", at);
        return read_after(r, read_number(r, at));
    }
}

static bool read_document(struct reader *r)
{
    const char *at = r->start;

    do {
        at = read_value(r, at);
        if (!at)
            return false;
    } while (r->open != TAPE_NONE);
    at = skip_space(at, r->end);
    return at == r->end || refuse(r, "bytes after the value", at) != NULL;
}

static bool begin(struct reader *r, struct str text)
{
    if (text.len > r->limits->bytes)
        return exceed(r, "text too long", text.ptr + r->limits->bytes) != NULL;
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        return refuse(r, "byte order mark", text.ptr) != NULL;
    r->space = first_space(text.len, r->limits->slots);
    if (r->space * sizeof *r->slots > arena_room(r->arena))
        return exceed(r, "no memory left for this text", text.ptr) != NULL;
    r->slots = arena_alloc(r->arena, r->space * sizeof *r->slots);
    return true;
}

static void place(struct tape_fault *fault, const struct reader *r)
{
    uint32_t offset = (uint32_t)(r->fault.at - r->start), line = 1, line_start = 0;

    for (uint32_t i = 0; i < offset; i++) {
        if (r->start[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    *fault = (struct tape_fault){ .what = r->fault.what,
                                  .offset = offset,
                                  .line = line,
                                  .column = offset - line_start + 1,
                                  .limit = r->limit };
}

bool tape_read(struct tape *tape, struct arena *arena, struct str text, const struct tape_limits *limits,
               struct tape_fault *fault)
{
    assert(limits->bytes && limits->bytes <= MOST_BYTES && limits->depth && limits->members &&
           limits->elements && limits->string_bytes && limits->slots);
    if (!text.ptr)
        text = STR("");
    struct reader r = {
        .start = text.ptr, .end = text.ptr + text.len, .open = TAPE_NONE, .arena = arena, .limits = limits
    };

    if (!begin(&r, text) || !read_document(&r)) {
        place(fault, &r);
        return false;
    }
    members_end(&r.members);
    *tape = (struct tape){ .text = text.ptr,
                           .slots = r.slots,
                           .count = r.count,
                           .index_count = r.members.index_count,
                           .indexes = r.members.indexes };
    return true;
}
