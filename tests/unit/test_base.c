/* Arenas, buffers, errors, fingerprints and keyed hashes. */
#include "test_base_kit.h"

#include "base/siphash.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void gives_memory(void **state)
{
    struct arena *small = arena_new(100000);
    size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 20000, 3, 40000 }, sum = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        sum = 0;
        for (size_t i = 0; i < COUNT(sizes); i++) {
            char *given = arena_zero(small, sizes[i]);
            sum += sizes[i];
            CHECK(((uintptr_t)given & 15) == 0, "alignment");
            for (size_t at = 0; at < sizes[i]; at++)
                CHECK(!given[at], "not zero");
            memset(given, 0xAA, sizes[i]);
            CHECK(arena_used(small) == sum && arena_room(small) == 100000 - sum, "%zu used", arena_used(small));
        }
        arena_reset(small);
        CHECK(arena_used(small) == 0 && arena_room(small) == 100000, "after reset");
    }
    struct str copy = arena_copy(small, STR("abc"));
    CHECK(str_is(copy, "abc") && copy.ptr[3] == '\0', "copy");
    CHECK(arena_copy(small, STR_NONE).ptr[0] == '\0' && strcmp(arena_cstr(small, STR("x")), "x") == 0, "cstr");
    copy = arena_printf(small, "%d-%s", 7, "x");
    CHECK(str_is(copy, "7-x") && copy.ptr[3] == '\0', "printf");
    arena_free(&small);
    CHECK(!small, "freed");
    arena_free(&small);
}

