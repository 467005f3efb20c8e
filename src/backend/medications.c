#include "backend/resources.h"
#include "backend/task.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("name"), .type = COLUMN_TEXT, .create = true, .required = true, .not_empty = true },
    { .name = STR_INIT("dosage"), .type = COLUMN_TEXT, .create = true, .required = true, .not_empty = true },
    { .name = STR_INIT("frequency"),
      .type = COLUMN_TEXT,
      .create = true,
      .required = true,
      .not_empty = true },
    { .name = STR_INIT("route"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("prescriber_id"), .type = COLUMN_UUID, .create = true, .nullable = true },
    { .name = STR_INIT("status"), .type = COLUMN_TEXT, .preset = STR_INIT("active") },
    { .name = STR_INIT("started_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("ended_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("notes"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("metadata"), .type = COLUMN_OBJECT, .create = true, .preset = STR_INIT("{}") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};
enum { PATIENT = 1, STATUS = 8 };

static const struct entity_event prescribed = { .type = "medication_prescribed",
                                                .title = "Medication prescribed",
                                                .about = "name" };

const struct entity medication_entity = {
    .table = "medications",
    .one = "medication",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements = "CREATE UNIQUE INDEX IF NOT EXISTS medications_key ON medications (brand_id, id);\n"
                  "CREATE INDEX IF NOT EXISTS medications_patient ON medications (brand_id, patient_id, "
                  "created_at, id);\n",
    .event = &prescribed,
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "medications_key" }
};

const struct select medication_one = { .entity = &medication_entity, .filters = by_id, .filter_count = 1 };

static const struct filter list_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "medications_patient" },
    { .name = STR_INIT("status"), .kind = FILTER_TEXT, .sql = "t.status = ?" },
};

const struct select medication_list = {
    .entity = &medication_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("medications"),
    .order = "t.created_at, t.id",
    .echo = { STR_INIT("patient_id") },
};

static const struct column status_columns[] = {
    { .name = STR_INIT("status"),
      .type = COLUMN_CHOICE,
      .create = true,
      .required = true,
      .choices = "active paused discontinued completed" },
};
const struct entity medication_status_entity = { .columns = status_columns,
                                                 .column_count = COUNT(status_columns) };

/* What has ended has an end; what goes on again has none. */
static const char status_sql[] =
    "UPDATE medications SET status = ?3, updated_at = ?4, ended_at = CASE WHEN ?3 IN ('discontinued',"
    " 'completed') THEN COALESCE(ended_at, ?4) END WHERE brand_id = ?1 AND id = ?2";

int medication_set_status(struct task *task, struct db *db, struct err *err)
{
    struct str status = task->values[0].text;
    struct row row;

    if (select_need(task, db, &medication_one, &row, err))
        return -1;
    if (str_eq(row.values[STATUS].text, status))
        return select_answer(task, db, 200, err);
    struct db_statement *statement = db_prepare(db, status_sql);
    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->id);
    db_bind_text(statement, 3, status);
    db_bind_text(statement, 4, str_of(task->now, sizeof task->now));
    if (db_step(statement, err) < 0)
        return -1;
    struct happening what = { .patient = row.values[PATIENT].text,
                              .type = "medication_status_changed",
                              .title = "Medication status changed",
                              .description = status,
                              .source_type = medication_entity.one,
                              .source_id = task->id };
    return timeline_add(task, db, &what, err) ? -1 : select_answer(task, db, 200, err);
}
