/* IP addresses and networks of them, as text (RFC 4291 section 2.2, RFC 4632 section 3.1). Pure; any thread. */
#pragma once

#include "base/str.h"

enum { ADDRESS_TEXT = 46 }; /* the longest text of an address, with its end */

/* An IPv4 address is the IPv6 address to which it is mapped. */
struct address {
    unsigned char bytes[16];
};
struct network {
    struct address at;
    unsigned bits; /* that count, 0 to 128 */
};

/* Of 4 or 16 bytes in network order. */
struct address address_of(const void *bytes, size_t len);
/* True: `text` is an address, without port, brackets and zone. */
bool address_parse(struct str text, struct address *address);
bool address_is_ipv4(const struct address *address);
/* As it is usually written. `text` holds it. */
struct str address_text(const struct address *address, char text[static ADDRESS_TEXT]);

/* True: `text` is an address, or one with a number of bits, as 10.0.0.0/8, after which it has none. */
bool network_parse(struct str text, struct network *network);
bool network_has(const struct network *network, const struct address *address);
bool networks_have(const struct network *networks, size_t count, const struct address *address); /* one of them */
