#include "dialect/load.h"

static bool has_query(const struct operation *made, struct str name)
{
    for (size_t i = 0; i < made->query_count; i++)
        if (str_eq(made->query[i].name, name))
            return true;
    return false;
}

/* What rows say of each other must be rows. */
static int check_query(const struct yaml *map, const struct operation *made, struct err *err)
{
    const struct yaml *one_of = yaml_get(map, "needs_one_of");

    for (size_t i = 0; i < made->query_count; i++) {
        const struct parameter *p = &made->query[i];
        if (p->needs.len && !has_query(made, p->needs))
            return yaml_fault(yaml_get(p->place, "needs"), err, "'" STR_FMT "' has no row under query:",
                              STR_ARG(p->needs));
    }
    for (const struct yaml *name = one_of ? one_of->first : NULL; name; name = name->next)
        if (!has_query(made, name->text))
            return yaml_fault(name, err, "'" STR_FMT "' has no row under query:", STR_ARG(name->text));
    return 0;
}

static int load_builtin(const struct yaml *map, struct operation *made, struct err *err)
{
    static const struct {
        const char *name;
        enum builtin builtin;
    } names[] = {
        { "token", BUILTIN_TOKEN },
        { "revoke", BUILTIN_REVOKE },
        { "jwks", BUILTIN_JWKS },
        { "metadata", BUILTIN_METADATA },
        { "answer", BUILTIN_ANSWER },
    };
    const struct yaml *node = yaml_get(map, "builtin");

    if (!node)
        return 0;
    for (size_t i = 0; i < COUNT(names); i++)
        if (node->kind == YAML_TEXT && str_is(node->text, names[i].name))
            made->builtin = names[i].builtin;
    if (made->builtin == BUILTIN_NONE)
        return yaml_fault(node, err, "unknown builtin, expected token, revoke, jwks, metadata or answer");
    return 0;
}

/* { default: N, max: N }: pages of another size than the dialect's. */
static int load_page_sizes(const struct yaml *node, const struct dialect *dialect, struct arena *arena,
                           struct operation *made, struct err *err)
{
    static const char *const known[] = { "default", "max", NULL };
    struct paging *own = ARENA_NEW(arena, struct paging);

    *own = dialect->paging;
    made->pages = own;
    if (!own->used)
        return yaml_fault(node, err, "sizes of pages without paging:, expected it at the top");
    return yaml_only(node, known, err) || load_sizes(node, 1000, &own->size_max, &own->size_default, err)
               ? -1
               : 0;
}

static int load_paging_mode(const struct yaml *map, const struct dialect *dialect, struct arena *arena,
                            struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "paging");

    made->paging = dialect->paging.used ? PAGING_ALWAYS : PAGING_NONE;
    made->pages = &dialect->paging;
    if (!node)
        return 0;
    if (node->kind == YAML_MAP)
        return load_page_sizes(node, dialect, arena, made, err);
    if (node->kind == YAML_TEXT && str_is(node->text, "none"))
        made->paging = PAGING_NONE;
    else if (node->kind == YAML_TEXT && str_is(node->text, "optional"))
        made->paging = PAGING_OPTIONAL;
    else
        return yaml_fault(node, err, "unknown paging, expected none, optional or sizes");
    return 0;
}

static int load_body(const struct yaml *map, struct operation *made, struct err *err)
{
    static const char *const known[] = { "in", "bare", "many", "skip", "same", "resource", "pass", "whole", "optional", NULL };
    const struct yaml *node = yaml_get(map, "body");

    if (!node)
        return 0;
    made->has_body = true;
    if (yaml_map(node, err) || yaml_only(node, known, err))
        return -1;
    return yaml_get_text(node, "in", &made->wrapper, err) || yaml_get_text(node, "bare", &made->bare, err) ||
                   yaml_get_text(node, "skip", &made->skip, err) || yaml_get_text(node, "same", &made->same, err) ||
                   load_number(node, "many", 1, 10000, &made->many, err) ||
                   yaml_get_text(node, "resource", &made->body_resource, err) ||
                   yaml_get_bool(node, "pass", &made->pass, err) ||
                   yaml_get_bool(node, "whole", &made->whole, err) || yaml_get_bool(node, "optional", &made->optional, err)
               ? -1
               : 0;
}

