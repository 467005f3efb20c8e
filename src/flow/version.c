/* Which version of an entity an answer shows, and what a client says of the one that it knows: ETag, If-Match and
 * If-None-Match (RFC 9110 sections 8.8.3 and 13). With `etag: true` the version is the backend's. With `etag: shown` it is a
 * fingerprint of what the dialect shows, so it changes whenever that does: also when only what the dialect keeps changed. */
#include "flow/stages.h"

#include "base/clock.h"
#include "base/fingerprint.h"

/* Of what was written from `at` on; an id that is still a gap counts by what it stands for. */
static struct str fingerprint_of(struct exchange *x, const struct buf *out, size_t at, const struct id_slots *slots,
                                 size_t first)
{
    struct fingerprint sum = { 0 };
    struct buf text = buf_in(x->arena, FINGERPRINT_LEN + 1);

    for (size_t i = first; i < slots->count; i++) {
        sum = fingerprint_add(sum, str_of(out->ptr + at, slots->items[i].at - at));
        sum = fingerprint_add(sum, slots->items[i].given);
        at = slots->items[i].at;
    }
    sum = fingerprint_add(sum, str_of(out->ptr + at, out->len - at));
    buf_fingerprint(&text, sum);
    return buf_str(&text);
}

/* What somebody asks for is the version of what is shown. */
static bool shows_version(const struct exchange *x)
{
    const struct operation *other = x->operation->versioned_by;

    return x->operation->etag_shown || (other && other->etag_shown);
}

int exchange_show(struct exchange *x, struct shown *shown, const struct lens_context *context, struct buf *out,
                  struct id_slots *slots)
{
    const struct lens *lens = shown->lens ? shown->lens : x->operation->lens;
    size_t at = out->len, first = slots->count;

    if (lens_get(lens, shown->tape, shown->at, shown->rest, context, x->arena, out, slots, &x->err))
        return -1;
    if (!shows_version(x) && !lens_shows_version(lens))
        return 0;
    shown->version = fingerprint_of(x, out, at, slots, first);
    if (!lens_shows_version(lens))
        return 0;
    struct lens_context versioned = *context;
    versioned.version = shown->version; /* it is of the document without it */
    out->len = at;
    slots->count = first;
    return lens_get(lens, shown->tape, shown->at, shown->rest, &versioned, x->arena, out, slots, &x->err);
}

/* `tag` is one of the list's, or the list is "*". Whether either is marked as weak tells nothing: a version is known as a
 * whole or not at all, and clients send back what they were sent. */
static bool lists(struct str list, struct str tag)
{
    struct str item;

    while (str_next(&list, ',', &item)) {
        item = str_trim(item);
        if (str_starts(item, STR("W/")))
            item = str_from_at(item, 2);
        if (str_is(item, "*") || (tag.len && str_eq(item, tag)))
            return true;
    }
    return false;
}

static bool any_lists(const struct exchange *x, struct str name, struct str tag)
{
    return lists(http_find_list(x->head, name, x->arena), tag);
}

static bool has(const struct exchange *x, struct str name)
{
    return http_has(x->head, name);
}

static struct str quoted(const struct exchange *x, struct str version)
{
    return version.len ? arena_printf(x->arena, "\"" STR_FMT "\"", STR_ARG(version)) : STR_NONE;
}

static struct str strong(struct str etag)
{
    return str_starts(etag, STR("W/")) ? str_from_at(etag, 2) : etag;
}

/* It is another version than any: "*" is not among them. */
static bool names_version(const struct exchange *x)
{
    return has(x, STR("if-match")) && !any_lists(x, STR("if-match"), STR_NONE);
}

bool exchange_has_condition(const struct exchange *x)
{
    const struct operation *operation = x->operation;

    if (!operation->etag)
        return operation->versioned_by && (has(x, STR("if-none-match")) || names_version(x));
    return has(x, STR("if-none-match")) || (operation->etag_shown && has(x, STR("if-match")));
}

/* A tag of the backend's own is compared strongly (RFC 9110 section 8.8.3.2), as the backend does. */
static bool names_stored(const struct exchange *x)
{
    struct str list = http_find_list(x->head, STR("if-match"), x->arena), item;

    while (str_next(&list, ',', &item))
        if (x->stored.etag.len && str_eq(str_trim(item), x->stored.etag))
            return true;
    return false;
}

static enum step judge_none_match(struct exchange *x, struct str tag)
{
    if (has(x, STR("if-none-match")) && any_lists(x, STR("if-none-match"), tag))
        return exchange_fail(x, ERR_PRECONDITION, "If-None-Match names the stored version");
    return STEP_NEXT;
}

enum step exchange_judge_condition(struct exchange *x, struct str version)
{
    bool shown = x->operation->etag_shown;
    struct str tag = shown ? quoted(x, version) : strong(x->stored.etag);

