#include "lens/get.h"

#include "lens/put.h"

bool get_begin(struct get *get, struct get_run *run, const struct shape *shape)
{
    size_t size = sizeof(uint32_t) * (shape->canonical_slots + shape->dialect_slots);

    *get = (struct get){ .run = run, .shape = shape };
    if (!lens_room(run->arena, size, &run->full))
        return false;
    get->slots = arena_alloc(run->arena, size);
    get->kept = get->slots + shape->canonical_slots;
    return true;
}

static void scan_rest(struct get *get, uint32_t at)
{
    const struct get_run *run = get->run;

    get->unknowns = (struct unknowns){ .arena = run->arena, .slots = get->shape->dialect_slots };
    if (!run->rest)
        return;
    memset(get->kept, 0xff, sizeof(uint32_t) * get->shape->dialect_slots);
    if (at == TAPE_NONE || tape_type(run->rest, at) != JSON_OBJECT)
        return;
    struct scan scan = { .tape = run->rest, .slots = get->kept, .unknowns = &get->unknowns };
    scan_object(&scan, get->shape->dialect, at);
}

static void name_path(struct get *get, struct str path, struct str name)
{
    const struct lens_context *context = get->run->context;
    struct str parts[] = { get->prefix, path, name };
    struct buf whole = buf_in(context->unread_arena, SIZE_MAX);

    for (size_t i = 0; i < COUNT(parts); i++) {
        if (whole.len && parts[i].len)
            buf_char(&whole, '/');
        buf_add(&whole, parts[i]);
    }
    names_add(context->unread, context->unread_arena, buf_str(&whole), &get->run->full);
}

/* Nothing is lost with a null or an empty array. */
static bool says_something(const struct tape *in, uint32_t at)
{
    if (at == TAPE_NONE || tape_type(in, at) == JSON_NULL)
        return false;
    return tape_type(in, at) < JSON_ARRAY || tape_count(in, at) > 0;
}

static void name_unread(struct get *get, const struct node *parent, const struct unknowns *unknowns)
{
    const struct tape *in = get->run->in;

    for (const struct node *child = parent->first; child; child = child->next)
        if (child->group)
            name_unread(get, child, unknowns);
        else if (!child->shown && says_something(in, get_at(get, child->slot)))
            name_path(get, child->path, STR_NONE);
    for (uint32_t next = unknowns_first(unknowns, parent->slot); next != UNKNOWN_NONE;
         next = unknowns->items[next].next) {
        uint32_t name = unknowns->items[next].name;
        if (says_something(in, name + 1))
            name_path(get, parent->path, tape_string(in, name, get->run->context->unread_arena));
    }
}

/* Where the members of the canonical value stand. */
static void scan_canonical(struct get *get, uint32_t at)
{
    struct get_run *run = get->run;
    const struct node *root = get->shape->canonical;
    bool names = run->context->unread != NULL;
    struct unknowns unknowns = { .arena = run->arena, .slots = get->shape->canonical_slots };
    struct scan scan = {
        .tape = run->in, .slots = get->slots, .unknowns = names ? &unknowns : NULL, .seen = run->context->seen
    };

    memset(get->slots, 0xff, sizeof(uint32_t) * get->shape->canonical_slots);
    get->slots[root->slot] = at;
    if (root->group && tape_type(run->in, at) == JSON_OBJECT)
        scan_object(&scan, root, at);
    if (names)
        name_unread(get, root, &unknowns);
    run->full |= unknowns.full;
}

void get_bare(struct get *get, const struct field *field, uint32_t at)
{
    scan_canonical(get, at);
    scan_rest(get, TAPE_NONE);
    if (!get_value(get, field))
        buf_add(get->run->out, STR("null"));
}

void get_object(struct get *get, uint32_t at, uint32_t rest_at)
{
    struct get_run *run = get->run;
    bool first = true;

    scan_canonical(get, at);
    scan_rest(get, rest_at);
    buf_char(run->out, '{');
    (void)get_members(get, get->shape->dialect, &first);
    buf_char(run->out, '}');
    run->full |= get->unknowns.full;
}

/* `rest: metadata.NAME`: the rest is a member of the canonical entity. */
static uint32_t rest_member(const struct lens *lens, const struct tape *in, uint32_t at)
{
    struct str rest = lens->rest_path, part;

    while (at != TAPE_NONE && str_next(&rest, '.', &part))
        at = tape_find(in, at, part);
    return at;
}

static size_t text_of(const struct tape *tape, uint32_t at)
{
    return tape ? tape_raw(tape, at).len : 0;
}

int lens_get(const struct lens *lens, const struct tape *in, uint32_t at, const struct tape *rest,
             const struct lens_context *context, struct arena *arena, struct buf *out, struct id_slots *ids,
             struct err *err)
{
    struct get_run run = {
        .lens = lens, .in = in, .rest = rest, .context = context, .arena = arena, .out = out, .ids = ids
    };
    uint32_t rest_at = rest ? 0 : TAPE_NONE;
    struct get get;

    if (tape_type(in, at) != JSON_OBJECT)
        return err_set(err, ERR_UPSTREAM, "lens: the canonical document is not an object");
    if (lens->rest != REST_MEMBER && get_copy(&run, at))
        return buf_ok(out) ? 0 : err_set(err, ERR_UPSTREAM, "lens: the answer needs more memory than it may have");
    if (lens->rest == REST_MEMBER) {
        run.rest = in;
        rest_at = rest_member(lens, in, at);
    }
    bool room = arena_room(arena) > lens->need + 4 * (text_of(in, at) + text_of(rest, 0)) + 32 * 1024;
    if (!room || !get_begin(&get, &run, lens->shape))
        return err_set(err, ERR_UPSTREAM, "lens: the answer needs more memory than it may have");
    get_object(&get, at, rest_at);
    if (run.full || !buf_ok(out))
        return err_set(err, ERR_UPSTREAM, "lens: the answer needs more memory than it may have");
    return 0;
}
