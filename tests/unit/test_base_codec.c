/* Bytes as text: hex, percent-encoding, base64url, pairs, UUIDs; random bytes. */
#include "test_base_kit.h"


#include <sys/wait.h>
#include <unistd.h>

static void hex_digits_have_values(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte, low = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
        const char *at = c ? strchr(digits, low) : NULL;
        CHECK(hex_value(c) == (at ? (int)(at - digits) : -1), "byte %d: %d", byte, hex_value(c));
    }
}

static void percent_encoding_is_undone(void **state)
{
    static const struct {
        struct str text;
        bool form;
        struct str plain;
    } cases[] = {
        { STR_INIT(""), true, STR_INIT("") },
        { STR_INIT("a b"), true, STR_INIT("a b") },
        { STR_INIT("a+b%2Bc"), true, STR_INIT("a b+c") },
        { STR_INIT("a+b%2bc"), false, STR_INIT("a+b+c") },
        { STR_INIT("%C3%A9\xC3\xA9"), false, STR_INIT("\xC3\xA9\xC3\xA9") },
        { STR_INIT("%25%32%35"), false, STR_INIT("%25") },
        { STR_INIT("%0A%7F"), false, STR_INIT("\n\x7F") },
    };
    static const struct str refused[] = {
        STR_INIT("%"),    STR_INIT("%4"),  STR_INIT("a%4"),    STR_INIT("%4g"), STR_INIT("%g4"), STR_INIT("%%41"),
        STR_INIT("%+41"), STR_INIT("% 4"), STR_INIT("%00"),    STR_INIT("a\0b"), STR_INIT("%C3"), STR_INIT("%ED%A0%80"),
        STR_INIT("\xFF"), STR_INIT("%C0%80"),
    };
    struct arena *small = arena_new(3);
    struct str plain;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(percent_decode(arena, cases[i].text, cases[i].form, &plain) && str_eq(plain, cases[i].plain), "row %zu", i);
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK(!percent_decode(arena, refused[i], true, &plain), "row %zu: " STR_FMT, i, STR_ARG(refused[i]));
    CHECK(!percent_decode(small, STR("abc"), true, &plain), "what does not fit is refused, not fatal");
    arena_free(&small);
}

static void codes_base64url(void **state)
{
    static const struct {
        struct str bytes, text;
    } cases[] = {
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("f"), STR_INIT("Zg") },
        { STR_INIT("fo"), STR_INIT("Zm8") },
        { STR_INIT("foo"), STR_INIT("Zm9v") },
        { STR_INIT("foob"), STR_INIT("Zm9vYg") },
        { STR_INIT("fooba"), STR_INIT("Zm9vYmE") },
        { STR_INIT("foobar"), STR_INIT("Zm9vYmFy") },
        { STR_INIT("\xFB\xFF\xBF"), STR_INIT("-_-_") },
        { STR_INIT("\0"), STR_INIT("AA") },
        { STR_INIT("\0\0\0"), STR_INIT("AAAA") },
        { STR_INIT("\xFF\xFF\xFF\xFF"), STR_INIT("_____w") },
    };
    static const struct str refused[] = {
        STR_INIT("A"),     STR_INIT("AAAAA"),  STR_INIT("Zg=="),   STR_INIT("Zm8="),  STR_INIT("Zg="),
        STR_INIT("Zm9v="), STR_INIT("+/+/"),   STR_INIT("Zm9v\n"), STR_INIT("Zm 9v"), STR_INIT(" Zm9v"),
        STR_INIT("Zh"),    STR_INIT("Zm9"),    STR_INIT("Zn8x*"),  STR_INIT("AB"),    STR_INIT("AAB"),
        STR_INIT("Zm\0v"), STR_INIT("Zm9\xC3"), STR_INIT("Zm9."),  STR_INIT("===="),  STR_INIT("_____x"),
    };
    struct str bytes;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf = buf_in(arena, 100);
        buf_base64url(&buf, cases[i].bytes.ptr, cases[i].bytes.len);
        CHECK(str_eq(buf_str(&buf), cases[i].text), "row %zu: " STR_FMT, i, STR_ARG(buf_str(&buf)));
        CHECK(base64url_decode(arena, cases[i].text, &bytes) && str_eq(bytes, cases[i].bytes), "row %zu", i);
    }
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK(!base64url_decode(arena, refused[i], &bytes), "row %zu: " STR_FMT, i, STR_ARG(refused[i]));
    struct arena *small = arena_new(3);
    CHECK(!base64url_decode(small, STR("Zm9v"), &bytes), "what does not fit is refused, not fatal");
    arena_free(&small);
}

