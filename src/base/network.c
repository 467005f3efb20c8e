#include "base/network.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

_Static_assert(ADDRESS_TEXT >= INET6_ADDRSTRLEN, "what inet_ntop writes");

enum { BITS = 128, MAPPED_BITS = 96 };
static const unsigned char mapped[12] = { [10] = 0xFF, [11] = 0xFF };

struct address address_of(const void *bytes, size_t len)
{
    struct address address;

    assert(len == 4 || len == sizeof address.bytes);
    memcpy(address.bytes, mapped, sizeof mapped);
    memcpy(address.bytes + sizeof address.bytes - len, bytes, len);
    return address;
}

bool address_parse(struct str text, struct address *address)
{
    char copy[ADDRESS_TEXT];

    if (!text.len || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(address->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, address->bytes + sizeof mapped) == 1 || inet_pton(AF_INET6, copy, address->bytes) == 1;
}

bool address_is_ipv4(const struct address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

struct str address_text(const struct address *address, char text[static ADDRESS_TEXT])
{
    const bool is_mapped = address_is_ipv4(address);
    const unsigned char *from = address->bytes + (is_mapped ? sizeof mapped : 0);

    return str_from(inet_ntop(is_mapped ? AF_INET : AF_INET6, from, text, ADDRESS_TEXT));
}

/* The first `bits` bits of both are the same. */
static bool begin_alike(const struct address *a, const struct address *b, unsigned bits)
{
    const unsigned whole = bits / 8, rest = bits % 8;
    const unsigned char mask = (unsigned char)(0xFF00 >> rest);

    return memcmp(a->bytes, b->bytes, whole) == 0 && (!rest || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

static bool ends_in_zeros(const struct network *network)
{
    struct address cut = network->at;
    unsigned at = network->bits / 8;

    if (network->bits % 8)
        cut.bytes[at++] &= (unsigned char)(0xFF00 >> network->bits % 8);
    memset(cut.bytes + at, 0, sizeof cut.bytes - at);
    return memcmp(cut.bytes, network->at.bytes, sizeof cut.bytes) == 0;
}

bool network_parse(struct str text, struct network *network)
{
    struct str host = text, bits;
    uint64_t count = BITS;
    const bool cut = str_cut(text, '/', &host, &bits);
    const unsigned before = memchr(host.ptr ? host.ptr : "", ':', host.len) ? 0 : MAPPED_BITS;

    if (!address_parse(host, &network->at))
        return false;
    if (cut && (!str_to_uint(bits, &count) || count > BITS - before))
        return false;
    network->bits = cut ? (unsigned)count + before : BITS;
    return ends_in_zeros(network);
}

bool network_has(const struct network *network, const struct address *address)
{
    return begin_alike(&network->at, address, network->bits);
}

bool networks_have(const struct network *networks, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (network_has(&networks[i], address))
            return true;
    return false;
}
