/* What the signals mean to a process that serves (docs/running.md). They are blocked everywhere, and taken by a thread of their
 * own. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct edge;
struct signals;

/* Before any thread starts, so that all inherit it. */
void signals_block(void);

/* `arguments`, `held`: for restarts (cli/restart.h); they and `edge` are borrowed. */
MUST_CHECK int signals_start(struct signals **signals, struct edge *edge, char *const *arguments, struct str held,
                             struct err *err);

/* After edge_run: true if a restart is what ended it. NULL is fine. */
bool signals_end(struct signals **signals);

/* For a service without an edge: until it is to stop. */
void signals_await_stop(void);
