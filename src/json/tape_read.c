#include "json/alike.h"
#include "json/pattern.h"

#include <assert.h>

static struct place refuse(struct reader *r, const char *what, const char *at)
{
    return (struct place){ .at = scan_fail(&r->fault, what, at) };
}

static struct place exceed(struct reader *r, const char *what, const char *at)
{
    r->limit = true;
    return refuse(r, what, at);
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

/* More space when all is taken: the place of `at` in it. */
static __attribute__((noinline)) struct place grow(struct reader *r, const char *at)
{
    uint32_t count = (uint32_t)(r->stop - r->slots);
    uint32_t most = r->limits->slots, needed = count + most_space((size_t)(r->end - at));
    uint32_t space = count > UINT32_MAX / 2 ? UINT32_MAX : count * 2;

    space = space < needed ? space : needed;
    space = space < most ? space : most;
    if (count >= most)
        return exceed(r, "too many values", at);
    if ((size_t)space * sizeof *r->slots > arena_room(r->arena))
        return exceed(r, "no memory left for so many values", at);
    struct tape_slot *moved = arena_alloc(r->arena, (size_t)space * sizeof *r->slots);
    memcpy(moved, r->slots, (size_t)count * sizeof *r->slots);
    r->slots = moved;
    r->stop = moved + space;
    return (struct place){ .at = at, .to = moved + count };
}

/* Room for one more slot. */
static inline struct place make_room(struct reader *r, struct place p)
{
    return p.to == r->stop ? grow(r, p.at) : p;
}

/* One finished slot, from `at` to `stop`, which is the byte before what follows if it is a string. */
static inline struct place push(struct reader *r, struct place p, enum json_type type, const char *stop, bool escaped)
{
    bool quoted = type == JSON_STRING;

    p = make_room(r, p);
    if (!p.at)
        return p;
    *p.to = (struct tape_slot){ .at = (uint32_t)(p.at + quoted - r->start),
                                .len = (uint32_t)(stop - p.at - quoted),
                                .next = (uint32_t)(p.to - r->slots) + 1,
                                .type = (unsigned)type & 7,
                                .escaped = escaped };
    return (struct place){ .at = stop + quoted, .to = p.to + 1 };
}

/* The functions below read one thing that begins at p.at. */

static __attribute__((noinline)) struct place read_unusual(struct reader *r, struct place p, const char *from)
{
    bool escaped = false;
    const char *quote = scan_string(from, r->end, &escaped, &r->fault);

    if (!quote)
        return (struct place){ .at = NULL };
    if ((size_t)(quote - p.at - 1) > r->most_string)
        return exceed(r, "string too long", p.at);
    return push(r, p, JSON_STRING, quote, escaped);
}

/* p.at is at the opening quote. */
static inline struct place read_string(struct reader *r, struct place p)
{
    const char *quote = scan_plain(p.at + 1, r->end);

    if (quote == r->end || *quote != '"' || (size_t)(quote - p.at - 1) > r->most_string)
        return read_unusual(r, p, quote);
    return push(r, p, JSON_STRING, quote, false);
}

static struct place read_number(struct reader *r, struct place p)
{
    const char *stop = scan_number(p.at, r->end, &r->fault);

