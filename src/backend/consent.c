/* What patients confirm: their age, what research use means, who they are as researchers. */
#include "backend/resources.h"
#include "backend/task.h"

#include "base/clock.h"
#include "json/write.h"

enum { AGE_LEAST = 18 };

static const struct column age_columns[] = {
    { .name = STR_INIT("date_of_birth"), .type = COLUMN_DATE, .create = true, .required = true },
};
const struct entity age_entity = { .columns = age_columns, .column_count = COUNT(age_columns) };

static const struct column ruo_columns[] = {
    { .name = STR_INIT("statement_version"),
      .type = COLUMN_TEXT,
      .create = true,
      .not_empty = true,
      .preset = STR_INIT("ruo-pathway-v1") },
};
const struct entity ruo_entity = { .columns = ruo_columns, .column_count = COUNT(ruo_columns) };

/* Changes the patient of the path; `sql` takes brand, patient, now and `value`. */
static int change_patient(struct task *task, struct db *db, const char *sql, struct str value,
                          struct err *err)
{
    struct db_statement *statement = db_prepare(db, sql);

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->path[0]);
    db_bind_text(statement, 3, str_of(task->now, sizeof task->now));
    if (value.ptr)
        db_bind_text(statement, 4, value);
    return db_step(statement, err) < 0 ? -1 : 0;
}

static int confirm(struct task *task, struct db *db, const char *type, const char *title, struct str about,
                   struct err *err)
{
    struct happening what = { .patient = task->path[0],
                              .type = type,
                              .title = title,
                              .description = about,
                              .source_type = patient_entity.one,
                              .source_id = task->path[0] };

    return timeline_add(task, db, &what, err) ? -1 : select_answer(task, db, 200, err);
}

int age_verify(struct task *task, struct db *db, struct err *err)
{
    struct str born = task->values[0].text;
    struct date birth;

    if (!date_parse(born, &birth))
        return err_set(err, ERR_INTERNAL, "a date that was checked does not read");
    if (date_years(birth, date_of_ms(clock_wall_ms())) < AGE_LEAST)
        return task_fail(task, err, ERR_INVALID, "date_of_birth: must be at least %d years ago", AGE_LEAST);
    if (change_patient(task, db,
                       "UPDATE patients SET date_of_birth = ?4, age_verified_at = ?3, updated_at = ?3,"
                       " version = version + 1 WHERE brand_id = ?1 AND id = ?2",
                       born, err))
        return -1;
    return confirm(task, db, "age_verified", "Age verified", STR_NONE, err);
}

/* The first time stays on the patient, every version is on the timeline. */
int ruo_acknowledge(struct task *task, struct db *db, struct err *err)
{
    struct str version = task->values[0].given ? task->values[0].text : ruo_columns[0].preset;

    if (change_patient(
            task, db,
            "UPDATE patients SET ruo_pathway_acknowledged_at = ?3, updated_at = ?3, version = version"
            " + 1 WHERE brand_id = ?1 AND id = ?2 AND ruo_pathway_acknowledged_at IS NULL",
            STR_NONE, err))
        return -1;
    return confirm(task, db, "ruo_acknowledged", "Research use only acknowledged", version, err);
}

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("full_name"), .type = COLUMN_TEXT, .create = true, .required = true, .min = 2 },
    { .name = STR_INIT("ip_address"),
      .type = COLUMN_TEXT,
      .create = true,
      .required = true,
      .not_empty = true },
    { .name = STR_INIT("source"), .type = COLUMN_TEXT, .create = true, .required = true, .not_empty = true },
    { .name = STR_INIT("statement_version"),
      .type = COLUMN_TEXT,
      .create = true,
      .not_empty = true,
      .preset = STR_INIT("ruo-researcher-v1") },
    { .name = STR_INIT("acknowledged_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};
enum { STATEMENT = 6 };

static const struct entity_event researcher_event = { .type = "researcher_acknowledged",
                                                      .title = "Researcher acknowledgement",
                                                      .about = "statement_version" };

const struct entity researcher_entity = {
    .table = "researcher_acknowledgements",
    .one = "researcher acknowledgement",
    .columns = columns,
    .column_count = COUNT(columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)",
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS researcher_acknowledgements_key ON researcher_acknowledgements "
        "(brand_id, patient_id, statement_version);\n",
    .event = &researcher_event,
};

static const struct filter keys[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "researcher_acknowledgements_key" },
    { .name = STR_INIT("statement_version"), .kind = FILTER_KEY, .sql = "t.statement_version = ?" },
};
const struct select researcher_one = { .entity = &researcher_entity, .filters = keys, .filter_count = 2 };

/* Only for its parameter. */
static const struct filter asked[] = {
    { .name = STR_INIT("statement_version"), .kind = FILTER_TEXT, .sql = "t.statement_version = ?" }
};
const struct select researcher_asked = { .entity = &researcher_entity, .filters = asked, .filter_count = 1 };

/* One for each version of the statement: the first time is kept, the rest replaced. */
int researcher_put(struct task *task, struct db *db, struct err *err)
{
    if (row_put(task, db, &researcher_one, STATEMENT, err) ||
        change_patient(
            task, db,
            "UPDATE patients SET researcher_acknowledgement_id = ?4, updated_at = ?3, version = version"
            " + 1 WHERE brand_id = ?1 AND id = ?2 AND researcher_acknowledgement_id IS NOT ?4",
            task->id, err))
        return -1;
    return select_answer(task, db, 200, err);
}

int researcher_read(struct task *task, struct db *db, struct err *err)
{
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    struct row row;
    bool first = true;

    task->key = task->filter_mask & 1u ? task->filters[0].text : columns[STATEMENT].preset;
    int found = select_row(task, db, &researcher_one, &row, err);
    if (found < 0)
        return -1;
    buf_char(&body, '{');
    json_member_raw(&body, &first, STR("acknowledged"), found ? STR("true") : STR("false"));
    json_member_string(&body, &first, STR("statement_version"), task->key);
    json_name(&body, &first, STR("acknowledgement"));
    if (found)
        row_json(&body, &researcher_entity, row.values, STR_NONE);
    else
        buf_add(&body, STR("null"));
    buf_char(&body, '}');
    return task_answer(task, 200, &body, err);
}
