#include "net/h1_parse.h"

#include "net/pico.h"

enum { FIRST_SPACE = 8 * 1024, FIRST_SPACE_MOST = 64 * 1024, CHUNK_SPACE = 16 * 1024 };

void h1_parse_init(struct h1_parse *parse, struct arena *arena, size_t head_bytes, size_t body_bytes,
                   bool to_head)
{
    *parse = (struct h1_parse){
        .arena = arena, .head_bytes = head_bytes, .body_bytes = body_bytes, .to_head = to_head, .first = FIRST_SPACE
    };
}

void h1_parse_expect(struct h1_parse *parse, size_t size)
{
    while (parse->first <= size && parse->first < FIRST_SPACE_MOST)
        parse->first *= 2;
}

size_t h1_parse_size(const struct h1_parse *parse)
{
    return parse->length ? parse->skipped + parse->length : 0;
}

static enum h1_step fail(struct err *err, const char *why)
{
    (void)err_set(err, ERR_UPSTREAM, "%s", why);
    return H1_FAILED;
}

/* ---- where bytes go ---- */

static void move_to(struct h1_parse *parse, size_t space)
{
    char *ptr = arena_alloc(parse->arena, space);

    if (parse->used)
        memcpy(ptr, parse->ptr, parse->used);
    parse->ptr = ptr;
    parse->space = space;
}

/* Doubles, up to one byte over the ceiling: that byte shows that the ceiling is passed. */
static void grow(struct h1_parse *parse, size_t ceiling)
{
    size_t space = parse->space ? parse->space * 2 : parse->first;

    move_to(parse, space > ceiling ? ceiling + 1 : space);
}

struct h1_space h1_parse_space(struct h1_parse *parse)
{
    if (parse->used == parse->space)
        grow(parse, parse->phase == H1_HEAD ? parse->head_bytes : parse->body_bytes);
    return (struct h1_space){ .ptr = parse->ptr + parse->used, .len = parse->space - parse->used };
}

/* ---- the body ---- */

static enum h1_step end_with(struct h1_parse *parse, struct str body)
{
    parse->answer.body = body;
    parse->phase = H1_END;
    return H1_DONE;
}

static enum h1_step take_length(struct h1_parse *parse, struct err *err)
{
    if (parse->used > parse->length)
        return fail(err, "bytes left over after the body");
    if (parse->used < parse->length)
        return H1_MORE;
    return end_with(parse, str_of(parse->ptr, parse->length));
}

static enum h1_step take_chunks(struct h1_parse *parse, struct err *err)
{
    struct str in = str_of(parse->ptr, parse->used);

    parse->used = 0; /* the space is used again and again */
    if (h1_chunks_take(&parse->chunks, in, parse->head_bytes, &parse->body, err))
        return H1_FAILED;
    return parse->chunks.state == CHUNK_DONE ? end_with(parse, buf_str(&parse->body)) : H1_MORE;
}

static enum h1_step take_to_end(const struct h1_parse *parse, struct err *err)
{
    return parse->used > parse->body_bytes ? fail(err, "body too large") : H1_MORE;
}

static enum h1_step take_body(struct h1_parse *parse, struct err *err)
{
    switch (parse->phase) {
    case H1_LENGTH:
        return take_length(parse, err);
    case H1_CHUNKED:
        return take_chunks(parse, err);
    case H1_TO_END:
        return take_to_end(parse, err);
    case H1_HEAD:
    case H1_END:
        break;
    }
    return fail(err, "bytes after the end");
}

/* ---- from the head to the body ---- */

struct framing {
    size_t lengths, codings;
    struct str length, coding;
    bool close, keep_alive; /* of the connection header */
};

static void read_connection(struct str value, struct framing *framing)
{
    struct str token;

    while (str_next(&value, ',', &token)) {
        framing->close = framing->close || str_eq_nocase(str_trim(token), STR("close"));
        framing->keep_alive = framing->keep_alive || str_eq_nocase(str_trim(token), STR("keep-alive"));
    }
}

static struct framing read_framing(const struct call_answer *answer)
{
    struct framing framing = { 0 };

    for (size_t i = 0; i < answer->header_count; i++) {
        const struct call_header *header = &answer->headers[i];
        if (str_eq(header->name, STR("content-length"))) {
            framing.lengths++;
            framing.length = header->value;
        } else if (str_eq(header->name, STR("transfer-encoding"))) {
            framing.codings++;
            framing.coding = header->value;
        } else if (str_eq(header->name, STR("connection"))) {
            read_connection(header->value, &framing);
        }
    }
    return framing;
}

/* The rest of the head's buffer serves, if the body fits there: one read for head and body is the common
 * case. The spare byte lets bytes left over show themselves. */
static enum h1_step start_length(struct h1_parse *parse, uint64_t length, struct err *err)
{
    if (length > parse->body_bytes)
        return fail(err, "content-length over the ceiling");
    parse->phase = H1_LENGTH;
    parse->length = (size_t)length;
    if (parse->space <= parse->length && parse->used <= parse->length)
        move_to(parse, parse->length + 1);
    return take_length(parse, err);
}

