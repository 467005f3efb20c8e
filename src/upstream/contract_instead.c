/* What stands in the place of a completion that a backend does not have. */
#include "upstream/load.h"

/* These parameters are the call's, too. */
static void add_query(struct contract_call *made, struct arena *arena)
{
    struct str *all = ARENA_ARRAY(arena, struct str, made->query_count + made->beyond_count);

    for (size_t i = 0; i < made->query_count; i++)
        all[i] = made->query[i];
    for (size_t i = 0; i < made->beyond_count; i++)
        all[made->query_count + i] = made->beyond[i];
    made->query = all;
    made->query_count += made->beyond_count;
}

int load_beyond(const struct yaml *map, struct arena *arena, struct contract_call *made, struct err *err)
{
    static const char *const known[] = { "completion", "query", NULL };
    const struct yaml *node = yaml_get(map, "beyond");

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err))
        return -1;
    const struct yaml *name = yaml_get(node, "completion");
    if (!name || !yaml_get(node, "query"))
        return yaml_fault(node, err, "beyond: needs completion: and query:");
    if (yaml_text(name, &made->beyond_name, err) ||
        yaml_get_texts(node, "query", arena, &made->beyond, &made->beyond_count, err))
        return -1;
    add_query(made, arena);
    return 0;
}

/* The member's name, or `{ pair: NAME }`. */
static int load_member(const struct yaml *node, struct contract_rule *made, struct err *err)
{
    static const char *const known[] = { "pair", NULL };

    made->parameter = node->key;
    made->pair = node->kind == YAML_MAP;
    if (!made->pair)
        return yaml_text(node, &made->member, err);
    const struct yaml *member = yaml_get(node, "pair");
    if (yaml_only(node, known, err))
        return -1;
    return member ? yaml_text(member, &made->member, err) : yaml_fault(node, err, "no member, expected pair: NAME");
}

static int load_rules(const struct yaml *node, struct arena *arena, const struct contract_rule **rules,
                      size_t *count, struct err *err)
{
    if (!node)
        return 0;
    if (yaml_map(node, err))
        return -1;
    struct contract_rule *made = ARENA_ARRAY(arena, struct contract_rule, node->count);
    for (const struct yaml *child = node->first; child; child = child->next)
        if (load_member(child, &made[(*count)++], err))
            return -1;
    *rules = made;
    return 0;
}

/* A documented list: what takes the place of a completion must be there. */
static int load_list(const struct yaml *map, const char *key, const struct contract *contract,
                     const struct contract_call **call, struct err *err)
{
    const struct yaml *node = yaml_get(map, key);
    struct str name;

    if (!node)
        return yaml_fault(map, err, "no %s:, expected the name of a documented list", key);
    if (yaml_text(node, &name, err))
        return -1;
    *call = contract_find(contract, name);
    return *call && (*call)->documented && (*call)->items.len
               ? 0
               : yaml_fault(node, err, "\"" STR_FMT "\" is not a documented list, expected one", STR_ARG(name));
}

static int load_each(const struct yaml *map, const struct contract *contract, struct contract_instead *made,
                     struct err *err)
{
    static const char *const known[] = { "call", "member", NULL };
    const struct yaml *node = yaml_get(map, "each"), *member;

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err) ||
        load_list(node, "call", contract, &made->each, err))
        return -1;
    member = yaml_get(node, "member");
    if (!member || yaml_text(member, &made->key, err) || !contract_takes(made->read, made->key))
        return yaml_fault(node, err, "each: needs a member: that is a parameter of the call after read:");
    return 0;
}

int load_instead(const struct yaml *map, struct arena *arena, const struct contract *contract,
                 struct contract_call *call, struct err *err)
{
    static const char *const known[] = { "read", "each", "where", "order", "leave", NULL };
    const struct yaml *node = yaml_get(map, "instead");

    if (!node)
        return 0;
    struct contract_instead *made = ARENA_NEW(arena, struct contract_instead);
    if (yaml_map(node, err) || yaml_only(node, known, err) ||
        load_list(node, "read", contract, &made->read, err) || load_each(node, contract, made, err) ||
        load_rules(yaml_get(node, "where"), arena, &made->where, &made->where_count, err) ||
        load_rules(yaml_get(node, "order"), arena, &made->order, &made->order_count, err) ||
        yaml_get_texts(node, "leave", arena, &made->leave, &made->leave_count, err))
        return -1;
    if (!str_is(call->method, "GET"))
        return yaml_fault(node, err, "instead: of a call that writes, expected it of a GET");
    for (size_t i = 0; i < made->where_count; i++)
        if (!contract_takes(call, made->where[i].parameter))
            return yaml_fault(node, err, STR_FMT " takes no parameter '" STR_FMT "'", STR_ARG(call->name),
                              STR_ARG(made->where[i].parameter));
    call->instead = made;
    return 0;
}
