/* `known_by:` reads a table backwards: a row's key is what the member would have said. */
#include "lens/load.h"

int load_known(struct load *load, struct field *field, const struct yaml *value)
{
    static const char *const keys[] = { "table", "column", "member", "where", NULL };
    const struct yaml *table = yaml_get(value, "table"), *column = yaml_get(value, "column");
    const struct yaml *member = yaml_get(value, "member"), *where = yaml_get(value, "where");
    struct known *known = ARENA_NEW(load->arena, struct known);
    size_t twice;

    if (yaml_map(value, load->err) || yaml_only(value, keys, load->err))
        return -1;
    if (!table || !column || !member)
        return yaml_fault(value, load->err, "`known_by:` is not complete, expected table, column and member");
    if (load_table_column(load, table, column, &known->table, &known->column) ||
        yaml_text(member, &known->member, load->err))
        return -1;
    if (!table_is_one_to_one(known->table, known->column, &twice))
        return yaml_fault(column, load->err,
                          "\"" STR_FMT
                          "\" of the table stands in two rows or is not a string, expected a column that tells "
                          "the key",
                          STR_ARG(table_key(known->table, twice)));
    field->known = known;
    if (!where)
        return 0;
    if (yaml_map(where, load->err))
        return -1;
    if (where->count != 1)
        return yaml_fault(where, load->err, "`where:` has one condition, expected { MEMBER: VALUE }");
    known->where = where->first->key;
    return literal_load(&known->where_value, load->arena, where->first, load->err);
}

/* The field of this shape at that path of the document. */
static int find_member(struct load *load, const struct field *field, struct str path, uint32_t *slot)
{
    for (const struct field *other = load->shape->fields; other < load->shape->fields + load->shape->count;
         other++)
        if (other != field && !other->inside && str_eq(other->path, path)) {
            *slot = other->in;
            return 0;
        }
    return yaml_fault(yaml_get(field->from, "known_by"), load->err,
                      "\"" STR_FMT "\" is not another field, expected the path of one", STR_ARG(path));
}

int link_known(struct load *load, const struct field *field)
{
    struct known *known = field->known;

    if (!known)
        return 0;
    known->where_in = NO_SLOT;
    if (find_member(load, field, known->member, &known->in))
        return -1;
    return known->where.ptr ? find_member(load, field, known->where, &known->where_in) : 0;
}
