/* Objects one after another: what was read before makes the next ones quicker to read, and must change
 * nothing else. */
#include "check.h"

#include "json/tape.h"

#include <stdlib.h>

enum { ROUNDS = 20000, PIECES = 14 };

#define SPACES_16 "                "
#define LONG "long enough to be read "
#define LETTERS_64 "a value that is longer than what is compared of an object at onc"

static struct arena *arena;
static uint64_t state_of_chance = 1;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(64u << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static unsigned chance(unsigned of)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_chance >> 33) % of;
}

/* Names that are equal, equal when decoded, as long as each other, as long as a comparison, or longer. */
static const char *const names[] = { "a",
                                     "\\u0061",
                                     "b",
                                     "",
                                     "patient_id",
                                     "patient_ie",
                                     "thirteen_long",
                                     "fourteen_bytes",
                                     "a name that is longer than one comparison",
                                     "a name that is longer than one comparisom",
                                     "a nbme that is longer than one comparison",
                                     "\xC3\xA9" };
static const char *const values[] = { "1",
                                      "12",
                                      "1.5",
                                      "1e2",
                                      "\"" LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64
                                          LETTERS_64 LETTERS_64 "\"",
                                      "-0.5e3",
                                      "null",
                                      "true",
                                      "\"\"",
                                      "\"x\"",
                                      "\"a\\nb\"",
                                      "{}",
                                      "[]",
                                      "[1,{\"a\":2},{\"a\":3}]",
                                      "{\"a\":1,\"b\":{\"a\":2}}",
                                      "{\"b\":1}",
                                      "[{\"a\":1,\"a\":2}]",
                                      "\"sixteen bytes and more\"" };
static const char *const colons[] = { ":", ":", ":", ":", " :", ": ", "", "\n:\t" };
static const char *const commas[] = { ",", ",", ",", ",", ", ", "\n,", " ", "" };

/* One member of an object, by what was drawn for it. */
struct member {
    unsigned comma, name, colon, value;
};

static struct str write_object(const struct member *members, unsigned count)
{
    struct buf buf = buf_in(arena, 16384);

    buf_char(&buf, '{');
    for (unsigned i = 0; i < count; i++)
        buf_printf(&buf, "%s\"%s\"%s%s", i ? commas[members[i].comma] : "", names[members[i].name], colons[members[i].colon],
                   values[members[i].value]);
    buf_char(&buf, '}');
    return buf_str(&buf);
}

/* An object, and one that differs from it in nothing, or in a few places: mostly both can be read. */
static void draw(struct str *before, struct str *object)
{
    struct member members[PIECES];
    unsigned count = chance(8), first = chance(COUNT(names));

    for (unsigned i = 0; i < count; i++)
        members[i] = (struct member){ .comma = chance(6),
                                      .name = (first + i * 5) % COUNT(names),
                                      .colon = chance(6),
                                      .value = chance(COUNT(values) - 2) };
    *before = write_object(members, count);
    for (unsigned changes = chance(4); changes; changes--) {
        unsigned at = chance(count + 1);
        if (chance(3) == 0 && count < PIECES && ++count)
            memmove(members + at + 1, members + at, sizeof *members * (count - 1 - at));
        else if (at == count || chance(4) == 0)
            continue;
        members[at] = (struct member){ .comma = chance(COUNT(commas)),
                                       .name = chance(COUNT(names)),
                                       .colon = chance(COUNT(colons)),
                                       .value = chance(COUNT(values)) };
    }
    *object = write_object(members, count);
}

struct reading {
    bool ok;
    struct tape tape;
    struct tape_fault fault;
};

/* From memory that ends where the text does. */
static struct reading read_exactly(struct str text)
{
    struct reading reading = { .ok = false };
    char *copy = malloc(text.len + !text.len);

    assert_non_null(copy);
    memcpy(copy, text.ptr, text.len);
    reading.ok =
        tape_read(&reading.tape, arena, str_of(copy, text.len), &tape_default_limits, &reading.fault);
    free(copy);
    return reading;
}

