/* choose: of an operation that becomes one of two others. */
#include "dialect/load.h"

int load_choose(const struct dialect *dialect, const struct yaml *map, struct operation *made, struct err *err)
{
    static const char *const known[] = { "lookup", "in", "one", "none", "pair", "member", "then", NULL };
    const struct yaml *node = yaml_get(map, "choose");
    struct choose *choose = &made->choose;

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err) || yaml_get_text(node, "lookup", &choose->lookup, err) ||
        yaml_get_text(node, "in", &choose->in, err) || yaml_get_text(node, "one", &choose->one, err) ||
        yaml_get_text(node, "none", &choose->none, err) || yaml_get_text(node, "pair", &choose->pair, err) ||
        yaml_get_text(node, "member", &choose->member, err) || yaml_get_text(node, "then", &choose->then, err))
        return -1;
    if (!choose->lookup.len || !choose->in.len || !choose->one.len || !choose->none.len)
        return yaml_fault(node, err, "choose: needs lookup, in, one and none");
    const struct lookup *lookup = dialect_lookup(dialect, choose->lookup);
    if (!lookup || lookup->match != LOOKUP_ONE)
        return yaml_fault(yaml_get(node, "lookup"), err, "expected the name of a look-up with match: one");
    if (choose->pair.len != 0 && choose->member.len == 0)
        return yaml_fault(node, err, "pair: needs member:");
    return made->has_body && !made->call.len ? 0 : yaml_fault(node, err, "choose: needs body: and stands without call:");
}

static const struct operation *find_operation(const struct dialect *dialect, struct str name)
{
    for (size_t i = 0; i < dialect->operation_count; i++)
        if (str_eq(dialect->operations[i].name, name))
            return &dialect->operations[i];
    return NULL;
}

int load_choices(struct dialect *dialect, struct err *err)
{
    for (size_t i = 0; i < dialect->operation_count; i++) {
        struct operation *made = &dialect->operations[i];
        struct choose *choose = &made->choose;
        const struct yaml *node = yaml_get(made->place, "choose");
        if (!node)
            continue;
        choose->found = find_operation(dialect, choose->one);
        choose->missing = find_operation(dialect, choose->none);
        if (!choose->found || choose->found->path_count != 1 || choose->found->path[0].type != PARAMETER_ID ||
            !choose->found->has_body || !str_eq(choose->found->wrapper, made->wrapper))
            return yaml_fault(yaml_get(node, "one"), err,
                              "expected an operation with one id in its path and the same body");
        if (!choose->missing || choose->missing->path_count || !choose->missing->has_body ||
            !str_eq(choose->missing->wrapper, made->wrapper) || choose->missing->choose.lookup.len)
            return yaml_fault(yaml_get(node, "none"), err, "expected an operation without parameters in its path and "
                                                           "the same body");
    }
    return 0;
}
