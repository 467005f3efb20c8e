/* A text that stands in an array somewhere: in the value of an element that is known by what else it holds (a code of a
 * coding system), or in several such values, parts of one text. The array that was sent is kept, and shown as long as it
 * still says the canonical text. */
#include "lens/get.h"
#include "lens/put.h"

#include "json/number.h"
#include "json/write.h"

/* What stands at the path, '*' being any element; with `wanted`, the first that is so. */
static bool find(const struct tape *tape, uint32_t at, struct str path, const struct literal *wanted, uint32_t *found)
{
    struct str part;

    if (!str_next(&path, '/', &part)) {
        *found = at;
        return !wanted || literal_is(wanted, tape, at);
    }
    if (str_is(part, "*")) {
        for (uint32_t i = tape_first(tape, at); tape_type(tape, at) == JSON_ARRAY && i < tape_next(tape, at);
             i = tape_next(tape, i))
            if (find(tape, i, path, wanted, found))
                return true;
        return false;
    }
    uint32_t member = tape_type(tape, at) == JSON_OBJECT ? tape_find(tape, at, part) : TAPE_NONE;
    return member != TAPE_NONE && find(tape, member, path, wanted, found);
}

/* The canonical text that the row makes of an element; ptr NULL: none. */
static struct str read_element(const struct read_row *row, const struct tape *tape, uint32_t element,
                               struct arena *arena)
{
    uint32_t at;

    for (size_t i = 0; i < row->where.count; i++)
        if (!find(tape, element, row->where.items[i].name, &row->where.items[i].value, &at))
            return STR_NONE;
    if (!find(tape, element, row->at, NULL, &at) ||
        tape_type(tape, at) != (row->number ? JSON_NUMBER : JSON_STRING))
        return STR_NONE;
    if (row->number)
        return tape_raw(tape, at);
    if (row->table)
        return table_find_back(row->table, row->column, tape, at);
    struct str text = tape_string(tape, at, arena);
    bool fits = row->form_count ? text_has_form(row->forms, row->form_count, text) : text.len > 0;
    return fits ? text : STR_NONE;
}

static struct str read_row(const struct read_row *row, const struct tape *tape, uint32_t array, struct arena *arena)
{
    for (uint32_t at = tape_first(tape, array); at < tape_next(tape, array); at = tape_next(tape, at)) {
        struct str text = read_element(row, tape, at, arena);
        if (text.ptr)
            return text;
    }
    return STR_NONE;
}

/* Of alternatives the first that says something; of parts all, joined (`*missing`: some are there, and some not). */
static struct str read_array(const struct field *field, const struct tape *tape, uint32_t array, struct arena *arena,
                             bool *missing)
{
    struct buf text = buf_in(arena, SIZE_MAX);
    size_t count = 0;

    *missing = false;
    for (size_t i = 0; i < field->row_count; i++) {
        struct str part = read_row(&field->rows[i], tape, array, arena);
        if (!field->join.ptr && part.ptr)
            return part;
        if (count++ && part.ptr)
            buf_add(&text, field->join);
        count -= !part.ptr;
        buf_add(&text, part);
    }
    *missing = count > 0 && count < field->row_count;
    return count == field->row_count ? buf_str(&text) : STR_NONE;
}

/* The element that says the text; false: the row has no word for it. */
static bool write_row(const struct read_row *row, struct str text, struct buf *out)
{
    const struct literal *word = row->table ? table_value(row->table, text, row->column) : NULL;

    if ((row->table && !word) || (row->number && !number_valid(text)) ||
        (row->form_count && !text_has_form(row->forms, row->form_count, text)) || !text.len)
        return false;
    buf_add(out, row->head);
    if (word)
        buf_add(out, word->json);
    else if (row->number)
        buf_add(out, text);
    else
        json_quote(out, text);
    buf_add(out, row->tail);
    return true;
}

