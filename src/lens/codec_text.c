/* Types whose values are strings. A string without escapes goes through as it stands. */
#include "lens/put.h"
#include "lens/get.h"

#include "base/clock.h"
#include "base/codec.h"
#include "json/number.h"
#include "json/write.h"

static bool is_string(const struct put *put, uint32_t at)
{
    return tape_type(put->run->in, at) == JSON_STRING;
}

/* A string that `valid` accepts, copied as it is. */
static int checked(struct put *put, uint32_t at, struct str *json, bool (*valid)(struct str text))
{
    if (!is_string(put, at))
        return FAULT_TYPE;
    *json = tape_raw(put->run->in, at);
    return valid(tape_string(put->run->in, at, put->run->arena)) ? FINE : FAULT_FORMAT;
}

int put_string(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    *json = tape_raw(put->run->in, at);
    return is_string(put, at) ? FINE : FAULT_TYPE;
}

int put_decimal(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return checked(put, at, json, number_valid);
}

static bool is_date(struct str text)
{
    struct date date;

    return date_parse(text, &date);
}

int put_date(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return checked(put, at, json, is_date);
}

int put_uuid(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return checked(put, at, json, uuid_valid);
}

static bool is_word(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_domain(struct str domain)
{
    struct str label;
    bool fine = domain.len > 0 && domain.len <= 253 && domain.ptr[domain.len - 1] != '.';

    while (fine && str_next(&domain, '.', &label)) {
        fine = label.len > 0 && label.len <= 63 && label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
        for (size_t i = 0; fine && i < label.len; i++)
            fine = is_word((unsigned char)label.ptr[i]) || label.ptr[i] == '-';
    }
    return fine;
}

/* local@domain: one '@', no white space or controls, and a domain of labels (RFC 5321 section 4.1.2, without
 * quoted local parts and address literals). */
static bool is_email(struct str text)
{
    struct str local, domain;

    if (!str_cut(text, '@', &local, &domain) || !local.len || local.len > 64 || text.len > 254)
        return false;
    if (local.ptr[0] == '.' || local.ptr[local.len - 1] == '.')
        return false;
    for (size_t i = 0; i < local.len; i++) {
        unsigned char c = (unsigned char)local.ptr[i];
        bool next = c == '.' && local.ptr[i - 1] == '.';
        if (next || (!is_word(c) && !strchr("!#$%&'*+-/=?^_`{|}~.", c)))
            return false;
    }
    /* A space that is none of ASCII's is no word either. */
    return is_domain(domain) && !text_find(text, STR("\xc2\xa0"));
}

int put_email(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return checked(put, at, json, is_email);
}

static bool is_normal_time(struct str text)
{
    return text.len == DATETIME_LEN && text.ptr[10] == 'T' && text.ptr[19] == '.' && text.ptr[23] == 'Z';
}

static struct str quoted_time(int64_t wall_ms, struct arena *arena)
{
    char *json = arena_alloc(arena, DATETIME_LEN + 2);

    json[0] = json[DATETIME_LEN + 1] = '"';
    datetime_format(wall_ms, json + 1);
    return str_of(json, DATETIME_LEN + 2);
}

/* `"…"` in UTC with milliseconds; STR_NONE when the text is no date-time. */
static struct str normal_time(const struct tape *tape, uint32_t at, struct arena *arena)
{
    struct str text = tape_string(tape, at, arena);
    int64_t wall_ms;

    if (!datetime_parse(text, &wall_ms))
        return STR_NONE;
    if (is_normal_time(text) && !tape->slots[at].escaped)
        return tape_raw(tape, at);
    return quoted_time(wall_ms, arena);
}

struct str partial_time(const struct tape *tape, uint32_t at, struct arena *arena)
{
    struct date first;

    if (tape_type(tape, at) != JSON_STRING || !date_parse_partial(tape_string(tape, at, arena), &first))
        return STR_NONE;
    return quoted_time(date_to_ms(first), arena);
}

bool partial_begins(const struct tape *tape, uint32_t at, const struct tape *in, uint32_t moment, struct arena *arena)
{
    bool string = tape_type(in, moment) == JSON_STRING;
    struct str first = partial_time(tape, at, arena), normal = string ? normal_time(in, moment, arena) : STR_NONE;

    return first.ptr && normal.ptr && str_eq(first, normal);
}

int put_datetime(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    if (!is_string(put, at))
        return FAULT_TYPE;
    if (!lens_room(put->run->arena, 128, &put->run->full))
        return FAULT_FORMAT;
    *json = normal_time(put->run->in, at, put->run->arena);
    if (!json->ptr && field->partial_keep)
        *json = partial_time(put->run->in, at, put->run->arena);
    return json->ptr ? FINE : FAULT_FORMAT;
}

bool datetime_is_normal(const struct tape *tape, uint32_t at)
{
    return tape_type(tape, at) == JSON_STRING && is_normal_time(tape_text(tape, at));
}

/* What the backend holds that is no date-time is shown as it is. */
bool get_datetime(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    bool string = tape_type(run->in, at) == JSON_STRING;

    (void)field;
    if (datetime_is_normal(run->in, at)) {
        buf_add(run->out, tape_raw(run->in, at));
        return true;
    }
    struct str json = string && arena_room(run->arena) > 64 ? normal_time(run->in, at, run->arena) : STR_NONE;
    buf_add(run->out, json.ptr ? json : tape_raw(run->in, at));
    return true;
}

/* A number's digits as a string; get_digits the other way. */
int put_digits_text(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    struct buf quoted = buf_in(put->run->arena, SIZE_MAX);

    (void)field;
    if (tape_type(put->run->in, at) != JSON_NUMBER)
        return FAULT_TYPE;
    json_quote(&quoted, tape_raw(put->run->in, at));
    put->run->full |= quoted.full;
    *json = buf_str(&quoted);
    return FINE;
}

bool get_digits(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    struct str text = tape_type(run->in, at) == JSON_STRING ? tape_string(run->in, at, run->arena)
                                                            : tape_raw(run->in, at);

    (void)field;
    if (!number_valid(text))
        return false;
    buf_add(run->out, text);
    return true;
}

/* An array of strings becomes one. No line at all is nothing; one empty line is the empty text. */
int put_lines(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    struct put_run *run = put->run;
    struct buf text = buf_in(run->arena, SIZE_MAX), quoted = buf_in(run->arena, SIZE_MAX);

    if (tape_type(run->in, at) != JSON_ARRAY)
        return FAULT_TYPE;
    *json = STR("null");
    if (!tape_count(run->in, at))
        return FINE;
    for (uint32_t i = tape_first(run->in, at); i < tape_next(run->in, at); i = tape_next(run->in, i)) {
        if (tape_type(run->in, i) != JSON_STRING)
            return FAULT_TYPE;
        if (i > tape_first(run->in, at))
            buf_add(&text, field->join);
        struct str piece = tape_string(run->in, i, run->arena);
        /* It would come back as two; a pick keeps what was sent (put_pick.c). */
        if (!field->inside && !field->pieces_keep && !field->loss.len && text_find(piece, field->join))
            return FAULT_FORMAT;
        buf_add(&text, piece);
    }
    json_quote(&quoted, buf_str(&text));
    run->full |= text.full || quoted.full;
    *json = buf_str(&quoted);
    return FINE;
}

/* The kept pieces still make the text. */
static bool pieces_make(const struct get *get, const struct field *field, uint32_t kept, struct str text)
{
    const struct get_run *run = get->run;
    const struct tape *rest = run->rest;

    if (kept == TAPE_NONE || tape_type(rest, kept) != JSON_ARRAY || !tape_count(rest, kept))
        return false;
    for (uint32_t i = tape_first(rest, kept); i < tape_next(rest, kept); i = tape_next(rest, i)) {
        struct str piece = tape_type(rest, i) == JSON_STRING ? tape_string(rest, i, run->arena) : STR_NONE;
        bool first = i == tape_first(rest, kept);
        if (!piece.ptr || (!first && !str_starts(text, field->join)))
            return false;
        text = first ? text : str_from_at(text, field->join.len);
        if (!str_starts(text, piece))
            return false;
        text = str_from_at(text, piece.len);
    }
    return !text.len;
}

/* Where an empty text is none, neither is an empty piece of one. */
static bool write_lines(const struct get_run *run, struct str join, struct str rest)
{
    size_t start = run->out->len;
    const char *cut = NULL;
    bool any = false;

    buf_char(run->out, '[');
    do {
        cut = text_find(rest, join);
        struct str line = str_of(rest.ptr, cut ? (size_t)(cut - rest.ptr) : rest.len);
        rest = cut ? str_from_at(rest, line.len + join.len) : rest;
        if (!line.len && run->lens->style.empty_is_absent)
            continue;
        if (any)
            buf_char(run->out, ',');
        any = true;
        json_quote(run->out, line);
    } while (cut);
    buf_char(run->out, ']');
    if (!any)
        run->out->len = start;
    return any;
}

bool get_lines(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;

    if (tape_type(run->in, at) != JSON_STRING)
        return false;
    struct str rest = tape_string(run->in, at, run->arena);
    uint32_t kept = field->pieces_keep || field->inside ? get_kept(get, field) : TAPE_NONE;
    if (pieces_make(get, field, kept, rest)) {
        buf_add(run->out, tape_raw(run->rest, kept));
        return true;
    }
    if (field->pieces_keep) {
        buf_char(run->out, '[');
        buf_add(run->out, tape_raw(run->in, at));
        buf_char(run->out, ']');
        return true;
    }
    return write_lines(run, field->join, rest);
}
