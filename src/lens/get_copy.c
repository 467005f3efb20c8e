/* Entities whose document is the canonical one, member for member: a dialect of the canonical shape. Then get writes nothing
 * anew: it looks whether it would, and copies. Of a list, the names are compared once for each shape (json/tape.h). */
#include "lens/get.h"

static bool has_root_member(const struct shape *shape, const struct node *node)
{
    const struct node *child = node_child(shape->canonical, node->name);

    return child && child->slot == node->field->is[0];
}

static bool says_the_same(const struct field *field)
{
    for (size_t i = 0; i < field->enum_count; i++)
        if (!str_eq(field->enums[i].canonical.json, field->enums[i].dialect.json))
            return false;
    return !field->enum_count || field->otherwise == OTHERWISE_SAME;
}

/* The field shows a member of the canonical entity under the same name as it stands, whatever stands elsewhere. */
static bool is_copy(const struct shape *shape, const struct node *node)
{
    const struct field *field = node->field;

    if (node->group || field->source != FROM_CANONICAL || field->write_only || field->lookup.ptr ||
        field->when_path.ptr || field->unless_count || field->with || field->split.ptr || field->other_count ||
        field->also_count || field->invalid_keep || field->partial_keep)
        return false;
    return (field->codec->get == get_raw || field->codec->get == get_datetime) && says_the_same(field) &&
           has_root_member(shape, node);
}

void shape_find_copies(struct shape *shape, struct arena *arena)
{
    size_t count = 0;

    for (const struct node *child = shape->dialect->first; child; child = child->next, count++)
        if (!is_copy(shape, child))
            return;
    if (!count)
        return;
    struct copy *copies = ARENA_ARRAY(arena, struct copy, count), *to = copies;
    size_t *judged = ARENA_ARRAY(arena, size_t, count);
    for (const struct node *child = shape->dialect->first; child; child = child->next, to++) {
        *to = (struct copy){ .name = child->name,
                             .null_stays = child->field->absent == ABSENT_NULL,
                             .is_datetime = child->field->codec->get == get_datetime };
        if (!to->null_stays || to->is_datetime)
            judged[shape->judged_count++] = (size_t)(to - copies);
    }
    shape->copies = copies;
    shape->copy_count = count;
    shape->judged = judged;
}

static bool stays(const struct tape *in, uint32_t at, const struct copy *copy)
{
    if (tape_type(in, at) == JSON_NULL)
        return copy->null_stays;
    return !copy->is_datetime || datetime_is_normal(in, at);
}

/* The members' names are the copies'. */
static bool names_match(const struct tape *in, uint32_t at, const struct shape *shape)
{
    const struct copy *copy = shape->copies;

    for (uint32_t name = tape_first(in, at); name < tape_next(in, at); name = tape_next_name(in, name), copy++)
        if (!tape_string_is(in, name, copy->name))
            return false;
    return true;
}

/* Their values are shown as they stand. */
static bool values_stay(const struct tape *in, uint32_t at, const struct shape *shape)
{
    const struct copy *copy = shape->copies;

    if (tape_is_flat(in, at)) {
        for (size_t i = 0; i < shape->judged_count; i++)
            if (!stays(in, (uint32_t)(at + 2 + 2 * shape->judged[i]), &copy[shape->judged[i]]))
                return false;
        return true;
    }
    for (uint32_t name = tape_first(in, at); name < tape_next(in, at); name = tape_next_name(in, name), copy++)
        if (!stays(in, name + 1, copy))
            return false;
    return true;
}

bool get_copy(const struct get_run *run, uint32_t at)
{
    const struct shape *shape = run->lens->shape;
    const struct tape *in = run->in;

    if (!shape->copies || run->rest || run->context->unread || run->lens->style.empty_is_absent ||
        tape_count(in, at) != shape->copy_count)
        return false;
    struct seen_shape *seen = seen_shape(run->context->seen, in, at);
    const bool known = seen && seen->parent == shape->dialect;
    if ((!known && !names_match(in, at, shape)) || !values_stay(in, at, shape))
        return false;
    if (seen && !seen->parent)
        seen->parent = shape->dialect;
    if (seen) {
        run->context->seen->copied = tape_is_flat(in, at) ? shape : NULL;
        run->context->seen->last = at;
    }
    buf_add(run->out, tape_raw(in, at));
    return true;
}

bool lens_copies(const struct lens *lens, const struct tape *in, uint32_t at, struct lens_seen *seen)
{
    const struct shape *shape = lens->shape;

    if (!seen || seen->copied != shape || seen->slots != in->slots || !tape_are_alike(in, at, seen->last))
        return false;
    for (size_t i = 0; i < shape->judged_count; i++) {
        const uint32_t value = (uint32_t)(2 + 2 * shape->judged[i]);
        if (!tape_are_same(in, at + value, seen->last + value) && !stays(in, at + value, &shape->copies[shape->judged[i]]))
            return false;
    }
    seen->last = at;
    return true;
}
