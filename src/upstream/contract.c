#include "upstream/contract.h"

#include "conf/conf.h"
#include "upstream/load.h"

struct contract {
    struct contract_call *calls;
    size_t count;
    const struct yaml *scopes; /* verb: [what, …]; NULL: any */
    const struct yaml *members; /* entity: { member: type or [word, …] }; NULL: they may be anything */
    const struct yaml *further; /* entity: [member, …]; NULL: none */
    struct contract_whose whose;
};

/* "GET /v1/patients/{patient_id}/groups" in literal runs and parameters. */
static int load_request(const struct yaml *map, struct arena *arena, struct contract_call *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "request");
    struct str path;

    if (!node || node->kind != YAML_TEXT || !str_cut(node->text, ' ', &made->method, &path) || !path.len ||
        path.ptr[0] != '/')
        return yaml_fault(node ? node : map, err, "no request, expected e.g. GET /v1/things/{thing_id}");
    struct contract_segment *segments = ARENA_ARRAY(arena, struct contract_segment, path.len + 1);
    size_t count = 0;
    while (path.len) {
        bool hole = path.ptr[0] == '{';
        const char *end = memchr(path.ptr, hole ? '}' : '{', path.len);
        size_t len = end ? (size_t)(end - path.ptr) : path.len;
        if (hole && !end)
            return yaml_fault(node, err, "an unclosed {, expected e.g. {thing_id}");
        if (hole && len == 1)
            return yaml_fault(node, err, "a {} without a name, expected e.g. {thing_id}");
        segments[count++] = (struct contract_segment){ .text = str_of(path.ptr + hole, len - hole), .is_parameter = hole };
        path = str_from_at(path, len + hole);
    }
    made->segments = segments;
    made->segment_count = count;
    return 0;
}

static bool is_declared(struct str name, const struct conf *conf)
{
    if (conf->backend.all_completions)
        return true;
    for (size_t i = 0; i < conf->backend.completion_count; i++)
        if (str_eq(conf->backend.completions[i], name))
            return true;
    return false;
}

/* after: { ORDER: [MEMBER, …] } */
static int load_afters(const struct yaml *map, struct arena *arena, struct contract_call *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "after");

    if (!node)
        return 0;
    if (yaml_map(node, err))
        return -1;
    struct contract_after *afters = ARENA_ARRAY(arena, struct contract_after, node->count);
    made->afters = afters;
    for (const struct yaml *child = node->first; child; child = child->next) {
        if (yaml_list(child, err))
            return -1;
        struct str *members = ARENA_ARRAY(arena, struct str, child->count);
        struct contract_after *after = &afters[made->after_count++];
        *after = (struct contract_after){ .order = child->key, .members = members };
        for (const struct yaml *member = child->first; member; member = member->next)
            if (yaml_text(member, &members[after->member_count++], err))
                return -1;
    }
    return 0;
}

const struct contract_after *contract_after(const struct contract_call *call, struct str order)
{
    static const struct str created[] = { STR_INIT("created_at") };
    static const struct contract_after usual = { .members = created, .member_count = 1 };

    if (!order.ptr)
        return &usual;
    for (size_t i = 0; i < call->after_count; i++)
        if (str_eq(call->afters[i].order, order))
            return &call->afters[i];
    return NULL;
}

/* Of nothing but what is shown: entities that are compared or looked up are whole answers. */
static int load_item(const struct yaml *map, struct contract_call *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "item");
    bool plain = str_is(made->method, "GET") && made->segment_count == 1 && !made->items.len;

    if (node && !plain)
        return yaml_fault(node, err, "the entity is a member of the answer, expected a GET without parameters in its path, and no items:");
    return yaml_get_text(map, "item", &made->item, err);
}

static int load_lists(const struct yaml *map, struct arena *arena, struct contract_call *made, struct err *err)
{
    if (yaml_get_texts(map, "lists", arena, &made->lists, &made->list_count, err))
        return -1;
    for (size_t i = 0; i < made->list_count; i++)
        if (!contract_takes(made, made->lists[i]))
            return yaml_fault(yaml_get(map, "lists"), err, "'" STR_FMT "' is not under query:", STR_ARG(made->lists[i]));
    return 0;
}

static int load_call(const struct yaml *map, struct arena *arena, struct contract_call *made, const struct conf *conf,
                     struct err *err)
{
    static const char *const known[] = { "request", "entity", "items", "item", "total", "brand", "page", "query", "documented",
                                         "beyond",  "instead", "after", "needs", "lists", "replaces", NULL };
    struct str brand = STR_NONE;

