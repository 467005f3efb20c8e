/* Documents made from a lens's own fields: every one of them put must accept. Edge values come often. */
#include "lens/generate.h"

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

static const struct texts names = TEXTS("\"A\"", "\"B\"", "\"\\u0041\"", "\"MyEHR\"", "\"\xc3\xa9\"");
static const struct texts extras = TEXTS(",\"x_extra\":1", ",\"x_extra\":{\"a\":[],\"b\":\"\\u00e9\"}",
                                         ",\"x_\\u0065xtra\":\"y\"", ",\"~/x\":0.10");

enum { MOST_TRIES = 1000 }; /* of documents that obey the rules */

static void write_members(struct generator *g, const struct node *parent, bool *first);

/* `whole`: of the kept arrays, whose elements may say anything. */
static void write_extra(struct generator *g, bool whole, bool *first)
{
    if (g->lens->rest == REST_REFUSE || (g->lens->unknown_refuse && !whole) || !chance(g, 4))
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
    for (size_t i = 0; i < literals->count; i++)
        if (node_child(parent, literals->items[i].name))
            return true;
    return false;
}

static void write_picks(struct generator *g, const struct field *pick)
{
    size_t count = generate_count(g, pick, 4), of = pick->choice_count;

    for (size_t i = 0; i < count && !g->out->full; i++) {
        const struct field *field = of ? pick->choices[random_below(g->random, of)] : pick;
        bool members = !in_tree(field->node, &field->make) && !in_tree(field->node, &field->prefer),
             first = true;
        buf_add(g->out, i ? STR(",{") : STR("{"));
        if (members && chance(g, 2))
            write_literals(g, chance(g, 2) ? &field->make : &field->prefer, &first);
        const struct field *end = g->shape->fields + g->shape->count;
        for (const struct field *inner = field + 1; inner < end && inner->inside == field; inner++)
            g->made[inner->order] = false;
        write_members(g, field->node, &first);
        write_extra(g, true, &first);
        buf_char(g->out, '}');
    }
}

static void write_entries(struct generator *g, const struct field *field)
{
    bool blank = !g->lens->style.empty_is_absent || field->lacking_keep;
    size_t count = generate_count(g, field, 5);

    for (size_t i = 0; i < count && !g->out->full; i++) {
        bool first = true;
        buf_add(g->out, i ? STR(",{") : STR("{"));
        json_name(g->out, &first, field->entry_name);
        buf_add(g->out, pick_text(g, &names));
        json_name(g->out, &first, field->entry_value);
        buf_add(g->out, blank ? pick_text(g, &generate_samples[TYPE_STRING]) : STR("\"abc\""));
        if (chance(g, 4))
            write_literals(g, &field->skip, &first);
        write_extra(g, true, &first);
        buf_char(g->out, '}');
    }
}

static void write_elements(struct generator *g, const struct field *field)
{
    size_t count = generate_count(g, field, 4);

    for (size_t i = 0; i < count && !g->out->full; i++) {
        struct generator inner = *g;
        bool first = true;
        inner.shape = field->element;
        inner.made = ARENA_ARRAY(g->arena, bool, field->element->count + 1);
        if (field->bare) {
            buf_add(g->out, i ? STR(",") : STR(""));
            buf_add(g->out, generate_value(&inner, field->bare));
            continue;
        }
        buf_add(g->out, i ? STR(",{") : STR("{"));
        write_members(&inner, field->element->dialect, &first);
        write_extra(&inner, false, &first);
        buf_char(g->out, '}');
    }
}

static void write_value(struct generator *g, const struct field *field)
{
    bool array = field->type == TYPE_PICK || field->type == TYPE_ENTRIES || field->type == TYPE_LIST;

    if (field->source == FROM_CONST) {
        bool other = field->accept_count && !g->shown && chance(g, 2);
        buf_add(g->out, other ? field->accept[0].json : field->constant.json);
        return;
    }
    if (!array) {
        buf_add(g->out, generate_value(g, field));
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
        if (g->made[other->order] && (same || other == field->unless[0] || other == field->unless[1]))
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

/* A new entity may be given it. */
static bool may_create(const struct field *field)
{
    bool none = field->starts.json.ptr && tape_type(&field->starts.tape, 0) == JSON_NULL;

    return !none && !(field->read_only & MODE_CREATE);
}

static bool has_source(const struct field *field)
{
    return !field->write_only && !field->lookup.ptr &&
           (field->source == FROM_CANONICAL || field->source == FROM_REST || field->source == FROM_CONST);
}

static bool is_wanted(struct generator *g, const struct field *field)
{
    bool wanted, inner = g->shape != g->lens->shape;

    if (follows(g, field, &wanted))
        return wanted;
    if (field->with && !g->made[field->with->order])
        return false;
    if (is_said(g, field) || (field->when != NO_SLOT && g->lens->rest == REST_REFUSE))
        return false;
    if (g->shown ? !has_source(field) : !may_create(field))
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
    write_extra(g, false, &inner_first);
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

static void write_document(struct generator *g)
{
    bool first = true;

    g->made = ARENA_ARRAY(g->arena, bool, g->lens->shape->count + 1);
    buf_char(g->out, '{');
    write_members(g, g->lens->shape->dialect, &first);
    write_extra(g, false, &first);
    buf_char(g->out, '}');
}

static bool has_value(const struct tape *tape, const struct ruled *ruled)
{
    uint32_t at = test_find(tape, 0, ruled->field->path);
    bool nothing = at == TAPE_NONE || tape_type(tape, at) == JSON_NULL;
    return ruled->value.json.ptr ? !nothing && literal_is(&ruled->value, tape, at) : nothing;
}

static bool have_values(const struct tape *tape, const struct ruled *ruled, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!has_value(tape, &ruled[i]))
            return false;
    return true;
}

static bool obeys_rules(const struct lens *lens, struct str document, struct arena *arena)
{
    struct tape tape;
    struct tape_fault fault;

    if (!tape_read(&tape, arena, document, &tape_default_limits, &fault))
        return true; /* the laws will say so */
    for (size_t i = 0; i < lens->rule_count; i++)
        if (have_values(&tape, lens->rules[i].where, lens->rules[i].where_count) &&
            !have_values(&tape, lens->rules[i].wants, lens->rules[i].want_count))
            return false;
    return true;
}

static void generate(const struct lens *lens, bool shown, struct random *random, struct arena *arena,
                     struct buf *out)
{
    struct buf document = buf_in(arena, out->ceiling);
    struct generator g = {
        .lens = lens, .shape = lens->shape, .random = random, .arena = arena, .out = &document, .shown = shown
    };

    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        document.len = 0;
        document.full = false;
        write_document(&g);
        if (!lens->rule_count || obeys_rules(lens, buf_str(&document), arena))
            break;
    }
    buf_add(out, buf_str(&document));
}

void generate_document(const struct lens *lens, struct random *random, struct arena *arena, struct buf *out)
{
    generate(lens, false, random, arena, out);
}

void generate_shown(const struct lens *lens, struct random *random, struct arena *arena, struct buf *out)
{
    generate(lens, true, random, arena, out);
}
