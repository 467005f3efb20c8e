/* The tape: what it holds, its limits, where faults are, comparing and finding. */
#include "check.h"

#include "base/clock.h"
#include "json/tape.h"

#include <stdlib.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(256u << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct tape read_ok(struct str text)
{
    struct tape tape = { .count = 0 };
    struct tape_fault fault;

    CHECK(tape_read(&tape, arena, text, &tape_default_limits, &fault), "%s at %u", fault.what, fault.offset);
    return tape;
}

static void holds_slices(void **state)
{
    static const struct {
        enum json_type type;
        struct str raw, text;
        uint32_t next, count;
        bool escaped;
    } want[] = {
        { JSON_OBJECT, STR_INIT("{\"a\": [1, \"x\\ny\" ,null],\"b\":{ },\"c\":-0.10e+2}"), STR_INIT(""), 10, 3, false },
        { JSON_STRING, STR_INIT("\"a\""), STR_INIT("a"), 2, 0, false },
        { JSON_ARRAY, STR_INIT("[1, \"x\\ny\" ,null]"), STR_INIT(""), 6, 3, false },
        { JSON_NUMBER, STR_INIT("1"), STR_INIT(""), 4, 0, false },
        { JSON_STRING, STR_INIT("\"x\\ny\""), STR_INIT("x\ny"), 5, 0, true },
        { JSON_NULL, STR_INIT("null"), STR_INIT(""), 6, 0, false },
        { JSON_STRING, STR_INIT("\"b\""), STR_INIT("b"), 7, 0, false },
        { JSON_OBJECT, STR_INIT("{ }"), STR_INIT(""), 8, 0, false },
        { JSON_STRING, STR_INIT("\"c\""), STR_INIT("c"), 9, 0, false },
        { JSON_NUMBER, STR_INIT("-0.10e+2"), STR_INIT(""), 10, 0, false },
    };
    const struct tape tape = read_ok(STR(" {\"a\": [1, \"x\\ny\" ,null],\"b\":{ },\"c\":-0.10e+2}\n"));

    (void)state;
    CHECK(tape.count == COUNT(want), "%u slots", tape.count);
    for (uint32_t i = 0; i < COUNT(want); i++) {
        CHECK(tape_type(&tape, i) == want[i].type, "slot %u", i);
        CHECK(str_eq(tape_raw(&tape, i), want[i].raw), "slot %u: " STR_FMT, i, STR_ARG(tape_raw(&tape, i)));
        CHECK(tape_next(&tape, i) == want[i].next, "slot %u: %u", i, tape_next(&tape, i));
        CHECK(tape_count(&tape, i) == want[i].count, "slot %u: %u", i, tape_count(&tape, i));
        CHECK(tape.slots[i].escaped == want[i].escaped, "slot %u", i);
        if (want[i].type == JSON_STRING)
            CHECK(str_eq(tape_string(&tape, i, arena), want[i].text), "slot %u", i);
    }
}

static void decodes_strings(void **state)
{
    static const struct {
        struct str source, text;
    } cases[] = {
        { STR_INIT("\"\""), STR_INIT("") },
        { STR_INIT("\"plain\""), STR_INIT("plain") },
        { STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR_INIT("\"\\/\b\f\n\r\t") },
        { STR_INIT("\"\\u0041\\u007f\""), STR_INIT("A\x7F") },
        { STR_INIT("\"\\u0080\\u07FF\""), STR_INIT("\xC2\x80\xDF\xBF") },
        { STR_INIT("\"\\u0800\\uffff\""), STR_INIT("\xE0\xA0\x80\xEF\xBF\xBF") },
        { STR_INIT("\"\\ud7ff\\ue000\""), STR_INIT("\xED\x9F\xBF\xEE\x80\x80") },
        { STR_INIT("\"\\uD800\\uDC00\""), STR_INIT("\xF0\x90\x80\x80") },
        { STR_INIT("\"\\uDBFF\\uDFFF\""), STR_INIT("\xF4\x8F\xBF\xBF") },
        { STR_INIT("\"a\\uD83D\\uDE00b\""), STR_INIT("a\xF0\x9F\x98\x80" "b") },
        { STR_INIT("\"\xC3\xA9\\u00e9\""), STR_INIT("\xC3\xA9\xC3\xA9") },
        { STR_INIT("\"\\\\u0041\""), STR_INIT("\\u0041") },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape tape = read_ok(cases[i].source);
        struct str text = tape_string(&tape, 0, arena), want = cases[i].text;
        CHECK(str_eq(text, want), "row %zu: " STR_FMT, i, STR_ARG(text));
        CHECK(tape_string_is(&tape, 0, want), "row %zu", i);
        CHECK(!tape_string_is(&tape, 0, arena_printf(arena, STR_FMT "x", STR_ARG(want))), "row %zu", i);
        CHECK(!want.len || !tape_string_is(&tape, 0, str_of(want.ptr, want.len - 1)), "row %zu", i);
        CHECK(!want.len || !tape_string_is(&tape, 0, STR("")), "row %zu", i);
        if (!tape.slots[0].escaped)
            CHECK(text.ptr == tape_text(&tape, 0).ptr, "row %zu: copied without need", i);
    }
}

