/* A request as text, "METHOD target", header lines, an empty line, the body: as the flow gets it from the server. For benches
 * and fuzzers, which ask without a socket. */
#pragma once

#include "http/http.h"

/* `head` borrows `text` and `headers`, of which there are at most `most`; further ones are left out. False: no request. */
static inline bool text_head(struct http_head *head, struct http_header *headers, size_t most, struct str text)
{
    struct str line, name, value;

    *head = (struct http_head){ .peer = STR("127.0.0.1"), .headers = headers, .local_port = 80 };
    if (!str_cut(text, '\n', &line, &text) || !str_cut(line, ' ', &head->method, &head->target))
        return false;
    (void)str_cut(head->target, ' ', &head->target, &line); /* the version */
    if (!head->target.len || head->target.ptr[0] != '/')
        return false;
    head->path = head->target;
    (void)str_cut(head->target, '?', &head->path, &head->query);
    while (str_cut(text, '\n', &line, &text) && str_cut(line, ':', &name, &value)) {
        if (str_is(name, "host"))
            head->host = str_trim(value);
        else if (head->header_count < most)
            headers[head->header_count++] = (struct http_header){ .name = name, .value = str_trim(value) };
    }
    head->body = text;
    head->has_body = text.len > 0;
    return true;
}
