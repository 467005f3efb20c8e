/* A body that another mapping judges than the one that shows what is kept of it. What that one shows from elsewhere would be
 * kept, and never be seen: such a member is one that this body may only be answered. */
#include "lens/put.h"

/* The group of the answer at a path of the document, or NULL. */
static const struct node *group_at(const struct node *root, struct str path)
{
    struct str name;

    while (root && str_next(&path, '/', &name))
        root = node_child(root, name);
    return root && !root->field ? root : NULL;
}

/* The node that shows something else under that name, or NULL. */
static const struct node *hidden_by(const struct put *put, const struct node *group, uint32_t name)
{
    const struct node *child = node_child(group, tape_string(put->run->in, name, put->run->arena));

    return child && !(child->field && child->field->source == FROM_REST) ? child : NULL;
}

/* The caller's own brand is what will be shown. */
static bool says_nothing(const struct put *put, const struct node *by, uint32_t at)
{
    return by->field && by->field->equals_brand && tape_type(put->run->in, at) == JSON_STRING &&
           tape_string_is(put->run->in, at, put->run->context->brand);
}

static void tell(struct put *put, const struct node *group, const struct node *by, uint32_t name)
{
    struct put_run *run = put->run;
    struct str path = put_path_name(put, put_path(put, group->path), name);

    if (says_nothing(put, by, name + 1))
        return;
    if (run->lens->style.read_only != READ_ONLY_REFUSE)
        names_add(&run->out->ignored, run->arena, path, &run->full);
    else if (put_may_fault(put))
        put_fault_at(put, UINT32_MAX, FAULT_READ_ONLY, path, STR("nothing"));
}

/* What is told is taken out of the list: it is not kept. */
static void judge_group(struct put *put, const struct node *group, const struct node *shown)
{
    struct unknowns *unknowns = &put->unknowns;
    uint32_t *link = &unknowns->heads[group->slot];

    while (*link != UNKNOWN_NONE) {
        struct unknown *one = &unknowns->items[*link];
        const struct node *by = hidden_by(put, shown, one->name);
        if (by) {
            tell(put, group, by, one->name);
            *link = one->next;
        } else {
            link = &one->next;
        }
    }
}

void put_answer(struct put *put)
{
    const struct lens *answer = put->run->context->answer;

    for (size_t i = 0; answer && put->unknowns.heads && i <= put->shape->group_count; i++) {
        const struct node *group = i ? put->shape->groups[i - 1] : put->shape->dialect;
        const struct node *shown = group_at(answer->shape->dialect, group->path);
        if (shown)
            judge_group(put, group, shown);
    }
}
