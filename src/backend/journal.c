/* What patients tell about themselves: journal, onboarding, intake. Each is replaced as a whole. */
#include "backend/resources.h"
#include "backend/task.h"

static const char of_patient[] =
    ",\n    FOREIGN KEY (brand_id, patient_id) REFERENCES patients (brand_id, id)";

enum { GOALS_MAX = 32, FOLLOWS_MAX = 64, SIDE_EFFECTS_MAX = 4096 };

static const struct column journal_columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("entry_date"), .type = COLUMN_DATE, .create = true },
    { .name = STR_INIT("mood"),
      .type = COLUMN_INTEGER,
      .create = true,
      .required = true,
      .min = 1,
      .max = 5 },
    { .name = STR_INIT("energy"),
      .type = COLUMN_INTEGER,
      .create = true,
      .required = true,
      .min = 1,
      .max = 5 },
    { .name = STR_INIT("notes"), .type = COLUMN_TEXT, .create = true, .preset = STR_INIT("") },
    { .name = STR_INIT("side_effects"),
      .type = COLUMN_STRINGS,
      .create = true,
      .max = SIDE_EFFECTS_MAX,
      .preset = STR_INIT("[]") },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};
enum { ENTRY_DATE = 3 };

static const struct entity_event journal_event = { .type = "journal_entry",
                                                   .title = "Journal entry",
                                                   .about = "entry_date" };

const struct entity journal_entity = {
    .table = "journal_entries",
    .one = "journal entry",
    .columns = journal_columns,
    .column_count = COUNT(journal_columns),
    .patient_column = "patient_id",
    .constraints = of_patient,
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS journal_entries_day ON journal_entries (brand_id, patient_id, "
        "entry_date);\n",
    .event = &journal_event,
};

#define OF_PATIENT(table_index)                                                                              \
    {                                                                                                        \
        .name = STR_INIT("patient_id"), .kind = FILTER_PATH_0, .sql = "t.patient_id = ?",                    \
        .index = table_index                                                                                 \
    }

static const struct filter journal_filters[] = {
    OF_PATIENT("journal_entries_day"),
    { .name = STR_INIT("from"), .kind = FILTER_DATE, .sql = "t.entry_date >= ?" },
    { .name = STR_INIT("to"), .kind = FILTER_DATE, .sql = "t.entry_date <= ?" },
};

const struct select journal_list = {
    .entity = &journal_entity,
    .filters = journal_filters,
    .filter_count = COUNT(journal_filters),
    .items = STR_INIT("entries"),
    .order = "t.entry_date",
};

static const struct filter journal_keys[] = {
    OF_PATIENT("journal_entries_day"),
    { .name = STR_INIT("entry_date"), .kind = FILTER_KEY, .sql = "t.entry_date = ?" },
};
const struct select journal_one = { .entity = &journal_entity, .filters = journal_keys, .filter_count = 2 };

/* One entry a day; without a date it is today's (UTC). */
int journal_put(struct task *task, struct db *db, struct err *err)
{
    if (!task->values[ENTRY_DATE].text.ptr)
        task->values[ENTRY_DATE].text = str_of(task->now, strlen("YYYY-MM-DD"));
    return row_put(task, db, &journal_one, ENTRY_DATE, err) ? -1 : select_answer(task, db, 200, err);
}

static const struct column onboarding_columns[] = {
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },
    { .name = STR_INIT("goals"),
      .type = COLUMN_STRINGS,
      .create = true,
      .required = true,
      .max = GOALS_MAX,
      .preset = STR_INIT("[]") },
    { .name = STR_INIT("role"),
      .type = COLUMN_CHOICE,
      .create = true,
      .choices = "patient coach researcher",
      .preset = STR_INIT("patient") },
    { .name = STR_INIT("default_follows"),
      .type = COLUMN_STRINGS,
      .create = true,
      .max = FOLLOWS_MAX,
      .preset = STR_INIT("[]") },
    { .name = STR_INIT("notifications"), .type = COLUMN_OBJECT, .create = true, .preset = STR_INIT("{}") },
    { .name = STR_INIT("onboarding_completed_at"), .type = COLUMN_CREATED },
};

