/* The PROXY protocol (haproxy.org, proxy-protocol.txt), versions 1 and 2: what a proxy that passes bytes on, such as a load
 * balancer of TCP, sends before them to say whose they are. Pure: bytes in, verdict out; any thread. */
#pragma once

#include "base/network.h"

/* The longest header that is read. Version 1 has its own limit; version 2 may say up to 64 KiB of it. */
enum { PROXIED_V1_BYTES = 107, PROXIED_BYTES = 4096 };

enum proxied_verdict { PROXIED_WHOLE, PROXIED_INCOMPLETE, PROXIED_MALFORMED };

struct proxied {
    size_t len;            /* of the header; what follows is the client's */
    bool named;            /* false: the proxy's own connection (health checks), or of a client that has no address */
    struct address client; /* if named */
};

/* Judges the header that `bytes` begins with; `proxied` is set if it is whole. Ports, the address that the client connected to,
 * and what else a header of version 2 holds are not kept. */
enum proxied_verdict proxied_read(struct str bytes, struct proxied *proxied);
