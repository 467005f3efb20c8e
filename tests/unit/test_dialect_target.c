/* A request target is taken apart once, before routing and before authorisation: what is let through here,
 * and how it reads, decides both. */
#include "check.h"

#include "base/buf.h"
#include "dialect/target.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(lit)                                                                                           \
    {                                                                                                        \
        .ptr = (lit), .len = sizeof(lit) - 1                                                                 \
    }

/* Segments with '|' between them; "!" and the error's name for a refusal. */
static struct str path_text(struct arena *arena, struct str path)
{
    struct target target;
    struct buf out = buf_in(arena, 64 * 1024);
    struct err err = { 0 };

    if (target_parse(&target, arena, path, STR_NONE, &err)) {
        buf_printf(&out, "!%s", err_name(err.code));
        return buf_str(&out);
    }
    for (size_t i = 0; i < target.segment_count; i++) {
        if (i)
            buf_char(&out, '|');
        buf_add(&out, target.segments[i]);
    }
    return buf_str(&out);
}

/* name=value with '|' between them. */
static struct str query_text(struct arena *arena, struct str query, bool form)
{
    struct target target;
    struct buf out = buf_in(arena, 64 * 1024);
    struct err err = { 0 };
    int bad = form ? target_parse_form(&target, arena, query, &err)
                   : target_parse(&target, arena, STR("/a"), query, &err);

    if (bad) {
        buf_printf(&out, "!%s", err_name(err.code));
        return buf_str(&out);
    }
    for (size_t i = 0; i < target.parameter_count; i++) {
        if (i)
            buf_char(&out, '|');
        buf_add(&out, target.parameters[i].name);
        buf_char(&out, '=');
        buf_add(&out, target.parameters[i].value);
    }
    return buf_str(&out);
}

struct reading {
    struct str in, out;
};

static void paths_that_are_let_through(void **state)
{
    static const struct reading cases[] = {
        { BYTES("/"), BYTES("") },
        { BYTES("/v1/patients"), BYTES("v1|patients") },
        { BYTES("/v1/patients/"), BYTES("v1|patients") },
        { BYTES("/v1/patients/1049"), BYTES("v1|patients|1049") },
        { BYTES("/a%20b"), BYTES("a b") },
        { BYTES("/a+b"), BYTES("a+b") },
        { BYTES("/%76%31"), BYTES("v1") },
        { BYTES("/%7Euser"), BYTES("~user") },
        { BYTES("/%e2%82%ac"), BYTES("\xe2\x82\xac") },
        { BYTES("/%E2%82%AC"), BYTES("\xe2\x82\xac") },
        { BYTES("/\xc3\xa4"), BYTES("\xc3\xa4") },
        { BYTES("/..."), BYTES("...") },
        { BYTES("/.well-known/jwks.json"), BYTES(".well-known|jwks.json") },
        { BYTES("/a%25"), BYTES("a%") },
        { BYTES("/%2525"), BYTES("%25") }, /* decoded once, never twice */
        { BYTES("/a:b@c,d'e(f)"), BYTES("a:b@c,d'e(f)") },
        { BYTES("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"), BYTES("1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16") },
    };
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str found = path_text(arena, cases[i].in);
        CHECK(str_eq(found, cases[i].out), "%.*s: %.*s", STR_ARG(cases[i].in), STR_ARG(found));
    }
    arena_free(&arena);
}

