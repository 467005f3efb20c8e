#include "dialect/load.h"

static int unknown_error(const struct yaml *map, struct err *err)
{
    struct near near = near_to(map->key);

    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++)
        near_try(&near, str_from(err_name((enum err_code)code)));
    (void)yaml_fault_key(map, err, "unknown error '" STR_FMT "', expected one of docs/dialect.md such as "
                         "not_found, invalid or conflict", STR_ARG(map->key));
    return err_meant(err, near.best);
}

static int load_shape(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "status", "code", "title", "message", "pointer", "fields", NULL };
    enum err_code code = err_by_name(map->key);
    unsigned status = 0;

    if (code == ERR_NONE)
        return unknown_error(map, err);
    struct error_shape *shape = &dialect->errors[code];
    if (yaml_map(map, err) || yaml_only(map, known, err) || load_number(map, "status", 400, 599, &status, err) ||
        yaml_get_text(map, "code", &shape->code, err) || yaml_get_text(map, "title", &shape->title, err) ||
        yaml_get_text(map, "message", &shape->message, err) || yaml_get_text(map, "pointer", &shape->pointer, err) ||
        load_template(map, "fields", arena, &shape->fields, err))
        return -1;
    if (status)
        shape->status = (int)status;
    return 0;
}

/* What a dialect does not say: the row of err_tbl.h, its name as the code where neither code nor title is given. */
static void fill_defaults(struct dialect *dialect)
{
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        struct error_shape *shape = &dialect->errors[code];
        if (!shape->status)
            shape->status = err_status((enum err_code)code);
        if (!shape->message.ptr)
            shape->message = str_from(err_text((enum err_code)code));
        if (!shape->code.ptr && !shape->title.ptr)
            shape->code = str_from(err_name((enum err_code)code));
    }
}

static int load_paths(struct dialect *dialect, const struct yaml *map, struct err *err)
{
    const struct yaml *node = yaml_get(map, "paths");

    if (!node || (node->kind == YAML_TEXT && str_is(node->text, "dotted")))
        return 0;
    dialect->pointer_paths = node->kind == YAML_TEXT && str_is(node->text, "pointer");
    dialect->bracket_paths = node->kind == YAML_TEXT && str_is(node->text, "brackets");
    if (!dialect->pointer_paths && !dialect->bracket_paths)
        return yaml_fault(node, err, "unknown way to write paths, expected dotted, brackets or pointer");
    return 0;
}

static const char *const more[] = { "parameter", "parameter_required", "parameter_known", "parameter_header" };

/* A kind of fault, or of a parameter's, or one with the type of the member: `blank`, `blank_date`. */
static bool is_fault_key(struct str key)
{
    for (int kind = FAULT_BLANK; kind <= FAULT_ID; kind++) {
        struct str name = str_from(fault_name((enum fault_kind)kind));
        if (str_starts(key, name) && (key.len == name.len || key.ptr[name.len] == '_'))
            return true;
    }
    for (size_t i = 0; i < COUNT(more); i++)
        if (str_is(key, more[i]))
            return true;
    return false;
}

static int unknown_kind(const struct yaml *row, struct err *err)
{
    struct near near = near_to(row->key);

    for (int kind = FAULT_BLANK; kind <= FAULT_ID; kind++)
        near_try(&near, str_from(fault_name((enum fault_kind)kind)));
    for (size_t i = 0; i < COUNT(more); i++)
        near_try(&near, str_from(more[i]));
    (void)yaml_fault_key(row, err, "\"" STR_FMT "\" is not a kind of fault, expected one of docs/dialect.md such as "
                         "blank, type, format or enum", STR_ARG(row->key));
    return err_meant(err, near.best);
}

/* `$want` is the only variable of these words. */
static int check_word(const struct yaml *node, struct err *err)
{
    for (struct str rest = node->text; rest.len; rest = str_from_at(rest, 1))
        if (rest.ptr[0] == '$' && rest.len > 1 && rest.ptr[1] >= 'a' && rest.ptr[1] <= 'z' &&
            !str_starts(rest, STR("$want")))
            return yaml_fault(node, err, "unknown variable in \"" STR_FMT "\", expected $want", STR_ARG(node->text));
    return 0;
}

/* Each row is a text, or a list of texts. */
static int check_words(const struct yaml *faults, struct err *err)
{
    struct str text;

    if (yaml_map(faults, err))
        return -1;
    for (const struct yaml *row = faults->first; row; row = row->next) {
        if (!is_fault_key(row->key))
            return unknown_kind(row, err);
        if (row->kind == YAML_TEXT && check_word(row, err))
            return -1;
        if (row->kind == YAML_MAP || (row->kind == YAML_LIST && !row->first))
            return yaml_fault(row, err, "no words, expected text or a list of texts");
        for (const struct yaml *one = row->first; one; one = one->next)
            if (yaml_text(one, &text, err) || check_word(one, err))
                return -1;
    }
    return 0;
}

/* In an object of fields, or as $parameter, in the shape itself or in each of its errors. */
static bool shows_parameter(const struct dialect *dialect)
{
    const struct template *shape = dialect->error_many ? dialect->error_many : dialect->error_one;
    bool in_each = dialect->error_each && template_uses(shape, VAR_ERRORS) && template_uses(dialect->error_each, VAR_PARAMETER);

    return in_each || template_uses(shape, VAR_FIELDS) || template_uses(shape, VAR_PARAMETER);
}

int load_errors(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "one", "many", "each", "paths", "base", "codes", "faults", NULL };

    if (!map)
        return yaml_fault(dialect->place, err, "no errors:, expected it (docs/dialect.md)");
    if (yaml_map(map, err) || yaml_only(map, known, err) || load_paths(dialect, map, err) ||
        yaml_get_text(map, "base", &dialect->pointer_base, err) ||
        load_template(map, "one", arena, &dialect->error_one, err) ||
        load_template(map, "many", arena, &dialect->error_many, err) ||
        load_template(map, "each", arena, &dialect->error_each, err))
        return -1;
    if (!dialect->error_one)
        return yaml_fault(map, err, "no shape for an error, expected one:");
    dialect->parameter_shown = shows_parameter(dialect);
    const struct yaml *codes = yaml_get(map, "codes");
    if (codes && yaml_map(codes, err))
        return -1;
    for (const struct yaml *child = codes ? codes->first : NULL; child; child = child->next)
        if (load_shape(dialect, arena, child, err))
            return -1;
    fill_defaults(dialect);
    dialect->faults = yaml_get(map, "faults");
    if (!dialect->faults)
        return yaml_fault(map, err, "no words for faults, expected faults:");
    return check_words(dialect->faults, err);
}

const struct yaml *dialect_fault_words(const struct dialect *dialect, const char *kind, struct str want)
{
    static const struct yaml unsaid = { .kind = YAML_TEXT, .text = STR_INIT("is invalid") };
    const struct yaml *plain = &unsaid;

    for (const struct yaml *row = dialect->faults->first; row; row = row->next) {
        struct str tail = str_from_at(row->key, strlen(kind) + 1);
        if (str_is(row->key, kind))
            plain = row;
        else if (want.len && str_starts(row->key, str_from(kind)) && str_eq(tail, want) &&
                 row->key.ptr[strlen(kind)] == '_')
            return row;
    }
    return plain;
}
