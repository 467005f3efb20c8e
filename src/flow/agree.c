/* Each dialect's operations against the contract and against the mappings that they name. */
#include "flow/agree.h"

#include "yaml/yaml.h"

static int wrong_kind(const struct gateway *gateway, const struct yaml *place, struct str kind, struct err *err)
{
    struct near near = near_to(kind);

    for (size_t i = 0; i < contract_count(gateway->contract); i++)
        near_try(&near, contract_at(gateway->contract, i)->entity);
    (void)yaml_fault(place, err, "there is no entity '" STR_FMT "', expected one of canonical/contract.yaml such as patient",
                     STR_ARG(kind));
    return err_meant(err, near.best);
}

/* A canonical id is no number, so `as: integer` would show null everywhere, and nobody could name the entity. */
static int check_number(const struct dialect *dialect, const struct yaml *field, const struct yaml *kind, struct err *err)
{
    const struct yaml *as = yaml_get(field, "as");
    enum id_form form = dialect_id_form(dialect, kind->text);

    if (!as || dialect->incomplete || /* `ids:` may stand behind its fault */
        form == ID_INTEGER || form == ID_VERBATIM)
        return 0;
    return yaml_fault(as, err, "ids of the kind " STR_FMT " are no numbers here, expected `ids: { " STR_FMT ": integer }` in dialect.yaml",
                      STR_ARG(kind->text), STR_ARG(kind->text));
}

static int check_kind(const struct gateway *gateway, const struct dialect *dialect, const struct yaml *field,
                      const struct yaml *kind, struct err *err)
{
    if (!contract_has_entity(gateway->contract, kind->text))
        return wrong_kind(gateway, kind, kind->text, err);
    return check_number(dialect, field, kind, err);
}

/* Fields of the type id, wherever they stand in the file. `*fine`: none has a fault. */
static int check_kinds(const struct gateway *gateway, const struct dialect *dialect, const struct yaml *node,
                       struct err_list *faults, bool *fine, struct err *err)
{
    const struct yaml *type = node->kind == YAML_MAP ? yaml_get(node, "type") : NULL;
    const struct yaml *kind =
        type && type->kind == YAML_TEXT && str_is(type->text, "id") ? yaml_get(node, "kind") : NULL;

    if (kind && kind->kind == YAML_TEXT && check_kind(gateway, dialect, node, kind, err)) {
        *fine = false;
        if (err_note(faults, err))
            return -1;
    }
    for (const struct yaml *child = node->first; child; child = child->next)
        if (check_kinds(gateway, dialect, child, faults, fine, err))
            return -1;
    return 0;
}

static int check_parameter_kinds(const struct gateway *gateway, const struct parameter *parameters,
                                 size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (parameters[i].kind.len && !contract_has_entity(gateway->contract, parameters[i].kind))
            return wrong_kind(gateway, yaml_get(parameters[i].place, "kind"), parameters[i].kind, err);
    return 0;
}

/* One that is misspelt is granted to nobody, and `admin:` of it or of all hides that. */
static int check_scope(const struct gateway *gateway, const struct yaml *scope, struct err *err)
{
    struct near near = near_to(scope->text);

    if (contract_has_scope(gateway->contract, scope->text))
        return 0;
    contract_near_scope(gateway->contract, gateway->arena, &near);
    (void)yaml_fault(scope, err, "there is no scope '" STR_FMT "', expected one of canonical/contract.yaml such as read:patients",
                     STR_ARG(scope->text));
    return err_meant(err, near.best);
}

static int check_scopes(const struct gateway *gateway, const struct yaml *map, struct err *err)
{
    const struct yaml *scopes = yaml_get(map, "scopes");

    for (const struct yaml *scope = scopes ? scopes->first : NULL; scope; scope = scope->next)
        if (check_scope(gateway, scope, err))
            return -1;
    return 0;
}

/* The operation's own, and those of what it may include. */
static int check_all_scopes(const struct gateway *gateway, const struct operation *operation, struct err *err)
{
    const struct yaml *includes = yaml_get(operation->place, "include");

    for (const struct yaml *include = includes ? includes->first : NULL; include; include = include->next)
        if (check_scopes(gateway, include, err))
            return -1;
    return check_scopes(gateway, operation->place, err);
}

