/* What a body says: its members with their rules, judged as the flow judges it (flow/decode.c). */
#include "cli/explain.h"

#include "base/clock.h"
#include "dialect/documents.h"
#include "flow/flow.h"
#include "json/write.h"

static bool begins(struct str dotted, struct str name)
{
    struct str part;

    return str_next(&dotted, '.', &part) && str_eq(part, name);
}

/* Members of the body around the document that nothing reads. */
static void list_unread(struct explanation *explanation, const struct tape *tape)
{
    const struct operation *operation = explanation->operation;

    for (uint32_t i = tape_first(tape, 0); i < tape_next(tape, 0); i = tape_next(tape, i + 1)) {
        struct str name = tape_string(tape, i, explanation->arena);
        if (!str_eq(name, operation->wrapper) && !begins(operation->skip, name) && !begins(operation->choose.in, name))
            explain_lost(explanation, name, STR("it stands beside the document"));
    }
}

void explain_ids(struct explanation *explanation, struct id_slots *ids)
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

static struct lens_context context_of(const struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;
    bool update = operation->stored.len || operation->choose.lookup.len; /* what an upsert may be */

    return (struct lens_context){ .mode = update ? LENS_UPDATE : LENS_CREATE,
                                  .brand = explanation->brand,
                                  .peer = STR("<address of the client, unresolved>"),
                                  .answer = operation_answer(operation),
                                  .wall_ms = clock_wall_ms() };
}

static struct lens_put new_put(const struct explanation *explanation, struct names *kept)
{
    return (struct lens_put){ .canonical = buf_in(explanation->arena, SIZE_MAX),
                              .rest = buf_in(explanation->arena, SIZE_MAX),
                              .kept = kept };
}

/* Those of many that follow: only their faults, with their places in the array. */
static void judge_others(struct explanation *explanation, const struct tape *in, uint32_t array)
{
    struct lens_context context = context_of(explanation);
    size_t index = 0;

    for (uint32_t at = tape_first(in, array); at < tape_next(in, array); at = tape_next(in, at), index++) {
        struct lens_put put = new_put(explanation, NULL);
        struct err err;
        if (!index || !lens_put(explanation->operation->body_lens, in, at, NULL, &context, explanation->arena, &put, &err))
            continue;
        for (size_t i = 0; i < put.faults.count; i++) {
            struct fault fault = put.faults.items[i];
            fault.path = arena_printf(explanation->arena, "%zu/" STR_FMT, index, STR_ARG(fault.path));
            explain_fault(explanation, fault);
        }
    }
}

/* The id in the document is that of the path. */
static void judge_same(struct explanation *explanation, const struct tape *in, uint32_t document)
{
    const struct operation *operation = explanation->operation;
    uint32_t at = operation->same.len ? tape_find(in, document, operation->same) : TAPE_NONE;
    bool string = at != TAPE_NONE && tape_type(in, at) == JSON_STRING;
    size_t own = route_own_id(operation, lens_entity(operation->body_lens));

    if (!operation->same.len || own == operation->path_count || (at == TAPE_NONE && !operation->whole) ||
        (string && tape_string_is(in, at, explanation->route.path[own])))
        return;
    explain_fault(explanation,
                  (struct fault){ .kind = FAULT_EQUALS, .path = operation->same, .want = STR("the id of the path") });
}

static int put_first(struct explanation *explanation, const struct tape *in, uint32_t at, struct lens_put *put,
                     struct err *err)
{
    const struct operation *operation = explanation->operation;
    struct lens_context context = context_of(explanation);

    lens_report_put(operation->body_lens, in, at, context.mode, explanation->arena, &explanation->lines);
    judge_same(explanation, in, at);
    if (lens_put(operation->body_lens, in, at, NULL, &context, explanation->arena, put, err)) {
        for (size_t i = 0; i < put->faults.count; i++)
            explain_fault(explanation, put->faults.items[i]);
        return put->faults.count ? 0 : -1;
    }
    correct_lines(explanation);
    for (size_t i = 0; i < put->ignored.count; i++)
        explain_lost(explanation, put->ignored.items[i], STR("clients may only read it, or its loss is declared"));
    explain_ids(explanation, &put->ids);
    return 0;
}

