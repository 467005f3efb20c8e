/* Providers of a brand, and whose patients they care for. */
#include "backend/resources.h"
#include "backend/task.h"

#include "json/write.h"

static const struct column columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("name"), .type = COLUMN_TEXT, .create = true, .required = true, .not_empty = true },
    { .name = STR_INIT("specialty"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("npi"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("email"), .type = COLUMN_EMAIL, .create = true, .nullable = true },
    { .name = STR_INIT("phone"), .type = COLUMN_TEXT, .create = true, .nullable = true },
    { .name = STR_INIT("metadata"), .type = COLUMN_OBJECT, .create = true, .preset = STR_INIT("{}") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};

const struct entity provider_entity = {
    .table = "providers",
    .one = "provider",
    .columns = columns,
    .column_count = COUNT(columns),
    .constraints = ",\n    FOREIGN KEY (brand_id) REFERENCES brands (id)",
    .statements = "CREATE UNIQUE INDEX IF NOT EXISTS providers_key ON providers (brand_id, id);\n"
                  "CREATE INDEX IF NOT EXISTS providers_created ON providers (brand_id, created_at, id);\n",
};

static const struct filter by_id[] = {
    { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?", .index = "providers_key" }
};

const struct select provider_one = { .entity = &provider_entity, .filters = by_id, .filter_count = 1 };

static const struct filter by_key[] = {
    { .name = STR_INIT("id"), .kind = FILTER_KEY, .sql = "t.id = ?", .index = "providers_key" }
};
static const struct select provider_by_key = { .entity = &provider_entity,
                                               .filters = by_key,
                                               .filter_count = 1 };

static const struct filter list_filters[] = {
    { .name = STR_INIT("id"),
      .kind = FILTER_LIST,
      .sql = "t.id IN (SELECT value FROM json_each(?))",
      .index = "providers_key" },
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_LIST,
      .sql =
          "t.id IN (SELECT provider_id FROM patient_providers WHERE brand_id = ?1 AND patient_id IN (SELECT"
          " value FROM json_each(?)))",
      .index = "providers_key" },
    { .name = STR_INIT("cares_for"),
      .kind = FILTER_LIST,
      .sql =
          "t.id IN (SELECT provider_id FROM patient_providers WHERE brand_id = ?1 AND relationship IN " TEAM_RELATIONSHIPS
          " AND patient_id IN (SELECT value FROM json_each(?)))",
      .index = "providers_key" },
    { .name = STR_INIT("cares_for_group"),
      .kind = FILTER_LIST,
      .sql =
          "t.id IN (SELECT l.provider_id FROM memberships AS m JOIN patient_providers AS l ON l.brand_id ="
          " m.brand_id AND l.patient_id = m.patient_id AND l.relationship IN " TEAM_RELATIONSHIPS
          " WHERE m.brand_id = ?1 AND m.group_id IN (SELECT value FROM json_each(?)))",
      .index = "providers_key" },
    { .name = STR_INIT("group_id"),
      .kind = FILTER_LIST,
      .sql =
          "t.id IN (SELECT l.provider_id FROM memberships AS m JOIN patient_providers AS l ON l.brand_id ="
          " m.brand_id AND l.patient_id = m.patient_id WHERE m.brand_id = ?1 AND m.group_id IN (SELECT value"
          " FROM json_each(?)))",
      .index = "providers_key" },
};

const struct select provider_list = {
    .entity = &provider_entity,
    .filters = list_filters,
    .filter_count = COUNT(list_filters),
    .items = STR_INIT("providers"),
    .total = STR_INIT("total"),
    .order = "t.created_at, t.id",
    .paged = true,
};

int provider_create(struct task *task, struct db *db, struct err *err)
{
    if (task->bound_patients.ptr)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is bound to its patients");
    if (brand_ensure(task, db, err) || row_create(task, db, err))
        return -1;
    return select_answer(task, db, 201, err);
}

static const struct column link_columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("provider_id"), .type = COLUMN_UUID, .create = true, .required = true },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("relationship"),
      .type = COLUMN_CHOICE,
      .create = true,
      .choices = "primary specialist pharmacy lab",
      .preset = STR_INIT("primary") },
    { .name = STR_INIT("status"), .type = COLUMN_TEXT, .preset = STR_INIT("active") },
    { .name = STR_INIT("started_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("ended_at"), .type = COLUMN_DATETIME, .nullable = true },
};
enum { LINK_ID = 0, LINK_PROVIDER = 2, LINK_RELATIONSHIP = 4, LINK_STATUS = 5, LINK_ENDED = 7 };

static const struct entity_event link_event = { .type = "provider_linked",
                                                .title = "Provider linked",
                                                .about = "relationship" };

/* One link for a patient and a provider: linking again changes the relationship. */
const struct entity link_entity = {
    .table = "patient_providers",
    .one = "provider of this patient",
    .columns = link_columns,
    .column_count = COUNT(link_columns),
    .patient_column = "patient_id",
    .constraints = ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)"
                   ",\n    FOREIGN KEY (brand_id, provider_id) REFERENCES providers (brand_id, id)",
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS patient_providers_key ON patient_providers (brand_id, patient_id, "
        "provider_id);\n"
        "CREATE INDEX IF NOT EXISTS patient_providers_provider ON patient_providers (brand_id, "
        "provider_id);\n",
    .event = &link_event,
};

static const struct filter patient_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "patient_providers_key" },
};

