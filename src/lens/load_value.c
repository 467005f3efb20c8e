/* Keys whose values have a form of their own. */
#include "lens/load.h"

int load_is(struct load *load, struct field *field, const struct yaml *value)
{
    size_t paths = field->type == TYPE_QUANTITY ? 2 : 1, i = 0;
    struct str path;

    if (paths == 2 && (value->kind != YAML_LIST || value->count != 2))
        return yaml_fault(value, load->err,
                          "a quantity goes to two members, expected [NUMBER_PATH, TEXT_PATH]");
    for (const struct yaml *at = paths == 2 ? value->first : value; i < paths; at = at->next) {
        struct node *leaf;
        if (yaml_text(at, &path, load->err) || load_leaf(load, at, path, &leaf) ||
            load_writer(load, field, leaf))
            return -1;
        leaf->shown |= !field->write_only && !field->lookup.ptr;
        field->is[i++] = leaf->slot;
    }
    return 0;
}

int load_literal(struct load *load, struct literal *literal, enum type type, const struct yaml *value)
{
    bool typed = ((1u << type) & LOAD_VALUES) && value->kind == YAML_TEXT && !yaml_is_null(value);

    return typed ? literal_load_typed(literal, load->arena, value, value->text, type, load->err)
                 : literal_load(literal, load->arena, value, load->err);
}

/* Both sides must be unique: an enum is read in both directions. */
static int check_pair(struct load *load, const struct field *field, size_t at, const struct yaml *value)
{
    const struct enum_pair *pair = &field->enums[at];

    for (size_t i = 0; i < at; i++) {
        if (literal_is(&field->enums[i].dialect, &pair->dialect.tape, 0))
            return yaml_fault(value, load->err, "\"" STR_FMT "\" stands twice, expected each value once",
                              STR_ARG(pair->dialect.text));
        if (literal_is(&field->enums[i].canonical, &pair->canonical.tape, 0))
            return yaml_fault(value, load->err,
                              "canonical \"" STR_FMT "\" stands twice, expected each value once",
                              STR_ARG(pair->canonical.text));
    }
    return 0;
}

static int load_pair(struct load *load, struct field *field, const struct yaml *value, bool map)
{
    struct enum_pair *pair = &field->enums[field->enum_count];

    if (value->kind != YAML_TEXT)
        return yaml_fault(value, load->err, "an enum has plain values, expected a word or a number");
    if (literal_load_typed(&pair->dialect, load->arena, value, map ? value->key : value->text, field->type,
                           load->err))
        return -1;
    pair->canonical = pair->dialect;
    if (map && literal_load(&pair->canonical, load->arena, value, load->err))
        return -1;
    return check_pair(load, field, field->enum_count++, value);
}

int load_enum(struct load *load, struct field *field, const struct yaml *value)
{
    struct buf want = buf_in(load->arena, SIZE_MAX);

    if (value->kind == YAML_TEXT || !value->count)
        return yaml_fault(value, load->err,
                          "an enum lists values, expected [a, b] or { dialect: canonical }");
    if (value->count > MOST_WORDS)
        return yaml_fault(value, load->err, "an enum has %zu values, expected at most %d", value->count, MOST_WORDS);
    field->enums = ARENA_ARRAY(load->arena, struct enum_pair, value->count);
    for (const struct yaml *at = value->first; at; at = at->next) {
        if (load_pair(load, field, at, value->kind == YAML_MAP))
            return -1;
        if (want.len)
            buf_add(&want, STR(", "));
        buf_add(&want, field->enums[field->enum_count - 1].dialect.text);
    }
    field->enum_want = buf_str(&want);
    return 0;
}

/* A word that the enum has would mean two things. */
static int check_also(struct load *load, const struct field *field, const struct yaml *value)
{
    const struct enum_pair *made = &field->also[field->also_count];
    bool twice = false;

    for (size_t i = 0; i < field->enum_count; i++)
        twice |= str_eq(field->enums[i].dialect.json, made->dialect.json);
    for (size_t i = 0; i < field->also_count; i++)
        twice |= str_eq(field->also[i].dialect.json, made->dialect.json);
    if (!twice)
        return 0;
    return yaml_fault_key(value, load->err, "\"" STR_FMT "\" stands twice, expected each value once",
                          STR_ARG(made->dialect.text));
}

int load_also(struct load *load, struct field *field, const struct yaml *value)
{
    struct buf want = buf_in(load->arena, SIZE_MAX);

    if (yaml_map(value, load->err))
        return -1;
    if (!field->enum_count)
        return yaml_fault_key(value, load->err, "`also:` adds words to an enum, expected `enum:` before it");
    buf_add(&want, field->enum_want);
    if (!value->count)
        return yaml_fault(value, load->err, "`also:` lists values, expected { dialect: canonical }");
    if (value->count > MOST_WORDS)
        return yaml_fault(value, load->err, "`also:` has %zu values, expected at most %d", value->count, MOST_WORDS);
    field->also = ARENA_ARRAY(load->arena, struct enum_pair, value->count);
    for (const struct yaml *at = value->first; at; at = at->next) {
        struct enum_pair *pair = &field->also[field->also_count];
        if (literal_load_typed(&pair->dialect, load->arena, at, at->key, field->type, load->err) ||
            literal_load(&pair->canonical, load->arena, at, load->err) || check_also(load, field, at))
            return -1;
        field->also_count++;
        buf_printf(&want, ", " STR_FMT, STR_ARG(pair->dialect.text));
    }
    field->enum_want = buf_str(&want);
    return 0;
}

