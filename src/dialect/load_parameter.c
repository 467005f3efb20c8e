#include "dialect/load.h"

static const struct {
    struct str name;
    enum parameter_type type;
    const char *want;
} types[] = {
    { .name = STR_INIT("string"), .type = PARAMETER_STRING, .want = "value" },
    { .name = STR_INIT("integer"), .type = PARAMETER_INTEGER, .want = "integer" },
    { .name = STR_INIT("date"), .type = PARAMETER_DATE, .want = "date" },
    { .name = STR_INIT("day"), .type = PARAMETER_DAY, .want = "date" },
    { .name = STR_INIT("day_end"), .type = PARAMETER_DAY_END, .want = "date" },
    { .name = STR_INIT("moment"), .type = PARAMETER_MOMENT, .want = "date-time" },
    { .name = STR_INIT("moment_end"), .type = PARAMETER_MOMENT_END, .want = "date-time" },
    { .name = STR_INIT("range"), .type = PARAMETER_RANGE, .want = "range start..end of date-times" },
    { .name = STR_INIT("id"), .type = PARAMETER_ID, .want = "id" },
    { .name = STR_INIT("ids"), .type = PARAMETER_IDS, .want = "list of ids" },
    { .name = STR_INIT("period"), .type = PARAMETER_PERIOD, .want = "date or date-time with eq, ge, gt, le, lt, sa or eb" },
    { .name = STR_INIT("days"), .type = PARAMETER_DAYS, .want = "date with eq, ge, gt, le, lt, sa or eb" },
    { .name = STR_INIT("token"), .type = PARAMETER_TOKEN, .want = "system|value or value" },
};

const char *parameter_want(enum parameter_type type)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].type == type)
            return types[i].want;
    return "value";
}

static int load_type(const struct yaml *map, struct parameter *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "type");

    if (!node)
        return yaml_fault(map, err, "a parameter without a type, expected e.g. { type: string }");
    for (size_t i = 0; i < COUNT(types); i++) {
        if (node->kind == YAML_TEXT && str_eq(types[i].name, node->text)) {
            made->type = types[i].type;
            return 0;
        }
    }
    return yaml_fault(node, err, "unknown type, expected string, integer, date, day, day_end, moment, moment_end, range, "
                                 "id, ids, period, days or token");
}

static int load_equals(const struct yaml *map, struct parameter *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "equals");

    if (!node)
        return 0;
    if (node->kind != YAML_TEXT || !str_is(node->text, "$brand"))
        return yaml_fault(node, err, "unknown value, expected $brand");
    made->equals_brand = true;
    return 0;
}

static int load_parameter(const struct yaml *map, struct arena *arena, struct parameter *made, struct err *err)
{
    static const char *const known[] = { "type",  "to",       "to_end", "kind", "needs", "part", "alias",
                                         "equals", "required", "enum",   "only", "in",    "prefix", "prefixes", "pair_with", "words", "one", "many", NULL };
    const struct yaml *in = yaml_get(map, "in");

    made->name = map->key;
    made->place = map;
    if (yaml_map(map, err) || yaml_only(map, known, err) || load_type(map, made, err))
        return -1;
    if (yaml_get_text(map, "to", &made->to, err) || yaml_get_text(map, "to_end", &made->to_end, err) ||
        yaml_get_text(map, "kind", &made->kind, err) || yaml_get_text(map, "needs", &made->needs, err) ||
        yaml_get_text(map, "alias", &made->alias, err) || yaml_get_text(map, "prefix", &made->prefix, err) ||
        yaml_get_text(map, "pair_with", &made->pair_with, err) ||
        yaml_get_texts(map, "prefixes", arena, &made->prefixes, &made->prefix_count, err) ||
        yaml_get_bool(map, "one", &made->one, err) || yaml_get_bool(map, "many", &made->many, err) ||
        yaml_get_bool(map, "required", &made->required, err) || yaml_get_bool(map, "only", &made->only, err) ||
        load_number(map, "part", 1, 2, &made->part, err) ||
        load_equals(map, made, err) || load_pairs(map, "enum", arena, &made->words, &made->word_count, err))
        return -1;
    if (in && (in->kind != YAML_TEXT || !str_is(in->text, "body")))
        return yaml_fault(in, err, "unknown place, expected body");
    made->in_body = in != NULL;
    bool is_id = made->type == PARAMETER_ID || made->type == PARAMETER_IDS;
    if (is_id != (made->kind.len > 0))
        return yaml_fault(map, err, "%s", is_id ? "an id without a kind, expected kind: NAME"
                                                : "a kind on a parameter that is not an id");
    if (made->prefix.len && !is_id)
        return yaml_fault(yaml_get(map, "prefix"), err, "a prefix on a parameter that is not an id, expected prefixes: [TEXT], which may "
                          "stand before a value, or pair_with: NAME");
    if (made->many && (made->type != PARAMETER_STRING || !made->one || !made->to.len))
        return yaml_fault(yaml_get(map, "many"), err, "many: is for a list of values, expected type: string, to: and one: true");
    if (made->pair_with.len && (made->type != PARAMETER_STRING || made->many || made->part || !made->to.len))
        return yaml_fault(yaml_get(map, "pair_with"), err, "pair_with: is for one value, expected type: string and to:, and neither "
                          "many: nor part:");
    bool two = made->type == PARAMETER_RANGE || made->type == PARAMETER_PERIOD || made->type == PARAMETER_DAYS ||
               made->type == PARAMETER_TOKEN;
    if (two && (!made->to.len || !made->to_end.len))
        return yaml_fault(map, err, "a " STR_FMT " needs both to: and to_end:", STR_ARG(yaml_get(map, "type")->text));
    return 0;
}

