/* Single values: edges come often. */
#include "lens/generate.h"

#include "json/write.h"
#include "lens/codec.h"

const struct texts generate_samples[TYPE_COUNT] = {
    [TYPE_STRING] =
        TEXTS("\"abc\"", "\"x\"", "\"\"", "\" \"", "\"null\"", "\"12\"", "\"\\u00e9\\n\\\"\\\\/\"",
              "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"", "\"a/b\"", "\"120/80\""),
    [TYPE_INTEGER] = TEXTS("0", "7", "-1", "-0", "9007199254740993", "123456789012345678901234567890"),
    [TYPE_NUMBER] = TEXTS("0", "0.1", "100.20", "-0.0", "1e400", "9007199254740993", "1E-7", "1.50",
                          "123456789012345678901234567890.10"),
    [TYPE_DECIMAL] = TEXTS("\"0.1\"", "\"100.20\"", "\"9007199254740993\"", "\"1e400\"", "\"-0\""),
    [TYPE_BOOLEAN] = TEXTS("true", "false"),
    [TYPE_DATE] = TEXTS("\"2010-05-15\"", "\"0000-01-01\"", "\"2000-02-29\"", "\"0001-01-01\"", "\"9999-12-31\""),
    [TYPE_DATETIME] = TEXTS("\"2024-01-01T10:00:00.000Z\"", "\"2024-01-01T10:00:00Z\"",
                            "\"2024-01-01t10:00:00.123456+05:30\"", "\"1969-12-31T23:59:59.999-00:00\""),
    [TYPE_EMAIL] =
        TEXTS("\"a@b.example\"", "\"a@b.c\"", "\"first.last+tag@sub.domain.example\"", "\"\xc3\xa9@\xc3\xa9.example\""),
    [TYPE_UUID] =
        TEXTS("\"123e4567-e89b-42d3-a456-426614174000\"", "\"123E4567-E89B-42D3-A456-426614174000\""),
    [TYPE_OBJECT] = TEXTS("{}", "{\"a\":1}", "{\"a\":{\"b\":[]},\"c\":\"d\"}"),
    [TYPE_ARRAY] = TEXTS("[]", "[1]", "[1,\"x\",[],{}]", "[1.0,-0,1e3,null,[[{}]],0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"),
    [TYPE_MAP] = TEXTS("{}", "{\"k\":\"v\"}", "{\"\\u00e9\":\"\",\"k\":\"v w\"}"),
    [TYPE_ANY] = TEXTS("1", "\"x\"", "true", "[]", "{\"a\":1}", "{\"b\":{\"a\":[]}}"),
    [TYPE_ID] = TEXTS("\"58c4554710123c5c40dbab81\"", "\"x-1\""),
    [TYPE_QUANTITY] = TEXTS("7", "\"121\"", "\"100.20\"", "1e400", "\"high\"", "\"\\u0031\"", "\"120/80\""),
    [TYPE_DIGITS] = TEXTS("0", "0.10", "100.20", "9007199254740993", "-1", "1e3"),
    [TYPE_LINES] = TEXTS("[]", "[\"a\"]", "[\"a\",\"b c\"]", "[\"\"]", "[\"a\\nb\"]", "[\"\",\"\"]"),
};

enum { MANY = 40, LONG = 3000 };

/* Values that only a lens with a rest can hold. */
static const struct texts odd_quantities = TEXTS("true", "[1]", "{\"a\":null}");
static const struct texts no_forms = TEXTS("\"none\"", "\"a@b@c\"", "\"\\u0040\""); /* of any type but string */
static const struct texts partial_times = TEXTS("\"2024\"", "\"2024-02\"", "\"2024-02-29\"", "\"1969-12-31\"");

/* Code points of a text, elements of an array; of others nothing is asked. */
static size_t length_of(const struct tape *tape, struct arena *arena)
{
    if (tape_type(tape, 0) == JSON_STRING)
        return text_points(tape_string(tape, 0, arena));
    return tape_type(tape, 0) == JSON_ARRAY ? tape_count(tape, 0) : 0;
}