int load_else(struct load *load, struct field *field, const struct yaml *value)
{
    if (value->kind != YAML_LIST || !value->count)
        return yaml_fault(value, load->err, "`else:` lists other paths, expected [PATH, …]");
    field->others = ARENA_ARRAY(load->arena, uint32_t, value->count);
    for (const struct yaml *at = value->first; at; at = at->next) {
        struct str path;
        struct node *leaf;
        if (yaml_text(at, &path, load->err) || load_leaf(load, at, path, &leaf))
            return -1;
        leaf->shown = true;
        field->others[field->other_count++] = leaf->slot;
    }
    return 0;
}

int load_tells(struct load *load, struct field *field, const struct yaml *value)
{
    const struct yaml *pair = value->kind == YAML_MAP && value->count == 1 ? value->first : NULL;
    struct node *leaf;

    if (!pair || pair->kind != YAML_LIST || pair->count != 2)
        return yaml_fault(value, load->err,
                          "`tells:` has one path, expected { PATH: [beside a value, beside null] }");
    if (load_leaf(load, pair, pair->key, &leaf) ||
        literal_load(&field->told_value, load->arena, pair->first, load->err) ||
        literal_load(&field->told_null, load->arena, pair->first->next, load->err))
        return -1;
    if (leaf->writer || leaf->told)
        return yaml_fault(value, load->err,
                          "\"" STR_FMT "\" is written by another field, expected one writer",
                          STR_ARG(leaf->path));
    leaf->told = true;
    field->tells = leaf;
    return 0;
}

int load_table_column(struct load *load, const struct yaml *name, const struct yaml *column_name,
                      const struct lens_table **table, size_t *column)
{
    struct str text;

    if (yaml_text(name, &text, load->err))
        return -1;
    *table = tables_named(load->tables, text);
    if (!*table)
        return yaml_fault(name, load->err,
                          "there is no table \"" STR_FMT "\", expected a file of mappings/tables",
                          STR_ARG(text));
    if (yaml_text(column_name, &text, load->err))
        return -1;
    if (!table_column(*table, text, column))
        return yaml_fault(column_name, load->err,
                          "the table has no column \"" STR_FMT "\", expected one of its columns",
                          STR_ARG(text));
    return 0;
}

int load_column(struct load *load, struct table_column *table, const struct yaml *map)
{
    const struct yaml *name = yaml_get(map, "table"), *by = yaml_get(map, "by"),
                      *column = yaml_get(map, "column");
    const struct yaml *as = yaml_get(map, "as");

    if (!by || !column)
        return yaml_fault_key(name, load->err,
                              "`table:` is not complete, expected `by: PATH` and `column: NAME`");
    if (load_table_column(load, name, column, &table->table, &table->column) ||
        yaml_text(by, &table->by_path, load->err))
        return -1;
    return as ? literal_load(&table->as, load->arena, as, load->err) : 0;
}

int load_table(struct load *load, struct field *field, const struct yaml *value)
{
    (void)value;
    return load_column(load, &field->table, field->from);
}

int load_otherwise(struct load *load, struct field *field, const struct yaml *value)
{
    static const char *const known[] = { "table", "by", "column", "as", NULL };

    if (value->kind == YAML_MAP && yaml_get(value, "table")) {
        field->otherwise = OTHERWISE_TABLE;
        if (!yaml_get(field->from, "keep"))
            return yaml_fault(value, load->err,
                              "a table stands here for kept fields only, expected `keep: true`");
        return yaml_only(value, known, load->err) ? -1 : load_column(load, &field->table, value);
    }
    if (!yaml_get(field->from, "keep") && !yaml_get(field->from, "enum") && !yaml_get(field->from, "table"))
        return yaml_fault_key(value, load->err,
                              "`otherwise:` stands alone, expected enum, table or keep beside it");
    if (value->kind == YAML_TEXT && yaml_is_null(value))
        return 0;
    bool same = value->kind == YAML_TEXT && str_is(value->text, "same");
    if (same && !yaml_get(field->from, "enum"))
        return yaml_fault(value, load->err,
                          "`same` is a canonical value shown as it is, expected `enum:` beside it");
    field->otherwise = same ? OTHERWISE_SAME : OTHERWISE_LITERAL;
    if (same)
        return 0;
    return load_literal(load, &field->otherwise_value, field->type, value);
}

int load_when(struct load *load, struct field *field, const struct yaml *value)
{
    if (yaml_map(value, load->err))
        return -1;
    if (value->count != 1)
        return yaml_fault(value, load->err, "`when:` has one condition, expected { PATH: VALUE }");
    field->when_path = value->first->key;
    return literal_load(&field->when_value, load->arena, value->first, load->err);
}

