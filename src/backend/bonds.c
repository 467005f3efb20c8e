/* What rows of flat collections require of each other: what joins a plan is the plan's patient's, and actions and
 * bundles name each other. */
#include "backend/resources.h"
#include "backend/task.h"

/* The first step of a statement about the row. */
static int step_own(struct task *task, struct db *db, const char *sql, struct err *err)
{
    struct db_statement *statement = db_prepare(db, sql);

    db_bind_text(statement, 1, task->who->brand);
    db_bind_text(statement, 2, task->id);
    int found = db_step(statement, err);
    db_end(statement);
    return found;
}

/* A row without a patient gets the plan's; one that has another is not in this plan. */
#define JOIN(name)                                                                                           \
    { &name##_entity,                                                                                        \
      "UPDATE " #name " AS t SET patient_id = (SELECT p.patient_id FROM plans AS p WHERE"                    \
      " p.brand_id = t.brand_id AND p.id = t.plan_id)"                                                       \
      " WHERE t.brand_id = ?1 AND t.id = ?2 AND t.patient_id IS NULL AND t.plan_id IS NOT NULL",             \
      "SELECT 1 FROM " #name " AS t JOIN plans AS p ON p.brand_id = t.brand_id AND p.id = t.plan_id"         \
      " WHERE t.brand_id = ?1 AND t.id = ?2 AND p.patient_id <> t.patient_id" }

static const struct joining {
    const struct entity *entity;
    const char *join, *strange; /* ?1 is the brand, ?2 the row that was written */
} joinings[] = { JOIN(actions), JOIN(bundles) };

static int join_plan(struct task *task, struct db *db, const struct joining *joining, struct err *err)
{
    int found = step_own(task, db, joining->join, err);

    if (found == 0)
        found = step_own(task, db, joining->strange, err);
    return found == 1 ? task_fail(task, err, ERR_INVALID, "plan_id: is another patient's") : found;
}

/* Two collections whose rows list each other's ids: what one end says is written at the other. Of each list the order is its
 * own. A row of a patient lists none of another patient: who reads the one would see an id of the other. ?1 is the brand, ?2
 * the row that was written, ?3 the time, ?4 its body before. */
#define PAIR(name, own, others, back)                                                                        \
    { &name##_entity, own ": has another patient's",                                                         \
      "SELECT 1 FROM " #name " AS m, json_each(m.body, '$." own "') AS e JOIN " others " AS t"               \
      " ON t.brand_id = m.brand_id AND t.id = e.value"                                                       \
      " WHERE m.brand_id = ?1 AND m.id = ?2 AND t.patient_id <> m.patient_id",                               \
      "WITH named(id) AS (SELECT e.value FROM " #name " AS m, json_each(m.body, '$." own "') AS e"           \
      " WHERE m.brand_id = ?1 AND m.id = ?2 AND e.type = 'text')"                                            \
      " UPDATE " others " AS t SET version = t.version + 1, updated_at = ?3,"                                \
      " body = json_set(t.body, '$." back "', json((SELECT json_group_array(i) FROM"                         \
      " (SELECT e.value AS i FROM json_each(t.body, '$." back "') AS e WHERE e.type = 'text'"                \
      " AND e.value <> ?2 UNION ALL SELECT ?2 WHERE t.id IN (SELECT id FROM named)))))"                      \
      " WHERE t.brand_id = ?1 AND t.id IN (SELECT e.value FROM json_each(?4, '$." own "') AS e"              \
      " UNION SELECT id FROM named) AND (t.id IN (SELECT id FROM named)) <>"                                 \
      " EXISTS (SELECT 1 FROM json_each(t.body, '$." back "') AS e WHERE e.value = ?2)"                      \
      " AND coalesce(t.patient_id = (SELECT m.patient_id FROM " #name " AS m WHERE m.brand_id = ?1"          \
      " AND m.id = ?2), 1)",                                                                                 \
      "WITH gone(id) AS (SELECT m.id FROM " #name " AS m WHERE m.brand_id = ?1 AND m.patient_id = ?2)"       \
      " UPDATE " others " AS t SET version = t.version + 1, updated_at = ?3,"                                \
      " body = json_set(t.body, '$." back "', json((SELECT json_group_array(e.value) FROM"                   \
      " json_each(t.body, '$." back "') AS e WHERE e.type = 'text'"                                          \
      " AND e.value NOT IN (SELECT id FROM gone))))"                                                         \
      " WHERE t.brand_id = ?1 AND t.patient_id IS NOT ?2 AND EXISTS (SELECT 1 FROM"                          \
      " json_each(t.body, '$." back "') AS e WHERE e.value IN (SELECT id FROM gone))" }

static const struct pair {
    const struct entity *entity;
    const char *words, *strange; /* ?1 is the brand, ?2 the row that was written */
    const char *write;
    const char *leave; /* ?1 is the brand, ?2 the patient whose rows go, ?3 the time: those of others name them no more */
} pairs[] = {
    PAIR(actions, "bundle_ids", "bundles", "action_ids"),
    PAIR(bundles, "action_ids", "actions", "bundle_ids"),
};

int bonds_pair(struct task *task, struct db *db, struct str before, struct err *err)
{
    const struct entity *entity = task->route->select->entity;

    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (pairs[i].entity != entity)
            continue;
        struct db_statement *statement = db_prepare(db, pairs[i].write);
        db_bind_text(statement, 1, task->who->brand);
        db_bind_text(statement, 2, task->id);
        db_bind_text(statement, 3, str_of(task->now, sizeof task->now));
        db_bind_text(statement, 4, before);
        if (db_step(statement, err) < 0)
            return -1;
    }
    return 0;
}

int bonds_leave(struct task *task, struct db *db, struct err *err)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct db_statement *statement = db_prepare(db, pairs[i].leave);
        db_bind_text(statement, 1, task->who->brand);
        db_bind_text(statement, 2, task->id);
        db_bind_text(statement, 3, str_of(task->now, sizeof task->now));
        if (db_step(statement, err) < 0)
            return -1;
    }
    return 0;
}

static int judge_listed(struct task *task, struct db *db, const struct pair *pair, struct err *err)
{
    int found = step_own(task, db, pair->strange, err);

    return found == 1 ? task_fail(task, err, ERR_INVALID, "%s", pair->words) : found;
}

int bonds_keep(struct task *task, struct db *db, struct err *err)
{
    const struct entity *entity = task->route->select->entity;

    for (size_t i = 0; i < COUNT(joinings); i++)
        if (joinings[i].entity == entity && join_plan(task, db, &joinings[i], err))
            return -1;
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (pairs[i].entity == entity && judge_listed(task, db, &pairs[i], err))
            return -1;
    return 0;
}
