/* What put makes of one field: the table of cases that docs/mapping.md describes under its keys. */
#include "lens/put.h"

#include "base/clock.h"
#include "json/write.h"

void put_cell(struct put *put, uint32_t slot, struct str json)
{
    put->cells[slot] = (struct cell){ .state = CELL_JSON, .json = json };
}

void put_null(struct put *put, uint32_t slot)
{
    put->cells[slot] = (struct cell){ .state = CELL_NULL };
}

/* A value may come to nothing, as an array without lines does. */
static void put_text(struct put *put, uint32_t slot, struct str json)
{
    if (!str_is(json, "null"))
        put_cell(put, slot, json);
    else if (put->run->mode == MODE_UPDATE)
        put_null(put, slot);
}

void put_keep(struct put *put, const struct field *field, struct str json)
{
    put->kept[field->in] = json;
    put->keeps = true;
}

void put_unkeep(struct put *put, const struct field *field)
{
    if (put->run->mode == MODE_UPDATE)
        put_keep(put, field, STR("null"));
}

bool put_is_null(const struct put *put, uint32_t at)
{
    return at == SLOT_CLEARED || tape_type(put->run->in, at) == JSON_NULL;
}

/* The canonical text that stands at a leaf, or that `set:` will write there. */
static bool leaf_is(struct put *put, uint32_t slot, const struct literal *wanted)
{
    const struct cell *cell = &put->cells[slot];
    const struct node *leaf = put->shape->leaves[slot];

    if (cell->state != CELL_NONE)
        return cell->state == CELL_JSON && literal_is_json(wanted, cell->json, put->run->arena);
    return put->run->mode == MODE_CREATE && (!put->run->whole || !leaf->shown) && leaf->set_from == SET_LITERAL &&
           literal_is_json(wanted, leaf->set.json, put->run->arena);
}

/* On update the member that the condition speaks of may be the stored one. */
static bool stored_is(struct put *put, const struct field *writer, const struct literal *wanted)
{
    struct put_run run = *put->run;
    struct put probe = *put;
    struct str json;

    run.in = run.shown;
    probe.run = &run;
    uint32_t at = put->shown[writer->in];
    return at != TAPE_NONE && tape_type(run.in, at) != JSON_NULL && writer->codec->put &&
           put_value(&probe, writer, at, &json) == FINE && literal_is_json(wanted, json, run.arena);
}

bool put_applies(struct put *put, const struct field *field)
{
    if (field->when == NO_SLOT)
        return true;
    if (leaf_is(put, field->when, &field->when_value))
        return true;
    if (put->cells[field->when].state != CELL_NONE || !put->shown)
        return false;
    for (size_t i = 0; i < put->shape->count; i++) {
        const struct field *writer = &put->shape->fields[i];
        if (writer->is[0] == field->when && writer->read_only != MODE_BOTH)
            return stored_is(put, writer, &field->when_value);
    }
    return false;
}

int put_value(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    int fault = put_limits(put, field, at);

    if (fault == FINE)
        fault = field->codec->put(put, field, at, json);
    if (fault != FINE || !field->enum_count)
        return fault;
    return put_enum(put, field, at, json);
}

/* Another field that stands for the same parameter of the call. */
static bool has_alternative(const struct put *put, const struct field *field)
{
    for (size_t i = 0; field->param.ptr && i < put->shape->count; i++) {
        const struct field *other = &put->shape->fields[i];
        if (other != field && str_eq(other->param, field->param) && slot_given(put->slots[other->in]) &&
            !put_is_null(put, put->slots[other->in]))
            return true;
    }
    return false;
}

void put_absent(struct put *put, const struct field *field)
{
    const struct put_run *run = put->run;
    bool picked = field->inside && slot_given(put->slots[field->inside->picked]);

    if ((field->inside && !picked) || put_known(put, field))
        return;
    if (put_demands(put, field)) {
        if (!has_alternative(put, field))
            put_fault(put, field, FAULT_BLANK);
        return;
    }
    if (picked && put_shows_nothing(put, field))
        return; /* nor did the element that was shown have it */
    if (picked && run->mode == MODE_UPDATE)
        put_null(put, field->is[0]); /* an element is sent whole */
    else if (run->mode == MODE_CREATE && !run->whole && field->fallback.json.ptr)
        put_cell(put, field->is[0], field->fallback.json);
}

static void clear(struct put *put, const struct field *field, uint32_t at)
{
    if (field->codec->take) {
        field->codec->take(put, field, at);
        return;
    }
    if (field->source == FROM_REST || field->invalid_keep || field->partial_keep || field->also_count ||
        field->pieces_keep)
        put_unkeep(put, field);
    if (field->source == FROM_CANONICAL && !field->param.ptr)
        put_null(put, field->is[0]);
    if (field->tells)
        put_cell(put, field->tells->slot, field->told_null.json);
}

