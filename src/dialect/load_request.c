/* Which requests an operation takes: methods and paths. */
#include "dialect/load.h"

static int check_method(const struct yaml *node, struct str method, struct err *err)
{
    static const char *const known[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    for (size_t i = 0; i < COUNT(known); i++)
        if (str_is(method, known[i]))
            return 0;
    return yaml_fault(node, err, "\"" STR_FMT "\" is not a method, expected GET, POST, PUT, PATCH or DELETE",
                      STR_ARG(method));
}

/* "GET /v1/patients/{id}" */
static int read_request(const struct yaml *map, const char *key, struct arena *arena, struct operation *made,
                        struct err *err)
{
    const struct yaml *node = yaml_get(map, key);
    struct str path, piece;
    size_t count = 0;

    if (!node || node->kind != YAML_TEXT || !str_cut(node->text, ' ', &made->methods[0], &path) || !path.len ||
        path.ptr[0] != '/')
        return yaml_fault(node ? node : map, err, "no request, expected e.g. GET /v1/things/{id}");
    if (check_method(node, made->methods[0], err))
        return -1;
    made->method_count = 1;
    path = str_from_at(path, 1);
    struct segment *segments = ARENA_ARRAY(arena, struct segment, path.len + 1);
    while (str_next(&path, '/', &piece)) {
        bool hole = piece.len > 2 && piece.ptr[0] == '{' && piece.ptr[piece.len - 1] == '}';
        if (!piece.len)
            return yaml_fault(node, err, "an empty path segment");
        segments[count++] = (struct segment){ .text = hole ? str_of(piece.ptr + 1, piece.len - 2) : piece,
                                              .is_parameter = hole };
    }
    made->segments = segments;
    made->segment_count = count;
    return 0;
}

int load_request(const struct yaml *map, struct arena *arena, struct operation *made, struct err *err)
{
    return read_request(map, "request", arena, made, err);
}

int load_also_methods(const struct yaml *map, struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "also");

    if (!node)
        return 0;
    if (yaml_list(node, err))
        return -1;
    for (const struct yaml *child = node->first; child; child = child->next) {
        if (made->method_count == COUNT(made->methods))
            return yaml_fault(child, err, "too many methods");
        struct str *method = &made->methods[made->method_count++];
        if (yaml_text(child, method, err) || check_method(child, *method, err))
            return -1;
    }
    return 0;
}

/* Every {hole} of the request has a row under `path:` and the other way round. */
int load_check_path(const struct yaml *map, const struct operation *made, struct err *err)
{
    size_t holes = 0;

    for (size_t i = 0; i < made->segment_count; i++) {
        bool known = !made->segments[i].is_parameter;
        holes += made->segments[i].is_parameter;
        for (size_t k = 0; k < made->path_count && !known; k++)
            known = str_eq(made->path[k].name, made->segments[i].text);
        if (!known)
            return yaml_fault(map, err, "{" STR_FMT "} of the request has no row under path:",
                              STR_ARG(made->segments[i].text));
    }
    if (holes != made->path_count)
        return yaml_fault(map, err, "path: has a row that the request does not name");
    return 0;
}

static bool share_method(const struct operation *a, const struct operation *b)
{
    for (size_t i = 0; i < a->method_count; i++)
        for (size_t k = 0; k < b->method_count; k++)
            if (str_eq(a->methods[i], b->methods[k]))
                return true;
    return false;
}

bool load_same_path(const struct operation *a, const struct operation *b)
{
    if (a->segment_count != b->segment_count)
        return false;
    for (size_t i = 0; i < a->segment_count; i++) {
        if (a->segments[i].is_parameter != b->segments[i].is_parameter)
            return false;
        if (!a->segments[i].is_parameter && !str_eq(a->segments[i].text, b->segments[i].text))
            return false;
    }
    return true;
}

bool load_same_route(const struct operation *a, const struct operation *b)
{
    return share_method(a, b) && load_same_path(a, b);
}

/* A search whose parameters may also stand in a body is an operation of its own, which reads them and is then that search. */
int load_form(const struct yaml *map, struct arena *arena, const struct operation *search, struct operation *made,
              struct err *err)
{
    static const struct str media[] = { STR_INIT("application/x-www-form-urlencoded") };
    const struct yaml *node = yaml_get(map, "form");

    *made = *search;
    made->name = arena_printf(arena, STR_FMT "ByForm", STR_ARG(search->name));
    made->form_of = search;
    made->media = media;
    made->media_count = COUNT(media);
    if (read_request(map, "form", arena, made, err))
        return -1;
    if (!str_is(made->methods[0], "POST"))
        return yaml_fault(node, err, "\"" STR_FMT "\" has no form, expected POST", STR_ARG(made->methods[0]));
    if (!str_is(search->methods[0], "GET") || search->has_body || !search->query_count)
        return yaml_fault(node, err, "form: is for a search, expected request: GET, query: and no body:");
    return load_check_path(node, made, err);
}
