#include "backend/resources.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("provider_id"), .type = COLUMN_UUID, .create = true, .nullable = true },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("encounter_type"),
      .type = COLUMN_CHOICE,
      .create = true,
      .required = true,
      .choices = "office_visit telehealth lab pharmacy other" },
    { .name = STR_INIT("status"), .type = COLUMN_TEXT, .preset = STR_INIT("scheduled") },
    { .name = STR_INIT("scheduled_at"), .type = COLUMN_DATETIME, .create = true, .nullable = true },
    { .name = STR_INIT("started_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("ended_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("chief_complaint"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("notes"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("metadata"), .type = COLUMN_OBJECT, .create = true, .preset = STR_INIT("{}") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};

const struct entity encounter_entity = {
    .table = "encounters",
    .one = "encounter",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements = "CREATE UNIQUE INDEX IF NOT EXISTS encounters_key ON encounters (brand_id, id);\n"
                  "CREATE INDEX IF NOT EXISTS encounters_patient ON encounters (brand_id, patient_id, "
                  "created_at, id);\n",
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