static bool names_kind(const struct lens_put *put, struct str kind)
{
    for (size_t i = 0; i < put->ids.count; i++)
        if (str_eq(put->ids.items[i].kind, kind))
            return true;
    return false;
}

/* What a new entity takes from one that its body names stands with words in its place, as ids do. */
static struct str with_inherited(struct explanation *explanation, const struct lens_put *put, struct str text)
{
    const struct inherit *inherit = &explanation->operation->inherit;
    struct buf out = buf_in(explanation->arena, SIZE_MAX);
    bool first = str_is(text, "{}");

    if (!inherit->call.len || !names_kind(put, inherit->kind))
        return text;
    buf_add(&out, str_of(text.ptr, text.len - 1));
    for (size_t i = 0; i < inherit->also_count + 1; i++) {
        struct str name = i ? inherit->also[i - 1] : inherit->member;
        if (name.len)
            json_member_string(&out, &first, name,
                               arena_printf(explanation->arena, "<" STR_FMT " of the " STR_FMT ", unresolved>",
                                            STR_ARG(name), STR_ARG(inherit->kind)));
    }
    buf_char(&out, '}');
    return buf_str(&out);
}

/* As the flow judges it (flow/stored.c); of an upsert, if the entity is found. */
static bool needs_stored(struct explanation *explanation, const struct tape *in, uint32_t at)
{
    const struct operation *asked = explanation->operation;
    const struct operation *update = asked->choose.lookup.len ? asked->choose.found : asked;
    const struct bound *bound = update->bound;
    enum lens_need need = lens_needs(asked->body_lens, in, at);

    if (!update->stored.len)
        return false;
    explanation->strict = need == LENS_NEEDS_OBJECTS && !update->whole && contract_offers(bound->call, STR("strict_merge"));
    return update->whole || need == LENS_NEEDS_STORED || (need == LENS_NEEDS_OBJECTS && !explanation->strict);
}

/* The flag that `skip:` names (flow/decode.c). */
static bool says_skip(const struct explanation *explanation, const struct tape *in)
{
    struct str path = explanation->operation->skip, part;
    uint32_t at = path.len ? 0 : TAPE_NONE;

    while (at != TAPE_NONE && str_next(&path, '.', &part))
        at = tape_find(in, at, part);
    return at != TAPE_NONE && tape_type(in, at) == JSON_TRUE;
}

int explain_body(struct explanation *explanation, struct lens_put *put, bool *stored_needed, struct err *err)
{
    const struct operation *operation = explanation->operation;
    const struct documents_parser parser = { .arena = explanation->arena, .limits = &explanation->gateway->limits };
    struct buf filled = buf_in(explanation->arena, SIZE_MAX);
    struct documents found;
    struct tape in;
    size_t count;

    *put = new_put(explanation, &explanation->kept);
    if (documents_parse(&in, &parser, explain_header(explanation, STR("content-type"), &count), explanation->body, err))
        return err_wrap(err, "body");
    if (documents_find(&found, &in, operation, &parser, err))
        return -1;
    explanation->documents = found.count;
    if (operation->wrapper.len && !found.bare)
        list_unread(explanation, &in);
    uint32_t first = found.many ? tape_first(&in, found.at) : found.at;
    *stored_needed = needs_stored(explanation, &in, first);
    explanation->skips = says_skip(explanation, &in);
    if (explanation->documents && put_first(explanation, &in, first, put, err))
        return -1;
    if (explanation->documents > 1)
        judge_others(explanation, &in, found.at);
    if (explanation->faults.count)
        return 0;
    lens_fill(buf_str(&put->canonical), &put->ids, 0, &filled);
    explanation->result = operation->pass ? tape_raw(&in, 0) : with_inherited(explanation, put, buf_str(&filled));
    return 0;
}
