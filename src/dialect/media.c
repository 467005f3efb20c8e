#include "dialect/media.h"

static struct str unquoted(struct str value)
{
    bool quoted = value.len > 1 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';

    return quoted ? str_of(value.ptr + 1, value.len - 2) : value;
}

/* charset=utf-8, in any case, quoted or not. */
static bool is_utf8_charset(struct str parameter)
{
    struct str name, value;

    if (!str_cut(parameter, '=', &name, &value) || !str_eq_nocase(str_trim(name), STR("charset")))
        return false;
    return str_eq_nocase(unquoted(str_trim(value)), STR("utf-8"));
}

/* name=value, quoted or not, that the dialect names. */
static bool is_known(const struct dialect *dialect, struct str parameter)
{
    struct str name, value;

    if (!str_cut(parameter, '=', &name, &value))
        return false;
    value = unquoted(str_trim(value));
    for (size_t i = 0; i < dialect->media_also_count; i++)
        if (str_eq_nocase(dialect->media_also[i].said, str_trim(name)))
            return str_eq(dialect->media_also[i].meant, value);
    return false;
}

struct str media_named(const struct dialect *dialect, struct str word)
{
    for (size_t i = 0; i < dialect->media_word_count; i++)
        if (str_eq(dialect->media_words[i].said, word))
            return dialect->media_words[i].meant;
    return STR_NONE;
}

bool media_accepted(const struct dialect *dialect, const struct str *types, size_t count, struct str content_type,
                    size_t *index)
{
    struct str type, parameter;

    if (!str_next(&content_type, ';', &type))
        return false;
    while (str_next(&content_type, ';', &parameter))
        if (str_trim(parameter).len && !is_utf8_charset(str_trim(parameter)) &&
            !is_known(dialect, str_trim(parameter)))
            return false;
    for (*index = 0; *index < count; ++*index)
        if (str_eq_nocase(types[*index], str_trim(type)))
            return true;
    return false;
}

/* "0.5" -> 500; anything that is no qvalue counts as 1. */
static unsigned quality(struct str value)
{
    unsigned sum = 0, scale = 100;

    if (!value.len || (value.ptr[0] != '0' && value.ptr[0] != '1'))
        return 1000;
    sum = value.ptr[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < value.len && i < 5 && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++) {
        sum += (unsigned)(value.ptr[i] - '0') * scale;
        scale /= 10;
    }
    return sum > 1000 ? 1000 : sum;
}

/* How precisely a range names the type: 0 not at all, 1 any, 2 its family, 3 itself. */
static unsigned precision(struct str range, struct str type)
{
    struct str family, rest;

    if (str_is(range, "*/*"))
        return 1;
    if (str_eq_nocase(range, type))
        return 3;
    if (!str_cut(range, '/', &family, &rest) || !str_is(rest, "*"))
        return 0;
    return type.len > family.len && type.ptr[family.len] == '/' &&
                   str_eq_nocase(str_of(type.ptr, family.len), family)
               ? 2
               : 0;
}

/* A vendor's type with a parameter is an extension of it that is not spoken here (JSON:API section 5.2), but for the ones that
 * change nothing and those that the dialect names. */
static bool is_extension(const struct dialect *dialect, struct str type, struct str parameter)
{
    struct str name, value;
    bool vendor = type.len > 5 && str_eq_nocase(str_of(type.ptr + type.len - 5, 5), STR("+json"));

    if (!vendor || !str_cut(parameter, '=', &name, &value) || is_utf8_charset(parameter) ||
        is_known(dialect, parameter))
        return false;
    name = str_trim(name);
    return !str_eq_nocase(name, STR("q")) && !str_eq_nocase(name, STR("profile"));
}

/* What Accept says of one type, in thousandths: the most precise range that names it rules (RFC 9110 12.5.1). */
static unsigned type_quality(const struct dialect *dialect, struct str accept, struct str type)
{
    struct str item, range, parameter;
    unsigned best = 0, said = 0;

    while (str_next(&accept, ',', &item)) {
        unsigned q = 1000;
        struct str rest = item;
        bool extended = false;
        if (!str_next(&rest, ';', &range))
            continue; /* an empty element of the list is none (RFC 9110 section 5.6.1.2) */
        while (str_next(&rest, ';', &parameter)) {
            struct str name, value;
            if (str_cut(str_trim(parameter), '=', &name, &value) && str_eq_nocase(str_trim(name), STR("q")))
                q = quality(str_trim(value));
            extended = extended || is_extension(dialect, str_trim(range), str_trim(parameter));
        }
        unsigned fits = extended ? 0 : precision(str_trim(range), type);
        if (fits > best) {
            best = fits;
            said = q;
        }
    }
    return said;
}

struct str media_choose(const struct dialect *dialect, struct str accept)
{
    struct str chosen = STR_NONE;
    unsigned most = 0;

    if (!accept.ptr || !str_trim(accept).len)
        return dialect->answer_without_accept;
    for (size_t i = 0; i < dialect->answer_media_count; i++) {
        unsigned q = type_quality(dialect, accept, dialect->answer_media[i]);
        if (q > most) {
            most = q;
            chosen = dialect->answer_media[i];
        }
    }
    return chosen;
}
