#include "backend/select.h"
#include "backend/resources.h"
#include "backend/task.h"

#include "json/write.h"

/* A variant of a select: one bit for each filter that is a condition, and these. */
enum {
    WITH_PATIENTS = 1u << 24, /* the token is bound to patients */
    WITH_GROUPS = 1u << 25,   /* and to groups */
    INCLUDE_GROUPS = 1u << 26,
    INCLUDE_TEAM = 1u << 27,
    OTHER_ORDER = 1u << 28,
};

static uint32_t variant_of(const struct task *task, const struct select *select)
{
    uint32_t variant = select == task->route->select ? task->filter_mask : 0;

    for (size_t i = 0; i < select->filter_count; i++)
        if (select->filters[i].kind < FILTER_TEXT)
            variant |= 1u << i;
    if (task->bound_patients.ptr)
        variant |= WITH_PATIENTS;
    if (task->bound_groups.ptr)
        variant |= WITH_GROUPS;
    if (task->include_groups && select->groups)
        variant |= INCLUDE_GROUPS;
    if (task->include_team && select->groups)
        variant |= INCLUDE_TEAM;
    if (task->other_order && select->other_order)
        variant |= OTHER_ORDER;
    return variant;
}

/* The members of `include`, without a statement per row. A token bound to groups sees only those. */
static void include_make(struct buf *sql, uint32_t variant)
{
    if (variant & INCLUDE_GROUPS)
        buf_printf(sql,
                   ", (SELECT json_group_array(i) FROM (SELECT g.id AS i FROM memberships AS m"
                   " JOIN care_groups AS g ON g.brand_id = m.brand_id AND g.id = m.group_id"
                   " WHERE m.brand_id = ?1 AND m.patient_id = t.id%s ORDER BY g.created_at, g.id))",
                   variant & WITH_GROUPS ? " AND g.id IN (SELECT value FROM json_each(?))" : "");
    if (variant & INCLUDE_TEAM)
        buf_add(sql, STR(", (SELECT json_group_array(json(o)) FROM (SELECT json_object('provider_id', l.provider_id,"
                         " 'relationship', l.relationship) AS o FROM patient_providers AS l WHERE l.brand_id = ?1"
                         " AND l.patient_id = t.id AND l.relationship IN " TEAM_RELATIONSHIPS
                         " ORDER BY l.started_at, l.id))"));
}

static void bounds_make(struct buf *sql, const struct entity *entity, uint32_t variant)
{
    if (variant & WITH_PATIENTS && entity->patient_column)
        buf_printf(sql, " AND t.%s IN (SELECT value FROM json_each(?))", entity->patient_column);
    if (variant & WITH_GROUPS && entity->patient_column)
        buf_printf(sql,
                   " AND EXISTS (SELECT 1 FROM memberships AS b WHERE b.brand_id = ?1 AND b.patient_id = t.%s"
                   " AND b.group_id IN (SELECT value FROM json_each(?)))",
                   entity->patient_column);
    if (variant & WITH_GROUPS && entity->group_column)
        buf_printf(sql, " AND t.%s IN (SELECT value FROM json_each(?))", entity->group_column);
}

static void columns_make(struct buf *sql, const struct entity *entity)
{
    for (size_t i = 0; i < entity->column_count; i++)
        buf_printf(sql, "%st." STR_FMT, i ? ", " : "", STR_ARG(entity->columns[i].name));
    for (size_t i = 0; i < entity->linked_count; i++)
        buf_printf(sql, ", (%s)", entity->linked[i].sql);
}

/* Without statistics SQLite would rather walk a brand in order than look a few ids up and sort them: where a
 * filter is selective, its index is named. */
static const char *index_of(const struct select *select, uint32_t variant)
{
    for (size_t i = 0; i < select->filter_count; i++)
        if (variant & 1u << i && select->filters[i].index)
            return select->filters[i].index;
    return NULL;
}

