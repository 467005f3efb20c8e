/* A request, or a backend's answer, from its parameters to the calls. */
#include "cli/explain.h"

#include "base/clock.h"
#include "dialect/documents.h"

int explain_request(struct explanation *explanation, struct err *err)
{
    const struct operation *operation = explanation->operation;
    struct arguments arguments = { 0 };
    struct lens_put put = { 0 };
    bool stored_needed = false;

    if (operation->optional && !explanation->body.len)
        explanation->body = STR("{}");
    explain_query(explanation, &arguments);
    if (operation->has_body && explanation->body.ptr && operation->body_lens &&
        explain_body(explanation, &put, &stored_needed, err))
        return -1;
    explain_calls(explanation, &arguments, &put, stored_needed);
    return 0;
}

/* Where the entities stand in the backend's answer to `call`; TAPE_NONE: it says that there is none. */
static int find_entities(struct explanation *explanation, const struct contract_call *call, const struct tape *in, uint32_t *at,
                         struct err *err)
{
    *at = call && call->items.len ? tape_find(in, 0, call->items) : 0;
    if (*at == TAPE_NONE)
        return err_set(err, ERR_UPSTREAM, "the answer has no member '" STR_FMT "', which holds its entities",
                       STR_ARG(call->items));
    if (call && !call->items.len && !contract_item(call, in, at))
        return err_set(err, ERR_UPSTREAM, call->item.len ? "the answer has no member '" STR_FMT "' that is an entity or null"
                                                         : "the answer is not an entity" STR_FMT, STR_ARG(call->item));
    explanation->documents = *at == TAPE_NONE ? 0 : tape_type(in, *at) == JSON_ARRAY ? tape_count(in, *at) : 1;
    return 0;
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
        explain_lost(explanation, unread.items[i], STR("no field shows it"));
    explain_ids(explanation, &ids);
    explanation->id_count = 0; /* the fields say which they are */
    lens_fill(buf_str(&text), &ids, 0, &filled);
    explanation->result = buf_str(&filled);
    return 0;
}

int explain_response(struct explanation *explanation, struct err *err)
{
    const struct contract_call *call = contract_find(explanation->gateway->contract, explanation->operation->call);
    struct arguments arguments = { 0 };
    struct lens_put put = { 0 };
    const struct documents_parser parser = { .arena = explanation->arena, .limits = &explanation->gateway->limits };
    struct tape in;

    explain_query(explanation, &arguments);
    explain_calls(explanation, &arguments, &put, false);
    if (explanation->response >= 300 || !explanation->body.ptr || !explanation->operation->lens)
        return 0;
    if (documents_parse(&in, &parser, STR_NONE, explanation->body, err))
        return err_wrap(err, "body");
    uint32_t at;
    if (find_entities(explanation, call, &in, &at, err))
        return -1;
    if (at == TAPE_NONE)
        return 0;
    if (tape_type(&in, at) != JSON_ARRAY)
        return get_entity(explanation, &in, at, err);
    size_t index = 0;
    for (uint32_t i = tape_first(&in, at); i < tape_next(&in, at); i = tape_next(&in, i), index++)
        if (get_entity(explanation, &in, i, err))
            return err_wrap(err, "the answer's entity %zu", index);
    return 0;
}