static bool write_parts(const struct field *field, struct str text, struct buf *out)
{
    for (size_t i = 0; i < field->row_count; i++) {
        const char *cut = text_find(text, field->join);
        bool last = i + 1 == field->row_count;
        if (last == (cut != NULL))
            return false;
        struct str part = last ? text : str_of(text.ptr, (size_t)(cut - text.ptr));
        if (i)
            buf_char(out, ',');
        if (!write_row(&field->rows[i], part, out))
            return false;
        text = last ? text : str_from_at(text, part.len + field->join.len);
    }
    return true;
}

/* The array that get makes of the text. */
static bool write_array(const struct field *field, struct str text, struct buf *out)
{
    size_t start = out->len;
    bool done = false;

    buf_char(out, '[');
    if (field->join.ptr)
        done = write_parts(field, text, out);
    for (size_t i = 0; !field->join.ptr && !done && i < field->row_count; i++)
        done = write_row(&field->rows[i], text, out);
    buf_char(out, ']');
    if (!done)
        out->len = start;
    return done;
}

static bool is_made_again(struct put *put, const struct field *field, uint32_t at, struct str text)
{
    struct buf made = buf_in(put->run->arena, SIZE_MAX);
    struct tape_fault fault;
    struct tape tape;

    return write_array(field, text, &made) &&
           tape_read(&tape, put->run->arena, buf_str(&made), &tape_default_limits, &fault) &&
           tape_equal(&tape, 0, put->run->in, at);
}

void take_reading(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;
    struct buf json = buf_in(run->arena, SIZE_MAX);
    bool missing;

    put_unkeep(put, field);
    if (put_is_null(put, at)) {
        put_null(put, field->is[0]);
        return;
    }
    int fault = tape_type(run->in, at) == JSON_ARRAY ? put_limits(put, field, at) : FAULT_TYPE;
    struct str text = fault == FINE ? read_array(field, run->in, at, run->arena, &missing) : STR_NONE;
    if (fault == FINE && !text.ptr)
        fault = missing ? FAULT_TOGETHER : (field->required & run->mode) ? FAULT_FORMAT : FINE;
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return;
    }
    if (text.ptr) {
        json_quote(&json, text);
        run->full |= json.full;
        put_cell(put, field->is[0], buf_str(&json));
    } else if (run->mode == MODE_UPDATE) {
        put_null(put, field->is[0]);
    }
    if (tape_count(run->in, at) && !(text.ptr && is_made_again(put, field, at, text)))
        put_keep(put, field, tape_raw(run->in, at));
}

bool reading_says(const struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    uint32_t kept = get_kept(get, field);
    struct buf made = buf_in(run->arena, SIZE_MAX);
    bool missing;

    if (tape_type(run->in, at) != JSON_STRING)
        return false;
    struct str text = tape_string(run->in, at, run->arena), said = STR_NONE;
    if (kept != TAPE_NONE && tape_type(run->rest, kept) == JSON_ARRAY)
        said = read_array(field, run->rest, kept, run->arena, &missing);
    return (said.ptr && str_eq(said, text)) || write_array(field, text, &made);
}

bool get_reading(struct get *get, const struct field *field, uint32_t at)
{
    const struct get_run *run = get->run;
    uint32_t kept = get_kept(get, field);
    bool array = kept != TAPE_NONE && tape_type(run->rest, kept) == JSON_ARRAY, missing;
    bool string = at != TAPE_NONE && tape_type(run->in, at) == JSON_STRING;
    struct str text = string ? tape_string(run->in, at, run->arena) : STR_NONE;
    struct str said = array ? read_array(field, run->rest, kept, run->arena, &missing) : STR_NONE;

    if (array && (said.ptr ? string && str_eq(said, text) : !string || !field->required)) {
        buf_add(run->out, tape_raw(run->rest, kept));
        return true;
    }
    return string && write_array(field, text, run->out);
}
