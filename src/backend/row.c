#include "backend/task.h"

#include "base/codec.h"
#include "json/write.h"

#include <assert.h>

size_t entity_find(const struct entity *entity, enum column_type type)
{
    for (size_t i = 0; i < entity->column_count; i++)
        if (entity->columns[i].type == type)
            return i;
    return COLUMN_NONE;
}

void row_read(struct db_statement *statement, const struct entity *entity, struct value *values)
{
    for (size_t i = 0; i < entity->column_count; i++) {
        values[i] = (struct value){ .null = db_column_null(statement, (int)i) };
        if (!values[i].null)
            values[i].text = db_column_text(statement, (int)i);
    }
}

static void json_value(struct buf *buf, const struct column *column, const struct value *value)
{
    if (value->null)
        buf_add(buf, STR("null"));
    else if (column->type == COLUMN_OBJECT || column->type == COLUMN_MAP)
        buf_add(buf, value->text);
    else if (column->type == COLUMN_BOOL)
        buf_add(buf, str_is(value->text, "0") ? STR("false") : STR("true"));
    else
        json_quote(buf, value->text);
}

void row_json(struct buf *buf, const struct entity *entity, const struct value *values, struct str groups)
{
    bool first = true;

    buf_char(buf, '{');
    for (size_t i = 0; i < entity->column_count; i++) {
        if (!column_shown(&entity->columns[i]))
            continue;
        json_name(buf, &first, entity->columns[i].name);
        json_value(buf, &entity->columns[i], &values[i]);
    }
    if (groups.len)
        json_member_raw(buf, &first, STR("groups"), groups);
    buf_char(buf, '}');
}

static void bind(struct db_statement *statement, int at, const struct value *value)
{
    if (value->null)
        db_bind_null(statement, at);
    else
        db_bind_text(statement, at, value->text);
}

static void insert_make(struct buf *sql, const void *what, uint32_t variant, unsigned kind)
{
    const struct entity *entity = what;

    (void)variant;
    (void)kind;
    buf_printf(sql, "INSERT INTO %s (", entity->table);
    for (size_t i = 0; i < entity->column_count; i++)
        buf_printf(sql, "%s" STR_FMT, i ? ", " : "", STR_ARG(entity->columns[i].name));
    buf_add(sql, STR(") VALUES ("));
    for (size_t i = 0; i < entity->column_count; i++)
        buf_add(sql, i ? STR(", ?") : STR("?"));
    buf_char(sql, ')');
}

int row_insert(struct service *service, struct db *db, const struct entity *entity,
               const struct value *values, struct err *err)
{
    struct db_statement *statement = db_prepare(db, service_sql(service, entity, 0, SQL_INSERT, insert_make));

    for (size_t i = 0; i < entity->column_count; i++)
        bind(statement, (int)i + 1, &values[i]);
    return db_step(statement, err) < 0 ? -1 : 0;
}

static struct str new_id(struct arena *arena)
{
    char *id = arena_alloc(arena, UUID_LEN);

    random_uuid(id);
    return str_of(id, UUID_LEN);
}

/* What the service itself sets, whatever the body said. */
static struct str own_value(struct task *task, const struct column *column)
{
    switch (column->type) {
    case COLUMN_ID:
        return task->id;
    case COLUMN_BRAND:
        return task->who->brand;
    case COLUMN_PATIENT:
        return task->path[0];
    case COLUMN_CREATED:
    case COLUMN_UPDATED:
        return str_of(task->now, sizeof task->now);
    case COLUMN_VERSION:
        return STR("1");
    case COLUMN_SEARCH:
    case COLUMN_TEXT:
    case COLUMN_CHOICE:
    case COLUMN_DATE:
    case COLUMN_DATETIME:
    case COLUMN_EMAIL:
    case COLUMN_UUID:
    case COLUMN_DECIMAL:
    case COLUMN_BOOL:
    case COLUMN_OBJECT:
    case COLUMN_MAP:
        break;
    }
    return STR_NONE;
}

int row_create(struct task *task, struct db *db, struct err *err)
{
    const struct entity *entity = task->route->entity;

    task->id = new_id(task->arena);
    for (size_t i = 0; i < entity->column_count; i++) {
        struct value *value = &task->values[i];
        struct str own = own_value(task, &entity->columns[i]);

        if (own.ptr)
            value->text = own;
        else if (!value->text.ptr)
            value->text = entity->columns[i].preset;
        value->null = !value->text.ptr;
    }
    return row_insert(task->service, db, entity, task->values, err);
}

int row_post(struct task *task, struct db *db, struct err *err)
{
    return row_create(task, db, err) ? -1 : select_answer(task, db, 201, err);
}