    return stop ? push(r, p, JSON_NUMBER, stop, false) : (struct place){ .at = NULL };
}

static inline struct place read_word(struct reader *r, struct place p, enum json_type type, struct str word)
{
    if ((size_t)(r->end - p.at) < word.len || memcmp(p.at, word.ptr, word.len) != 0)
        return refuse(r, "expected a value", p.at);
    return push(r, p, type, p.at + word.len, false);
}

/* A member name and its colon. */
static inline struct place read_name(struct reader *r, struct place p)
{
    if (p.at == r->end || *p.at != '"')
        return refuse(r, "expected a member name", p.at);
    p = read_string(r, p);
    if (!p.at)
        return p;
    p.at = skip_to(p.at, r->end, ':');
    if (p.at == r->end || *p.at != ':')
        return refuse(r, "expected a colon", p.at);
    p.at = skip_to(p.at + 1, r->end, '"');
    return p;
}

/* A container begins. While it is open its slot's `next` is the container around it, and its `len` how many items of it
 * were read before one that is a container. */
static struct place enter(struct reader *r, struct place p, enum json_type type)
{
    if (r->depth == r->limits->depth)
        return exceed(r, "nested too deeply", p.at);
    p = push(r, p, type, p.at + 1, false);
    if (!p.at)
        return p;
    p.to[-1].next = r->open;
    p.to[-1].len = 0;
    r->open = (uint32_t)(p.to - r->slots) - 1;
    r->depth++;
    return p;
}

/* The open container ends with the bracket at p.at. `model`: what is left of it, if all names are the model's. */
static struct place leave(struct reader *r, struct place p, uint32_t count, struct model model)
{
    struct tape_slot *slot = &r->slots[r->open];
    const struct tape tape = { .text = r->start, .slots = r->slots, .count = (uint32_t)(p.to - r->slots) };
    uint32_t parent = slot->next, twice;

    slot->next = tape.count;
    slot->len = (uint32_t)(p.at + 1 - r->start) - slot->at;
    slot->count = count & TAPE_MOST_COUNT;
    if (slot->type == JSON_OBJECT && count > 1 && (!model.end || count > FEW_MEMBERS)) {
        switch (members_check(&r->members, r->arena, &tape, r->open, &twice)) {
        case MEMBERS_UNIQUE:
            break;
        case MEMBERS_TWICE:
            return refuse(r, "duplicate member name", r->start + r->slots[twice].at - 1);
        case MEMBERS_NO_ROOM:
            return exceed(r, "no memory left for so many members", p.at);
        }
    }
    if (model.end && model.next == model.end)
        share_shape(r, slot, &r->slots[model.object]);
    if (slot->type == JSON_OBJECT && r->depth <= MODELS)
        r->models[r->depth - 1] = model_of(r, r->open);
    r->open = parent;
    r->depth--;
    return (struct place){ .at = p.at + 1, .to = p.to };
}

/* One value that is no container, or the beginning of one. */
static inline __attribute__((always_inline)) struct place read_value(struct reader *r, struct place p)
{
    if (p.at == r->end)
        return refuse(r, "unexpected end", p.at);
    switch (*p.at) {
    case '"':
        return read_string(r, p);
    case '{':
        return enter(r, p, JSON_OBJECT);
    case '[':
        return enter(r, p, JSON_ARRAY);
    case 't':
        return read_word(r, p, JSON_TRUE, STR("true"));
    case 'f':
        return read_word(r, p, JSON_FALSE, STR("false"));
    case 'n':
        return read_word(r, p, JSON_NULL, STR("null"));
    default:
        if (*p.at != '-' && !scan_is_digit(*p.at))
            return refuse(r, "expected a value", p.at);
        return read_number(r, p);
    }
}

/* Members for as long as their names are the model's. Stops where an item has ended or a container has begun; or before
 * another name, and then there is no model. */
static struct place read_alike(struct reader *r, struct place p, struct model *model, uint32_t *count, uint32_t *like)
{
    const struct tape_slot *object = &r->slots[model->object];
    const uint32_t open = r->open, stop = object->at + object->len - 1;

