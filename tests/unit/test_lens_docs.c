/* The examples of docs/mapping.md are what they say: every block with `fields:` is loaded and tested as it
 * stands. */
#include "test_file.h"
#include "test_lens_kit.h"

/* The next ```yaml block; false at the end. */
static bool next_block(struct str *page, struct str *block)
{
    static const char open[] = "```yaml\n", close[] = "\n```";
    const char *start = memmem(page->ptr, page->len, open, strlen(open));

    if (!start)
        return false;
    *page = str_from_at(*page, (size_t)(start - page->ptr) + strlen(open));
    const char *end = memmem(page->ptr, page->len, close, strlen(close));
    assert_non_null(end);
    *block = str_of(page->ptr, (size_t)(end - page->ptr) + 1);
    *page = str_from_at(*page, block->len);
    return true;
}

static void test_block(struct str block, size_t index)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct lens_style style = { 0 };
    struct lens_tables *tables;
    struct lens *lens;
    struct err err = { 0 };
    struct buf report = buf_in(arena, 1 << 20);
    struct str text = arena_printf(arena, "dialect: d\nresource: r\nentity: e\n" STR_FMT, STR_ARG(block));

    assert_int_equal(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err), 0);
    bool loads = lens_parse(&lens, arena, text, "mapping.md", &style, tables, &err) == 0 &&
                 lens_compare(lens, lens, &err) == 0;
    CHECK(loads, "block %zu: %s\n" STR_FMT, index, err.detail, STR_ARG(block));
    CHECK(lens_test(lens, 1, 200, &report) == 0, "block %zu: " STR_FMT, index, STR_ARG(buf_str(&report)));
    arena_free(&arena);
}

static void examples_hold(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str page = test_file_read(arena, SOURCE_DIR "/docs/mapping.md"), block;
    size_t blocks = 0;

    (void)state;
    while (next_block(&page, &block))
        if (str_starts(block, STR("fields:")))
            test_block(block, blocks++);
    CHECK(blocks >= 15, "only %zu examples found", blocks);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(examples_hold) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
