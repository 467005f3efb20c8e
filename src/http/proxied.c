#include "http/proxied.h"

/* ---- version 1: a line ---- */

static const struct str v1_start = STR_INIT("PROXY ");

/* The next word of the line, each of which but the last is followed by one space. */
static bool next_word(struct str *line, struct str *word)
{
    if (str_cut(*line, ' ', word, line))
        return true;
    *word = *line;
    *line = STR_NONE;
    return word->len > 0;
}

static bool is_port(struct str text)
{
    uint64_t port;

    return str_to_uint(text, &port) && port <= UINT16_MAX && (text.len == 1 || text.ptr[0] != '0');
}

static bool is_address(struct str text, bool v6, struct address *address)
{
    return (memchr(text.ptr, ':', text.len) != NULL) == v6 && address_parse(text, address);
}

/* TCP4 or TCP6, both addresses, both ports; or UNKNOWN, and then anything. */
static bool read_line(struct str line, struct proxied *proxied)
{
    struct str family, client, other, client_port, other_port;
    struct address ignored;

    if (!next_word(&line, &family))
        return false;
    if (str_is(family, "UNKNOWN"))
        return true;
    bool v6 = str_is(family, "TCP6");
    proxied->named = true;
    return (v6 || str_is(family, "TCP4")) && next_word(&line, &client) && next_word(&line, &other) &&
           next_word(&line, &client_port) && next_word(&line, &other_port) && !line.ptr &&
           is_address(client, v6, &proxied->client) && is_address(other, v6, &ignored) && is_port(client_port) &&
           is_port(other_port);
}

static enum proxied_verdict read_v1(struct str bytes, struct proxied *proxied)
{
    const struct str most = str_of(bytes.ptr, bytes.len < PROXIED_V1_BYTES ? bytes.len : PROXIED_V1_BYTES);
    const char *end = memchr(most.ptr, '\r', most.len);
    const size_t at = end ? (size_t)(end - most.ptr) : most.len;
    struct proxied read = { .len = at + 2 };

    if (at + 2 > most.len)
        return bytes.len < PROXIED_V1_BYTES ? PROXIED_INCOMPLETE : PROXIED_MALFORMED;
    if (end[1] != '\n' || !read_line(str_of(most.ptr + v1_start.len, at - v1_start.len), &read))
        return PROXIED_MALFORMED;
    *proxied = read;
    return PROXIED_WHOLE;
}

/* ---- version 2: sixteen bytes, and as many more as they say ---- */

static const struct str v2_start = STR_INIT("\r\n\r\n\0\r\nQUIT\n");

enum { V2_HEAD = 16, V2_AT_COMMAND = 12, V2_AT_FAMILY, V2_AT_LENGTH };
enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };

/* What the family's byte may be, and how many bytes of addresses and ports it needs. Whose connection is no TCP over IP is
 * nobody that we could name. */
static const struct family {
    unsigned char family;
    size_t bytes;
    size_t address; /* length of one that names the client, or 0 */
} families[] = {
    { .family = 0x00 },                               /* unspecified */
    { .family = 0x11, .bytes = 12, .address = 4 },    /* TCP over IPv4 */
    { .family = 0x12, .bytes = 12 },                  /* UDP */
    { .family = 0x21, .bytes = 36, .address = 16 },   /* TCP over IPv6 */
    { .family = 0x22, .bytes = 36 },
    { .family = 0x31, .bytes = 216 },                 /* UNIX streams */
    { .family = 0x32, .bytes = 216 },
};

static const struct family *find_family(unsigned char byte)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (families[i].family == byte)
            return &families[i];
    return NULL;
}

/* The head alone is right, whatever follows. For LOCAL the family is not looked at. */
static bool is_head(const unsigned char *head, size_t len)
{
    const struct family *family = find_family(head[V2_AT_FAMILY]);

    if (V2_HEAD + len > PROXIED_BYTES)
        return false;
    return head[V2_AT_COMMAND] == V2_LOCAL || (head[V2_AT_COMMAND] == V2_PROXY && family && len >= family->bytes);
}

static enum proxied_verdict read_v2(struct str bytes, struct proxied *proxied)
{
    const unsigned char *head = (const unsigned char *)bytes.ptr;

    if (bytes.len > V2_AT_COMMAND && head[V2_AT_COMMAND] != V2_LOCAL && head[V2_AT_COMMAND] != V2_PROXY)
        return PROXIED_MALFORMED;
    if (bytes.len < V2_HEAD)
        return PROXIED_INCOMPLETE;
    const size_t len = (size_t)head[V2_AT_LENGTH] << 8 | head[V2_AT_LENGTH + 1];
    if (!is_head(head, len))
        return PROXIED_MALFORMED;
    if (bytes.len < V2_HEAD + len)
        return PROXIED_INCOMPLETE;
    *proxied = (struct proxied){ .len = V2_HEAD + len };
    const size_t address = head[V2_AT_COMMAND] == V2_PROXY ? find_family(head[V2_AT_FAMILY])->address : 0;
    if (!address)
        return PROXIED_WHOLE;
    proxied->named = true;
    proxied->client = address_of(head + V2_HEAD, address);
    return PROXIED_WHOLE;
}

enum proxied_verdict proxied_read(struct str bytes, struct proxied *proxied)
{
    if (str_starts(bytes, v2_start))
        return read_v2(bytes, proxied);
    if (str_starts(bytes, v1_start))
        return read_v1(bytes, proxied);
    return str_starts(v1_start, bytes) || str_starts(v2_start, bytes) ? PROXIED_INCOMPLETE : PROXIED_MALFORMED;
}
