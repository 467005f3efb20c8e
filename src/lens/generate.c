/* Documents made from a lens's own fields: every one of them put must accept. Edge values come often. */
#include "lens/test.h"

#include "json/write.h"
#include "lens/codec.h"
#include "lens/scan.h"

uint64_t random_next(struct random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u); /* splitmix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct generator {
    const struct lens *lens;
    const struct shape *shape;
    struct random *random;
    struct arena *arena;
    struct buf *out;
    bool *made; /* by the field's order in the shape */
};

static bool chance(struct generator *g, unsigned one_in)
{
    return random_below(g->random, one_in) == 0;
}

struct texts {
    const char *const *items;
    size_t count;
};
#define TEXTS(...)                                                                                           \
    {                                                                                                        \
        (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)  \
    }

/* JSON texts that every field of the type takes, unless its own keys say otherwise. */
static const struct texts samples[TYPE_COUNT] = {
    [TYPE_STRING] =
        TEXTS("\"abc\"", "\"x\"", "\"\"", "\" \"", "\"null\"", "\"12\"", "\"\\u00e9\\n\\\"\\\\/\"",
              "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"", "\"a/b\"", "\"120/80\""),
    [TYPE_INTEGER] = TEXTS("0", "7", "-1", "9007199254740993", "123456789012345678901234567890"),
    [TYPE_NUMBER] = TEXTS("0", "0.1", "100.20", "-0.0", "1e400", "9007199254740993", "1E-7"),
    [TYPE_DECIMAL] = TEXTS("\"0.1\"", "\"100.20\"", "\"9007199254740993\"", "\"1e400\"", "\"-0\""),
    [TYPE_BOOLEAN] = TEXTS("true", "false"),
    [TYPE_DATE] = TEXTS("\"2010-05-15\"", "\"2000-02-29\"", "\"0001-01-01\"", "\"9999-12-31\""),
    [TYPE_DATETIME] = TEXTS("\"2024-01-01T10:00:00.000Z\"", "\"2024-01-01T10:00:00Z\"",
                            "\"2024-01-01t10:00:00.123456+05:30\"", "\"1969-12-31T23:59:59.999-00:00\""),
    [TYPE_EMAIL] =
        TEXTS("\"a@b.example\"", "\"first.last+tag@sub.domain.example\"", "\"\xc3\xa9@\xc3\xa9.example\""),
    [TYPE_UUID] =
        TEXTS("\"123e4567-e89b-42d3-a456-426614174000\"", "\"123E4567-E89B-42D3-A456-426614174000\""),
    [TYPE_OBJECT] = TEXTS("{}", "{\"a\":1}", "{\"a\":{\"b\":[]},\"c\":\"d\"}"),
    [TYPE_ARRAY] = TEXTS("[]", "[1]", "[1,\"x\",[],{}]"),
    [TYPE_MAP] = TEXTS("{}", "{\"k\":\"v\"}", "{\"\\u00e9\":\"\",\"k\":\"v w\"}"),
    [TYPE_ANY] = TEXTS("1", "\"x\"", "true", "[]", "{\"a\":1}"),
    [TYPE_ID] = TEXTS("\"58c4554710123c5c40dbab81\"", "\"x-1\""),
    [TYPE_QUANTITY] = TEXTS("7", "\"121\"", "\"100.20\"", "1e400", "\"high\"", "\"\\u0031\"", "\"120/80\""),
    [TYPE_LINES] = TEXTS("[]", "[\"a\"]", "[\"a\",\"b c\"]", "[\"\"]", "[\"a\\nb\"]", "[\"\",\"\"]"),
};

/* Values that only a lens with a rest can hold. */
static const struct texts odd_quantities = TEXTS("true", "[1]", "{\"a\":null}");
static const struct texts names = TEXTS("\"A\"", "\"B\"", "\"\\u0041\"", "\"MyEHR\"", "\"\xc3\xa9\"");
static const struct texts extras = TEXTS(",\"x_extra\":1", ",\"x_extra\":{\"a\":[],\"b\":\"\\u00e9\"}",
                                         ",\"x_\\u0065xtra\":\"y\"", ",\"~/x\":0.10");
