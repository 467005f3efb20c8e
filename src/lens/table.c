/* Constant tables: mappings/tables/NAME.yaml with `key`, `columns` and `rows`. */
#include "lens/literal.h"

#include <dirent.h>
#include <stdlib.h>

struct row {
    struct str key;
    struct literal *values;
};

struct lens_table {
    struct str name;
    const struct yaml *columns;
    size_t column_count;
    struct row *rows; /* sorted by key */
    size_t count;
};

struct lens_tables {
    struct lens_table *items;
    size_t count, space;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;

    return str_compare(left->key, right->key);
}

static int load_row(struct lens_table *table, struct arena *arena, const struct yaml *node, struct err *err)
{
    struct row *row = &table->rows[table->count++];

    if (yaml_list(node, err))
        return -1;
    if (node->count != table->column_count)
        return yaml_fault(node, err, "the row has %zu values, expected one for each of %zu columns",
                          node->count, table->column_count);
    *row = (struct row){ .key = node->key, .values = ARENA_ARRAY(arena, struct literal, node->count + 1) };
    size_t i = 0;
    for (const struct yaml *at = node->first; at; at = at->next)
        if (literal_load(&row->values[i++], arena, at, err))
            return -1;
    return 0;
}

static int check_columns(const struct yaml *columns, struct err *err)
{
    struct str name;

    if (yaml_list(columns, err))
        return -1;
    for (const struct yaml *at = columns->first; at; at = at->next) {
        if (yaml_text(at, &name, err))
            return -1;
        for (const struct yaml *other = columns->first; other != at; other = other->next)
            if (str_eq(other->text, name))
                return yaml_fault(at, err, "the column \"" STR_FMT "\" stands twice, expected each once", STR_ARG(name));
    }
    return columns->count ? 0 : yaml_fault(columns, err, "the table has no columns, expected their names");
}

static int load_table(struct lens_table *table, struct arena *arena, const char *path, struct err *err)
{
    static const char *const known[] = { "key", "columns", "rows", NULL };
    const struct yaml *root;

    if (yaml_load(&root, arena, path, err) || yaml_map(root, err) || yaml_only(root, known, err))
        return -1;
    const struct yaml *rows = yaml_get(root, "rows");
    table->columns = yaml_get(root, "columns");
    if (!yaml_get(root, "key") || !table->columns || !rows)
        return yaml_fault(root, err, "the table is not complete, expected key, columns and rows");
    if (check_columns(table->columns, err) || yaml_map(rows, err))
        return -1;
    if (!rows->count)
        return yaml_fault(rows, err, "the table has no rows, expected a list of values for each key");
    table->column_count = table->columns->count;
    table->rows = ARENA_ARRAY(arena, struct row, rows->count + 1);
    for (const struct yaml *at = rows->first; at; at = at->next)
        if (load_row(table, arena, at, err))
            return -1;
    qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    return 0;
}

static int add_file(struct lens_tables *tables, struct arena *arena, const char *dir, struct str file,
                    struct err *err)
{
    bool full = false;
    struct str suffix = STR(".yaml");

    if (file.len <= suffix.len || !str_eq(str_from_at(file, file.len - suffix.len), suffix))
        return 0;
    tables->items =
        lens_grow(arena, tables->items, tables->count, &tables->space, sizeof *tables->items, &full);
    if (!tables->items)
        return err_set(err, ERR_CONFIG, "%s: too many tables", dir);
    struct lens_table *table = &tables->items[tables->count++];
    *table = (struct lens_table){ .name = arena_copy(arena, str_of(file.ptr, file.len - suffix.len)) };
    return load_table(table, arena, arena_printf(arena, "%s/" STR_FMT, dir, STR_ARG(file)).ptr, err);
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

/* A folder that is not there has no tables. */
int lens_tables_load(struct lens_tables **tables, struct arena *arena, const char *dir, struct err *err)
{
    CLEANUP(close_dir) DIR *open = opendir(dir);

    *tables = ARENA_NEW(arena, struct lens_tables);
    if (!open)
        return 0;
    for (struct dirent *at = readdir(open); at; at = readdir(open))
        if (add_file(*tables, arena, dir, str_from(at->d_name), err))
            return -1;
    return 0;
}

const struct lens_table *tables_named(const struct lens_tables *tables, struct str name)
{
    for (size_t i = 0; tables && i < tables->count; i++)
        if (str_eq(tables->items[i].name, name))
            return &tables->items[i];
    return NULL;
}

bool table_column(const struct lens_table *table, struct str name, size_t *column)
{
    size_t i = 0;

    for (const struct yaml *at = table->columns->first; at; at = at->next, i++)
        if (str_eq(at->text, name)) {
            *column = i;
            return true;
        }
    return false;
}

const struct literal *table_value(const struct lens_table *table, struct str key, size_t column)
{
    struct row wanted = { .key = key };
    const struct row *row =
        table->count ? bsearch(&wanted, table->rows, table->count, sizeof wanted, compare_rows) : NULL;

    return row ? &row->values[column] : NULL;
}

const struct literal *table_find(const struct lens_table *table, const struct tape *tape, uint32_t at,
                                 size_t column, struct arena *arena)
{
    if (tape_type(tape, at) != JSON_STRING)
        return NULL;
    return table_value(table, tape_string(tape, at, arena), column);
}

bool lens_table_row(const struct lens_tables *tables, struct str name, struct str column, size_t row, struct str *key,
                    struct str *value)
{
    const struct lens_table *table = tables_named(tables, name);
    size_t at;

    if (!table || !table_column(table, column, &at) || row >= table->count)
        return false;
    *key = table->rows[row].key;
    *value = table->rows[row].values[at].text;
    return true;
}

struct str table_any(const struct lens_table *table, size_t column, size_t some)
{
    return table->rows[some % table->count].values[column].json;
}

size_t table_count(const struct lens_table *table)
{
    return table->count;
}

struct str table_key(const struct lens_table *table, size_t row)
{
    return table->rows[row].key;
}

bool table_is_one_to_one(const struct lens_table *table, size_t column, size_t *row)
{
    for (*row = 0; *row < table->count; ++*row) {
        const struct literal *value = &table->rows[*row].values[column];
        if (tape_type(&value->tape, 0) != JSON_STRING)
            return false;
        for (size_t i = 0; i < *row; i++)
            if (str_eq(table->rows[i].values[column].json, value->json))
                return false;
    }
    return true;
}

struct str table_find_back(const struct lens_table *table, size_t column, const struct tape *tape,
                           uint32_t at)
{
    for (size_t i = 0; i < table->count; i++)
        if (literal_is(&table->rows[i].values[column], tape, at))
            return table->rows[i].key;
    return STR_NONE;
}
