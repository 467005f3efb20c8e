/* `rules:` say what members of one document demand of each other. */
#include "lens/load.h"

/* The member at that path that stands alone in the document. */
static int find_field(struct load *load, const struct yaml *at, struct str path, struct field **found)
{
    struct shape *shape = load->lens->shape;

    for (struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (!field->inside && !field->chosen && str_eq(field->path, path)) {
            *found = field;
            return 0;
        }
    return yaml_fault(at, load->err, "\"" STR_FMT "\" is not a field, expected the path of one", STR_ARG(path));
}

/* What put never takes no rule can demand. */
static int find_ruled(struct load *load, const struct yaml *at, struct str path, const struct field **found)
{
    struct field *field;

    if (find_field(load, at, path, &field))
        return -1;
    if (field->read_only == MODE_BOTH || field->source == FROM_CONST)
        return yaml_fault(at, load->err,
                          "\"" STR_FMT "\" is never taken, expected a member that clients may set",
                          STR_ARG(path));
    field->ruled = field->needs_stored = true;
    *found = field;
    return 0;
}

static int load_values(struct load *load, const struct yaml *map, bool judged, struct ruled *values,
                       size_t *count)
{
    if (yaml_map(map, load->err))
        return -1;
    for (const struct yaml *at = map->first; at; at = at->next) {
        struct ruled *value = &values[(*count)++];
        struct field *field;
        if (judged ? find_ruled(load, at, at->key, &value->field) : find_field(load, at, at->key, &field))
            return -1;
        if (!judged) {
            field->ruled = true;
            field->needs_stored |= !(field->read_only & MODE_UPDATE);
            value->field = field;
        }
        if (load_literal(load, &value->value, value->field->type, at) ||
            load_judge_value(load, value->field, at, &value->value))
            return -1;
        if (tape_type(&value->value.tape, 0) == JSON_NULL)
            return yaml_fault(at, load->err, "null is not a value, expected one of the member's, or `absent:`");
    }
    return 0;
}

static int load_absent(struct load *load, const struct yaml *list, struct rule *rule)
{
    struct str path;

    if (yaml_list(list, load->err))
        return -1;
    for (const struct yaml *at = list->first; at; at = at->next) {
        struct ruled *value = &rule->wants[rule->want_count++];
        if (yaml_text(at, &path, load->err) || find_ruled(load, at, path, &value->field))
            return -1;
    }
    return 0;
}

static const struct ruled *find_ruled_in(const struct ruled *ruled, size_t count, const struct field *field)
{
    for (size_t i = 0; i < count; i++)
        if (ruled[i].field == field)
            return &ruled[i];
    return NULL;
}

static bool same_value(const struct ruled *a, const struct ruled *b)
{
    if (!a->value.json.ptr || !b->value.json.ptr)
        return a->value.json.ptr == b->value.json.ptr;
    return literal_same(&a->value, &b->value);
}

/* Wherever `a` is asked, so is `b`. */
static bool implies(const struct rule *a, const struct rule *b)
{
    for (size_t i = 0; i < b->where_count; i++) {
        const struct ruled *same = find_ruled_in(a->where, a->where_count, b->where[i].field);
        if (!same || !same_value(same, &b->where[i]))
            return false;
    }
    return true;
}

/* No document could obey: it demands two values of one member. */
static int check_rule(struct load *load, const struct yaml *at, const struct rule *rule)
{
    for (const struct rule *other = load->lens->rules; other <= rule; other++)
        for (size_t i = 0; i < rule->want_count; i++) {
            const struct ruled *want = &rule->wants[i];
            const struct ruled *told = find_ruled_in(rule->where, rule->where_count, want->field);
            const struct ruled *also = find_ruled_in(other->wants, other == rule ? i : other->want_count, want->field);
            bool both = implies(rule, other) || implies(other, rule);
            if ((told && !same_value(told, want)) || (both && also && !same_value(also, want)))
                return yaml_fault(at, load->err,
                                  "no document can obey: two values are demanded of \"" STR_FMT "\", expected one",
                                  STR_ARG(want->field->path));
        }
    return 0;
}

static int load_rule(struct load *load, const struct yaml *at, struct rule *rule)
{
    static const char *const keys[] = { "where", "equals", "absent", NULL };
    const struct yaml *where = yaml_get(at, "where"), *equals = yaml_get(at, "equals");
    const struct yaml *absent = yaml_get(at, "absent");

    if (yaml_map(at, load->err) || yaml_only(at, keys, load->err))
        return -1;
    if (!where || !where->count || (!equals && !absent))
        return yaml_fault(at, load->err, "the rule is not complete, expected where, and equals or absent");
    rule->where = ARENA_ARRAY(load->arena, struct ruled, where->count);
    rule->wants =
        ARENA_ARRAY(load->arena, struct ruled, (equals ? equals->count : 0) + (absent ? absent->count : 0));
    if (load_values(load, where, false, rule->where, &rule->where_count) ||
        (equals && load_values(load, equals, true, rule->wants, &rule->want_count)))
        return -1;
    return (absent && load_absent(load, absent, rule)) || check_rule(load, at, rule) ? -1 : 0;
}

int load_rules(struct load *load, const struct yaml *rules)
{
    struct lens *lens = load->lens;

    if (!rules)
        return 0;
    if (yaml_list(rules, load->err))
        return -1;
    lens->rules = ARENA_ARRAY(load->arena, struct rule, rules->count + 1);
    for (const struct yaml *at = rules->first; at; at = at->next)
        if (!load_rule(load, at, &lens->rules[lens->rule_count]))
            lens->rule_count++;
        else if (load_note_rule(load, at))
            return -1;
    return 0;
}