void put_nothing(struct put *put, const struct field *field, uint32_t at)
{
    const struct put_run *run = put->run;

    if (field->inside && at == SLOT_CLEARED)
        clear(put, field, at); /* there is no element that could lack it */
    else if (put_known(put, field) || (field->null_ignore && run->mode == MODE_UPDATE))
        return;
    else if (put_demands(put, field))
        put_fault(put, field, at == SLOT_CLEARED ? FAULT_NULL : FAULT_BLANK);
    else if (run->mode == MODE_UPDATE && field->null_refuse)
        put_fault(put, field, FAULT_NULL);
    else if (run->mode == MODE_UPDATE)
        clear(put, field, at);
    else if (put_refuses_null(put) && !field->null_absent)
        put_fault(put, field, FAULT_NULL);
    else
        put_absent(put, field);
}

static void put_constant(struct put *put, const struct field *field, uint32_t at)
{
    if (at == SLOT_CLEARED || literal_is(&field->constant, put->run->in, at))
        return;
    for (size_t i = 0; i < field->accept_count; i++)
        if (literal_is(&field->accept[i], put->run->in, at))
            return;
    if (put->run->mode == MODE_CREATE && put_is_null(put, at) && !put_refuses_null(put))
        return;
    put_fault(put, field, FAULT_EQUALS);
}

void put_read_only(struct put *put, const struct field *field, uint32_t at)
{
    /* What get makes of other members is made again by whoever shows the document next. */
    bool made = put->run->whole && (field->source != FROM_NOWHERE || put_is_null(put, at));

    if (at == SLOT_CLEARED || made)
        return;
    if (put->run->lens->style.read_only == READ_ONLY_REFUSE && !put->run->whole)
        put_fault(put, field, FAULT_READ_ONLY);
    else
        put_ignored(put, field);
}

/* A member whose condition does not hold is no member that the dialect knows. */
void put_unknown(struct put *put, const struct field *field, uint32_t at)
{
    if (at == SLOT_CLEARED)
        return;
    if (put->run->lens->rest != REST_REFUSE)
        put_keep(put, field, tape_raw(put->run->in, at));
    else if (put_may_fault(put))
        put_fault_at(put, field->order, FAULT_UNKNOWN, put_field_path(put, field), STR("a known member"));
}

/* What goes to the call and not into the body. */
static void put_parameter(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;
    bool string = tape_type(run->in, at) == JSON_STRING;

    names_add(&run->out->params_name, run->arena, field->param, &run->full);
    names_add(&run->out->params_value, run->arena,
              string ? tape_string(run->in, at, run->arena) : tape_raw(run->in, at), &run->full);
}

/* `otherwise:` shows a kept field that the rest does not have, so a value equal to it needs no keeping. */
static bool shown_anyway(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;

    if (field->otherwise == OTHERWISE_LITERAL)
        return literal_is(&field->otherwise_value, run->in, at);
    if (field->otherwise != OTHERWISE_TABLE || put->cells[field->table.by].state != CELL_JSON)
        return false;
    struct tape key;
    struct tape_fault fault;
    if (!tape_read(&key, run->arena, put->cells[field->table.by].json, &tape_default_limits, &fault))
        return false;
    const struct literal *row = table_find(field->table.table, &key, 0, field->table.column, run->arena);
    return row && literal_is(field->table.as.json.ptr ? &field->table.as : row, run->in, at);
}

static void put_kept(struct put *put, const struct field *field, uint32_t at)
{
    if (shown_anyway(put, field, at))
        put_unkeep(put, field);
    else
        put_keep(put, field, put_as_patch(put, field, at, tape_raw(put->run->in, at)));
}

/* A moment is stored to the millisecond: what is finer is cut off, and said to be. */
static void tell_cut(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    bool stored = field->type == TYPE_DATETIME && field->source == FROM_CANONICAL;

    if (stored && tape_type(in, at) == JSON_STRING && datetime_is_finer(tape_string(in, at, put->run->arena)))
        put_ignored(put, field);
}

static void put_checked(struct put *put, const struct field *field, uint32_t at)
{
    struct str json;
    int fault = put_value(put, field, at, &json);
    bool invalid = fault == FAULT_FORMAT;

    if (invalid && field->invalid_keep) {
        put_keep(put, field, tape_raw(put->run->in, at));
        if (put->run->mode == MODE_UPDATE)
            put_null(put, field->is[0]);
        return;
    }
    if (fault == TOLD)
        return;
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return;
    }
    tell_cut(put, field, at);
    if (put_also(put, field, at))
        put_keep(put, field, tape_raw(put->run->in, at)); /* the canonical value has another word, too */
    else if (field->pieces_keep && !field->inside && tape_count(put->run->in, at) > 1)
        put_keep(put, field, tape_raw(put->run->in, at)); /* get would not cut the text */
    else if (field->partial_keep && partial_time(put->run->in, at, put->run->arena).ptr)
        put_keep(put, field, tape_raw(put->run->in, at)); /* the canonical moment is exacter than that */
    else if (field->invalid_keep || field->partial_keep || field->also_count || (field->pieces_keep && !field->inside))
        put_unkeep(put, field);
    if (field->source == FROM_REST)
        put_kept(put, field, at);
    else if (put_parameter_name(put, field).ptr)
        put_parameter(put, field, at);
    else
        put_text(put, field->is[0], put_as_patch(put, field, at, json));
    if (field->tells)
        put_cell(put, field->tells->slot, field->told_value.json);
    if (field->equals_brand && put->run->whole && put->run->out->set)
        names_add(put->run->out->set, put->run->arena, put->shape->leaves[field->is[0]]->path, &put->run->full);
}

