#include "yaml/yaml.h"

#include "base/buf.h"

/* Rooms of one row do not include each other, so the little JSON that is written here stands here too. */

static size_t digits(struct str text, size_t at)
{
    size_t start = at;

    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - start;
}

static bool char_at(struct str text, size_t at, const char *set)
{
    return at < text.len && strchr(set, text.ptr[at]);
}

/* RFC 8259 section 6. */
static bool is_number(struct str text)
{
    size_t at = char_at(text, 0, "-"), run = digits(text, at);

    if (!run || (run > 1 && text.ptr[at] == '0'))
        return false;
    at += run;
    if (char_at(text, at, ".")) {
        run = digits(text, at + 1);
        if (!run)
            return false;
        at += 1 + run;
    }
    if (char_at(text, at, "eE")) {
        at += 1 + char_at(text, at + 1, "+-");
        run = digits(text, at);
        if (!run)
            return false;
        at += run;
    }
    return at == text.len;
}

static void put_string(struct buf *out, struct str text)
{
    static const char hex[] = "0123456789abcdef";

    buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20) {
            buf_add(out, str_of((char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6));
            continue;
        }
        if (c == '"' || c == '\\')
            buf_char(out, '\\');
        buf_char(out, (char)c);
    }
    buf_char(out, '"');
}

static void put_scalar(const struct yaml *node, struct buf *out)
{
    struct str text = node->text;

    if (yaml_is_null(node))
        buf_add(out, STR("null"));
    else if (!node->quoted && (str_is(text, "true") || str_is(text, "false") || is_number(text)))
        buf_add(out, text);
    else
        put_string(out, text);
}

/* Recursion ends: yaml_parse bounded the depth. */
void yaml_to_json(const struct yaml *node, struct buf *out)
{
    bool map = node->kind == YAML_MAP;

    if (node->kind == YAML_TEXT) {
        put_scalar(node, out);
        return;
    }
    buf_char(out, map ? '{' : '[');
    for (const struct yaml *at = node->first; at; at = at->next) {
        if (at != node->first)
            buf_char(out, ',');
        if (map) {
            put_string(out, at->key);
            buf_char(out, ':');
        }
        yaml_to_json(at, out);
    }
    buf_char(out, map ? '}' : ']');
}
