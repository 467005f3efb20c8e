#include "backend/task.h"

#include "base/log.h"
#include "json/write.h"

#include <stdarg.h>
#include <stdio.h>

/* What the contract calls a failure where it differs from err_tbl.h. */
static const struct {
    enum err_code code;
    int status;
    const char *name;
} names[] = {
    { ERR_BAD_JSON, 400, "validation_error" },         { ERR_BAD_REQUEST, 400, "validation_error" },
    { ERR_INVALID, 400, "validation_error" },          { ERR_INVALID_PARAMETER, 400, "validation_error" },
    { ERR_INVALID_TOKEN, 401, "unauthenticated" },     { ERR_NO_ROUTE, 404, "not_found" },
    { ERR_MEDIA_TYPE, 415, "unsupported_media_type" },
};

int task_fail(struct task *task, struct err *err, enum err_code code, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    task->message = n > 0 ? arena_copy(task->arena, str_from(text)) : STR_NONE;
    return err_set(err, code, "%s", text);
}

int task_missing(struct task *task, struct err *err, const struct entity *entity)
{
    return task_fail(task, err, ERR_NOT_FOUND, "no such %s", entity->one);
}

void task_refuse(struct task *task, const struct err *err)
{
    struct str message = task->message.len ? task->message : str_from(err_text(err->code));
    struct buf body = buf_in(task->arena, 4096);
    const char *name = err_name(err->code);
    int status = err_status(err->code);
    bool first = true;

    for (size_t i = 0; i < COUNT(names); i++) {
        if (names[i].code != err->code)
            continue;
        name = names[i].name;
        status = names[i].status;
    }
    if (status >= 500 && err->code != ERR_NOT_IMPLEMENTED && err->detail[0])
        log_line(LOG_ERROR, "backend: %s", err->detail);
    buf_char(&body, '{');
    json_member_string(&body, &first, STR("error"), str_from(name));
    json_member_string(&body, &first, STR("message"), message);
    buf_char(&body, '}');
    task->reply = (struct reply){ .status = status, .body = buf_str(&body), .allow = task->reply.allow };
}
