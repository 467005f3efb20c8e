/* The members of the entities and what they may be (`members:` and `further:` of contract.yaml), beside the names and literals of
 * mapping files. */
#include "upstream/load.h"

#include "base/buf.h"
#include "base/clock.h"
#include "json/number.h"

enum { MOST_BYTES = 1 << 20 };

static const char *const types[] = { "string", "boolean", "integer", "decimal", "date", "datetime", "object", "array", NULL };

static int load_member(const struct yaml *member, struct err *err)
{
    struct str word;

    if (member->kind == YAML_LIST) {
        for (const struct yaml *at = member->first; at; at = at->next)
            if (yaml_text(at, &word, err))
                return -1;
        return member->first ? 0 : yaml_fault(member, err, "no words, expected [word, …]");
    }
    for (size_t i = 0; member->kind == YAML_TEXT && types[i]; i++)
        if (str_is(member->text, types[i]))
            return 0;
    return yaml_fault(member, err, "this is no type, expected string, boolean, integer, decimal, date, datetime, object, array or "
                                   "[word, …]");
}

int load_entities(const struct yaml *map, struct err *err)
{
    if (yaml_map(map, err))
        return -1;
    for (const struct yaml *entity = map->first; entity; entity = entity->next) {
        if (yaml_map(entity, err))
            return -1;
        for (const struct yaml *member = entity->first; member; member = member->next)
            if (load_member(member, err))
                return -1;
    }
    return 0;
}

int load_further(const struct yaml *map, const struct yaml *members, struct err *err)
{
    struct str name;

    if (yaml_map(map, err))
        return -1;
    for (const struct yaml *entity = map->first; entity; entity = entity->next) {
        if (!yaml_get_str(members, entity->key))
            return yaml_fault_key(entity, err, "members: has no such entity, expected one of it");
        if (yaml_list(entity, err))
            return -1;
        for (const struct yaml *member = entity->first; member; member = member->next)
            if (yaml_text(member, &name, err))
                return -1;
    }
    return 0;
}

static bool is_of_type(struct str type, const struct yaml *value, struct str json)
{
    struct date date;
    int64_t wall_ms;
    bool string = json.ptr[0] == '"';

    if (str_is(type, "date"))
        return string && date_parse(value->text, &date);
    if (str_is(type, "datetime"))
        return string && datetime_parse(value->text, &wall_ms);
    if (str_is(type, "decimal"))
        return string && number_valid(value->text);
    if (str_is(type, "integer"))
        return number_valid(json) && number_is_integer(json);
    if (str_is(type, "boolean"))
        return str_is(json, "true") || str_is(json, "false");
    return str_is(type, "object") ? json.ptr[0] == '{' : str_is(type, "array") ? json.ptr[0] == '[' : string;
}

static int refuse(const struct yaml *member, struct str entity, const struct yaml *value, struct buf *json, struct err *err)
{
    struct near near = near_to(value->text);
    struct str text = arena_copy(json->arena, buf_str(json));
    struct buf want = buf_in(json->arena, MOST_BYTES);

    buf_add(&want, member->kind == YAML_TEXT ? member->text : STR_NONE);
    for (const struct yaml *word = member->first; word; word = word->next) {
        near_try(&near, word->text);
        buf_printf(&want, "%s" STR_FMT, word == member->first ? "" : word->next ? ", " : " or ", STR_ARG(word->text));
    }
    (void)yaml_fault(value, err, STR_FMT " of " STR_FMT " is never " STR_FMT ", expected " STR_FMT, STR_ARG(member->key),
                     STR_ARG(entity), STR_ARG(text), STR_ARG(buf_str(&want)));
    return err_meant(err, near.best);
}

/* A backend ignores what it does not know, so the value would be lost without a word. */
int judge_name(const struct yaml *members, const struct yaml *further, struct str name, const struct yaml *place,
               struct arena *arena, struct err *err)
{
    struct near near = near_to(name);

    for (const struct yaml *word = further ? further->first : NULL; word; word = word->next)
        if (str_eq(word->text, name))
            return 0;
    for (const struct yaml *member = members->first; member; member = member->next) {
        if (str_eq(member->key, name))
            return 0;
        near_try(&near, member->key);
    }
    struct str says = arena_printf(arena, STR_FMT " has no member '" STR_FMT "', expected one of canonical/contract.yaml",
                                   STR_ARG(members->key), STR_ARG(name));
    bool in_value = place->kind == YAML_TEXT && str_starts(place->text, name); /* else it is the key of a `set:` or `tells:` */
    (void)(in_value ? yaml_fault(place, err, STR_FMT, STR_ARG(says)) : yaml_fault_key(place, err, STR_FMT, STR_ARG(says)));
    return err_meant(err, near.best);
}

int judge_literal(const struct yaml *member, struct str entity, const struct yaml *value, struct arena *arena, struct err *err)
{
    struct buf json = buf_in(arena, MOST_BYTES);

    yaml_to_json(value, &json);
    if (!buf_ok(&json) || !json.len || str_is(buf_str(&json), "null"))
        return 0; /* no value; what is no JSON the lens refuses */
    if (member->kind == YAML_TEXT)
        return is_of_type(member->text, value, buf_str(&json)) ? 0 : refuse(member, entity, value, &json, err);
    for (const struct yaml *word = member->first; word; word = word->next)
        if (json.ptr[0] == '"' && str_eq(word->text, value->text))
            return 0;
    return refuse(member, entity, value, &json, err);
}