static void paths_that_are_refused(void **state)
{
    static const struct str bad[] = {
        BYTES(""),
        BYTES("v1/patients"),
        BYTES("*"),
        BYTES("http://host/v1"),
        /* empty segments */
        BYTES("//v1"),
        BYTES("/v1//patients"),
        BYTES("/v1/patients//"),
        /* dot segments, plain and encoded in every way */
        BYTES("/."),
        BYTES("/.."),
        BYTES("/v1/../admin"),
        BYTES("/v1/./patients"),
        BYTES("/v1/patients/.."),
        BYTES("/v1/%2e%2e/admin"),
        BYTES("/v1/%2E."),
        BYTES("/v1/.%2e/x"),
        BYTES("/v1/%2e/x"),
        BYTES("/../"),
        /* a slash or a backslash must not appear by decoding; nor path parameters */
        BYTES("/v1%2fpatients"),
        BYTES("/v1/a%2Fb"),
        BYTES("/v1/..%2fadmin"),
        BYTES("/v1/a\\b"),
        BYTES("/v1/a%5cb"),
        BYTES("/v1/a;b=c"),
        BYTES("/v1/a%3bb"),
        BYTES("/v1;/x"),
        /* control bytes */
        BYTES("/v1/%00"),
        BYTES("/v1/a%00b"),
        BYTES("/v1/%0a"),
        BYTES("/v1/%0d%0aX:1"),
        BYTES("/v1/%1f"),
        BYTES("/v1/%7f"),
        BYTES("/v1/\x01"),
        BYTES("/v1/\x7f"),
        BYTES("/v1/a\nb"),
        BYTES("/v1/a\0b"),
        /* bad escapes */
        BYTES("/%"),
        BYTES("/%4"),
        BYTES("/a%"),
        BYTES("/%zz"),
        BYTES("/%4g"),
        BYTES("/%g4"),
        BYTES("/%%41"),
        BYTES("/%u0041"),
        BYTES("/% 41"),
        BYTES("/%+4"),
        BYTES("/%-1"),
        BYTES("/%0x"),
        /* no UTF-8: overlong, lone continuation, cut off, surrogate, beyond the last, Latin-1 */
        BYTES("/%c0%af"),
        BYTES("/%c0%ae%c0%ae"),
        BYTES("/%e0%80%af"),
        BYTES("/%80"),
        BYTES("/%e2%82"),
        BYTES("/%ed%a0%80"),
        BYTES("/%f4%90%80%80"),
        BYTES("/%ff"),
        BYTES("/\xe4"),
        BYTES("/\xc0\xaf"),
        BYTES("/%c0%80"),
    };
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct str found = path_text(arena, bad[i]);
        CHECK(str_is(found, "!bad_request"), "case %zu, %.*s: %.*s", i, STR_ARG(bad[i]), STR_ARG(found));
    }
    arena_free(&arena);
}

static void queries(void **state)
{
    static const struct reading cases[] = {
        { BYTES(""), BYTES("") },
        { BYTES("a=1"), BYTES("a=1") },
        { BYTES("a=1&b=2"), BYTES("a=1|b=2") },
        { BYTES("a=1&&b=2&"), BYTES("a=1|b=2") },
        { BYTES("&"), BYTES("") },
        { BYTES("a"), BYTES("a=") },
        { BYTES("a="), BYTES("a=") },
        { BYTES("=x"), BYTES("=x") },
        { BYTES("a=b=c"), BYTES("a=b=c") },
        { BYTES("q=a+b"), BYTES("q=a b") },
        { BYTES("q=a%2Bb"), BYTES("q=a+b") },
        { BYTES("q=a%20b"), BYTES("q=a b") },
        { BYTES("q=%26%3D"), BYTES("q=&=") },
        { BYTES("q=a/b%2Fc\\d;e"), BYTES("q=a/b/c\\d;e") },
        { BYTES("filter[identifier][value]=x"), BYTES("filter[identifier][value]=x") },
        { BYTES("filter%5Bname%5D=x"), BYTES("filter[name]=x") },
        { BYTES("page%5Bsize%5D=1&page[size]=2"), BYTES("page[size]=1|page[size]=2") },
        { BYTES("q=%e2%82%ac"), BYTES("q=\xe2\x82\xac") },
        { BYTES("q=%0a"), BYTES("q=\n") }, /* of text, not of a name of something */
        { BYTES("q=.."), BYTES("q=..") },
        { BYTES("q=%"), BYTES("!bad_request") },
        { BYTES("q=%4"), BYTES("!bad_request") },
        { BYTES("q=%zz"), BYTES("!bad_request") },
        { BYTES("%zz=1"), BYTES("!bad_request") },
        { BYTES("q=%00"), BYTES("!bad_request") },
        { BYTES("q=a%00b"), BYTES("!bad_request") },
        { BYTES("a%00=b"), BYTES("!bad_request") },
        { BYTES("q=a\0b"), BYTES("!bad_request") },
        { BYTES("q=a\nb"), BYTES("!bad_request") },
        { BYTES("q=\x7f"), BYTES("!bad_request") },
        { BYTES("q=%c0%af"), BYTES("!bad_request") },
        { BYTES("q=%c3"), BYTES("!bad_request") },
        { BYTES("q=%ed%a0%80"), BYTES("!bad_request") },
        { BYTES("q=\xff"), BYTES("!bad_request") },
        { BYTES("ok=1&bad=%f"), BYTES("!bad_request") },
    };
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int form = 0; form < 2; form++) {
            struct str found = query_text(arena, cases[i].in, form);
            CHECK(str_eq(found, cases[i].out), "%.*s: %.*s", STR_ARG(cases[i].in), STR_ARG(found));
        }
    }
    arena_free(&arena);
}

