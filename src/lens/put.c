#include "lens/put.h"

#include "lens/lens.h"

size_t put_notes(const struct shape *shape)
{
    return (2 * sizeof(uint32_t) + sizeof(struct str)) * shape->dialect_slots +
           sizeof(struct cell) * shape->canonical_slots + 4 * 16;
}

bool put_begin(struct put *put, struct put_run *run, const struct shape *shape)
{
    *put = (struct put){ .run = run, .shape = shape };
    if (!lens_room(run->arena, put_notes(shape), &run->full))
        return false;
    put->slots = arena_alloc(run->arena, sizeof(uint32_t) * shape->dialect_slots);
    put->cells = arena_alloc(run->arena, sizeof(struct cell) * shape->canonical_slots);
    put->kept = arena_alloc(run->arena, sizeof(struct str) * shape->dialect_slots);
    put_clear(put);
    return true;
}

void put_clear(struct put *put)
{
    memset(put->slots, 0xff, sizeof(uint32_t) * put->shape->dialect_slots);
    memset(put->cells, 0, sizeof(struct cell) * put->shape->canonical_slots);
    memset(put->kept, 0, sizeof(struct str) * put->shape->dialect_slots);
    put->keeps = false;
    put->unknowns = (struct unknowns){ .arena = put->run->arena, .slots = put->shape->dialect_slots };
}

/* A null group clears what it holds and put may write; what is only read stays out of it. */
static void clear_members(struct put *put, const struct node *group)
{
    for (const struct node *child = group->first; child; child = child->next) {
        const struct field *field = child->field;
        if (!field)
            clear_members(put, child);
        else if (!(field->read_only & MODE_UPDATE) && field->source != FROM_CONST)
            put->slots[child->slot] = SLOT_CLEARED;
    }
}

static void judge_group(struct put *put, const struct node *group)
{
    struct put_run *run = put->run;
    uint32_t at = put->slots[group->slot];

    if (at == TAPE_NONE || tape_type(run->in, at) == JSON_OBJECT || !put_may_fault(put))
        return;
    if (tape_type(run->in, at) != JSON_NULL)
        put_fault_at(put, group->order, FAULT_TYPE, put_path(put, group->path), STR("object"));
    else if (run->mode == MODE_UPDATE)
        clear_members(put, group);
    else if (put_refuses_null(put))
        put_fault_at(put, group->order, FAULT_NULL, put_path(put, group->path), STR("object"));
}

/* Where a document names what it does not know and that may not be kept. */
static void refuse_unknown(struct put *put)
{
    struct put_run *run = put->run;
    bool refused = run->lens->rest == REST_REFUSE || (run->lens->unknown_refuse && !run->whole);

    for (size_t i = 0; i <= put->shape->group_count && refused; i++) {
        const struct node *group = i ? put->shape->groups[i - 1] : put->shape->dialect;
        uint32_t next = unknowns_first(&put->unknowns, group->slot);
        for (; next != UNKNOWN_NONE && put_may_fault(put); next = put->unknowns.items[next].next)
            put_fault_at(put, UINT32_MAX, FAULT_UNKNOWN,
                         put_path_name(put, put_path(put, group->path), put->unknowns.items[next].name),
                         STR("a known member"));
    }
}

void put_object(struct put *put, uint32_t at)
{
    const struct shape *shape = put->shape;
    struct scan scan = { .tape = put->run->in, .slots = put->slots, .unknowns = &put->unknowns };

    scan_object(&scan, shape->dialect, at);
    put_scan_shown(put);
    put_drop_unknowns(put);
    for (size_t i = 0; i < shape->group_count; i++)
        judge_group(put, shape->groups[i]);
    /* Fields with a condition come after those that it speaks of. */
    bool late = false;
    for (size_t i = 0; i < shape->count; i++) {
        late |= shape->fields[i].late;
        if (!shape->fields[i].late)
            put_field(put, &shape->fields[i]);
    }
    for (size_t i = 0; late && i < shape->count; i++)
        if (shape->fields[i].late)
            put_field(put, &shape->fields[i]);
    if (!put->outer)
        put_answer(put);
    if (put->unknowns.heads)
        refuse_unknown(put);
    put->run->full |= put->unknowns.full;
}

