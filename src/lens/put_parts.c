#include "lens/put.h"

#include "json/write.h"

/* How the parts stand in the document: all of one kind, or the client was not clear. */
struct tally {
    unsigned absent, null, given;
    bool shown; /* every one is what get shows */
};

static struct tally count_parts(const struct put *put, const struct field *leader)
{
    struct tally tally = { .shown = true };

    for (size_t i = 0; i < leader->part_count; i++) {
        uint32_t at = put->slots[leader->parts[i]->in];
        if (at == TAPE_NONE)
            tally.absent++;
        else if (put_is_null(put, at))
            tally.null++;
        else
            tally.given++;
        tally.shown &= at != TAPE_NONE && put_is_shown(put, leader->parts[i], at);
    }
    return tally;
}

/* One part's text; false after a fault. */
static bool add_part(struct put *put, const struct field *field, struct buf *text)
{
    uint32_t at = put->slots[field->in];
    const struct tape *in = put->run->in;
    struct str json;
    int fault = put_value(put, field, at, &json);
    bool string = fault == FINE && tape_type(in, at) == JSON_STRING;
    struct str part = string ? tape_string(in, at, put->run->arena) : json;

    bool all_left = field->cut_last && field->part == 1;
    if (fault == FINE && !all_left && text_find(part, field->split))
        fault = FAULT_FORMAT; /* get could not tell the parts */
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return false;
    }
    buf_add(text, part);
    return true;
}

/* Those from `first` on. */
static void join_parts(struct put *put, const struct field *leader, size_t first)
{
    struct put_run *run = put->run;
    struct buf text = buf_in(run->arena, SIZE_MAX), json = buf_in(run->arena, SIZE_MAX);
    bool fine = true;

    for (size_t i = first; i < leader->part_count; i++) {
        if (i > first)
            buf_add(&text, leader->split);
        fine &= add_part(put, leader->parts[i], &text);
    }
    if (!fine)
        return;
    json_quote(&json, buf_str(&text));
    run->full |= text.full || json.full;
    put_cell(put, leader->is[0], buf_str(&json));
}

static void each_part(struct put *put, const struct field *leader,
                      void (*call)(struct put *put, const struct field *field, uint32_t at))
{
    for (size_t i = 0; i < leader->part_count; i++) {
        uint32_t at = put->slots[leader->parts[i]->in];
        if (at != TAPE_NONE)
            call(put, leader->parts[i], at);
    }
}

/* Beside a value a null is missing too. */
static void fault_missing(struct put *put, const struct field *leader, bool values)
{
    for (size_t i = 0; i < leader->part_count; i++) {
        uint32_t at = put->slots[leader->parts[i]->in];
        if (at == TAPE_NONE || (values && put_is_null(put, at)))
            put_fault(put, leader->parts[i], FAULT_TOGETHER);
    }
}

/* As get shows a text that has too few separators. */
static bool only_first_lack(const struct put *put, const struct field *leader, struct tally tally)
{
    for (size_t i = leader->part_count - tally.given; i < leader->part_count; i++) {
        uint32_t at = put->slots[leader->parts[i]->in];
        if (at == TAPE_NONE || put_is_null(put, at))
            return false;
    }
    return true;
}

void put_parts(struct put *put, const struct field *leader)
{
    struct tally tally = count_parts(put, leader);

    if (!put_applies(put, leader))
        each_part(put, leader, put_unknown);
    else if (put_is_read_only(put, leader))
        each_part(put, leader, put_read_only);
    else if (tally.absent == leader->part_count)
        put_absent(put, leader);
    else if (tally.shown)
        return;
    else if (tally.null == leader->part_count || (!tally.given && put->run->mode == MODE_CREATE))
        each_part(put, leader, put_nothing);
    else if (tally.given == leader->part_count)
        join_parts(put, leader, 0);
    else if (put->run->whole && leader->cut_last && only_first_lack(put, leader, tally))
        join_parts(put, leader, leader->part_count - tally.given);
    else
        fault_missing(put, leader, tally.given > 0);
}
