#include "store/inside.h"

static int run_task(struct db_job *job, struct db *db, struct err *err)
{
    struct task *task = CONTAINER(job, struct task, job);

    return task->run(task, db, err);
}

static void unlink_task(struct task *task)
{
    struct store *store = task->store;

    (void)pthread_mutex_lock(&store->lock);
    if (task->before)
        task->before->next = task->next;
    else
        store->tasks = task->next;
    if (task->next)
        task->next->before = task->before;
    (void)pthread_mutex_unlock(&store->lock);
}

static void free_task(struct task *task)
{
    struct arena *arena = task->arena; /* holds the task itself */

    arena_free(&arena);
}

static void finish_task(struct task *task)
{
    unlink_task(task);
    task->finish(task, task->failed ? &task->err : NULL);
    free_task(task);
}

static void on_post(struct post *post)
{
    finish_task(CONTAINER(post, struct task, post));
}

/* On the db thread. After the post or the signal the task is no longer ours. */
static void task_done(struct db_job *job, const struct err *err)
{
    struct task *task = CONTAINER(job, struct task, job);
    struct store *store = task->store;

    task->failed = err != NULL;
    if (err)
        task->err = *err;
    else if (task->committed)
        task->committed(task);
    if (task->loop) {
        loop_post(task->loop, &task->post);
        return;
    }
    (void)pthread_mutex_lock(&store->lock);
    task->ready = true;
    (void)pthread_cond_broadcast(&store->wake);
    (void)pthread_mutex_unlock(&store->lock);
}

void *store_task_new(struct store *store, struct loop *loop, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct task *task = arena_zero(arena, size);

    task->job = (struct db_job){ .run = run_task, .repeatable = true, .done = task_done };
    task->post.run = on_post;
    task->store = store;
    task->loop = loop;
    task->arena = arena;
    return task;
}

static void wait_for(struct task *task)
{
    struct store *store = task->store;

    (void)pthread_mutex_lock(&store->lock);
    while (!task->ready)
        (void)pthread_cond_wait(&store->wake, &store->lock);
    (void)pthread_mutex_unlock(&store->lock);
}

void store_task_submit(struct task *task)
{
    struct store *store = task->store;
    bool waits = !task->loop; /* once submitted, another thread may finish and free a task that has a loop */

    (void)pthread_mutex_lock(&store->lock);
    task->next = store->tasks;
    if (task->next)
        task->next->before = task;
    store->tasks = task;
    (void)pthread_mutex_unlock(&store->lock);
    db_submit(store->db, &task->job);
    if (!waits)
        return;
    wait_for(task);
    finish_task(task);
}

void store_task_free_all(struct store *store)
{
    while (store->tasks) {
        struct task *task = store->tasks;
        store->tasks = task->next;
        free_task(task);
    }
}

int store_give(struct arena *arena, struct str value, struct str *to, struct err *err)
{
    if (arena_room(arena) <= value.len)
        return err_set(err, ERR_TOO_LARGE, "store: no room for a result");
    *to = arena_copy(arena, value);
    return 0;
}
