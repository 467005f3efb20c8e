/* The paths and the literals of a mapping file beside what the contract says of the entity's members: what a backend does not know
 * it ignores, and it would refuse each request with a literal that a member never has. */
#include "flow/agree.h"

#include "yaml/yaml.h"

struct values {
    const struct gateway *gateway;
    struct str entity;
    struct err_list *faults;
    struct err *err;
};

static int judge(const struct values *values, struct str path, const struct yaml *value)
{
    if (!value || !contract_judge(values->gateway->contract, values->entity, path, value, values->gateway->arena, values->err))
        return 0;
    return err_note(values->faults, values->err);
}

static int judge_path(const struct values *values, struct str path, const struct yaml *place)
{
    if (!contract_judge_name(values->gateway->contract, values->entity, path, place, values->gateway->arena, values->err))
        return 0;
    return err_note(values->faults, values->err);
}

/* `is:` is one path, or two. */
static int judge_paths(const struct values *values, const struct yaml *is)
{
    if (is && is->kind == YAML_TEXT)
        return judge_path(values, is->text, is);
    for (const struct yaml *at = is ? is->first : NULL; at; at = at->next)
        if (judge_path(values, at->text, at))
            return -1;
    return 0;
}

/* `enum:` is a list of values, or its right side is: so is that of `also:`. */
static int judge_each(const struct values *values, struct str path, const struct yaml *list)
{
    for (const struct yaml *value = list ? list->first : NULL; value; value = value->next)
        if (judge(values, path, value))
            return -1;
    return 0;
}

static int judge_field(const struct values *values, const struct yaml *field)
{
    const struct yaml *is = yaml_get(field, "is"), *when = yaml_get(field, "when"), *tells = yaml_get(field, "tells");

    if (judge_paths(values, is))
        return -1;
    if (is && is->kind == YAML_TEXT &&
        (judge(values, is->text, yaml_get(field, "default")) || judge_each(values, is->text, yaml_get(field, "enum")) ||
         judge_each(values, is->text, yaml_get(field, "also"))))
        return -1;
    for (const struct yaml *told = tells ? tells->first : NULL; told; told = told->next)
        if (judge_path(values, told->key, told) || judge_each(values, told->key, told))
            return -1;
    return when && when->first ? judge(values, when->first->key, when->first) : 0;
}

/* Inside a list paths are those of its elements, of which the contract says nothing. */
static int judge_fields(const struct values *values, const struct yaml *map)
{
    for (const struct yaml *at = map ? map->first : NULL; at; at = at->next) {
        const struct yaml *type = at->kind == YAML_MAP ? yaml_get(at, "type") : NULL;
        bool field = type && type->kind == YAML_TEXT;
        const struct yaml *picks = field ? yaml_get(at, "picks") : NULL;
        if (field ? judge_field(values, at) : at->kind == YAML_MAP && judge_fields(values, at))
            return -1;
        if (field && str_is(type->text, "pick") && judge_fields(values, yaml_get(at, "fields")))
            return -1;
        for (const struct yaml *pick = picks ? picks->first : NULL; pick; pick = pick->next)
            if (judge_fields(values, yaml_get(pick, "fields")))
                return -1;
    }
    return 0;
}

int agree_values(const struct gateway *gateway, const struct lens *lens, struct err_list *faults, struct err *err)
{
    const struct values values = { .gateway = gateway, .entity = lens_entity(lens), .faults = faults, .err = err };
    const struct yaml *set = yaml_get(lens_head(lens), "set"), *rest = yaml_get(lens_head(lens), "rest");

    if (rest && lens_rest(lens) == REST_MEMBER && judge_path(&values, rest->text, rest))
        return -1;
    for (const struct yaml *at = set ? set->first : NULL; at; at = at->next) {
        bool of_context = at->kind == YAML_TEXT && !at->quoted && at->text.len && at->text.ptr[0] == '$';
        if (judge_path(&values, at->key, at) || (!of_context && judge(&values, at->key, at)))
            return -1;
    }
    return judge_fields(&values, yaml_get(lens_head(lens), "fields"));
}