/* One decoded value has one spelling: of all texts of two characters only 256 are read. */
static void reads_one_spelling(void **state)
{
    unsigned count = 0;
    struct str bytes;

    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text[] = { (char)(pair >> 8), (char)(pair & 255) };
        count += base64url_decode(arena, str_of(text, 2), &bytes);
    }
    CHECK(count == 256, "%u", count);
}

/* What is judged eight or sixteen bytes at a time: every byte at every place, in text of every length. */
static void judges_words(void **state)
{
    char text[40], other[40];

    (void)state;
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                bool fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
                memset(text, 'a', len);
                memset(other, 'a', len);
                text[at] = (char)c;
                CHECK(base64url_is(str_of(text, len)) == fits, "byte %d at %zu of %zu", c, at, len);
                CHECK(percent_is_plain(str_of(text, len)) == (fits || c == '.' || c == '~'), "byte %d at %zu of %zu", c, at, len);
                CHECK(str_eq_secret(str_of(text, len), str_of(other, len)) == (c == 'a'), "byte %d at %zu of %zu", c, at, len);
            }
    CHECK(base64url_is(STR_NONE) && percent_is_plain(STR_NONE) && !str_eq_secret(STR("aaaaaaaaa"), STR("aaaaaaaa")), "lengths");
}

static void joins_pairs(void **state)
{
    static const struct {
        const char *joined, *first, *second;
    } both_ways[] = {
        { "a|b", "a", "b" },         { "|", "", "" },           { "\\||\\\\", "|", "\\" },
        { "a\\|b|c\\|", "a|b", "c|" }, { "\\\\|b", "\\", "b" }, { "http://x/y|7", "http://x/y", "7" },
    };
    static const struct {
        const char *text, *first, *second;
    } one_way[] = {
        { "", "", "" }, { "a", "a", "" }, { "a\\", "a\\", "" }, { "a|b|c", "a", "b|c" }, { "\\a|b\\", "a", "b\\" },
    };
    struct str first, second;

    (void)state;
    for (size_t i = 0; i < COUNT(both_ways); i++) {
        CHECK(str_is(pair_join(arena, str_from(both_ways[i].first), str_from(both_ways[i].second)), both_ways[i].joined), "%s", both_ways[i].joined);
        pair_split(arena, str_from(both_ways[i].joined), &first, &second);
        CHECK(str_is(first, both_ways[i].first), "%zu: " STR_FMT, i, STR_ARG(first));
        CHECK(str_is(second, both_ways[i].second), "%zu: " STR_FMT, i, STR_ARG(second));
    }
    for (size_t i = 0; i < COUNT(one_way); i++) {
        pair_split(arena, str_from(one_way[i].text), &first, &second);
        CHECK(str_is(first, one_way[i].first), "%zu: " STR_FMT, i, STR_ARG(first));
        CHECK(str_is(second, one_way[i].second), "%zu: " STR_FMT, i, STR_ARG(second));
    }
}