static const struct texts bad_mails = TEXTS("\"none\"", "\"a@b@c\"", "\"\\u0040\"");

static struct str pick_text(struct generator *g, const struct texts *texts)
{
    return str_from(texts->items[random_below(g->random, texts->count)]);
}

/* One character for each byte. */
static bool is_plain(struct str json)
{
    for (size_t i = 0; i < json.len; i++)
        if (json.ptr[i] == '\\' || (unsigned char)json.ptr[i] >= 0x80)
            return false;
    return true;
}

/* The field's keys may refuse an edge value; then the first sample, which is made to please, stands for it.
 */
static bool pleases(struct generator *g, const struct field *field, struct str json)
{
    bool empty = str_is(json, "\"\"") || str_is(json, "[]") || str_is(json, "{}");
    bool blank = str_is(json, "\" \"");
    size_t length = field->type == TYPE_STRING && json.len > 4 ? 3 : json.len - 2;

    (void)g;
    if ((empty && (field->required || field->blank_refuse)) || (blank && field->blank_refuse))
        return false;
    if (field->split.ptr && text_find(json, field->split))
        return false;
    if (field->min_length > 1 && !is_plain(json))
        return false;
    return !(field->has_min_length && length < field->min_length) &&
           !(field->has_max_length && json.len - 2 > field->max_length);
}

static struct str value_of(struct generator *g, const struct field *field);

static struct str elements_of(struct generator *g, const struct field *field)
{
    struct buf out = buf_in(g->arena, SIZE_MAX);
    size_t least = field->has_min_length ? field->min_length : field->required ? 1 : 0;
    size_t count =
        least + (field->has_max_length && field->max_length <= least ? 0 : random_below(g->random, 2));

    buf_char(&out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&out, ',');
        buf_add(&out, value_of(g, field->of));
    }
    buf_char(&out, ']');
    return buf_str(&out);
}

static struct str members_of(struct generator *g, const struct field *field)
{
    struct buf out = buf_in(g->arena, SIZE_MAX);
    bool first = true;

    buf_char(&out, '{');
    for (size_t i = 0; i < field->of_count; i++)
        if (chance(g, 2))
            json_member_raw(&out, &first, field->of[i].name, value_of(g, &field->of[i]));
    buf_char(&out, '}');
    return buf_str(&out);
}

static struct str fill_form(struct generator *g, const struct field *field)
{
    struct str form = field->forms[random_below(g->random, field->form_count)];
    struct buf out = buf_in(g->arena, SIZE_MAX);

    buf_char(&out, '"');
    for (size_t i = 0; i < form.len; i++)
        buf_char(&out, form.ptr[i] == '#' ? (char)('0' + random_below(g->random, 10)) : form.ptr[i]);
    buf_char(&out, '"');
    return buf_str(&out);
}

/* Of what a field of type any may be. */
static bool is_kind(const struct field *field, struct str json)
{
    static const struct {
        char first;
        enum json_type type;
    } firsts[] = { { '"', JSON_STRING }, { '[', JSON_ARRAY }, { '{', JSON_OBJECT }, { 't', JSON_TRUE } };
    enum json_type type = JSON_NUMBER;

    for (size_t i = 0; i < COUNT(firsts); i++)
        if (json.ptr[0] == firsts[i].first)
            type = firsts[i].type;
    return !field->kinds || field->kinds & 1u << type;
}

static struct str value_of(struct generator *g, const struct field *field)
{
    bool keeps = g->lens->rest != REST_REFUSE;
    const struct texts *texts = &samples[field->type];

