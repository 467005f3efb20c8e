/* Paging as clients ask for it, and the links that continue it. */
#include "check.h"

#include "dialect/page.h"

/* number and size, over the maximum clamped; number and size, over it refused, 0 allowed; offset and limit.
 */
static const struct str never[] = { STR_INIT("page[cursor]") };
static const struct paging clamped = { .used = true,
                                       .number = STR_INIT("page"),
                                       .size = STR_INIT("page_size"),
                                       .size_default = 25,
                                       .size_max = 100,
                                       .size_min = 1 };
static const struct paging refused = { .used = true,
                                       .over_refused = true,
                                       .number = STR_INIT("page[number]"),
                                       .size = STR_INIT("page[size]"),
                                       .size_default = 10,
                                       .size_max = 50,
                                       .refused = never,
                                       .refused_count = COUNT(never) };
static const struct paging offset = { .used = true,
                                      .offset = STR_INIT("offset"),
                                      .size = STR_INIT("limit"),
                                      .size_default = 50,
                                      .size_max = 200,
                                      .size_min = 1 };

static struct target query_of(struct arena *arena, const char *query)
{
    struct target target;
    struct err err;

    CHECK(target_parse(&target, arena, STR("/pub/patient"), str_from(query), &err) == 0, "%s: %s", query,
          err.detail);
    return target;
}

