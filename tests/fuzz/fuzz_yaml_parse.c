/* A tree that is accepted keeps its promises: places, counts, text that is UTF-8, unique keys. Every refusal names
 * the file and a place. */
#include "base/buf.h"
#include "yaml/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a buffer when it gives up inside a long quoted scalar. Files are read once, at start. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_node(const struct yaml *node, unsigned depth)
{
    size_t count = 0;

    must(depth <= 64 && node->line > 0 && node->column > 0 && strcmp(node->file, "f.yaml") == 0);
    must(node->kind == YAML_TEXT || (!node->text.len && !node->quoted));
    must(str_is_utf8(node->text) && str_is_utf8(node->key));
    for (const struct yaml *at = node->first; at; at = at->next, count++) {
        if (node->kind == YAML_MAP)
            must(at->key_line > 0 && at->key_column > 0 && yaml_get(node, at->key.ptr) == at);
        check_node(at, depth + 1);
    }
    must(count == node->count && (node->kind != YAML_TEXT || !count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    const struct str text = str_of((const char *)data, size);
    const struct yaml *root;
    struct err err = { .code = ERR_NONE };

    if (!arena)
        arena = arena_new(256u << 20);
    arena_reset(arena);
    if (yaml_parse(&root, arena, text, "f.yaml", &err)) {
        must(err.code == ERR_CONFIG && str_starts(str_from(err.detail), STR("f.yaml:")));
        return 0;
    }
    must(str_is_utf8(text));
    check_node(root, 0);
    struct buf buf = buf_in(arena, 64u << 20);
    yaml_to_json(root, &buf);
    must(buf_ok(&buf) && str_is_utf8(buf_str(&buf)));
    return 0;
}