static int find_lens(const struct dialect *dialect, const struct yaml *place, struct str resource,
                     const struct lens **lens, struct err *err)
{
    struct near near = near_to(resource);

    for (size_t i = 0; i < dialect->lens_count; i++) {
        near_try(&near, lens_resource(dialect->lenses[i]));
        if (str_eq(lens_resource(dialect->lenses[i]), resource))
            *lens = dialect->lenses[i];
    }
    if (!resource.len || *lens)
        return 0;
    (void)yaml_fault(place, err, "no mapping file has resource: " STR_FMT, STR_ARG(resource));
    return err_meant(err, near.best);
}

static int load_include(const struct dialect *dialect, struct arena *arena, const struct yaml *map, struct include *made,
                        struct err *err)
{
    static const char *const known[] = { "resource", "from", "call", "param", "fixed", "scopes", NULL };
    struct str resource = STR_NONE;

    made->name = map->key;
    if (yaml_map(map, err) || yaml_only(map, known, err) || yaml_get_text(map, "resource", &resource, err) ||
        yaml_get_text(map, "from", &made->from, err) || yaml_get_text(map, "call", &made->call, err) ||
        yaml_get_text(map, "param", &made->param, err) ||
        load_fixed(yaml_get(map, "fixed"), arena, &made->fixed, &made->fixed_count, err) ||
        yaml_get_texts(map, "scopes", arena, &made->scopes, &made->scope_count, err))
        return -1;
    if (find_lens(dialect, yaml_get(map, "resource"), resource, &made->lens, err))
        return -1;
    if (!made->lens || !made->from.len || !made->call.len || !made->param.len || !made->scope_count)
        return yaml_fault(map, err, "an include needs resource (of a mapping file), from, call, param and scopes");
    return 0;
}

static int load_includes(const struct dialect *dialect, struct arena *arena, const struct yaml *map,
                         struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "include");

    if (!node)
        return 0;
    if (yaml_map(node, err))
        return -1;
    made->includes = ARENA_ARRAY(arena, struct include, node->count);
    for (const struct yaml *child = node->first; child; child = child->next)
        if (load_include(dialect, arena, child, &made->includes[made->include_count++], err))
            return -1;
    return 0;
}

/* Their answers name what lacks otherwise: a scope, the methods, the wrapper. It would be media types here. */
static bool tells_more(enum err_code code)
{
    return code == ERR_SCOPE || code == ERR_METHOD || code == ERR_MISSING_WRAPPER;
}

/* Status and error name that are numbers or words of their own. */
static int load_status(const struct yaml *map, struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "media_error");
    unsigned status = 200;

    if (load_number(map, "status", 200, 299, &status, err))
        return -1;
    made->status = (int)status;
    made->media_error = ERR_MEDIA_TYPE;
    if (!node)
        return 0;
    made->media_error = node->kind == YAML_TEXT ? err_by_name(node->text) : ERR_NONE;
    if (made->media_error == ERR_NONE)
        return yaml_fault(node, err, "unknown error name, expected one of docs/dialect.md such as media_type");
    if (tells_more(made->media_error))
        return yaml_fault(node, err, STR_FMT " is not about media types, expected an error such as media_type or forbidden",
                          STR_ARG(node->text));
    return 0;
}

/* "/thing/{id}"; nothing else stands in braces: it would be shown as it is here. */
static int load_location(const struct yaml *map, struct operation *made, struct err *err)
{
    struct str tail = STR("/{id}"), text = STR_NONE;

    if (yaml_get_text(map, "location", &text, err))
        return -1;
    made->location = text;
    bool whole = text.len > tail.len && text.ptr[0] == '/' && str_eq(str_from_at(text, text.len - tail.len), tail);
    if (whole && memchr(text.ptr, '{', text.len - tail.len))
        return yaml_fault(yaml_get(map, "location"), err, "found \"" STR_FMT "\", expected no {name} before the last /{id}, which alone is replaced",
                          STR_ARG(text));
    if (!text.ptr || whole)
        return 0;
    return yaml_fault(yaml_get(map, "location"), err, "found \"" STR_FMT "\", expected a path that ends with /{id}, such as /things/{id}",
                      STR_ARG(text));
}

static int load_answers(const struct yaml *map, struct arena *arena, struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "answers");

    if (load_template(map, "answer", arena, &made->answer, err) ||
        load_template(map, "answer_bare", arena, &made->answer_bare, err) ||
        load_template(map, "each", arena, &made->each, err))
        return -1;
    if (!node || yaml_map(node, err))
        return node ? -1 : 0;
    struct named_answer *answers = ARENA_ARRAY(arena, struct named_answer, node->count);
    made->answers = answers;
    for (const struct yaml *child = node->first; child; child = child->next) {
        struct template *fresh;
        if (template_load(&fresh, arena, child, err))
            return -1;
        answers[made->answer_count++] = (struct named_answer){ .name = child->key, .answer = fresh };
    }
    return 0;
}

