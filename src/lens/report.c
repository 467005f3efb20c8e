#include "lens/report.h"

#include "lens/pick.h"
#include "lens/put.h"
#include "yaml/yaml.h"

struct report {
    const struct lens *lens;
    const struct tape *in; /* NULL: everything is there */
    unsigned mode;         /* a MODE_ bit */
    bool put, whole;
    struct arena *arena;
    struct lens_lines *lines;
};

/* One object of the document: the whole one, or an element of a list. */
struct level {
    const struct shape *shape;
    uint32_t *slots;               /* of its own tree, on `in` */
    struct str dialect, canonical; /* what stands before its paths */
    struct str param;              /* of the list whose element this is */
};

static const char *const class_names[] = {
    [CLASS_EXACT] = "exact",     [CLASS_NORMALISING] = "normalising",
    [CLASS_DERIVED] = "derived", [CLASS_CONSTANT] = "constant",
    [CLASS_KEPT] = "kept",       [CLASS_LOSSY] = "lossy",
};

static struct str join(struct report *report, struct str head, char with, struct str tail)
{
    if (!head.len || !tail.len)
        return head.len ? head : tail;
    return arena_printf(report->arena, STR_FMT "%c" STR_FMT, STR_ARG(head), with, STR_ARG(tail));
}

static struct str dotted(struct report *report, struct str path)
{
    struct str copy = arena_copy(report->arena, path);
    char *text = arena_alloc(report->arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++)
        text[i] = copy.ptr[i] == '/' ? '.' : copy.ptr[i];
    return str_of(text, copy.len);
}

static struct str canonical_path(struct report *report, const struct level *level, uint32_t slot)
{
    return join(report, level->canonical, '.', dotted(report, level->shape->leaves[slot]->path));
}

/* "string, enum", "number, part 1 of \"/\"" */
static struct str rule_of(struct report *report, const struct field *field)
{
    struct buf rule = buf_in(report->arena, SIZE_MAX);
    const struct {
        bool there;
        const char *words;
    } more[] = {
        { field->enum_count > 0, "enum" },
        { field->also_count > 0, "also" },
        { field->known != NULL, "known_by" },
        { field->constant.json.ptr != NULL, "const" },
        { field->source == FROM_DERIVE, "derive" },
        { field->source == FROM_TABLE, "table" },
        { field->source == FROM_REST, "keep" },
        { field->invalid_keep, "invalid: keep" },
        { field->partial_keep, "partial: keep" },
        { field->unless_count > 0, "unless" },
        { field->with != NULL, "with" },
        { field->equals_brand || field->equals.json.ptr, "equals" },
    };

    buf_printf(&rule, "%s", field->lookup.ptr ? "look-up" : codecs[field->type].name);
    if (field->kind.len)
        buf_printf(&rule, " of a " STR_FMT, STR_ARG(field->kind));
    if (field->split.ptr)
        buf_printf(&rule, ", part %u", field->part);
    for (size_t i = 0; i < COUNT(more); i++)
        if (more[i].there)
            buf_printf(&rule, ", %s", more[i].words);
    if (field->when_path.ptr)
        buf_printf(&rule, ", when " STR_FMT " is " STR_FMT, STR_ARG(field->when_path),
                   STR_ARG(field->when_value.text));
    return buf_str(&rule);
}

/* Of what is made of something else. */
static struct str source_of(struct report *report, const struct level *level, const struct field *field)
{
    if (field->source == FROM_DERIVE)
        return canonical_path(report, level, field->derive);
    if (field->source == FROM_TABLE)
        return canonical_path(report, level, field->table.by);
    return field->source == FROM_LINK ? canonical_path(report, level, field->link->is[0]) : STR_NONE;
}

static struct str shown_instead(struct report *report, const struct field *field)
{
    if (field->source != FROM_REST || field->otherwise == OTHERWISE_NULL)
        return STR_NONE;
    if (field->otherwise == OTHERWISE_LITERAL)
        return field->otherwise_value.text;
    return arena_printf(report->arena, "what the table says of " STR_FMT, STR_ARG(field->table.by_path));
}

/* A member of a pick is only where the pick is; an array that get shows empty, and put takes so, is always there. */
static bool is_required(const struct field *field)
{
    bool anyway = field->empty_allowed && field->absent == ABSENT_EMPTY;

    return (field->required & MODE_CREATE) && !anyway && (!field->inside || (field->inside->required & MODE_CREATE));
}

static void add(struct report *report, const struct level *level, const struct field *field, struct str from,
                struct str to, struct str why)
{
    struct lens_lines *lines = report->lines;
    bool full = false;

