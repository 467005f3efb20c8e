/* Undoes the chunked transfer coding, strictly (RFC 9112 section 7.1): libh2o's own decoder takes "0x5" for
 * the last chunk, any number of CRs and bare LFs, and does not bound extensions. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct h1_chunks {
    enum h1_chunk_state {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_SIZE_LF,
        CHUNK_DATA,
        CHUNK_DATA_CR,
        CHUNK_DATA_LF,
        CHUNK_TRAILER,
        CHUNK_TRAILER_LINE,
        CHUNK_TRAILER_LF,
        CHUNK_END_LF,
        CHUNK_DONE
    } state;
    size_t left;    /* of the chunk */
    size_t digits;  /* of its size */
    size_t line;    /* bytes of its size line */
    size_t trailer; /* bytes of all trailer lines */
};

/* Appends what `in` holds of the body. Zero-initialise `chunks` before the first piece; `state` is CHUNK_DONE
 * once the last chunk and the trailers are read. Bytes after that are a failure. */
MUST_CHECK int h1_chunks_take(struct h1_chunks *chunks, struct str in, size_t most_trailer, struct buf *body,
                              struct err *err);
