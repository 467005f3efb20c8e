/* The access log: one JSON line per request, without names, birth dates, tokens, paths, query values or bodies. The
 * lines of one loop are gathered and written together, after a fifth of a second at the latest. If nobody reads the
 * log, or the disk is full, up to a mebibyte is held; further lines are lost, and counted. */
#pragma once

#include "flow/flow.h"

struct access_log;

/* `fd` is borrowed; -1 writes nothing. For one loop. */
struct access_log *access_log_new(struct loop *loop, int fd);
void access_log_free(struct access_log **log); /* writes what is gathered */
uint64_t access_log_lost(const struct access_log *log); /* lines, since it was made */
void access_log_add(struct access_log *log, const struct http_head *head, const struct flow_answer *answer);
