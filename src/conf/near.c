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

struct str setting_near(struct str key)
{
    struct near near = near_to(key);

    for (size_t i = 0; i < setting_count; i++)
        near_try(&near, str_from(settings[i].key));
    for (size_t i = 0; i < setting_count && !near.best.len; i++)
        if (str_eq(last_part(key), last_part(str_from(settings[i].key))))
            near.best = str_from(settings[i].key); /* the right name in the wrong section */
    return near.best;
}
