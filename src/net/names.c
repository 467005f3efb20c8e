#include "net/names.h"

#include <netdb.h>
#include <netinet/in.h>

enum { KEEP_MS = 30000 };

/* `flags` AI_NUMERICHOST never blocks. */
static void look_up(const struct names *names, int flags, struct names_found *found)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    struct addrinfo *list;

    found->count = 0;
    if (getaddrinfo(names->host, NULL, &hints, &list))
        return;
    for (const struct addrinfo *at = list; at && found->count < NAMES_MOST; at = at->ai_next) {
        struct sockaddr_storage *to = &found->at[found->count];
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6)
            continue;
        *to = (struct sockaddr_storage){ 0 };
        memcpy(to, at->ai_addr, at->ai_addrlen);
        if (at->ai_family == AF_INET)
            ((struct sockaddr_in *)to)->sin_port = htons(names->port);
        else
            ((struct sockaddr_in6 *)to)->sin6_port = htons(names->port);
        found->len[found->count++] = at->ai_addrlen;
    }
    freeaddrinfo(list);
}

/* RFC 6761 section 6.3: localhost is the loopback address without asking anybody. */
static void localhost(const struct names *names, struct names_found *found)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&found->at[0];
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&found->at[1];

    *v4 = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_port = htons(names->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
                                 .sin6_port = htons(names->port),
                                 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    found->len[0] = sizeof *v4;
    found->len[1] = sizeof *v6;
    found->count = 2;
}

void names_init(struct names *names, struct loop *loop, struct arena *arena, struct str host, uint16_t port)
{
    names->loop = loop;
    names->host = arena_cstr(arena, host);
    names->port = port;
    if (str_eq_nocase(host, STR("localhost")))
        localhost(names, &names->found);
    else
        look_up(names, AI_NUMERICHOST, &names->found);
    names->until_ms = names->found.count ? UINT64_MAX : 0;
}

void names_done(struct names *names)
{
    if (names->asking)
        errand_cancel(&names->errand);
    names->asking = false;
}

static struct names *names_of(struct errand *errand)
{
    return CONTAINER(errand, struct names, errand);
}

static void ask(struct errand *errand)
{
    struct names *names = names_of(errand);

    look_up(names, AI_ADDRCONFIG, &names->asked);
}

/* The place of the address that was good before; the first one where it is gone. */
static size_t find_good(const struct names *names)
{
    const struct names_found *old = &names->found, *fresh = &names->asked;

    for (size_t i = 0; old->count && i < fresh->count; i++)
        if (fresh->len[i] == old->len[names->good] && !memcmp(&fresh->at[i], &old->at[names->good], fresh->len[i]))
            return i;
    return 0;
}

static void asked(struct errand *errand)
{
    struct names *names = names_of(errand);

    names->asking = false;
    if (names->asked.count) { /* while nobody can say, what was known serves on */
        names->good = find_good(names);
        names->found = names->asked;
    }
    names->until_ms = loop_now_ms(names->loop) + KEEP_MS;
    names->changed(names);
}

bool names_ready(struct names *names)
{
    if (names->found.count && loop_now_ms(names->loop) < names->until_ms)
        return true;
    if (names->asking)
        return false;
    names->errand = (struct errand){ .work = ask, .done = asked };
    names->asking = errand_submit(names->loop, &names->errand);
    return false;
}
