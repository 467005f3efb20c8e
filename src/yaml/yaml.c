#include "yaml/yaml.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

PRINTF(5, 0)
static int fault(const char *file, unsigned line, unsigned column, struct err *err, const char *fmt,
                 va_list ap)
{
    char words[sizeof err->detail];

    if (vsnprintf(words, sizeof words, fmt, ap) < 0)
        words[0] = '\0';
    return err_set(err, ERR_CONFIG, "%s:%u:%u: %s", file, line, column, words);
}

int yaml_fault(const struct yaml *node, struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int failed = fault(node->file, node->line, node->column, err, fmt, ap);
    va_end(ap);
    return failed;
}

/* A node without a key, in a list or the root, stands for itself. */
int yaml_fault_key(const struct yaml *node, struct err *err, const char *fmt, ...)
{
    bool keyed = node->key_line > 0;
    va_list ap;

    va_start(ap, fmt);
    int failed = fault(node->file, keyed ? node->key_line : node->line,
                       keyed ? node->key_column : node->column, err, fmt, ap);
    va_end(ap);
    return failed;
}

const struct yaml *yaml_get_str(const struct yaml *map, struct str key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml *at = map->first; at; at = at->next)
        if (str_eq(at->key, key))
            return at;
    return NULL;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    return yaml_get_str(map, str_from(key));
}

static bool is_plain(const struct yaml *node, const char *text)
{
    return node->kind == YAML_TEXT && !node->quoted && str_is(node->text, text);
}

bool yaml_is_null(const struct yaml *node)
{
    return is_plain(node, "null") || is_plain(node, "~") || is_plain(node, "");
}

/* "found X, expected Y" */
static int unexpected(const struct yaml *node, struct err *err, const char *expected)
{
    if (node->kind == YAML_MAP)
        return yaml_fault(node, err, "found a map, expected %s", expected);
    if (node->kind == YAML_LIST)
        return yaml_fault(node, err, "found a list, expected %s", expected);
    if (yaml_is_null(node))
        return yaml_fault(node, err, "found nothing, expected %s", expected);
    return yaml_fault(node, err, "found \"%.*s\", expected %s",
                      (int)(node->text.len < 60 ? node->text.len : 60), node->text.ptr, expected);
}

int yaml_text(const struct yaml *node, struct str *text, struct err *err)
{
    if (node->kind != YAML_TEXT || yaml_is_null(node))
        return unexpected(node, err, "text");
    *text = node->text;
    return 0;
}

int yaml_bool(const struct yaml *node, bool *value, struct err *err)
{
    if (!is_plain(node, "true") && !is_plain(node, "false"))
        return unexpected(node, err, "true or false");
    *value = is_plain(node, "true");
    return 0;
}

int yaml_uint(const struct yaml *node, uint64_t min, uint64_t max, uint64_t *value, struct err *err)
{
    bool digits = node->kind == YAML_TEXT && !node->quoted && str_to_uint(node->text, value);
    char expected[96];

    /* A leading zero means octal to some readers and decimal to others. */
    if (digits && (node->text.len == 1 || node->text.ptr[0] != '0') && *value >= min && *value <= max)
        return 0;
    if (snprintf(expected, sizeof expected, "a whole number from %" PRIu64 " to %" PRIu64, min, max) < 0)
        return unexpected(node, err, "a whole number");
    return unexpected(node, err, expected);
}

int yaml_map(const struct yaml *node, struct err *err)
{
    return node->kind == YAML_MAP ? 0 : unexpected(node, err, "a map");
}

int yaml_list(const struct yaml *node, struct err *err)
{
    return node->kind == YAML_LIST ? 0 : unexpected(node, err, "a list");
}

int yaml_get_text(const struct yaml *map, const char *key, struct str *text, struct err *err)
{
    const struct yaml *node = yaml_get(map, key);

    return node ? yaml_text(node, text, err) : 0;
}

int yaml_get_bool(const struct yaml *map, const char *key, bool *value, struct err *err)
{
    const struct yaml *node = yaml_get(map, key);

    return node ? yaml_bool(node, value, err) : 0;
}

int yaml_get_texts(const struct yaml *map, const char *key, struct arena *arena, const struct str **texts, size_t *count,
                   struct err *err)
{
    const struct yaml *node = yaml_get(map, key);

    if (!node)
        return 0;
    if (yaml_list(node, err))
        return -1;
    struct str *made = ARENA_ARRAY(arena, struct str, node->count);
    size_t at = 0;
    for (const struct yaml *child = node->first; child; child = child->next)
        if (yaml_text(child, &made[at++], err))
            return -1;
    *texts = made;
    *count = at;
    return 0;
}

static bool is_known(struct str key, const char *const *known)
{
    for (; *known; known++)
        if (str_is(key, *known))
            return true;
    return false;
}

int yaml_known(const struct yaml *node, const char *const *known, struct err *err)
{
    char list[200] = "";
    size_t len = 0;
    struct near near = near_to(node->key);

    if (is_known(node->key, known))
        return 0;
    for (const char *const *word = known; *word; word++) {
        near_try(&near, str_from(*word));
        if (len + strlen(*word) + sizeof ", , …" > sizeof list)
            continue; /* the first that has no room, and those after it: docs/ has them all */
        int n = snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", *word);
        len += n > 0 ? (size_t)n : 0;
    }
    (void)yaml_fault_key(node, err, "unknown key \"" STR_FMT "\", expected one of: %s", STR_ARG(node->key), list);
    return err_meant(err, near.best);
}

int yaml_only(const struct yaml *map, const char *const *known, struct err *err)
{
    for (const struct yaml *at = map->first; at; at = at->next)
        if (yaml_known(at, known, err))
            return -1;
    return 0;
}