/* The last `count` slots of both, as far as they do not depend on what stands before. */
static void check_slots(const struct tape *plain, const struct tape *after, uint32_t count, struct str text)
{
    const struct tape_slot *a = plain->slots + plain->count - count, *b = after->slots + after->count - count;
    uint32_t text_by = b->at - a->at, slots_by = after->count - plain->count;

    for (uint32_t i = 0; i < count; i++)
        CHECK(a[i].at + text_by == b[i].at && a[i].len == b[i].len && a[i].next + slots_by == b[i].next &&
                  (a[i].type == JSON_STRING || a[i].count == b[i].count) && a[i].type == b[i].type && a[i].escaped == b[i].escaped,
              "slot %u of %u: " STR_FMT, i, count, STR_ARG(text));
}

static bool same_names(const struct tape *tape, uint32_t a, uint32_t b)
{
    uint32_t i = tape_first(tape, a), j = tape_first(tape, b);

    for (; i < tape_next(tape, a) && j < tape_next(tape, b);
         i = tape_next(tape, i + 1), j = tape_next(tape, j + 1))
        if (!str_eq(tape_text(tape, i), tape_text(tape, j)))
            return false;
    return i == tape_next(tape, a) && j == tape_next(tape, b) && tape_count(tape, a) == tape_count(tape, b);
}

/* Whatever has a shape is an object, and has the names of all others that have it. */
static void check_shapes(const struct tape *tape)
{
    for (uint32_t i = 0; i < tape->count; i++) {
        CHECK(!tape_shape(tape, i) || tape_type(tape, i) == JSON_OBJECT, "slot %u has a shape", i);
        for (uint32_t j = 0; j < i && tape_shape(tape, i); j++)
            CHECK(tape_shape(tape, j) != tape_shape(tape, i) || same_names(tape, j, i),
                  "slots %u and %u have one shape: " STR_FMT, j, i, STR_ARG(tape_raw(tape, 0)));
    }
}

/* Strings with one number are the same bytes; a string without one says nothing. */
static unsigned check_same(const struct tape *tape)
{
    unsigned same = 0;

    for (uint32_t i = 0; i < tape->count; i++) {
        uint32_t mark = tape_same(tape, i);
        CHECK(mark < tape->count && (!mark || str_eq(tape_raw(tape, i), tape_raw(tape, mark))),
              "slot %u is not the same as %u: " STR_FMT, i, mark, STR_ARG(tape_raw(tape, 0)));
        CHECK(!mark || !tape_count(tape, i), "slot %u is no container", i);
        same += mark && mark != i;
    }
    return same;
}

/* Looking again finds what looking finds, whatever was found before: also what is not there, or stands elsewhere. */
static void check_finding(const struct tape *tape)
{
    static const char *const sets[][TAPE_WANTED] = { { "a", "b", "brand" }, { "not there", "at", "\xC3\xA9" },
                                                     { "patient_id", "a", "patient_id" } };

    for (size_t i = 0; i < COUNT(sets); i++) {
        struct tape_wanted wanted = { .slots = NULL };
        for (size_t k = 0; k < TAPE_WANTED; k++)
            wanted.names[k] = str_of(sets[i][k], strlen(sets[i][k]));
        for (uint32_t at = 0; at < tape->count; at++) {
            tape_find_wanted(tape, at, &wanted);
            for (size_t k = 0; k < TAPE_WANTED; k++)
                CHECK(wanted.found[k] == tape_find(tape, at, wanted.names[k]), "%s of slot %u: " STR_FMT, sets[i][k], at,
                      STR_ARG(tape_raw(tape, 0)));
        }
    }
}

static struct str cut(struct str text, size_t by)
{
    return str_of(text.ptr, by < text.len ? text.len - by : 0);
}