int load_from(struct load *load, struct field *field, const struct yaml *value)
{
    const struct yaml *derive = yaml_get(field->from, "derive");

    if (derive && (derive->kind != YAML_TEXT || !str_is(derive->text, "years_since")))
        return yaml_fault(derive, load->err, "nothing is derived so, expected years_since");
    return yaml_text(value, &field->derive_path, load->err);
}

int load_to(struct load *load, struct field *field, const struct yaml *value)
{
    struct str text, tail;

    if (yaml_text(value, &text, load->err))
        return -1;
    if (!str_cut(text, '{', &field->link_head, &tail) ||
        !str_cut(tail, '}', &field->link_name, &field->link_tail))
        return yaml_fault(value, load->err,
                          "the link names no field, expected one in braces, as in /patient/{id}");
    return 0;
}

int load_part(struct load *load, struct field *field, const struct yaml *value)
{
    uint64_t part;

    if (yaml_uint(value, 1, 16, &part, load->err))
        return -1;
    field->part = (unsigned)part;
    return 0;
}

int load_fields(struct load *load, struct field *field, const struct yaml *value)
{
    if (field->type == TYPE_LIST)
        return load_shape(load, value, &field->element);
    if (load->inside)
        return yaml_fault_key(value, load->err, "a pick stands inside a pick, expected plain fields");
    load->inside = field;
    field->picked = load->shape->dialect_slots++;
    if (load_members(load, value, field->node))
        return -1;
    load->inside = NULL;
    return 0;
}

int load_equals(struct load *load, struct field *field, const struct yaml *value)
{
    field->equals_brand = value->kind == YAML_TEXT && !value->quoted && str_is(value->text, "$brand");
    if (field->equals_brand)
        return 0;
    if (value->kind == YAML_TEXT && !value->quoted && value->text.len && value->text.ptr[0] == '$')
        return yaml_fault(value, load->err,
                          "\"" STR_FMT "\" is not a value of the context, expected $brand or a value",
                          STR_ARG(value->text));
    if (yaml_is_null(value))
        return yaml_fault(value, load->err, "no value equals null, expected one that put takes");
    return load_literal(load, &field->equals, field->type, value);
}

int load_accept(struct load *load, struct field *field, const struct yaml *value)
{
    if (yaml_list(value, load->err))
        return -1;
    field->accept = ARENA_ARRAY(load->arena, struct literal, value->count + 1);
    for (const struct yaml *at = value->first; at; at = at->next)
        if (load_literal(load, &field->accept[field->accept_count++], field->type, at))
            return -1;
    return 0;
}

int load_null(struct load *load, struct field *field, const struct yaml *value)
{
    struct str word = value->kind == YAML_TEXT ? value->text : STR_NONE;

    field->null_refuse = str_is(word, "refuse");
    field->null_absent = str_is(word, "absent");
    field->null_ignore = str_is(word, "ignore");
    if (field->null_refuse || field->null_absent || field->null_ignore)
        return 0;
    return yaml_fault(value, load->err, "found \"" STR_FMT "\", expected refuse, absent or ignore", STR_ARG(word));
}

int load_forms(struct load *load, struct field *field, const struct yaml *value)
{
    struct buf want = buf_in(load->arena, SIZE_MAX);

    if (yaml_list(value, load->err))
        return -1;
    struct str *forms = ARENA_ARRAY(load->arena, struct str, value->count + 1);
    for (const struct yaml *at = value->first; at; at = at->next) {
        if (yaml_text(at, &forms[field->form_count], load->err))
            return -1;
        buf_add(&want, want.len ? STR(" or ") : STR("text like "));
        buf_add(&want, forms[field->form_count++]);
    }
    field->forms = forms;
    field->form_want = buf_str(&want);
    return 0;
}

/* The JSON types that a field of any may have. */
int load_kinds(struct load *load, struct field *field, const struct yaml *value)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } words[] = { { "string", 1u << JSON_STRING },
                  { "number", 1u << JSON_NUMBER },
                  { "boolean", 1u << JSON_TRUE | 1u << JSON_FALSE },
                  { "object", 1u << JSON_OBJECT },
                  { "array", 1u << JSON_ARRAY } };

    struct buf want = buf_in(load->arena, SIZE_MAX);

    if (yaml_list(value, load->err))
        return -1;
    if (!value->count)
        return yaml_fault(value, load->err, "a value has at least one JSON type, expected e.g. [string, number]");
    for (const struct yaml *at = value->first; at; at = at->next) {
        unsigned found = 0;
        for (size_t i = 0; i < COUNT(words); i++)
            found |= str_is(at->text, words[i].name) ? words[i].kinds : 0;
        if (!found)
            return yaml_fault(at, load->err,
                              "\"" STR_FMT "\" is not a JSON type, expected e.g. string or number",
                              STR_ARG(at->text));
        field->kinds |= found;
        if (want.len)
            buf_add(&want, STR(" or "));
        buf_add(&want, at->text);
    }
    field->form_want = buf_str(&want);
    return 0;
}