const struct select link_list = {
    .entity = &link_entity,
    .filters = patient_filters,
    .filter_count = COUNT(patient_filters),
    .items = STR_INIT("providers"),
    .order = "t.started_at, t.id",
    .echo = { STR_INIT("patient_id") },
};

static const struct filter all_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_LIST,
      .sql = "t.patient_id IN (SELECT value FROM json_each(?))",
      .index = "patient_providers_key" },
    { .name = STR_INIT("provider_id"),
      .kind = FILTER_LIST,
      .sql = "t.provider_id IN (SELECT value FROM json_each(?))",
      .index = "patient_providers_provider" },
    { .name = STR_INIT("relationship"),
      .kind = FILTER_LIST,
      .sql = "t.relationship IN (SELECT value FROM json_each(?))" },
};

const struct select link_all = {
    .entity = &link_entity,
    .filters = all_filters,
    .filter_count = COUNT(all_filters),
    .items = STR_INIT("patient_providers"),
    .total = STR_INIT("total"),
    .order = "t.started_at, t.id",
    .paged = true,
};

static const struct filter link_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.patient_id = ?",
      .index = "patient_providers_key" },
    { .name = STR_INIT("provider_id"), .kind = FILTER_KEY, .sql = "t.provider_id = ?" },
};

const struct select link_one = { .entity = &link_entity,
                                 .filters = link_filters,
                                 .filter_count = COUNT(link_filters) };

int link_put(struct task *task, struct db *db, struct err *err)
{
    struct row provider;

    task->key = task->values[LINK_PROVIDER].text;
    if (select_need(task, db, &provider_by_key, &provider, err) ||
        row_put(task, db, &link_one, LINK_PROVIDER, err))
        return -1;
    return select_answer(task, db, 200, err);
}

/* The link goes; the answer shows it as ended, and the timeline remembers it. */
int link_end(struct task *task, struct db *db, struct err *err)
{
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    struct row row;

    task->key = task->path[1];
    if (select_need(task, db, &link_one, &row, err))
        return -1;
    task->id = row.values[0].text;
    struct happening what = { .patient = task->path[0],
                              .type = "provider_unlinked",
                              .title = "Provider unlinked",
                              .source_type = link_entity.one,
                              .source_id = task->id };
    if (row_delete(task, db, &link_entity, err) || timeline_add(task, db, &what, err))
        return -1;
    row.values[LINK_STATUS].text = STR("ended");
    row.values[LINK_ENDED] = (struct value){ .text = str_of(task->now, sizeof task->now) };
    row_json(&body, &link_entity, row.values, STR_NONE);
    return task_answer(task, 200, &body, err);
}

/* ---- the care team: all links that are primary or specialist, said at once ---- */

static const struct filter team_filters[] = {
    { .name = STR_INIT("patient_id"),
      .kind = FILTER_PATH_0,
      .sql = "t.relationship IN " TEAM_RELATIONSHIPS " AND t.patient_id = ?",
      .index = "patient_providers_key" },
};

const struct select link_team = {
    .entity = &link_entity,
    .filters = team_filters,
    .filter_count = COUNT(team_filters),
    .items = STR_INIT("care_team"),
    .total = STR_INIT("total"),
    .order = "t.started_at, t.id",
};