void put_bare(struct put *put, const struct field *field, uint32_t at)
{
    put->slots[field->in] = at;
    if (tape_type(put->run->in, at) == JSON_NULL)
        put_fault(put, field, FAULT_NULL);
    else
        put_field(put, field);
}

/* By path: what will come back to this dialect only. */
static void name_kept(struct put *put, const struct node *parent)
{
    struct put_run *run = put->run;

    for (const struct node *child = parent->first; child; child = child->next)
        if (child->group)
            name_kept(put, child);
        else if (put->kept[child->slot].ptr)
            names_add(run->out->kept, run->arena, child->path, &run->full);
    for (uint32_t next = unknowns_first(&put->unknowns, parent->slot); next != UNKNOWN_NONE;
         next = put->unknowns.items[next].next)
        names_add(run->out->kept, run->arena,
                  put_path_name(put, parent->path, put->unknowns.items[next].name), &run->full);
}

static void finish(struct put *put)
{
    struct put_run *run = put->run;
    const struct lens *lens = run->lens;
    struct buf rest = buf_in(run->arena, run->out->rest.ceiling);

    if (lens->rest == REST_MEMBER) {
        if (put_emit_rest(put, &rest))
            put_cell(put, lens->rest_slot, buf_str(&rest));
        run->full |= rest.full;
    } else if (lens->rest == REST_STORE) {
        if (!run->out->kept)
            (void)put_emit_rest(put, &run->out->rest);
        else if (put->keeps || put->unknowns.heads)
            name_kept(put, put->shape->dialect);
    }
    put_emit(put, &run->out->canonical, &run->out->ids);
}

/* Not asked again below: notes, decoded strings and paths. Everything that grows asks for its own room. */
static bool has_room(const struct put_run *run, uint32_t at)
{
    size_t text = tape_raw(run->in, at).len, shown = run->shown ? tape_raw(run->shown, 0).len : 0;

    return arena_room(run->arena) > run->lens->need + 4 * (text + shown) + 32 * 1024;
}

int lens_put(const struct lens *lens, const struct tape *in, uint32_t at, const struct tape *shown,
             const struct lens_context *context, struct arena *arena, struct lens_put *out, struct err *err)
{
    struct put_run run = { .lens = lens,
                           .in = in,
                           .shown = shown,
                           .context = context,
                           .arena = arena,
                           .out = out,
                           .mode = context->mode == LENS_UPDATE ? MODE_UPDATE : MODE_CREATE,
                           .whole = context->mode == LENS_SHOWN };
    struct put put;

    if (!has_room(&run, at) || !put_begin(&put, &run, lens->shape))
        return err_set(err, ERR_TOO_LARGE, "lens: the document needs more memory than it may have");
    if (tape_type(in, at) == JSON_OBJECT)
        put_object(&put, at);
    else
        put_fault_at(&put, 0, FAULT_TYPE, STR(""), STR("object"));
    if (tape_type(in, at) == JSON_OBJECT && !run.whole) {
        put_rules(&put);
        put_stored(&put);
    }
    if (out->faults.count) {
        put_sort_faults(&run);
        if (run.mode == MODE_UPDATE && !shown)
            finish(&put); /* its ids: it may be judged again, beside what is stored */
        return err_set(err, ERR_INVALID, "lens: %zu members are not valid", out->faults.count);
    }
    finish(&put);
    if (run.full || !buf_ok(&out->canonical) || !buf_ok(&out->rest))
        return err_set(err, ERR_TOO_LARGE, "lens: the document needs more memory than it may have");
    return 0;
}
