#include "backend/resources.h"
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
    for (size_t i = 0; i < entity->column_count + entity->linked_count; i++) {
        values[i] = (struct value){ .null = db_column_null(statement, (int)i) };
        if (!values[i].null)
            values[i].text = db_column_text(statement, (int)i);
    }
}

static void json_value(struct buf *buf, const struct column *column, const struct value *value)
{
    if (value->null)
        buf_add(buf, STR("null"));
    else if (column_is_json(column))
        buf_add(buf, value->text);
    else if (column->type == COLUMN_BOOL)
        buf_add(buf, str_is(value->text, "0") ? STR("false") : STR("true"));
    else
        json_quote(buf, value->text);
}

/* The members of an object of ours, beside others. */
static void add_members(struct buf *buf, bool *first, struct str object)
{
    if (object.len <= 2)
        return;
    if (!*first)
        buf_char(buf, ',');
    *first = false;
    buf_add(buf, str_of(object.ptr + 1, object.len - 2));
}

void row_json(struct buf *buf, const struct entity *entity, const struct value *values, struct str included)
{
    bool first = true;

    buf_char(buf, '{');
    for (size_t i = 0; i < entity->column_count; i++) {
        if (!column_shown(&entity->columns[i]))
            continue;
        if (entity->columns[i].type == COLUMN_BODY) {
            add_members(buf, &first, values[i].text);
            continue;
        }
        json_name(buf, &first, entity->columns[i].name);
        json_value(buf, &entity->columns[i], &values[i]);
    }
    for (size_t i = 0; i < entity->linked_count; i++)
        json_member_raw(buf, &first, entity->linked[i].name, values[entity->column_count + i].text);
    if (included.len && !first)
        buf_char(buf, ',');
    buf_add(buf, included);
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

struct str row_new_id(struct arena *arena)
{
    char *id = arena_alloc(arena, UUID_LEN);

    ordered_uuid(id);
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
    case COLUMN_OWNER:
    case COLUMN_INTEGER:
    case COLUMN_STRINGS:
    case COLUMN_BODY:
        break;
    }
    return STR_NONE;
}

/* What the columns of a new row hold; a body may name the id where the column says so. */
static void complete(struct task *task, const struct entity *entity)
{
    size_t id = entity_find(entity, COLUMN_ID);
    bool named = id != COLUMN_NONE && task->values[id].given;

    task->id = named ? task->values[id].text : row_new_id(task->arena);
    for (size_t i = 0; i < entity->column_count; i++) {
        struct value *value = &task->values[i];
        struct str own = own_value(task, &entity->columns[i]);

        if (own.ptr)
            value->text = own;
        else if (!value->text.ptr)
            value->text = entity->columns[i].preset;
        value->null = !value->text.ptr;
    }
}

static struct str named_value(const struct entity *entity, const struct value *values, const char *name)
{
    for (size_t i = 0; name && i < entity->column_count; i++)
        if (str_is(entity->columns[i].name, name) && !values[i].null)
            return values[i].text;
    return STR_NONE;
}

int row_create(struct task *task, struct db *db, struct err *err)
{
    const struct entity *entity = task->route->entity;
    const struct entity_event *event = entity->event;

    complete(task, entity);
    if (row_insert(task->service, db, entity, task->values, err))
        return -1;
    if (!event)
        return 0;
    struct happening what = { .patient = task->path[0],
                              .type = event->type,
                              .title = event->title,
                              .description = named_value(entity, task->values, event->about),
                              .source_type = entity->one,
                              .source_id = task->id,
                              .occurred_at = named_value(entity, task->values, event->when) };
    return timeline_add(task, db, &what, err);
}

int row_post(struct task *task, struct db *db, struct err *err)
{
    return row_create(task, db, err) ? -1 : select_answer(task, db, 201, err);
}

