/* Every mapping file of the project loads, and its examples and laws hold in the style of its dialect. */
#include "check.h"

#include "base/buf.h"
#include "dialect/dialect.h"

#include <stdlib.h>

static void check_laws(const struct lens *lens, const char *path)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf report = buf_in(arena, 1 << 20);
    const char *count = getenv("LENS_TEST_COUNT");
    size_t failures = lens_test(lens, 20240607, count ? (unsigned)strtoul(count, NULL, 10) : 200, &report);

    CHECK(failures == 0, "%s: %zu failures\n" STR_FMT, path, failures, STR_ARG(buf_str(&report)));
    arena_free(&arena);
}

static void every_mapping_file_keeps_its_laws(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count, files = 0;

    (void)state;
    CHECK(!dialects_load(&dialects, &count, arena, SOURCE_DIR "/mappings", NULL, &err), "%s", err.detail);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < dialects[i]->lens_count; k++, files++)
            check_laws(dialects[i]->lenses[k], dialects[i]->lens_paths[k]);
    CHECK(files >= 40, "only %zu mapping files found", files);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mapping_file_keeps_its_laws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
