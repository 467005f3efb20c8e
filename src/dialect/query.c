#include "dialect/query.h"

#include "base/buf.h"

struct str query_said(const struct target *target, const struct parameter *parameter, size_t *count)
{
    struct str value = target_parameter(target, parameter->name, count);
    size_t more = 0;

    if (parameter->alias.len) {
        struct str other = target_parameter(target, parameter->alias, &more);
        value = *count ? value : other;
    }
    *count += more;
    return value;
}

static bool is_of_paging(const struct paging *paging, struct str name)
{
    if (str_eq(name, paging->number) || str_eq(name, paging->offset) || str_eq(name, paging->size))
        return true;
    for (size_t i = 0; i < paging->cursor_count; i++)
        if (str_eq(paging->cursors[i], name) || str_eq(paging->cursor_size, name))
            return true;
    return false;
}

bool query_is_read(const struct dialect *dialect, const struct operation *operation, bool paged, struct str name)
{
    if ((paged && is_of_paging(&dialect->paging, name)) || str_eq(name, dialect->media_parameter) ||
        (operation->include_count && str_is(name, "include")))
        return true;
    for (size_t i = 0; i < dialect->unread_count; i++)
        if (str_eq(dialect->unread[i], name))
            return true;
    for (size_t i = 0; i < operation->query_count; i++)
        if (str_eq(operation->query[i].name, name) || str_eq(operation->query[i].alias, name))
            return true;
    return false;
}

bool query_is_refused(const struct dialect *dialect, struct str name)
{
    for (size_t i = 0; i < dialect->refused_count; i++) {
        struct str refused = dialect->refused[i];
        bool any_end = refused.len && refused.ptr[refused.len - 1] == '*';
        if (any_end ? str_starts(name, str_of(refused.ptr, refused.len - 1)) : str_eq(name, refused))
            return true;
    }
    return dialect->unknown_refused;
}

bool query_has_one_of(const struct operation *operation, const struct target *target)
{
    size_t count;

    for (size_t i = 0; i < operation->query_count; i++)
        for (size_t k = 0; k < operation->one_of_count; k++) {
            if (!str_eq(operation->query[i].name, operation->one_of[k]))
                continue;
            (void)query_said(target, &operation->query[i], &count);
            if (count)
                return true;
        }
    return !operation->one_of_count;
}

struct str query_one_of(const struct operation *operation, struct arena *arena)
{
    struct buf names = buf_in(arena, SIZE_MAX);

    for (size_t i = 0; i < operation->one_of_count; i++)
        buf_printf(&names, "%s" STR_FMT, !i ? "" : i + 1 < operation->one_of_count ? ", " : " or ",
                   STR_ARG(operation->one_of[i]));
    return buf_str(&names);
}

struct str query_includes(const struct operation *operation, const struct target *target, struct arena *arena)
{
    struct buf list = buf_in(arena, SIZE_MAX);

    for (size_t i = 0; i < target->parameter_count && operation->include_count; i++)
        if (str_is(target->parameters[i].name, "include") && target->parameters[i].value.len)
            buf_join(&list, ',', target->parameters[i].value);
    return buf_str(&list);
}

const struct include *query_include(const struct operation *operation, struct str name)
{
    for (size_t i = 0; i < operation->include_count; i++)
        if (str_eq(operation->includes[i].name, name))
            return &operation->includes[i];
    return NULL;
}
