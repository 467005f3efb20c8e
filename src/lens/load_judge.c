/* Values that stand in a mapping file, judged as put would judge them in a document: one that no document may
 * have says nothing, or promises what is never taken. */
#include "lens/load.h"

#include "json/number.h"
#include "lens/put.h"

enum { MOST_LEAST = 1 << 20 }; /* that a length may demand */

/* FINE, or the kind of fault; `*json` is what put would make of it. */
static int judge(struct load *load, const struct field *field, const struct literal *value, struct str *json)
{
    struct lens_put out = { .finds = false };
    struct put_run run = {
        .lens = load->lens, .in = &value->tape, .arena = load->arena, .out = &out, .mode = MODE_CREATE
    };
    struct put put = { .run = &run };

    return field->codec->put ? put_value(&put, field, 0, json) : FINE;
}

static int complain(struct load *load, const struct yaml *at, const struct field *field,
                    const struct literal *value, int fault)
{
    struct str want = fault == FAULT_FORMAT && field->form_want.len ? field->form_want : field->want;

    switch (fault) {
    case FAULT_RANGE:
        return yaml_fault(at, load->err,
                          STR_FMT " is outside `min:` and `max:`, expected a value that put takes",
                          STR_ARG(value->json));
    case FAULT_LENGTH:
        return yaml_fault(at, load->err,
                          STR_FMT
                          " is outside `min_length:` and `max_length:`, expected a value that put takes",
                          STR_ARG(value->json));
    case FAULT_ENUM:
        return yaml_fault(at, load->err,
                          STR_FMT " is not one of the values of `enum:`, expected one of " STR_FMT,
                          STR_ARG(value->json), STR_ARG(field->enum_want));
    default:
        return yaml_fault(at, load->err, STR_FMT " is not a valid " STR_FMT ", expected a value of the field's type",
                          STR_ARG(value->json), STR_ARG(want));
    }
}

int load_judge_value(struct load *load, const struct field *field, const struct yaml *at,
                     const struct literal *value)
{
    struct str json;

    if (!at || !value->json.ptr || tape_type(&value->tape, 0) == JSON_NULL)
        return 0;
    int fault = judge(load, field, value, &json);
    return fault == FINE ? 0 : complain(load, at, field, value, fault);
}

/* What `const:`, `accept:`, `starts:` and `equals:` demand. */
static int check_demanded(struct load *load, const struct field *field)
{
    const struct yaml *accept = yaml_get(field->from, "accept"), *at = accept ? accept->first : NULL;

    if (load_judge_value(load, field, yaml_get(field->from, "const"), &field->constant) ||
        load_judge_value(load, field, yaml_get(field->from, "starts"), &field->starts) ||
        load_judge_value(load, field, yaml_get(field->from, "equals"), &field->equals))
        return -1;
    for (size_t i = 0; i < field->accept_count && at; i++, at = at->next)
        if (load_judge_value(load, field, at, &field->accept[i]))
            return -1;
    return 0;
}

/* A word that the field's other keys refuse is never taken, and a null is no canonical value: it reads as
 * absent. */
static int check_words(struct load *load, const struct field *field, const char *key,
                       const struct enum_pair *pairs, size_t count)
{
    const struct yaml *words = yaml_get(field->from, key), *at = words ? words->first : NULL;

    for (size_t i = 0; i < count && at; i++, at = at->next) {
        if (load_judge_value(load, field, at, &pairs[i].dialect))
            return -1;
        if (tape_type(&pairs[i].canonical.tape, 0) == JSON_NULL)
            return yaml_fault(at, load->err,
                              "null is not a canonical value, expected what get can tell from absent");
    }
    return 0;
}

/* One of the canonical words of an enum, or any where others are taken, too. */
static bool is_word(const struct field *field, const struct literal *value)
{
    bool found = !field->enum_count || field->put_same;

    for (size_t i = 0; i < field->enum_count; i++)
        found |= literal_is(&field->enums[i].canonical, &value->tape, 0);
    for (size_t i = 0; i < field->also_count; i++)
        found |= literal_is(&field->also[i].canonical, &value->tape, 0);
    return found;
}