/* `words: { table: NAME, column: NAME }`: what the column says means the row's key. */
static int load_table(struct parameter *made, const struct lens_tables *tables, struct arena *arena, struct err *err)
{
    static const char *const known[] = { "table", "column", NULL };
    const struct yaml *node = yaml_get(made->place, "words");
    struct str table = STR_NONE, column = STR_NONE, key, value;
    size_t count = 0;

    if (!node)
        return 0;
    if (yaml_map(node, err) || yaml_only(node, known, err) || yaml_get_text(node, "table", &table, err) ||
        yaml_get_text(node, "column", &column, err))
        return -1;
    while (lens_table_row(tables, table, column, count, &key, &value))
        count++;
    if (!count || made->word_count)
        return yaml_fault(node, err, made->word_count ? "words: stands beside enum:, expected one of them"
                                                      : "no such table or column, expected one of mappings/tables");
    struct parameter_word *words = ARENA_ARRAY(arena, struct parameter_word, count);
    for (; lens_table_row(tables, table, column, made->word_count, &key, &value); made->word_count++)
        words[made->word_count] = (struct parameter_word){ .said = value, .meant = key };
    made->words = words;
    return 0;
}

int load_tables_of(struct dialect *dialect, const struct lens_tables *tables, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < dialect->operation_count; i++)
        for (size_t k = 0; k < dialect->operations[i].query_count && !dialect->operations[i].form_of; k++)
            if (load_table(&dialect->operations[i].query[k], tables, arena, err))
                return -1;
    return 0;
}

/* Half a pair finds nothing, or what belongs to another one. */
static int check_halves(const struct parameter *parameters, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool whole = !parameters[i].part;
        for (size_t k = 0; k < count && !whole; k++)
            whole = parameters[k].part && parameters[k].part != parameters[i].part && str_eq(parameters[k].to, parameters[i].to);
        if (!whole || (parameters[i].part && !parameters[i].to.len))
            return yaml_fault(yaml_get(parameters[i].place, "part"), err,
                              "half of a value, expected the other half beside it: part: %u with the same to:", 3 - parameters[i].part);
    }
    return 0;
}

int load_parameters(const struct yaml *map, struct arena *arena, struct parameter **made, size_t *count,
                    struct err *err)
{
    if (!map)
        return 0;
    if (yaml_map(map, err))
        return -1;
    struct parameter *fresh = ARENA_ARRAY(arena, struct parameter, map->count);
    size_t at = 0;
    for (const struct yaml *child = map->first; child; child = child->next)
        if (load_parameter(child, arena, &fresh[at++], err))
            return -1;
    *made = fresh;
    *count = at;
    return check_halves(fresh, at, err);
}
