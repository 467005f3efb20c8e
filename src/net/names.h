/* The addresses of one host: at once for literal addresses and localhost, through an errand for other names,
 * and kept for 30 seconds. For the loop's thread. */
#pragma once

#include "base/arena.h"
#include "net/loop.h"

#include <sys/socket.h>

enum { NAMES_MOST = 8 };

struct names_found {
    struct sockaddr_storage at[NAMES_MOST];
    socklen_t len[NAMES_MOST];
    size_t count;
};

struct names {
    struct loop *loop;
    const char *host;
    uint16_t port;
    void (*changed)(struct names *names); /* a look-up ended; `found.count` may be 0 */
    struct names_found found;
    size_t good; /* of `found`, the one that was connected last: whoever connects begins there */
    uint64_t until_ms;
    bool asking;
    struct errand errand;
    struct names_found asked; /* the helper thread's while `asking` */
};

void names_init(struct names *names, struct loop *loop, struct arena *arena, struct str host, uint16_t port);
void names_done(struct names *names);

/* True when `found` may be used. Else `asking` tells whether a look-up is under way (`changed` will be
 * called) or could not be started. */
bool names_ready(struct names *names);