/* RFC 9110 section 13.1.1: strong comparison, so a weak tag never fits. */
static bool etag_fits(struct str if_match, struct str version)
{
    struct str item;

    while (str_next(&if_match, ',', &item)) {
        item = str_trim(item);
        if (str_is(item, "*"))
            return true;
        if (item.len >= 2 && item.ptr[0] == '"' && item.ptr[item.len - 1] == '"' &&
            str_eq(str_of(item.ptr + 1, item.len - 2), version))
            return true;
    }
    return false;
}

/* The stored text was read once with these ceilings, before it was stored. */
static int merge(struct task *task, const struct column *column, const struct value *old, struct value *value,
                 struct err *err)
{
    struct buf merged = buf_in(task->arena, tape_default_limits.bytes);
    struct tape target, check;
    struct tape_fault fault;
    uint32_t patch = tape_find(&task->body, 0, column->name);

    if (tape_type(&task->body, patch) == JSON_NULL)
        return 0;
    if (!tape_read(&target, task->arena, old->text, &tape_default_limits, &fault))
        return err_set(err, ERR_INTERNAL, "stored %s: %s", column->name.ptr, fault.what);
    json_merge_patch(&merged, &target, 0, &task->body, patch);
    if (!buf_ok(&merged) || !tape_read(&check, task->arena, buf_str(&merged), &tape_default_limits, &fault))
        return task_fail(task, err, ERR_TOO_LARGE, STR_FMT ": is too large", STR_ARG(column->name));
    for (uint32_t i = tape_first(&check, 0); column->type == COLUMN_MAP && i < tape_next(&check, 0);
         i = tape_next(&check, i + 1))
        if (tape_type(&check, i + 1) != JSON_STRING)
            return task_fail(task, err, ERR_INVALID, STR_FMT ": must hold strings only",
                             STR_ARG(column->name));
    value->text = json_compact(task->arena, buf_str(&merged));
    return 0;
}

int row_patch(struct task *task, struct row *row, bool *changed, struct err *err)
{
    const struct entity *entity = task->route->entity;
    size_t version = entity_find(entity, COLUMN_VERSION);

    assert(version != COLUMN_NONE);
    *changed = false;
    if (task->if_match.ptr && !etag_fits(task->if_match, row->values[version].text))
        return task_fail(task, err, ERR_PRECONDITION, "the %s was changed meanwhile", entity->one);
    for (size_t i = 0; i < entity->column_count; i++) {
        const struct column *column = &entity->columns[i];
        struct value value = task->values[i], *old = &row->values[i];

        if (!value.given || !column->patch)
            continue;
        if ((column->type == COLUMN_OBJECT || column->type == COLUMN_MAP) &&
            merge(task, column, old, &value, err))
            return -1;
        if (value.null == old->null && (value.null || str_eq(value.text, old->text)))
            continue;
        *old = value;
        *changed = true;
    }
    return 0;
}

static bool is_fixed(enum column_type type)
{
    return type == COLUMN_ID || type == COLUMN_BRAND || type == COLUMN_PATIENT || type == COLUMN_CREATED;
}

static void update_make(struct buf *sql, const void *what, uint32_t variant, unsigned kind)
{
    const struct entity *entity = what;
    bool first = true;

    (void)variant;
    (void)kind;
    buf_printf(sql, "UPDATE %s SET ", entity->table);
    for (size_t i = 0; i < entity->column_count; i++) {
        if (is_fixed(entity->columns[i].type))
            continue;
        buf_printf(sql, "%s" STR_FMT " = ?", first ? "" : ", ", STR_ARG(entity->columns[i].name));
        first = false;
    }
    buf_add(sql, STR(" WHERE brand_id = ? AND id = ?"));
}

int row_update(struct task *task, struct db *db, struct row *row, struct err *err)
{
    const struct entity *entity = task->route->entity;
    struct value *version = &row->values[entity_find(entity, COLUMN_VERSION)];
    uint64_t count;
    int at = 1;

    if (!str_to_uint(version->text, &count))
        return err_set(err, ERR_INTERNAL, "%s: version is no number", entity->table);
    version->text = arena_printf(task->arena, "%llu", (unsigned long long)count + 1);
    row->values[entity_find(entity, COLUMN_UPDATED)].text = str_of(task->now, sizeof task->now);
    struct db_statement *statement =
        db_prepare(db, service_sql(task->service, entity, 0, SQL_UPDATE, update_make));
    for (size_t i = 0; i < entity->column_count; i++)
        if (!is_fixed(entity->columns[i].type))
            bind(statement, at++, &row->values[i]);
    db_bind_text(statement, at++, task->who->brand);
    db_bind_text(statement, at, task->id);
    return db_step(statement, err) < 0 ? -1 : 0;
}
