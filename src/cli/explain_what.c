/* What a request says: its parameters and members with their rules. */
#include "cli/explain.h"

#include "base/clock.h"
#include "upstream/contract.h"
#include "yaml/yaml.h"

static void add_fault(struct explanation *explanation, struct fault fault)
{
    struct faults *faults = &explanation->faults;

    faults->items =
        arena_grow(explanation->arena, faults->items, faults->count, &faults->space, sizeof fault);
    faults->items[faults->count++] = fault;
}

static void add_lost(struct explanation *explanation, struct str at, struct str why)
{
    explanation->lost = arena_grow(explanation->arena, explanation->lost, explanation->lost_count,
                                   &explanation->lost_space, sizeof *explanation->lost);
    explanation->lost[explanation->lost_count++] = (struct explain_lost){ .at = at, .why = why };
}

static void add_line(struct explanation *explanation, struct lens_line line)
{
    struct lens_lines *lines = &explanation->lines;

    lines->items = arena_grow(explanation->arena, lines->items, lines->count, &lines->space, sizeof line);
    lines->items[lines->count++] = line;
}

/* A parameter of the path ("{id}") or the query ("?search"), where it goes, and whether it may say that. */
static void read_parameter(struct explanation *explanation, const struct parameter *parameter,
                           struct str value, bool in_path, struct arguments *arguments)
{
    struct arena *arena = explanation->arena;
    struct argument_fault wrong;
    struct str to =
        parameter->to.len ? arena_printf(arena, "parameter " STR_FMT, STR_ARG(parameter->to)) : STR_NONE;
    struct str from = arena_printf(arena, in_path ? "{" STR_FMT "}" : "?" STR_FMT, STR_ARG(parameter->name));

    add_line(explanation, (struct lens_line){ .from = from,
                                              .to = to,
                                              .rule = str_from(parameter_want(parameter->type)),
                                              .class = STR("exact"),
                                              .why = to.len ? STR_NONE : STR("only judged"),
                                              .file = parameter->place ? parameter->place->file : "",
                                              .line = parameter->place ? parameter->place->key_line : 0 });
    if (!parameter_read(parameter, value, explanation->brand, arena, arguments, &wrong))
        return;
    add_fault(explanation, (struct fault){ .kind = wrong.forbidden ? FAULT_EQUALS : FAULT_FORMAT,
                                           .path = from,
                                           .want = wrong.want,
                                           .forbidden = wrong.forbidden });
}

static void read_parameters(struct explanation *explanation, struct arguments *arguments)
{
    const struct operation *operation = explanation->operation;
    size_t count;

    for (size_t i = 0; i < operation->path_count; i++)
        read_parameter(explanation, &operation->path[i], explanation->route.path[i], true, arguments);
    for (size_t i = 0; i < operation->query_count; i++) {
        const struct parameter *parameter = &operation->query[i];
        struct str value = target_parameter(&explanation->target, parameter->name, &count);
        if (!count && parameter->alias.len)
            value = target_parameter(&explanation->target, parameter->alias, &count);
        if (count)
            read_parameter(explanation, parameter, value, false, arguments);
        else if (parameter->required)
            add_fault(explanation, (struct fault){ .kind = FAULT_BLANK,
                                                   .path = arena_printf(explanation->arena, "?" STR_FMT,
                                                                        STR_ARG(parameter->name)),
                                                   .want = str_from(parameter_want(parameter->type)) });
    }
}

static int read_json(struct explanation *explanation, struct tape *tape, struct err *err)
{
    struct tape_fault fault;

    if (tape_read(tape, explanation->arena, explanation->body, &explanation->gateway->limits, &fault))
        return 0;
    return err_set(err, ERR_BAD_JSON, "body: line %u, column %u: %s", fault.line, fault.column, fault.what);
}