static void finds_members(void **state)
{
    const struct tape tape = read_ok(STR("{\"a\":1,\"b\\n\":{\"a\":2},\"\":[],\"\\u00e9\":4,\"ab\":5}"));
    static const struct {
        struct str name, value;
    } cases[] = {
        { STR_INIT("a"), STR_INIT("1") },         { STR_INIT("b\n"), STR_INIT("{\"a\":2}") },
        { STR_INIT(""), STR_INIT("[]") },         { STR_INIT("\xC3\xA9"), STR_INIT("4") },
        { STR_INIT("ab"), STR_INIT("5") },        { STR_INIT("abc"), STR_INIT("") },
        { STR_INIT("b"), STR_INIT("") },          { STR_INIT("b\\n"), STR_INIT("") },
        { STR_INIT("A"), STR_INIT("") },          { STR_INIT("\\u00e9"), STR_INIT("") },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t at = tape_find(&tape, 0, cases[i].name);
        CHECK((at == TAPE_NONE) == !cases[i].value.len, "row %zu", i);
        if (at != TAPE_NONE)
            CHECK(str_eq(tape_raw(&tape, at), cases[i].value), "row %zu", i);
    }
    CHECK(tape_find(&tape, 2, STR("a")) == TAPE_NONE, "a number has no members");
    CHECK(tape_find(&tape, 1, STR("a")) == TAPE_NONE, "a name has no members");
}

static void walks(void **state)
{
    const struct tape tape = read_ok(STR("{\"a\":[[1],[],[2,[3]]],\"b\":{\"c\":{}},\"d\":0}"));
    uint32_t list = tape_find(&tape, 0, STR("a")), count = 0;
    struct str names = STR("abd");

    (void)state;
    for (uint32_t i = tape_first(&tape, 0); i < tape_next(&tape, 0); i = tape_next(&tape, i + 1))
        CHECK(tape_text(&tape, i).ptr[0] == names.ptr[count++], "member %u", count);
    CHECK(count == 3, "%u members", count);
    count = 0;
    for (uint32_t i = tape_first(&tape, list); i < tape_next(&tape, list); i = tape_next(&tape, i))
        count++;
    CHECK(count == 3, "%u elements", count);
}

