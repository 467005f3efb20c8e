#include "lens/literal.h"

#include "json/number.h"
#include "json/write.h"

enum { MOST_BYTES = 1 << 20 };

static int finish(struct literal *literal, struct arena *arena, const struct yaml *node,
                  const struct buf *json, struct err *err)
{
    struct tape_fault fault;

    literal->json = buf_str(json);
    if (!buf_ok(json) || !tape_read(&literal->tape, arena, literal->json, &tape_default_limits, &fault))
        return yaml_fault(node, err, "this is not a JSON value, expected one");
    literal->text =
        tape_type(&literal->tape, 0) == JSON_STRING ? tape_string(&literal->tape, 0, arena) : literal->json;
    return 0;
}

int literal_load(struct literal *literal, struct arena *arena, const struct yaml *node, struct err *err)
{
    struct buf json = buf_in(arena, MOST_BYTES);

    yaml_to_json(node, &json);
    return finish(literal, arena, node, &json, err);
}

static bool fits(enum type type, struct str text)
{
    if (type == TYPE_BOOLEAN)
        return str_is(text, "true") || str_is(text, "false");
    return type == TYPE_INTEGER ? number_is_integer(text) : number_valid(text);
}

int literal_load_typed(struct literal *literal, struct arena *arena, const struct yaml *node, struct str text,
                       enum type type, struct err *err)
{
    struct buf json = buf_in(arena, MOST_BYTES);
    bool bare = type == TYPE_BOOLEAN || type == TYPE_INTEGER || type == TYPE_NUMBER;

    if (bare && !fits(type, text))
        return yaml_fault(node, err, "\"" STR_FMT "\" is not a value of the field's type, expected %s",
                          STR_ARG(text), type == TYPE_BOOLEAN ? "true or false" : "a number");
    if (bare)
        buf_add(&json, text);
    else
        json_quote(&json, text);
    return finish(literal, arena, node, &json, err);
}

int literals_load(struct literals *literals, struct arena *arena, const struct yaml *map, struct err *err)
{
    if (yaml_map(map, err))
        return -1;
    literals->items = ARENA_ARRAY(arena, struct named_literal, map->count + 1);
    for (const struct yaml *at = map->first; at; at = at->next) {
        struct named_literal *item = &literals->items[literals->count++];
        *item = (struct named_literal){ .name = at->key, .lead = literal_lead(arena, at->key) };
        if (literal_load(&item->value, arena, at, err))
            return -1;
    }
    return 0;
}

struct str literal_lead(struct arena *arena, struct str name)
{
    struct buf lead = buf_in(arena, SIZE_MAX);
    bool first = false;

    json_name(&lead, &first, name);
    return buf_str(&lead);
}

bool literal_is(const struct literal *literal, const struct tape *tape, uint32_t at)
{
    if (tape_type(&literal->tape, 0) == JSON_STRING)
        return tape_type(tape, at) == JSON_STRING && tape_string_is(tape, at, literal->text);
    return tape_equal(&literal->tape, 0, tape, at);
}

bool literal_same(const struct literal *a, const struct literal *b)
{
    return literal_is(a, &b->tape, 0);
}

/* JSON text made by this room or cut from a tape: it is valid. */
bool literal_is_json(const struct literal *literal, struct str json, struct arena *arena)
{
    struct tape_fault fault;
    struct tape tape;

    if (str_eq(literal->json, json))
        return true;
    return tape_read(&tape, arena, json, &tape_default_limits, &fault) && literal_is(literal, &tape, 0);
}

bool literals_match(const struct literals *literals, const struct tape *tape, uint32_t object)
{
    for (size_t i = 0; i < literals->count; i++) {
        uint32_t at = tape_find(tape, object, literals->items[i].name);
        if (at == TAPE_NONE || !literal_is(&literals->items[i].value, tape, at))
            return false;
    }
    return true;
}