/* Where two objects may stand; near the end of a text nothing is compared. */
static const struct around {
    struct str begin, middle, end;
} places[] = {
    { STR_INIT("["), STR_INIT(","), STR_INIT("]") },
    { STR_INIT("["), STR_INIT(","), STR_INIT("]" SPACES_16) },
    { STR_INIT("[{\"x\":"), STR_INIT("},{\"x\":"), STR_INIT("}]") },
    { STR_INIT("[{\"x\":"), STR_INIT("},{\"x\":"), STR_INIT("}]" SPACES_16 SPACES_16) },
    { STR_INIT("{\"m\":"), STR_INIT(",\"n\":"), STR_INIT("}") },
    { STR_INIT("[["), STR_INIT("],["), STR_INIT("]]") },
    { STR_INIT("[{\"x\":["), STR_INIT("],\"y\":1},{\"x\":["), STR_INIT("]}]") },
};

static struct str write_around(const struct around *around, struct str before, struct str object)
{
    return arena_printf(arena, STR_FMT STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(around->begin),
                        STR_ARG(before), STR_ARG(around->middle), STR_ARG(object), STR_ARG(around->end));
}

/* `object` where an array has something else before it, and where it has one like it. */
static bool compare(const struct around *around, struct str before, struct str object, size_t less)
{
    size_t most = object.len + around->end.len;
    struct str plain_text = cut(write_around(around, STR("0"), object), less < most ? less : most);
    struct str after_text = cut(write_around(around, before, object), less < most ? less : most);
    struct reading plain = read_exactly(plain_text), after = read_exactly(after_text);

    CHECK(plain.ok == after.ok, "%s: " STR_FMT, plain.ok ? after.fault.what : plain.fault.what,
          STR_ARG(after_text));
    if (plain.ok) {
        struct reading alone = read_exactly(object);
        CHECK(alone.ok, "%s: " STR_FMT, alone.fault.what, STR_ARG(object));
        after.tape.text = after_text.ptr; /* what was read is gone */
        check_shapes(&after.tape);
        (void)check_same(&after.tape);
        check_finding(&after.tape);
        check_slots(&plain.tape, &after.tape, alone.tape.count, after_text);
        return true;
    }
    CHECK(strcmp(plain.fault.what, after.fault.what) == 0 && plain.fault.limit == after.fault.limit &&
              plain_text.len - plain.fault.offset == after_text.len - after.fault.offset,
          "%s at %u, %s at %u: " STR_FMT, plain.fault.what, plain.fault.offset, after.fault.what,
          after.fault.offset, STR_ARG(after_text));
    return false;
}

static void reads_alike(void **state)
{
    unsigned good = 0, bad = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct str before, object;
        draw(&before, &object);
        if (!read_exactly(before).ok) /* it would be the one that is refused */
            continue;
        bool ok = compare(&places[chance(COUNT(places))], before, object, chance(3) ? 0 : chance(40));
        good += ok;
        bad += !ok;
        arena_reset(arena);
    }
    CHECK(good > ROUNDS / 10 && bad > ROUNDS / 10, "%u read, %u refused", good, bad);
}

/* Objects as long as the one before, which differ in some bytes: mostly they are read by a pattern (json/pattern.h). */
static const char *const patterns[] = {
    "{\"id\":\"34e77e01\",\"n\":10,\"t\":true,\"z\":null,\"l\":[1,-20,\"x\"]}",
    "{\"a\":-1.50e+07,\"b\":0,\"c\":0.1,\"d\":-0,\"e\":1E9,\"f\":\"\"}",
    "{\"a\":\"\xC3\xA9t\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\",\"\xC3\xA9\":\"b\"}",
    "{\"a\":\"\\u00e9\\n\\\\\",\"\\u0062\":{\"c\":\"\\ud83d\\ude00\"}}",
    "{ \"a\" : \"b\" , \"c\" : [ \"d\" , 12 ] ,\n\"e\":{ } }",
    "{\"a\":{\"a\":{\"a\":\"a\"}},\"b\":[{\"a\":1},{\"a\":2}]}",
    "{\"a\":\"one \\n two\",\"\\u0062\":1}",
    "{\"a\":\"bytes: thirty-one\",\"b\":1}",
    "{\"a\":\"bytes: thirty-two.\",\"b\":1}",
    "{\"a\":\"bytes: thirty-three\",\"b\":1}",
};