/* The document in the body: of many the first. */
static int unwrap(struct explanation *explanation, const struct tape *tape, uint32_t *at, struct err *err)
{
    const struct operation *operation = explanation->operation;

    explanation->documents = 1;
    *at = operation->wrapper.len ? tape_find(tape, 0, operation->wrapper) : 0;
    if (*at == TAPE_NONE)
        return err_set(err, ERR_MISSING_WRAPPER, "the body has no '" STR_FMT "'",
                       STR_ARG(operation->wrapper));
    if (!operation->many || tape_type(tape, *at) != JSON_ARRAY)
        return 0;
    explanation->documents = tape_count(tape, *at);
    *at = tape_first(tape, *at);
    return explanation->documents ? 0 : err_set(err, ERR_MISSING_WRAPPER, "the body has no document");
}

static bool begins(struct str dotted, struct str name)
{
    struct str part;

    return str_next(&dotted, '.', &part) && str_eq(part, name);
}

/* Members of the body around the document that nothing reads. */
static void list_unread(struct explanation *explanation, const struct tape *tape)
{
    const struct operation *operation = explanation->operation;

    if (!operation->wrapper.len)
        return;
    for (uint32_t i = tape_first(tape, 0); i < tape_next(tape, 0); i = tape_next(tape, i + 1)) {
        struct str name = tape_string(tape, i, explanation->arena);
        if (!str_eq(name, operation->wrapper) && !begins(operation->skip, name) && !begins(operation->choose.in, name))
            add_lost(explanation, name, STR("it stands beside the document"));
    }
}

static void list_ids(struct explanation *explanation, struct id_slots *ids)
{
    struct arena *arena = explanation->arena;

    explanation->ids = ARENA_ARRAY(arena, struct explain_id, ids->count + 1);
    for (size_t i = 0; i < ids->count; i++) {
        struct id_slot *slot = &ids->items[i];
        struct str as = STR("member");
        if (slot->param.len)
            as = arena_printf(arena, "parameter " STR_FMT, STR_ARG(slot->param));
        else if (slot->lookup.len)
            as = arena_printf(arena, "look-up " STR_FMT, STR_ARG(slot->lookup));
        explanation->ids[explanation->id_count++] =
            (struct explain_id){ .at = slot->path, .kind = slot->kind, .as = as };
        if (slot->fill == FILL_STRING)
            slot->found = arena_printf(arena, "<" STR_FMT " id, unresolved>", STR_ARG(slot->kind));
    }
}

static bool is_kept(const struct explanation *explanation, struct str path)
{
    for (size_t i = 0; i < explanation->kept.count; i++)
        if (str_eq(explanation->kept.items[i], path))
            return true;
    return false;
}

/* Where the value decided, the rule alone does not say what became of a member. */
static void correct_lines(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->lines.count; i++) {
        struct lens_line *line = &explanation->lines.items[i];
        bool rest = str_is(line->to, "(rest)");
        if (rest && !is_kept(explanation, line->from)) {
            line->to = STR_NONE;
            line->why = STR("the same is shown without keeping it");
        } else if (!rest && line->to.len && line->beside && is_kept(explanation, line->from)) {
            line->why = STR("what it says beyond that is kept beside it");
        } else if (!rest && line->to.len && is_kept(explanation, line->from)) {
            line->to = STR("(rest)");
            line->class = STR("kept");
            line->why = STR("not a value that the rule takes here");
        }
    }
}

static int put_body(struct explanation *explanation, struct lens_put *put, bool *stored_needed,
                    struct err *err)
{
    const struct operation *operation = explanation->operation;
    struct arena *arena = explanation->arena;
    bool update = operation->stored.len || operation->choose.lookup.len; /* what an upsert may be */
    struct lens_context context = { .mode = update ? LENS_UPDATE : LENS_CREATE,
                                    .brand = explanation->brand,
                                    .wall_ms = clock_wall_ms() };
    struct buf filled = buf_in(arena, SIZE_MAX);
    struct tape in;
    uint32_t at;

