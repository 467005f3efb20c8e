/* etag: and modified: of an operation; and whose version counts where it shows none. */
#include "dialect/load.h"

/* true: the backend's validator; or `shown`: one of what is shown, which is weak, as it does not tell of every byte. */
int load_etag(const struct yaml *map, struct operation *made, struct err *err)
{
    const struct yaml *node = yaml_get(map, "etag");

    made->etag_shown = node && node->kind == YAML_TEXT && str_is(node->text, "shown");
    made->etag = made->etag_shown;
    return made->etag_shown ? 0 : yaml_get_bool(map, "etag", &made->etag, err);
}

/* What tells the versions of an entity apart needs one, and is said where that entity is read or written. */
int load_check_version(const struct yaml *map, const struct operation *made, struct err *err)
{
    bool one_entity = template_uses(made->answer, VAR_ITEM) && !made->many;

    if (made->etag_shown && !one_entity)
        return yaml_fault(yaml_get(map, "etag"), err, "etag: shown is of one entity, expected answer: $item");
    if (!made->modified.len)
        return 0;
    if (!one_entity)
        return yaml_fault(yaml_get(map, "modified"), err, "modified: is of one entity, expected answer: $item");
    if (made->choose.lookup.len)
        return yaml_fault(yaml_get(map, "modified"), err, "modified: is what the chosen operation says, expected it there");
    return made->lens ? 0 : yaml_fault(yaml_get(map, "modified"), err, "modified: is of an entity, expected resource: NAME");
}

static const struct parameter *named(const struct operation *operation, struct str name)
{
    for (size_t i = 0; i < operation->path_count; i++)
        if (str_eq(operation->path[i].name, name))
            return &operation->path[i];
    return NULL;
}

/* What the paths name goes to the calls as the same arguments. */
static bool same_target(const struct operation *a, const struct operation *b)
{
    if (!load_same_path(a, b))
        return false;
    for (size_t i = 0; i < a->segment_count; i++) {
        if (!a->segments[i].is_parameter)
            continue;
        const struct parameter *one = named(a, a->segments[i].text), *other = named(b, b->segments[i].text);
        if (!one || !other || one->type != other->type || !str_eq(one->kind, other->kind) || !str_eq(one->to, other->to))
            return false;
    }
    return true;
}

static bool reads_one(const struct operation *operation)
{
    return operation->etag && str_is(operation->methods[0], "GET") && operation->lens &&
           template_uses(operation->answer, VAR_ITEM);
}

/* A document is about the entity that is read there, and compared with what that reading shows. */
static bool may_judge(const struct operation *reads, const struct operation *writes)
{
    bool other_read = writes->stored.len && !str_eq(writes->stored, reads->call);
    bool other_entity = writes->has_body && !str_eq(lens_entity(writes->body_lens), lens_entity(reads->lens));

    return !other_read && !other_entity;
}

void load_versions(struct dialect *dialect)
{
    for (size_t i = 0; i < dialect->operation_count; i++) {
        struct operation *made = &dialect->operations[i];
        bool writes = made->call.len && !made->etag && !made->form_of && !str_is(made->methods[0], "GET");
        for (size_t k = 0; writes && k < dialect->operation_count; k++)
            if (reads_one(&dialect->operations[k]) && same_target(&dialect->operations[k], made) &&
                may_judge(&dialect->operations[k], made))
                made->versioned_by = &dialect->operations[k];
    }
}
