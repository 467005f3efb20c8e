#include "backend/resources.h"
#include "backend/task.h"

#include "json/write.h"

enum { METRIC_KEY = 3, RECORDED_AT = 9 }; /* in the next table */

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("metric_key"),
      .type = COLUMN_TEXT,
      .create = true,
      .required = true,
      .not_empty = true },
    { .name = STR_INIT("value_numeric"), .type = COLUMN_DECIMAL, .create = true, .nullable = true },
    { .name = STR_INIT("value_text"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("unit"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("source"),
      .type = COLUMN_CHOICE,
      .create = true,
      .required = true,
      .choices = "manual api upload" },
    { .name = STR_INIT("is_phi"), .type = COLUMN_BOOL, .create = true, .preset = STR_INIT("1") },
    { .name = STR_INIT("recorded_at"), .type = COLUMN_DATETIME, .create = true, .required = true },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
};

static const struct entity_event recorded = {
    .type = "metric_recorded", .title = "Metric recorded", .about = "metric_key", .when = "recorded_at"
};

const struct entity metric_entity = {
    .table = "metrics",
    .one = "metric",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS metrics_key ON metrics (brand_id, id);\n"
        "CREATE INDEX IF NOT EXISTS metrics_created ON metrics (brand_id, created_at, id);\n"
        "CREATE INDEX IF NOT EXISTS metrics_recorded ON metrics (brand_id, recorded_at, id);\n"
        "CREATE INDEX IF NOT EXISTS metrics_kind ON metrics (brand_id, metric_key, recorded_at, id);\n"
        "CREATE INDEX IF NOT EXISTS metrics_patient ON metrics (brand_id, patient_id, metric_key, "
        "recorded_at, id);\n",
    .event = &recorded,
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "metrics_key" }
};

const struct select metric_one = { .entity = &metric_entity, .filters = by_id, .filter_count = 1 };

static const struct filter list_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_LIST,
      .sql = "t.patient_id IN (SELECT value FROM json_each(?))",
      .index = "metrics_patient" },
    { .name = STR_INIT("group_id"),
      .kind = FILTER_LIST,
      .sql = "t.patient_id IN (SELECT patient_id FROM memberships WHERE brand_id = ?1 AND group_id IN "
             "(SELECT value FROM "
             "json_each(?)))",
      .index = "metrics_patient" },
    { .name = STR_INIT("metric_key"),
      .kind = FILTER_TEXTS,
      .sql = "t.metric_key IN (SELECT value FROM json_each(?))",
      .index = "metrics_kind" },
    { .name = STR_INIT("from"), .kind = FILTER_TIME, .sql = "t.recorded_at >= ?" },
    { .name = STR_INIT("to"), .kind = FILTER_TIME, .sql = "t.recorded_at < ?" },
    { .name = STR_INIT("after"), .kind = FILTER_PAIR, .sql = "(t.created_at, t.id) > (?, ?)" },
};

const struct select metric_list = {
    .entity = &metric_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("metrics"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .order_name = "asc",
    .other_order = "t.recorded_at DESC, t.id DESC",
    .other_name = "recorded_desc",
    .paged = true,
};

static const struct filter series_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "metrics_patient" },
    { .name = STR_INIT("metric_key"), .kind = FILTER_PATH_1, .sql = "t.metric_key = ?" },
    { .name = STR_INIT("from"), .kind = FILTER_TIME, .sql = "t.recorded_at >= ?" },
    { .name = STR_INIT("to"), .kind = FILTER_TIME, .sql = "t.recorded_at < ?" },
};

const struct select metric_series = {
    .entity = &metric_entity,
    .filters = series_filters,
    .filter_count = COUNT(series_filters),
    .items = STR_INIT("data"),
    .total = STR_INIT("count"),
    .order = "t.recorded_at, t.id",
    .echo = { STR_INIT("patient_id"), STR_INIT("metric_key") },
};

/* What the next statement selects. */
static const struct column latest_columns[] = {
    { .name = STR_INIT("metric_key"), .type = COLUMN_TEXT },
    { .name = STR_INIT("last_value"), .type = COLUMN_TEXT },
    { .name = STR_INIT("unit"), .type = COLUMN_TEXT },
    { .name = STR_INIT("last_recorded_at"), .type = COLUMN_DATETIME },
    { .name = STR_INIT("is_phi"), .type = COLUMN_BOOL },
};
static const struct entity latest_entity = { .columns = latest_columns,
                                             .column_count = COUNT(latest_columns) };

static const char latest_sql[] =
    "SELECT m.metric_key, COALESCE(m.value_numeric, m.value_text), m.unit, m.recorded_at, m.is_phi"
    " FROM (SELECT DISTINCT metric_key AS key FROM metrics WHERE brand_id = ?1 AND patient_id = ?2) AS k"
    " CROSS JOIN metrics AS m ON m.brand_id = ?1 AND m.id = (SELECT l.id FROM metrics AS l"
    " WHERE l.brand_id = ?1 AND l.patient_id = ?2 AND l.metric_key = k.key"
    " ORDER BY l.recorded_at DESC, l.id DESC LIMIT 1)"
    " ORDER BY m.metric_key";

/* The latest value of each key; the patient is visible (route.h). */
int metric_latest(struct task *task, struct db *db, struct err *err)
{
    struct db_statement *statement = db_prepare(db, latest_sql);
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    struct value values[COLUMNS_MAX];
    bool first = true, comma = false;

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->path[0]);
    buf_char(&body, '{');
    json_member_string(&body, &first, STR("patient_id"), task->path[0]);
    json_name(&body, &first, STR("metrics"));
    buf_char(&body, '[');
    int more = db_step(statement, err);
    for (; more == 1; more = db_step(statement, err)) {
        if (comma)
            buf_char(&body, ',');
        comma = true;
        row_read(statement, &latest_entity, values);
        row_json(&body, &latest_entity, values, STR_NONE);
    }
    buf_add(&body, STR("]}"));
    return more < 0 ? -1 : task_answer(task, 200, &body, err);
}

/* With ?unique=true a second measurement of the same kind at the same time is refused. */
int metric_create(struct task *task, struct db *db, struct err *err)
{
    struct db_statement *same = db_prepare(db, "SELECT 1 FROM metrics WHERE brand_id = ?1 AND patient_id = ?2"
                                               " AND metric_key = ?3 AND recorded_at = ?4");

    if (!task->unique)
        return row_post(task, db, err);
    db_bind_text(same, 1, task->who->brand);
    db_bind_text(same, 2, task->path[0]);
    db_bind_text(same, 3, task->values[METRIC_KEY].text);
    db_bind_text(same, 4, task->values[RECORDED_AT].text);
    int found = db_step(same, err);
    if (found == 1)
        return task_fail(task, err, ERR_CONFLICT, "a metric of this key and time exists");
    return found < 0 ? -1 : row_post(task, db, err);
}
