/* What members of one document demand of each other, judged once all of them are read. On update a member
 * that is not named has the value that get shows; a rule none of whose members is named is not asked. */
#include "lens/put.h"

/* Where the member's value stands: on the document, else on what is shown; NULL: it has none. */
static const struct tape *value_of(const struct put *put, const struct field *field, uint32_t *at)
{
    *at = put_is_read_only(put, field) ? TAPE_NONE : put->slots[field->in];
    if (*at != TAPE_NONE)
        return put_is_null(put, *at) ? NULL : put->run->in;
    *at = put->shown ? put->shown[field->in] : TAPE_NONE;
    return *at == TAPE_NONE || tape_type(put->run->shown, *at) == JSON_NULL ? NULL : put->run->shown;
}

/* With no value: whether the member has none. */
static bool holds(const struct put *put, const struct ruled *ruled)
{
    uint32_t at;
    const struct tape *tape = value_of(put, ruled->field, &at);

    return ruled->value.json.ptr ? tape && literal_is(&ruled->value, tape, at) : !tape;
}

static bool is_named(const struct put *put, const struct ruled *ruled, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!put_is_read_only(put, ruled[i].field) && put->slots[ruled[i].field->in] != TAPE_NONE)
            return true;
    return false;
}

static bool is_asked(const struct put *put, const struct rule *rule)
{
    if (put->run->mode == MODE_UPDATE && (!put->shown || !(is_named(put, rule->where, rule->where_count) ||
                                                           is_named(put, rule->wants, rule->want_count))))
        return false;
    for (size_t i = 0; i < rule->where_count; i++)
        if (!holds(put, &rule->where[i]))
            return false;
    return true;
}

void put_rules(struct put *put)
{
    const struct lens *lens = put->run->lens;

    for (size_t i = 0; i < lens->rule_count; i++) {
        const struct rule *rule = &lens->rules[i];
        if (!is_asked(put, rule))
            continue;
        for (size_t k = 0; k < rule->want_count && put_may_fault(put); k++) {
            const struct ruled *want = &rule->wants[k];
            struct str said = want->value.json.ptr ? want->value.text : STR("absent");
            if (!holds(put, want))
                put_fault_at(put, want->field->order, FAULT_EQUALS, put_field_path(put, want->field), said);
        }
    }
}
