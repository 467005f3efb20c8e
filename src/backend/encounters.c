#include "backend/resources.h"
#include "backend/task.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("provider_id"), .type = COLUMN_UUID, .create = true, .patch = true, .nullable = true },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("encounter_type"),
      .type = COLUMN_CHOICE,
      .create = true,
      .patch = true,
      .required = true,
      .choices = "office_visit telehealth lab pharmacy other" },
    { .name = STR_INIT("status"),
      .type = COLUMN_TEXT,
      .patch = true,
      .not_empty = true,
      .preset = STR_INIT("scheduled") },
    { .name = STR_INIT("scheduled_at"),
      .type = COLUMN_DATETIME,
      .create = true,
      .patch = true,
      .nullable = true },
    { .name = STR_INIT("started_at"), .type = COLUMN_DATETIME, .patch = true, .nullable = true },
    { .name = STR_INIT("ended_at"), .type = COLUMN_DATETIME, .patch = true, .nullable = true },
    { .name = STR_INIT("chief_complaint"),
      .type = COLUMN_TEXT,
      .create = true,
      .patch = true,
      .nullable = true },
    { .name = STR_INIT("notes"), .type = COLUMN_TEXT, .create = true, .patch = true, .nullable = true },
    { .name = STR_INIT("metadata"),
      .type = COLUMN_OBJECT,
      .create = true,
      .patch = true,
      .preset = STR_INIT("{}") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
    { .name = STR_INIT("version"), .type = COLUMN_VERSION },
};
enum { PATIENT = 1 };

static const struct entity_event recorded = { .type = "encounter_recorded",
                                              .title = "Encounter recorded",
                                              .about = "encounter_type",
                                              .when = "scheduled_at" };

const struct entity encounter_entity = {
    .table = "encounters",
    .one = "encounter",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements = "CREATE UNIQUE INDEX IF NOT EXISTS encounters_key ON encounters (brand_id, id);\n"
                  "CREATE INDEX IF NOT EXISTS encounters_patient ON encounters (brand_id, patient_id, "
                  "created_at, id);\n"
                  "CREATE INDEX IF NOT EXISTS encounters_created ON encounters (brand_id, created_at, id);\n",
    .event = &recorded,
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "encounters_key" }
};

const struct select encounter_one = { .entity = &encounter_entity, .filters = by_id, .filter_count = 1 };

static const struct filter list_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "encounters_patient" },
};

const struct select encounter_list = {
    .entity = &encounter_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("encounters"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .paged = true,
    .echo = { STR_INIT("patient_id") },
};

/* When it takes place, as far as anybody knows. */
#define STARTS "COALESCE(t.scheduled_at, t.started_at, t.created_at)"

/* What the entity has no column for stands in its metadata; that is anybody's, so nothing is taken for
 * granted of it. */
#define SCHEDULED_END "json_extract(t.metadata, '$.scheduled_end_at')"

static const struct filter all_filters[] = {
    { .name = STR_INIT("id"),
      .kind = FILTER_LIST,
      .sql = "t.id IN (SELECT value FROM json_each(?))",
      .index = "encounters_key" },
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_LIST,
      .sql = "t.patient_id IN (SELECT value FROM json_each(?))",
      .index = "encounters_patient" },
    { .name = STR_INIT("group_id"),
      .kind = FILTER_LIST,
      .sql = "t.patient_id IN (SELECT patient_id FROM memberships WHERE brand_id = ?1 AND group_id IN "
             "(SELECT value FROM json_each(?)))",
      .index = "encounters_patient" },
    { .name = STR_INIT("provider_id"),
      .kind = FILTER_LIST,
      .sql = "t.provider_id IN (SELECT value FROM json_each(?))" },
    { .name = STR_INIT("encounter_type"),
      .kind = FILTER_LIST,
      .sql = "t.encounter_type IN (SELECT value FROM json_each(?))" },
    { .name = STR_INIT("status"),
      .kind = FILTER_LIST,
      .sql = "t.status IN (SELECT value FROM json_each(?))" },
    { .name = STR_INIT("starts_from"), .kind = FILTER_TIME, .sql = STARTS " >= ?" },
    { .name = STR_INIT("starts_to"), .kind = FILTER_TIME, .sql = STARTS " < ?" },
    { .name = STR_INIT("ended_from"), .kind = FILTER_TIME, .sql = "t.ended_at >= ?" },
    { .name = STR_INIT("ended_to"), .kind = FILTER_TIME, .sql = "t.ended_at < ?" },
    { .name = STR_INIT("created_from"), .kind = FILTER_TIME, .sql = "t.created_at >= ?" },
    { .name = STR_INIT("created_to"), .kind = FILTER_TIME, .sql = "t.created_at < ?" },
    { .name = STR_INIT("scheduled_end_from"), .kind = FILTER_TIME, .sql = SCHEDULED_END " >= ?" },
    { .name = STR_INIT("scheduled_end_to"), .kind = FILTER_TIME, .sql = SCHEDULED_END " < ?" },
    { .name = STR_INIT("attendee"),
      .kind = FILTER_LIST,
      .sql = "EXISTS (SELECT 1 FROM json_each(t.metadata, '$.attendees') AS a WHERE json_extract(t.metadata, "
             "a.fullkey || '.user') IN (SELECT value FROM json_each(?)))" },
    { .name = STR_INIT("after"),
      .kind = FILTER_PAIR,
      .sql = "(t.created_at, t.id) > (?, ?)",
      .other = "(" STARTS ", t.id) > (?, ?)" },
    { .name = STR_INIT("updated_from"), .kind = FILTER_TIME, .sql = "t.updated_at >= ?" },
    { .name = STR_INIT("updated_to"), .kind = FILTER_TIME, .sql = "t.updated_at < ?" },
};

const struct select encounter_all = {
    .entity = &encounter_entity,
    .filters = all_filters,
    .filter_count = COUNT(all_filters),
    .items = STR_INIT("encounters"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .order_name = "asc",
    .other_order = STARTS ", t.id",
    .other_name = "starts_asc",
    .paged = true,
};

static int tell(struct task *task, struct db *db, struct str patient, const char *type, const char *title,
                struct err *err)
{
    struct happening what = { .patient = patient,
                              .type = type,
                              .title = title,
                              .source_type = encounter_entity.one,
                              .source_id = task->id };

    return timeline_add(task, db, &what, err);
}

int encounter_patch(struct task *task, struct db *db, struct err *err)
{
    struct row row;
    bool changed;

    if (select_need(task, db, &encounter_one, &row, err) || row_patch(task, &row, &changed, err))
        return -1;
    if (changed && (row_update(task, db, &row, err) ||
                    tell(task, db, row.values[PATIENT].text, "encounter_updated", "Encounter updated", err)))
        return -1;
    return select_answer(task, db, 200, err);
}

/* The answer shows what was there. */
int encounter_delete(struct task *task, struct db *db, struct err *err)
{
    struct row row;

    if (select_need(task, db, &encounter_one, &row, err) || record_delete(task, db, err))
        return -1;
    return tell(task, db, row.values[PATIENT].text, "encounter_deleted", "Encounter deleted", err);
}
