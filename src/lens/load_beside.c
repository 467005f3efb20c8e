/* Keys of one field that take each other's meaning away, and fields that would write over each other. */
#include "lens/load.h"

/* What put never takes, by `read_only:` or since it is derived, needs no judging: a key for that reaches nothing. (`equals:`, `invalid:` and
 * `tells:` speak of documents that the dialect showed, too.) */
static int check_read_only(struct load *load, const struct field *field)
{
    const struct {
        const char *key;
        unsigned modes; /* in which it would say something */
    } judged[] = { { "write_only", MODE_BOTH }, { "required", field->required }, { "default", MODE_CREATE },
                   { "starts", MODE_CREATE },   { "known_by", MODE_CREATE },     { "null", MODE_BOTH },
                   { "blank", MODE_BOTH },      { "param", MODE_BOTH } };

    /* What has no source, and a loss, get may leave out all the same. */
    size_t first = field->source == FROM_NOWHERE && !yaml_get(field->from, "read_only") ? 1 : 0;
    for (size_t i = first; i < COUNT(judged); i++) {
        const struct yaml *at = field->read_only ? yaml_get(field->from, judged[i].key) : NULL;
        bool required = at && at == yaml_get(field->from, "required");
        unsigned left = judged[i].modes & ~field->read_only;
        if (at && (!left || (required && left != field->required)))
            return yaml_fault_key(at, load->err,
                                  "nothing reaches `%s:` of what is read only, expected one of the two",
                                  judged[i].key);
    }
    return 0;
}

/* Two values for one parameter of a call: the last would win, and nobody would know. */
static int check_param(struct load *load, const struct field *field)
{
    for (const struct field *other = load->shape->fields; field->param.ptr && other < field; other++) {
        bool same = str_eq(other->param, field->param);
        bool looks = (other->lookup.ptr || field->lookup.ptr) && other->is[0] == field->is[0]; /* put refuses both */
        bool alternatives = looks || field->unless[0] == other || field->unless[1] == other ||
                            load_excludes(other, field);
        if (same && !alternatives)
            return yaml_fault(yaml_get(field->from, "param"), load->err,
                              "\"" STR_FMT "\" is the parameter of \"" STR_FMT
                              "\" already, expected one field for it (or lookup, unless, when)",
                              STR_ARG(field->param), STR_ARG(other->path));
    }
    return 0;
}

/* What get invents of a picked element, and what it maps: no member twice. */
static int check_make(struct load *load, const struct field *field)
{
    const struct yaml *make = yaml_get(field->from, "make");

    for (const struct yaml *at = make && field->type == TYPE_PICK ? make->first : NULL; at; at = at->next)
        if (node_child(field->node, at->key))
            return yaml_fault_key(at, load->err,
                                  "\"" STR_FMT "\" is mapped too, expected a member that is not",
                                  STR_ARG(at->key));
    return 0;
}

/* The members of an entry have one meaning each. */
static int check_entries(struct load *load, const struct field *field)
{
    if (field->type != TYPE_ENTRIES)
        return 0;
    if (str_eq(field->entry_name, field->entry_value))
        return yaml_fault(yaml_get(field->from, "value"), load->err,
                          "\"" STR_FMT "\" is the name already, expected another member",
                          STR_ARG(field->entry_value));
    for (size_t i = 0; i < field->skip.count; i++)
        if (str_eq(field->skip.items[i].name, field->entry_name) ||
            str_eq(field->skip.items[i].name, field->entry_value))
            return yaml_fault(yaml_get(field->from, "skip"), load->err,
                              "\"" STR_FMT "\" is mapped, expected members that only tell what to skip",
                              STR_ARG(field->skip.items[i].name));
    return 0;
}

/* All parts are sent together: one that cannot be sent would keep the others from being sent. */
static int check_parts(struct load *load, const struct field *field)
{
    for (unsigned i = 0; field->part_leads && i < field->part_count; i++) {
        const struct field *part = field->parts[i];
        bool alike = part->when == field->when &&
                     (part->when == NO_SLOT || literal_same(&part->when_value, &field->when_value));
        if (part->read_only != field->read_only)
            return yaml_fault_key(part->from, load->err,
                                  "nothing writes the other parts of \"" STR_FMT
                                  "\", expected read_only: of all or of none",
                                  STR_ARG(load->shape->leaves[field->is[0]]->path));
        if (!alike)
            return yaml_fault_key(part->from, load->err,
                                  "the parts of \"" STR_FMT
                                  "\" apply apart, expected the same `when:` for all",
                                  STR_ARG(load->shape->leaves[field->is[0]]->path));
    }
    return 0;
}

static int check_words(struct load *load, const struct field *field)
{
    const struct yaml *loss = yaml_get(field->from, "loss"), *join = yaml_get(field->from, "join"),
                      *form = yaml_get(field->from, "form");

    if (loss && !loss->text.len)
        return yaml_fault(loss, load->err, "a loss without a reason, expected loss: \"…\"");
    if (loss && field->source == FROM_REST)
        return yaml_fault_key(
            loss, load->err,
            "`loss:` stands beside `keep:`, expected one of the two: what is kept is not lost");
    if (join && !join->text.len)
        return yaml_fault(join, load->err, "lines without text between them, expected e.g. join: \"\\n\"");
    if (form && !form->first)
        return yaml_fault(form, load->err, "no value has this form, expected a list such as [\"##:##\"]");
    if (field->as_integer && field->prefix.len)
        return yaml_fault_key(yaml_get(field->from, "prefix"), load->err,
                              "a number has no text before it, expected `as: integer` or `prefix:`");
    return 0;
}

int load_beside(struct load *load, const struct field *field)
{
    return check_words(load, field) || check_read_only(load, field) || check_param(load, field) ||
                   check_make(load, field) || check_entries(load, field) || check_parts(load, field)
               ? -1
               : 0;
}
