/* Whose files hold secrets. */
#include "check.h"

#include "auth/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, SOMEBODY = 65533 };

struct row {
    unsigned owner, group, mode, reader;
    bool good;
};

static bool is_good(const char *path)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct str text;
    struct err err;

    return !file_check_secret(arena, str_from(path), &err) && !file_read(arena, str_from(path), true, &text, &err) &&
           str_is(text, "secret");
}

/* In a process of its own, which is that user and in that group. */
static bool is_good_for(const struct row *row, const char *path)
{
    int status;
    pid_t child = fork();

    if (!child) {
        bool changed = !row->reader || (!setgid(NOBODY) && !setuid(row->reader));
        _exit(changed ? !is_good(path) : 2);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status) == 0;
}

/* Kubernetes gives a pod that is not root its secrets as root's, readable by the pod's group: nobody else can make them so. Whoever
 * is root, or owns the file, can do better. */
static void a_secret_belongs_to_its_reader_or_is_roots_for_the_readers_group(void **state)
{
    static const struct row rows[] = {
        { 0, 0, 0600, 0, true },           { 0, 0, 0400, 0, true },
        { 0, 0, 0440, 0, false },          { 0, NOBODY, 0440, NOBODY, true },
        { 0, NOBODY, 0640, NOBODY, true }, { 0, NOBODY, 0660, NOBODY, false },
        { 0, NOBODY, 0444, NOBODY, false }, { 0, NOBODY, 0644, NOBODY, false },
        { 0, NOBODY, 0450, NOBODY, false }, { 0, 0, 0440, NOBODY, false },
        { NOBODY, NOBODY, 0400, NOBODY, true }, { NOBODY, NOBODY, 0440, NOBODY, false },
        { SOMEBODY, NOBODY, 0440, NOBODY, false },
    };
    char path[] = "/tmp/test_auth_files.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && write(fd, "secret", 6) == 6);
    if (geteuid()) { /* only root can give files away */
        assert_true(is_good(path));
        assert_true(!fchmod(fd, 0440) && !is_good(path));
    }
    for (size_t i = 0; !geteuid() && i < COUNT(rows); i++) {
        assert_int_equal(fchown(fd, rows[i].owner, rows[i].group), 0);
        assert_int_equal(fchmod(fd, rows[i].mode), 0);
        CHECK(is_good_for(&rows[i], path) == rows[i].good, "row %zu", i);
    }
    (void)close(fd);
    (void)unlink(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_belongs_to_its_reader_or_is_roots_for_the_readers_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
