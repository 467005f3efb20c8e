/* The admin listener: /healthz (the process runs), /readyz (it can serve: 503 while it cannot or drains), /metrics
 * (Prometheus text). Loopback by default; no patient data and no secrets. Runs on the loop it is given. */
#pragma once

#include "edge/worker.h"

struct admin;

/* `crew` is borrowed, `workers` are its. */
struct admin *admin_new(struct loop *loop, const struct conf *conf, struct gateway *gateway, const struct crew *crew,
                        struct worker *workers, size_t count);
MUST_CHECK int admin_listen(struct admin *admin, struct err *err);
void admin_stopping(struct admin *admin); /* /readyz says so from now on */
/* Answers what is on its way, and leaves who connects from now on to the next program; then `drained` runs. */
void admin_drain(struct admin *admin, void (*drained)(void *data), void *data);
void admin_free(struct admin **admin);
