/* How many clients may be connected, with the open files that the system allows. */
#include "edge/worker.h"

#include "conf/conf.h"

#include <sys/resource.h>

enum {
    FILES_OF_PROCESS = 128, /* the admin pages, databases, logs */
    FILES_OF_WORKER = 80,   /* its loop, its listeners, connections that linger */
};

/* A service begins with few and may ask for more: 1,024 and 524,288 under systemd. */
static uint64_t ask_for_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files))
        return UINT64_MAX;
    rlim_t given = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) ? given : files.rlim_max;
}

/* What clients must leave: without it the backend cannot be called, and nobody is told that this is so. */
uint64_t crew_connections(const struct conf *conf, size_t workers)
{
    uint64_t wanted = conf->limits.connections, allowed = ask_for_files();
    /* The embedded backend has the other end of each call. */
    uint64_t kept = FILES_OF_PROCESS + workers * (FILES_OF_WORKER + 2 * conf->backend.connections);

    if (allowed >= wanted + kept)
        return wanted;
    return allowed / 2 > kept ? allowed - kept : allowed / 2;
}
