/* How a dialect names the place of a fault. */
#include "check.h"

#include "dialect/fault.h"

static void places_are_written_as_the_dialect_does(void **state)
{
    static const struct dialect dots = { .bracket_paths = false }, brackets = { .bracket_paths = true },
                                pointers = { .pointer_paths = true, .pointer_base = STR_INIT("/data") },
                                based = { .pointer_base = STR_INIT("patient") };
    static const struct {
        const struct dialect *dialect;
        const char *path;
        bool many;
        size_t index;
        const char *written;
    } places[] = {
        { &dots, "address/street", false, 0, "address.street" },
        { &dots, "lines/0/street", false, 0, "lines.0.street" },
        { &dots, "name", true, 3, "3.name" },
        { &brackets, "name/0/given/1", false, 0, "name[0].given[1]" },
        { &brackets, "name", true, 3, "[3].name" },
        { &pointers, "attributes/name", false, 0, "/data/attributes/name" },
        { &pointers, "attributes/name", true, 3, "/data/3/attributes/name" },
        { &pointers, "", true, 3, "/data/3" },
        { &pointers, "", false, 0, "/data" },
        { &based, "name", false, 0, "patient.name" },
        { &based, "name", true, 3, "patient.3.name" },
    };
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        struct buf out = buf_in(arena, 256);
        fault_path(places[i].dialect, str_from(places[i].path), places[i].many, places[i].index, &out);
        CHECK(str_is(buf_str(&out), places[i].written), "case %zu: " STR_FMT, i, STR_ARG(buf_str(&out)));
    }
    struct buf beside = buf_in(arena, 256), pointed = buf_in(arena, 256);
    fault_root_path(&based, STR("meta.query"), &beside);
    fault_root_path(&pointers, STR("meta.query"), &pointed);
    assert_true(str_is(buf_str(&beside), "meta.query") && str_is(buf_str(&pointed), "/meta/query"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_written_as_the_dialect_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
