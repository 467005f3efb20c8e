/* Finding settings by name, and what a misspelt name meant. */
#include "conf/table.h"

enum { LONGEST = 48 };

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

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; both at most LONGEST bytes. */
static unsigned distance(struct str a, struct str b)
{
    unsigned row[LONGEST + 1];

    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < b.len; j++) {
            unsigned changed = diagonal + (a.ptr[i] != b.ptr[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(changed, least(row[j], diagonal) + 1);
        }
    }
    return row[b.len];
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

    if (key.len > LONGEST)
        return NULL;
    for (size_t i = 0; i < setting_count; i++) {
        struct str known = str_from(settings[i].key);
        unsigned far = known.len > LONGEST ? best_distance : distance(key, known);
        if (str_eq(last_part(key), last_part(known)))
            far = least(far, 2); /* the right name in the wrong section */
        if (far < best_distance) {
            best = &settings[i];
            best_distance = far;
        }
    }
    return best;
}