/* What stands beside what. */
static int check_whole(const struct yaml *map, const struct operation *made, struct err *err)
{
    if (made->whole && (!made->stored.len || made->many))
        return yaml_fault(yaml_get(map, "body"), err, "whole: without stored:, expected an update of one document");
    if (made->optional && (made->wrapper.len || made->many || made->pass))
        return yaml_fault(yaml_get(map, "body"), err, "optional: beside in:, many: or pass:, expected a body that is the document");
    if (made->each && !template_uses(made->answer, VAR_ENTRIES))
        return yaml_fault(yaml_get(map, "each"), err, "each: is not used, expected $entries in the answer");
    if (!made->each && template_uses(made->answer, VAR_ENTRIES))
        return yaml_fault(yaml_get(map, "answer"), err, "$entries without each:, expected what stands around an item");
    bool urls = made->each && template_uses(made->each, VAR_URL);
    if (urls && !made->location.len)
        return yaml_fault(yaml_get(map, "each"), err, "$url without location:, expected the path of one item");
    if (made->location.len && !urls && !made->has_body)
        return yaml_fault(yaml_get(map, "location"), err, "nothing is created, and each: has no $url, expected one of the two");
    if (made->each && template_uses(made->each, VAR_ENTRIES))
        return yaml_fault(yaml_get(map, "each"), err, "$entries inside each:, expected $item");
    return 0;
}

/* The lens of the resource, and every operation guarded: none is open by omission. */
static int check_operation(const struct dialect *dialect, const struct yaml *map, struct operation *made,
                           struct err *err)
{
    if (find_lens(dialect, yaml_get(map, "resource"), made->resource, &made->lens, err))
        return -1;
    made->body_lens = made->lens;
    if (made->body_resource.len &&
        find_lens(dialect, yaml_get(map, "body"), made->body_resource, &made->body_lens, err))
        return -1;
    if (!made->open && !made->scope_count)
        return yaml_fault(map, err, "an operation without scopes, expected scopes: [...] or open: true");
    if (made->builtin == BUILTIN_NONE && !made->call.len && !made->choose.lookup.len)
        return yaml_fault(map, err, "an operation that does nothing, expected call:, builtin: or choose:");
    if (!made->answer)
        return yaml_fault(map, err, "an operation without an answer, expected e.g. answer: $item");
    const struct yaml *answer = yaml_get(map, "answer");
    if (answer->kind == YAML_TEXT && !str_starts(answer->text, STR("$")))
        return yaml_fault(answer, err, "found \"" STR_FMT "\", expected a variable such as $item or a map",
                          STR_ARG(answer->text));
    if (load_check_version(map, made, err))
        return -1;
    bool shows = template_uses(made->answer, VAR_ITEM) || template_uses(made->answer, VAR_ITEMS) ||
                 template_uses(made->answer, VAR_ENTRIES);
    if (made->call.len && !made->lens && (shows || (made->has_body && !made->body_lens)))
        return yaml_fault(map, err, "a call without a resource, expected resource: NAME");
    if (made->open && made->me)
        return yaml_fault(yaml_get(map, "me"), err, "nobody is known where a call is open, expected scopes:");
    if (made->token && (made->open || made->path_count != 1 || !made->call.len))
        return yaml_fault(yaml_get(map, "token"), err, "expected scopes:, a call, and one parameter of the path");
    return load_check_path(map, made, err) || check_query(map, made, err) || check_whole(map, made, err) ? -1 : 0;
}

static int load_operation(const struct dialect *dialect, struct arena *arena, const struct yaml *map,
                          struct operation *made, struct err *err)
{
    static const char *const known[] = { "request", "also",  "scopes", "open", "me", "token", "builtin", "resource",
                                         "call",    "stored", "path",  "query",       "fixed",   "needs_one_of",
                                         "paging",  "body",  "media",  "media_error", "status",  "etag",
                                         "then",    "answer", "answer_bare", "inherit", "include", "via",
                                         "location", "modified", "each", "choose", "answers", "form", NULL };