static void lists_any_texts(void **state)
{
    static const struct {
        const char *list, *items[3];
    } both_ways[] = {
        { "a", { "a" } },
        { "", { "" } },
        { "a,b", { "a", "b" } },
        { ",,", { "", "", "" } },
        { "a\\,b,c", { "a,b", "c" } },
        { "\\\\,\\,", { "\\", "," } },
        { "\\\\\\,,|", { "\\,", "|" } },
    };
    static const struct {
        const char *list, *items[3];
    } one_way[] = { { "a\\", { "a\\" } }, { "\\a\\b,c", { "ab", "c" } } };
    struct str rest, item;

    (void)state;
    for (size_t i = 0; i < COUNT(both_ways); i++) {
        struct buf list = buf_in(arena, 100);
        rest = str_from(both_ways[i].list);
        for (size_t k = 0; k < 3 && both_ways[i].items[k]; k++) {
            buf_printf(&list, "%s" STR_FMT, k ? "," : "", STR_ARG(list_item(arena, str_from(both_ways[i].items[k]))));
            CHECK(list_next(arena, &rest, &item) && str_is(item, both_ways[i].items[k]), "%s: " STR_FMT, both_ways[i].list, STR_ARG(item));
        }
        CHECK(!list_next(arena, &rest, &item) && str_is(buf_str(&list), both_ways[i].list), "%s", both_ways[i].list);
    }
    for (size_t i = 0; i < COUNT(one_way); i++) {
        rest = str_from(one_way[i].list);
        for (size_t k = 0; k < 3 && one_way[i].items[k]; k++)
            CHECK(list_next(arena, &rest, &item) && str_is(item, one_way[i].items[k]), "%s: " STR_FMT, one_way[i].list, STR_ARG(item));
        CHECK(!list_next(arena, &rest, &item), "%s", one_way[i].list);
    }
}

static void gives_a_child_other_bytes(void **state)
{
    char before[16], mine[16], its[16];
    int ends[2];

    (void)state;
    random_bytes(before, sizeof before); /* so that there is a page in memory */
    CHECK(!pipe(ends), "pipe");
    pid_t child = fork();
    random_bytes(mine, sizeof mine);
    if (!child)
        _exit(write(ends[1], mine, sizeof mine) != sizeof mine);
    CHECK(child > 0 && read(ends[0], its, sizeof its) == sizeof its && waitpid(child, NULL, 0) == child, "its bytes");
    CHECK(memcmp(mine, its, sizeof mine) != 0, "the same bytes twice");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void orders_uuids(void **state)
{
    char before[UUID_LEN] = { 0 }, now[UUID_LEN];

    (void)state;
    for (size_t i = 0; i < 20000; i++) { /* more than a millisecond has room for */
        ordered_uuid(now);
        CHECK(uuid_valid(str_of(now, UUID_LEN)) && now[14] == '7' && strchr("89ab", now[19]), "version and variant");
        CHECK(memcmp(before, now, UUID_LEN) < 0, "%.36s after %.36s", now, before);
        memcpy(before, now, UUID_LEN);
    }
    CHECK(!uuid_valid(STR("")) && !uuid_valid(STR("0190163d-8694-739b-aea5-966c26f8ad9")), "too short");
    CHECK(!uuid_valid(STR("0190163d-8694-739b-aea5-966c26f8ad9g")), "no hex");
    CHECK(!uuid_valid(STR("0190163d8-694-739b-aea5-966c26f8ad91")), "a dash elsewhere");
    CHECK(uuid_valid(STR("0190163D-8694-739B-AEA5-966C26F8AD91")), "either case");
}

static void makes_uuids(void **state)
{
    char seen[50][UUID_LEN];

    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        random_uuid(seen[i]);
        for (size_t at = 0; at < UUID_LEN; at++) {
            bool dash = at == 8 || at == 13 || at == 18 || at == 23;
            CHECK(dash ? seen[i][at] == '-' : seen[i][at] && strchr("0123456789abcdef", seen[i][at]), "at %zu", at);
        }
        CHECK(seen[i][14] == '4' && strchr("89ab", seen[i][19]), "version and variant");
        for (size_t before = 0; before < i; before++)
            CHECK(memcmp(seen[before], seen[i], UUID_LEN) != 0, "twice the same");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hex_digits_have_values), TEST(percent_encoding_is_undone), TEST(codes_base64url),
        TEST(reads_one_spelling), TEST(judges_words), TEST(joins_pairs), TEST(lists_any_texts),
        TEST(gives_a_child_other_bytes), TEST(orders_uuids), TEST(makes_uuids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