    if (!x->operation->etag)
        return STEP_NEXT;
    if (shown && has(x, STR("if-match")) && !any_lists(x, STR("if-match"), tag))
        return exchange_fail(x, ERR_PRECONDITION, "If-Match names another version than the stored one");
    if (judge_none_match(x, tag) == STEP_FAIL)
        return STEP_FAIL;
    x->insists = shown && names_version(x);
    return STEP_NEXT;
}

enum step exchange_judge_other(struct exchange *x, struct shown *shown)
{
    const struct operation *other = x->operation->versioned_by;
    const struct lens_context context = exchange_context(x);
    struct buf out = buf_in(x->arena, SIZE_MAX);
    struct id_slots ids = { 0 };

    shown->lens = other->lens;
    if (other->etag_shown && exchange_show(x, shown, &context, &out, &ids))
        return STEP_FAIL;
    struct str tag = other->etag_shown ? quoted(x, shown->version) : strong(x->stored.etag);
    bool fits = other->etag_shown ? any_lists(x, STR("if-match"), tag) : names_stored(x);
    if (names_version(x) && !fits)
        return exchange_fail(x, ERR_PRECONDITION, "If-Match names another version than the stored one");
    if (judge_none_match(x, tag) == STEP_FAIL)
        return STEP_FAIL;
    if (!names_version(x))
        return STEP_NEXT;
    x->if_match = arena_copy(x->arena, x->stored.etag);
    x->insists = other->etag_shown;
    return STEP_NEXT;
}

/* Where no version is shown a client can only know that there is something: "*". Whatever else it names, it means another
 * entity or another server, and what it asks for is not done (RFC 9110 section 13.1.1). */
enum step stage_condition(struct exchange *x)
{
    const struct contract_call *call = x->bound->call;
    bool writes = call && !str_is(call->method, "GET");

    if (!writes || x->operation->etag || x->operation->versioned_by || !names_version(x))
        return STEP_NEXT;
    return exchange_fail(x, ERR_PRECONDITION, "If-Match names a version, but none is shown here");
}

struct str exchange_condition(const struct exchange *x)
{
    bool backends = x->operation->etag && !x->operation->etag_shown;

    return backends ? http_find_list(x->head, STR("if-match"), x->arena) : STR_NONE;
}

/* The version that the answer shows, with its quotes; empty: none is known. */
static struct str shown_tag(const struct exchange *x)
{
    if (!x->operation->etag || x->many)
        return STR_NONE;
    if (x->operation->etag_shown)
        return x->shown_count ? quoted(x, x->shown[0].version) : STR_NONE;
    return x->operation->has_body && x->item_count ? x->items[0].answer.etag
           : x->fetched_count                      ? x->fetched[0].answer.etag
                                                   : STR_NONE;
}

bool exchange_is_unchanged(const struct exchange *x)
{
    bool reads = str_is(x->head->method, "GET") || str_is(x->head->method, "HEAD");
    struct str tag = reads ? strong(shown_tag(x)) : STR_NONE;

    return tag.len && any_lists(x, STR("if-none-match"), tag);
}

/* When what is shown was changed, not later than now (RFC 9110 section 8.8.2.1); ptr NULL: nothing says. If-Modified-Since is
 * not asked: what a dialect keeps may change within the same second, and the ETag tells that. */
static struct str modified(const struct exchange *x)
{
    const struct shown *shown = x->operation->modified.len && x->shown_count ? &x->shown[0] : NULL;
    struct str text = shown ? exchange_text(x, shown->tape, shown->at, x->operation->modified) : STR_NONE;
    struct buf date = buf_in(x->arena, 64);
    int64_t when, now = loop_wall_ms(x->flow->loop);

    if (!text.ptr || !datetime_parse(text, &when))
        return STR_NONE;
    buf_http_date(&date, when < now ? when : now);
    return buf_str(&date);
}

/* Where what was created is found: the facade's address or prefix, and the path with the id in its place. */
static struct str location(const struct exchange *x)
{
    struct str path = x->operation->location, id = x->slots.items[x->location - 1].found;

    path.len -= strlen("{id}");
    struct str base = x->dialect->url.len ? x->dialect->url : x->dialect->prefix;
    return arena_printf(x->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(base), STR_ARG(path), STR_ARG(id));
}

size_t exchange_entity_headers(const struct exchange *x, struct http_header *headers)
{
    struct str tag = shown_tag(x);
    size_t count = 0;

    if (tag.len && x->operation->etag_shown)
        tag = arena_printf(x->arena, "W/" STR_FMT, STR_ARG(tag));
    if (tag.len)
        headers[count++] = (struct http_header){ .name = STR("etag"), .value = tag };
    struct str changed = modified(x);
    if (changed.ptr)
        headers[count++] = (struct http_header){ .name = STR("last-modified"), .value = changed };
    if (x->location && x->slots.items[x->location - 1].found.ptr)
        headers[count++] = (struct http_header){ .name = STR("location"), .value = location(x) };
    return count;
}