    if (field->also_count && chance(g, 2))
        return field->also[random_below(g->random, field->also_count)].dialect.json;
    if (field->enum_count && !(field->put_same && chance(g, 4)))
        return field->enums[random_below(g->random, field->enum_count)].dialect.json;
    if (field->equals.json.ptr)
        return field->equals.json;
    if (field->equals_brand)
        return STR("\"acme\"");
    if (field->of)
        return field->type == TYPE_ARRAY ? elements_of(g, field) : members_of(g, field);
    if (field->form_count)
        return fill_form(g, field);
    if (field->min.json.ptr)
        return field->min.json;
    if (field->max.json.ptr)
        return field->max.json;
    if (field->as_integer)
        texts = &samples[TYPE_INTEGER];
    if (field->type == TYPE_QUANTITY && keeps && chance(g, 4))
        texts = &odd_quantities;
    if (field->invalid_keep && field->type == TYPE_EMAIL && chance(g, 4))
        texts = &bad_mails;
    size_t from = random_below(g->random, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        struct str json = str_from(texts->items[(from + i) % texts->count]);
        if (is_kind(field, json) && pleases(g, field, json))
            return json;
    }
    return str_from(texts->items[0]);
}

static void write_members(struct generator *g, const struct node *parent, bool *first);

static void write_extra(struct generator *g, bool *first)
{
    if (g->lens->rest == REST_REFUSE || !chance(g, 4))
        return;
    buf_add(g->out, str_from_at(pick_text(g, &extras), *first));
    *first = false;
}

static void write_literals(struct generator *g, const struct literals *literals, bool *first)
{
    for (size_t i = 0; i < literals->count; i++) {
        write_lead(g->out, literals->items[i].lead, first);
        buf_add(g->out, literals->items[i].value.json);
    }
}

static bool in_tree(const struct node *parent, const struct literals *literals)
{
    for (const struct node *node = parent->first; node; node = node->next)
        for (size_t i = 0; i < literals->count; i++)
            if (str_eq(node->name, literals->items[i].name))
                return true;
    return false;
}

static void write_picks(struct generator *g, const struct field *pick)
{
    size_t count = random_below(g->random, 4), of = pick->choice_count;

    for (size_t i = 0; i < count; i++) {
        const struct field *field = of ? pick->choices[random_below(g->random, of)] : pick;
        bool members = !in_tree(field->node, &field->make) && !in_tree(field->node, &field->prefer), first = true;
        buf_add(g->out, i ? STR(",{") : STR("{"));
        if (members && chance(g, 2))
            write_literals(g, chance(g, 2) ? &field->make : &field->prefer, &first);
        const struct field *end = g->shape->fields + g->shape->count;
        for (const struct field *inner = field + 1; inner < end && inner->inside == field; inner++)
            g->made[inner->order] = false;
        write_members(g, field->node, &first);
        write_extra(g, &first);
        buf_char(g->out, '}');
    }
}

static void write_entries(struct generator *g, const struct field *field)
{
    size_t count = random_below(g->random, 5);

    for (size_t i = 0; i < count; i++) {
        bool first = true;
        buf_add(g->out, i ? STR(",{") : STR("{"));
        json_name(g->out, &first, field->entry_name);
        buf_add(g->out, pick_text(g, &names));
        json_name(g->out, &first, field->entry_value);
        buf_add(g->out, pick_text(g, &samples[TYPE_STRING]));
        if (chance(g, 4))
            write_literals(g, &field->skip, &first);
        write_extra(g, &first);
        buf_char(g->out, '}');
    }
}

static void write_elements(struct generator *g, const struct field *field)
{
    size_t count = random_below(g->random, 4);

    for (size_t i = 0; i < count; i++) {
        struct generator inner = *g;
        bool first = true;
        inner.shape = field->element;
        inner.made = ARENA_ARRAY(g->arena, bool, field->element->count + 1);
        buf_add(g->out, i ? STR(",{") : STR("{"));
        write_members(&inner, field->element->dialect, &first);
        buf_char(g->out, '}');
    }
}

