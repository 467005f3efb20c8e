/* What put says of a document: faults, ignored members, and the paths that name them. */
#include "lens/put.h"

enum { PATH_ROOM = 4096 };

struct str put_path(const struct put *put, struct str path)
{
    if (!put->outer)
        return path;
    struct str list = put_path_index(put->outer, put_field_path(put->outer, put->list), put->index);
    return path.len ? arena_printf(put->run->arena, STR_FMT "/" STR_FMT, STR_ARG(list), STR_ARG(path)) : list;
}

static uint32_t index_of(const struct tape *tape, uint32_t array, uint32_t element)
{
    uint32_t index = 0;

    for (uint32_t at = tape_first(tape, array); at < element; at = tape_next(tape, at))
        index++;
    return index;
}

/* Of a pick's member the element stands between: "phone_numbers/0/value". */
struct str put_field_path(const struct put *put, const struct field *field)
{
    const struct field *pick = field->inside;
    uint32_t element = pick ? put->slots[pick->picked] : TAPE_NONE;

    if (!slot_given(element))
        return put_path(put, field->path);
    struct str head =
        put_path_index(put, put_path(put, pick->path), index_of(put->run->in, put->slots[pick->in], element));
    return arena_printf(put->run->arena, STR_FMT STR_FMT, STR_ARG(head),
                        STR_ARG(str_from_at(field->path, pick->path.len)));
}

struct str put_path_index(const struct put *put, struct str path, size_t index)
{
    return path.len ? arena_printf(put->run->arena, STR_FMT "/%zu", STR_ARG(path), index)
                    : arena_printf(put->run->arena, "%zu", index);
}

struct str put_path_name(const struct put *put, struct str path, uint32_t name)
{
    struct buf longer = buf_in(put->run->arena, SIZE_MAX);
    struct str text = tape_string(put->run->in, name, put->run->arena);

    buf_add(&longer, path);
    if (path.len)
        buf_char(&longer, '/');
    for (size_t i = 0; i < text.len; i++) {
        bool special = text.ptr[i] == '~' || text.ptr[i] == '/';
        if (special)
            buf_add(&longer, text.ptr[i] == '~' ? STR("~0") : STR("~1"));
        else
            buf_char(&longer, text.ptr[i]);
    }
    return buf_str(&longer);
}

bool put_may_fault(struct put *put)
{
    return put->run->out->faults.count < MOST_FAULTS &&
           lens_room(put->run->arena, PATH_ROOM, &put->run->full);
}

void put_fault_at(struct put *put, unsigned order, enum fault_kind kind, struct str path, struct str want)
{
    struct put_run *run = put->run;
    struct faults *faults = &run->out->faults;

    for (const struct put *inner = put; inner->outer; inner = inner->outer)
        order = inner->list->order; /* what is inside a list stands where the list stands */
    if (!put_may_fault(put))
        return;
    struct fault *items =
        lens_grow(run->arena, faults->items, faults->count, &faults->space, sizeof *items, &run->full);
    if (!items)
        return;
    faults->items = items;
    run->orders[faults->count] = order;
    items[faults->count++] = (struct fault){ .kind = kind, .path = path, .want = want };
}

/* For messages such as "must have at least 3 characters". */
static struct str length_want(struct put *put, const struct field *field)
{
    const char *of = field->want.len && str_is(field->want, "array") ? "elements" : "characters";
    struct arena *arena = put->run->arena;
    unsigned long long min = field->min_length, max = field->max_length;

    if (field->has_min_length && field->has_max_length)
        return arena_printf(arena, "%llu to %llu %s", min, max, of);
    return field->has_min_length ? arena_printf(arena, "at least %llu %s", min, of)
                                 : arena_printf(arena, "at most %llu %s", max, of);
}

static struct str range_want(struct put *put, const struct field *field)
{
    struct arena *arena = put->run->arena;

    if (field->min.json.ptr && field->max.json.ptr)
        return arena_printf(arena, STR_FMT " to " STR_FMT, STR_ARG(field->min.text),
                            STR_ARG(field->max.text));
    return field->min.json.ptr ? arena_printf(arena, "at least " STR_FMT, STR_ARG(field->min.text))
                               : arena_printf(arena, "at most " STR_FMT, STR_ARG(field->max.text));
}

