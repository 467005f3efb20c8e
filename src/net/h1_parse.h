/* Reads one HTTP/1.1 answer, strictly (RFC 9112). Pure: it owns no socket. Its user puts bytes where
 * h1_parse_space says and reports how many. Whatever way the bytes are cut, the result is the same. */
#pragma once

#include "base/buf.h"
#include "net/call.h"
#include "net/h1_chunks.h"

enum { H1_HEADERS = 100, H1_INTERIM = 16 }; /* ceilings: headers of a head, 1xx before the answer */

enum h1_step { H1_MORE, H1_DONE, H1_FAILED };

struct h1_parse {
    struct arena *arena;
    size_t head_bytes, body_bytes; /* ceilings */
    bool to_head;                  /* the request was HEAD */

    struct call_answer answer; /* whole after H1_DONE */
    bool keep;                 /* the connection may carry another request */

    enum { H1_HEAD, H1_LENGTH, H1_CHUNKED, H1_TO_END, H1_END } phase;
    char *ptr; /* where bytes arrive: the head's buffer, then the body's */
    size_t space, used, skipped, seen;
    size_t first; /* how much space there is at first */
    size_t length; /* content-length */
    unsigned interim;
    struct h1_chunks chunks;
    struct buf body; /* of chunks */
};

void h1_parse_init(struct h1_parse *parse, struct arena *arena, size_t head_bytes, size_t body_bytes,
                   bool to_head);

/* Before the first byte: the answer may have about as many as the last one had (h1_parse_size), so that most are read at once. */
void h1_parse_expect(struct h1_parse *parse, size_t size);

struct h1_space {
    char *ptr;
    size_t len; /* never 0 while H1_MORE */
};
struct h1_space h1_parse_space(struct h1_parse *parse);

/* `len` bytes arrived there. On H1_FAILED `err` says why. */
enum h1_step h1_parse_took(struct h1_parse *parse, size_t len, struct err *err);

/* Of an answer with a content-length that is whole: its bytes, head included; 0 of others. */
size_t h1_parse_size(const struct h1_parse *parse);

/* The server closed the connection. */
enum h1_step h1_parse_end(struct h1_parse *parse, struct err *err);
