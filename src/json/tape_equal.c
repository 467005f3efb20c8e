#include "json/members.h"
#include "json/number.h"

static bool arrays_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    if (tape_count(a, at_a) != tape_count(b, at_b))
        return false;
    uint32_t j = tape_first(b, at_b);
    for (uint32_t i = tape_first(a, at_a); i < tape_next(a, at_a); i = tape_next(a, i), j = tape_next(b, j))
        if (!tape_equal(a, i, b, j))
            return false;
    return true;
}

/* Names are unique on both sides, so equal counts and every name found make equal sets. Members mostly stand
 * in the same order: look at the same place first. */
static bool objects_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    if (tape_count(a, at_a) != tape_count(b, at_b))
        return false;
    uint32_t j = tape_first(b, at_b);
    for (uint32_t i = tape_first(a, at_a); i < tape_next(a, at_a); i = tape_next(a, i + 1)) {
        uint32_t value = member_names_equal(a, i, b, j) ? j + 1 : member_find(b, at_b, a, i);
        if (value == TAPE_NONE || !tape_equal(a, i + 1, b, value))
            return false;
        j = tape_next(b, j + 1);
    }
    return true;
}

/* Recursion ends: tape_read bounded the depth. */
bool tape_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    if (tape_type(a, at_a) != tape_type(b, at_b))
        return false;
    switch (tape_type(a, at_a)) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        return true;
    case JSON_NUMBER:
        return number_equal(tape_raw(a, at_a), tape_raw(b, at_b));
    case JSON_STRING:
        return member_names_equal(a, at_a, b, at_b);
    case JSON_ARRAY:
        return arrays_equal(a, at_a, b, at_b);
    case JSON_OBJECT:
        return objects_equal(a, at_a, b, at_b);
    }
    return false;
}