    for (size_t i = 0; i < lines->count; i++) /* another element of the same list */
        if (str_eq(lines->items[i].from, from) && str_eq(lines->items[i].to, to))
            return;
    struct lens_line *items =
        lens_grow(report->arena, lines->items, lines->count, &lines->space, sizeof *items, &full);
    if (!items)
        return;
    lines->items = items;
    struct lens_line *line = &items[lines->count++];
    *line = (struct lens_line){ .from = from,
                                .to = to,
                                .rule = rule_of(report, field),
                                .class = str_from(class_names[field->classed]),
                                .why = why.len ? why : field->loss,
                                .file = field->from->file,
                                .line = field->from->key_line,
                                .made_of = source_of(report, level, field),
                                .instead = shown_instead(report, field),
                                .required = is_required(field),
                                .tells = field->tells ? dotted(report, field->tells->path) : STR_NONE,
                                .unshown = field->write_only || field->lookup.ptr != NULL,
                                .array = codecs[field->type].take == take_pick ||
                                         codecs[field->type].take == take_entries ||
                                         codecs[field->type].take == take_list };
    line->beside = line->array || field->also_count || field->partial_keep || field->type == TYPE_QUANTITY;
    for (size_t i = 0; i < COUNT(field->is) && field->source == FROM_CANONICAL; i++)
        if (field->is[i] != NO_SLOT)
            line->canonical[i] = canonical_path(report, level, field->is[i]);
}

static struct str rest_place(struct report *report)
{
    return report->lens->rest == REST_MEMBER ? report->lens->rest_path : STR("(rest)");
}

static bool is_read_only(const struct report *report, const struct field *field)
{
    bool sourced = field->source == FROM_CANONICAL || field->source == FROM_REST;

    return (field->read_only & report->mode) && !(report->whole && sourced);
}

/* Where put takes a field's value; empty with a reason for nowhere. */
static struct str put_place(struct report *report, const struct level *level, const struct field *field,
                            struct str *why)
{
    if (field->source == FROM_CONST)
        *why = STR("only compared");
    else if (is_read_only(report, field))
        *why = field->source == FROM_NOWHERE ? STR("it has no source") : STR("read-only");
    if (why->len)
        return STR_NONE;
    if (field->source == FROM_REST)
        return rest_place(report);
    struct str param = field->param.len ? field->param : level->param;
    if (param.len && !report->whole)
        return arena_printf(report->arena, "parameter " STR_FMT, STR_ARG(param));
    if (field->type == TYPE_PICK)
        return join(report, STR("members of one element;"), ' ', rest_place(report));
    struct str place = canonical_path(report, level, field->is[0]);
    if (field->type != TYPE_QUANTITY)
        return place;
    return arena_printf(report->arena, STR_FMT " or " STR_FMT, STR_ARG(place),
                        STR_ARG(canonical_path(report, level, field->is[1])));
}

/* "telecom[system=phone]/value" for a member of such an element. */
static struct str own_path(struct report *report, const struct field *field)
{
    const struct field *choice = field->chosen ? field : field->inside && field->inside->chosen ? field->inside : NULL;
    struct buf path = buf_in(report->arena, SIZE_MAX);

    if (!choice)
        return field->path;
    buf_add(&path, choice->path);
    for (size_t i = 0; i < choice->prefer.count; i++)
        buf_printf(&path, "[" STR_FMT "=" STR_FMT "]", STR_ARG(choice->prefer.items[i].name),
                   STR_ARG(choice->prefer.items[i].value.text));
    buf_add(&path, str_from_at(field->path, choice->path.len));
    return buf_str(&path);
}

static bool is_given(const struct report *report, const struct level *level, uint32_t slot)
{
    return !report->in || (slot != NO_SLOT && slot_given(level->slots[slot]));
}

static void new_level(struct report *report, struct level *level, const struct shape *shape, bool dialect)
{
    size_t size = sizeof(uint32_t) * (dialect ? shape->dialect_slots : shape->canonical_slots);

    level->shape = shape;
    level->slots = arena_alloc(report->arena, size);
    memset(level->slots, 0xff, size);
}

static void report_level(struct report *report, const struct level *level);

static void scan_level(struct report *report, struct level *level, uint32_t at)
{
    const struct node *root = report->put ? level->shape->dialect : level->shape->canonical;
    struct scan scan = { .tape = report->in, .slots = level->slots };

    level->slots[root->slot] = at;
    if (root->group && tape_type(report->in, at) == JSON_OBJECT)
        scan_object(&scan, root, at);
}

/* The elements of a list, each against the list's own shape. */
static void report_list(struct report *report, const struct level *level, const struct field *field)
{
    const struct tape *in = report->in;
    uint32_t slot = report->put ? field->in : field->is[0];
    struct level inner = {
        .dialect = join(report, join(report, level->dialect, '/', field->path), '/', STR("*")),
        .canonical = join(report, canonical_path(report, level, field->is[0]), '.', STR("*")),
    };

    inner.param = field->param;
    new_level(report, &inner, field->element, report->put);
    if (!in) {
        report_level(report, &inner);
        return;
    }
    uint32_t array = level->slots[slot];
    if (tape_type(in, array) != JSON_ARRAY)
        return;
    for (uint32_t i = tape_first(in, array); i < tape_next(in, array); i = tape_next(in, i)) {
        new_level(report, &inner, field->element, report->put);
        scan_level(report, &inner, i);
        if (field->bare && report->put)
            inner.slots[field->bare->in] = i;
        report_level(report, &inner);
    }
}

