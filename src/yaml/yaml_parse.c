#include "yaml/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>

enum { MOST_DEPTH = 64, MOST_BYTES = 4 << 20, FEW_KEYS = 32 };

struct place {
    unsigned line, column;
};

/* An open map or list. */
struct level {
    struct yaml *node, *last; /* its last child so far */
    struct str key;           /* of the member whose value comes next */
    struct place key_place;
    bool has_key;
};

struct builder {
    struct arena *arena;
    const char *file;
    struct err *err;
    struct yaml *root;
    struct place
        place; /* of the event at hand; an event that stands for nothing written keeps the one before */
    struct level levels[MOST_DEPTH];
    size_t depth;
    unsigned documents;
};

static int fault_at(const char *file, struct place place, const char *words, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%s:%u:%u: %s", file, place.line, place.column, words);
}

static int refuse(struct builder *b, const char *words)
{
    return fault_at(b->file, b->place, words, b->err);
}

/* Line and column (in characters, as libfyaml counts) of a byte that only UTF-8 stands before. */
static struct place place_of(struct str text, size_t offset)
{
    struct place place = { .line = 1, .column = 1 };

    for (size_t i = 0; i < offset; i++) {
        if (text.ptr[i] == '\n')
            place = (struct place){ .line = place.line + 1, .column = 1 };
        else if ((text.ptr[i] & 0xC0) != 0x80)
            place.column++;
    }
    return place;
}

/* libfyaml takes bytes that are no UTF-8, and U+0000, for the end of the file and loses the rest without a
 * word. */
static int check_bytes(struct builder *b, struct str text)
{
    if (text.len > MOST_BYTES)
        return err_set(b->err, ERR_CONFIG, "%s:1:1: the file is larger than 4 MiB", b->file);
    size_t good = str_utf8_prefix(text);
    for (size_t i = 0; i < good; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return fault_at(b->file, place_of(text, i), "control character", b->err);
    }
    return good == text.len ? 0 : fault_at(b->file, place_of(text, good), "invalid UTF-8", b->err);
}

static bool is_quoted(struct fy_token *token)
{
    return token && fy_scalar_token_get_style(token) != FYSS_PLAIN;
}

/* libfyaml counts from 0, and starts a quoted scalar after its quote. */
static void set_place(struct builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);

    if (!mark)
        return;
    b->place = (struct place){ .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 };
    if (event->type != FYET_SCALAR || !event->scalar.value)
        return;
    enum fy_scalar_style style = fy_scalar_token_get_style(event->scalar.value);
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && b->place.column > 1)
        b->place.column--;
}

/* The text of a scalar, copied. */
static int scalar_text(struct builder *b, struct fy_token *token, struct str *text)
{
    size_t len = 0;
    const char *found = token ? fy_token_get_text(token, &len) : "";

    if (!found)
        return refuse(b, "the text cannot be read");
    if (memchr(found, '\0', len) || !str_is_utf8(str_of(found, len)))
        return refuse(b, "an escape that stands for no character");
    if (len + 1 > arena_room(b->arena))
        return refuse(b, "no memory left");
    *text = arena_copy(b->arena, str_of(found, len));
    return 0;
}

static struct level *top(struct builder *b)
{
    return b->depth ? &b->levels[b->depth - 1] : NULL;
}

static int add_node(struct builder *b, enum yaml_kind kind, struct yaml **node)
{
    struct level *level = top(b);
    struct yaml *made;

    if (sizeof *made > arena_room(b->arena))
        return refuse(b, "no memory left");
    made = ARENA_NEW(b->arena, struct yaml);
    *made = (struct yaml){ .kind = kind, .file = b->file, .line = b->place.line, .column = b->place.column };
    *node = made;
    if (!level) {
        b->root = made;
        return 0;
    }
    made->key = level->key;
    made->key_line = level->key_place.line;
    made->key_column = level->key_place.column;
    level->has_key = false;
    if (level->last)
        level->last->next = made;
    else
        level->node->first = made;
    level->last = made;
    level->node->count++;
    return 0;
}

static bool wants_key(struct builder *b)
{
    return b->depth && top(b)->node->kind == YAML_MAP && !top(b)->has_key;
}

static int on_scalar(struct builder *b, struct fy_event *event)
{
    struct level *level = top(b);
    struct fy_token *token = event->scalar.value;
    struct yaml *node;

    if (wants_key(b)) {
        if (!token)
            return refuse(b, "a key is missing, expected text");
        level->has_key = true;
        level->key_place = b->place;
        return scalar_text(b, token, &level->key);
    }
    if (add_node(b, YAML_TEXT, &node))
        return -1;
    node->quoted = is_quoted(token);
    return scalar_text(b, token, &node->text);
}

static int on_open(struct builder *b, enum yaml_kind kind)
{
    struct yaml *node;

    if (wants_key(b))
        return refuse(b, "a key that is a map or a list, expected text");
    if (b->depth == MOST_DEPTH)
        return refuse(b, "nested deeper than 64");
    if (add_node(b, kind, &node))
        return -1;
    b->levels[b->depth++] = (struct level){ .node = node };
    return 0;
}

static int compare_keys(const void *left, const void *right)
{
    const struct yaml *a = *(const struct yaml *const *)left, *b = *(const struct yaml *const *)right;
    int order = str_compare(a->key, b->key);

    if (order)
        return order;
    return a->key_line != b->key_line ? (a->key_line < b->key_line ? -1 : 1)
                                      : (a->key_column > b->key_column) - (a->key_column < b->key_column);
}

