#include "dialect/route.h"

#include "base/buf.h"

struct str route_host_name(struct str host)
{
    const char *end = host.len && host.ptr[0] == '[' ? memchr(host.ptr, ']', host.len) : NULL;
    struct str name = host, port;

    if (end)
        return str_of(host.ptr, (size_t)(end - host.ptr) + 1);
    (void)str_cut(host, ':', &name, &port);
    return name;
}

/* Segments of `prefix` ("/pub") that `target` starts with; 0 when it does not. */
static size_t prefix_length(const struct target *target, struct str prefix)
{
    struct str rest = str_from_at(prefix, 1), piece;
    size_t at = 0;

    while (str_next(&rest, '/', &piece)) {
        if (at == target->segment_count || !str_eq(target->segments[at], piece))
            return 0;
        at++;
    }
    return at;
}

static bool serves_path(const struct dialect *dialect, const struct target *target)
{
    if (dialect->prefix.len)
        return prefix_length(target, dialect->prefix) > 0;
    for (size_t i = 0; i < dialect->path_count; i++)
        if (prefix_length(target, dialect->paths[i]))
            return true;
    return false;
}

static bool operation_fits(const struct operation *operation, const struct target *target, size_t first)
{
    if (operation->segment_count != target->segment_count - first)
        return false;
    for (size_t i = 0; i < operation->segment_count; i++)
        if (!operation->segments[i].is_parameter &&
            !str_eq(operation->segments[i].text, target->segments[first + i]))
            return false;
    return true;
}

static bool has_path(const struct dialect *dialect, const struct target *target)
{
    size_t first = dialect->prefix.len ? prefix_length(target, dialect->prefix) : 0;

    for (size_t i = 0; i < dialect->operation_count; i++)
        if (operation_fits(&dialect->operations[i], target, first))
            return true;
    return false;
}

static const struct dialect *by_host(struct dialect *const *dialects, size_t count, struct str host)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < dialects[i]->host_count; k++)
            if (str_eq_nocase(dialects[i]->hosts[k], host))
                return dialects[i];
    return NULL;
}

enum test { BY_HEADER, BY_OPERATION };

/* The only dialect that serves the path and passes the test; NULL when none or several do. */
static const struct dialect *only_one(struct dialect *const *dialects, size_t count, enum test test,
                                      const struct route_request *request, const struct target *target)
{
    const struct dialect *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!serves_path(dialects[i], target))
            continue;
        bool fits = test == BY_HEADER ? request->has_header(request->data, dialects[i]->credential_header)
                                      : has_path(dialects[i], target);
        if (!fits)
            continue;
        if (found)
            return NULL;
        found = dialects[i];
    }
    return found;
}

const struct dialect *route_facade(struct dialect *const *dialects, size_t count, const struct dialect *fallback,
                                   const struct route_request *request, const struct target *target)
{
    const struct dialect *serving = NULL;
    size_t serve = 0;

    if (request->bound)
        return request->bound;
    const struct dialect *found = by_host(dialects, count, route_host_name(request->host));
    if (found)
        return found;
    for (size_t i = 0; i < count; i++) {
        if (serves_path(dialects[i], target)) {
            serving = dialects[i];
            serve++;
        }
    }
    if (serve == 1)
        return serving;
    found = only_one(dialects, count, BY_HEADER, request, target);
    if (!found)
        found = only_one(dialects, count, BY_OPERATION, request, target);
    return found ? found : fallback;
}

static bool allows(const struct operation *operation, struct str method)
{
    for (size_t i = 0; i < operation->method_count; i++)
        if (str_eq(operation->methods[i], method))
            return true;
    /* RFC 9110 section 9.3.2: HEAD is GET without the body. */
    return str_is(method, "HEAD") && str_is(operation->methods[0], "GET");
}

/* More literal segments first, from the left: "me" wins over {id}. */
static bool more_literal(const struct operation *a, const struct operation *b)
{
    for (size_t i = 0; i < a->segment_count; i++)
        if (a->segments[i].is_parameter != b->segments[i].is_parameter)
            return b->segments[i].is_parameter;
    return false;
}

/* The parameter that the segment is, or the number of parameters. */
static size_t parameter_of(const struct operation *operation, const struct segment *segment)
{
    for (size_t k = 0; segment->is_parameter && k < operation->path_count; k++)
        if (str_eq(operation->path[k].name, segment->text))
            return k;
    return operation->path_count;
}

static void take_path(struct route *route, const struct target *target)
{
    const struct operation *operation = route->operation;

    for (size_t i = 0; i < operation->segment_count; i++) {
        size_t k = parameter_of(operation, &operation->segments[i]);
        if (k < operation->path_count)
            route->path[k] = target->segments[route->first + i];
    }
}