static struct str member(const struct task *task, uint32_t at, struct str name)
{
    uint32_t found = tape_find(&task->body, at, name);

    return found != TAPE_NONE && tape_type(&task->body, found) == JSON_STRING
               ? tape_string(&task->body, found, task->arena)
               : STR_NONE;
}

int team_check(struct task *task, struct err *err)
{
    const struct tape *body = &task->body;
    uint32_t team = tape_find(body, 0, STR("care_team"));

    if (team == TAPE_NONE || tape_type(body, team) != JSON_ARRAY)
        return task_fail(task, err, ERR_INVALID, "care_team: must be an array");
    for (uint32_t i = tape_first(body, team); i < tape_next(body, team); i = tape_next(body, i)) {
        if (tape_type(body, i) != JSON_OBJECT || !member(task, i, STR("provider_id")).ptr)
            return task_fail(task, err, ERR_INVALID, "care_team: must hold objects with a provider_id");
        struct str word = member(task, i, STR("relationship"));
        if (tape_find(body, i, STR("relationship")) != TAPE_NONE && !str_is(word, "primary") && !str_is(word, "specialist"))
            return task_fail(task, err, ERR_INVALID, "relationship: must be primary or specialist");
    }
    return 0;
}

static int end_link(struct task *task, struct db *db, struct str id, struct err *err)
{
    struct happening what = { .patient = task->path[0],
                              .type = "provider_unlinked",
                              .title = "Provider unlinked",
                              .source_type = link_entity.one,
                              .source_id = id };

    task->id = id;
    return row_delete(task, db, &link_entity, err) || timeline_add(task, db, &what, err) ? -1 : 0;
}

/* Those of the team that the body does not name. */
static int leave_team(struct task *task, struct db *db, uint32_t team, struct err *err)
{
    struct db_statement *statement =
        db_prepare(db, "SELECT id FROM patient_providers WHERE brand_id = ?1 AND patient_id = ?2 AND relationship IN "
                       TEAM_RELATIONSHIPS " AND provider_id NOT IN (SELECT json_extract(value, '$.provider_id')"
                       " FROM json_each(?3))");
    struct str *ids = NULL;
    size_t count = 0, space = 0;

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->path[0]);
    db_bind_text(statement, 3, tape_raw(&task->body, team));
    int more = db_step(statement, err);
    for (; more == 1; more = db_step(statement, err)) {
        ids = arena_grow(task->arena, ids, count, &space, sizeof *ids);
        ids[count++] = arena_copy(task->arena, db_column_text(statement, 0));
    }
    for (size_t i = 0; i < count && more == 0; i++)
        if (end_link(task, db, ids[i], err))
            return -1;
    return more;
}

/* One that is linked keeps what the body does not say of it; a new one, and a pharmacy that joins, is a specialist. */
static int join_team(struct task *task, struct db *db, uint32_t at, struct err *err)
{
    struct str word = member(task, at, STR("relationship"));
    struct row row;

    task->key = member(task, at, STR("provider_id"));
    if (select_need(task, db, &provider_by_key, &row, err))
        return -1;
    int found = select_row(task, db, &link_one, &row, err);
    if (found < 0)
        return -1;
    struct str is = found ? row.values[LINK_RELATIONSHIP].text : STR_NONE;
    bool member_already = str_is(is, "primary") || str_is(is, "specialist");
    if (!word.ptr)
        word = member_already ? is : STR("specialist");
    if (found && str_eq(is, word))
        return 0;
    if (found) {
        task->id = row.values[LINK_ID].text;
        row.values[LINK_RELATIONSHIP] = (struct value){ .text = word };
        return row_update(task, db, &row, err);
    }
    memset(task->values, 0, sizeof task->values);
    task->values[LINK_PROVIDER] = (struct value){ .text = task->key, .given = true };
    task->values[LINK_RELATIONSHIP] = (struct value){ .text = word, .given = true };
    return row_create(task, db, err);
}

int team_put(struct task *task, struct db *db, struct err *err)
{
    const struct tape *body = &task->body;
    uint32_t team = tape_find(body, 0, STR("care_team"));

    if (leave_team(task, db, team, err))
        return -1;
    for (uint32_t i = tape_first(body, team); i < tape_next(body, team); i = tape_next(body, i))
        if (join_team(task, db, i, err))
            return -1;
    return select_list(task, db, err);
}