static void asked(void **state)
{
    static const struct {
        const struct paging *paging;
        enum paging_mode mode;
        const char *query;
        const char *wrong; /* the parameter, or NULL */
        bool used;
        uint64_t number, size, offset;
    } cases[] = {
        { &clamped, PAGING_ALWAYS, "", NULL, true, 1, 25, 0 },
        { &clamped, PAGING_ALWAYS, "page=1", NULL, true, 1, 25, 0 },
        { &clamped, PAGING_ALWAYS, "page=3", NULL, true, 3, 25, 50 },
        { &clamped, PAGING_ALWAYS, "page=2&page_size=10", NULL, true, 2, 10, 10 },
        { &clamped, PAGING_ALWAYS, "page_size=100", NULL, true, 1, 100, 0 },
        { &clamped, PAGING_ALWAYS, "page_size=101", NULL, true, 1, 100, 0 },
        { &clamped, PAGING_ALWAYS, "page=2&page_size=18446744073709551615", NULL, true, 2, 100, 100 },
        { &clamped, PAGING_ALWAYS, "page=18446744073709551615", NULL, true, 1000000000, 25, INT32_MAX },
        { &clamped, PAGING_ALWAYS, "limit=x", NULL, true, 1, 25, 0 }, /* not a word of this dialect */
        { &clamped, PAGING_ALWAYS, "page=0", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=-1", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=x", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=1.0", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=1e1", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=+1", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=%201", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=18446744073709551616", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=1&page=2", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page=1&page=1", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page_size=0", "page_size", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page_size=ten", "page_size", 0, 0, 0, 0 },
        { &clamped, PAGING_ALWAYS, "page_size=1&page_size=1", "page_size", 0, 0, 0, 0 },
        { &clamped, PAGING_OPTIONAL, "", NULL, false, 1, 25, 0 },
        { &clamped, PAGING_OPTIONAL, "search=x", NULL, false, 1, 25, 0 },
        { &clamped, PAGING_OPTIONAL, "page=1", NULL, true, 1, 25, 0 },
        { &clamped, PAGING_OPTIONAL, "page_size=5", NULL, true, 1, 5, 0 },
        { &clamped, PAGING_OPTIONAL, "page=0", "page", 0, 0, 0, 0 },
        { &clamped, PAGING_NONE, "page=x", NULL, false, 1, 25, 0 },
        { &refused, PAGING_ALWAYS, "", NULL, true, 1, 10, 0 },
        { &refused, PAGING_ALWAYS, "page[number]=4&page[size]=50", NULL, true, 4, 50, 150 },
        { &refused, PAGING_ALWAYS, "page[size]=0", NULL, true, 1, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[size]=0&page[number]=7", NULL, true, 7, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[size]=51", "page[size]", 0, 0, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[size]=-1", "page[size]", 0, 0, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[number]=0", "page[number]", 0, 0, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[cursor]=x", "page[cursor]", 0, 0, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[cursor]=", "page[cursor]", 0, 0, 0, 0 },
        { &refused, PAGING_ALWAYS, "page[cursor]=a&page[number]=1", "page[cursor]", 0, 0, 0, 0 },
        { &offset, PAGING_ALWAYS, "", NULL, true, 1, 50, 0 },
        { &offset, PAGING_ALWAYS, "offset=0", NULL, true, 1, 50, 0 },
        { &offset, PAGING_ALWAYS, "offset=7&limit=3", NULL, true, 1, 3, 7 },
        { &offset, PAGING_ALWAYS, "limit=201", NULL, true, 1, 200, 0 },
        { &offset, PAGING_ALWAYS, "offset=18446744073709551615", NULL, true, 1, 50, INT32_MAX },
        { &offset, PAGING_ALWAYS, "offset=-1", "offset", 0, 0, 0, 0 },
        { &offset, PAGING_ALWAYS, "offset=", "offset", 0, 0, 0, 0 },
        { &offset, PAGING_ALWAYS, "offset=1&offset=2", "offset", 0, 0, 0, 0 },
        { &offset, PAGING_ALWAYS, "limit=0", "limit", 0, 0, 0, 0 },
        { &offset, PAGING_ALWAYS, "limit=many", "limit", 0, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct target target = query_of(arena, cases[i].query);
        struct str name = STR_NONE;
        struct page page;
        int bad = page_read(&page, cases[i].paging, cases[i].mode, &target, &name);
        CHECK(bad ? cases[i].wrong && str_is(name, cases[i].wrong) : !cases[i].wrong, "%s: '%.*s'",
              cases[i].query, STR_ARG(name));
        if (!bad)
            CHECK(page.used == cases[i].used && page.number == cases[i].number &&
                      page.size == cases[i].size && page.offset == cases[i].offset,
                  "%s: used %d, number %lu, size %lu, offset %lu", cases[i].query, page.used,
                  (unsigned long)page.number, (unsigned long)page.size, (unsigned long)page.offset);
        arena_free(&arena);
    }
}

static void counts(void **state)
{
    static const struct {
        uint64_t size, total, pages;
    } cases[] = {
        { 10, 0, 1 }, { 10, 1, 1 }, { 10, 10, 1 }, { 10, 11, 2 }, { 1, 3, 3 }, { 0, 7, 1 }, { 50, 100, 2 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct page page = { .used = true, .size = cases[i].size };
        CHECK(page_count(&page, cases[i].total) == cases[i].pages, "case %zu", i);
    }
}

static void links(void **state)
{
    static const struct {
        const char *query;
        uint64_t total;
        const char *which, *link; /* NULL: there is none */
    } cases[] = {
        { "", 35, "self", "\"/pub/patient?page[number]=1&page[size]=10\"" },
        { "", 35, "first", NULL },
        { "", 35, "prev", NULL },
        { "", 35, "next", "\"/pub/patient?page[number]=2&page[size]=10\"" },
        { "", 35, "last", "\"/pub/patient?page[number]=4&page[size]=10\"" },
        { "page[number]=2", 35, "self", "\"/pub/patient?page[number]=2&page[size]=10\"" },
        { "page[number]=2", 35, "first", "\"/pub/patient?page[number]=1&page[size]=10\"" },
        { "page[number]=2", 35, "prev", "\"/pub/patient?page[number]=1&page[size]=10\"" },
        { "page[number]=2", 35, "next", "\"/pub/patient?page[number]=3&page[size]=10\"" },
        { "page[number]=4", 35, "next", NULL },
        { "page[number]=4", 35, "prev", "\"/pub/patient?page[number]=3&page[size]=10\"" },
        /* past the end one is led back to it */
        { "page[number]=9", 35, "prev", "\"/pub/patient?page[number]=4&page[size]=10\"" },
        { "page[number]=9", 35, "next", NULL },
        { "page[number]=9", 35, "self", "\"/pub/patient?page[number]=9&page[size]=10\"" },
        { "", 0, "next", NULL },
        { "", 0, "last", "\"/pub/patient?page[number]=1&page[size]=10\"" },
        { "", 10, "next", NULL },
        { "page[size]=0", 35, "self", "\"/pub/patient?page[number]=1&page[size]=0\"" },
        { "page[size]=0", 35, "next", NULL },
        { "page[size]=0", 35, "last", NULL },
        /* the client's own filters stay, the page is replaced, nothing can break out */
        { "filter[groups]=a,b&page[size]=5&page[number]=2", 35, "next",
          "\"/pub/patient?filter[groups]=a,b&page[number]=3&page[size]=5\"" },
        { "filter[identifier][value]=%26page%5Bnumber%5D=9%23", 35, "next",
          "\"/pub/patient?filter[identifier][value]=%26page[number]%3D9%23&page[number]=2&page[size]=10\"" },
        { "q=%22%3E%3Cscript%3E%5C", 35, "self",
          "\"/pub/patient?q=%22%3E%3Cscript%3E%5C&page[number]=1&page[size]=10\"" },
        { "q=a+b%2Bc%25", 35, "self", "\"/pub/patient?q=a%20b%2Bc%25&page[number]=1&page[size]=10\"" },
        { "q=%0d%0a&r=%e2%82%ac", 35, "self",
          "\"/pub/patient?q=%0D%0A&r=%E2%82%AC&page[number]=1&page[size]=10\"" },
    };
    struct dialect dialect = { .prefix = STR("/pub"), .paging = refused };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct target target = query_of(arena, cases[i].query);
        struct buf out = buf_in(arena, 64 * 1024);
        struct str name;
        struct page page;
        CHECK(page_read(&page, &refused, PAGING_ALWAYS, &target, &name) == 0, "%s", cases[i].query);
        bool any = page_link(&page, &dialect, &target, 1, str_from(cases[i].which), cases[i].total, &out);
        CHECK(any == (cases[i].link != NULL), "%s %s", cases[i].query, cases[i].which);
        CHECK(!any || str_is(buf_str(&out), cases[i].link), "%s %s: %.*s", cases[i].query, cases[i].which,
              STR_ARG(buf_str(&out)));
        CHECK(any || !out.len, "%s %s: something was written", cases[i].query, cases[i].which);
        arena_free(&arena);
    }
}

static void offset_links(void **state)
{
    static const struct {
        const char *query;
        uint64_t total;
        const char *which, *link; /* NULL: there is none */
    } cases[] = {
        { "", 0, "self", "\"/x?offset=0&limit=50\"" },
        { "", 0, "next", NULL },
        { "", 0, "last", "\"/x?offset=0&limit=50\"" },
        { "limit=2", 5, "first", NULL },
        { "limit=2", 5, "prev", NULL },
        { "limit=2", 5, "next", "\"/x?offset=2&limit=2\"" },
        { "limit=2", 5, "last", "\"/x?offset=4&limit=2\"" },
        { "q=a&offset=3&limit=2&r=b", 5, "first", "\"/x?q=a&r=b&offset=0&limit=2\"" },
        { "offset=3&limit=2", 5, "prev", "\"/x?offset=1&limit=2\"" },
        { "offset=3&limit=2", 5, "next", NULL },
        { "offset=1&limit=2", 5, "prev", "\"/x?offset=0&limit=2\"" },
        { "offset=1&limit=2", 6, "last", "\"/x?offset=5&limit=2\"" },
        { "offset=9&limit=2", 5, "prev", "\"/x?offset=4&limit=2\"" },
        { "offset=9&limit=2", 5, "self", "\"/x?offset=9&limit=2\"" },
    };
    struct dialect dialect = { .paging = offset };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct target target = query_of(arena, cases[i].query);
        struct buf out = buf_in(arena, 64 * 1024);
        struct str name;
        struct page page;
        target.segments[0] = STR("x");
        target.segment_count = 1;
        CHECK(page_read(&page, &offset, PAGING_ALWAYS, &target, &name) == 0, "%s", cases[i].query);
        bool any = page_link(&page, &dialect, &target, 0, str_from(cases[i].which), cases[i].total, &out);
        CHECK(any == (cases[i].link != NULL), "%s %s", cases[i].query, cases[i].which);
        CHECK(!any || str_is(buf_str(&out), cases[i].link), "%s %s: %.*s", cases[i].query, cases[i].which,
              STR_ARG(buf_str(&out)));
        arena_free(&arena);
    }
}

/* On the dialect's own host the prefix may be missing in the request; a link has it. A path is written safely
 * too. */
static void links_have_the_prefix(void **state)
{
    struct dialect dialect = { .prefix = STR("/pub"), .paging = refused };
    struct arena *arena = arena_new(SIZE_MAX);
    struct page page = { .used = true, .number = 1, .size = 10 };
    struct buf out = buf_in(arena, 1024);
    struct target target;
    struct err err;

    (void)state;
    int bad = target_parse(&target, arena, STR("/a%20b%3f%22/x"), STR_NONE, &err);
    CHECK(!bad, "%s", err.detail);
    CHECK(page_link(&page, &dialect, &target, 0, STR("self"), 1, &out), "self");
    const char *expected = "\"/pub/a%20b%3F%22/x?page[number]=1&page[size]=10\"";
    CHECK(str_is(buf_str(&out), expected), "%.*s", STR_ARG(buf_str(&out)));
    arena_free(&arena);
}

/* ---- walks by cursor ---- */

#define CURSOR "MTJ8MjAyMy0xMC0yMFQxMDowMDowMC4wMDBafHAtMQ" /* 12|2023-10-20T10:00:00.000Z|p-1 */

static const struct {
    const char *query;
    bool good, used;
    uint64_t size;
    const char *after;
} walks[] = {
    { "", true, false, 50, "" },
    { "limit=5", true, true, 5, "" },
    { "limit=0", true, true, 0, "" },
    { "limit=500", true, true, 500, "" },
    { "limit=501", false, true, 0, "" },
    { "limit=x", false, true, 0, "" },
    { "page=2", true, false, 50, "" },
    { "page=2&limit=5", true, false, 50, "" },
    { "page=1&size=10&limit=50", true, false, 50, "" }, /* every default of a generated client */
    { "page=1&size=10&limit=5", true, true, 5, "" },
    { "page=1&size=9&limit=5", true, false, 50, "" },
    { "cursor=" CURSOR, true, true, 50, "2023-10-20T10:00:00.000Z|p-1" },
    { "after=" CURSOR "&page=7", true, true, 50, "2023-10-20T10:00:00.000Z|p-1" },
    { "cursor=", false, true, 0, "" },
    { "cursor=" CURSOR "A", false, true, 0, "" },
    { "cursor=MTJ8", false, true, 0, "" }, /* 12| */
    { "cursor=eHx5fHo", false, true, 0, "" }, /* x|y|z */
    { "cursor=" CURSOR "&cursor=" CURSOR, false, true, 0, "" },
};

static void walks_are_told_from_pages(void **state)
{
    static const struct str names[] = { STR_INIT("cursor"), STR_INIT("after") };
    static const struct paging paging = { .used = true,
                                          .over_refused = true,
                                          .number = STR_INIT("page"),
                                          .size = STR_INIT("size"),
                                          .size_default = 10,
                                          .size_max = 50,
                                          .cursor_size = STR_INIT("limit"),
                                          .cursors = names,
                                          .cursor_count = COUNT(names),
                                          .cursor_default = 50,
                                          .cursor_max = 500 };

    (void)state;
    for (size_t i = 0; i < COUNT(walks); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct target target;
        struct cursor cursor;
        struct str name;
        struct err err;
        assert_int_equal(target_parse(&target, arena, STR("/x"), str_from(walks[i].query), &err), 0);
        bool good = !cursor_read(&cursor, &paging, &target, arena, &name);
        CHECK(good == walks[i].good, "%s", walks[i].query);
        CHECK(!good || cursor.used == walks[i].used, "%s", walks[i].query);
        CHECK(!good || !cursor.used || (cursor.size == walks[i].size && str_is(cursor.after, walks[i].after)), "%s",
              walks[i].query);
        arena_free(&arena);
    }
}

static void a_cursor_reads_back(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str text = cursor_text(arena, 12, STR("2023-10-20T10:00:00.000Z"), STR("p-1"));

    (void)state;
    CHECK(str_is(text, CURSOR), STR_FMT, STR_ARG(text));
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_are_told_from_pages),
        cmocka_unit_test(a_cursor_reads_back),
        cmocka_unit_test(asked),
        cmocka_unit_test(counts),
        cmocka_unit_test(links),
        cmocka_unit_test(offset_links),
        cmocka_unit_test(links_have_the_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