/* In a child, because it must not return. */
static bool aborts(size_t ceiling, size_t reserve, size_t size)
{
    pid_t child = fork();
    int status;

    if (!child) {
        struct arena *small = arena_new_pooled(ceiling, reserve, NULL);
        (void)close(STDERR_FILENO);
        memset(arena_alloc(small, size), 0, size < 64 ? size : 64);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork");
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void keeps_arena_ceiling(void **state)
{
    (void)state;
    CHECK(!aborts(64, 0, 64), "up to the ceiling");
    CHECK(aborts(64, 0, 65), "past the ceiling");
    CHECK(aborts(64, 0, SIZE_MAX), "far past the ceiling");
    CHECK(aborts(SIZE_MAX, 0, SIZE_MAX), "a size that wraps");
    CHECK(aborts(SIZE_MAX, 0, SIZE_MAX - 15), "a size that wraps with its head");
    CHECK(!aborts(64, 36, 100), "up to the reserve's end");
    CHECK(aborts(64, 36, 101), "past the reserve");
}

static void reserves(void **state)
{
    struct arena *small = arena_new_pooled(64, 36, NULL);

    (void)state;
    for (unsigned turn = 0; turn < 3; turn++) {
        (void)arena_alloc(small, 60);
        CHECK(arena_room(small) == 4, "%zu", arena_room(small));
        (void)arena_alloc(small, 30);
        CHECK(arena_room(small) == 0 && arena_used(small) == 90, "%zu", arena_room(small));
        arena_use_reserve(small);
        CHECK(arena_room(small) == 10, "%zu", arena_room(small));
        arena_use_reserve(small);
        CHECK(arena_room(small) == 10, "there is one: %zu", arena_room(small));
        arena_reset(small);
        CHECK(arena_room(small) == 64, "%zu", arena_room(small));
    }
    arena_free(&small);
}

/* Whoever made a text that is not whole is not the only one who knows. */
static void knows_who_went_without(void **state)
{
    struct arena *small = arena_new(600);
    struct buf fits = buf_in(small, 10), longer = buf_in(small, 5000);

    (void)state;
    buf_add(&fits, STR("01234567890"));
    CHECK(!buf_ok(&fits) && !arena_is_short(small), "a ceiling of its own");
    buf_reserve(&longer, 500);
    CHECK(buf_ok(&longer) && !arena_is_short(small), "room");
    CHECK(!buf_reserve(&longer, 1000) && arena_is_short(small) && arena_room(small), "no room");
    arena_reset(small);
    CHECK(!arena_is_short(small), "room again");
    arena_go_without(small);
    CHECK(arena_is_short(small), "said so");
    arena_free(&small);
}

static void keeps_buf_ceiling(void **state)
{
    (void)state;
    for (size_t ceiling = 0; ceiling < 2000; ceiling += ceiling < 20 ? 1 : 97) {
        struct buf buf = buf_in(arena, ceiling);
        for (size_t i = 0; i < ceiling; i++)
            buf_char(&buf, (char)i);
        CHECK(buf_ok(&buf) && buf.len == ceiling, "%zu of %zu", buf.len, ceiling);
        buf_add(&buf, STR_NONE);
        CHECK(buf_ok(&buf), "nothing fits always");
        buf_char(&buf, 'x');
        CHECK(!buf_ok(&buf) && buf.len == ceiling, "past %zu", ceiling);
        for (size_t i = 0; i < ceiling; i++)
            CHECK(buf_str(&buf).ptr[i] == (char)i, "byte %zu of %zu", i, ceiling);
    }
    struct buf buf = buf_in(arena, 4);
    buf_add(&buf, STR("12345"));
    buf_add(&buf, STR("1"));
    buf_uint(&buf, 1);
    buf_printf(&buf, "x");
    CHECK(!buf_ok(&buf) && !buf.len && !buf_reserve(&buf, 0), "once full it stays so");
}

/* What one arena gave back, another takes, whatever sizes they asked for; past the ceiling nothing is kept. */
static void hands_on_blocks(void **state)
{
    static const size_t sizes[] = { 20000, 33000, 130000 }; /* blocks of 32, 64 and 256 KiB */
    struct arena_pool *pool = arena_pool_new(100 * 1024);
    struct arena *one = arena_new_pooled(SIZE_MAX, 0, pool), *other = arena_new_pooled(SIZE_MAX, 0, pool);
    const char *given[COUNT(sizes)];

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        given[i] = arena_alloc(one, sizes[i]);
    arena_reset(one);
    CHECK(arena_alloc(other, sizes[0] + 100) == given[0], "a block is handed on");
    CHECK(arena_alloc(other, sizes[1] - 100) == given[1], "and the next");
    memset(arena_alloc(other, sizes[2]), 1, sizes[2]); /* was past the ceiling: this one is new */
    CHECK(arena_alloc(one, sizes[0]) != given[0], "a block is somebody else's");
    arena_free(&other);
    arena_reset(one); /* the 32 KiB of `other` and its 64 are there: no second 32 fit */
    CHECK(arena_alloc(one, sizes[0]) == given[0], "handed back by an arena that ended");
    arena_free(&one);
    arena_pool_free(&pool);
    CHECK(!pool, "pool");
    arena_pool_free(&pool);
}

/* Around the size from which on memory comes in large pages. */
static void gives_megabytes(void **state)
{
    static const size_t sizes[] = { (4u << 20) - 4096, 4u << 20, (4u << 20) + 1, (9u << 20) + 17 };
    struct arena *large = arena_new(SIZE_MAX);

    (void)state;
    for (unsigned round = 0; round < 2; round++, arena_reset(large)) {
        char *given[COUNT(sizes)], *small[COUNT(sizes)];
        for (size_t i = 0; i < COUNT(sizes); i++) {
            given[i] = memset(arena_alloc(large, sizes[i]), (int)('a' + i), sizes[i]);
            small[i] = memset(arena_alloc(large, 100), (int)('A' + i), 100);
            CHECK((uintptr_t)given[i] % 16 == 0, "%zu: %p", sizes[i], (void *)given[i]);
        }
        for (size_t i = 0; i < COUNT(sizes); i++)
            CHECK(given[i][0] == (char)('a' + i) && given[i][sizes[i] - 1] == (char)('a' + i) && small[i][0] == (char)('A' + i) &&
                      small[i][99] == (char)('A' + i),
                  "%zu: somebody else's", sizes[i]);
    }
    arena_free(&large);
}

/* A buffer whose arena ends first is full too, and takes the last room there is. */
static void keeps_arena_ceiling_in_buf(void **state)
{
    (void)state;
    for (size_t room = 0; room < 3000; room += 61) {
        struct arena *small = arena_new(room);
        struct buf buf = buf_in(small, SIZE_MAX);
        while (buf_ok(&buf))
            buf_char(&buf, 'x');
        CHECK(buf.len <= room, "%zu of %zu", buf.len, room);
        CHECK(!room || buf.len > 0, "%zu of %zu", buf.len, room);
        arena_free(&small);
    }
}

static void writes_into_buf(void **state)
{
    struct buf buf = buf_in(arena, 1000);

    (void)state;
    buf_uint(&buf, 0);
    buf_char(&buf, ' ');
    buf_uint(&buf, UINT64_MAX);
    buf_printf(&buf, " %s", "x");
    buf_printf(&buf, "%s", "");
    buf_char(&buf, ' ');
    buf_hex(&buf, "\x00\x7F\xFF", 3);
    buf_hex(&buf, "", 0);
    CHECK(str_is(buf_str(&buf), "0 18446744073709551615 x 007fff"), STR_FMT, STR_ARG(buf_str(&buf)));
    char *to = buf_reserve(&buf, 500);
    CHECK(to && buf_str(&buf).len == 31, "reserving adds nothing");
    memcpy(to, "!", 1);
    buf.len++;
    CHECK(buf_str(&buf).ptr[31] == '!', "what was put there counts");
}

static void wraps_errors(void **state)
{
    struct err err;
    char words[400];

    (void)state;
    int failed = err_set(&err, ERR_CONFIG, "line %d", 7);
    CHECK(failed == -1 && err.code == ERR_CONFIG, "set");
    CHECK(strcmp(err.detail, "line 7") == 0, "%s", err.detail);
    failed = err_wrap(&err, "in %s", "a file");
    CHECK(failed == -1 && err.code == ERR_CONFIG, "wrap");
    CHECK(strcmp(err.detail, "in a file: line 7") == 0, "%s", err.detail);
    memset(words, 'x', sizeof words);
    words[sizeof words - 1] = '\0';
    (void)err_set(&err, ERR_INTERNAL, "%s", words);
    CHECK(strlen(err.detail) == sizeof err.detail - 1, "cut at its end");
    (void)err_wrap(&err, "head");
    CHECK(str_starts(str_from(err.detail), STR("head: xxx")) && strlen(err.detail) == sizeof err.detail - 1, "wrapped");
    (void)err_wrap(&err, "%s", words);
    CHECK(strlen(err.detail) == sizeof err.detail - 1 && err.detail[0] == 'x', "a context that fills it");
}

static void names_errors(void **state)
{
    (void)state;
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const char *name = err_name((enum err_code)code);
        CHECK(name && *name && *err_text((enum err_code)code), "code %d", code);
        CHECK(err_status((enum err_code)code) >= 400 && err_status((enum err_code)code) < 600, "%s", name);
        CHECK(err_by_name(str_from(name)) == (enum err_code)code, "%s", name);
    }
    CHECK(err_by_name(STR("none")) == ERR_NONE && err_by_name(STR("")) == ERR_NONE, "unknown names");
    CHECK(err_by_name(STR("Bad_json")) == ERR_NONE && err_by_name(STR("bad_jso")) == ERR_NONE, "unknown names");
}

/* The values are those of the reference implementation where there is no seed: MurmurHash3_x64_128 of the same text. */
static void tells_texts_apart(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        { "", "00000000000000000000000000000000" },
        { "hello", "cbd8a7b341bd9b025b1e906a48ae1d19" },
        { "The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347" },
        { "The quick brown fox jumps over the lazy dog.", "cd99481f9ee902c9695da1a38987b6e7" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf hex = buf_in(arena, FINGERPRINT_LEN + 1);
        buf_fingerprint(&hex, fingerprint_add((struct fingerprint){ 0 }, str_from(cases[i].text)));
        CHECK(str_is(buf_str(&hex), cases[i].hex), "%s: " STR_FMT, cases[i].text, STR_ARG(buf_str(&hex)));
    }
    /* one byte more or less, another byte, another cut: another fingerprint */
    struct fingerprint seen[400];
    char bytes[100] = { 0 };
    size_t count = 0;
    for (size_t len = 0; len < sizeof bytes; len++) {
        seen[count++] = fingerprint_add((struct fingerprint){ 0 }, str_of(bytes, len));
        if (len < 2)
            continue;
        struct fingerprint first = fingerprint_add((struct fingerprint){ 0 }, str_of(bytes, len / 2));
        seen[count++] = fingerprint_add(first, str_of(bytes + len / 2, len - len / 2));
        bytes[len / 2] = 1;
        seen[count++] = fingerprint_add((struct fingerprint){ 0 }, str_of(bytes, len));
        bytes[len / 2] = 0;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(seen[i].low != seen[k].low && seen[i].high != seen[k].high, "%zu and %zu", i, k);
}

/* The key and the first texts of the reference implementation's test vectors. */
static void hashes_under_a_key(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } cases[] = { { 0, UINT64_C(0x726FDB47DD0E0E31) }, { 1, UINT64_C(0x74F839C593DC67FD) },
                  { 8, UINT64_C(0x93F5F5799A932462) }, { 15, UINT64_C(0xA129CA6149BE45E5) } };
    const struct siphash_key key = { UINT64_C(0x0706050403020100), UINT64_C(0x0F0E0D0C0B0A0908) },
                             other = { UINT64_C(0x0706050403020101), UINT64_C(0x0F0E0D0C0B0A0908) };
    char bytes[16];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t hash = siphash(key, str_of(bytes, cases[i].len));
        CHECK(hash == cases[i].hash, "%zu bytes: %jx", cases[i].len, (uintmax_t)hash);
        CHECK(siphash(other, str_of(bytes, cases[i].len)) != hash, "%zu bytes under another key", cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_memory), TEST(keeps_arena_ceiling), TEST(reserves), TEST(knows_who_went_without), TEST(keeps_buf_ceiling), TEST(hands_on_blocks),
        TEST(keeps_arena_ceiling_in_buf), TEST(writes_into_buf), TEST(wraps_errors), TEST(names_errors),
        TEST(tells_texts_apart), TEST(hashes_under_a_key), TEST(gives_megabytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
