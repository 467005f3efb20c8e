/* Entities whose document is the canonical one, member for member: a dialect of the canonical shape. Then get writes nothing
 * anew: it looks whether it would, and copies. */
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

bool shape_is_copy(const struct shape *shape)
{
    for (const struct node *child = shape->dialect->first; child; child = child->next)
        if (!is_copy(shape, child))
            return false;
    return shape->dialect->first != NULL;
}

static bool stays(const struct tape *in, uint32_t at, const struct field *field)
{
    if (tape_type(in, at) == JSON_NULL)
        return field->absent == ABSENT_NULL;
    return field->codec->get != get_datetime || datetime_is_normal(in, at);
}

bool get_copy(const struct get_run *run, uint32_t at)
{
    const struct node *node = run->lens->shape->dialect->first;
    const struct tape *in = run->in;

    if (!run->lens->shape->copy || run->rest || run->context->unread || run->lens->style.empty_is_absent)
        return false;
    for (uint32_t name = tape_first(in, at); name < tape_next(in, at); name = tape_next(in, name + 1)) {
        if (!node || !scan_is_named(in, name, node) || !stays(in, name + 1, node->field))
            return false;
        node = node->next;
    }
    if (node)
        return false;
    buf_add(run->out, tape_raw(in, at));
    return true;
}
