#include "cli/pair.h"

static const struct lens *find(const struct dialect *dialect, struct str entity, struct str resource)
{
    for (size_t i = 0; i < dialect->lens_count; i++)
        if (str_eq(lens_entity(dialect->lenses[i]), entity) &&
            str_eq(lens_resource(dialect->lenses[i]), resource))
            return dialect->lenses[i];
    return NULL;
}

const struct lens *pair_target(const struct dialect *to, const struct lens *from, const char *named)
{
    struct str entity = lens_entity(from);
    const struct lens *only = NULL;
    size_t count = 0;

    if (named)
        return find(to, entity, str_from(named));
    for (size_t i = 0; i < to->lens_count; i++)
        if (str_eq(lens_entity(to->lenses[i]), entity)) {
            only = to->lenses[i];
            count++;
        }
    const struct lens *same = find(to, entity, lens_resource(from));
    if (!same)
        same = find(to, entity, entity);
    return same ? same : count == 1 ? only : NULL;
}
