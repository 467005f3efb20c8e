#include "base/err.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    int status;
    const char *text;
} rows[ERR_COUNT] = {
    [ERR_NONE] = { .name = "none", .status = 200, .text = "" },
#define X(code, label, http_status, words) [code] = { .name = (label), .status = (http_status), .text = (words) },
#include "base/err_tbl.h"
#undef X
};

const char *err_name(enum err_code code)
{
    return rows[code].name;
}

int err_status(enum err_code code)
{
    return rows[code].status;
}

const char *err_text(enum err_code code)
{
    return rows[code].text;
}

enum err_code err_by_name(struct str name)
{
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++)
        if (str_is(name, rows[code].name))
            return (enum err_code)code;
    return ERR_NONE;
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    err->after_s = 0;
    va_start(ap, fmt);
    if (vsnprintf(err->detail, sizeof err->detail, fmt, ap) < 0)
        err->detail[0] = '\0';
    va_end(ap);
    return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char old[sizeof err->detail];
    va_list ap;

    memcpy(old, err->detail, sizeof old);
    va_start(ap, fmt);
    int n = vsnprintf(err->detail, sizeof err->detail, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof err->detail)
        return -1; /* the new context alone fills the space: keep it, it is nearest the request */
    if (snprintf(err->detail + n, sizeof err->detail - (size_t)n, ": %s", old) < 0)
        err->detail[n] = '\0';
    return -1;
}

int err_meant(struct err *err, struct str word)
{
    char meant[96];
    int n = snprintf(meant, sizeof meant, "; did you mean '" STR_FMT "'?", STR_ARG(word));

    if (!word.len || n < 0 || (size_t)n >= sizeof meant)
        return -1;
    size_t len = strlen(err->detail), most = sizeof err->detail - 1 - (size_t)n;
    memcpy(err->detail + (len < most ? len : most), meant, (size_t)n + 1);
    return -1;
}

int err_note(struct err_list *list, const struct err *err)
{
    if (!list)
        return -1;
    list->items = arena_grow(list->arena, list->items, list->count, &list->space, sizeof *list->items);
    list->items[list->count++] = *err;
    return 0;
}
