/* An array whose elements have a mapping of their own. Each element is run and written in turn, so the notes
 * of one run serve all. */
#include "lens/put.h"

struct list {
    struct put *put;
    const struct field *field;
    struct put inner;
    struct buf json, rest; /* the canonical array; what its elements say beyond it, index by index */
    struct id_slots *gaps;
    bool extra; /* an element says more */
};

static void separate(struct buf *buf, uint32_t index)
{
    if (index)
        buf_char(buf, ',');
}

/* An id that nothing names is no element of a parameter. */
static void check_named(struct list *list)
{
    struct put *inner = &list->inner;

    if (!put_parameter_name(list->put, list->field).ptr)
        return;
    const struct field *first = NULL;
    for (size_t i = inner->shape->count; i-- > 0;) {
        const struct field *field = &inner->shape->fields[i];
        uint32_t at = inner->slots[field->in];
        if (field->codec->take != take_id)
            continue;
        if (slot_given(at) && !put_is_null(inner, at))
            return;
        first = field;
    }
    if (first)
        put_fault(inner, first, FAULT_BLANK);
}

/* What the element of a parameter says besides its ids goes with them. */
static void note_beside(struct list *list, size_t first_id)
{
    struct put *inner = &list->inner;
    struct id_slots *ids = &inner->run->out->ids;
    struct buf json = buf_in(inner->run->arena, SIZE_MAX);

    if (!inner->shape->canonical->group)
        return;
    put_emit(inner, &json, list->gaps);
    inner->run->full |= json.full;
    for (size_t i = first_id; i < ids->count && json.len >= 2; i++) {
        ids->items[i].member = list->field->element_id;
        ids->items[i].beside = str_of(json.ptr + 1, json.len - 2);
    }
}

static void take_element(struct list *list, uint32_t index, uint32_t at)
{
    struct put *inner = &list->inner;
    struct put_run *run = inner->run;
    size_t first_id = run->out->ids.count, faults = run->out->faults.count;

    put_clear(inner);
    inner->index = index;
    if (list->field->bare) {
        put_bare(inner, list->field->bare, at);
    } else if (tape_type(run->in, at) != JSON_OBJECT) {
        if (put_may_fault(inner))
            put_fault_at(inner, 0, FAULT_TYPE, put_path(inner, STR_NONE), STR("object"));
        return;
    } else {
        put_object(inner, at);
    }
    if (run->out->faults.count == faults)
        check_named(list);
    if (run->out->faults.count > faults)
        return;
    separate(&list->json, index);
    separate(&list->rest, index);
    if (!put_parameter_name(list->put, list->field).ptr)
        put_emit(inner, &list->json, list->gaps);
    else
        note_beside(list, first_id);
    if (put_emit_rest(inner, &list->rest))
        list->extra = true;
    else
        buf_add(&list->rest, STR("{}"));
}

static void finish(struct list *list)
{
    struct put *put = list->put;

    buf_char(&list->json, ']');
    buf_char(&list->rest, ']');
    put->run->full |= list->json.full || list->rest.full;
    if (list->extra)
        put_keep(put, list->field, buf_str(&list->rest));
    if (!put_parameter_name(put, list->field).ptr)
        put->cells[list->field->is[0]] =
            (struct cell){ .state = CELL_JSON, .json = buf_str(&list->json), .gaps = list->gaps };
}

/* An empty list is a value too: the parameter is named without one. */
static void name_empty(struct put *put, const struct field *field)
{
    struct put_run *run = put->run;

    names_add(&run->out->params_name, run->arena, field->param, &run->full);
    names_add(&run->out->params_value, run->arena, STR(""), &run->full);
}

static void take_null(struct put *put, const struct field *field)
{
    if (put_parameter_name(put, field).ptr)
        name_empty(put, field);
    else
        put_null(put, field->is[0]);
}

void take_list(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;
    const struct tape *in = run->in;

    put_unkeep(put, field);
    if (put_is_null(put, at)) {
        take_null(put, field);
        return;
    }
    int fault = tape_type(in, at) == JSON_ARRAY ? put_limits(put, field, at) : FAULT_TYPE;
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return;
    }
    if (put_parameter_name(put, field).ptr && !tape_count(in, at))
        name_empty(put, field);
    struct list list = { .put = put,
                         .field = field,
                         .json = buf_in(run->arena, SIZE_MAX),
                         .rest = buf_in(run->arena, SIZE_MAX),
                         .gaps = ARENA_NEW(run->arena, struct id_slots) };
    if (!put_begin(&list.inner, run, field->element))
        return;
    list.inner.outer = put;
    list.inner.list = field;
    buf_char(&list.json, '[');
    buf_char(&list.rest, '[');
    uint32_t index = 0;
    for (uint32_t i = tape_first(in, at); i < tape_next(in, at) && !run->full; i = tape_next(in, i))
        take_element(&list, index++, i);
    finish(&list);
}