    for (;;) {
        if (!copy_alike(r, &p, model, stop, count)) {
            model->end = 0;
            return p;
        }
        if (model->next == model->end)
            return p;
        *like = model->next + 1;
        model->next = r->slots[*like].next;
        p = read_value(r, p);
        if (!p.at || r->open != open || model->next == model->end || r->end - p.at < 2 || p.at[0] != ',' || p.at[1] != '"')
            return p;
        p.at++;
    }
}

/* Items of the open container, until it ends or one of them is a container. */
static inline struct place read_items(struct reader *r, struct place p, const bool object)
{
    const uint32_t open = r->open, most = object ? r->most_members : r->most_elements;
    const char closing = object ? '}' : ']';
    struct model model = { .end = 0 };
    uint32_t count = r->slots[open].len, like = 0;

    if (object && r->depth <= MODELS)
        model = r->models[r->depth - 1];
    do {
        const char *before = p.at = skip_to(p.at, r->end, ',');
        if (count && p.at < r->end && *p.at == ',')
            p.at = skip_to(p.at + 1, r->end, '"');
        else if (p.at < r->end && *p.at == closing)
            return leave(r, p, count, model);
        else if (count)
            return refuse(r, object ? "expected a comma or }" : "expected a comma or ]", p.at);
        if (count == most)
            return exceed(r, object ? "too many members" : "too many elements", before);
        if (!object && p.at < r->end && *p.at == '{' && r->depth < MODELS) {
            const uint32_t taken = read_as_before(r, &p, most - count);
            count += taken;
            if (taken)
                continue;
        }
        if (object && model.next < model.end) {
            p = read_alike(r, p, &model, &count, &like);
            if (model.end)
                continue;
        }
        count++;
        model.end = 0;
        if (object)
            p = read_name(r, p);
        if (p.at)
            p = read_value(r, p);
    } while (p.at && r->open == open);
    r->slots[open].len = count;
    if (object && p.at)
        go_deeper(r, &model, like);
    return p;
}

static bool read_document(struct reader *r)
{
    struct place p = { .at = skip_space(r->start, r->end), .to = r->slots };

    p = read_value(r, p);
    while (p.at && r->open != TAPE_NONE)
        p = r->slots[r->open].type == JSON_OBJECT ? read_items(r, p, true) : read_items(r, p, false);
    if (p.at)
        p.at = skip_space(p.at, r->end);
    if (p.at && p.at != r->end)
        p = refuse(r, "bytes after the value", p.at);
    r->stop = p.to;
    return p.at;
}

static bool begin(struct reader *r, struct str text)
{
    const struct tape_limits *limits = r->limits;
    uint32_t space = first_space(text.len, limits->slots);

    if (text.len > limits->bytes)
        return exceed(r, "text too long", text.ptr + limits->bytes).at;
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        return refuse(r, "byte order mark", text.ptr).at;
    if (space * sizeof *r->slots > arena_room(r->arena))
        return exceed(r, "no memory left for this text", text.ptr).at;
    r->slots = arena_alloc(r->arena, space * sizeof *r->slots);
    r->stop = r->slots + space;
    r->most_string = limits->string_bytes;
    r->most_members = limits->members < TAPE_MOST_COUNT ? limits->members : TAPE_MOST_COUNT;
    r->most_elements = limits->elements < TAPE_MOST_COUNT ? limits->elements : TAPE_MOST_COUNT;
    return true;
}

bool tape_read(struct tape *tape, struct arena *arena, struct str text, const struct tape_limits *limits,
               struct tape_fault *fault)
{
    assert(limits->bytes && limits->bytes <= TAPE_MOST_BYTES && limits->depth && limits->members &&
           limits->elements && limits->string_bytes && limits->slots);
    if (!text.ptr)
        text = STR("");
    struct reader r = {
        .start = text.ptr, .end = text.ptr + text.len, .open = TAPE_NONE, .arena = arena, .limits = limits
    };

    if (!begin(&r, text) || !read_document(&r)) {
        scan_place(&r.fault, r.start, r.limit, fault);
        return false;
    }
    members_end(&r.members);
    *tape = (struct tape){ .text = text.ptr,
                           .slots = r.slots,
                           .count = (uint32_t)(r.stop - r.slots),
                           .index_count = r.members.index_count,
                           .indexes = r.members.indexes };
    return true;
}
