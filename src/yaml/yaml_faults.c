/* Reads the place that yaml_fault wrote before its words. */
#include "yaml/yaml.h"

struct place {
    struct str file; /* empty: it has none */
    uint64_t line, column;
};

static struct place place_of(const struct err *fault)
{
    struct place place = { 0 };
    struct str rest = str_from(fault->detail), file, line, column;
    struct str after = rest;

    /* A path may hold colons: the file's name ends where two numbers follow. */
    while (str_cut(after, ':', &file, &after)) {
        struct str words;
        file = str_of(rest.ptr, (size_t)(after.ptr - rest.ptr) - 1);
        if (str_cut(after, ':', &line, &words) && str_cut(words, ':', &column, &words) &&
            str_to_uint(line, &place.line) && str_to_uint(column, &place.column)) {
            place.file = file;
            return place;
        }
    }
    return (struct place){ 0 };
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Of one file: by place. */
static int compare_places(const struct place *a, const struct place *b)
{
    int lines = compare(a->line, b->line);

    return lines ? lines : compare(a->column, b->column);
}

/* Where a fault belongs among the first `count`; SIZE_MAX: one is at its place. */
static size_t find_room(const struct err_list *faults, size_t count, const struct err *fault)
{
    struct place place = place_of(fault);
    size_t room = count;
    bool later = false;

    for (size_t i = count; i-- > 0 && place.file.len;) {
        struct place other = place_of(&faults->items[i]);
        if (!str_eq(other.file, place.file))
            continue;
        int order = compare_places(&other, &place);
        if (order <= 0)
            return order == 0 ? SIZE_MAX : later ? room : i + 1;
        room = i;
        later = true;
    }
    return room;
}

void yaml_sort_faults(struct err_list *faults)
{
    size_t count = 0;

    for (size_t i = 0; i < faults->count; i++) {
        struct err fault = faults->items[i];
        size_t room = find_room(faults, count, &fault);
        if (room == SIZE_MAX)
            continue;
        memmove(&faults->items[room + 1], &faults->items[room], (count - room) * sizeof fault);
        faults->items[room] = fault;
        count++;
    }
    faults->count = count;
}
