/* Another program in the place of this one, in the same process: the program, the configuration and the mappings as they lie on
 * disk then, with the arguments of this one. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/* A child that judges them before anything is given up. All zero: there is none. One thread at a time. */
struct judgement {
    pid_t child;
    int said; /* a file in memory, with its faults */
    uint64_t until_ms;
};
enum verdict { VERDICT_AWAITED, VERDICT_GOOD, VERDICT_BAD };

/* `arguments` are those of the program as it was started, its name and the command among them; `held`: http_sockets_ports().
 * SIGCHLD tells that it has ended; it is given a minute. */
MUST_CHECK int judgement_begin(struct judgement *judgement, char *const *arguments, const char *held, struct err *err);
/* Does not wait. A bad one is logged, and after any verdict there is no judgement any more. */
enum verdict judgement_look(struct judgement *judgement);
void judgement_drop(struct judgement *judgement);

/* Returns only on failure. When no other thread runs, and nothing is open that the program after this one opens itself. */
struct http_sockets;
int restart_program(char *const *arguments, const struct http_sockets *sockets, struct err *err);