static char *copy_of(const char *text, size_t *len)
{
    *len = strlen(text);
    return (char *)(uintptr_t)arena_copy(arena, str_of(text, *len)).ptr;
}

static void reads_every_byte(void **state)
{
    unsigned good = 0, bad = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(patterns); i++)
        for (size_t at = 1; patterns[i][at + 1]; at++)
            for (unsigned byte = 1; byte < 256; byte++) {
                size_t len;
                char *text = copy_of(patterns[i], &len);
                text[at] = (char)byte;
                if (memchr(text, '{', len) != text) /* it would end the array around it */
                    continue;
                bool ok = compare(&places[0], str_of(patterns[i], len), str_of(text, len), 0);
                good += ok;
                bad += !ok;
                arena_reset(arena);
            }
    CHECK(good > 5000 && bad > 5000, "%u read, %u refused", good, bad);
}

/* Bytes of the object itself and what it is made of elsewhere, in several places. */
static void reads_some_bytes(void **state)
{
    static const char pieces[] = "\"\\{}[]:,0123456789.eE+-\xC3\xA9\xE2\x82\xAC \n\tntfu\x7F\x1F\x80";
    unsigned good = 0, bad = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t len;
        const char *model = patterns[chance(COUNT(patterns))];
        char *text = copy_of(model, &len);
        for (unsigned changes = 1 + chance(4); changes; changes--)
            text[1 + chance((unsigned)len - 2)] = chance(2) ? pieces[chance(sizeof pieces - 1)] : text[chance((unsigned)len)];
        if (!read_exactly(str_of(text, len)).ok && chance(4)) /* most */
            continue;
        bool ok = compare(&places[chance(2)], str_of(model, len), str_of(text, len), 0);
        good += ok;
        bad += !ok;
        arena_reset(arena);
    }
    CHECK(good > ROUNDS / 50 && bad > ROUNDS / 50, "%u read, %u refused", good, bad);
}

/* Objects of several lengths in turn, more than there are patterns for, and back. */
static void reads_many_lengths(void **state)
{
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (unsigned lengths = 1; lengths < 8; lengths++) {
        struct buf buf = buf_in(arena, 1 << 16);
        for (unsigned i = 0; i < 40; i++)
            buf_printf(&buf, "%s{\"number\":%u,\"text\":\"%.*s\"}", i ? "," : "[", 10 + i, (int)(i % lengths), "abcdefgh");
        buf_char(&buf, ']');
        CHECK(tape_read(&tape, arena, buf_str(&buf), &tape_default_limits, &fault), "%s", fault.what);
        assert_int_equal(tape_count(&tape, 0), 40);
        uint32_t at = tape_first(&tape, 0);
        for (unsigned i = 0; i < 40; i++, at = tape_next(&tape, at)) {
            struct str number = tape_raw(&tape, tape_find(&tape, at, STR("number")));
            struct str text = tape_text(&tape, tape_find(&tape, at, STR("text")));
            CHECK(str_eq(number, arena_printf(arena, "%u", 10 + i)) && str_eq(text, str_of("abcdefgh", i % lengths)),
                  "%u of %u: " STR_FMT " " STR_FMT, i, lengths, STR_ARG(number), STR_ARG(text));
        }
        arena_reset(arena);
    }
}

/* A text changes in the midst of a list, and changes back: now and then the same text has another number, never another text the
 * same. */
static void tells_what_is_the_same(void **state)
{
    static const char *const units[] = { "kg", "lb", "kg", "st" };
    unsigned same = 0;

    (void)state;
    for (unsigned turn = 1; turn < 40; turn++) {
        struct buf buf = buf_in(arena, 1 << 16);
        struct tape tape;
        struct tape_fault fault;
        for (unsigned i = 0; i < 80; i++)
            buf_printf(&buf, "%s{\"brand\":\"acme\",\"unit\":\"%s\",\"at\":\"day %u\",\"in\":{\"of\":\"%s\"}}", i ? "," : "[",
                       units[i / turn % COUNT(units)], i, i % 11 ? "one" : "two");
        buf_char(&buf, ']');
        CHECK(tape_read(&tape, arena, buf_str(&buf), &tape_default_limits, &fault), "%s", fault.what);
        same += check_same(&tape);
        check_finding(&tape);
        arena_reset(arena);
    }
    CHECK(same > 39 * 80, "%u are the same", same);
}