static int twice(struct builder *b, const struct yaml *second)
{
    return yaml_fault_key(second, b->err, "the key \"" STR_FMT "\" stands twice", STR_ARG(second->key));
}

static int check_many_keys(struct builder *b, const struct yaml *map)
{
    size_t count = 0;

    if (map->count * sizeof(struct yaml *) > arena_room(b->arena))
        return refuse(b, "no memory left");
    const struct yaml **sorted = ARENA_ARRAY(b->arena, const struct yaml *, map->count);
    for (const struct yaml *at = map->first; at; at = at->next)
        sorted[count++] = at;
    qsort(sorted, count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (str_eq(sorted[i - 1]->key, sorted[i]->key))
            return twice(b, sorted[i]);
    return 0;
}

static int check_keys(struct builder *b, const struct yaml *map)
{
    if (map->count > FEW_KEYS)
        return check_many_keys(b, map);
    for (const struct yaml *at = map->first; at; at = at->next)
        for (const struct yaml *before = map->first; before != at; before = before->next)
            if (str_eq(before->key, at->key))
                return twice(b, at);
    return 0;
}

static int on_close(struct builder *b)
{
    const struct yaml *node = b->levels[--b->depth].node;

    return node->kind == YAML_MAP ? check_keys(b, node) : 0;
}

/* `token` is an anchor, an alias or a tag; the first two are said to start after their sign. */
static int refuse_token(struct builder *b, struct fy_token *token, unsigned sign, const char *words)
{
    const struct fy_mark *mark = fy_token_start_mark(token);

    if (mark)
        b->place =
            (struct place){ .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 - sign };
    return refuse(b, words);
}

/* What YAML has and these files may not. */
static int check_event(struct builder *b, struct fy_event *event)
{
    b->documents += event->type == FYET_DOCUMENT_START;
    if (b->documents > 1 && fy_event_start_mark(event))
        return refuse(b, "a second document");
    if (event->type == FYET_ALIAS)
        return refuse_token(b, event->alias.anchor, 1, "an alias, which is not allowed");
    if (fy_event_get_anchor_token(event))
        return refuse_token(b, fy_event_get_anchor_token(event), 1, "an anchor, which is not allowed");
    if (fy_event_get_tag_token(event))
        return refuse_token(b, fy_event_get_tag_token(event), 0, "a tag, which is not allowed");
    return 0;
}

static int on_event(struct builder *b, struct fy_event *event, size_t size)
{
    const struct fy_mark *mark = fy_event_start_mark(event);

    set_place(b, event);
    if (check_event(b, event))
        return -1;
    switch (event->type) {
    case FYET_SCALAR:
        return on_scalar(b, event);
    case FYET_MAPPING_START:
        return on_open(b, YAML_MAP);
    case FYET_SEQUENCE_START:
        return on_open(b, YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return on_close(b);
    case FYET_STREAM_END:
        return !mark || mark->input_pos == size ? 0 : refuse(b, "the file cannot be read beyond this place");
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_DOCUMENT_START:
    case FYET_DOCUMENT_END:
    case FYET_ALIAS:
        return 0;
    }
    return 0;
}

/* libfyaml's own words on why it stopped; these positions count from 1. */
static int parser_fault(struct builder *b, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &position);

    if (!first || !first->msg)
        return refuse(b, "not valid YAML");
    if (first->line > 0 && first->column > 0)
        b->place = (struct place){ .line = (unsigned)first->line, .column = (unsigned)first->column };
    return refuse(b, first->msg);
}

static int read_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag, size_t size)
{
    bool ended = false;

    while (!ended) {
        struct fy_event *event = fy_parser_parse(parser);
        if (!event)
            return parser_fault(b, diag);
        ended = event->type == FYET_STREAM_END;
        int failed = on_event(b, event, size);
        fy_parser_event_free(parser, event);
        if (failed)
            return -1;
    }
    return 0;
}

static void no_output(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag, (void)user, (void)text, (void)len;
}

static void diag_done(struct fy_diag **diag)
{
    fy_diag_destroy(*diag);
}

static void parser_done(struct fy_parser **parser)
{
    fy_parser_destroy(*parser);
}

/* A file in which nothing is written is a map without members. */
static int root_of(struct builder *b, const struct yaml **root)
{
    b->place = (struct place){ .line = 1, .column = 1 };
    if (!b->root && add_node(b, YAML_MAP, &b->root))
        return -1;
    if (b->root->kind == YAML_TEXT && !b->root->quoted && !b->root->text.len)
        b->root->kind = YAML_MAP;
    *root = b->root;
    return 0;
}

int yaml_parse(const struct yaml **root, struct arena *arena, struct str text, const char *name,
               struct err *err)
{
    struct builder b = { .arena = arena,
                         .file = arena_cstr(arena, str_from(name)),
                         .err = err,
                         .place = { .line = 1, .column = 1 } };
    const struct fy_diag_cfg silent = { .output_fn = no_output, .level = FYET_ERROR };
    CLEANUP(diag_done) struct fy_diag *diag = fy_diag_create(&silent);
    struct fy_parse_cfg config = { .search_path = "", .flags = FYPCF_QUIET | FYPCF_JSON_NONE, .diag = diag };

    if (!diag)
        return refuse(&b, "no memory left");
    if (check_bytes(&b, text))
        return -1;
    fy_diag_set_collect_errors(diag, true);
    CLEANUP(parser_done) struct fy_parser *parser = fy_parser_create(&config);
    if (!parser || fy_parser_set_string(parser, text.len ? text.ptr : "", text.len))
        return refuse(&b, "the parser cannot be set up");
    return read_events(&b, parser, diag, text.len) ? -1 : root_of(&b, root);
}
