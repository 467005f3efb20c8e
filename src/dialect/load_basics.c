#include "dialect/load.h"

int load_number(const struct yaml *map, const char *key, uint64_t min, uint64_t max, unsigned *value, struct err *err)
{
    const struct yaml *node = yaml_get(map, key);
    uint64_t found;

    if (!node)
        return 0;
    if (yaml_uint(node, min, max, &found, err))
        return -1;
    *value = (unsigned)found;
    return 0;
}

int load_sizes(const struct yaml *map, uint64_t limit, unsigned *max, unsigned *usual, struct err *err)
{
    if (load_number(map, "max", 1, limit, max, err))
        return -1;
    *usual = *usual < *max ? *usual : *max;
    return load_number(map, "default", 1, *max, usual, err);
}

int load_pairs(const struct yaml *map, const char *key, struct arena *arena, const struct parameter_word **pairs,
               size_t *count, struct err *err)
{
    const struct yaml *node = yaml_get(map, key);

    if (!node)
        return 0;
    if (yaml_map(node, err))
        return -1;
    struct parameter_word *made = ARENA_ARRAY(arena, struct parameter_word, node->count);
    size_t at = 0;
    for (const struct yaml *child = node->first; child; child = child->next) {
        made[at].said = child->key;
        if (yaml_text(child, &made[at++].meant, err))
            return -1;
    }
    *pairs = made;
    *count = at;
    return 0;
}

int load_template(const struct yaml *map, const char *key, struct arena *arena, const struct template **made,
                  struct err *err)
{
    const struct yaml *node = yaml_get(map, key);
    struct template *fresh;

    if (!node)
        return 0;
    if (template_load(&fresh, arena, node, err))
        return -1;
    *made = fresh;
    return 0;
}

int load_fixed(const struct yaml *map, struct arena *arena, const struct fixed_parameter **made, size_t *count,
               struct err *err)
{
    if (!map)
        return 0;
    if (yaml_map(map, err))
        return -1;
    struct fixed_parameter *fixed = ARENA_ARRAY(arena, struct fixed_parameter, map->count);
    size_t at = 0;
    for (const struct yaml *child = map->first; child; child = child->next, at++) {
        fixed[at].name = child->key;
        if (yaml_text(child, &fixed[at].value, err))
            return -1;
    }
    *made = fixed;
    *count = at;
    return 0;
}