/* What was allowed for the model may not be allowed for an object like it: it is deeper, or one too many. */
static void keeps_to_limits(void **state)
{
    const struct str nested = STR("[{\"a\":{\"b\":\"as deep as may be\"}},[{\"a\":{\"b\":\"as deep as may be\"}}]]");
    const struct str list = STR("[{\"a\":\"one of many\"},{\"a\":\"two of many\"},{\"a\":\"the last one\"}]");
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (uint32_t depth = 1; depth < 6; depth++) {
        struct tape_limits limits = tape_default_limits;
        limits.depth = depth;
        CHECK(tape_read(&tape, arena, nested, &limits, &fault) == (depth >= 4), "depth %u", depth);
        assert_true(depth >= 4 || (fault.limit && strcmp(fault.what, "nested too deeply") == 0));
    }
    for (uint32_t most = 1; most < 12; most++) {
        struct tape_limits limits = tape_default_limits;
        limits.slots = most;
        CHECK(tape_read(&tape, arena, list, &limits, &fault) == (most >= 10), "%u slots", most);
        assert_true(most >= 10 || (fault.limit && strcmp(fault.what, "too many values") == 0));
        limits = tape_default_limits;
        limits.elements = most;
        CHECK(tape_read(&tape, arena, list, &limits, &fault) == (most >= 3), "%u elements", most);
        assert_true(most >= 3 || (fault.limit && strcmp(fault.what, "too many elements") == 0));
    }
}

/* Objects whose names are looked up in an index, alone and inside another. */
static void finds_in_large_ones(void **state)
{
    (void)state;
    for (unsigned count = 30; count < 36; count++)
        for (unsigned inside = 0; inside < 2; inside++) {
            struct buf buf = buf_in(arena, 1 << 16);
            struct tape tape;
            struct tape_fault fault;
            for (unsigned i = 0; i < 3; i++) {
                buf_add(&buf, i ? STR(",") : STR("["));
                for (unsigned k = 0; k < count; k++)
                    buf_printf(&buf, "%s\"n%02u\":%u", k ? "," : inside ? "{\"in\":{" : "{", k, 10 + i);
                buf_add(&buf, inside ? STR("}}") : STR("}"));
            }
            buf_char(&buf, ']');
            CHECK(tape_read(&tape, arena, buf_str(&buf), &tape_default_limits, &fault), "%s", fault.what);
            uint32_t at = tape_first(&tape, 0);
            for (unsigned i = 0; i < 3; i++, at = tape_next(&tape, at))
                for (unsigned k = 0; k < count; k++) {
                    uint32_t object = inside ? tape_find(&tape, at, STR("in")) : at;
                    uint32_t found = tape_find(&tape, object, arena_printf(arena, "n%02u", k));
                    CHECK(found != TAPE_NONE && str_eq(tape_raw(&tape, found), arena_printf(arena, "%u", 10 + i)),
                          "member %u of object %u", k, i);
                }
            arena_reset(arena);
        }
}

/* Deeper than models are kept for, and back. */
static void reads_deep_ones(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 60; depth++) {
        struct buf buf = buf_in(arena, 1 << 20);
        for (unsigned twice = 0; twice < 2; twice++) {
            buf_add(&buf, twice ? STR(",") : STR("["));
            for (unsigned i = 0; i < depth; i++)
                buf_add(&buf, STR("{\"a\":1,\"b\":"));
            buf_char(&buf, '0');
            for (unsigned i = 0; i < depth; i++)
                buf_add(&buf, STR(",\"c\":2}"));
        }
        buf_char(&buf, ']');
        struct str text = buf_str(&buf);
        struct reading good = read_exactly(text);
        CHECK(good.ok && good.tape.count == 1 + 2 * (6 * depth + 1), "%u: %u", depth, good.tape.count);
        for (unsigned i = 1; i <= depth; i++) { /* the name of one of the last ones stands twice */
            struct str twice = arena_copy(arena, text);
            size_t at = text.len - 1 - 7 * i + 2;
            ((char *)(uintptr_t)twice.ptr)[at] = 'a';
            struct reading bad = read_exactly(twice);
            CHECK(!bad.ok && bad.fault.offset == at - 1, "%u of %u: at %u", i, depth, bad.fault.offset);
        }
        arena_reset(arena);
    }
}

