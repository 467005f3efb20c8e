/* What handlers share. */
#pragma once

#include "auth/auth.h"
#include "backend/route.h"

/* Sets `err` and the public words; -1. Never put a client's values into them. */
int task_fail(struct task *task, struct err *err, enum err_code code, const char *fmt, ...) PRINTF(4, 5);
int task_missing(struct task *task, struct err *err, const struct entity *entity); /* ERR_NOT_FOUND */

/* JSON text without white space between its tokens. */
struct str json_compact(struct arena *arena, struct str json);

/* Lower case where Unicode has it one to one in the Latin, Greek and Cyrillic scripts; for searching. */
struct str text_fold(struct arena *arena, struct str text);

/* A JSON array of strings. */
struct str json_list(struct arena *arena, const struct str *items, size_t count);

/* An SQL text that lives with the service, made once for (what, variant, kind). On the database's thread. */
typedef void sql_make_fn(struct buf *sql, const void *what, uint32_t variant, unsigned kind);
const char *service_sql(struct service *service, const void *what, uint32_t variant, unsigned kind,
                        sql_make_fn *make);
enum { SQL_PAGE, SQL_COUNT, SQL_ONE, SQL_INSERT, SQL_UPDATE, SQL_DELETE };

/* The brand's row, made when it is first needed: tokens may name brands that nobody announced. */
MUST_CHECK int brand_ensure(struct task *task, struct db *db, struct err *err);

/* task->values completed with what the service itself sets (id, brand, times, presets) and stored, with the
 * entity's event; task->id is the new row's. A member of the body counts where the column may be set by a
 * create. */
MUST_CHECK int row_create(struct task *task, struct db *db, struct err *err);
MUST_CHECK int row_insert(struct service *service, struct db *db, const struct entity *entity,
                          const struct value *values, struct err *err);

/* If-Match, if there is one, names the row's version; else it fails. */
MUST_CHECK int row_match(struct task *task, const struct entity *entity, const struct row *row, struct err *err);
/* What the body changes in `row` (a merge patch); `*changed` tells whether anything did, or is to count as if it had
 * (?touch=true). Also compares If-Match, and with ?strict_merge=true puts no object in the place of something else. */
MUST_CHECK int row_patch(struct task *task, struct row *row, bool *changed, struct err *err);
/* Stores `row` with the next version and the time of the run. */
MUST_CHECK int row_update(struct task *task, struct db *db, struct row *row, struct err *err);

struct str row_new_id(struct arena *arena); /* a UUID that sorts after those before */
MUST_CHECK int row_delete(struct task *task, struct db *db, const struct entity *entity, struct err *err);

/* Makes the row. If `by_key` finds one (task->key holds the body's column `key`), it replaces in that row what a create
 * may set; presets count as named. task->id is the row's. */
MUST_CHECK int row_put(struct task *task, struct db *db, const struct select *by_key, size_t key,
                       struct err *err);

void row_read(struct db_statement *statement, const struct entity *entity,
              struct value *values); /* borrowed */
void row_json(struct buf *buf, const struct entity *entity, const struct value *values, struct str included);

/* Handler: row_create, answered with 201 and the route's select. */
MUST_CHECK int row_post(struct task *task, struct db *db, struct err *err);

/* A line of a patient's timeline, written by the service itself. */
struct happening {
    struct str patient;
    const char *type, *title;
    struct str description; /* empty: null */
    const char *source_type;
    struct str source_id, occurred_at; /* occurred_at empty: now */
};
MUST_CHECK int timeline_add(struct task *task, struct db *db, const struct happening *what, struct err *err);

/* An answer grows at most to this. */
enum { ANSWER_MAX = 64 << 20 };
MUST_CHECK int task_answer(struct task *task, int status, const struct buf *body, struct err *err);
