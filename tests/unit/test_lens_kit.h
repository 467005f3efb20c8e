/* What the tests of the lens share: mapping text in, documents through, text out. */
#pragma once

#include "check.h"

#include "lens/lens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kit {
    struct arena *arena;
    struct lens *lens;
    struct lens_put put;
    struct err err;
    int rc;
    struct buf text; /* of get */
    struct id_slots ids;
};

/* 2024-06-07T10:00:00Z */
#define KIT_CONTEXT                                                                                          \
    {                                                                                                        \
        .brand = STR_INIT("acme"), .wall_ms = 1717754400000                                                  \
    }

static inline struct kit kit_of_file(const char *file, struct lens_style style)
{
    struct kit kit = { .arena = arena_new(SIZE_MAX) };
    struct lens_tables *tables;
    char path[4096];

    assert_true(snprintf(path, sizeof path, SOURCE_DIR "/mappings/%s", file) > 0);
    CHECK(lens_tables_load(&tables, kit.arena, SOURCE_DIR "/mappings/tables", &kit.err) == 0, "%s",
          kit.err.detail);
    CHECK(lens_load(&kit.lens, kit.arena, path, &style, tables, &kit.err) == 0, "%s", kit.err.detail);
    return kit;
}

/* The head of a mapping file is the same for all. */
static inline struct kit kit_of_fields(const char *fields, struct lens_style style)
{
    struct kit kit = { .arena = arena_new(SIZE_MAX) };
    struct str text = arena_printf(kit.arena, "dialect: d\nresource: r\nentity: e\n%s", fields);
    struct lens_tables *tables;

    CHECK(lens_tables_load(&tables, kit.arena, SOURCE_DIR "/mappings/tables", &kit.err) == 0, "%s",
          kit.err.detail);
    CHECK(lens_parse(&kit.lens, kit.arena, text, "map.yaml", &style, tables, &kit.err) == 0, "%s",
          kit.err.detail);
    return kit;
}

/* A file that is wrong: the fault has its place, says what was found, and what was expected. */
struct kit_bad {
    const char *text;
    const char *at;   /* "line:column" */
    const char *what; /* how the message begins */
};

static inline void kit_refuses(const struct kit_bad *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct lens_style style = { 0 };
        struct lens_tables *tables;
        struct lens *lens;
        struct err err = { 0 };

        CHECK(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err) == 0, "%s", err.detail);
        int rc = lens_parse(&lens, arena, str_from(bad[i].text), "map.yaml", &style, tables, &err);
        struct str expected = arena_printf(arena, "map.yaml:%s: %s", bad[i].at, bad[i].what);
        CHECK(rc == -1 && err.code == ERR_CONFIG, "case %zu loads: %s", i, bad[i].text);
        CHECK(str_starts(str_from(err.detail), expected), "case %zu: %s\nexpected " STR_FMT, i, err.detail,
              STR_ARG(expected));
        CHECK(strstr(err.detail, "expected"), "case %zu says not what was expected: %s", i, err.detail);
        arena_free(&arena);
    }
}

static inline void kit_done(struct kit *kit)
{
    arena_free(&kit->arena);
}

static inline const struct tape *kit_tape(struct kit *kit, const char *json)
{
    struct tape *tape = ARENA_NEW(kit->arena, struct tape);
    struct tape_fault fault = { 0 };

    if (!json)
        return NULL;
    CHECK(tape_read(tape, kit->arena, str_from(json), &tape_default_limits, &fault), "%s: %s", fault.what,
          json);
    return tape;
}

static inline void kit_put(struct kit *kit, enum lens_mode mode, const char *json, const char *shown)
{
    struct lens_context context = KIT_CONTEXT;
    const struct tape *in = kit_tape(kit, json);

    context.mode = mode;
    kit->put =
        (struct lens_put){ .canonical = buf_in(kit->arena, 1 << 20), .rest = buf_in(kit->arena, 1 << 20) };
    kit->rc = lens_put(kit->lens, in, 0, kit_tape(kit, shown), &context, kit->arena, &kit->put, &kit->err);
}

static inline void kit_get(struct kit *kit, const char *json, const char *rest)
{
    struct lens_context context = KIT_CONTEXT;

    kit->text = buf_in(kit->arena, 1 << 20);
    kit->ids = (struct id_slots){ 0 };
    kit->rc = lens_get(kit->lens, kit_tape(kit, json), 0, kit_tape(kit, rest), &context, kit->arena,
                       &kit->text, &kit->ids, &kit->err);
}

/* The text with every id as "<kind:given>". */
static inline struct str kit_filled(struct kit *kit, struct str text, struct id_slots *ids)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    for (size_t i = 0; i < ids->count; i++) {
        struct id_slot *slot = &ids->items[i];
        slot->found = slot->fill == FILL_NUMBER ? slot->given
                                                : arena_printf(kit->arena, "<" STR_FMT ":" STR_FMT ">",
                                                               STR_ARG(slot->kind), STR_ARG(slot->given));
    }
    lens_fill(text, ids, 0, &out);
    return buf_str(&out);
}

/* "path kind want; path kind want" */
static inline struct str kit_faults(struct kit *kit)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    for (size_t i = 0; i < kit->put.faults.count; i++) {
        const struct fault *fault = &kit->put.faults.items[i];
        buf_printf(&out, "%s" STR_FMT " %s " STR_FMT "%s", i ? "; " : "", STR_ARG(fault->path),
                   fault_name(fault->kind), STR_ARG(fault->want), fault->forbidden ? " forbidden" : "");
    }
    return buf_str(&out);
}

static inline struct str kit_names(struct kit *kit, const struct names *names)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    for (size_t i = 0; i < names->count; i++)
        buf_printf(&out, "%s" STR_FMT, i ? " " : "", STR_ARG(names->items[i]));
    return buf_str(&out);
}
#define CHECK_TEXT(found, expected, ...)                                                                     \
    do {                                                                                                     \
        struct str found_ = (found), expected_ = str_from(expected);                                         \
        if (!str_eq(found_, expected_))                                                                      \
            print_error("found    " STR_FMT "\nexpected " STR_FMT "\n", STR_ARG(found_),                     \
                        STR_ARG(expected_));                                                                 \
        CHECK(str_eq(found_, expected_), __VA_ARGS__);                                                       \
    } while (0)