static void select_make(struct buf *sql, const void *what, uint32_t variant, unsigned kind)
{
    const struct select *select = what;
    const struct entity *entity = select->entity;
    const char *index = index_of(select, variant);

    buf_add(sql, STR("SELECT "));
    if (kind == SQL_COUNT)
        buf_add(sql, STR("count(*)"));
    else
        columns_make(sql, entity);
    if (kind != SQL_COUNT)
        include_make(sql, variant);
    buf_printf(sql, " FROM %s AS t", entity->table);
    if (index)
        buf_printf(sql, " INDEXED BY %s", index);
    buf_printf(sql, " WHERE t.%s = ?1", entity->brand_column ? entity->brand_column : "brand_id");
    for (size_t i = 0; i < select->filter_count; i++)
        if (variant & 1u << i)
            buf_printf(sql, " AND %s",
                       variant & OTHER_ORDER && select->filters[i].other ? select->filters[i].other : select->filters[i].sql);
    bounds_make(sql, entity, variant);
    if (kind != SQL_PAGE)
        return;
    buf_printf(sql, " ORDER BY %s", variant & OTHER_ORDER ? select->other_order : select->order);
    if (select->paged)
        buf_add(sql, STR(" LIMIT ? OFFSET ?"));
}

static struct filter_value filter_value(const struct task *task, const struct select *select, size_t at)
{
    switch (select->filters[at].kind) {
    case FILTER_ID:
        return (struct filter_value){ .text = task->id };
    case FILTER_PATH_0:
        return (struct filter_value){ .text = task->path[0] };
    case FILTER_PATH_1:
        return (struct filter_value){ .text = task->path[1] };
    case FILTER_KEY:
        return (struct filter_value){ .text = task->key };
    case FILTER_TEXT:
    case FILTER_CHOICE:
    case FILTER_LIST:
    case FILTER_TEXTS:
    case FILTER_TIME:
    case FILTER_DATE:
    case FILTER_SEARCH:
    case FILTER_PAIR:
        break;
    }
    return task->filters[at];
}

/* Binds in the order in which select_make wrote the question marks. */
static struct db_statement *start(struct task *task, struct db *db, const struct select *select,
                                  unsigned kind)
{
    uint32_t variant = variant_of(task, select);
    struct db_statement *statement =
        db_prepare(db, service_sql(task->service, select, variant, kind, select_make));
    const struct entity *entity = select->entity;
    int at = 1;

    db_bind_text(statement, at++, task->who->brand);
    if (kind != SQL_COUNT && variant & INCLUDE_GROUPS && variant & WITH_GROUPS)
        db_bind_text(statement, at++, task->bound_groups);
    for (size_t i = 0; i < select->filter_count; i++) {
        if (!(variant & 1u << i))
            continue;
        struct filter_value value = filter_value(task, select, i);
        db_bind_text(statement, at++, value.text);
        if (select->filters[i].kind == FILTER_PAIR)
            db_bind_text(statement, at++, value.second);
    }
    if (variant & WITH_PATIENTS && entity->patient_column)
        db_bind_text(statement, at++, task->bound_patients);
    if (variant & WITH_GROUPS && (entity->patient_column || entity->group_column))
        db_bind_text(statement, at++, task->bound_groups);
    if (kind == SQL_PAGE && select->paged) {
        db_bind_int(statement, at++, (int64_t)task->limit);
        db_bind_int(statement, at, (int64_t)task->offset);
    }
    return statement;
}

static struct str included_columns(const struct task *task, const struct select *select,
                                   struct db_statement *statement)
{
    int at = (int)(select->entity->column_count + select->entity->linked_count);
    uint32_t variant = variant_of(task, select);
    struct buf members = buf_in(task->arena, ANSWER_MAX);
    bool first = true;

    if (variant & INCLUDE_GROUPS)
        json_member_raw(&members, &first, STR("groups"), db_column_text(statement, at++));
    if (variant & INCLUDE_TEAM)
        json_member_raw(&members, &first, STR("care_team"), db_column_text(statement, at));
    return buf_str(&members);
}

