#include "edge/forwarded.h"

static bool is_trusted(const struct conf *conf, const struct address *address)
{
    return networks_have(conf->trusted_proxies, conf->trusted_proxy_count, address);
}

/* Takes the last item off the list. */
static bool take_last(struct str *list, struct str *item)
{
    const char *comma = list->len ? memrchr(list->ptr, ',', list->len) : NULL;
    size_t from = comma ? (size_t)(comma - list->ptr) + 1 : 0;

    if (!list->len)
        return false;
    *item = str_trim(str_from_at(*list, from));
    list->len = comma ? from - 1 : 0;
    return true;
}

/* Some proxies write the port, too: 192.0.2.1:4711, [2001:db8::1]:4711. */
static struct str without_port(struct str item)
{
    struct str host, port;

    if (str_starts(item, STR("[")) && str_cut(str_from_at(item, 1), ']', &host, &port))
        return host;
    if (str_cut(item, ':', &host, &port) && !memchr(port.ptr, ':', port.len))
        return host;
    return item;
}

struct str forwarded_client(const struct conf *conf, const struct http_head *head, struct arena *arena)
{
    struct address last, before;
    struct str list, item;

    if (!conf->trusted_proxy_count || head->peer_is_proxy || !address_parse(head->peer, &last) || !is_trusted(conf, &last))
        return head->peer;
    list = http_find_list(head, STR("x-forwarded-for"), arena);
    while (is_trusted(conf, &last) && take_last(&list, &item) && address_parse(without_port(item), &before))
        last = before;
    char text[ADDRESS_TEXT];
    return arena_copy(arena, address_text(&last, text));
}
