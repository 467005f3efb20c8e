/* Any request is answered: with JSON, and never with a failure of the service itself. The input is lines: method, target,
 * content type, If-Match; the rest is the body. */
#include "auth/auth.h"
#include "backend/service.h"
#include "json/tape.h"

#include <stdlib.h>

struct ask_job {
    struct db_job job;
    struct task *task;
};

static int run_task(struct db_job *job, struct db *db, struct err *err)
{
    return task_run(((struct ask_job *)job)->task, db, err);
}

static struct service *service;
static struct db *db;

static void open_once(void)
{
    struct err err;

    if (service)
        return;
    service = service_new();
    if (db_open(&db, ":memory:", service_schema(service), &err))
        abort();
}

static struct str line(struct str *rest)
{
    struct str head = *rest, tail = STR_NONE;

    (void)str_cut(*rest, '\n', &head, &tail);
    *rest = tail;
    return head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct principal who = { .brand = STR("acme") };
    struct str rest = str_of((const char *)data, size), target;
    struct ask ask = { .method = line(&rest) };
    struct tape_fault fault;
    struct tape tape;
    struct err err;

    open_once();
    target = ask.path = line(&rest);
    (void)str_cut(target, '?', &ask.path, &ask.query);
    ask.content_type = line(&rest);
    ask.if_match = line(&rest);
    ask.body = rest;
    struct task task = { .service = service, .arena = arena, .who = &who };
    struct ask_job job = { .job = { .run = run_task }, .task = &task };
    if (task_prepare(&task, &ask) && db_run(db, &job.job, &err))
        task_refuse(&task, &err);
    if (task.reply.status < 200 || task.reply.status >= 500 ||
        !tape_read(&tape, arena, task.reply.body, &tape_default_limits, &fault))
        abort();
    arena_free(&arena);
    return 0;
}
