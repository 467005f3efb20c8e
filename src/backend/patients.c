#include "backend/resources.h"
#include "backend/task.h"

#include "json/write.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("first_name"),
      .type = COLUMN_TEXT,
      .create = true,
      .patch = true,
      .required = true,
      .not_empty = true },
    { .name = STR_INIT("last_name"),
      .type = COLUMN_TEXT,
      .create = true,
      .patch = true,
      .required = true,
      .not_empty = true },
    { .name = STR_INIT("date_of_birth"),
      .type = COLUMN_DATE,
      .create = true,
      .patch = true,
      .nullable = true },
    { .name = STR_INIT("gender"), .type = COLUMN_TEXT, .create = true, .patch = true, .nullable = true },
    { .name = STR_INIT("email"), .type = COLUMN_EMAIL, .create = true, .patch = true, .nullable = true },
    { .name = STR_INIT("phone"), .type = COLUMN_TEXT, .create = true, .patch = true, .nullable = true },
    { .name = STR_INIT("external_ids"),
      .type = COLUMN_MAP,
      .create = true,
      .patch = true,
      .preset = STR_INIT("{}") },
    { .name = STR_INIT("status"),
      .type = COLUMN_CHOICE,
      .patch = true,
      .choices = "active inactive",
      .preset = STR_INIT("active") },
    { .name = STR_INIT("metadata"),
      .type = COLUMN_OBJECT,
      .create = true,
      .patch = true,
      .preset = STR_INIT("{}") },
    { .name = STR_INIT("age_verified_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("ruo_pathway_acknowledged_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("researcher_acknowledgement_id"), .type = COLUMN_TEXT, .nullable = true },
    { .name = STR_INIT("prescription_status"), .type = COLUMN_TEXT, .nullable = true },
    { .name = STR_INIT("prescription_consult_completed_at"), .type = COLUMN_DATETIME, .nullable = true },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
    { .name = STR_INIT("version"), .type = COLUMN_VERSION },
    { .name = STR_INIT("search"), .type = COLUMN_SEARCH },
};
enum { FIRST_NAME = 2, LAST_NAME = 3, EMAIL = 6, PHONE = 7, EXTERNAL_IDS = 8 };

/* external_ids is stored twice: as the JSON that answers show, and as rows that make a duplicate impossible.
 */
const struct entity patient_entity = {
    .table = "patients",
    .one = "patient",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "id",
    .constraints = ",\n    FOREIGN KEY (brand_id) REFERENCES brands (id)",
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS patients_key ON patients (brand_id, id);\n"
        "CREATE INDEX IF NOT EXISTS patients_created ON patients (brand_id, created_at, id);\n"
        "CREATE INDEX IF NOT EXISTS patients_updated ON patients (brand_id, updated_at);\n"
        "CREATE TABLE IF NOT EXISTS external_ids (\n"
        "    brand_id TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL, patient_id TEXT NOT NULL,\n"
        "    UNIQUE (brand_id, system, value),\n"
        "    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)\n"
        ");\n"
        "CREATE INDEX IF NOT EXISTS external_ids_patient ON external_ids (brand_id, patient_id);\n"
        "CREATE TABLE IF NOT EXISTS memberships (\n"
        "    brand_id TEXT NOT NULL, patient_id TEXT NOT NULL, group_id TEXT NOT NULL,\n"
        "    PRIMARY KEY (brand_id, patient_id, group_id),\n"
        "    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id),\n"
        "    FOREIGN KEY (brand_id, group_id) REFERENCES care_groups (brand_id, id)\n"
        ") WITHOUT ROWID;\n"
        "CREATE INDEX IF NOT EXISTS memberships_group ON memberships (brand_id, group_id, patient_id);\n",
};

/* What may be read without names, birth date and contact. */
static const struct column safe_columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("external_ids"), .type = COLUMN_MAP },
    { .name = STR_INIT("status"), .type = COLUMN_TEXT },
    { .name = STR_INIT("metadata"), .type = COLUMN_OBJECT },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};

const struct entity patient_safe_entity = {
    .table = "patients",
    .one = "patient",
    .columns = safe_columns,
    .column_count = COUNT(safe_columns),
    .patient_column = "id",
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "patients_key" }
};

const struct select patient_one = {
    .entity = &patient_entity, .filters = by_id, .filter_count = 1, .groups = true
};
const struct select patient_safe = { .entity = &patient_safe_entity, .filters = by_id, .filter_count = 1 };