    made->name = map->key;
    if (yaml_map(map, err) || yaml_only(map, known, err) || load_request(map, arena, made, err) ||
        yaml_get_texts(map, "query", arena, &made->query, &made->query_count, err) || load_lists(map, arena, made, err) ||
        yaml_get_text(map, "entity", &made->entity, err) || yaml_get_text(map, "items", &made->items, err) ||
        load_item(map, made, err) || yaml_get_text(map, "total", &made->total, err) ||
        yaml_get_text(map, "brand", &brand, err) || yaml_get_bool(map, "page", &made->paged, err) ||
        yaml_get_bool(map, "documented", &made->documented, err) || yaml_get_bool(map, "replaces", &made->replaces, err) || load_beyond(map, arena, made, err) ||
        load_afters(map, arena, made, err) || yaml_get_texts(map, "needs", arena, &made->needs, &made->need_count, err))
        return -1;
    if (brand.len && !str_is(brand, "query"))
        return yaml_fault(yaml_get(map, "brand"), err, "unknown place for the brand, expected query");
    made->brand_in_query = brand.len > 0;
    made->served = made->documented || is_declared(made->name, conf);
    made->beyond_served = is_declared(made->beyond_name, conf);
    return 0;
}

/* A completion that no call is would be one that is never used. */
static int check_declared(const struct contract *contract, const struct conf *conf, struct err *err)
{
    for (size_t i = 0; i < conf->backend.completion_count; i++) {
        struct str name = conf->backend.completions[i];
        bool known = contract_find(contract, name) != NULL;
        for (size_t k = 0; k < contract->count && !known; k++)
            known = str_eq(contract->calls[k].beyond_name, name);
        if (!known)
            return err_set(err, ERR_CONFIG,
                           "backend.completions: unknown '" STR_FMT "', expected names of canonical/contract.yaml",
                           STR_ARG(name));
    }
    return 0;
}

static int load_scopes(struct contract *contract, const struct yaml *map, struct err *err)
{
    struct str text;

    contract->scopes = map;
    if (!map || yaml_map(map, err))
        return map ? -1 : 0;
    for (const struct yaml *verb = map->first; verb; verb = verb->next) {
        if (yaml_list(verb, err))
            return -1;
        for (const struct yaml *what = verb->first; what; what = what->next)
            if (yaml_text(what, &text, err))
                return -1;
    }
    return 0;
}

bool contract_has_scope(const struct contract *contract, struct str scope)
{
    struct str verb, what;

    if (!contract->scopes || !str_cut(scope, ':', &verb, &what))
        return !contract->scopes;
    for (const struct yaml *list = contract->scopes->first; list; list = list->next)
        for (const struct yaml *one = list->first; one; one = one->next)
            if (str_eq(list->key, verb) && str_eq(one->text, what))
                return true;
    return false;
}

void contract_near_scope(const struct contract *contract, struct arena *arena, struct near *near)
{
    for (const struct yaml *list = contract->scopes ? contract->scopes->first : NULL; list; list = list->next)
        for (const struct yaml *one = list->first; one; one = one->next)
            near_try(near, arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(list->key), STR_ARG(one->text)));
}

const struct contract_whose *contract_whose(const struct contract *contract)
{
    return &contract->whose;
}

int contract_load(struct contract **contract, struct arena *arena, const char *mappings, const struct conf *conf,
                  struct err *err)
{
    static const char *const known[] = { "scopes", "members", "further", "whose", "calls", NULL };
    const struct yaml *root;

    if (yaml_load(&root, arena, arena_printf(arena, "%s/canonical/contract.yaml", mappings).ptr, err) ||
        yaml_map(root, err) || yaml_only(root, known, err))
        return -1;
    const struct yaml *calls = yaml_get(root, "calls");
    if (!calls || calls->kind != YAML_MAP)
        return yaml_fault(root, err, "no calls, expected calls:");
    struct contract *made = *contract = ARENA_NEW(arena, struct contract);
    made->calls = ARENA_ARRAY(arena, struct contract_call, calls->count);
    made->members = yaml_get(root, "members");
    made->further = yaml_get(root, "further");
    if (load_scopes(made, yaml_get(root, "scopes"), err) || (made->members && load_entities(made->members, err)) ||
        (made->further && load_further(made->further, made->members, err)))
        return -1;
    for (const struct yaml *child = calls->first; child; child = child->next)
        if (load_call(child, arena, &made->calls[made->count++], conf, err))
            return -1;
    size_t at = 0;
    for (const struct yaml *child = calls->first; child; child = child->next)
        if (load_instead(child, arena, made, &made->calls[at++], err))
            return -1;
    return load_whose(yaml_get(root, "whose"), made, &made->whose, err) || check_declared(made, conf, err) ? -1 : 0;
}

const struct contract_call *contract_find(const struct contract *contract, struct str name)
{
    for (size_t i = 0; i < contract->count; i++)
        if (str_eq(contract->calls[i].name, name))
            return &contract->calls[i];
    return NULL;
}

