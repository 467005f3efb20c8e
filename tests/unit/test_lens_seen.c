/* Of a list, names are looked up once for each shape of its objects: what is shown must be what is shown of
 * each alone. */
#include "test_lens_kit.h"

enum { ROUNDS = 3000, OBJECTS = 12, MEMBERS = 8 };

static unsigned chance(unsigned of)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % of;
}

/* The canonical shape, which get copies; one that is put together; one that has lists and other names. */
static const char *const mappings[] = {
    "fields:\n"
    "  id:   { type: string, is: id }\n"
    "  at:   { type: datetime, is: at }\n"
    "  home: { type: object, is: home }\n"
    "  n:    { type: number, is: n, absent: null }\n",
    "fields:\n"
    "  home:\n"
    "    town:  { type: string, is: home.city }\n"
    "    place: { type: string, is: home.line }\n"
    "  id: { type: string, is: id }\n"
    "  at: { type: datetime, is: at }\n",
    "fields:\n"
    "  list: { type: list, is: more, fields: { a: { type: string, is: id }, b: { type: any, is: home.city } "
    "} }\n"
    "  n:    { type: number, is: n }\n",
};

static const char *const names[] = { "id", "at", "home", "n", "more", "i\\u0064", "other", "nn" };
static const char *const values[] = {
    "null",
    "\"x\"",
    "2",
    "\"2024-01-01T10:00:00.000Z\"",
    "\"2024-01-01T12:00:00+02:00\"",
    "{}",
    "{\"city\":\"c\",\"line\":\"l\"}",
    "{\"line\":\"l\",\"city\":null}",
    "{\"city\":\"c\",\"line\":\"l\",\"id\":1}",
    "[]",
    "[{\"id\":\"1\",\"home\":{\"city\":2}},{\"id\":\"2\",\"home\":{\"city\":3}},{\"id\":\"4\",\"home\":0}]",
    "[{\"id\":\"1\"},7,{\"id\":\"2\"},{\"home\":{\"city\":2},\"id\":\"1\"}]",
};

struct object {
    unsigned names[MEMBERS], values[MEMBERS], count;
};

static bool has(const struct object *object, unsigned name)
{
    for (unsigned i = 0; i < object->count; i++) /* the same name, spelled in two ways, would be refused */
        if (object->names[i] == name || object->names[i] % 5 + name % 5 == 0)
            return true;
    return false;
}

/* The document's own members in the file's order, or any. */
static struct object draw(void)
{
    struct object object = { .count = 0 };
    bool ordered = chance(2);

    for (unsigned i = 0, most = chance(MEMBERS); i < most; i++) {
        unsigned name = ordered ? i : chance(COUNT(names));
        if (!has(&object, name))
            object.names[object.count++] = name;
    }
    for (unsigned i = 0; i < object.count; i++)
        object.values[i] = chance(COUNT(values));
    return object;
}

/* The one before with other values, mostly; sometimes with one member less, or another one altogether. */
static struct object draw_next(struct object object)
{
    if (!chance(6))
        return draw();
    for (unsigned i = 0; i < object.count; i++)
        if (chance(2))
            object.values[i] = chance(COUNT(values));
    if (object.count && !chance(4))
        object.count--;
    return object;
}

static const char *write_one(struct kit *kit, const struct object *object)
{
    struct buf text = buf_in(kit->arena, 4096);

    for (unsigned i = 0; i < object->count; i++)
        buf_printf(&text, "%s\"%s\":%s", i ? "," : "{", names[object->names[i]], values[object->values[i]]);
    buf_add(&text, object->count ? STR("}") : STR("{}"));
    return arena_cstr(kit->arena, buf_str(&text));
}

/* What is shown of the object at `at`, and the members that are not. */
static struct str show(struct kit *kit, const struct tape *in, uint32_t at, struct lens_seen *seen,
                       bool unread)
{
    struct names named = { 0 };
    struct lens_context context = KIT_CONTEXT;
    struct buf text = buf_in(kit->arena, 1 << 16);
    struct id_slots ids = { 0 };

    context.seen = seen;
    context.unread = unread ? &named : NULL;
    context.unread_arena = kit->arena;
    CHECK(lens_get(kit->lens, in, at, NULL, &context, kit->arena, &text, &ids, &kit->err) == 0, "%s",
          kit->err.detail);
    buf_char(&text, ' ');
    buf_add(&text, kit_names(kit, &named));
    return buf_str(&text);
}

static void compare(struct kit *kit, struct lens *const *lenses, struct lens_seen *seen)
{
    struct object object = draw();
    const char *alone[OBJECTS];
    struct buf list = buf_in(kit->arena, 1 << 16);
    unsigned i = 0;

    for (; i < OBJECTS; i++, object = draw_next(object)) {
        alone[i] = write_one(kit, &object);
        buf_printf(&list, "%s%s", i ? "," : "[", alone[i]);
    }
    buf_char(&list, ']');
    const struct tape *in = kit_tape(kit, arena_cstr(kit->arena, buf_str(&list)));
    i = 0;
    for (uint32_t at = tape_first(in, 0); at < tape_next(in, 0); at = tape_next(in, at), i++) {
        bool unread = !chance(3);
        kit->lens = lenses[chance(4) ? 0 : chance(COUNT(mappings))];
        struct str text = show(kit, in, at, seen, unread);
        struct str expected = show(kit, kit_tape(kit, alone[i]), 0, NULL, unread);
        CHECK(str_eq(text, expected), "%s: " STR_FMT ", expected " STR_FMT, alone[i], STR_ARG(text),
              STR_ARG(expected));
    }
}

static void each_is_shown_as_alone(void **state)
{
    struct kit kits[COUNT(mappings)];

    (void)state;
    for (size_t i = 0; i < COUNT(mappings); i++)
        kits[i] = kit_of_fields(mappings[i], (struct lens_style){ 0 });
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct kit kit = { .arena = arena_new(SIZE_MAX) };
        struct lens_seen *seen = lens_seen_new(kit.arena);
        size_t first = round % COUNT(mappings);
        struct lens *lenses[COUNT(mappings)];
        for (size_t i = 0; i < COUNT(mappings); i++)
            lenses[i] = kits[(first + i) % COUNT(mappings)].lens;
        for (unsigned lists = 0; lists < 2; lists++) /* the pages of one */
            compare(&kit, lenses, seen);
        kit_done(&kit);
    }
    for (size_t i = 0; i < COUNT(mappings); i++)
        kit_done(&kits[i]);
}

/* No room to note anything: it is looked up again. */
static void goes_without_room(void **state)
{
    struct kit kit = kit_of_fields(mappings[1], (struct lens_style){ 0 });
    struct arena *small = arena_new(512);
    struct lens_seen *seen = lens_seen_new(small);
    const struct tape *in =
        kit_tape(&kit, "[{\"id\":\"1\",\"home\":{\"city\":\"c\"}},{\"id\":\"2\",\"home\":{\"city\":\"d\"}}]");

    (void)state;
    (void)arena_alloc(small, arena_room(small));
    CHECK_TEXT(show(&kit, in, 1, seen, false), "{\"home\":{\"town\":\"c\"},\"id\":\"1\"} ", "first");
    CHECK_TEXT(show(&kit, in, tape_next(in, 1), seen, false), "{\"home\":{\"town\":\"d\"},\"id\":\"2\"} ",
               "second");
    arena_free(&small);
    kit_done(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_shown_as_alone),
        cmocka_unit_test(goes_without_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
