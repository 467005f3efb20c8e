/* Every mapping file of the project loads, and its examples and laws hold. */
#include "check.h"

#include "lens/lens.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 200 };

/* As each folder's dialect.yaml says; a folder without a word here is read in the plain style. */
static const struct {
    const char *folder;
    struct lens_style style;
} styles[] = {
    { "general", { .absent_as_null = true } },
    { "patient-graph",
      { .absent_as_null = true, .refuse_null_on_create = true, .read_only = READ_ONLY_REFUSE } },
    { "twine", { 0 } },
    { "fhir", { .refuse_null_on_create = true, .empty_is_absent = true } },
};

static struct lens_style style_of(const char *folder)
{
    for (size_t i = 0; i < COUNT(styles); i++)
        if (strcmp(styles[i].folder, folder) == 0)
            return styles[i].style;
    return (struct lens_style){ 0 };
}

static bool is_mapping(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".yaml") == 0 && strcmp(name, "dialect.yaml") != 0;
}

static void check_file(const char *folder, const char *path, const struct lens_tables *tables)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct lens_style style = style_of(folder);
    struct buf report = buf_in(arena, 1 << 20);
    struct err err = { 0 };
    struct lens *lens;

    CHECK(lens_load(&lens, arena, path, &style, tables, &err) == 0, "%s", err.detail);
    const char *count = getenv("LENS_TEST_COUNT");
    size_t failures = lens_test(lens, 20240607, count ? (unsigned)strtoul(count, NULL, 10) : 200, &report);
    CHECK(failures == 0, "%s: %zu failures\n%.*s", path, failures, (int)report.len, report.ptr);
    arena_free(&arena);
}

static void check_folder(const char *folder, const struct lens_tables *tables, size_t *files)
{
    char path[4096];

    assert_true(snprintf(path, sizeof path, SOURCE_DIR "/mappings/%s", folder) > 0);
    DIR *dir = opendir(path);
    for (struct dirent *at = dir ? readdir(dir) : NULL; at; at = readdir(dir)) {
        if (!is_mapping(at->d_name))
            continue;
        assert_true(snprintf(path, sizeof path, SOURCE_DIR "/mappings/%s/%s", folder, at->d_name) > 0);
        check_file(folder, path, tables);
        ++*files;
    }
    if (dir)
        closedir(dir);
}

static void every_mapping_file_keeps_its_laws(void **state)
{
    static const char *const others[] = { "tables", "canonical" };
    struct arena *arena = arena_new(SIZE_MAX);
    struct lens_tables *tables;
    struct err err = { 0 };
    size_t files = 0;

    (void)state;
    CHECK(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err) == 0, "%s", err.detail);
    DIR *dir = opendir(SOURCE_DIR "/mappings");
    assert_non_null(dir);
    for (struct dirent *at = readdir(dir); at; at = readdir(dir))
        if (at->d_name[0] != '.' && strcmp(at->d_name, others[0]) != 0 && strcmp(at->d_name, others[1]) != 0)
            check_folder(at->d_name, tables, &files);
    closedir(dir);
    CHECK(files >= 12, "only %zu mapping files found", files);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_mapping_file_keeps_its_laws) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
