#include "backend/resources.h"
#include "backend/task.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("event_type"), .type = COLUMN_TEXT },
    { .name = STR_INIT("title"), .type = COLUMN_TEXT },
    { .name = STR_INIT("description"), .type = COLUMN_TEXT, .nullable = true },
    { .name = STR_INIT("source_type"), .type = COLUMN_TEXT, .nullable = true },
    { .name = STR_INIT("source_id"), .type = COLUMN_TEXT, .nullable = true },
    { .name = STR_INIT("occurred_at"), .type = COLUMN_DATETIME },
    { .name = STR_INIT("metadata"), .type = COLUMN_OBJECT, .preset = STR_INIT("{}") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
};
enum { ID, PATIENT, BRAND, TYPE, TITLE, DESCRIPTION, SOURCE_TYPE, SOURCE_ID, OCCURRED, METADATA, CREATED };

const struct entity timeline_entity = {
    .table = "timeline_events",
    .one = "timeline event",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements =
        "CREATE INDEX IF NOT EXISTS timeline_events_patient ON timeline_events (brand_id, patient_id, "
        "created_at, id);\n",
};

static const struct filter list_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "timeline_events_patient" },
    { .name = STR_INIT("event_type"), .kind = FILTER_TEXT, .sql = "t.event_type = ?" },
};

const struct select timeline_list = {
    .entity = &timeline_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("events"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.rowid", /* events of one millisecond as they happened */
    .paged = true,
    .echo = { STR_INIT("patient_id") },
};

static struct value text_value(struct str text)
{
    return (struct value){ .text = text, .null = !text.len };
}

int timeline_add(struct task *task, struct db *db, const struct happening *what, struct err *err)
{
    struct str now = str_of(task->now, sizeof task->now);
    struct value values[COUNT(columns)] = {
        [ID] = text_value(row_new_id(task->arena)),
        [PATIENT] = text_value(what->patient),
        [BRAND] = text_value(task->who->brand),
        [TYPE] = text_value(str_from(what->type)),
        [TITLE] = text_value(str_from(what->title)),
        [DESCRIPTION] = text_value(what->description),
        [SOURCE_TYPE] = text_value(str_from(what->source_type)),
        [SOURCE_ID] = text_value(what->source_id),
        [OCCURRED] = text_value(what->occurred_at.len ? what->occurred_at : now),
        [METADATA] = text_value(STR("{}")),
        [CREATED] = text_value(now),
    };

    return row_insert(task->service, db, &timeline_entity, values, err);
}
