#include "net/h1_chunks.h"

#include "base/codec.h"

enum { MOST_LINE = 256 }; /* size, extensions */

/* The first byte after the digits: CRLF, or an extension (which may have white space before its semicolon).
 */
static bool end_size(struct h1_chunks *chunks, char c)
{
    if (!chunks->digits || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
        return false;
    chunks->state = c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
    return true;
}

static bool take_size(struct h1_chunks *chunks, char c)
{
    int digit = hex_value(c);

    if (digit < 0)
        return end_size(chunks, c);
    if (chunks->left > SIZE_MAX >> 4)
        return false;
    chunks->left = chunks->left << 4 | (size_t)digit;
    chunks->digits++;
    return true;
}

static bool take_size_line(struct h1_chunks *chunks, char c)
{
    if (++chunks->line > MOST_LINE)
        return false;
    if (chunks->state == CHUNK_SIZE)
        return take_size(chunks, c);
    if (chunks->state == CHUNK_EXTENSION) {
        if (c == '\r')
            chunks->state = CHUNK_SIZE_LF;
        return c == '\r' || !str_is_control(c);
    }
    chunks->state = chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
    return c == '\n';
}

/* Trailer fields are dropped: nothing that decides anything may come after the body (RFC 9110 section 6.5.1).
 */
static bool take_trailer(struct h1_chunks *chunks, char c, size_t most)
{
    if (++chunks->trailer > most)
        return false;
    if (chunks->state == CHUNK_TRAILER) {
        chunks->state = c == '\r' ? CHUNK_END_LF : CHUNK_TRAILER_LINE;
        return c == '\r' || !str_is_control(c);
    }
    if (chunks->state == CHUNK_TRAILER_LINE) {
        if (c == '\r')
            chunks->state = CHUNK_TRAILER_LF;
        return c == '\r' || !str_is_control(c);
    }
    chunks->state = chunks->state == CHUNK_TRAILER_LF ? CHUNK_TRAILER : CHUNK_DONE;
    return c == '\n';
}

static bool take_data_end(struct h1_chunks *chunks, char c)
{
    if (chunks->state == CHUNK_DATA_CR) {
        chunks->state = CHUNK_DATA_LF;
        return c == '\r';
    }
    *chunks = (struct h1_chunks){ .state = CHUNK_SIZE };
    return c == '\n';
}

static bool take_byte(struct h1_chunks *chunks, char c, size_t most_trailer)
{
    switch (chunks->state) {
    case CHUNK_SIZE:
    case CHUNK_EXTENSION:
    case CHUNK_SIZE_LF:
        return take_size_line(chunks, c);
    case CHUNK_DATA_CR:
    case CHUNK_DATA_LF:
        return take_data_end(chunks, c);
    case CHUNK_TRAILER:
    case CHUNK_TRAILER_LINE:
    case CHUNK_TRAILER_LF:
    case CHUNK_END_LF:
        return take_trailer(chunks, c, most_trailer);
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return false;
}

static size_t take_data(struct h1_chunks *chunks, struct str in, struct buf *body)
{
    size_t len = in.len < chunks->left ? in.len : chunks->left;

    buf_add(body, str_of(in.ptr, len));
    chunks->left -= len;
    if (!chunks->left)
        chunks->state = CHUNK_DATA_CR;
    return len;
}

int h1_chunks_take(struct h1_chunks *chunks, struct str in, size_t most_trailer, struct buf *body,
                   struct err *err)
{
    size_t at = 0;

    while (at < in.len && chunks->state != CHUNK_DONE) {
        if (chunks->state == CHUNK_DATA)
            at += take_data(chunks, str_from_at(in, at), body);
        else if (!take_byte(chunks, in.ptr[at++], most_trailer))
            return err_set(err, ERR_UPSTREAM, "malformed chunk");
        if (!buf_ok(body))
            return err_set(err, ERR_UPSTREAM, "body over %zu bytes", body->ceiling);
    }
    if (at < in.len)
        return err_set(err, ERR_UPSTREAM, "%zu bytes left over after the last chunk", in.len - at);
    return 0;
}