static bool fits_length(const struct field *field, size_t length)
{
    return !(field->has_min_length && length < field->min_length) &&
           !(field->has_max_length && length > field->max_length);
}

/* Lines that come back as they are: a pick and `pieces: keep` keep what was sent. */
static bool are_lines(const struct field *field, const struct tape *tape, struct arena *arena)
{
    for (uint32_t i = tape_first(tape, 0); i < tape_next(tape, 0); i = tape_next(tape, i)) {
        struct str line = tape_string(tape, i, arena);
        if ((field->blank_refuse && !line.len) ||
            (!field->inside && !field->pieces_keep && text_find(line, field->join)))
            return false;
    }
    return true;
}

/* The field's keys may refuse an edge value; then another sample stands for it, or what `made_for` makes. */
static bool pleases(struct generator *g, const struct field *field, struct str json)
{
    bool empty = str_is(json, "\"\"") || str_is(json, "[]") || str_is(json, "{}");
    bool blank = str_is(json, "\" \"");
    struct tape_fault fault;
    struct tape tape;

    if ((empty && (field->required || field->blank_refuse)) || (blank && field->blank_refuse))
        return false;
    if (field->split.ptr && (empty || blank || text_find(json, field->split)))
        return false;
    if (!tape_read(&tape, g->arena, json, &tape_default_limits, &fault))
        return false;
    return fits_length(field, length_of(&tape, g->arena)) &&
           (field->type != TYPE_LINES || are_lines(field, &tape, g->arena));
}

size_t generate_count(struct generator *g, const struct field *field, unsigned most)
{
    size_t least = field->has_min_length ? field->min_length : 0;
    size_t count = chance(g, 32) ? MANY : random_below(g->random, most);

    if (field->required && !least)
        least = 1;
    if (field->has_max_length && count > field->max_length)
        count = field->max_length;
    return count < least ? least : count;
}

static struct str elements_of(struct generator *g, const struct field *field)
{
    struct buf out = buf_in(g->arena, g->out->ceiling);
    size_t count = generate_count(g, field, 3);