/* The most selective first: the first one's index is used. */
static const struct filter list_filters[] = {
    { .name = STR_INIT("external_id"),
      .kind = FILTER_PAIR,
      .sql = "t.id IN (SELECT patient_id FROM external_ids WHERE brand_id = ?1 AND system = ? AND value = ?)",
      .index = "patients_key" },
    { .name = STR_INIT("external_value"),
      .kind = FILTER_TEXT,
      .sql = "t.id IN (SELECT patient_id FROM external_ids WHERE brand_id = ?1 AND value = ?)",
      .index = "patients_key" },
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_LIST,
      .sql = "t.id IN (SELECT value FROM json_each(?))",
      .index = "patients_key" },
    { .name = STR_INIT("group_id"),
      .kind = FILTER_LIST,
      .sql = "t.id IN (SELECT patient_id FROM memberships WHERE brand_id = ?1 AND group_id IN (SELECT value "
             "FROM "
             "json_each(?)))",
      .index = "patients_key" },
    { .name = STR_INIT("updated_from"),
      .kind = FILTER_TIME,
      .sql = "t.updated_at >= ?",
      .index = "patients_updated" },
    { .name = STR_INIT("updated_to"), .kind = FILTER_TIME, .sql = "t.updated_at < ?" },
    { .name = STR_INIT("created_from"), .kind = FILTER_TIME, .sql = "t.created_at >= ?" },
    { .name = STR_INIT("created_to"), .kind = FILTER_TIME, .sql = "t.created_at < ?" },
    { .name = STR_INIT("after"), .kind = FILTER_PAIR, .sql = "(t.created_at, t.id) > (?, ?)" },
    { .name = STR_INIT("search"), .kind = FILTER_SEARCH, .sql = "instr(t.search, ?) > 0" },
    /* a word of the names begins so: the first line of what is searched is both of them */
    { .name = STR_INIT("name"),
      .kind = FILTER_SEARCH,
      .sql = "instr(' ' || substr(t.search, 1, instr(t.search, char(10)) - 1), ' ' || ?) > 0" },
    { .name = STR_INIT("birth_from"), .kind = FILTER_DATE, .sql = "t.date_of_birth >= ?" },
    { .name = STR_INIT("birth_to"), .kind = FILTER_DATE, .sql = "t.date_of_birth < ?" },
    { .name = STR_INIT("status"),
      .kind = FILTER_CHOICE,
      .sql = "t.status = ?",
      .choices = "active inactive" },
};

const struct select patient_list = {
    .entity = &patient_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("patients"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .paged = true,
    .groups = true,
};

struct str patient_search(struct arena *arena, const struct value *values)
{
    struct str text = arena_printf(arena, STR_FMT " " STR_FMT "\n" STR_FMT "\n" STR_FMT,
                                   STR_ARG(values[FIRST_NAME].text), STR_ARG(values[LAST_NAME].text),
                                   STR_ARG(values[EMAIL].text), STR_ARG(values[PHONE].text));

    return text_fold(arena, text);
}

static int identify(struct task *task, struct db *db, struct str patient, struct str system, struct str value,
                    struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "INSERT INTO external_ids (brand_id, system, value, patient_id) VALUES (?, ?, ?, ?)");

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, system);
    db_bind_text(statement, 3, value);
    db_bind_text(statement, 4, patient);
    if (db_step(statement, err) >= 0)
        return 0;
    if (err->code != ERR_CONFLICT)
        return -1;
    return task_fail(task, err, ERR_CONFLICT, "another patient has one of these external_ids");
}

int patient_identify(struct task *task, struct db *db, struct str patient, struct str map, struct err *err)
{
    struct tape_fault fault;
    struct tape tape;

    if (!tape_read(&tape, task->arena, map, &tape_default_limits, &fault))
        return err_set(err, ERR_INTERNAL, "external_ids: %s", fault.what);
    for (uint32_t i = tape_first(&tape, 0); i < tape_next(&tape, 0); i = tape_next(&tape, i + 1))
        if (identify(task, db, patient, tape_string(&tape, i, task->arena),
                     tape_string(&tape, i + 1, task->arena), err))
            return -1;
    return 0;
}

