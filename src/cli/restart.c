#include "cli/restart.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JUDGE_MS = 60000, SAID_MOST = 32 * 1024 };

/* The path by which this program was started: what lies there now is the program to come. Where it is no name of a file (a
 * sanitizer starts itself anew so), the file that runs: its name has these words behind it when it was replaced. */
static const char *program_path(struct arena *arena)
{
    const struct str gone = STR(" (deleted)");
    const char *name = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    char file[PATH_MAX];

    if (name && !str_starts(str_from(name), STR("/proc/")) && !str_starts(str_from(name), STR("/dev/")))
        return name;
    ssize_t len = readlink("/proc/self/exe", file, sizeof file);
    struct str path = str_of(file, len > 0 ? (size_t)len : 0);
    if (path.len > gone.len && str_eq(str_from_at(path, path.len - gone.len), gone))
        path.len -= gone.len;
    return arena_cstr(arena, path);
}

/* Of `serve` everything but its name goes for `check`, too. */
static char *const *check_arguments(struct arena *arena, char *const *arguments, const char *held)
{
    size_t count = 0, len = 0;

    while (arguments[count])
        count++;
    char **check = ARENA_ARRAY(arena, char *, count + 4);
    check[len++] = arguments[0];
    check[len++] = (char *)(uintptr_t) "check";
    check[len++] = (char *)(uintptr_t) "--held";
    check[len++] = (char *)(uintptr_t)held;
    for (size_t i = 2; i < count; i++)
        check[len++] = arguments[i];
    return check;
}

/* Nothing of this process gets to it but its standard input and the place for its faults. The signals that are blocked here are
 * not blocked there. */
static int spawn(pid_t *child, const char *path, char *const *arguments, int said)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;

    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files))
        return ENOMEM;
    if (posix_spawnattr_init(&how)) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int why = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!why)
        why = posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
    if (!why)
        why = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (!why)
        why = posix_spawnattr_setsigmask(&how, &none);
    if (!why)
        why = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
    if (!why)
        why = posix_spawn(child, path, &files, &how, arguments, environ);
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    return why;
}

int judgement_begin(struct judgement *judgement, char *const *arguments, const char *held, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    const char *path = program_path(arena);
    int said = memfd_create("faults", MFD_CLOEXEC);

    if (said < 0)
        return err_set(err, ERR_INTERNAL, "no file for faults: %s", strerror(errno));
    pid_t child = 0;
    int why = spawn(&child, path, check_arguments(arena, arguments, held), said);
    if (why) {
        (void)close(said);
        return err_set(err, ERR_CONFIG, "%s cannot be started: %s", path, strerror(why));
    }
    *judgement = (struct judgement){ .child = child, .said = said, .until_ms = clock_monotonic_ms() + JUDGE_MS };
    return 0;
}

/* What is indented is about the line before, and may quote documents: for that there is `dragoman check`. */
static void tell_faults(const struct judgement *judgement)
{
    char text[SAID_MOST];
    ssize_t len = pread(judgement->said, text, sizeof text, 0);
    struct str rest = str_of(text, len > 0 ? (size_t)len : 0), line;

    while (str_next(&rest, '\n', &line)) {
        if (str_starts(line, STR("dragoman: ")))
            line = str_from_at(line, sizeof "dragoman: " - 1);
        if (line.len && line.ptr[0] != ' ')
            log_line(LOG_ERROR, "restart: " STR_FMT, STR_ARG(line));
    }
}

enum verdict judgement_look(struct judgement *judgement)
{
    int status = 0;
    pid_t ended = waitpid(judgement->child, &status, WNOHANG);

    if (ended == 0 && clock_monotonic_ms() < judgement->until_ms)
        return VERDICT_AWAITED;
    bool good = ended == judgement->child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!good)
        tell_faults(judgement);
    if (ended == 0)
        log_line(LOG_ERROR, "restart: the check does not come to an end");
    else if (!good && !WIFEXITED(status))
        log_line(LOG_ERROR, "restart: the check was ended by signal %d", WTERMSIG(status));
    if (ended == judgement->child)
        judgement->child = 0;
    judgement_drop(judgement);
    return good ? VERDICT_GOOD : VERDICT_BAD;
}

void judgement_drop(struct judgement *judgement)
{
    if (judgement->child > 0 && kill(judgement->child, SIGKILL) == 0)
        (void)waitpid(judgement->child, NULL, 0);
    if (judgement->said > 0)
        (void)close(judgement->said);
    *judgement = (struct judgement){ 0 };
}

/* The signals that this program awaits stay blocked: one that comes now waits for the next program, which would otherwise be
 * ended by it before it awaits any. */
int restart_program(char *const *arguments, const struct http_sockets *sockets, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    const char *path = program_path(arena);

    if (http_sockets_hand_over(sockets, err))
        return -1;
    (void)execv(path, arguments);
    return err_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
}