    buf_char(&out, '[');
    for (size_t i = 0; i < count && !out.full; i++) {
        if (i)
            buf_char(&out, ',');
        buf_add(&out, generate_value(g, field->of));
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
            json_member_raw(&out, &first, field->of[i].name, generate_value(g, &field->of[i]));
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

/* As get would write it: of one row, or of all that are parts of one text. */
static struct str reading_of(struct generator *g, const struct field *field)
{
    struct buf out = buf_in(g->arena, SIZE_MAX);
    size_t from = field->join.ptr ? 0 : random_below(g->random, field->row_count);
    size_t end = field->join.ptr ? field->row_count : from + 1;

    buf_char(&out, '[');
    for (size_t i = from; i < end; i++) {
        const struct read_row *row = &field->rows[i];
        const struct field forms = { .forms = row->forms, .form_count = row->form_count };
        if (i > from)
            buf_char(&out, ',');
        buf_add(&out, row->head);
        buf_add(&out, row->number       ? pick_text(g, &generate_samples[TYPE_NUMBER])
                      : row->table      ? table_any(row->table, row->column, (size_t)random_next(g->random))
                      : row->form_count ? fill_form(g, &forms)
                                        : STR("\"abc\""));
        buf_add(&out, row->tail);
    }
    buf_char(&out, ']');
    return buf_str(&out);
}

static struct str with_prefix(struct generator *g, const struct field *field)
{
    return arena_printf(g->arena, "\"" STR_FMT "x-%u\"", STR_ARG(field->prefix), (unsigned)random_below(g->random, 3));
}

/* As long as may be, in characters of several bytes; or far longer than anybody needs. */
static struct str long_text(struct generator *g, const struct field *field)
{
    struct buf out = buf_in(g->arena, g->out->ceiling);
    size_t length = field->has_min_length && field->min_length > LONG ? field->min_length : LONG;

    if (field->has_max_length && length > field->max_length)
        length = field->max_length;
    buf_char(&out, '"');
    for (size_t i = 0; i < length && !out.full; i++)
        buf_add(&out, STR("\xc3\xa9"));
    buf_char(&out, '"');
    return buf_str(&out);
}

/* Where no sample is long or short enough: as many characters or elements as have to be, or one. */
static struct str made_for(struct generator *g, const struct field *field, const struct texts *texts)
{
    bool text = field->type == TYPE_STRING, lines = field->type == TYPE_LINES, array = field->type == TYPE_ARRAY;
    size_t count = field->has_min_length && field->min_length ? field->min_length : 1;
    struct str apart = lines ? field->join : field->split; /* is in none of them */
    struct buf out = buf_in(g->arena, g->out->ceiling);

    if (!text && !lines && !array)
        return str_from(texts->items[0]);
    char one = text_find(STR("a"), apart) ? 'b' : 'a';
    buf_char(&out, text ? '"' : '[');
    for (size_t i = 0; i < count && !out.full; i++)
        if (text)
            buf_char(&out, one);
        else
            buf_printf(&out, array ? "%s0" : "%s\"%c\"", i ? "," : "", one);
    buf_char(&out, text ? '"' : ']');
    return buf_str(&out);
}

/* At the bounds, which are values, too. */
static struct str at_bounds(struct generator *g, const struct field *field)
{
    bool low = field->min.json.ptr && (!field->max.json.ptr || chance(g, 2));

    return low ? field->min.json : field->max.json;
}

/* One of the enum's words; where others are taken, too, also what they stand for. */
static struct str word_of(struct generator *g, const struct field *field)
{
    const struct enum_pair *pair = &field->enums[random_below(g->random, field->enum_count)];
    bool same = tape_type(&pair->canonical.tape, 0) == tape_type(&pair->dialect.tape, 0);

    return field->put_same && same && chance(g, 4) ? pair->canonical.json : pair->dialect.json;
}

struct str generate_value(struct generator *g, const struct field *field)
{
    bool keeps = g->lens->rest != REST_REFUSE;
    const struct texts *texts = &generate_samples[field->type];

    if (field->starts.json.ptr && !g->shown)
        return field->starts.json;
    if (field->also_count && chance(g, 2))
        return field->also[random_below(g->random, field->also_count)].dialect.json;
    if (field->enum_count && !(field->put_same && chance(g, 4)))
        return word_of(g, field);
    if (field->equals.json.ptr)
        return field->equals.json;
    if (field->equals_brand)
        return STR("\"acme\"");
    if (field->type == TYPE_READING)
        return reading_of(g, field);
    if (field->of)
        return field->type == TYPE_ARRAY ? elements_of(g, field) : members_of(g, field);
    if (field->form_count)
        return fill_form(g, field);
    if (field->min.json.ptr || field->max.json.ptr)
        return at_bounds(g, field);
    if (field->type == TYPE_STRING && !field->split.ptr && chance(g, 24) && !(field->has_max_length && !field->max_length))
        return long_text(g, field);
    if (field->prefix.len)
        return with_prefix(g, field);
    if (field->as_integer)
        texts = &generate_samples[TYPE_INTEGER];
    if (field->type == TYPE_QUANTITY && keeps && chance(g, 4))
        texts = &odd_quantities;
    if (field->invalid_keep && field->type != TYPE_STRING && chance(g, 4))
        texts = &no_forms;
    if (field->partial_keep && chance(g, 3))
        texts = &partial_times;
    size_t from = random_below(g->random, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        struct str json = str_from(texts->items[(from + i) % texts->count]);
        if (is_kind(field, json) && pleases(g, field, json))
            return json;
    }
    return made_for(g, field, texts);
}
