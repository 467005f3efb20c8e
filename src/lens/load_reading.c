/* `reads:` of a reading, and `unless:`, which names one member or two. */
#include "lens/load.h"

int load_unless(struct load *load, struct field *field, const struct yaml *value)
{
    if (value->kind == YAML_TEXT)
        return yaml_text(value, &field->unless_name, load->err);
    if (yaml_list(value, load->err))
        return -1;
    if (!value->count || value->count > COUNT(field->unless))
        return yaml_fault(value, load->err, "`unless:` names %zu members, expected one or two", (size_t)value->count);
    for (const struct yaml *at = value->first; at; at = at->next)
        if (yaml_text(at, &field->unless_name, load->err))
            return -1;
    return 0;
}

/* The JSON around "$value". */
static int load_make(struct load *load, struct read_row *row, const struct yaml *make)
{
    struct buf json = buf_in(load->arena, SIZE_MAX);
    struct str mark = STR("\"$value\""), text;

    yaml_to_json(make, &json);
    text = buf_str(&json);
    const char *at = text_find(text, mark);
    if (!at || make->kind != YAML_MAP)
        return yaml_fault(make, load->err, "`make:` has no $value, expected an object that holds it once");
    row->head = str_of(text.ptr, (size_t)(at - text.ptr));
    row->tail = str_from_at(text, row->head.len + mark.len);
    if (text_find(row->tail, mark))
        return yaml_fault(make, load->err, "`make:` has $value twice, expected it once");
    return 0;
}

static int load_words(struct load *load, struct read_row *row, const struct yaml *words)
{
    static const char *const known[] = { "table", "column", NULL };
    const struct yaml *table = yaml_get(words, "table"), *column = yaml_get(words, "column");
    size_t twice;

    if (yaml_map(words, load->err) || yaml_only(words, known, load->err))
        return -1;
    if (!table || !column)
        return yaml_fault(words, load->err, "`words:` is not complete, expected table and column");
    if (load_table_column(load, table, column, &row->table, &row->column))
        return -1;
    if (!table_is_one_to_one(row->table, row->column, &twice))
        return yaml_fault(column, load->err, "\"" STR_FMT "\" does not tell the key, expected a column that does",
                          STR_ARG(column->text));
    return 0;
}

static int load_row(struct load *load, struct read_row *row, const struct yaml *map)
{
    static const char *const known[] = { "where", "at", "make", "words", "form", "number", NULL };
    const struct yaml *where = yaml_get(map, "where"), *at = yaml_get(map, "at"), *make = yaml_get(map, "make");
    const struct yaml *words = yaml_get(map, "words"), *form = yaml_get(map, "form"), *number = yaml_get(map, "number");
    struct field forms = { .type = TYPE_STRING };

    if (yaml_map(map, load->err) || yaml_only(map, known, load->err))
        return -1;
    if (!where || !at || !make)
        return yaml_fault(map, load->err, "the reading is not complete, expected where, at and make");
    if (literals_load(&row->where, load->arena, where, load->err) || yaml_text(at, &row->at, load->err) ||
        load_make(load, row, make) || (words && load_words(load, row, words)) ||
        (form && load_forms(load, &forms, form)) || (number && yaml_bool(number, &row->number, load->err)))
        return -1;
    row->forms = forms.forms;
    row->form_count = forms.form_count;
    if ((words != NULL) + (form != NULL) + row->number > 1)
        return yaml_fault(map, load->err, "a value is read in two ways, expected one of words, form and number");
    return 0;
}

int load_reads(struct load *load, struct field *field, const struct yaml *value)
{
    if (yaml_list(value, load->err))
        return -1;
    if (!value->count)
        return yaml_fault(value, load->err, "`reads:` is empty, expected { where: …, at: …, make: … }");
    field->rows = ARENA_ARRAY(load->arena, struct read_row, value->count);
    for (const struct yaml *at = value->first; at; at = at->next)
        if (load_row(load, &field->rows[field->row_count++], at))
            return -1;
    return 0;
}
