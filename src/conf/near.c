/* Finding settings by name, and what a misspelt name meant. */
#include "conf/table.h"

const struct setting *setting_find(struct str key)
{
    for (size_t i = 0; i < setting_count; i++)
        if (str_is(key, settings[i].key))
            return &settings[i];
    return NULL;
}

bool setting_section(struct str key)
{
    for (size_t i = 0; i < setting_count; i++) {
        struct str known = str_from(settings[i].key);
        if (known.len > key.len && str_starts(known, key) && known.ptr[key.len] == '.')
            return true;
    }
    return false;
}

static struct str last_part(struct str key)
{
    struct str head, tail = key;

    while (str_cut(tail, '.', &head, &tail))
        continue;
    return tail;
}

const struct setting *setting_near(struct str key)
{
    const struct setting *best = NULL;
    unsigned best_distance = 3;

    for (size_t i = 0; i < setting_count; i++) {
        struct str known = str_from(settings[i].key);
        unsigned far = str_distance(key, known);
        if (far > 2 && str_eq(last_part(key), last_part(known)))
            far = 2; /* the right name in the wrong section */
        if (far < best_distance) {
            best = &settings[i];
            best_distance = far;
        }
    }
    return best;
}