/* A patient without groups would be invisible to a token that is bound to some: it joins those. */
int patient_create(struct task *task, struct db *db, struct err *err)
{
    const struct value *values = task->values;

    if (task->bound_patients.ptr)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is bound to its patients");
    task->values[entity_find(&patient_entity, COLUMN_SEARCH)].text = patient_search(task->arena, values);
    if (brand_ensure(task, db, err) || row_create(task, db, err) ||
        patient_identify(task, db, task->id, values[EXTERNAL_IDS].text, err))
        return -1;
    if (task->bound_groups.ptr && membership_add(task, db, task->id, task->bound_groups, err))
        return -1;
    if (task->bound_groups.ptr && db_changes(db) == 0)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is bound to groups that do not exist");
    return select_answer(task, db, 201, err);
}

static int forget_ids(struct task *task, struct db *db, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "DELETE FROM external_ids WHERE brand_id = ? AND patient_id = ?");

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->id);
    return db_step(statement, err) < 0 ? -1 : 0;
}

int patient_patch(struct task *task, struct db *db, struct err *err)
{
    struct row row;
    bool changed;

    if (select_need(task, db, &patient_one, &row, err))
        return -1;
    struct str ids = row.values[EXTERNAL_IDS].text;
    if (row_patch(task, &row, &changed, err))
        return -1;
    if (!changed)
        return select_answer(task, db, 200, err);
    row.values[entity_find(&patient_entity, COLUMN_SEARCH)].text = patient_search(task->arena, row.values);
    if (row_update(task, db, &row, err))
        return -1;
    if (!str_eq(ids, row.values[EXTERNAL_IDS].text) &&
        (forget_ids(task, db, err) ||
         patient_identify(task, db, task->id, row.values[EXTERNAL_IDS].text, err)))
        return -1;
    return select_answer(task, db, 200, err);
}

/* Every table that may have rows of a patient, the patient last; the answer names those that had. */
static const struct {
    const char *table, *sql;
} erasures[] = {
    { "metrics", "DELETE FROM metrics WHERE brand_id = ? AND patient_id = ?" },
    { "encounters", "DELETE FROM encounters WHERE brand_id = ? AND patient_id = ?" },
    { "patient_providers", "DELETE FROM patient_providers WHERE brand_id = ? AND patient_id = ?" },
    { "medications", "DELETE FROM medications WHERE brand_id = ? AND patient_id = ?" },
    { "timeline_events", "DELETE FROM timeline_events WHERE brand_id = ? AND patient_id = ?" },
    { "journal_entries", "DELETE FROM journal_entries WHERE brand_id = ? AND patient_id = ?" },
    { "onboardings", "DELETE FROM onboardings WHERE brand_id = ? AND patient_id = ?" },
    { "intake_responses", "DELETE FROM intake_responses WHERE brand_id = ? AND patient_id = ?" },
    { "researcher_acknowledgements",
      "DELETE FROM researcher_acknowledgements WHERE brand_id = ? AND patient_id = ?" },
#define ERASED(name) { #name, "DELETE FROM " #name " WHERE brand_id = ? AND patient_id = ?" },
    COLLECTIONS(ERASED)
#undef ERASED
    { "memberships", "DELETE FROM memberships WHERE brand_id = ? AND patient_id = ?" },
    { "external_ids", "DELETE FROM external_ids WHERE brand_id = ? AND patient_id = ?" },
    { "patients", "DELETE FROM patients WHERE brand_id = ? AND id = ?" },
};

static int erase(struct task *task, struct db *db, struct buf *body, struct err *err)
{
    bool first = true;

    db_scrub(db);
    if (bonds_leave(task, db, err))
        return -1;
    for (size_t i = 0; i < COUNT(erasures); i++) {
        struct db_statement *statement = db_prepare(db, erasures[i].sql);

        db_bind_text(statement, 1, task->who->brand);
        db_bind_text(statement, 2, task->id);
        if (db_step(statement, err) < 0)
            return -1;
        if (db_changes(db))
            json_member_uint(body, &first, str_from(erasures[i].table), (uint64_t)db_changes(db));
    }
    return 0;
}

/* Erasure answers 200 whether somebody was there or not, so that it can be repeated. */
int patient_erase(struct task *task, struct db *db, struct err *err)
{
    struct buf body = buf_in(task->arena, 4096);
    struct row row;
    int found = select_row(task, db, &patient_one, &row, err);

    if (found < 0 || (found && row_match(task, &patient_entity, &row, err)))
        return -1;
    buf_add(&body, found ? STR("{\"status\":\"deleted\",\"rows_affected\":{")
                         : STR("{\"status\":\"not_present\",\"rows_affected\":{"));
    if (found && erase(task, db, &body, err))
        return -1;
    buf_add(&body, STR("}}"));
    return task_answer(task, 200, &body, err);
}
