/* Writing JSON text and RFC 7396 merging. */
#include "check.h"

#include "json/write.h"

static struct arena *arena;

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

static struct tape read_ok(struct str text)
{
    struct tape tape = { .count = 0 };
    struct tape_fault fault;

    CHECK(tape_read(&tape, arena, text, &tape_default_limits, &fault), "%s at %u in " STR_FMT, fault.what, fault.offset,
          STR_ARG(text));
    return tape;
}

static void writes_strings(void **state)
{
    static const struct {
        struct str text, json;
    } cases[] = {
        { STR_INIT(""), STR_INIT("\"\"") },
        { STR_INIT("plain text"), STR_INIT("\"plain text\"") },
        { STR_INIT("\"\\"), STR_INIT("\"\\\"\\\\\"") },
        { STR_INIT("a\"b\\c"), STR_INIT("\"a\\\"b\\\\c\"") },
        { STR_INIT("\b\f\n\r\t"), STR_INIT("\"\\b\\f\\n\\r\\t\"") },
        { STR_INIT("\x01\x1F"), STR_INIT("\"\\u0001\\u001f\"") },
        { STR_INIT("\x0B\x0E"), STR_INIT("\"\\u000b\\u000e\"") },
        { STR_INIT("a/b\x7F"), STR_INIT("\"a/b\x7F\"") },
        { STR_INIT("\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"), STR_INIT("\"\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80\"") },
        { STR_INIT("\n"), STR_INIT("\"\\n\"") },
        { STR_INIT("x\n"), STR_INIT("\"x\\n\"") },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf = buf_in(arena, 1000);
        json_quote(&buf, cases[i].text);
        CHECK(str_eq(buf_str(&buf), cases[i].json), "row %zu: " STR_FMT, i, STR_ARG(buf_str(&buf)));
        struct tape tape = read_ok(buf_str(&buf));
        CHECK(tape_string_is(&tape, 0, cases[i].text), "row %zu does not read back", i);
    }
}

/* Every byte at every place of text of every length comes back. */
static void quotes_every_byte(void **state)
{
    char text[20];

    (void)state;
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 1; c < 0x80; c++) {
                struct arena *own = arena_new(SIZE_MAX);
                struct buf buf = buf_in(own, 1000);
                memset(text, 'a', len);
                text[at] = (char)c;
                json_quote(&buf, str_of(text, len));
                struct tape tape = read_ok(buf_str(&buf));
                CHECK(tape_string_is(&tape, 0, str_of(text, len)), "byte %d at %zu of %zu", c, at, len);
                arena_free(&own);
            }
}

static void writes_members(void **state)
{
    struct buf buf = buf_in(arena, 1000);
    bool first = true;

    (void)state;
    buf_char(&buf, '{');
    json_member_string(&buf, &first, STR("a\""), STR("x\n"));
    json_member_uint(&buf, &first, STR("b"), UINT64_MAX);
    json_member_raw(&buf, &first, STR(""), STR("[0.10]"));
    json_name(&buf, &first, STR("c"));
    buf_add(&buf, STR("null}"));
    CHECK(str_is(buf_str(&buf), "{\"a\\\"\":\"x\\n\",\"b\":18446744073709551615,\"\":[0.10],\"c\":null}"), STR_FMT,
          STR_ARG(buf_str(&buf)));
    CHECK(!first, "a member was written");
}

static void stops_at_ceiling(void **state)
{
    (void)state;
    for (size_t ceiling = 0; ceiling < 12; ceiling++) {
        struct buf buf = buf_in(arena, ceiling);
        json_quote(&buf, STR("abc\ndef\""));
        CHECK(!buf_ok(&buf) && buf.len <= ceiling, "ceiling %zu, length %zu", ceiling, buf.len);
    }
    struct buf buf = buf_in(arena, 12);
    json_quote(&buf, STR("abc\ndef\""));
    CHECK(buf_ok(&buf) && buf.len == 12, "length %zu", buf.len);
}

