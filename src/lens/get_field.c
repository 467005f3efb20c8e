/* The dialect's value of one field, from wherever it comes. */
#include "lens/get.h"

#include "base/clock.h"
#include "json/number.h"
#include "json/write.h"
#include "lens/put.h"

static bool applies(const struct get *get, const struct field *field)
{
    if (field->when == NO_SLOT)
        return true;
    uint32_t at = get_at(get, field->when);
    return at != TAPE_NONE && literal_is(&field->when_value, get->run->in, at);
}

static bool has_canonical(struct get *get, const struct field *field)
{
    uint32_t at = get_at(get, field->is[0]);

    if (at == TAPE_NONE || !applies(get, field) || (field->split.ptr && !get_part(get, field, at)))
        return false;
    if (field->type == TYPE_READING)
        return reading_says(get, field, at);
    return field->type != TYPE_DIGITS || get_digits(get, field, at); /* not every text is one */
}

bool get_is_shown_beside(const struct get *get, const struct field *field)
{
    /* Asking for a part writes nothing when the output is not its own: see get_part. */
    struct buf nowhere = buf_in(get->run->arena, 0);
    struct get_run run = *get->run;
    struct get probe = *get;
    run.out = &nowhere;
    probe.run = &run;
    for (size_t i = 0; i < field->unless_count; i++)
        if (has_canonical(&probe, field->unless[i]))
            return false;
    return !field->with || has_canonical(&probe, field->with);
}

static bool write_literal(struct get *get, const struct literal *literal)
{
    if (!literal->json.ptr || tape_type(&literal->tape, 0) == JSON_NULL)
        return false;
    buf_add(get->run->out, literal->json);
    return true;
}

static bool write_kept(struct get *get, const struct field *field)
{
    uint32_t at = get_kept(get, field);

    if (at == TAPE_NONE || tape_type(get->run->rest, at) == JSON_NULL)
        return false;
    buf_add(get->run->out, tape_raw(get->run->rest, at));
    return true;
}

static bool write_column(struct get *get, const struct field *field)
{
    uint32_t at = get_at(get, field->table.by);
    const struct literal *row = at == TAPE_NONE ? NULL
                                                : table_find(field->table.table, get->run->in, at,
                                                             field->table.column, get->run->arena);

    return row && write_literal(get, field->table.as.json.ptr ? &field->table.as : row);
}

static bool write_years(struct get *get, const struct field *field)
{
    const struct get_run *run = get->run;
    uint32_t at = get_at(get, field->derive);
    struct date birth;

    if (at == TAPE_NONE || tape_type(run->in, at) != JSON_STRING ||
        !date_parse(tape_string(run->in, at, run->arena), &birth))
        return false;
    int years = date_years(birth, date_of_ms(run->context->wall_ms));
    if (years < 0)
        return false; /* born after today */
    buf_uint(run->out, (uint64_t)years);
    return true;
}

static struct str id_of(const struct get_run *run, uint32_t at)
{
    return tape_type(run->in, at) == JSON_STRING ? tape_string(run->in, at, run->arena) : tape_raw(run->in, at);
}

static void add_slot(struct get *get, const struct field *field, uint32_t at, unsigned fill)
{
    struct get_run *run = get->run;
    struct id_slot slot = { .at = run->out->len, .kind = field->kind, .given = id_of(run, at) };

    slot.fill = fill;
    ids_add(run->ids, run->arena, slot, &run->full);
}

static bool is_gone(struct get *get, const struct field *field, uint32_t at)
{
    const struct id_slots *gone = get->run->context->gone;
    bool found = false;

    if (!gone)
        return false;
    struct str id = id_of(get->run, at);
    for (size_t i = 0; i < gone->count && !found; i++)
        found = str_eq(gone->items[i].given, id) && str_eq(gone->items[i].kind, field->kind);
    get->run->dangles |= found;
    return found;
}

bool get_id(struct get *get, const struct field *field, uint32_t at)
{
    if (is_gone(get, field, at))
        return false;
    if (field->prefix.len) {
        buf_char(get->run->out, '"');
        json_escape(get->run->out, field->prefix);
        add_slot(get, field, at, FILL_INSIDE);
        buf_char(get->run->out, '"');
        return true;
    }
    add_slot(get, field, at, field->as_integer ? FILL_NUMBER : FILL_STRING);
    return true;
}

static bool write_link(struct get *get, const struct field *field)
{
    const struct get_run *run = get->run;
    uint32_t at = get_at(get, field->link->is[0]);

    if (at == TAPE_NONE || (field->link->type == TYPE_ID && is_gone(get, field->link, at)))
        return false;
    buf_char(run->out, '"');
    json_escape(run->out, field->link_head);
    if (field->link->type == TYPE_ID)
        add_slot(get, field->link, at, FILL_INSIDE);
    else
        buf_add(run->out, tape_text(run->in, at));
    json_escape(run->out, field->link_tail);
    buf_char(run->out, '"');
    return true;
}

/* The exact word that was sent, as long as the canonical value is still what it stands for. */
static bool write_also(struct get *get, const struct field *field, uint32_t at)
{
    uint32_t kept = field->also_count ? get_kept(get, field) : TAPE_NONE;

    for (size_t i = 0; kept != TAPE_NONE && i < field->also_count; i++)
        if (literal_is(&field->also[i].dialect, get->run->rest, kept))
            return literal_is(&field->also[i].canonical, get->run->in, at) && write_kept(get, field);
    return false;
}