int select_row(struct task *task, struct db *db, const struct select *select, struct row *row,
               struct err *err)
{
    struct db_statement *statement = start(task, db, select, SQL_ONE);
    int found = db_step(statement, err);

    if (found != 1)
        return found;
    row_read(statement, select->entity, row->values);
    for (size_t i = 0; i < select->entity->column_count + select->entity->linked_count; i++)
        if (!row->values[i].null)
            row->values[i].text = arena_copy(task->arena, row->values[i].text);
    row->included = included_columns(task, select, statement);
    return 1;
}

int select_need(struct task *task, struct db *db, const struct select *select, struct row *row,
                struct err *err)
{
    int found = select_row(task, db, select, row, err);

    if (found == 0)
        return task_missing(task, err, select->entity);
    return found < 0 ? -1 : 0;
}

int patient_visible(struct task *task, struct db *db, struct err *err)
{
    struct str id = task->id;
    struct row row;

    task->id = task->path[0];
    int failed = select_need(task, db, &patient_safe, &row, err);
    task->id = id;
    return failed;
}

int select_answer(struct task *task, struct db *db, int status, struct err *err)
{
    const struct select *select = task->route->select;
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    struct row row;

    if (select_need(task, db, select, &row, err))
        return -1;
    row_json(&body, select->entity, row.values, row.included);
    size_t version = entity_find(select->entity, COLUMN_VERSION);
    if (version != COLUMN_NONE)
        task->reply.etag = arena_printf(task->arena, "\"" STR_FMT "\"", STR_ARG(row.values[version].text));
    return task_answer(task, status, &body, err);
}

int select_one(struct task *task, struct db *db, struct err *err)
{
    return select_answer(task, db, 200, err);
}

static void echo(struct buf *body, bool *first, const struct task *task, const struct select *select)
{
    for (size_t i = 0; i < PATHS_MAX; i++)
        if (select->echo[i].len)
            json_member_string(body, first, select->echo[i], task->path[i]);
}

/* Writes the rows into `body`; how many there were, or -1. */
static int64_t write_rows(struct task *task, struct db *db, struct buf *body, struct err *err)
{
    const struct select *select = task->route->select;
    struct db_statement *statement = start(task, db, select, SQL_PAGE);
    struct value values[COLUMNS_MAX];
    int64_t count = 0;
    int more = db_step(statement, err);

    for (; more == 1 && buf_ok(body); more = db_step(statement, err), count++) {
        if (count)
            buf_char(body, ',');
        row_read(statement, select->entity, values);
        row_json(body, select->entity, values, included_columns(task, select, statement));
    }
    return more < 0 ? -1 : count;
}

/* A page that is not full tells the total itself. */
static int count_rows(struct task *task, struct db *db, int64_t here, int64_t *total, struct err *err)
{
    const struct select *select = task->route->select;

    *total = (int64_t)task->offset + here;
    if (!select->paged || ((uint64_t)here < task->limit && (here || !task->offset)))
        return 0;
    struct db_statement *statement = start(task, db, select, SQL_COUNT);
    if (db_step(statement, err) != 1)
        return -1;
    *total = db_column_int(statement, 0);
    return 0;
}

int select_list(struct task *task, struct db *db, struct err *err)
{
    const struct select *select = task->route->select;
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    bool first = true;
    int64_t total;

    buf_char(&body, '{');
    echo(&body, &first, task, select);
    json_name(&body, &first, select->items);
    buf_char(&body, '[');
    int64_t count = write_rows(task, db, &body, err);
    if (count < 0 || count_rows(task, db, count, &total, err))
        return -1;
    buf_char(&body, ']');
    if (select->total.len)
        json_member_uint(&body, &first, select->total, (uint64_t)total);
    buf_char(&body, '}');
    return task_answer(task, 200, &body, err);
}