static enum h1_step start_chunks(struct h1_parse *parse, struct err *err)
{
    parse->phase = H1_CHUNKED;
    parse->body = buf_in(parse->arena, parse->body_bytes);
    enum h1_step step = take_chunks(parse, err);
    if (step == H1_MORE)
        move_to(parse, CHUNK_SPACE);
    return step;
}

/* 204 and 304 and answers to HEAD have no body, whatever their headers say (RFC 9112 section 6.3). */
static enum h1_step start_nothing(struct h1_parse *parse, const struct framing *framing, uint64_t length,
                                  struct err *err)
{
    if (!parse->to_head && parse->answer.status == 204 && (framing->codings || length))
        return fail(err, "a body announced with 204");
    if (parse->used)
        return fail(err, "a body where none is allowed");
    return end_with(parse, STR_NONE);
}

/* RFC 9112 section 6.3, but whatever two readers could read in two ways is refused. */
static enum h1_step start_body(struct h1_parse *parse, int minor_version, struct err *err)
{
    struct framing framing = read_framing(&parse->answer);
    uint64_t length = 0;
    int status = parse->answer.status;

    if (framing.lengths > 1 || framing.codings > 1)
        return fail(err, "more than one content-length or transfer-encoding");
    if (framing.lengths && framing.codings)
        return fail(err, "content-length with transfer-encoding");
    if (framing.lengths && !str_to_uint(framing.length, &length))
        return fail(err, "content-length is not a number");
    if (framing.codings && (minor_version < 1 || !str_eq_nocase(framing.coding, STR("chunked"))))
        return fail(err, "transfer-encoding other than chunked");
    parse->keep = !framing.close && (minor_version >= 1 || framing.keep_alive);
    if (parse->to_head || status == 204 || status == 304)
        return start_nothing(parse, &framing, length, err);
    if (framing.codings)
        return start_chunks(parse, err);
    if (framing.lengths)
        return start_length(parse, length, err);
    parse->keep = false;
    parse->phase = H1_TO_END;
    return take_to_end(parse, err);
}

/* ---- the head ---- */

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] + ('a' - 'A'));
}

/* The headers stay where they arrived. A name is lowered through the buffer, since the parser's pointers are
 * const. */
static bool keep_headers(struct h1_parse *parse, const struct phr_header *found, size_t count)
{
    struct call_header *headers = ARENA_ARRAY(parse->arena, struct call_header, count);

    for (size_t i = 0; i < count; i++) {
        if (!found[i].name) /* obs-fold (RFC 9112 section 5.2) */
            return false;
        char *name = parse->ptr + (found[i].name - parse->ptr);
        lower(name, found[i].name_len);
        headers[i] = (struct call_header){ .name = str_of(name, found[i].name_len),
                                           .value = str_trim(str_of(found[i].value, found[i].value_len)) };
    }
    parse->answer.headers = headers;
    parse->answer.header_count = count;
    return true;
}

static void skip(struct h1_parse *parse, size_t len)
{
    parse->ptr += len;
    parse->space -= len;
    parse->used -= len;
    parse->skipped += len;
    parse->seen = 0;
}

static enum h1_step take_head(struct h1_parse *parse, struct err *err);

static enum h1_step take_interim(struct h1_parse *parse, struct err *err)
{
    if (parse->answer.status == 101)
        return fail(err, "101 without being asked");
    if (++parse->interim > H1_INTERIM)
        return fail(err, "too many 1xx answers");
    return parse->used ? take_head(parse, err) : H1_MORE;
}

static enum h1_step take_head(struct h1_parse *parse, struct err *err)
{
    struct phr_header found[H1_HEADERS];
    size_t count = COUNT(found), reason_len;
    const char *reason;
    int minor_version, status;
    int len = phr_parse_response(parse->ptr, parse->used, &minor_version, &status, &reason, &reason_len,
                                 found, &count, parse->seen);

    parse->seen = parse->used;
    if (len == -1)
        return fail(err, "malformed head");
    if (parse->skipped + (len < 0 ? parse->used : (size_t)len) > parse->head_bytes)
        return fail(err, "head too large");
    if (len < 0)
        return H1_MORE;
    if (status < 100 || status > 599)
        return fail(err, "no such status");
    parse->answer.status = status;
    if (status >= 200 && !keep_headers(parse, found, count))
        return fail(err, "folded header");
    skip(parse, (size_t)len);
    return status < 200 ? take_interim(parse, err) : start_body(parse, minor_version, err);
}

enum h1_step h1_parse_took(struct h1_parse *parse, size_t len, struct err *err)
{
    parse->used += len;
    return parse->phase == H1_HEAD ? take_head(parse, err) : take_body(parse, err);
}

enum h1_step h1_parse_end(struct h1_parse *parse, struct err *err)
{
    if (parse->phase == H1_TO_END)
        return end_with(parse, str_of(parse->ptr, parse->used));
    if (parse->phase == H1_HEAD && !parse->used && !parse->skipped)
        return fail(err, "closed before an answer");
    return fail(err, parse->phase == H1_HEAD ? "closed within the head" : "closed within the body");
}