    made->name = map->key;
    made->place = map;
    if (yaml_map(map, err) || yaml_only(map, known, err) || load_request(map, arena, made, err) ||
        load_also_methods(map, made, err) || yaml_get_texts(map, "scopes", arena, &made->scopes, &made->scope_count, err) ||
        yaml_get_bool(map, "open", &made->open, err) || yaml_get_bool(map, "me", &made->me, err) ||
        yaml_get_bool(map, "token", &made->token, err) || load_builtin(map, made, err) ||
        yaml_get_text(map, "resource", &made->resource, err) || yaml_get_text(map, "call", &made->call, err) ||
        yaml_get_text(map, "stored", &made->stored, err))
        return -1;
    struct parameter *path = NULL;
    if (load_parameters(yaml_get(map, "path"), arena, &path, &made->path_count, err) ||
        load_parameters(yaml_get(map, "query"), arena, &made->query, &made->query_count, err) ||
        load_fixed(yaml_get(map, "fixed"), arena, &made->fixed, &made->fixed_count, err) ||
        yaml_get_texts(map, "needs_one_of", arena, &made->one_of, &made->one_of_count, err) ||
        load_paging_mode(map, dialect, arena, made, err) || load_body(map, made, err) ||
        load_media_types(map, "media", arena, &made->media, &made->media_count, err) || load_status(map, made, err) ||
        load_etag(map, made, err) || yaml_get_text(map, "modified", &made->modified, err) ||
        load_location(map, made, err) || load_then(map, made, err) || load_inherit(map, arena, made, err) ||
        load_includes(dialect, arena, map, made, err) || load_via(map, made, err) ||
        load_choose(dialect, map, made, err) || load_answers(map, arena, made, err))
        return -1;
    made->path = path;
    return check_operation(dialect, map, made, err);
}

/* The next of the dialect's operations is complete. */
static int add_operation(struct dialect *dialect, const struct yaml *place, struct err *err)
{
    const struct operation *made = &dialect->operations[dialect->operation_count];

    for (size_t i = 0; i < dialect->operation_count; i++)
        if (load_same_route(&dialect->operations[i], made))
            return yaml_fault_key(place, err, "the same request as " STR_FMT, STR_ARG(dialect->operations[i].name));
    dialect->operation_count++;
    return 0;
}

/* One operation, and the one that its form makes. */
static int load_both(struct dialect *dialect, struct arena *arena, const struct yaml *place, struct err *err)
{
    struct operation *made = &dialect->operations[dialect->operation_count];

    made[0] = made[1] = (struct operation){ .name = STR_NONE }; /* of one that was left out something may stand there */
    if (load_operation(dialect, arena, place, made, err) || add_operation(dialect, place, err))
        return -1;
    return yaml_get(place, "form") && (load_form(place, arena, made, made + 1, err) || add_operation(dialect, place, err)) ? -1
                                                                                                                            : 0;
}

static bool has_lens(const struct dialect *dialect, const struct yaml *map)
{
    const struct yaml *node = map && map->kind == YAML_MAP ? yaml_get(map, "resource") : NULL;
    const struct lens *lens = NULL;
    struct err none;

    return !node || node->kind != YAML_TEXT || !find_lens(dialect, node, node->text, &lens, &none);
}

/* The operation names a mapping that is not here; in a dialect that lacks one that is no fault of its own. */
static bool rests_on_others(const struct dialect *dialect, const struct yaml *map)
{
    const struct yaml *includes = map->kind == YAML_MAP ? yaml_get(map, "include") : NULL;

    if (!dialect->incomplete || map->kind != YAML_MAP)
        return false;
    for (const struct yaml *child = includes ? includes->first : NULL; child; child = child->next)
        if (!has_lens(dialect, child))
            return true;
    return !has_lens(dialect, map) || !has_lens(dialect, yaml_get(map, "body"));
}

int load_operations(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err_list *faults,
                    struct err *err)
{
    bool lacks = false;

    if (!map || yaml_map(map, err))
        return map ? -1 : yaml_fault(dialect->place, err, "no operations:, expected it (docs/dialect.md)");
    dialect->operations = ARENA_ARRAY(arena, struct operation, 2 * map->count + 2); /* each may have a form */
    for (const struct yaml *child = map->first; child; child = child->next) {
        if (!load_both(dialect, arena, child, err))
            continue;
        lacks = true;
        if (!rests_on_others(dialect, child) && err_note(faults, err))
            return -1;
    }
    dialect->incomplete |= lacks;
    load_versions(dialect);
    return dialect->incomplete ? 0 : load_choices(dialect, err);
}
