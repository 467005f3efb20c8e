/* Lines come out whole, whatever pieces the input arrives in. */
#include "check.h"

#include "base/buf.h"
#include "cli/lines.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 10 };

/* What the lines of `text` are, joined by '|'; a too long one is "!". Written by another process in pieces.
 */
static struct str lines_of(struct arena *arena, const char *text, size_t piece)
{
    struct buf out = buf_in(arena, SIZE_MAX);
    struct lines lines;
    struct str line;
    struct err err;
    bool too_long;
    int ends[2], got;

    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    if (!writer) {
        close(ends[0]);
        for (size_t at = 0, len = strlen(text); at < len; at += piece)
            if (write(ends[1], text + at, len - at < piece ? len - at : piece) < 0)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    lines_init(&lines, arena, ends[0], MOST);
    while ((got = lines_next(&lines, &line, &too_long, &err)) == 1) {
        buf_add(&out, too_long ? STR("!") : line);
        buf_char(&out, '|');
    }
    assert_int_equal(got, 0);
    CHECK(lines.bytes == strlen(text), "%llu bytes of %zu", (unsigned long long)lines.bytes, strlen(text));
    close(ends[0]);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    return buf_str(&out);
}

static void whole_is_piece_by_piece(void **state)
{
    static const struct {
        const char *text, *lines;
    } cases[] = {
        { "", "" },
        { "\n", "|" },
        { "a", "a|" },
        { "a\n", "a|" },
        { "a\n\nb", "a||b|" },
        { "0123456789\n", "0123456789|" },
        { "0123456789", "0123456789|" },
        { "01234567890\nb\n", "!|b|" },
        { "01234567890", "!|" },
        { "0123456789012345678901234567890123456789\nb\n01234567890\nc", "!|b|!|c|" },
        { "a\n0123456789012345678901234567890123456789", "a|!|" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t piece = 1; piece < 100; piece += piece < 12 ? 1 : 40) {
            struct arena *arena = arena_new(SIZE_MAX);
            struct str found = lines_of(arena, cases[i].text, piece);
            CHECK(str_is(found, cases[i].lines), "case %zu, pieces of %zu: " STR_FMT, i, piece,
                  STR_ARG(found));
            arena_free(&arena);
        }
}

/* Longer than all that the buffer holds at once. */
static void a_line_of_megabytes_is_skipped(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    size_t len = 5 << 20;
    char *text = arena_alloc(arena, len + 1);

    (void)state;
    memset(text, 'x', len);
    memcpy(text + len - 3, "\nb\n", 4);
    assert_true(str_is(lines_of(arena, text, 1 << 16), "!|b|"));
    arena_free(&arena);
}

static void what_cannot_be_read_fails(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct lines lines;
    struct str line;
    bool too_long;
    struct err err = { 0 };

    (void)state;
    lines_init(&lines, arena, -1, MOST);
    assert_int_equal(lines_next(&lines, &line, &too_long, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_is_piece_by_piece),
        cmocka_unit_test(a_line_of_megabytes_is_skipped),
        cmocka_unit_test(what_cannot_be_read_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
