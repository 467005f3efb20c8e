#include "backend/resources.h"
#include "backend/task.h"

#include "base/clock.h"
#include "json/write.h"

/* A generated SQL text; the database keeps its statements by the address of their text. */
struct sql_text {
    const void *what;
    uint32_t variant;
    unsigned kind;
    const char *sql;
    struct sql_text *next;
};

enum { SQL_BUCKETS = 256 };

struct service {
    struct arena *arena;
    const char *schema;
    struct sql_text *texts[SQL_BUCKETS]; /* the database's thread only */
};

const char *service_schema(const struct service *service)
{
    return service->schema;
}

/* In the order in which they refer to each other. */
#define STORED(name) &name##_entity,
static const struct entity *const stored[] = { &brand_entity,   &group_entity,      &patient_entity,
                                               &metric_entity,  &encounter_entity,  &provider_entity,
                                               &link_entity,    &timeline_entity,   &medication_entity,
                                               &journal_entity, &onboarding_entity, &researcher_entity,
                                               &intake_entity,  COLLECTIONS(STORED) };
#undef STORED

static void table_add(struct buf *sql, const struct entity *entity)
{
    buf_printf(sql, "CREATE TABLE IF NOT EXISTS %s (\n", entity->table);
    for (size_t i = 0; i < entity->column_count; i++) {
        const struct column *column = &entity->columns[i];
        bool number =
            column->type == COLUMN_BOOL || column->type == COLUMN_VERSION || column->type == COLUMN_INTEGER;

        buf_printf(sql, "%s    " STR_FMT " %s%s", i ? ",\n" : "", STR_ARG(column->name),
                   number ? "INTEGER" : "TEXT", column->nullable ? "" : " NOT NULL");
    }
    buf_printf(sql, "%s\n);\n%s", entity->constraints ? entity->constraints : "",
               entity->statements ? entity->statements : "");
}

struct service *service_new(void)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct service *service = ARENA_NEW(arena, struct service);
    struct buf sql = buf_in(arena, SIZE_MAX);

    service->arena = arena;
    for (size_t i = 0; i < COUNT(stored); i++)
        table_add(&sql, stored[i]);
    service->schema = arena_cstr(arena, buf_str(&sql));
    return service;
}

void service_free(struct service **service)
{
    if (!*service)
        return;
    struct arena *arena = (*service)->arena; /* holds the service itself */
    arena_free(&arena);
    *service = NULL;
}

const char *service_sql(struct service *service, const void *what, uint32_t variant, unsigned kind,
                        sql_make_fn *make)
{
    uintptr_t key = (uintptr_t)what / sizeof(void *) + variant * 31u + (variant >> 16) + kind;
    struct sql_text **head = &service->texts[key % SQL_BUCKETS];

    for (struct sql_text *at = *head; at; at = at->next)
        if (at->what == what && at->variant == variant && at->kind == kind)
            return at->sql;
    struct buf sql = buf_in(service->arena, 16384);
    struct sql_text *made = ARENA_NEW(service->arena, struct sql_text);
    make(&sql, what, variant, kind);
    *made = (struct sql_text){ .what = what, .variant = variant, .kind = kind, .next = *head };
    made->sql = arena_cstr(service->arena, buf_str(&sql));
    *head = made;
    return made->sql;
}

struct str json_list(struct arena *arena, const struct str *items, size_t count)
{
    struct buf out = buf_in(arena, SIZE_MAX);

    buf_char(&out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&out, ',');
        json_quote(&out, items[i]);
    }
    buf_char(&out, ']');
    return buf_str(&out);
}

/* The patient of a call that names none: a token that is bound to exactly one. */
static int find_me(struct task *task, struct err *err)
{
    const struct principal *who = task->who;

    if (!who->patients_bound || who->patient_count != 1)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is not bound to exactly one patient");
    task->path[0] = task->id = who->patients[0];
    return 0;
}

static int prepare(struct task *task, const struct ask *ask, struct err *err)
{
    const struct principal *who = task->who;

    task->if_match = ask->if_match;
    if (!who->brand.len)
        return task_fail(task, err, ERR_FORBIDDEN, "the token names no brand");
    if (route_find(task, ask->method, ask->path, err) || (task->route->me && find_me(task, err)) ||
        query_read(task, ask->query, err))
        return -1;
    if (task->route->body != BODY_NONE && body_read(task, ask, err))
        return -1;
    if (who->patients_bound)
        task->bound_patients = json_list(task->arena, who->patients, who->patient_count);
    if (who->groups_bound)
        task->bound_groups = json_list(task->arena, who->groups, who->group_count);
    return task->route->check ? task->route->check(task, err) : 0;
}

bool task_prepare(struct task *task, const struct ask *ask)
{
    struct err err;

    if (prepare(task, ask, &err) == 0)
        return true;
    task_refuse(task, &err);
    return false;
}

int task_run(struct task *task, struct db *db, struct err *err)
{
    datetime_format(clock_wall_ms(), task->now);
    task->message = STR_NONE;
    if (task->route->patient && patient_visible(task, db, err))
        return -1;
    return task->route->run(task, db, err);
}

int task_answer(struct task *task, int status, const struct buf *body, struct err *err)
{
    if (!buf_ok(body))
        return task_fail(task, err, ERR_INTERNAL, "the answer is too large: ask for fewer rows");
    task->reply.status = status;
    task->reply.body = buf_str(body);
    return 0;
}