int agree_lookup(const struct gateway *gateway, const struct lookup *lookup, struct err *err)
{
    const struct yaml *scope = yaml_get(lookup->place, "scope");

    return scope ? check_scope(gateway, scope, err) : 0;
}

int agree_dialect(const struct gateway *gateway, const struct dialect *dialect, struct err *err)
{
    const struct yaml *ids = yaml_get(dialect->place, "ids");

    for (const struct yaml *id = ids ? ids->first : NULL; id; id = id->next)
        if (!contract_has_entity(gateway->contract, id->key))
            return wrong_kind(gateway, id, id->key, err);
    return 0;
}

int agree_lens(const struct gateway *gateway, const struct dialect *dialect, const struct lens *lens, struct err_list *faults,
               bool *fine, struct err *err)
{
    const struct yaml *fields = yaml_get(lens_head(lens), "fields");

    *fine = true;
    if (fields && check_kinds(gateway, dialect, fields, faults, fine, err))
        return -1;
    return agree_values(gateway, lens, faults, err);
}

static int check_entity(const struct operation *operation, const struct lens *lens,
                        const struct contract_call *call, struct err *err)
{
    if (!lens || !call->entity.len || str_eq(lens_entity(lens), call->entity))
        return 0;
    return yaml_fault(yaml_get(lens_head(lens), "entity"), err,
                      "entity is " STR_FMT ", but " STR_FMT " of " STR_FMT " is about " STR_FMT,
                      STR_ARG(lens_entity(lens)), STR_ARG(call->name), STR_ARG(operation->name),
                      STR_ARG(call->entity));
}

/* Some field has this path behind its `is:`, wherever it stands. */
static bool writes(const struct yaml *node, struct str path)
{
    const struct yaml *is = node->kind == YAML_MAP ? yaml_get(node, "is") : NULL;

    if (is && is->kind == YAML_TEXT && str_eq(is->text, path))
        return true;
    for (const struct yaml *child = node->first; child; child = child->next)
        if (writes(child, path))
            return true;
    return false;
}

/* What a call needs and the mapping never writes: the backend would refuse every document, whatever the client says. */
static int check_needs(const struct operation *operation, const struct contract_call *call, struct err *err)
{
    const struct yaml *head = operation->body_lens ? lens_head(operation->body_lens) : NULL;

    for (size_t i = 0; head && i < call->need_count; i++) {
        const struct yaml *set = yaml_get(head, "set");
        bool written = writes(yaml_get(head, "fields"), call->needs[i]);
        for (const struct yaml *row = set ? set->first : NULL; row && !written; row = row->next)
            written = str_eq(row->key, call->needs[i]);
        if (!written)
            return yaml_fault(head, err, "nothing writes " STR_FMT ", which " STR_FMT " needs, expected a field or a row of set:",
                              STR_ARG(call->needs[i]), STR_ARG(call->name));
    }
    return 0;
}

/* What a document says beyond its fields is kept beside the entity that is shown: where that keeps nothing it would be lost. */
static int check_kept(const struct operation *operation, struct err *err)
{
    const struct lens *body = operation->body_lens, *shown = operation->lens;

    if (!operation->has_body || operation->pass || !body || lens_rest(body) != REST_STORE ||
        (shown && lens_rest(shown) == REST_STORE))
        return 0;
    return yaml_fault(yaml_get(operation->place, "body"), err,
                      "what " STR_FMT " keeps nothing shows, expected rest: refuse there, or a resource: with rest: store",
                      STR_ARG(lens_resource(body)));
}

/* Some mapping of the entity says the moment that `modified:` names: else it is misspelt, and there is never a header. */
static int check_modified(const struct gateway *gateway, const struct operation *operation, struct err *err)
{
    struct str member = operation->modified, entity = operation->lens ? lens_entity(operation->lens) : STR_NONE;

    if (!member.len || gateway->incomplete) /* the mapping that has it may be one that is not here */
        return 0;
    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->lens_count; k++) {
            const struct lens *lens = gateway->dialects[i]->lenses[k];
            if (str_eq(lens_entity(lens), entity) && lens_has_moment(lens, member))
                return 0;
        }
    return yaml_fault(yaml_get(operation->place, "modified"), err,
                      "nothing reaches the moment \"" STR_FMT "\": no mapping of " STR_FMT
                      " has it, expected a canonical member that is one",
                      STR_ARG(member), STR_ARG(entity));
}