/* Without the group that both stand in. */
static struct str sibling(const struct field *field, const struct field *other)
{
    size_t group = field->path.len - field->name.len;

    return str_starts(other->path, str_of(field->path.ptr, group)) ? str_from_at(other->path, group) : other->path;
}

/* Parts of one text belong together; an alternative, or a second name of the same entity, excludes the first. */
static struct str together_want(struct put *put, const struct field *field)
{
    struct buf want = buf_in(put->run->arena, PATH_ROOM);

    if (field->split.ptr || field->type == TYPE_READING)
        return STR("sent with its other parts, or absent");
    if (field->lookup.ptr || field->type == TYPE_ID)
        return STR("absent, as another member names it");
    buf_add(&want, STR("absent"));
    for (size_t i = 0; i < field->unless_count; i++)
        buf_printf(&want, "%s" STR_FMT, i ? " or " : " beside ", STR_ARG(sibling(field, field->unless[i])));
    if (field->with)
        buf_printf(&want, "%s without " STR_FMT, field->unless_count ? ", and" : "", STR_ARG(sibling(field, field->with)));
    return buf_str(&want);
}

struct str put_want(struct put *put, const struct field *field, enum fault_kind kind)
{
    switch (kind) {
    case FAULT_ENUM:
        return field->enum_want;
    case FAULT_LENGTH:
        return length_want(put, field);
    case FAULT_RANGE:
        return range_want(put, field);
    case FAULT_READ_ONLY:
        return STR("absent");
    case FAULT_EQUALS:
        return field->constant.json.ptr ? field->constant.text
               : field->starts.json.ptr ? field->starts.text
               : field->equals_brand    ? put->run->context->brand
                                        : field->equals.text;
    case FAULT_FORMAT:
        if (field->form_count)
            return field->form_want;
        if (field->type == TYPE_READING)
            return STR("reading");
        break;
    case FAULT_TOGETHER:
        return together_want(put, field);
    case FAULT_TYPE:
        if (field->type == TYPE_LINES)
            return STR("array of strings");
        break;
    case FAULT_BLANK:
    case FAULT_NULL:
    case FAULT_UNKNOWN:
    case FAULT_OCCUPIED:
    case FAULT_ID:
        break;
    }
    /* A date that is no text at all is asked for as a date. */
    return field->want;
}

void put_fault(struct put *put, const struct field *field, enum fault_kind kind)
{
    struct faults *faults = &put->run->out->faults;
    size_t before = faults->count;

    if (!put_may_fault(put))
        return;
    put_fault_at(put, field->order, kind, put_field_path(put, field), put_want(put, field, kind));
    if (faults->count > before && kind == FAULT_EQUALS)
        faults->items[before].forbidden = field->equals_brand;
}

/* Few and nearly sorted: an insertion sort, which keeps equals in place. */
void put_sort_faults(struct put_run *run)
{
    struct faults *faults = &run->out->faults;

    for (size_t i = 1; i < faults->count; i++) {
        struct fault fault = faults->items[i];
        unsigned order = run->orders[i];
        size_t at = i;
        for (; at > 0 && run->orders[at - 1] > order; at--) {
            faults->items[at] = faults->items[at - 1];
            run->orders[at] = run->orders[at - 1];
        }
        faults->items[at] = fault;
        run->orders[at] = order;
    }
}

void names_add(struct names *names, struct arena *arena, struct str name, bool *full)
{
    struct str *items = lens_grow(arena, names->items, names->count, &names->space, sizeof *items, full);

    if (!items)
        return;
    names->items = items;
    items[names->count++] = name;
}

void ids_add(struct id_slots *ids, struct arena *arena, struct id_slot slot, bool *full)
{
    struct id_slot *items = lens_grow(arena, ids->items, ids->count, &ids->space, sizeof *items, full);

    if (!items)
        return;
    ids->items = items;
    items[ids->count++] = slot;
}

void put_ignored(struct put *put, const struct field *field)
{
    if (lens_room(put->run->arena, PATH_ROOM, &put->run->full))
        names_add(&put->run->out->ignored, put->run->arena, put_field_path(put, field), &put->run->full);
}
