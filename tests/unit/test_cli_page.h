/* The page docs/coverage.md as rows, and members of documents by the paths that it has. */
#pragma once

#include "test_file.h"

#include "lens/test.h"

#include <stdio.h>
#include <string.h>

enum { MOST_VALUES = 64, MOST_ROWS = 80, MOST_PAIRS = 80 };

/* A row of the page, and what the documents said of it. */
struct row {
    struct str member, survives, why;
    unsigned sent, same, gone, other; /* documents that had it, and how it came back */
    unsigned made;                    /* that had it not, and it was there */
    struct str example;
};

struct pair {
    struct str from, resource, to, as;
    struct str demands; /* what it says of documents that do not come back */
    bool none;          /* none comes back */
    struct row rows[MOST_ROWS];
    size_t row_count;
    unsigned back, odd; /* documents that came back; that were refused for another reason than the page has */
    struct str odd_why;
};

static struct arena *arena;
static struct pair pairs[MOST_PAIRS];
static size_t pair_count;

static bool text_has(struct str text, struct str words)
{
    return text.len && memmem(text.ptr, text.len, words.ptr, words.len) != NULL;
}

/* "## a r → b s → a" */
static void read_heading(struct str line)
{
    struct pair *pair = &pairs[pair_count++];
    struct str word[8], part;
    size_t count = 0;

    assert_true(pair_count <= MOST_PAIRS);
    while (count < COUNT(word) && str_next(&line, ' ', &part))
        word[count++] = part;
    assert_int_equal(count, 8);
    *pair = (struct pair){ .from = word[1], .resource = word[2], .to = word[4], .as = word[5] };
}

static struct row *add_row(void)
{
    struct pair *pair = &pairs[pair_count - 1];

    assert_true(pair_count > 0 && pair->row_count < MOST_ROWS);
    return &pair->rows[pair->row_count++];
}

/* "| `member` | class | `there` | survives | why |" */
static void read_row(struct str line)
{
    struct str cell[6] = { 0 }, part;

    for (size_t i = 0; i < COUNT(cell) && str_next(&line, '|', &part); i++)
        cell[i] = str_trim(part);
    *add_row() = (struct row){ .member = str_of(cell[1].ptr + 1, cell[1].len - 2),
                               .survives = cell[4],
                               .why = cell[5] };
}

/* "Kept for this dialect only, …: `member`, `member`." */
static void read_kept(struct str line)
{
    struct str part;

    for (size_t i = 0; str_next(&line, '`', &part); i++)
        if (i % 2)
            *add_row() = (struct row){ .member = part, .survives = STR("no"), .why = STR("kept") };
}

static void read_line(struct str line)
{
    if (str_starts(line, STR("## ")))
        read_heading(line);
    else if (str_starts(line, STR("| `")))
        read_row(line);
    else if (str_starts(line, STR("Kept for this dialect only")))
        read_kept(line);
    else if (str_starts(line, STR("Comes back only with")) || str_starts(line, STR("No document comes back")))
        pairs[pair_count - 1].demands = line;
    if (pair_count && str_starts(line, STR("No document comes back")))
        pairs[pair_count - 1].none = true;
}

/* Reads it into `pairs`. */
static inline void read_pairs(void)
{
    struct str page = test_file_read(arena, SOURCE_DIR "/docs/coverage.md"), line;

    while (str_next(&page, '\n', &line))
        read_line(line);
}

struct values {
    const struct tape *tape;
    uint32_t at[MOST_VALUES];
    size_t count;
    bool unclear; /* on the way is an array of several elements, of which one counts */
};

static bool is_nothing(const struct tape *tape, uint32_t at)
{
    if (tape_type(tape, at) == JSON_NULL)
        return true;
    if (tape_type(tape, at) == JSON_STRING)
        return tape_text(tape, at).len == 0;
    if (tape_type(tape, at) == JSON_ARRAY)
        return tape_count(tape, at) == 0;
    if (tape_type(tape, at) != JSON_OBJECT)
        return false;
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + 1))
        if (!is_nothing(tape, i + 1))
            return false;
    return true;
}

/* "[system=phone]" */
static bool is_such(const struct tape *tape, uint32_t at, struct str condition)
{
    struct str name, value;

    if (!condition.len)
        return true;
    assert_true(str_cut(str_of(condition.ptr + 1, condition.len - 2), '=', &name, &value));
    uint32_t member = tape_type(tape, at) == JSON_OBJECT ? tape_find(tape, at, name) : TAPE_NONE;
    return member != TAPE_NONE && tape_type(tape, member) == JSON_STRING &&
           tape_string_is(tape, member, value);
}

/* Recursion ends with the path and the document's depth. */
static void find_values(struct values *values, struct str path, uint32_t at, struct str condition)
{
    struct str part, rest = path;
    const struct tape *tape = values->tape;

    if (at == TAPE_NONE || is_nothing(tape, at) || values->count == MOST_VALUES)
        return;
    if (!str_next(&rest, '/', &part)) {
        values->at[values->count++] = at;
        return;
    }
    if (tape_type(tape, at) == JSON_ARRAY) {
        bool each = str_is(part, "*");
        values->unclear |= !each && tape_count(tape, at) > 1;
        for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i))
            if (is_such(tape, i, condition))
                find_values(values, each ? rest : path, i, STR_NONE);
    } else if (tape_type(tape, at) == JSON_OBJECT) {
        const char *bracket = memchr(part.ptr, '[', part.len);
        size_t len = bracket ? (size_t)(bracket - part.ptr) : part.len;
        find_values(values, rest, tape_find(tape, at, str_of(part.ptr, len)), str_from_at(part, len));
    }
}

static bool came_back(const struct values *sent, const struct values *back)
{
    if (sent->count != back->count)
        return false;
    for (size_t i = 0; i < back->count; i++)
        if (!tape_equal(sent->tape, sent->at[i], back->tape, back->at[i]))
            return false;
    return true;
}

static void count_row(struct row *row, const struct document *sent, const struct document *back)
{
    struct values before = { .tape = &sent->tape }, after = { .tape = &back->tape };

    find_values(&before, row->member, 0, STR_NONE);
    find_values(&after, row->member, 0, STR_NONE);
    if (before.unclear)
        return;
    if (!before.count) {
        row->made += after.count > 0;
        return;
    }
    bool same = came_back(&before, &after);
    row->sent++;
    row->same += same;
    row->gone += !same && !after.count;
    row->other += !same && after.count;
    if (!row->example.ptr && !same)
        row->example =
            arena_printf(arena, STR_FMT " -> " STR_FMT, STR_ARG(tape_raw(&sent->tape, before.at[0])),
                         STR_ARG(after.count ? tape_raw(&back->tape, after.at[0]) : STR("(none)")));
}
