/* What all loops share: mappings, contract, and how they belong together. */
#include "flow/agree.h"

#include "conf/conf.h"
#include "flow/turns.h"
#include "yaml/yaml.h"

const struct dialect *gateway_dialect(const struct gateway *gateway, struct str name)
{
    for (size_t i = 0; i < gateway->dialect_count; i++)
        if (str_eq(gateway->dialects[i]->name, name))
            return gateway->dialects[i];
    return NULL;
}

static int find_call(const struct gateway *gateway, const struct yaml *place, struct str name,
                     const struct contract_call **call, struct err *err)
{
    if (!name.len)
        return 0;
    *call = contract_find(gateway->contract, name);
    if (*call)
        return 0;
    struct near near = near_to(name);
    for (size_t i = 0; i < contract_count(gateway->contract); i++)
        near_try(&near, contract_at(gateway->contract, i)->name);
    (void)yaml_fault(place, err, "unknown call '" STR_FMT "', expected one of canonical/contract.yaml such as patient.read",
                     STR_ARG(name));
    return err_meant(err, near.best);
}

/* `where` is empty, or says in which section of the operation. */
static int refuse_parameter(const struct yaml *place, const char *where, const struct contract_call *call, struct str name,
                            struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf names = buf_in(arena, SIZE_MAX);
    struct near near = near_to(name);

    for (size_t i = 0; i < call->segment_count; i++)
        if (call->segments[i].is_parameter) {
            near_try(&near, call->segments[i].text);
            buf_join(&names, ' ', call->segments[i].text);
        }
    for (size_t i = 0; i < call->query_count; i++) {
        near_try(&near, call->query[i]);
        buf_join(&names, ' ', call->query[i]);
    }
    (void)yaml_fault(place, err, "%s" STR_FMT " takes no parameter '" STR_FMT "', expected %s" STR_FMT, where,
                     STR_ARG(call->name), STR_ARG(name), names.len ? "one of: " : "none", STR_ARG(buf_str(&names)));
    arena_free(&arena);
    return err_meant(err, near.best);
}

/* A parameter that goes to the call must be one the call takes. */
static int check_parameters(const struct parameter *parameters, size_t count, const struct contract_call *call,
                            struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct parameter *p = &parameters[i];
        if (p->in_body)
            continue;
        if (p->to.len && !contract_takes(call, p->to))
            return refuse_parameter(p->place, "", call, p->to, err);
        if (p->to_end.len && !contract_takes(call, p->to_end))
            return refuse_parameter(p->place, "", call, p->to_end, err);
    }
    return 0;
}

/* A text that goes into a list of texts is one of them, whatever commas it has. */
static void note_lists(struct parameter *parameters, size_t count, const struct contract_call *call)
{
    for (size_t i = 0; i < count; i++)
        parameters[i].listed = contract_lists(call, parameters[i].to);
}

static int bind_operation(struct gateway *gateway, struct operation *operation, struct err *err)
{
    struct bound *bound = ARENA_NEW(gateway->arena, struct bound);
    const struct yaml *place = operation->place;

    operation->bound = bound;
    if (find_call(gateway, yaml_get(place, "call"), operation->call, &bound->call, err) ||
        find_call(gateway, yaml_get(place, "stored"), operation->stored, &bound->stored, err) ||
        find_call(gateway, place, operation->thens.read, &bound->then_read, err) ||
        find_call(gateway, place, operation->thens.undo, &bound->then_undo, err) ||
        find_call(gateway, place, operation->inherit.call, &bound->inherit, err) ||
        find_call(gateway, place, operation->via.call, &bound->via, err))
        return -1;
    for (size_t i = 0; i < operation->thens.count; i++)
        if (find_call(gateway, place, operation->thens.calls[i].call, &bound->thens[i], err))
            return -1;
    for (size_t i = 0; i < operation->include_count; i++) {
        const struct contract_call *list = NULL;
        if (find_call(gateway, place, operation->includes[i].call, &list, err))
            return -1;
        if (!contract_takes(list, operation->includes[i].param))
            return refuse_parameter(place, "include: ", list, operation->includes[i].param, err);
        if (!list->items.len && (!bound->call || bound->call->items.len) && operation->builtin == BUILTIN_NONE)
            return yaml_fault(place, err, "include: " STR_FMT " is not a list, expected one for an operation that shows many",
                              STR_ARG(list->name));
        operation->includes[i].bound = list;
    }
    if (!bound->call)
        return 0;
    if (bound->via && !contract_takes(bound->call, operation->via.to))
        return refuse_parameter(place, "", bound->call, operation->via.to, err);
    note_lists(operation->query, operation->query_count, bound->call);
    return check_parameters(operation->path, operation->path_count, bound->via ? bound->via : bound->call, err) ||
                   check_parameters(operation->query, operation->query_count, bound->call, err)
               ? -1
               : 0;
}