/* A default is written as it stands: it is what put would write. */
static int check_default(struct load *load, const struct field *field)
{
    const struct yaml *at = yaml_get(field->from, "default");
    const struct literal *value = &field->fallback;
    struct str json;

    if (!at)
        return 0;
    if (field->lookup.ptr)
        return yaml_fault_key(at, load->err,
                              "`default:` stands beside `lookup:`, expected one of the two: nothing looks it up");
    if (field->required & MODE_CREATE)
        return yaml_fault_key(
            at, load->err, "nothing reaches this default, expected a field that is not required on create");
    if (field->starts.json.ptr || field->equals.json.ptr || field->equals_brand)
        return yaml_fault_key(
            at, load->err, "`default:` stands beside what create takes alone, expected `set:` or no default");
    if (!is_word(field, value))
        return yaml_fault(at, load->err, STR_FMT " is not a canonical value of the enum, expected one of them",
                          STR_ARG(value->json));
    if (field->enum_count || tape_type(&value->tape, 0) == JSON_NULL)
        return 0;
    int fault = judge(load, field, value, &json);
    if (fault != FINE)
        return complain(load, at, field, value, fault);
    return str_eq(json, value->json)
               ? 0
               : yaml_fault(at, load->err,
                            STR_FMT " is written as it stands, expected the canonical " STR_FMT,
                            STR_ARG(value->json), STR_ARG(json));
}

/* Documentation that put would refuse misleads. Values of several members are not judged. */
static int check_example(struct load *load, const struct field *field)
{
    const struct yaml *at = yaml_get(field->from, "example");
    struct literal value;

    if (!at || !field->codec->put)
        return 0;
    return load_literal(load, &value, field->type, at) || load_judge_value(load, field, at, &value) ? -1 : 0;
}

/* What get shows out of a table, or in the place of what maps to nothing, is of the field's type. */
static int check_shown(struct load *load, const struct field *field)
{
    const struct yaml *otherwise = yaml_get(field->from, "otherwise");
    const struct table_column *table = &field->table;
    struct str json;

    if (field->otherwise == OTHERWISE_LITERAL &&
        judge(load, field, &field->otherwise_value, &json) == FAULT_TYPE)
        return complain(load, otherwise, field, &field->otherwise_value, FAULT_TYPE);
    if (!table->table)
        return 0;
    const struct yaml *in = field->source == FROM_TABLE ? field->from : otherwise;
    if (table->as.json.ptr && judge(load, field, &table->as, &json) == FAULT_TYPE)
        return complain(load, yaml_get(in, "as"), field, &table->as, FAULT_TYPE);
    for (size_t row = 0; !table->as.json.ptr && row < table_count(table->table); row++) {
        const struct literal *value = table_value(table->table, table_key(table->table, row), table->column);
        bool null = tape_type(&value->tape, 0) == JSON_NULL;
        if (!null && judge(load, field, value, &json) == FAULT_TYPE)
            return complain(load, yaml_get(in, "column"), field, value, FAULT_TYPE);
    }
    return 0;
}

/* Between the bounds, which are numbers, there must be a value. */
static int check_bounds(struct load *load, const struct field *field)
{
    const struct yaml *most = yaml_get(field->from, "max_length");
    const struct yaml *min = yaml_get(field->from, "min"), *max = yaml_get(field->from, "max");
    uint64_t least = field->has_min_length ? field->min_length : 0;
    bool filled = field->required && !field->empty_allowed;

    if ((min && !number_valid(field->min.text)) || (max && !number_valid(field->max.text)))
        return yaml_fault(min && !number_valid(field->min.text) ? min : max, load->err,
                          "this is not a number, expected one");
    if (max && min && put_compare(field->min.text, field->max.text) > 0)
        return yaml_fault(max, load->err,
                          "no value lies between " STR_FMT " and " STR_FMT ", expected at least `min:`",
                          STR_ARG(field->min.text), STR_ARG(field->max.text));
    if (least > MOST_LEAST)
        return yaml_fault(yaml_get(field->from, "min_length"), load->err,
                          "no document has a value of this length, expected at most %d", MOST_LEAST);
    if (most && field->has_min_length && least > field->max_length)
        return yaml_fault(most, load->err, "this is less than `min_length:`, expected at least that");
    if (most && filled && !field->max_length)
        return yaml_fault(most, load->err, "a required value is never empty, expected at least 1");
    return 0;
}

/* What stands inside a value goes through as it is. */
static int check_of(struct load *load, const struct field *field)
{
    size_t count = !field->of ? 0 : field->type == TYPE_ARRAY ? 1 : field->of_count;

    for (size_t i = 0; i < count; i++) {
        const struct field *of = &field->of[i];
        const struct yaml *words = yaml_get(of->from, "enum");
        if (words && words->kind == YAML_MAP)
            return yaml_fault(words, load->err,
                              "values inside are not translated, expected a list of those allowed");
        if (!of->faulty && load_judge(load, of))
            return -1;
    }
    return 0;
}

int load_judge(struct load *load, const struct field *field)
{
    return check_bounds(load, field) || check_demanded(load, field) ||
                   check_words(load, field, "enum", field->enums, field->enum_count) ||
                   check_words(load, field, "also", field->also, field->also_count) ||
                   check_default(load, field) || check_shown(load, field) || check_example(load, field) ||
                   check_of(load, field)
               ? -1
               : 0;
}