size_t route_own_id(const struct operation *operation, struct str kind)
{
    size_t own = operation->path_count;
    bool of_kind = false;

    for (size_t i = 0; i < operation->segment_count; i++) {
        size_t k = parameter_of(operation, &operation->segments[i]);
        if (k == operation->path_count || operation->path[k].type != PARAMETER_ID || !operation->path[k].to.len)
            continue;
        bool fits = str_eq(operation->path[k].kind, kind);
        if (fits || !of_kind)
            own = k;
        of_kind = of_kind || fits;
    }
    return own;
}

/* A method in the list, once: a word and a parameter may stand at the same place of two paths. */
static void add_method(struct buf *list, struct str method)
{
    struct str rest = buf_str(list), known;

    while (str_next(&rest, ',', &known))
        if (str_eq(str_trim(known), method))
            return;
    if (list->len)
        buf_add(list, STR(", "));
    buf_add(list, method);
}

static struct str allowed_methods(struct arena *arena, const struct dialect *dialect, const struct target *target,
                                  size_t first)
{
    struct buf list = buf_in(arena, 1024);

    for (size_t i = 0; i < dialect->operation_count; i++) {
        const struct operation *operation = &dialect->operations[i];
        if (!operation_fits(operation, target, first))
            continue;
        for (size_t k = 0; k < operation->method_count; k++) {
            add_method(&list, operation->methods[k]);
            if (str_is(operation->methods[k], "GET"))
                add_method(&list, STR("HEAD"));
        }
    }
    return buf_str(&list);
}

int route_operation(struct route *route, struct arena *arena, const struct dialect *dialect, struct str method,
                    const struct target *target, struct err *err)
{
    const struct operation *path_fits = NULL;

    *route = (struct route){ .dialect = dialect };
    route->first = dialect->prefix.len ? prefix_length(target, dialect->prefix) : 0;
    for (size_t i = 0; i < dialect->operation_count; i++) {
        const struct operation *operation = &dialect->operations[i];
        if (!operation_fits(operation, target, route->first))
            continue;
        path_fits = operation;
        if (allows(operation, method) && (!route->operation || more_literal(operation, route->operation)))
            route->operation = operation;
    }
    if (!path_fits)
        return err_set(err, ERR_NO_ROUTE, "no operation has this path");
    if (!route->operation) {
        route->allow = allowed_methods(arena, dialect, target, route->first);
        return err_set(err, ERR_METHOD, "the path takes %.*s", STR_ARG(route->allow));
    }
    take_path(route, target);
    return 0;
}

/* The path of the search, with the values of this request's. */
static void show_path(const struct route *route, struct arena *arena, struct target *target)
{
    const struct operation *search = route->operation;
    struct str *segments = ARENA_ARRAY(arena, struct str, route->first + search->segment_count);

    target->segment_count = route->first;
    for (size_t i = 0; i < route->first; i++)
        segments[i] = target->segments[i];
    target->segments = segments;
    for (size_t i = 0; i < search->segment_count; i++) {
        struct str text = search->segments[i].text;
        for (size_t k = 0; search->segments[i].is_parameter && k < search->path_count; k++)
            if (str_eq(search->path[k].name, search->segments[i].text))
                text = route->path[k];
        target->segments[target->segment_count++] = text;
    }
}

static void add_parameters(struct target *target, struct arena *arena, const struct target *sent)
{
    const size_t own = target->parameter_count;
    struct target_parameter *all = ARENA_ARRAY(arena, struct target_parameter, own + sent->parameter_count);

    for (size_t i = 0; i < own; i++)
        all[i] = target->parameters[i];
    for (size_t i = 0; i < sent->parameter_count; i++)
        all[own + i] = sent->parameters[i];
    target->parameters = all;
    target->parameter_count = own + sent->parameter_count;
}

int route_take_form(struct route *route, struct arena *arena, struct str form, struct target *target, struct err *err)
{
    struct target sent;

    if (target_parse_form(&sent, arena, form, err)) {
        err->code = err->code == ERR_URI_TOO_LONG ? ERR_TOO_LARGE : err->code;
        return -1;
    }
    if (target->parameter_count + sent.parameter_count > TARGET_PARAMETERS_MAX)
        return err_set(err, ERR_TOO_LARGE, "more than %d parameters", TARGET_PARAMETERS_MAX);
    add_parameters(target, arena, &sent);
    route->operation = route->operation->form_of;
    show_path(route, arena, target);
    return 0;
}