static int bind_lookup(struct gateway *gateway, struct lookup *lookup, struct err *err)
{
    const struct contract_call *call = NULL;

    if (find_call(gateway, lookup->place, lookup->call, &call, err))
        return -1;
    lookup->bound = call;
    return check_parameters(lookup->members, lookup->member_count, call, err) || agree_lookup(gateway, lookup, err) ? -1 : 0;
}

static void note_kept(struct gateway *gateway, const struct dialect *dialect, size_t *space)
{
    for (size_t i = 0; i < dialect->lens_count; i++) {
        struct str entity = lens_entity(dialect->lenses[i]), name = lens_found_by(dialect->lenses[i]);
        if (!name.len)
            continue;
        gateway->kept = arena_grow(gateway->arena, gateway->kept, gateway->kept_count, space, sizeof *gateway->kept);
        gateway->kept[gateway->kept_count++] = (struct kept_parameter){ .entity = entity, .name = name };
    }
}

/* The form of answers that the configuration asks for, in the place of the usual one. */
static int choose_answers(const struct conf *conf, struct dialect *dialect, struct err *err)
{
    struct str name = STR_NONE;
    size_t count = 0;

    for (size_t i = 0; i < conf->facade_count; i++) {
        struct str asked = conf->facades[i].answers;
        if (!asked.len || !str_eq(conf->facades[i].dialect, dialect->name))
            continue;
        if (name.len && !str_eq(name, asked))
            return err_set(err, ERR_CONFIG, "facades: " STR_FMT " cannot answer in two forms", STR_ARG(dialect->name));
        name = asked;
    }
    for (size_t i = 0; name.len && i < dialect->operation_count; i++) {
        struct operation *operation = &dialect->operations[i];
        for (size_t k = 0; k < operation->answer_count; k++) {
            if (!str_eq(operation->answers[k].name, name))
                continue;
            operation->answer = operation->answers[k].answer;
            count++;
        }
    }
    return !name.len || count ? 0
                              : err_set(err, ERR_CONFIG, "facades: " STR_FMT " has no answers called '" STR_FMT "'",
                                        STR_ARG(dialect->name), STR_ARG(name));
}

/* The address that the configuration says, for links. */
static int choose_url(const struct conf *conf, struct dialect *dialect, struct err *err)
{
    for (size_t i = 0; i < conf->facade_count; i++) {
        struct str url = conf->facades[i].url;
        if (!url.len || !str_eq(conf->facades[i].dialect, dialect->name))
            continue;
        if (!dialect->paging.base_links)
            return err_set(err, ERR_CONFIG, "facades: " STR_FMT " shows no link of its own address, expected no url",
                           STR_ARG(dialect->name));
        if (dialect->url.len && !str_eq(dialect->url, url))
            return err_set(err, ERR_CONFIG, "facades: " STR_FMT " cannot have two addresses", STR_ARG(dialect->name));
        dialect->url = url;
    }
    return 0;
}

/* What the configuration says of a dialect. */
static int choose_forms(const struct gateway *gateway, struct dialect *dialect, struct err *err)
{
    return choose_answers(gateway->conf, dialect, err) || choose_url(gateway->conf, dialect, err) ? -1 : 0;
}

/* Those without a fault stay: what others say of them, and what is said beside them, would only follow from it. */
static int judge_lenses(struct gateway *gateway, struct dialect *dialect, struct err_list *faults, struct err *err)
{
    size_t count = dialect->lens_count;

    dialect->lens_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct lens *lens = dialect->lenses[i];
        bool fine;
        if (agree_lens(gateway, dialect, lens, faults, &fine, err))
            return -1;
        gateway->incomplete |= !fine;
        dialect->lens_paths[dialect->lens_count] = dialect->lens_paths[i];
        dialect->lenses[dialect->lens_count] = lens;
        dialect->lens_count += fine;
    }
    for (size_t i = 0; i < dialect->faulty_count; i++) {
        bool fine;
        if (agree_lens(gateway, dialect, dialect->faulty[i], faults, &fine, err))
            return -1;
    }
    return 0;
}

static bool stays(const struct dialect *dialect, const struct lens *lens)
{
    for (size_t i = 0; i < dialect->lens_count; i++)
        if (dialect->lenses[i] == lens)
            return true;
    return !lens;
}

static int judge_operation(struct gateway *gateway, const struct dialect *dialect, struct operation *operation, struct err *err)
{
    if (bind_operation(gateway, operation, err))
        return -1;
    return stays(dialect, operation->lens) && stays(dialect, operation->body_lens) ? agree_operation(gateway, operation, err) : 0;
}

