/* How many connections each address has. */
#include "http/inner.h"

#include "base/codec.h"
#include "base/log.h"

void http_total_count_addresses(struct http_total *total, struct arena *arena)
{
    total->by_address = ARENA_ARRAY(arena, atomic_uint, HTTP_ADDRESSES);
    random_bytes(&total->address_key, sizeof total->address_key);
}

/* Who has one address of IPv6 has the whole network. Addresses that share a counter by chance are counted together. */
static atomic_uint *counter_of(const struct http_total *total, const struct address *address)
{
    enum { NETWORK = 8 };
    size_t len = address_is_ipv4(address) ? sizeof address->bytes : NETWORK;
    uint64_t hash = siphash(total->address_key, str_of((const char *)address->bytes, len));

    return &total->by_address[hash % HTTP_ADDRESSES];
}

bool address_count(struct conn *conn, const struct address *address)
{
    struct http_server *server = conn->server;
    const struct http_limits *limits = &server->limits;

    if (!limits->per_address || !server->total->by_address || networks_have(limits->exempt, limits->exempt_count, address))
        return true;
    atomic_uint *counter = counter_of(server->total, address);
    if (atomic_fetch_add_explicit(counter, 1, memory_order_relaxed) < limits->per_address) {
        conn->counted = counter;
        return true;
    }
    (void)atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
    server->counts.address_refusals++;
    if (!server->told_address_refusal)
        log_line(LOG_WARN, "limits.connections_per_address: a connection from %.*s is closed, it has %u others; a proxy should be"
                 " in trusted_proxies", (int)conn->peer_len, conn->peer, limits->per_address);
    server->told_address_refusal = true;
    return false;
}

void address_forget(const struct conn *conn)
{
    if (conn->counted)
        (void)atomic_fetch_sub_explicit(conn->counted, 1, memory_order_relaxed);
}
