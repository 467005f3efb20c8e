/* `media:` of dialect.yaml: the types of bodies that a dialect takes and gives. */
#include "dialect/load.h"

static bool is_answer(const struct dialect *dialect, struct str type)
{
    for (size_t i = 0; i < dialect->answer_media_count; i++)
        if (str_eq(dialect->answer_media[i], type))
            return true;
    return false;
}

/* A word such as `json` fits no header field: every request would be refused. */
int load_media_types(const struct yaml *map, const char *key, struct arena *arena, const struct str **types, size_t *count,
                     struct err *err)
{
    struct str type, subtype;

    if (yaml_get_texts(map, key, arena, types, count, err))
        return -1;
    const struct yaml *at = *count ? yaml_get(map, key)->first : NULL;
    for (; at; at = at->next)
        if (!str_cut(at->text, '/', &type, &subtype) || !type.len || !subtype.len || memchr(at->text.ptr, ';', at->text.len))
            return yaml_fault(at, err, "\"" STR_FMT "\" is not a media type, expected one such as application/json",
                              STR_ARG(at->text));
    return 0;
}

int load_media(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "request", "answer", "answer_without_accept", "parameter", "words", "also", NULL };

    if (!map)
        return yaml_fault(dialect->place, err, "no media:, expected it (docs/dialect.md)");
    if (yaml_map(map, err) || yaml_only(map, known, err) ||
        load_media_types(map, "request", arena, &dialect->request_media, &dialect->request_media_count, err) ||
        load_media_types(map, "answer", arena, &dialect->answer_media, &dialect->answer_media_count, err))
        return -1;
    if (!dialect->answer_media_count || !dialect->request_media_count)
        return yaml_fault(map, err, "media: needs request: and answer:");
    dialect->answer_without_accept = dialect->answer_media[0];
    if (yaml_get_text(map, "parameter", &dialect->media_parameter, err) ||
        load_pairs(map, "words", arena, &dialect->media_words, &dialect->media_word_count, err) ||
        load_pairs(map, "also", arena, &dialect->media_also, &dialect->media_also_count, err))
        return -1;
    if ((dialect->media_parameter.len > 0) != (dialect->media_word_count > 0))
        return yaml_fault(map, err, "parameter: and words: of media belong together");
    for (size_t i = 0; i < dialect->media_word_count; i++)
        if (!is_answer(dialect, dialect->media_words[i].meant))
            return yaml_fault(yaml_get(map, "words"), err, "'" STR_FMT "' is not a media type under answer:",
                              STR_ARG(dialect->media_words[i].meant));
    return yaml_get_text(map, "answer_without_accept", &dialect->answer_without_accept, err);
}
