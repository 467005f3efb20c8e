#include "backend/resources.h"
#include "backend/task.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("name"), .type = COLUMN_TEXT },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};

const struct entity brand_entity = {
    .table = "brands",
    .one = "brand",
    .columns = columns,
    .column_count = COUNT(columns),
    .brand_column = "id",
    .constraints = ",\n    UNIQUE (id)",
};

static const struct filter by_id[] = { { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?" } };

const struct select brand_one = { .entity = &brand_entity, .filters = by_id, .filter_count = 1 };

int brand_ensure(struct task *task, struct db *db, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "INSERT INTO brands (id, name, created_at, updated_at) VALUES (?1, ?1, ?2, ?2)"
                       " ON CONFLICT (id) DO NOTHING");

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, str_of(task->now, sizeof task->now));
    return db_step(statement, err) < 0 ? -1 : 0;
}

int brand_read(struct task *task, struct db *db, struct err *err)
{
    if (str_eq(task->id, task->who->brand) && brand_ensure(task, db, err))
        return -1;
    return select_one(task, db, err);
}
