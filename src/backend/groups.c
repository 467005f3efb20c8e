#include "backend/resources.h"
#include "backend/task.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("name"), .type = COLUMN_TEXT, .create = true, .required = true, .not_empty = true },
    { .name = STR_INIT("bio"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};
enum { NAME = 2 };

const struct entity group_entity = {
    .table = "care_groups", /* GROUPS is a word of SQL */
    .one = "group",
    .columns = columns,
    .column_count = COUNT(columns),
    .group_column = "id",
    .constraints = ",\n    UNIQUE (brand_id, name),\n    FOREIGN KEY (brand_id) REFERENCES brands (id)",
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS care_groups_key ON care_groups (brand_id, id);\n"
        "CREATE INDEX IF NOT EXISTS care_groups_created ON care_groups (brand_id, created_at, id);\n",
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "care_groups_key" }
};

const struct select group_one = { .entity = &group_entity, .filters = by_id, .filter_count = 1 };

static const struct filter list_filters[] = {
    { .name = STR_INIT("id"),
      .kind = FILTER_LIST,
      .sql = "t.id IN (SELECT value FROM json_each(?))",
      .index = "care_groups_key" },
    { .name = STR_INIT("name"), .kind = FILTER_TEXT, .sql = "t.name = ?" }
};

const struct select group_list = {
    .entity = &group_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("groups"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .paged = true,
};

static const struct filter membership_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.id IN (SELECT group_id FROM memberships WHERE brand_id = ?1 AND patient_id = ?)",
      .index = "care_groups_key" },
};

const struct select patient_groups = {
    .entity = &group_entity,
    .filters = membership_filters,
    .filter_count = COUNT(membership_filters),
    .items = STR_INIT("groups"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
};

/* The id of the brand's group of that name, which may be one that the token does not see: 1, 0 or -1. */
static int find_name(struct task *task, struct db *db, struct str name, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "SELECT id FROM care_groups WHERE brand_id = ? AND name = ?");

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, name);
    int found = db_step(statement, err);
    if (found == 1)
        task->id = arena_copy(task->arena, db_column_text(statement, 0));
    return found;
}

int group_create(struct task *task, struct db *db, struct err *err)
{
    int found = find_name(task, db, task->values[NAME].text, err);

    if (found < 0)
        return -1;
    struct row row;
    int seen = found && task->get_or_create ? select_row(task, db, &group_one, &row, err) : 0;
    if (seen)
        return seen < 0 ? -1 : select_answer(task, db, 200, err);
    if (task->bound_groups.ptr) /* a new group would not be one of the token's */
        return task_fail(task, err, ERR_FORBIDDEN, "the token is bound to its groups");
    if (found)
        return task_fail(task, err, ERR_CONFLICT, "a group of this name exists");
    if (brand_ensure(task, db, err) || row_create(task, db, err))
        return -1;
    return select_answer(task, db, 201, err);
}

int membership_check(struct task *task, struct err *err)
{
    uint32_t ids = tape_find(&task->body, 0, STR("group_ids"));

    if (ids == TAPE_NONE || tape_type(&task->body, ids) != JSON_ARRAY)
        return task_fail(task, err, ERR_INVALID, "group_ids: must be an array");
    for (uint32_t i = tape_first(&task->body, ids); i < tape_next(&task->body, ids);
         i = tape_next(&task->body, i))
        if (tape_type(&task->body, i) != JSON_STRING)
            return task_fail(task, err, ERR_INVALID, "group_ids: must hold strings only");
    task->group_ids = tape_raw(&task->body, ids);
    return 0;
}

/* One of the wanted ids is no group that the caller may use: 1 when there is one, else 0, or -1. A token that
 * is bound to groups passes ?3, else null. */
static const char unknown_sql[] =
    "SELECT 1 FROM json_each(?2) AS w WHERE NOT EXISTS (SELECT 1 FROM care_groups AS g WHERE g.brand_id = ?1"
    " AND g.id = w.value) OR (?3 IS NOT NULL AND w.value NOT IN (SELECT value FROM json_each(?3))) LIMIT 1";

/* Memberships in groups that a bound token does not see stay as they are. */
static const char leave_sql[] =
    "DELETE FROM memberships WHERE brand_id = ?1 AND patient_id = ?4 AND group_id NOT IN (SELECT value FROM"
    " json_each(?2)) AND (?3 IS NULL OR group_id IN (SELECT value FROM json_each(?3)))";

static struct db_statement *with_groups(struct task *task, struct db *db, const char *sql)
{
    struct db_statement *statement = db_prepare(db, sql);

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->group_ids);
    if (task->bound_groups.ptr)
        db_bind_text(statement, 3, task->bound_groups);
    return statement;
}

int membership_add(struct task *task, struct db *db, struct str patient, struct str ids, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "INSERT OR IGNORE INTO memberships (brand_id, patient_id, group_id)"
                       " SELECT ?1, ?2, g.id FROM json_each(?3) AS w"
                       " JOIN care_groups AS g ON g.brand_id = ?1 AND g.id = w.value");

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, patient);
    db_bind_text(statement, 3, ids);
    return db_step(statement, err) < 0 ? -1 : 0;
}

int membership_put(struct task *task, struct db *db, struct err *err)
{
    int unknown = db_step(with_groups(task, db, unknown_sql), err);

    if (unknown)
        return unknown < 0 ? -1 : task_missing(task, err, &group_entity);
    struct db_statement *leave = with_groups(task, db, leave_sql);
    db_bind_text(leave, 4, task->path[0]);
    if (db_step(leave, err) < 0 || membership_add(task, db, task->path[0], task->group_ids, err))
        return -1;
    return select_list(task, db, err);
}
