/* Flat collections for what the documented calls have no word for. All are alike: a few columns that are
 * ours, and whatever members the body has, stored as JSON. Another one is a COLLECTION line here, its entity
 * in the lists of resources.h and service.c, its routes, and, if it belongs to patients, a row in the
 * erasures of patients.c. */
#include "backend/resources.h"
#include "backend/task.h"

/* A reference is a column of its own, so that it can be indexed. REFS(X, table) has an X(table, member) for
 * each. */
#define REF_COLUMN(table, member)                                                                            \
    { .name = STR_INIT(#member), .type = COLUMN_TEXT, .create = true, .patch = true, .nullable = true },
#define REF_FILTER(table, member)                                                                            \
    { .name = STR_INIT(#member),                                                                             \
      .kind = FILTER_LIST,                                                                                   \
      .sql = "t." #member " IN (SELECT value FROM json_each(?))",                                            \
      .index = #table "_" #member },
#define REF_INDEX(table, member)                                                                             \
    "CREATE INDEX IF NOT EXISTS " #table "_" #member " ON " #table " (brand_id, " #member ");\n"

/* `named`: a create may choose the id; `owner`: patient_id must be there. */
#define COLUMNS(named, owner, REFS)                                                                          \
    { .name = STR_INIT("id"), .type = COLUMN_ID, .create = (named) },                                        \
        { .name = STR_INIT("brand_id"), .type = COLUMN_BRAND },                                              \
        { .name = STR_INIT("patient_id"),                                                                    \
          .type = COLUMN_OWNER,                                                                              \
          .create = true,                                                                                    \
          .required = (owner),                                                                               \
          .nullable = !(owner) },                                                                            \
        REFS{ .name = STR_INIT("body"), .type = COLUMN_BODY, .create = true, .patch = true },                \
        { .name = STR_INIT("created_at"), .type = COLUMN_CREATED },                                          \
        { .name = STR_INIT("updated_at"), .type = COLUMN_UPDATED },                                          \
    {                                                                                                        \
        .name = STR_INIT("version"), .type = COLUMN_VERSION                                                  \
    }
enum { OWNER = 2 };

#define COMMON(table)                                                                                        \
    { .name = STR_INIT("id"),                                                                                \
      .kind = FILTER_LIST,                                                                                   \
      .sql = "t.id IN (SELECT value FROM json_each(?))",                                                     \
      .index = table "_key" },                                                                               \
        { .name = STR_INIT("patient_id"),                                                                    \
          .kind = FILTER_LIST,                                                                               \
          .sql = "t.patient_id IN (SELECT value FROM json_each(?))",                                         \
          .index = table "_patient" },                                                                       \
        { .name = STR_INIT("created_from"), .kind = FILTER_TIME, .sql = "t.created_at >= ?" },               \
        { .name = STR_INIT("created_to"), .kind = FILTER_TIME, .sql = "t.created_at < ?" },                  \
        { .name = STR_INIT("after"), .kind = FILTER_PAIR, .sql = "(t.created_at, t.id) > (?, ?)" },          \
        { .name = STR_INIT("updated_from"), .kind = FILTER_TIME, .sql = "t.updated_at >= ?" },               \
    {                                                                                                        \
        .name = STR_INIT("updated_to"), .kind = FILTER_TIME, .sql = "t.updated_at < ?"                       \
    }
/* The patients of groups. */
#define GROUPS(table)                                                                                        \
    {                                                                                                        \
        .name = STR_INIT("group_id"), .kind = FILTER_LIST,                                                   \
        .sql = "t.patient_id IN (SELECT patient_id FROM memberships WHERE brand_id = ?1 AND group_id IN "    \
               "(SELECT value FROM json_each(?)))",                                                          \
        .index = table "_patient"                                                                            \
    }
/* A member of the body as a filter of few rows. */
#define MEMBER(member)                                                                                       \
    {                                                                                                        \
        .name = STR_INIT(#member), .kind = FILTER_LIST,                                                      \
        .sql = "json_extract(t.body, '$." #member "') IN (SELECT value FROM json_each(?))"                   \
    }
/* When it happened: a member of the body, as canonical times sort. */
#define OCCURRED                                                                                             \
    { .name = STR_INIT("occurred_from"),                                                                     \
      .kind = FILTER_TIME,                                                                                   \
      .sql = "json_extract(t.body, '$.occurred_at') >= ?" },                                                 \
    {                                                                                                        \
        .name = STR_INIT("occurred_to"), .kind = FILTER_TIME,                                                \
        .sql = "json_extract(t.body, '$.occurred_at') < ?"                                                   \
    }

static const struct filter by_id[] = { { .name = STR_INIT("id"), .kind = FILTER_ID, .sql = "t.id = ?" } };

/* `LINKED`: members that are made when read. */
#define COLLECTION(name, one_, named, owned, owner, REFS, SORT, LINKED, ...)                                 \
    static const struct column name##_columns[] = { COLUMNS(named, owned, REFS(REF_COLUMN, name)) };         \
    static const struct filter name##_filters[] = { REFS(REF_FILTER, name) COMMON(#name), __VA_ARGS__ };     \
    const struct entity name##_entity = {                                                                    \
        .table = #name,                                                                                      \
        .one = one_,                                                                                         \
        .columns = name##_columns,                                                                           \
        .column_count = COUNT(name##_columns),                                                               \
        .patient_column = owner,                                                                             \
        .constraints = ",\n    FOREIGN KEY (brand_id) REFERENCES brands (id),\n    FOREIGN KEY (brand_id, "  \
                       "patient_id) REFERENCES patients (brand_id, id)",                                     \
        .statements =                                                                                        \
            "CREATE UNIQUE INDEX IF NOT EXISTS " #name "_key ON " #name " (brand_id, id);\n"                 \
            "CREATE INDEX IF NOT EXISTS " #name "_created ON " #name " (brand_id, created_at, id);\n"        \
            "CREATE INDEX IF NOT EXISTS " #name "_patient ON " #name                                         \
            " (brand_id, patient_id, created_at, id);\n" REFS(REF_INDEX, name),                              \
        LINKED,                                                                                              \
    };                                                                                                       \
    const struct select name##_one = { .entity = &name##_entity, .filters = by_id, .filter_count = 1 };      \
    const struct select name##_list = {                                                                      \
        .entity = &name##_entity,                                                                            \
        .filters = name##_filters,                                                                           \
        .filter_count = COUNT(name##_filters),                                                               \
        .items = STR_INIT(#name),                                                                            \
        .total = STR_INIT("total"),                                                                          \
        SORT,                                                                                                \
        .paged = true,                                                                                       \
    }

#define BY_CREATED .order = "t.created_at, t.id"
#define SENT       "json_extract(t.body, '$.send_time')"
#define BY_SENDING                                                                                           \
    .order = SENT ", t.id", .order_name = "send_time", .other_order = SENT " DESC, t.id DESC",               \
    .other_name = "-send_time"

#define NO_LINKS    .linked_count = 0
#define LINKS(list) .linked = list, .linked_count = COUNT(list)
/* The ids of the rows of `table` that refer to this one by `member`, and are not another patient's. */
#define REFERRING(member_, table, member)                                                                    \
    {                                                                                                        \
        .name = STR_INIT(member_),                                                                           \
        .sql = "SELECT json_group_array(i) FROM (SELECT c.id AS i FROM " table " AS c WHERE c.brand_id = ?1" \
               " AND c." member " = t.id AND coalesce(c.patient_id, t.patient_id) = t.patient_id"            \
               " ORDER BY c.created_at, c.id)"                                                               \
    }

/* Of patients. */
#define OWNED(name, one, REFS, ...)                                                                          \
    COLLECTION(name, one, false, true, "patient_id", REFS, BY_CREATED, NO_LINKS, GROUPS(#name), __VA_ARGS__)
/* Of patients, or of nobody in particular. */
#define LOOSE(name, one, REFS, ...)                                                                          \
    COLLECTION(name, one, false, false, "patient_id", REFS, BY_CREATED, NO_LINKS, GROUPS(#name), __VA_ARGS__)

#define NONE(X, t)
#define OF_PLAN(X, t)       X(t, plan_id)
#define OF_ACTION(X, t)     X(t, action_id)
#define OF_MAIL(X, t)       X(t, sender_id) X(t, receiver_id)
#define OF_PROFILE(X, t)    X(t, profile_id) X(t, question_definition_id) X(t, answer_id)
#define OF_QUESTION(X, t)   X(t, question_id)
#define OF_GROUP(X, t)      X(t, group_id)
#define OF_PROGRAM(X, t)    X(t, reward_program_id)
#define OF_ACTIVATION(X, t) X(t, reward_program_activation_id)
#define OF_REWARD(X, t)     X(t, reward_id) X(t, reward_program_activation_id)
#define OF_EARNING(X, t)    X(t, reward_earning_id)
#define OF_ENCOUNTER(X, t)  X(t, encounter_id)

/* A plan's current results are the latest one of each of its actions. */
static const struct linked plan_links[] = {
    REFERRING("action_ids", "actions", "plan_id"),
    REFERRING("bundle_ids", "bundles", "plan_id"),
    { .name = STR_INIT("current_result_ids"),
      .sql = "SELECT json_group_array(i) FROM (SELECT (SELECT r.id FROM results AS r WHERE r.brand_id = ?1"
             " AND r.action_id = a.id AND r.patient_id = t.patient_id"
             " ORDER BY json_extract(r.body, '$.occurred_at') DESC, r.id DESC LIMIT 1) AS i"
             " FROM actions AS a WHERE a.brand_id = ?1 AND a.plan_id = t.id ORDER BY a.created_at, a.id)"
             " WHERE i IS NOT NULL" },
};
COLLECTION(plans, "plan", false, true, "patient_id", NONE, BY_CREATED, LINKS(plan_links), GROUPS("plans"));
LOOSE(actions, "action", OF_PLAN, GROUPS("actions"));
LOOSE(bundles, "bundle", OF_PLAN, GROUPS("bundles"));
OWNED(results, "result", OF_ACTION, GROUPS("results"), MEMBER(thread), OCCURRED);
COLLECTION(email_messages, "e-mail message", false, false, "patient_id", OF_MAIL, BY_SENDING, NO_LINKS,
           GROUPS("email_messages"), MEMBER(email_type));
static const struct linked profile_links[] = {
    REFERRING("question_ids", "health_profile_questions", "profile_id"),
};
COLLECTION(health_profiles, "health profile", false, true, "patient_id", NONE, BY_CREATED,
           LINKS(profile_links), GROUPS("health_profiles"));
OWNED(health_profile_questions, "health profile question", OF_PROFILE, GROUPS("health_profile_questions"));
OWNED(health_profile_answers, "health profile answer", OF_QUESTION, GROUPS("health_profile_answers"));
COLLECTION(question_definitions, "question definition", true, false, NULL, NONE, BY_CREATED, NO_LINKS,
           MEMBER(category));
COLLECTION(reward_programs, "reward program", false, false, NULL, OF_GROUP, BY_CREATED, NO_LINKS,
           MEMBER(name));
OWNED(reward_program_activations, "reward program activation", OF_PROGRAM,
      GROUPS("reward_program_activations"));
OWNED(rewards, "reward", OF_ACTIVATION, GROUPS("rewards"), MEMBER(thread));
/* Of those that are not fulfilled. One that does not say is not ready. */
#define READY                                                                                                \
    {                                                                                                        \
        .name = STR_INIT("ready_for_fulfillment"), .kind = FILTER_CHOICE, .choices = "true false",           \
        .sql = "coalesce(json_extract(t.body, '$.ready_for_fulfillment'), 0) = (? = 'true')"                 \
               " AND json_extract(t.body, '$.fulfilled_at') IS NULL AND NOT EXISTS"                          \
               " (SELECT 1 FROM reward_earning_fulfillments AS f WHERE f.brand_id = t.brand_id"              \
               " AND f.reward_earning_id = t.id)"                                                            \
    }
OWNED(reward_earnings, "reward earning", OF_REWARD, GROUPS("reward_earnings"), READY);
OWNED(reward_earning_fulfillments, "reward earning fulfillment", OF_EARNING,
      GROUPS("reward_earning_fulfillments"));
LOOSE(calendar_event_responses, "calendar event response", OF_ENCOUNTER, GROUPS("calendar_event_responses"));

/* A token that is bound to patients or groups makes nothing that it would not see. */
static int judge_owner(struct task *task, struct db *db, struct err *err)
{
    const struct value *owner = &task->values[OWNER];
    bool bound = task->bound_patients.ptr || task->bound_groups.ptr;

    if (owner->given) {
        task->path[0] = owner->text;
        return patient_visible(task, db, err);
    }
    if (task->bound_patients.ptr || (bound && task->route->entity->patient_column))
        return task_fail(task, err, ERR_FORBIDDEN,
                         "the token is bound: patient_id must be one of its patients");
    return 0;
}

int record_create(struct task *task, struct db *db, struct err *err)
{
    if (judge_owner(task, db, err) || brand_ensure(task, db, err))
        return -1;
    if (row_create(task, db, err))
        return err->code == ERR_CONFLICT ? task_fail(task, err, ERR_CONFLICT, "this id is taken") : -1;
    if (bonds_keep(task, db, err) || bonds_pair(task, db, STR("{}"), err))
        return -1;
    return select_answer(task, db, 201, err);
}

/* What belongs to no patient is the whole brand's: a token bound to patients only reads it. */
static int judge_change(struct task *task, struct err *err)
{
    if (task->bound_patients.ptr && !task->route->select->entity->patient_column)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is bound to its patients");
    return 0;
}

/* Of an entity that has none (encounters are deleted here, too) it is empty. */
static struct str body_of(const struct task *task, const struct row *row)
{
    size_t body = entity_find(task->route->select->entity, COLUMN_BODY);

    return body == COLUMN_NONE ? STR_NONE : row->values[body].text;
}

int record_patch(struct task *task, struct db *db, struct err *err)
{
    struct row row;
    bool changed;

    if (judge_change(task, err) || select_need(task, db, task->route->select, &row, err))
        return -1;
    struct str before = body_of(task, &row);
    if (row_patch(task, &row, &changed, err))
        return -1;
    if (changed && (row_update(task, db, &row, err) || bonds_keep(task, db, err) || bonds_pair(task, db, before, err)))
        return -1;
    return select_answer(task, db, 200, err);
}

/* The answer shows what was there. */
int record_delete(struct task *task, struct db *db, struct err *err)
{
    const struct select *select = task->route->select;
    struct row row;

    if (judge_change(task, err) || select_need(task, db, select, &row, err) || row_match(task, select->entity, &row, err) ||
        select_one(task, db, err))
        return -1;
    task->reply.etag = STR_NONE;
    if (row_delete(task, db, select->entity, err))
        return -1;
    return bonds_pair(task, db, body_of(task, &row), err);
}