/* The element whose members are mapped is scanned before they are asked for. */
static void enter_pick(struct report *report, const struct level *level, const struct field *field)
{
    uint32_t array = report->in && report->put ? level->slots[field->in] : TAPE_NONE;

    if (!slot_given(array) || tape_type(report->in, array) != JSON_ARRAY)
        return;
    for (size_t i = 0; i < field->choice_count; i++)
        enter_pick(report, level, field->choices[i]);
    if (field->choice_count)
        return;
    uint32_t element = pick_element(field, report->in, array);
    struct scan scan = { .tape = report->in, .slots = level->slots };
    if (element != TAPE_NONE)
        scan_object(&scan, field->node, element);
}

static void report_put_field(struct report *report, const struct level *level, const struct field *field)
{
    struct str why = STR_NONE;

    if (field->chosen || !is_given(report, level, field->in))
        return;
    struct str to = put_place(report, level, field, &why);
    add(report, level, field, join(report, level->dialect, '/', own_path(report, field)), to, why);
    if (field->type == TYPE_PICK)
        enter_pick(report, level, field);
    if (field->element)
        report_list(report, level, field);
}

/* Where get finds a field's value; false: it has none here. */
static bool get_place(struct report *report, const struct level *level, const struct field *field,
                      struct str *from)
{
    switch (field->source) {
    case FROM_CANONICAL:
        if (field->type == TYPE_PICK)
            return false; /* its members speak */
        for (size_t i = 0; i < COUNT(field->is); i++)
            if (field->is[i] != NO_SLOT && is_given(report, level, field->is[i]))
                *from = join(report, *from, '|', canonical_path(report, level, field->is[i]));
        return from->len > 0;
    case FROM_CONST:
        *from = STR("(constant)");
        return true;
    case FROM_DERIVE:
        *from = canonical_path(report, level, field->derive);
        return is_given(report, level, field->derive);
    case FROM_TABLE:
        *from = canonical_path(report, level, field->table.by);
        return is_given(report, level, field->table.by);
    case FROM_LINK:
        *from = canonical_path(report, level, field->link->is[0]);
        return is_given(report, level, field->link->is[0]);
    case FROM_VERSION:
        *from = STR("(version)");
        return !report->in;
    case FROM_REST:
        *from = rest_place(report);
        return !report->in;
    case FROM_NOWHERE:
        return false;
    }
    return false;
}

static void report_get_field(struct report *report, const struct level *level, const struct field *field)
{
    struct str from = STR_NONE;
    bool hidden = field->write_only || field->lookup.ptr;

    if (hidden || !get_place(report, level, field, &from))
        return;
    add(report, level, field, from, join(report, level->dialect, '/', own_path(report, field)), STR_NONE);
    if (field->element)
        report_list(report, level, field);
}

static void report_level(struct report *report, const struct level *level)
{
    for (size_t i = 0; i < level->shape->count; i++)
        if (report->put)
            report_put_field(report, level, &level->shape->fields[i]);
        else
            report_get_field(report, level, &level->shape->fields[i]);
}

static void run(struct report *report, uint32_t at)
{
    struct level level = { 0 };

    new_level(report, &level, report->lens->shape, report->put);
    if (report->in)
        scan_level(report, &level, at);
    report_level(report, &level);
}

void lens_report_put(const struct lens *lens, const struct tape *in, uint32_t at, enum lens_mode mode,
                     struct arena *arena, struct lens_lines *lines)
{
    struct report report = { .lens = lens,
                             .in = in,
                             .put = true,
                             .mode = mode == LENS_UPDATE ? MODE_UPDATE : MODE_CREATE,
                             .whole = mode == LENS_SHOWN,
                             .arena = arena,
                             .lines = lines };

    run(&report, at);
}

void lens_report_get(const struct lens *lens, const struct tape *in, uint32_t at, struct arena *arena,
                     struct lens_lines *lines)
{
    struct report report = { .lens = lens, .in = in, .arena = arena, .lines = lines };

    run(&report, at);
}

struct str lens_always_sets(const struct lens *lens, struct str canonical)
{
    for (uint32_t i = 0; i < lens->shape->canonical_slots; i++) {
        const struct node *leaf = lens->shape->leaves[i];
        if (!leaf || leaf->shown || !str_eq(leaf->path, canonical))
            continue;
        if (leaf->set_from == SET_BRAND)
            return STR("$brand");
        return leaf->set_from == SET_LITERAL ? leaf->set.text : STR_NONE;
    }
    return STR_NONE;
}