/* What changes an entity needs a document; and where the entity can be read, it is, so that what a client
 * read and writes back changes nothing. */
static int check_writing(const struct gateway *gateway, const struct operation *operation,
                         const struct contract_call *call, struct err *err)
{
    const struct bound *bound = operation->bound;
    const struct contract_call *read = contract_reader(gateway->contract, call);

    if (!operation->has_body && (str_is(call->method, "POST") || str_is(call->method, "PATCH")))
        return yaml_fault(operation->place, err,
                          STR_FMT " sends a document, expected body: {} or body: { in: MEMBER }",
                          STR_ARG(call->name));
    if (str_is(call->method, "PATCH") && read && !bound->stored)
        return yaml_fault(operation->place, err, "an update without stored:, expected stored: " STR_FMT,
                          STR_ARG(read->name));
    return 0;
}

/* A patient in the path that the call is not told: what is shown is compared with it, and what is changed is read before. */
static int check_nested(const struct operation *operation, const struct contract_call *call, struct err *err)
{
    const struct bound *bound = operation->bound;

    for (size_t i = 0; i < operation->path_count && !bound->via; i++) {
        const struct parameter *parameter = &operation->path[i];
        if (!str_is(parameter->kind, "patient") || parameter->to.len || str_is(call->entity, "patient"))
            continue;
        if (call->items.len || str_is(call->method, "POST"))
            return yaml_fault(parameter->place, err, STR_FMT " is not told of this patient, expected to: patient_id and a call that takes it",
                              STR_ARG(call->name));
        if (!str_is(call->method, "GET") && !bound->stored)
            return yaml_fault(operation->place, err,
                              "nothing reads whose patient's the entity is before it is changed, expected stored: with the call that reads it");
    }
    return 0;
}

/* RFC 9110 sections 9.2.1 and 9.3.1. A GET has no body that anybody could count on. A request that is said to read is given up when
 * its client leaves (leave.c). */
static int check_reading(const struct operation *operation, const struct contract_call *call, struct err *err)
{
    for (size_t i = 0; i < operation->method_count; i++) {
        if (!str_is(operation->methods[i], "GET"))
            continue;
        if (!str_is(call->method, "GET"))
            return yaml_fault(operation->place, err, "GET must only read, but " STR_FMT " is a " STR_FMT,
                              STR_ARG(call->name), STR_ARG(call->method));
        if (operation->has_body)
            return yaml_fault_key(yaml_get(operation->place, "body"), err, "a GET has no body, expected no body: here");
    }
    return 0;
}

int agree_operation(const struct gateway *gateway, const struct operation *operation, struct err *err)
{
    const struct bound *bound = operation->bound;
    const struct contract_call *call = bound->call;
    const struct yaml *place = operation->place;

    if (check_parameter_kinds(gateway, operation->path, operation->path_count, err) ||
        check_parameter_kinds(gateway, operation->query, operation->query_count, err))
        return -1;
    if (operation->open && operation->builtin == BUILTIN_NONE)
        return yaml_fault(yaml_get(place, "open"), err, "the backend is asked on somebody's behalf, expected scopes:");
    if (check_all_scopes(gateway, operation, err) || check_modified(gateway, operation, err))
        return -1;
    if (!call)
        return 0;
    if (check_reading(operation, call, err) || check_entity(operation, operation->lens, call, err))
        return -1;
    if (template_uses(operation->answer, VAR_ITEM) && call->items.len && !operation->has_body)
        return yaml_fault(yaml_get(place, "answer"), err, STR_FMT " is a list, expected $items",
                          STR_ARG(call->name));
    if (template_uses(operation->answer, VAR_ITEMS) && !call->items.len)
        return yaml_fault(yaml_get(place, "answer"), err, STR_FMT " is not a list, expected $item",
                          STR_ARG(call->name));
    if (bound->stored && (bound->stored->items.len || !str_eq(bound->stored->entity, call->entity)))
        return yaml_fault(yaml_get(place, "stored"), err, STR_FMT " does not read one " STR_FMT,
                          STR_ARG(bound->stored->name), STR_ARG(call->entity));
    if (check_nested(operation, call, err))
        return -1;
    return check_kept(operation, err) || check_needs(operation, call, err) || check_writing(gateway, operation, call, err) ? -1 : 0;
}
