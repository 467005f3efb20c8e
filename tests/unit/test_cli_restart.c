/* A child that judges what a restart would take up. The program that lies where this one was started is this one: as `check` it
 * plays the judge. */
#include "test_file.h"

#include "base/log.h"
#include "cli/restart.h"
#include "cli/signals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many descriptors are open here, but for the one that looks. */
static int count_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -1;

    for (const struct dirent *one = readdir(dir); one; one = readdir(dir))
        count += one->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static bool is_blocked(int number)
{
    sigset_t now;

    (void)pthread_sigmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, number) == 1;
}

/* `dragoman check --held WHAT …` */
static int play(int argc, char **argv)
{
    const char *what = argc > 3 ? argv[3] : "";

    if (!strcmp(what, "good"))
        return strcmp(argv[2], "--held") != 0 || argc != 6 || strcmp(argv[4], "--set") != 0 || strcmp(argv[5], "a=b") != 0;
    if (!strcmp(what, "clean"))
        return count_open() != 3 || is_blocked(SIGTERM) || is_blocked(SIGUSR2);
    if (!strcmp(what, "hang"))
        return pause();
    (void)fprintf(stderr, "dragoman: one.yaml:1:2: the fault\n  John Doe\ndragoman: 2 faults\n");
    return 1;
}

/* The verdict, once there is one; what was logged goes to `text`. */
static enum verdict judge(const char *what, char *text, size_t size)
{
    char name[] = "dragoman", serve[] = "serve", set[] = "--set", value[] = "a=b";
    char *const arguments[] = { name, serve, set, value, NULL };
    struct judgement judgement = { 0 };
    enum verdict verdict;
    struct err err;
    int log = memfd_create("log", MFD_CLOEXEC);

    log_to(log, LOG_INFO);
    if (judgement_begin(&judgement, arguments, what, &err))
        fail_msg("%s", err.detail);
    pid_t child = judgement.child;
    if (!strcmp(what, "hang"))
        judgement.until_ms = 0;
    do
        verdict = judgement_look(&judgement);
    while (verdict == VERDICT_AWAITED);
    CHECK(!judgement.child && !judgement.said, "%s: there is none any more", what);
    CHECK(waitpid(child, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: no child is left", what);
    ssize_t len = pread(log, text, size - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    log_to(STDERR_FILENO, LOG_INFO);
    (void)close(log);
    return verdict;
}

static void a_child_judges(void **state)
{
    static const struct {
        const char *what;
        enum verdict verdict;
        const char *told; /* NULL: nothing */
    } rows[] = {
        { "good", VERDICT_GOOD, NULL },
        { "clean", VERDICT_GOOD, NULL },
        { "bad", VERDICT_BAD, "\"restart: one.yaml:1:2: the fault\"" },
        { "bad", VERDICT_BAD, "\"restart: 2 faults\"" },
        { "hang", VERDICT_BAD, "does not come to an end" },
    };
    char text[2000];
    int before = count_open();

    (void)state;
    signals_block();
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum verdict verdict = judge(rows[i].what, text, sizeof text);
        CHECK(verdict == rows[i].verdict, "%s: %s", rows[i].what, text);
        CHECK(rows[i].told ? strstr(text, rows[i].told) != NULL : !text[0], "%s: %s", rows[i].what, text);
        CHECK(!strstr(text, "John Doe"), "documents are not logged: %s", text);
    }
    assert_int_equal(count_open(), before);
}

static void one_can_be_dropped(void **state)
{
    char name[] = "dragoman", serve[] = "serve";
    char *const arguments[] = { name, serve, NULL };
    struct judgement judgement = { 0 };
    struct err err;

    (void)state;
    judgement_drop(&judgement); /* there is none */
    if (judgement_begin(&judgement, arguments, "hang", &err))
        fail_msg("%s", err.detail);
    pid_t child = judgement.child;
    assert_int_equal(judgement_look(&judgement), VERDICT_AWAITED);
    judgement_drop(&judgement);
    assert_int_equal(judgement.child, 0);
    CHECK(waitpid(child, NULL, WNOHANG) < 0 && errno == ECHILD, "no child is left");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_judges),
        cmocka_unit_test(one_can_be_dropped),
    };

    if (argc > 1 && !strcmp(argv[1], "check"))
        return play(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