static bool equals_context(const struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;

    if (field->equals_brand)
        return tape_type(in, at) == JSON_STRING && tape_string_is(in, at, put->run->context->brand);
    return !field->equals.json.ptr || literal_is(&field->equals, in, at);
}

static void put_given(struct put *put, const struct field *field, uint32_t at)
{
    if (put_is_null(put, at)) {
        put_nothing(put, field, at);
        return;
    }
    if (put_is_blank(put, field, at)) {
        put_fault(put, field, FAULT_BLANK);
        return;
    }
    if (field->codec->take)
        field->codec->take(put, field, at);
    else if (equals_context(put, field, at))
        put_checked(put, field, at);
    else /* what is no text names no other brand */
        put_fault(put, field, field->equals_brand && tape_type(put->run->in, at) != JSON_STRING ? FAULT_TYPE : FAULT_EQUALS);
}

/* A value that others stored may break a rule of this dialect: as it was shown, it may be sent back all the same. */
static void put_judged(struct put *put, const struct field *field, uint32_t at)
{
    size_t before = put->run->out->faults.count;

    put_given(put, field, at);
    if (put->run->out->faults.count == before || !put_comes_back(put, field, at))
        return;
    put->run->out->faults.count = before;
    put->slots[field->in] = TAPE_NONE; /* as if it had not been sent */
}

static bool has_value(const struct put *put, const struct field *field)
{
    return slot_given(put->slots[field->in]) && !put_is_null(put, put->slots[field->in]);
}

/* Beside one that excludes it, or without the one that it belongs to. */
static bool badly_placed(struct put *put, const struct field *field, uint32_t at)
{
    for (size_t i = 0; i < field->unless_count; i++)
        if (!put_is_null(put, at) && has_value(put, field->unless[i]) && put_applies(put, field->unless[i]))
            return true;
    return field->with && !put_is_null(put, at) && !has_value(put, field->with);
}

/* A new entity has it so: nothing else can be said of it, and this needs not be. */
static bool is_start(const struct put *put, const struct field *field)
{
    return field->starts.json.ptr && put->run->mode == MODE_CREATE && !put->run->whole;
}

static void put_start(struct put *put, const struct field *field, uint32_t at)
{
    if (put_is_null(put, at))
        put_nothing(put, field, at);
    else if (!literal_is(&field->starts, put->run->in, at))
        put_fault(put, field, FAULT_EQUALS);
}

static bool is_fixed(const struct put *put, const struct field *field)
{
    return field->source == FROM_CONST || put_is_read_only(put, field);
}

static void put_one(struct put *put, const struct field *field, uint32_t at)
{
    if (!put_applies(put, field))
        put_unknown(put, field, at);
    else if (field->source == FROM_CONST)
        put_constant(put, field, at);
    else if (put_is_read_only(put, field))
        put_read_only(put, field, at);
    else if (is_start(put, field))
        put_start(put, field, at);
    else if (put_is_shown(put, field, at))
        put->slots[field->in] = TAPE_NONE; /* as if it had not been sent */
    else if (badly_placed(put, field, at))
        put_fault(put, field, FAULT_TOGETHER);
    else
        put_judged(put, field, at);
    if (field->loss.ptr && slot_given(at) && !put_is_null(put, at) && !is_fixed(put, field))
        put_ignored(put, field);
}

/* A constant that the document has to say. */
static bool wants_constant(const struct put *put, const struct field *field)
{
    return (field->required & put->run->mode) && !put->run->whole && put->slots[field->in] == TAPE_NONE;
}

void put_field(struct put *put, const struct field *field)
{
    uint32_t at = put->slots[field->in];

    if (field->chosen)
        return; /* its array speaks for it */
    if (field->part_leads)
        put_parts(put, field);
    else if (field->part_count)
        return; /* the leader speaks for all */
    else if (at != TAPE_NONE)
        put_one(put, field, at);
    else if (field->source == FROM_CONST ? wants_constant(put, field)
                                         : !is_fixed(put, field) && put_applies(put, field))
        put_absent(put, field);
}