int row_put(struct task *task, struct db *db, const struct select *by_key, size_t key, struct err *err)
{
    const struct entity *entity = task->route->entity;
    size_t id = entity_find(entity, COLUMN_ID);
    struct row row;

    for (size_t i = 0; i < entity->column_count; i++)
        if (!task->values[i].text.ptr)
            task->values[i].text = entity->columns[i].preset;
    task->key = task->values[key].text;
    int found = select_row(task, db, by_key, &row, err);
    if (found <= 0)
        return found < 0 ? -1 : row_create(task, db, err);
    for (size_t i = 0; i < entity->column_count; i++) {
        if (!entity->columns[i].create)
            continue;
        row.values[i] = task->values[i];
        row.values[i].null = !row.values[i].text.ptr;
    }
    if (id != COLUMN_NONE)
        task->id = row.values[id].text;
    return row_update(task, db, &row, err);
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
    struct tape target, patch, check;
    struct tape_fault fault;
    uint32_t at = tape_find(&task->body, 0, column->name);

    if (column->type != COLUMN_BODY && tape_type(&task->body, at) == JSON_NULL)
        return 0;
    if (!tape_read(&target, task->arena, old->text, &tape_default_limits, &fault) ||
        !tape_read(&patch, task->arena, value->text, &tape_default_limits, &fault))
        return err_set(err, ERR_INTERNAL, "stored %s: %s", column->name.ptr, fault.what);
    if (task->strict_merge && !json_merges_inside(&target, 0, &patch, 0))
        return task_fail(task, err, ERR_CONFLICT, STR_FMT ": the patch puts an object in the place of another value",
                         STR_ARG(column->name));
    json_merge_patch(&merged, &target, 0, &patch, 0);
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

int row_match(struct task *task, const struct entity *entity, const struct row *row, struct err *err)
{
    size_t version = entity_find(entity, COLUMN_VERSION);

    assert(version != COLUMN_NONE);
    if (task->if_match.ptr && !etag_fits(task->if_match, row->values[version].text))
        return task_fail(task, err, ERR_PRECONDITION, "the %s was changed meanwhile", entity->one);
    return 0;
}

int row_patch(struct task *task, struct row *row, bool *changed, struct err *err)
{
    const struct entity *entity = task->route->entity;

    *changed = task->touch;
    if (row_match(task, entity, row, err))
        return -1;
    for (size_t i = 0; i < entity->column_count; i++) {
        const struct column *column = &entity->columns[i];
        struct value value = task->values[i], *old = &row->values[i];

        if (column->type == COLUMN_OWNER && value.given && !str_eq(value.text, old->text))
            return task_fail(task, err, ERR_INVALID, STR_FMT ": is not its patient", STR_ARG(column->name));
        if (!value.given || !column->patch)
            continue;
        if ((column->type == COLUMN_OBJECT || column->type == COLUMN_MAP || column->type == COLUMN_BODY) &&
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
    buf_printf(sql, " WHERE brand_id = ? AND %s = ?",
               entity_find(entity, COLUMN_ID) == COLUMN_NONE ? entity->patient_column : "id");
}

/* The version and every time of a change go on. */
static int advance(struct task *task, const struct entity *entity, struct value *values, struct err *err)
{
    for (size_t i = 0; i < entity->column_count; i++) {
        uint64_t count;
        if (entity->columns[i].type == COLUMN_UPDATED)
            values[i] = (struct value){ .text = str_of(task->now, sizeof task->now) };
        if (entity->columns[i].type != COLUMN_VERSION)
            continue;
        if (!str_to_uint(values[i].text, &count))
            return err_set(err, ERR_INTERNAL, "%s: version is not a number", entity->table);
        values[i].text = arena_printf(task->arena, "%llu", (unsigned long long)count + 1);
    }
    return 0;
}

int row_update(struct task *task, struct db *db, struct row *row, struct err *err)
{
    const struct entity *entity = task->route->entity;
    int at = 1;

    if (advance(task, entity, row->values, err))
        return -1;
    struct db_statement *statement =
        db_prepare(db, service_sql(task->service, entity, 0, SQL_UPDATE, update_make));
    for (size_t i = 0; i < entity->column_count; i++)
        if (!is_fixed(entity->columns[i].type))
            bind(statement, at++, &row->values[i]);
    db_bind_text(statement, at++, task->who->brand);
    db_bind_text(statement, at, task->id);
    return db_step(statement, err) < 0 ? -1 : 0;
}

static void delete_make(struct buf *sql, const void *what, uint32_t variant, unsigned kind)
{
    const struct entity *entity = what;

    (void)variant;
    (void)kind;
    buf_printf(sql, "DELETE FROM %s WHERE brand_id = ? AND id = ?", entity->table);
}

int row_delete(struct task *task, struct db *db, const struct entity *entity, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, service_sql(task->service, entity, 0, SQL_DELETE, delete_make));

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->id);
    return db_step(statement, err) < 0 ? -1 : 0;
}