static void places_faults(void **state)
{
    static const struct {
        struct str text;
        uint32_t offset, line, column;
    } cases[] = {
        { STR_INIT(""), 0, 1, 1 },
        { STR_INIT("x"), 0, 1, 1 },
        { STR_INIT("  x"), 2, 1, 3 },
        { STR_INIT("\nx"), 1, 2, 1 },
        { STR_INIT("\r\n\r\n x"), 5, 3, 2 },
        { STR_INIT("{\n  \"a\": 1,\n  \"a\": 2\n}"), 14, 3, 3 },
        { STR_INIT("[\n\"\xC3\xA9\", x]"), 8, 2, 7 }, /* columns are bytes */
        { STR_INIT("[1,\n"), 4, 2, 1 },
        { STR_INIT("[1]\n\n\n,"), 6, 4, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape tape;
        struct tape_fault fault;
        CHECK(!tape_read(&tape, arena, cases[i].text, &tape_default_limits, &fault), "row %zu", i);
        CHECK(fault.offset == cases[i].offset && fault.line == cases[i].line && fault.column == cases[i].column,
              "row %zu: %u %u:%u", i, fault.offset, fault.line, fault.column);
    }
}

static void keeps_limits(void **state)
{
    static const struct tape_limits small = {
        .bytes = 24, .depth = 3, .members = 2, .elements = 4, .string_bytes = 5, .slots = 9
    };
    static const struct {
        struct str text;
        const char *what; /* NULL: accepted */
        uint32_t offset;
    } cases[] = {
        { STR_INIT("[[[]]]"), NULL, 0 },
        { STR_INIT("{\"a\":{\"a\":{}}}"), NULL, 0 },
        { STR_INIT("[[],[],[[]]]"), NULL, 0 },
        { STR_INIT("[[[[]]]]"), "nested too deeply", 3 },
        { STR_INIT("[[[{}]]]"), "nested too deeply", 3 },
        { STR_INIT("[[[["), "nested too deeply", 3 },
        { STR_INIT("{\"a\":1,\"b\":2}"), NULL, 0 },
        { STR_INIT("{\"a\":1,\"b\":2,\"c\":3}"), "too many members", 12 },
        { STR_INIT("[1,2,3,4]"), NULL, 0 },
        { STR_INIT("[1,2,3,4,5]"), "too many elements", 8 },
        { STR_INIT("\"12345\""), NULL, 0 },
        { STR_INIT("\"123456\""), "string too long", 0 },
        { STR_INIT("[\"\\u0041\"]"), "string too long", 1 },
        { STR_INIT("{\"123456\":1}"), "string too long", 1 },
        { STR_INIT("[[1,2,3],[1,2,3]]"), NULL, 0 },
        { STR_INIT("[[1,2,3],[1,2,3,4]]"), "too many values", 16 },
        { STR_INIT("123456789012345678901234"), NULL, 0 },
        { STR_INIT("1                       "), NULL, 0 },
        { STR_INIT("1                        "), "text too long", 24 },
        { STR_INIT("x                        "), "text too long", 24 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape tape;
        struct tape_fault fault = { .what = NULL };
        bool read = tape_read(&tape, arena, cases[i].text, &small, &fault);
        CHECK(read == !cases[i].what, "row %zu: %s", i, fault.what ? fault.what : "accepted");
        if (!read)
            CHECK(strcmp(fault.what, cases[i].what) == 0 && fault.offset == cases[i].offset && fault.limit,
                  "row %zu: %s at %u", i, fault.what, fault.offset);
    }
}

/* `count` times `piece` between `head` and `tail`; %u in `piece` is the number of the piece. */
static struct str repeat(const char *head, const char *piece, unsigned count, const char *tail)
{
    struct buf buf = buf_in(arena, 64u << 20);

    buf_add(&buf, str_from(head));
    for (unsigned i = 0; i < count; i++) {
        if (i)
            buf_char(&buf, ',');
        struct str left = str_from(piece), part;
        while (str_cut(left, '#', &part, &left)) {
            buf_add(&buf, part);
            buf_uint(&buf, i);
        }
        buf_add(&buf, left);
    }
    buf_add(&buf, str_from(tail));
    CHECK(buf_ok(&buf), "test data too large");
    return buf_str(&buf);
}

static void keeps_default_limits(void **state)
{
    static const struct {
        const char *head, *piece, *tail, *what;
        unsigned most; /* accepted; one more is not */
    } cases[] = {
        { "{", "\"k#\":#", "}", "too many members", 4096 },
        { "[", "#", "]", "too many elements", 65536 },
    };
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str most = repeat(cases[i].head, cases[i].piece, cases[i].most, cases[i].tail);
        struct str more = repeat(cases[i].head, cases[i].piece, cases[i].most + 1, cases[i].tail);
        CHECK(tape_read(&tape, arena, most, &tape_default_limits, &fault), "row %zu: %s", i, fault.what);
        CHECK(tape_count(&tape, 0) == cases[i].most, "row %zu: %u", i, tape_count(&tape, 0));
        CHECK(!tape_read(&tape, arena, more, &tape_default_limits, &fault), "row %zu", i);
        CHECK(fault.limit && strcmp(fault.what, cases[i].what) == 0, "row %zu: %s", i, fault.what);
    }
    struct str slots = repeat("[", "[#,1,2,3,4,5,6,7,8,9,10,11,12,13,14]", 62499, "]");
    CHECK(tape_read(&tape, arena, slots, &tape_default_limits, &fault), "%s", fault.what);
    slots = repeat("[", "[#,1,2,3,4,5,6,7,8,9,10,11,12,13,14]", 62500, "]");
    CHECK(!tape_read(&tape, arena, slots, &tape_default_limits, &fault) && fault.limit, "over a million slots");
}

static void keeps_depth(void **state)
{
    char deep[200000];
    struct tape tape;
    struct tape_fault fault;
    struct tape_limits limits = tape_default_limits;

    (void)state;
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    CHECK(tape_read(&tape, arena, str_of(deep + 100000 - 64, 128), &limits, &fault), "%s", fault.what);
    CHECK(!tape_read(&tape, arena, str_of(deep + 100000 - 65, 130), &limits, &fault), "65 deep");
    CHECK(fault.limit && fault.offset == 64, "%s at %u", fault.what, fault.offset);
    /* The reader does not recurse, so a depth that would break a stack is only a number. */
    limits.depth = 100000;
    CHECK(tape_read(&tape, arena, str_of(deep, 200000), &limits, &fault), "%s", fault.what);
    CHECK(tape.count == 100000 && tape_next(&tape, 0) == 100000, "%u", tape.count);
}

/* Names in any number: hostile ones share length and ends, are escaped, or come in the worst order. */
static void finds_duplicates_among_many(void **state)
{
    static const char *const pieces[] = { "\"k#k\":1", "\"\\u006b#\":1", "\"aaaaaaaaaaaaaaaaaaaaaaaaa#a\":{}", "\"\\n#\\n\":[]" };
    static const unsigned counts[] = { 2, 15, 16, 17, 31, 32, 33, 34, 100, 4095 };
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (size_t p = 0; p < COUNT(pieces); p++) {
        for (size_t c = 0; c < COUNT(counts); c++) {
            struct str unique = repeat("{", pieces[p], counts[c], "}");
            CHECK(tape_read(&tape, arena, unique, &tape_default_limits, &fault), "%zu/%u: %s", p, counts[c], fault.what);
            for (unsigned again = 0; again < counts[c]; again += 1 + counts[c] / 3) {
                struct str name = tape_raw(&tape, again * 2 + 1);
                struct str text = arena_printf(arena, "%.*s," STR_FMT ":1}", (int)unique.len - 1, unique.ptr,
                                               STR_ARG(name));
                struct tape other;
                CHECK(!tape_read(&other, arena, text, &tape_default_limits, &fault), "%zu/%u", p, counts[c]);
                CHECK(strcmp(fault.what, "duplicate member name") == 0 && fault.offset == unique.len,
                      "%zu/%u: %s at %u", p, counts[c], fault.what, fault.offset);
            }
        }
        arena_reset(arena);
    }
}

/* The first duplicate in the text is the one that is named, few or many. */
static void names_first_duplicate(void **state)
{
    static const unsigned counts[] = { 3, 100 };
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (size_t c = 0; c < COUNT(counts); c++) {
        struct str head = repeat("{", "\"#\":0", counts[c], "");
        struct str text = arena_printf(arena, STR_FMT ",\"z\":1,\"2\":2,\"1\":3,\"0\":4}", STR_ARG(head));
        CHECK(!tape_read(&tape, arena, text, &tape_default_limits, &fault), "%u", counts[c]);
        CHECK(fault.offset == head.len + 7, "%u: at %u", counts[c], fault.offset - (unsigned)head.len);
    }
}

/* 160 objects of 4,096 names each are no reason to stop answering. The bound is generous: compared each with each,
 * under a sanitizer, they take minutes. */
static void many_names_are_quick(void **state)
{
    struct buf buf = buf_in(arena, 64u << 20);
    struct str object = repeat("{", "\"k#k\":1", 4096, "}");
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    buf_char(&buf, '[');
    for (int i = 0; i < 120; i++) {
        buf_add(&buf, object);
        buf_add(&buf, i < 119 ? STR(",") : STR("]"));
    }
    uint64_t start = clock_monotonic_ms();
    bool read = tape_read(&tape, arena, buf_str(&buf), &tape_default_limits, &fault);
    CHECK(read, "%s", fault.what);
    CHECK(clock_monotonic_ms() - start < 10000, "took %u ms", (unsigned)(clock_monotonic_ms() - start));
}

/* Few are walked over, many are looked up; a search must not tell which. */
static void finds_among_many(void **state)
{
    static const char *const pieces[] = { "\"k#\":#", "\"\\u006b#\":#", "\"k#\":{\"x\":#}" };
    static const unsigned counts[] = { 1, 32, 33, 34, 1000 };

    (void)state;
    for (size_t p = 0; p < COUNT(pieces); p++) {
        for (size_t c = 0; c < COUNT(counts); c++) {
            struct str list = repeat("[{\"a\":1},", arena_cstr(arena, repeat("{", pieces[p], counts[c], "}")), 3, "]");
            struct tape tape = read_ok(list), other = read_ok(STR("[\"k0\",\"\\u006b0\"]"));
            for (uint32_t at = 4; at < tape_next(&tape, 0); at = tape_next(&tape, at)) {
                for (unsigned i = 0; i < counts[c]; i++) {
                    uint32_t found = tape_find(&tape, at, arena_printf(arena, "k%u", i));
                    uint32_t name = at + 1 + i * (p == 2 ? 4 : 2);
                    CHECK(found == name + 1, "%zu/%u: k%u at %u", p, counts[c], i, found);
                }
                CHECK(tape_find(&tape, at, STR("k")) == TAPE_NONE, "%zu/%u", p, counts[c]);
                CHECK(tape_find(&tape, at, STR("")) == TAPE_NONE, "%zu/%u", p, counts[c]);
                CHECK(tape_find(&tape, at, STR_NONE) == TAPE_NONE, "%zu/%u", p, counts[c]);
                CHECK(tape_find(&tape, at, STR("k9999")) == TAPE_NONE, "%zu/%u", p, counts[c]);
                CHECK(tape_find(&tape, at, STR("\\u006b0")) == TAPE_NONE, "%zu/%u", p, counts[c]);
            }
            CHECK(tape_find(&tape, 1, STR("a")) == 3, "the small object beside them");
            CHECK(tape_string_is(&other, 1, STR("k0")) && tape_string_is(&other, 2, STR("k0")), "names");
        }
    }
}

static void compares_many(void **state)
{
    struct buf turned = buf_in(arena, 1u << 20);
    struct str text = repeat("{", "\"k#\":{\"n\":#}", 300, "}");

    (void)state;
    buf_char(&turned, '{');
    for (unsigned i = 300; i-- > 0;)
        buf_printf(&turned, "\"\\u006b%u\":{\"n\":%u.0}%s", i, i, i ? "," : "}");
    struct tape a = read_ok(text), b = read_ok(buf_str(&turned));
    CHECK(tape_equal(&a, 0, &b, 0) && tape_equal(&b, 0, &a, 0), "order matters");
    struct tape c = read_ok(repeat("{", "\"k#\":{\"n\":1}", 300, "}"));
    CHECK(!tape_equal(&a, 0, &c, 0), "values do not matter");
    struct tape d = read_ok(repeat("{", "\"l#\":{\"n\":#}", 300, "}"));
    CHECK(!tape_equal(&a, 0, &d, 0), "names do not matter");
}

/* Whatever the ceiling, the reader never asks the arena for more than it has. */
static void keeps_arena_ceiling(void **state)
{
    static const char *const pieces[] = { "1", "{\"\\u0061\":1,\"b\":2}", "\"xyz\"" };
    struct tape tape;
    struct tape_fault fault;

    (void)state;
    for (size_t p = 0; p < COUNT(pieces); p++) {
        struct str text = repeat("[", pieces[p], 3000, "]");
        bool before = false;
        for (size_t ceiling = 0; ceiling < 1000000; ceiling = ceiling * 5 / 4 + 1) {
            struct arena *tight = arena_new(ceiling);
            fault = (struct tape_fault){ .what = "none" };
            bool read = tape_read(&tape, tight, text, &tape_default_limits, &fault);
            CHECK(read || fault.limit, "%zu: %s", ceiling, fault.what);
            CHECK(read || !before, "%zu: smaller ceilings sufficed", ceiling);
            before = read;
            arena_free(&tight);
        }
        CHECK(before, "%s", pieces[p]);
    }
    struct str names = repeat("{", "\"\\u0061#\":1", 200, "}");
    for (size_t ceiling = 0; ceiling < 40000; ceiling += 100) {
        struct arena *tight = arena_new(ceiling);
        CHECK(tape_read(&tape, tight, names, &tape_default_limits, &fault) || fault.limit, "%zu", ceiling);
        arena_free(&tight);
    }
}

static const struct {
    struct str a, b;
    bool equal;
} pairs[] = {
    { STR_INIT("null"), STR_INIT(" null "), true },
    { STR_INIT("true"), STR_INIT("true"), true },
    { STR_INIT("1"), STR_INIT("1.0"), true },
    { STR_INIT("1e2"), STR_INIT("100"), true },
    { STR_INIT("\"a\""), STR_INIT("\"\\u0061\""), true },
    { STR_INIT("\"\\u00e9\\n\""), STR_INIT("\"\xC3\xA9\\u000A\""), true },
    { STR_INIT("\"\\u0061b\""), STR_INIT("\"a\\u0062\""), true },
    { STR_INIT("[]"), STR_INIT("[ ]"), true },
    { STR_INIT("[1,[2,{}]]"), STR_INIT("[1.0,[2e0,{}]]"), true },
    { STR_INIT("{}"), STR_INIT("{}"), true },
    { STR_INIT("{\"a\":1,\"b\":2}"), STR_INIT("{\"b\":2,\"a\":1}"), true },
    { STR_INIT("{\"a\":{\"x\":[],\"y\":0}}"), STR_INIT("{\"\\u0061\":{\"y\":-0,\"x\":[]}}"), true },
    { STR_INIT("{\"a\":1,\"b\":2,\"c\":3}"), STR_INIT("{\"c\":3,\"a\":1,\"b\":2}"), true },
    { STR_INIT("null"), STR_INIT("false"), false },
    { STR_INIT("true"), STR_INIT("false"), false },
    { STR_INIT("0"), STR_INIT("false"), false },
    { STR_INIT("1"), STR_INIT("\"1\""), false },
    { STR_INIT("1"), STR_INIT("1.0000000000000000000000000000001"), false },
    { STR_INIT("9007199254740993"), STR_INIT("9007199254740992"), false },
    { STR_INIT("\"a\""), STR_INIT("\"A\""), false },
    { STR_INIT("\"a\""), STR_INIT("\"\\u0061b\""), false },
    { STR_INIT("\"\\u0061\""), STR_INIT("\"\\u0061\\u0062\""), false },
    { STR_INIT("\"\\\\n\""), STR_INIT("\"\\n\""), false },
    { STR_INIT("\"\xC3\xA9\""), STR_INIT("\"e\xCC\x81\""), false },
    { STR_INIT("[]"), STR_INIT("{}"), false },
    { STR_INIT("[]"), STR_INIT("[null]"), false },
    { STR_INIT("[1,2]"), STR_INIT("[2,1]"), false },
    { STR_INIT("[1,2]"), STR_INIT("[1,2,3]"), false },
    { STR_INIT("[[1],2]"), STR_INIT("[[1,2]]"), false },
    { STR_INIT("{}"), STR_INIT("{\"a\":null}"), false },
    { STR_INIT("{\"a\":null}"), STR_INIT("{\"b\":null}"), false },
    { STR_INIT("{\"a\":1}"), STR_INIT("{\"a\":2}"), false },
    { STR_INIT("{\"a\":1,\"b\":2}"), STR_INIT("{\"a\":2,\"b\":1}"), false },
    { STR_INIT("{\"a\":1,\"b\":2}"), STR_INIT("{\"a\":1,\"c\":2}"), false },
    { STR_INIT("{\"a\":{\"b\":1}}"), STR_INIT("{\"a\":{\"b\":1,\"c\":1}}"), false },
};

static void compares(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct tape a = read_ok(pairs[i].a), b = read_ok(pairs[i].b);
        CHECK(tape_equal(&a, 0, &b, 0) == pairs[i].equal, "row %zu", i);
        CHECK(tape_equal(&b, 0, &a, 0) == pairs[i].equal, "row %zu, turned", i);
        CHECK(tape_equal(&a, 0, &a, 0) && tape_equal(&b, 0, &b, 0), "row %zu, each with itself", i);
    }
}

static void leaves_text_alone(void **state)
{
    struct tape tape = read_ok(STR("[0.10,1E400,\"\\u0041\"]"));
    struct tape_fault fault;
    struct str none = STR_NONE;

    (void)state;
    CHECK(str_is(tape_raw(&tape, 1), "0.10") && str_is(tape_raw(&tape, 2), "1E400"), "numbers keep their digits");
    CHECK(str_is(tape_text(&tape, 3), "\\u0041"), "text is as written");
    CHECK(!tape_read(&tape, arena, none, &tape_default_limits, &fault) && fault.offset == 0, "a NULL text is empty");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(holds_slices),
        TEST(decodes_strings),
        TEST(finds_members),
        TEST(walks),
        TEST(places_faults),
        TEST(keeps_limits),
        TEST(keeps_default_limits),
        TEST(keeps_depth),
        TEST(finds_duplicates_among_many),
        TEST(names_first_duplicate),
        TEST(many_names_are_quick),
        TEST(finds_among_many),
        TEST(compares_many),
        TEST(keeps_arena_ceiling),
        TEST(compares),
        TEST(leaves_text_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