/* A canonical value that the enum does not have is shown as `otherwise:` says. */
static bool write_enum(struct get *get, const struct field *field, uint32_t at)
{
    if (write_also(get, field, at))
        return true;
    for (size_t i = 0; i < field->enum_count; i++)
        if (literal_is(&field->enums[i].canonical, get->run->in, at)) {
            buf_add(get->run->out, field->enums[i].dialect.json);
            return true;
        }
    switch (field->otherwise) {
    case OTHERWISE_SAME:
        return get_raw(get, field, at);
    case OTHERWISE_LITERAL:
        return write_literal(get, &field->otherwise_value);
    case OTHERWISE_NULL:
    case OTHERWISE_TABLE:
        return false;
    }
    return false;
}

static const char *find_last(struct str text, struct str what)
{
    const char *last = NULL;

    for (const char *at = text_find(text, what); at; at = text_find(text, what)) {
        last = at;
        text = str_from_at(text, (size_t)(at - text.ptr) + 1);
    }
    return last;
}

/* The last part is whatever follows the last separator, the first one all that is left: any may be missing
 * but it. */
static bool part_from_end(struct str text, const struct field *leader, unsigned wanted, struct str *mine)
{
    for (size_t i = leader->part_count; i > 0; i--) {
        const char *cut = i > 1 ? find_last(text, leader->split) : NULL;
        size_t before = cut ? (size_t)(cut - text.ptr) : 0;
        *mine = str_from_at(text, cut ? before + leader->split.len : 0);
        if (i == wanted)
            return mine->len > 0;
        text = str_of(text.ptr, before);
    }
    return false;
}

/* One part of the canonical text; false unless the text has exactly all parts, each of its type. */
bool get_part(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    const struct field *leader = field;

    if (tape_type(run->in, at) != JSON_STRING)
        return false;
    while (!leader->part_leads || leader->is[0] != field->is[0])
        leader--;
    struct str rest = tape_string(run->in, at, run->arena), mine = STR_NONE;
    if (field->cut_last) {
        bool found = part_from_end(rest, leader, field->part, &mine);
        if (found)
            json_quote(run->out, mine);
        return found;
    }
    for (size_t i = 0; i < leader->part_count; i++) {
        const char *cut = text_find(rest, leader->split);
        bool last = i + 1 == leader->part_count;
        if (last ? cut != NULL : cut == NULL)
            return false;
        struct str part = last ? rest : str_of(rest.ptr, (size_t)(cut - rest.ptr));
        const struct field *own = leader->parts[i];
        bool number = own->type == TYPE_NUMBER || own->type == TYPE_INTEGER;
        if (number && !(own->type == TYPE_INTEGER ? number_is_integer(part) : number_valid(part)))
            return false;
        if (own == field)
            mine = part;
        rest = last ? rest : str_from_at(rest, part.len + leader->split.len);
    }
    if (field->type == TYPE_NUMBER || field->type == TYPE_INTEGER)
        buf_add(run->out, mine);
    else
        json_quote(run->out, mine);
    return true;
}

/* The day, month or year that was sent, as long as the canonical moment is still its beginning. */
static bool write_partial(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    uint32_t kept = get_kept(get, field);

    return kept != TAPE_NONE && arena_room(run->arena) >= 256 &&
           partial_begins(run->rest, kept, run->in, at, run->arena) && write_kept(get, field);
}

static bool write_canonical(struct get *get, const struct field *field)
{
    uint32_t at = get_at(get, field->is[0]);

    for (size_t i = 0; at == TAPE_NONE && i < field->other_count; i++)
        at = get_at(get, field->others[i]);
    if (field->type == TYPE_QUANTITY)
        return get_quantity(get, field);
    if (field->type == TYPE_PICK)
        return get_pick(get, field);
    if (field->type == TYPE_ENTRIES)
        return get_entries(get, field, at);
    if (field->type == TYPE_READING)
        return get_reading(get, field, at);
    if (at == TAPE_NONE)
        return field->invalid_keep && write_kept(get, field);
    if (field->split.ptr)
        return get_part(get, field, at);
    if (field->partial_keep && write_partial(get, field, at))
        return true;
    return field->enum_count ? write_enum(get, field, at) : field->codec->get(get, field, at);
}

static bool write_otherwise(struct get *get, const struct field *field)
{
    if (field->otherwise == OTHERWISE_LITERAL)
        return write_literal(get, &field->otherwise_value);
    return field->otherwise == OTHERWISE_TABLE && write_column(get, field);
}

static bool write_version(const struct get_run *run)
{
    if (!run->context->version.len)
        return false;
    json_quote(run->out, run->context->version);
    return true;
}

bool get_value(struct get *get, const struct field *field)
{
    if (!applies(get, field))
        return write_kept(get, field); /* then it is no member that the dialect knows */
    switch (field->source) {
    case FROM_NOWHERE:
        return false;
    case FROM_CANONICAL:
        return write_canonical(get, field);
    case FROM_CONST:
        return write_literal(get, &field->constant);
    case FROM_DERIVE:
        return write_years(get, field);
    case FROM_TABLE:
        return write_column(get, field) || write_otherwise(get, field);
    case FROM_REST:
        return write_kept(get, field) || write_otherwise(get, field);
    case FROM_LINK:
        return write_link(get, field);
    case FROM_VERSION:
        return write_version(get->run);
    }
    return false;
}