size_t contract_count(const struct contract *contract)
{
    return contract->count;
}

const struct contract_call *contract_at(const struct contract *contract, size_t index)
{
    return &contract->calls[index];
}

bool contract_has_entity(const struct contract *contract, struct str entity)
{
    for (size_t i = 0; i < contract->count; i++)
        if (str_eq(contract->calls[i].entity, entity))
            return true;
    return false;
}

int contract_judge(const struct contract *contract, struct str entity, struct str path, const struct yaml *value,
                   struct arena *arena, struct err *err)
{
    const struct yaml *member = yaml_get_str(yaml_get_str(contract->members, entity), path);

    return member ? judge_literal(member, entity, value, arena, err) : 0;
}

int contract_judge_name(const struct contract *contract, struct str entity, struct str path, const struct yaml *place,
                        struct arena *arena, struct err *err)
{
    const struct yaml *members = yaml_get_str(contract->members, entity), *further = yaml_get_str(contract->further, entity);
    struct str name = path, within;

    (void)str_cut(path, '.', &name, &within);
    return members ? judge_name(members, further, name, place, arena, err) : 0;
}

static bool same_path(const struct contract_call *a, const struct contract_call *b)
{
    if (a->segment_count != b->segment_count)
        return false;
    for (size_t i = 0; i < a->segment_count; i++)
        if (a->segments[i].is_parameter != b->segments[i].is_parameter ||
            !str_eq(a->segments[i].text, b->segments[i].text))
            return false;
    return true;
}

const struct contract_call *contract_reader(const struct contract *contract, const struct contract_call *call)
{
    for (size_t i = 0; i < contract->count; i++)
        if (str_is(contract->calls[i].method, "GET") && same_path(&contract->calls[i], call))
            return &contract->calls[i];
    return NULL;
}

/* /v1/<names>/{id}: one parameter, at the end. */
static bool reads_one(const struct contract_call *call)
{
    size_t parameters = 0;

    for (size_t i = 0; i < call->segment_count; i++)
        parameters += call->segments[i].is_parameter;
    return str_is(call->method, "GET") && !call->items.len && parameters == 1 &&
           call->segments[call->segment_count - 1].is_parameter;
}

const struct contract_call *contract_entity_reader(const struct contract *contract, struct str entity)
{
    for (size_t i = 0; i < contract->count; i++)
        if (str_eq(contract->calls[i].entity, entity) && reads_one(&contract->calls[i]))
            return &contract->calls[i];
    return NULL;
}

bool contract_serves(const struct contract_call *call, const struct str *names, size_t count)
{
    if (!call->served || call->beyond_served)
        return call->served;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < call->beyond_count; k++)
            if (str_eq(names[i], call->beyond[k]))
                return false;
    return true;
}

bool contract_names(const struct contract_call *call, struct str parameter)
{
    for (size_t i = 0; i < call->segment_count; i++)
        if (call->segments[i].is_parameter && str_eq(call->segments[i].text, parameter))
            return true;
    return false;
}

struct str contract_key(const struct contract_call *call)
{
    struct str key = STR_NONE;

    for (size_t i = 0; i < call->segment_count; i++)
        if (call->segments[i].is_parameter)
            key = call->segments[i].text;
    return key;
}

bool contract_takes(const struct contract_call *call, struct str parameter)
{
    if (contract_names(call, parameter))
        return true;
    for (size_t i = 0; i < call->query_count; i++)
        if (str_eq(call->query[i], parameter))
            return true;
    return false;
}

bool contract_offers(const struct contract_call *call, struct str parameter)
{
    return contract_takes(call, parameter) && contract_serves(call, &parameter, 1);
}

bool contract_lists(const struct contract_call *call, struct str parameter)
{
    for (size_t i = 0; i < call->list_count; i++)
        if (str_eq(call->lists[i], parameter))
            return true;
    return false;
}

uint32_t contract_items(const struct contract_call *call, const struct tape *answer)
{
    uint32_t at = answer->count ? tape_find(answer, 0, call->items) : TAPE_NONE;

    return at != TAPE_NONE && tape_type(answer, at) == JSON_ARRAY ? at : TAPE_NONE;
}

bool contract_item(const struct contract_call *call, const struct tape *answer, uint32_t *at)
{
    *at = !answer->count ? TAPE_NONE : call->item.len ? tape_find(answer, 0, call->item) : 0;
    if (*at == TAPE_NONE || tape_type(answer, *at) == JSON_OBJECT)
        return *at != TAPE_NONE;
    bool says_none = call->item.len && tape_type(answer, *at) == JSON_NULL;
    *at = TAPE_NONE;
    return says_none;
}
