/* What is known of the disk while nobody writes: a full one stays full until something can be written. */
#include "test_db_kit.h"

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int run_fill(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    return db_exec(db, "INSERT INTO item(name) VALUES(hex(zeroblob(20000)))", err);
}

/* Files may not grow beyond that: what a full disk does to them. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static size_t count_lines(int fd, const char *words)
{
    char text[8192];
    size_t count = 0;
    ssize_t len = pread(fd, text, sizeof text - 1, 0);

    text[len > 0 ? len : 0] = '\0';
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void a_full_disk_is_full_until_something_is_written(void **state)
{
    char name[] = "/tmp/test_db_log.XXXXXX";
    struct place place = place_new();
    struct db *db = open_db(place.path, "CREATE TABLE item(name TEXT)");
    struct db_job fill = { .run = run_fill };
    struct stat log;
    struct err err;
    int fd = mkstemp(name);

    (void)state;
    assert_true(fd >= 0 && !unlink(name));
    log_to(fd, LOG_INFO);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(db_run(db, &fill, &err), 0);
    assert_int_equal(stat(place.log, &log), 0);
    limit_files((rlim_t)log.st_size);
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(db_run(db, &fill, &err), 0);
        assert_false(db_healthy(db));
    }
    assert_int_equal(count_rows(db, NULL), 1); /* reading works, and shows nothing */
    assert_false(db_healthy(db));
    for (size_t i = 0; i < 25; i++, usleep(100 * 1000))
        assert_false(db_healthy(db));
    limit_files(RLIM_INFINITY);
    for (size_t i = 0; i < 100 && !db_healthy(db); i++)
        usleep(100 * 1000);
    assert_true(db_healthy(db));
    assert_int_equal(db_run(db, &fill, &err), 0);
    db_close(&db);
    log_to(2, LOG_INFO);
    assert_int_equal(count_lines(fd, "/x.db: nothing can be written: "), 1);
    assert_int_equal(count_lines(fd, "/x.db: can be written again"), 1);
    (void)close(fd);
    place_done(&place);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_full_until_something_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