/* The objects of a list, by letters of their shapes: '.' has none. */
static void tells_shapes(void **state)
{
    static const struct {
        const char *text, *shapes;
    } cases[] = {
        { "[{\"a\":1},{\"a\":2},{\"a\":{}}]", "aaa" },
        { "[{\"a\":1,\"b\":2},{\"a\":1},{\"a\":1},{\"a\":1,\"b\":2}]",
          ".aa." },                                                   /* of fewer names is another */
        { "[{\"a\":1},{\"a\":1,\"b\":2},{\"a\":1,\"b\":2}]", ".aa" }, /* of more, too */
        { "[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2},{\"b\":1,\"a\":2}]", ".aa" },
        { "[{\"a\":1},{\"\\u0061\":1},{\"\\u0061\":1},{\"a\":1}]", ".aa." }, /* as it is written */
        { "[{},{},{\"a\":1},{\"a\":1},{\"b\":1},{\"b\":1}]", "aabbcc" },
        { "[{\"a\":1},7,[],{\"a\":1}]", "a..a" },
        { "[{\"a\":1},{\"a\" :1}]", ".." }, /* it would be alike, but is not looked at that closely */
        { "[{\"a\":\"" LONG "by pattern\"},{\"a\":\"" LONG "By pattern\"},{\"a\":\"shorter\"},{\"a\":\"" LONG "by Pattern\"}]",
          "aaaa" },
        { "[{\"a\":\"" LONG "by pattern\"},{\"b\":\"" LONG "By pattern\"},{\"a\":\"" LONG "by Pattern\"},{\"b\":\"" LONG "by Pattern\"}]",
          "abab" },
        { "[]", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape tape;
        struct tape_fault fault;
        char shapes[16] = "";
        size_t count = 0;
        /* Near the end of the text names are not compared. */
        struct str text = arena_printf(arena, "%s%64s", cases[i].text, "");
        CHECK(tape_read(&tape, arena, text, &tape_default_limits, &fault), "%s", fault.what);
        check_shapes(&tape);
        for (uint32_t at = tape_first(&tape, 0); at < tape_next(&tape, 0); at = tape_next(&tape, at))
            shapes[count++] = tape_shape(&tape, at) ? (char)('a' - 1 + tape_shape(&tape, at)) : '.';
        CHECK(strcmp(shapes, cases[i].shapes) == 0, "%s: %s, expected %s", cases[i].text, shapes,
              cases[i].shapes);
    }
}

/* More shapes than there are numbers: the others have none. */
static void runs_out_of_shapes(void **state)
{
    struct buf buf = buf_in(arena, 1 << 16);
    struct tape tape;
    struct tape_fault fault;
    unsigned i = 0;

    (void)state;
    for (; i < 2 * (TAPE_SHAPES + 3); i++)
        buf_printf(&buf, "%s{\"n%u\":1}", i ? "," : "[", i / 2);
    buf_char(&buf, ']');
    CHECK(tape_read(&tape, arena, buf_str(&buf), &tape_default_limits, &fault), "%s", fault.what);
    check_shapes(&tape);
    i = 0;
    for (uint32_t at = tape_first(&tape, 0); at < tape_next(&tape, 0); at = tape_next(&tape, at), i++)
        CHECK(tape_shape(&tape, at) == (i / 2 < TAPE_SHAPES ? i / 2 + 1 : 0), "%u: %u", i,
              tape_shape(&tape, at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_every_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_some_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_many_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_is_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_to_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_in_large_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_deep_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_out_of_shapes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