    *put = (struct lens_put){ .canonical = buf_in(arena, SIZE_MAX),
                              .rest = buf_in(arena, SIZE_MAX),
                              .kept = &explanation->kept };
    if (read_json(explanation, &in, err) || unwrap(explanation, &in, &at, err))
        return -1;
    list_unread(explanation, &in);
    lens_report_put(operation->body_lens, &in, at, context.mode, arena, &explanation->lines);
    *stored_needed = operation->stored.len && lens_needs_stored(operation->body_lens, &in, at);
    if (lens_put(operation->body_lens, &in, at, NULL, &context, arena, put, err)) {
        for (size_t i = 0; i < put->faults.count; i++)
            add_fault(explanation, put->faults.items[i]);
        return put->faults.count ? 0 : -1;
    }
    correct_lines(explanation);
    for (size_t i = 0; i < put->ignored.count; i++)
        add_lost(explanation, put->ignored.items[i],
                 STR("clients may only read it, or its loss is declared"));
    list_ids(explanation, &put->ids);
    lens_fill(buf_str(&put->canonical), &put->ids, 0, &filled);
    explanation->result = operation->pass ? tape_raw(&in, at) : buf_str(&filled);
    return 0;
}

int explain_request(struct explanation *explanation, struct err *err)
{
    const struct operation *operation = explanation->operation;
    struct arguments arguments = { 0 };
    struct lens_put put = { 0 };
    bool stored_needed = false;

    read_parameters(explanation, &arguments);
    if (operation->has_body && explanation->body.ptr && operation->body_lens &&
        put_body(explanation, &put, &stored_needed, err))
        return -1;
    explain_calls(explanation, &arguments, &put, stored_needed);
    return 0;
}

/* The entities of the backend's answer. */
static uint32_t find_entities(struct explanation *explanation, const struct tape *in)
{
    const struct contract_call *call =
        contract_find(explanation->gateway->contract, explanation->operation->call);
    uint32_t at = call && call->items.len ? tape_find(in, 0, call->items) : 0;

    explanation->documents = at == TAPE_NONE ? 0 : tape_type(in, at) == JSON_ARRAY ? tape_count(in, at) : 1;
    return at;
}

static int get_entity(struct explanation *explanation, const struct tape *in, uint32_t at, struct err *err)
{
    const struct lens *lens = explanation->operation->lens;
    struct arena *arena = explanation->arena;
    struct names unread = { 0 };
    struct lens_context context = {
        .brand = explanation->brand, .wall_ms = clock_wall_ms(), .unread = &unread, .unread_arena = arena
    };
    struct buf text = buf_in(arena, SIZE_MAX), filled = buf_in(arena, SIZE_MAX);
    struct id_slots ids = { 0 };
    bool first = explanation->result.ptr == NULL;

    lens_report_get(lens, in, at, arena, &explanation->lines);
    if (lens_get(lens, in, at, NULL, &context, arena, &text, &ids, err))
        return -1;
    if (!first)
        return 0;
    for (size_t i = 0; i < unread.count; i++)
        add_lost(explanation, unread.items[i], STR("no field shows it"));
    list_ids(explanation, &ids);
    explanation->id_count = 0; /* the fields say which they are */
    lens_fill(buf_str(&text), &ids, 0, &filled);
    explanation->result = buf_str(&filled);
    return 0;
}

int explain_response(struct explanation *explanation, struct err *err)
{
    struct arguments arguments = { 0 };
    struct lens_put put = { 0 };
    struct tape in;

    read_parameters(explanation, &arguments);
    explain_calls(explanation, &arguments, &put, false);
    if (explanation->response >= 300 || !explanation->body.ptr || !explanation->operation->lens)
        return 0;
    if (read_json(explanation, &in, err))
        return -1;
    uint32_t at = find_entities(explanation, &in);
    if (at == TAPE_NONE)
        return err_set(err, ERR_UPSTREAM, "the answer lacks the member that holds its entities");
    if (tape_type(&in, at) != JSON_ARRAY)
        return get_entity(explanation, &in, at, err);
    for (uint32_t i = tape_first(&in, at); i < tape_next(&in, at); i = tape_next(&in, i))
        if (get_entity(explanation, &in, i, err))
            return -1;
    return 0;
}
