/* What libh2o exports of picohttpparser; its header is not installed. */
#pragma once

#include <stddef.h>

struct phr_header {
    const char *name; /* NULL on a continuation line */
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* Bytes of the head, -1 when it is malformed, -2 when it is not whole. With `last_len`, the length of the
 * previous attempt, it first looks in the new bytes only whether the head ends there. */
int phr_parse_response(const char *buf, size_t len, int *minor_version, int *status, const char **msg,
                       size_t *msg_len, struct phr_header *headers, size_t *num_headers, size_t last_len);