static int bind_dialect(struct gateway *gateway, struct dialect *dialect, struct err_list *faults, struct err *err)
{
    if (!dialect->incomplete && choose_forms(gateway, dialect, err) && err_note(faults, err))
        return -1;
    if (agree_dialect(gateway, dialect, err)) {
        dialect->incomplete = gateway->incomplete = true;
        if (err_note(faults, err))
            return -1;
    }
    if (judge_lenses(gateway, dialect, faults, err))
        return -1;
    for (size_t i = 0; i < dialect->operation_count; i++)
        if (judge_operation(gateway, dialect, &dialect->operations[i], err) && err_note(faults, err))
            return -1;
    for (size_t i = 0; i < dialect->lookup_count; i++)
        if (bind_lookup(gateway, &dialect->lookups[i], err) && err_note(faults, err))
            return -1;
    return 0;
}

static int choose_fallback(struct gateway *gateway, struct err *err)
{
    struct str name = gateway->conf->default_facade;

    gateway->fallback = name.len ? gateway_dialect(gateway, name) : gateway->dialects[0];
    if (!gateway->fallback)
        return err_set(err, ERR_CONFIG, "default_facade: there is no dialect '" STR_FMT "'", STR_ARG(name));
    for (size_t i = 0; i < gateway->conf->facade_count; i++)
        if (!gateway_dialect(gateway, gateway->conf->facades[i].dialect))
            return err_set(err, ERR_CONFIG, "facades: there is no dialect '" STR_FMT "'",
                           STR_ARG(gateway->conf->facades[i].dialect));
    return 0;
}

static void set_limits(struct gateway *gateway)
{
    const struct conf *conf = gateway->conf;

    gateway->limits = (struct tape_limits){ .bytes = (uint32_t)(conf->limits.body_kb * 1024),
                                            .depth = (uint32_t)conf->limits.json_depth,
                                            .members = (uint32_t)conf->limits.json_members,
                                            .elements = (uint32_t)conf->limits.json_elements,
                                            .string_bytes = (uint32_t)(conf->limits.json_string_kb * 1024),
                                            .slots = tape_default_limits.slots };
}

static void find_memberships(struct gateway *gateway)
{
    const struct contract_call *memberships = contract_find(gateway->contract, STR("patient.groups"));

    gateway->memberships = memberships && memberships->served ? memberships : NULL;
    gateway->patients = contract_find(gateway->contract, STR("patient.list"));
    gateway->groups = contract_find(gateway->contract, STR("group.list"));
}

/* Both are read whatever the other one is like; where both are not there at all, that is one fault. */
static int load_files(struct gateway *gateway, struct err_list *faults, struct err *err)
{
    const char *mappings = arena_cstr(gateway->arena, gateway->conf->mappings);
    bool no_contract = contract_load(&gateway->contract, gateway->arena, mappings, gateway->conf, err) != 0;
    struct err other;

    if (no_contract && !faults)
        return -1;
    if (dialects_load(&gateway->dialects, &gateway->dialect_count, gateway->arena, mappings, faults, no_contract ? &other : err))
        return -1;
    if (no_contract && err_note(faults, err))
        return -1;
    if (no_contract)
        gateway->contract = NULL;
    gateway->incomplete = no_contract;
    for (size_t i = 0; i < gateway->dialect_count; i++)
        gateway->incomplete |= gateway->dialects[i]->incomplete;
    return 0;
}

static int bind_all(struct gateway *gateway, struct err_list *faults, struct err *err)
{
    size_t space = 0;

    if (!gateway->incomplete && choose_fallback(gateway, err) && err_note(faults, err))
        return -1;
    if (!gateway->contract)
        return 0;
    find_memberships(gateway);
    for (size_t i = 0; i < gateway->dialect_count; i++) {
        note_kept(gateway, gateway->dialects[i], &space);
        if (bind_dialect(gateway, gateway->dialects[i], faults, err))
            return -1;
    }
    return 0;
}

static int make(struct gateway **gateway, const struct conf *conf, struct err_list *faults, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct gateway *made = *gateway = ARENA_NEW(arena, struct gateway);

    made->arena = arena;
    made->conf = conf;
    made->turns = turns_new(arena);
    set_limits(made);
    if (!load_files(made, faults, err) && !bind_all(made, faults, err))
        return 0;
    gateway_free(gateway);
    return -1;
}

int gateway_new(struct gateway **gateway, const struct conf *conf, struct auth *auth, struct store *store,
                struct err *err)
{
    if (make(gateway, conf, NULL, err))
        return -1;
    (*gateway)->auth = auth;
    (*gateway)->store = store;
    return 0;
}

int gateway_judge(struct gateway **gateway, const struct conf *conf, struct err_list *faults, struct err *err)
{
    return make(gateway, conf, faults, err);
}

void gateway_free(struct gateway **gateway)
{
    if (!*gateway)
        return;
    struct arena *arena = (*gateway)->arena;
    turns_free((*gateway)->turns);
    arena_free(&arena);
    *gateway = NULL;
}