static const struct entity_event onboarding_event = { .type = "onboarding_completed",
                                                      .title = "Onboarding completed" };

const struct entity onboarding_entity = {
    .table = "onboardings",
    .one = "onboarding",
    .columns = onboarding_columns,
    .column_count = COUNT(onboarding_columns),
    .patient_column = "patient_id",
    .constraints = of_patient,
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS onboardings_key ON onboardings (brand_id, patient_id);\n",
    .event = &onboarding_event,
};

static const struct filter onboarding_filters[] = { OF_PATIENT("onboardings_key") };
const struct select onboarding_one = { .entity = &onboarding_entity,
                                       .filters = onboarding_filters,
                                       .filter_count = 1 };

/* The first time is kept; answers are replaced. */
int onboarding_put(struct task *task, struct db *db, struct err *err)
{
    return row_put(task, db, &onboarding_one, 0, err) ? -1 : select_answer(task, db, 200, err);
}

/* Before it was done: what holds by default, without a time. */
int onboarding_read(struct task *task, struct db *db, struct err *err)
{
    struct buf body = buf_in(task->arena, ANSWER_MAX);
    struct row row;
    int found = select_row(task, db, &onboarding_one, &row, err);

    if (found < 0)
        return -1;
    for (size_t i = 0; !found && i < COUNT(onboarding_columns); i++) {
        enum column_type type = onboarding_columns[i].type;
        struct str text = type == COLUMN_PATIENT ? task->path[0]
                          : type == COLUMN_BRAND ? task->who->brand
                                                 : onboarding_columns[i].preset;
        row.values[i] = (struct value){ .text = text, .null = !text.ptr };
    }
    row_json(&body, &onboarding_entity, row.values, STR_NONE);
    return task_answer(task, 200, &body, err);
}

static const struct column intake_columns[] = {
    { .name = STR_INIT("id"), .type = COLUMN_ID },
    { .name = STR_INIT("patient_id"), .type = COLUMN_PATIENT },
    { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND, .required = true },
    { .name = STR_INIT("questionnaire_version"),
      .type = COLUMN_TEXT,
      .create = true,
      .not_empty = true,
      .preset = STR_INIT("contraindications-v1") },
    { .name = STR_INIT("status"),
      .type = COLUMN_TEXT,
      .create = true,
      .not_empty = true,
      .preset = STR_INIT("submitted") },
    { .name = STR_INIT("responses"), .type = COLUMN_OBJECT, .create = true, .required = true },
    { .name = STR_INIT("submitted_at"), .type = COLUMN_UPDATED },
    { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },
    { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },
};
enum { QUESTIONNAIRE = 3 };

static const struct entity_event intake_event = { .type = "intake_submitted",
                                                  .title = "Intake submitted",
                                                  .about = "questionnaire_version" };

const struct entity intake_entity = {
    .table = "intake_responses",
    .one = "intake response",
    .columns = intake_columns,
    .column_count = COUNT(intake_columns),
    .patient_column = "patient_id",
    .constraints = of_patient,
    .statements =
        "CREATE UNIQUE INDEX IF NOT EXISTS intake_responses_key ON intake_responses (brand_id, patient_id, "
        "questionnaire_version);\n",
    .event = &intake_event,
};

static const struct filter intake_keys[] = {
    OF_PATIENT("intake_responses_key"),
    { .name = STR_INIT("questionnaire_version"), .kind = FILTER_KEY, .sql = "t.questionnaire_version = ?" },
};
const struct select intake_one = { .entity = &intake_entity, .filters = intake_keys, .filter_count = 2 };

/* One answer for each version of the questionnaire. */
int intake_put(struct task *task, struct db *db, struct err *err)
{
    return row_put(task, db, &intake_one, QUESTIONNAIRE, err) ? -1 : select_answer(task, db, 200, err);
}