static void write_value(struct generator *g, const struct field *field)
{
    bool array = field->type == TYPE_PICK || field->type == TYPE_ENTRIES || field->type == TYPE_LIST;

    if (field->source == FROM_CONST) {
        bool other = field->accept_count && chance(g, 2);
        buf_add(g->out, other ? field->accept[0].json : field->constant.json);
        return;
    }
    if (!array) {
        buf_add(g->out, value_of(g, field));
        return;
    }
    buf_char(g->out, '[');
    if (field->type == TYPE_PICK)
        write_picks(g, field);
    else if (field->type == TYPE_ENTRIES)
        write_entries(g, field);
    else
        write_elements(g, field);
    buf_char(g->out, ']');
}

/* Another way to say the same was written. */
static bool is_said(struct generator *g, const struct field *field)
{
    for (const struct field *other = g->shape->fields; other < field; other++) {
        bool same =
            other->codec->take == take_id && field->codec->take == take_id && other->is[0] == field->is[0];
        if (g->made[other->order] && (same || other == field->unless))
            return true;
    }
    return false;
}

/* Parts are given all or none: those after the first do as it did. */
static bool follows(struct generator *g, const struct field *field, bool *wanted)
{
    for (const struct field *leader = g->shape->fields; leader < field; leader++)
        if (leader->part_leads && leader->is[0] == field->is[0] && field->split.ptr) {
            *wanted = g->made[leader->order];
            return true;
        }
    return false;
}

static bool is_wanted(struct generator *g, const struct field *field)
{
    bool wanted, inner = g->shape != g->lens->shape;

    if (follows(g, field, &wanted))
        return wanted;
    if ((field->read_only & MODE_CREATE) || is_said(g, field) ||
        (field->when != NO_SLOT && g->lens->rest == REST_REFUSE))
        return false;
    if ((field->required & MODE_CREATE) || (inner && field->codec->take == take_id))
        return true;
    return !chance(g, 3);
}

static void write_field(struct generator *g, const struct node *node, bool *first)
{
    const struct field *field = node->field;
    bool may_null = !(field->required & MODE_CREATE) && !g->lens->style.refuse_null_on_create &&
                    field->source != FROM_CONST && !field->split.ptr && g->shape == g->lens->shape;

    if (!is_wanted(g, field))
        return;
    write_lead(g->out, node->lead, first);
    if (may_null && chance(g, 12)) {
        buf_add(g->out, STR("null"));
        return;
    }
    g->made[field->order] = true;
    write_value(g, field);
}

static bool holds_required(const struct node *parent)
{
    for (const struct node *child = parent->first; child; child = child->next)
        if (child->field ? (child->field->required & MODE_CREATE) : holds_required(child))
            return true;
    return false;
}

static void write_group(struct generator *g, const struct node *node, bool *first)
{
    bool inner_first = true, free = !holds_required(node) && g->shape == g->lens->shape;

    if (free && chance(g, 6))
        return;
    write_lead(g->out, node->lead, first);
    if (free && !g->lens->style.refuse_null_on_create && chance(g, 12)) {
        buf_add(g->out, STR("null"));
        return;
    }
    buf_char(g->out, '{');
    write_members(g, node, &inner_first);
    write_extra(g, &inner_first);
    buf_char(g->out, '}');
}

/* Recursion ends with the tree's depth, which the mapping file bounds. */
static void write_members(struct generator *g, const struct node *parent, bool *first)
{
    for (const struct node *child = parent->first; child; child = child->next)
        if (child->field)
            write_field(g, child, first);
        else
            write_group(g, child, first);
}

void generate_document(const struct lens *lens, struct random *random, struct arena *arena, struct buf *out)
{
    struct generator g = { .lens = lens, .shape = lens->shape, .random = random, .arena = arena, .out = out };
    bool first = true;

    g.made = ARENA_ARRAY(arena, bool, lens->shape->count + 1);
    buf_char(out, '{');
    write_members(&g, lens->shape->dialect, &first);
    write_extra(&g, &first);
    buf_char(out, '}');
}