static struct str repeated(struct arena *arena, const char *piece, size_t count)
{
    struct buf out = buf_in(arena, 1 << 20);

    for (size_t i = 0; i < count; i++)
        buf_add(&out, str_from(piece));
    return buf_str(&out);
}

static void too_many_parts(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    CHECK(!str_starts(path_text(arena, repeated(arena, "/a", TARGET_SEGMENTS_MAX)), STR("!")),
          "as many as allowed");
    CHECK(str_is(path_text(arena, repeated(arena, "/a", TARGET_SEGMENTS_MAX + 1)), "!uri_too_long"),
          "one more");
    CHECK(str_is(path_text(arena, repeated(arena, "/a", 100000)), "!uri_too_long"), "far more");
    CHECK(!str_starts(query_text(arena, repeated(arena, "a=1&", TARGET_PARAMETERS_MAX), false), STR("!")),
          "as many as allowed");
    CHECK(
        str_is(query_text(arena, repeated(arena, "a=1&", TARGET_PARAMETERS_MAX + 1), false), "!uri_too_long"),
        "one more");
    CHECK(str_is(query_text(arena, repeated(arena, "a&", TARGET_PARAMETERS_MAX + 1), true), "!uri_too_long"),
          "form");
    /* empty pieces are no parameters, however many */
    CHECK(str_is(query_text(arena, repeated(arena, "&", 100000), false), ""), "only separators");
    arena_free(&arena);
}

/* What is borrowed must not be read past its end: each input stands at the end of its own allocation. */
static void every_prefix_ends_where_it_ends(void **state)
{
    static const char path[] = "/v1/a%20b/%e2%82%ac/x?q";
    static const char query[] = "a=%e2%82%ac&b=+%41&%63=d&e";

    (void)state;
    for (size_t len = 0; len < sizeof path; len++) {
        struct arena *arena = arena_new(SIZE_MAX);
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, path, len);
        (void)path_text(arena, str_of(copy, len));
        memcpy(copy, query, len);
        (void)query_text(arena, str_of(copy, len), false);
        (void)query_text(arena, str_of(copy, len), true);
        free(copy);
        arena_free(&arena);
    }
}

static void parameters_are_found(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct target target;
    struct err err = { 0 };
    size_t count;

    (void)state;
    CHECK(target_parse(&target, arena, STR("/a"), STR("x=1&y=&x=2&X=3"), &err) == 0, "%s", err.detail);
    (void)target_parameter(&target, STR("x"), &count);
    CHECK(count == 2, "%zu", count);
    struct str y = target_parameter(&target, STR("y"), &count);
    CHECK(count == 1 && y.ptr && !y.len, "present and empty");
    struct str z = target_parameter(&target, STR("z"), &count);
    CHECK(count == 0 && !z.ptr, "absent");
    CHECK(str_is(target_parameter(&target, STR("X"), &count), "3") && count == 1, "names have case");
    /* what an earlier use left is forgotten */
    CHECK(target_parse_form(&target, arena, STR("k=v"), &err) == 0, "%s", err.detail);
    CHECK(target.segment_count == 0 && target.parameter_count == 1, "%zu", target.segment_count);
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_are_let_through),
        cmocka_unit_test(paths_that_are_refused),
        cmocka_unit_test(queries),
        cmocka_unit_test(too_many_parts),
        cmocka_unit_test(every_prefix_ends_where_it_ends),
        cmocka_unit_test(parameters_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
