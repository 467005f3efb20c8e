/* What an operation asks besides its own call: a call before it, or after. */
#include "dialect/load.h"

/* The first one says how to read and to undo; for the others that holds, too. */
static int load_one_then(const struct yaml *node, struct thens *thens, struct err *err)
{
    static const char *const first[] = { "call", "param", "member", "read", "undo", NULL };
    static const char *const further[] = { "call", "param", "member", NULL };
    bool leads = !thens->count;

    if (thens->count == THENS_MAX)
        return yaml_fault(node, err, "then: has more than %d calls", THENS_MAX);
    struct then *then = &thens->calls[thens->count++];
    if (yaml_map(node, err) || yaml_only(node, leads ? first : further, err) ||
        yaml_get_text(node, "call", &then->call, err) || yaml_get_text(node, "param", &then->param, err) ||
        yaml_get_text(node, "member", &then->member, err) || yaml_get_text(node, "read", &thens->read, err) ||
        yaml_get_text(node, "undo", &thens->undo, err))
        return -1;
    if (!then->call.len || !then->param.len || !then->member.len || !thens->read.len)
        return yaml_fault(node, err, leads ? "then: needs call, param, member and read" : "then: needs call, param and member");
    return 0;
}

int load_then(const struct yaml *map, struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "then");

    if (!node || node->kind != YAML_LIST)
        return node ? load_one_then(node, &made->thens, err) : 0;
    for (const struct yaml *child = node->first; child; child = child->next)
        if (load_one_then(child, &made->thens, err))
            return -1;
    return 0;
}

int load_inherit(const struct yaml *map, struct arena *arena, struct operation *made, struct err *err)
{
    static const char *const known[] = { "kind", "call", "member", "also", NULL };
    const struct yaml *node = yaml_get(map, "inherit");
    struct inherit *inherit = &made->inherit;

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err) || yaml_get_text(node, "kind", &inherit->kind, err) ||
        yaml_get_text(node, "call", &inherit->call, err) || yaml_get_text(node, "member", &inherit->member, err) ||
        yaml_get_texts(node, "also", arena, &inherit->also, &inherit->also_count, err))
        return -1;
    if (!inherit->kind.len || !inherit->call.len || (!inherit->member.len && !inherit->also_count))
        return yaml_fault(node, err, "inherit: needs kind, call, and member or also");
    return 0;
}

int load_via(const struct yaml *map, struct operation *made, struct err *err)
{
    static const char *const known[] = { "call", "member", "to", NULL };
    const struct yaml *node = yaml_get(map, "via");
    struct via *via = &made->via;

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err) || yaml_get_text(node, "call", &via->call, err) ||
        yaml_get_text(node, "member", &via->member, err) || yaml_get_text(node, "to", &via->to, err))
        return -1;
    if (!via->call.len || !via->member.len || !via->to.len)
        return yaml_fault(node, err, "via: needs call, member and to");
    return made->has_body ? yaml_fault(node, err, "via: stands beside body:, expected an operation that reads") : 0;
}