static struct str merged(const struct tape *target, uint32_t at, const struct tape *patch)
{
    struct buf buf = buf_in(arena, 1u << 20);

    json_merge_patch(&buf, target, at, patch, 0);
    CHECK(buf_ok(&buf), "does not fit");
    return buf_str(&buf);
}

/* RFC 7396 appendix A, then what it does not show. A NULL target is an absent one. */
static const struct {
    const char *target, *patch, *want;
} merges[] = {
    { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
    { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
    { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
    { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
    { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
    { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
    { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
    { "{\"a\":\"foo\"}", "null", "null" },
    { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
    { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
    { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
    { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    { NULL, "{\"a\":{\"b\":null,\"c\":[null]}}", "{\"a\":{\"c\":[null]}}" },
    { NULL, "5", "5" },
    { NULL, "{}", "{}" },
    { NULL, "{\"a\":null}", "{}" },
    { "{}", "{}", "{}" },
    { "{\"a\":1}", "{}", "{\"a\":1}" },
    { "5", "{\"a\":1}", "{\"a\":1}" },
    { "{\"c\":1,\"a\":2}", "{\"z\":0,\"a\":3,\"b\":4,\"c\":null}", "{\"a\":3,\"z\":0,\"b\":4}" },
    { "{\"a\":{\"x\":1,\"y\":2},\"b\":[ 1 ]}", "{\"a\":{\"y\":null,\"z\":3}}", "{\"a\":{\"x\":1,\"z\":3},\"b\":[ 1 ]}" },
    { "{\"a\":1}", "{\"a\":{\"x\":null,\"y\":2}}", "{\"a\":{\"y\":2}}" },
    { "{\"a\":{\"x\":1}}", "{\"a\":2}", "{\"a\":2}" },
    { "{\"a\":0.10}", "{\"b\":1e400}", "{\"a\":0.10,\"b\":1e400}" },
    { "{\"\\u0061\":1,\"b\\n\":2}", "{\"a\":null,\"b\\u000a\":3}", "{\"b\\n\":3}" },
    { "{\"a\":1}", "{\"\\u0061\":null}", "{}" },
    { "{\"\":1}", "{\"\":null,\"x\":\"\\/\"}", "{\"x\":\"\\/\"}" },
};

static void merges_patches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(merges); i++) {
        struct tape none = { .count = 0 }, patch = read_ok(str_from(merges[i].patch));
        struct tape target = merges[i].target ? read_ok(str_from(merges[i].target)) : none;
        struct str text = merged(&target, merges[i].target ? 0 : TAPE_NONE, &patch);
        CHECK(str_is(text, merges[i].want), "row %zu: " STR_FMT, i, STR_ARG(text));
        /* Applied again it changes nothing more. */
        struct tape once = read_ok(text);
        struct str again = merged(&once, 0, &patch);
        struct tape twice = read_ok(again);
        CHECK(tape_equal(&once, 0, &twice, 0), "row %zu, again: " STR_FMT, i, STR_ARG(again));
    }
}

/* An object in the place of something else, at any depth. */
static void tells_what_a_patch_replaces(void **state)
{
    static const struct {
        const char *target, *patch;
        bool inside;
    } cases[] = {
        { "{}", "{\"a\":{\"b\":{}}}", true },
        { "{\"a\":null}", "{\"a\":{\"b\":1}}", true },
        { "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2,\"c\":{}}}", true },
        { "{\"a\":{\"b\":1}}", "{\"a\":[{}]}", true },
        { "{\"a\":1,\"b\":[{}]}", "{\"a\":\"x\",\"b\":null}", true },
        { "{\"a\":\"\"}", "{\"a\":{}}", false },
        { "{\"a\":false}", "{\"a\":{\"b\":null}}", false },
        { "{\"a\":[]}", "{\"x\":1,\"a\":{}}", false },
        { "{\"a\":{\"b\":0}}", "{\"a\":{\"b\":{\"c\":1}}}", false },
        { "{\"\\u0061\":1}", "{\"a\":{}}", false },
        { "5", "{}", false },
        { "5", "6", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape target = read_ok(str_from(cases[i].target)), patch = read_ok(str_from(cases[i].patch));
        CHECK(json_merges_inside(&target, 0, &patch, 0) == cases[i].inside, "case %zu", i);
    }
}

/* What lies between two documents makes the one of the other. A NULL one is absent. */
static const struct {
    const char *old, *wanted, *patch;
} ways[] = {
    { NULL, "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}" },
    { "5", "{\"a\":1.0}", "{\"a\":1.0}" },
    { "{\"a\":1}", "[1]", "[1]" },
    { "{\"a\":1,\"b\":2}", "{}", "{\"a\":null,\"b\":null}" },
    { "{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":[{}]}", "{\"b\":2,\"c\":[{}],\"a\":null}" },
    { "{\"o\":{\"x\":1,\"y\":2}}", "{\"o\":{\"y\":3}}", "{\"o\":{\"y\":3,\"x\":null}}" },
    { "{\"o\":{\"x\":1}}", "{\"o\":[{\"y\":1}]}", "{\"o\":[{\"y\":1}]}" },
    { "{\"\\u0061\":{\"x\":1},\"b\\n\":2}", "{\"a\":{}}", "{\"a\":{\"x\":null},\"b\\n\":null}" },
};

static void patches_between_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct tape none = { .count = 0 }, wanted = read_ok(str_from(ways[i].wanted));
        struct tape old = ways[i].old ? read_ok(str_from(ways[i].old)) : none;
        uint32_t at = ways[i].old ? 0 : TAPE_NONE;
        struct buf buf = buf_in(arena, 1u << 20);
        json_patch_between(&buf, &old, at, &wanted, 0);
        CHECK(str_is(buf_str(&buf), ways[i].patch), "row %zu: " STR_FMT, i, STR_ARG(buf_str(&buf)));
        struct tape patch = read_ok(buf_str(&buf)), made = read_ok(merged(&old, at, &patch));
        CHECK(tape_equal(&made, 0, &wanted, 0), "row %zu", i);
    }
}

static void merges_inside_documents(void **state)
{
    struct tape target = read_ok(STR("[{\"a\":1},{\"b\":2}]")), patch = read_ok(STR("{\"b\":3}"));

    (void)state;
    uint32_t second = tape_next(&target, 1);
    CHECK(str_is(merged(&target, 1, &patch), "{\"a\":1,\"b\":3}"), "the first element");
    CHECK(str_is(merged(&target, second, &patch), "{\"b\":3}"), "the second element");
}

/* `count` members "k<i>": `value`, the last first if `turned`. */
static struct tape many(unsigned count, const char *value, bool turned)
{
    struct buf buf = buf_in(arena, 1u << 20);

    buf_char(&buf, '{');
    for (unsigned i = 0; i < count; i++)
        buf_printf(&buf, "%s\"k%u\":%s", i ? "," : "", turned ? count - 1 - i : i, value);
    buf_char(&buf, '}');
    return read_ok(buf_str(&buf));
}

static void merges_many(void **state)
{
    struct tape old = many(200, "1", false), new = many(300, "{\"x\":null}", true), none = many(300, "null", true);
    struct tape both = read_ok(merged(&old, 0, &new)), want = many(300, "{}", false);

    (void)state;
    CHECK(tape_equal(&both, 0, &want, 0), "some members are not what the patch says");
    CHECK(tape_string_is(&both, 1, STR("k0")), "the target's order is lost");
    CHECK(str_is(merged(&old, 0, &none), "{}"), "some members are left");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_strings),  TEST(writes_members),          TEST(stops_at_ceiling),
        TEST(merges_patches),  TEST(tells_what_a_patch_replaces), TEST(patches_between_documents), TEST(merges_inside_documents), TEST(merges_many),
        TEST(quotes_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
