/* The keys of a field: which go with which type, and where they go. */
#include "lens/load.h"

#define BIT(type) LOAD_BIT(type)
#define MADE (BIT(LINK) | BIT(VERSION)) /* by the gateway: no canonical member, never taken */
enum {
    TEXTS = LOAD_TEXTS,
    NUMBERS = LOAD_NUMBERS,
    VALUES = LOAD_VALUES,
    WHOLES = BIT(OBJECT) | BIT(ARRAY) | BIT(MAP) | BIT(ANY),
    ARRAYS = BIT(ARRAY) | BIT(LINES) | BIT(PICK) | BIT(ENTRIES) | BIT(LIST) | BIT(READING),
    IDS = BIT(ID) | BIT(LIST),
    SINGLE = VALUES | WHOLES | BIT(QUANTITY) | BIT(LINES) | BIT(ID) | BIT(DIGITS) | BIT(READING),
    ALL = (1u << TYPE_COUNT) - 1
};

enum how { HOW_SKIP, HOW_FLAG, HOW_WORD, HOW_TEXT, HOW_COUNT, HOW_VALUE, HOW_LITERALS, HOW_MODE, HOW_FN };

static key_fn load_absent, load_of;

static const struct key {
    const char *name;
    unsigned types;
    enum how how;
    size_t offset;
    const char *word; /* HOW_WORD: the only value; HOW_MODE: what else than create and update means both */
    size_t given;     /* HOW_COUNT: the flag that says it is there */
    key_fn *fn;
} keys[] = {
#define AT(member) .offset = offsetof(struct field, member)
    { "type", ALL, .how = HOW_SKIP },
    { "example", ALL, .how = HOW_SKIP },
    { "is", ALL & ~BIT(PICK) & ~MADE, .how = HOW_SKIP }, /* after all others: finish */
    { "read_only", ALL, HOW_MODE, AT(read_only), .word = "true" },
    { "write_only", ALL & ~MADE, HOW_FLAG, AT(write_only) },
    { "required", ALL & ~MADE, HOW_MODE, AT(required), .word = "always" },
    { "blank", TEXTS | BIT(LINES), HOW_WORD, AT(blank_refuse), .word = "refuse" },
    { "null", ALL & ~MADE, .how = HOW_FN, .fn = load_null },
    { "empty", ARRAYS | BIT(OBJECT) | BIT(MAP), HOW_WORD, AT(empty_allowed), .word = "allow" },
    { "of", BIT(ARRAY) | BIT(OBJECT) | BIT(ANY), .how = HOW_FN, .fn = load_of },
    { "form", BIT(STRING), .how = HOW_FN, .fn = load_forms },
    { "partial", BIT(DATETIME), HOW_WORD, AT(partial_keep), .word = "keep" },
    { "invalid", TEXTS, HOW_WORD, AT(invalid_keep), .word = "keep" },
    { "absent", ALL, .how = HOW_FN, .fn = load_absent },
    { "default", VALUES | WHOLES, HOW_VALUE, AT(fallback) },
    { "min_length", TEXTS | ARRAYS, HOW_COUNT, AT(min_length),
      .given = offsetof(struct field, has_min_length) },
    { "max_length", TEXTS | ARRAYS, HOW_COUNT, AT(max_length),
      .given = offsetof(struct field, has_max_length) },
    { "min", NUMBERS | BIT(DECIMAL) | BIT(DIGITS), HOW_VALUE, AT(min) },
    { "max", NUMBERS | BIT(DECIMAL) | BIT(DIGITS), HOW_VALUE, AT(max) },
    { "enum", BIT(STRING) | NUMBERS | BIT(BOOLEAN), .how = HOW_FN, .fn = load_enum },
    { "else", VALUES, .how = HOW_FN, .fn = load_else },
    { "tells", VALUES, .how = HOW_FN, .fn = load_tells },
    { "also", BIT(STRING), .how = HOW_FN, .fn = load_also },
    { "otherwise", VALUES | WHOLES, .how = HOW_FN, .fn = load_otherwise },
    { "otherwise_put", BIT(STRING) | NUMBERS | BIT(BOOLEAN), HOW_WORD, AT(put_same), .word = "same" },
    { "starts", VALUES, HOW_VALUE, AT(starts) },
    { "kind", BIT(ID) | BIT(OBJECT), HOW_TEXT, AT(kind) },
    { "as", BIT(ID), HOW_WORD, AT(as_integer), .word = "integer" },
    { "lookup", BIT(OBJECT), HOW_TEXT, AT(lookup) },
    { "param", VALUES | BIT(OBJECT) | IDS, HOW_TEXT, AT(param) },
    { "keep", VALUES | WHOLES, .how = HOW_SKIP },
    { "when", SINGLE, .how = HOW_FN, .fn = load_when },
    { "unless", SINGLE, .how = HOW_FN, .fn = load_unless },
    { "with", VALUES | BIT(DIGITS), HOW_TEXT, AT(with_name) },
    { "bare", BIT(LIST), HOW_TEXT, AT(bare_name) },
    { "reads", BIT(READING), .how = HOW_FN, .fn = load_reads },
    { "equals", VALUES, .how = HOW_FN, .fn = load_equals },
    { "loss", ALL & ~BIT(VERSION), HOW_TEXT, AT(loss) },
    { "const", VALUES | WHOLES, HOW_VALUE, AT(constant) },
    { "accept", VALUES | WHOLES, .how = HOW_FN, .fn = load_accept },
    { "derive", BIT(INTEGER), .how = HOW_SKIP },
    { "from", BIT(INTEGER), .how = HOW_FN, .fn = load_from },
    { "known_by", BIT(STRING), .how = HOW_FN, .fn = load_known },
    { "table", VALUES, .how = HOW_FN, .fn = load_table },
    { "by", VALUES, .how = HOW_SKIP },
    { "column", VALUES, .how = HOW_SKIP },
    { "split", TEXTS | NUMBERS, HOW_TEXT, AT(split) },
    { "part", TEXTS | NUMBERS, .how = HOW_FN, .fn = load_part },
    { "cut", BIT(STRING), HOW_WORD, AT(cut_last), .word = "last" },
    { "join", BIT(LINES) | BIT(READING), HOW_TEXT, AT(join) },
    { "pieces", BIT(LINES), HOW_WORD, AT(pieces_keep), .word = "keep" },
    { "prefix", BIT(ID), HOW_TEXT, AT(prefix) },
    { "prefer", BIT(PICK), HOW_LITERALS, AT(prefer) },
    { "make", BIT(PICK), HOW_LITERALS, AT(make) },
    { "fields", BIT(PICK) | BIT(LIST), .how = HOW_FN, .fn = load_fields },
    { "picks", BIT(PICK), .how = HOW_FN, .fn = load_picks },
    { "name", BIT(ENTRIES), HOW_TEXT, AT(entry_name) },
    { "value", BIT(ENTRIES), HOW_TEXT, AT(entry_value) },
    { "skip", BIT(ENTRIES), HOW_LITERALS, AT(skip) },
    { "lacking", BIT(ENTRIES), HOW_WORD, AT(lacking_keep), .word = "keep" },
    { "found_by", BIT(ENTRIES), HOW_TEXT, AT(found_by) },
    { "to", BIT(LINK), .how = HOW_FN, .fn = load_to },
#undef AT
};

/* A default is what the enum's right side says, where there are two. */
static int load_value(struct load *load, const struct field *field, struct literal *literal,
                      const struct yaml *value)
{
    const struct yaml *words = yaml_get(field->from, "enum");
    bool translated = literal == &field->fallback && words && words->kind == YAML_MAP;

    return translated ? literal_load(literal, load->arena, value, load->err)
                      : load_literal(load, literal, field->type, value);
}

static int expect_word(struct load *load, const struct yaml *value, const char *expected)
{
    return yaml_fault(value, load->err, "found \"" STR_FMT "\", expected %s", STR_ARG(value->text), expected);
}

static int load_mode(struct load *load, const struct key *key, unsigned *mode, const struct yaml *value)
{
    struct str word;

    if (yaml_text(value, &word, load->err))
        return -1;
    *mode = str_is(word, key->word)  ? (unsigned)MODE_BOTH
            : str_is(word, "create") ? (unsigned)MODE_CREATE
            : str_is(word, "update") ? (unsigned)MODE_UPDATE
                                     : 0u;
    if (*mode)
        return 0;
    return expect_word(load, value,
                       key->word[0] == 't' ? "true, create or update" : "create, update or always");
}

static int load_absent(struct load *load, struct field *field, const struct yaml *value)
{
    struct str word = value->kind == YAML_TEXT ? value->text : STR_NONE;
    bool empty = str_is(word, "empty");

    field->absent_given = true;
    field->absent = empty ? ABSENT_EMPTY : str_is(word, "omit") ? ABSENT_OMIT : ABSENT_NULL;
    if (empty && !codecs[field->type].empty)
        return yaml_fault(value, load->err, "a %s is never empty, expected omit or null",
                          codecs[field->type].name);
    if (field->absent != ABSENT_NULL || str_is(word, "null"))
        return 0;
    return expect_word(load, value, "omit, null or empty");
}

static int read_key(struct load *load, struct field *field, const struct key *key, const struct yaml *value)
{
    void *to = (char *)field + key->offset;
    uint64_t count;

    switch (key->how) {
    case HOW_SKIP:
        return 0;
    case HOW_FLAG:
        return yaml_bool(value, to, load->err);
    case HOW_WORD:
        *(bool *)to = value->kind == YAML_TEXT && str_is(value->text, key->word);
        return *(bool *)to ? 0 : expect_word(load, value, key->word);
    case HOW_TEXT:
        return yaml_text(value, to, load->err);
    case HOW_COUNT:
        *(bool *)((char *)field + key->given) = true;
        if (yaml_uint(value, 0, UINT32_MAX, &count, load->err))
            return -1;
        *(uint64_t *)to = count;
        return 0;
    case HOW_VALUE:
        return load_value(load, field, to, value);
    case HOW_LITERALS:
        return literals_load(to, load->arena, value, load->err);
    case HOW_MODE:
        return load_mode(load, key, to, value);
    case HOW_FN:
        return key->fn(load, field, value);
    }
    return 0;
}

static const struct key *key_of(const struct yaml *value)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (str_is(value->key, keys[i].name))
            return &keys[i];
    return NULL;
}

static int unknown_key(struct load *load, const struct yaml *at)
{
    struct near near = near_to(at->key);

    for (size_t i = 0; i < COUNT(keys); i++)
        near_try(&near, str_from(keys[i].name));
    (void)yaml_fault_key(at, load->err, "unknown key \"" STR_FMT "\", expected one of docs/mapping.md", STR_ARG(at->key));
    return err_meant(load->err, near.best);
}

/* `*other_type`: a key did not go with the type, which may be what is wrong, and is told once. */
static int load_key(struct load *load, struct field *field, const struct yaml *at, bool *other_type)
{
    const struct key *key = key_of(at);
    bool fits = key && (key->types & 1u << field->type);

    if (!key)
        return unknown_key(load, at);
    if (fits || *other_type)
        return fits ? read_key(load, field, key, at) : 0;
    *other_type = true;
    return yaml_fault_key(at, load->err, "`%s:` does not go with type %s, expected another key or type", key->name,
                          codecs[field->type].name);
}

static int load_keys(struct load *load, struct field *field, const struct yaml *map)
{
    bool other_type = false;

    for (const struct yaml *at = map->first; at; at = at->next) {
        if (!load_key(load, field, at, &other_type))
            continue;
        if (load_note(load))
            return -1;
        field->faulty = true;
    }
    return 0;
}

static int load_type(struct load *load, struct field *field, const struct yaml *value)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (str_is(value->text, codecs[i].name)) {
            field->type = (enum type)i;
            field->codec = &codecs[i];
            return 0;
        }
    struct buf names = buf_in(load->arena, 1024);
    struct near near = near_to(value->text);
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        near_try(&near, str_from(codecs[i].name));
        buf_add(&names, i ? STR(", ") : STR_NONE);
        buf_add(&names, str_from(codecs[i].name));
    }
    (void)yaml_fault(value, load->err, "\"" STR_FMT "\" is not a type, expected one of " STR_FMT,
                     STR_ARG(value->text), STR_ARG(buf_str(&names)));
    return err_meant(load->err, near.best);
}

/* At most one of the keys that say where a value comes from. */
static int load_source(struct load *load, struct field *field, const struct yaml *map)
{
    static const struct {
        const char *key;
        enum source source;
    } sources[] = { { "is", FROM_CANONICAL }, { "const", FROM_CONST }, { "derive", FROM_DERIVE },
                    { "table", FROM_TABLE },  { "keep", FROM_REST },   { "to", FROM_LINK } };
    const char *found = NULL;

    for (size_t i = 0; i < COUNT(sources); i++) {
        const struct yaml *value = yaml_get(map, sources[i].key);
        if (!value)
            continue;
        if (found)
            return yaml_fault_key(value, load->err,
                                  "`%s:` stands beside `%s:`, expected one source for a field",
                                  sources[i].key, found);
        found = sources[i].key;
        field->source = sources[i].source;
    }
    if (field->type == TYPE_PICK)
        field->source = FROM_CANONICAL;
    if (field->type == TYPE_VERSION)
        field->source = FROM_VERSION;
    load->lens->shows_version = load->lens->shows_version || field->type == TYPE_VERSION;
    const struct yaml *keep = yaml_get(map, "keep");
    bool kept = true;
    if (keep && yaml_bool(keep, &kept, load->err))
        return -1;
    return kept ? 0 : yaml_fault(keep, load->err, "found \"false\", expected true or no `keep:`");
}

/* `key` needs `other` beside it. */
static const struct needs {
    const char *key, *other;
} needs[] = {
    { "derive", "from" },   { "from", "derive" }, { "by", "table" },     { "column", "table" },
    { "split", "part" },    { "part", "split" },  { "accept", "const" }, { "otherwise_put", "enum" },
    { "also", "enum" },     { "also", "is" },     { "else", "is" },      { "tells", "is" },
    { "cut", "split" },     { "split", "is" },    { "invalid", "is" },   { "partial", "is" },   { "make", "fields" },
    { "prefer", "fields" }, { "equals", "is" },   { "default", "is" },   { "lookup", "kind" },
    { "known_by", "is" },     { "starts", "is" }
};

static const struct {
    enum type type;
    const char *key;
} demands[] = { { TYPE_ID, "kind" },    { TYPE_ID, "is" },        { TYPE_PICK, "fields" },
                { TYPE_ENTRIES, "is" }, { TYPE_ENTRIES, "name" }, { TYPE_ENTRIES, "value" },
                { TYPE_LIST, "is" },    { TYPE_LIST, "fields" },  { TYPE_LINES, "is" },
                { TYPE_LINES, "join" }, { TYPE_LINK, "to" },      { TYPE_QUANTITY, "is" },
                { TYPE_DIGITS, "is" },  { TYPE_READING, "is" },   { TYPE_READING, "reads" } };

static int check_beside(struct load *load, const struct field *field, const struct yaml *map)
{
    for (size_t i = 0; i < COUNT(needs); i++) {
        const struct yaml *value = yaml_get(map, needs[i].key);
        if (value && !yaml_get(map, needs[i].other))
            return yaml_fault_key(value, load->err, "`%s:` stands alone, expected `%s:` beside it",
                                  needs[i].key, needs[i].other);
    }
    for (size_t i = 0; i < COUNT(demands); i++)
        if (demands[i].type == field->type && !yaml_get(map, demands[i].key) && !field->choice_count)
            return yaml_fault_key(map, load->err, "type %s lacks `%s:`, expected it beside",
                                  codecs[field->type].name, demands[i].key);
    return 0;
}

static void set_defaults(struct load *load, struct field *field)
{
    bool array = field->type == TYPE_PICK || field->type == TYPE_ENTRIES || field->type == TYPE_LIST;

    field->want = field->type == TYPE_ID ? (field->as_integer ? STR("integer") : STR("string"))
                  : field->type == TYPE_OBJECT || field->type == TYPE_MAP ? STR("object")
                  : array || field->type == TYPE_LINES || field->type == TYPE_READING ? STR("array")
                  : field->type == TYPE_DIGITS                            ? STR("number")
                  : field->type == TYPE_QUANTITY                          ? STR("number")
                                                 : str_from(codecs[field->type].name);
    if (field->kinds)
        field->want = field->form_want;
    if (field->prefix.len)
        field->want = arena_printf(load->arena, "text like " STR_FMT "ID", STR_ARG(field->prefix));
    if (field->lookup.ptr)
        field->codec = &codecs[TYPE_ID]; /* it stands for the id that it finds */
    if (!field->absent_given)
        field->absent = array ? ABSENT_EMPTY : load->lens->style.absent_as_null ? ABSENT_NULL : ABSENT_OMIT;
    if (field->source == FROM_NOWHERE || field->source == FROM_DERIVE || field->source == FROM_TABLE ||
        field->source == FROM_LINK || field->source == FROM_VERSION)
        field->read_only = MODE_BOTH;
}

/* What is inside a value: a plain field without a place of its own. */
static int load_inside(struct load *load, const struct field *field, struct field *of,
                       const struct yaml *value)
{
    static const char *const known[] = { "type", "min",  "max",   "min_length", "max_length",
                                         "enum", "form", "blank", NULL };

    *of = (struct field){
        .from = value, .name = value->key, .order = field->order, .is = { NO_SLOT, NO_SLOT }, .when = NO_SLOT
    };
    if (yaml_map(value, load->err) || yaml_only(value, known, load->err))
        return -1;
    const struct yaml *type = yaml_get(value, "type");
    if (!type || type->kind != YAML_TEXT)
        return yaml_fault(value, load->err, "elements without a type, expected e.g. { type: string }");
    if (load_type(load, of, type) || load_keys(load, of, value))
        return -1;
    if (!((1u << of->type) & VALUES))
        return yaml_fault(type, load->err, "elements of type %s, expected a plain one",
                          codecs[of->type].name);
    set_defaults(load, of);
    return 0;
}

/* The elements of an array, the members of an object, the kinds of an any. */
static int load_of(struct load *load, struct field *field, const struct yaml *value)
{
    if (field->type == TYPE_ANY)
        return load_kinds(load, field, value);
    if (yaml_map(value, load->err))
        return -1;
    struct field *of = ARENA_ARRAY(load->arena, struct field, value->count + 1);
    field->of = of;
    if (field->type == TYPE_ARRAY)
        return load_inside(load, field, of, value);
    for (const struct yaml *at = value->first; at; at = at->next)
        if (load_inside(load, field, &of[field->of_count++], at))
            return -1;
    return 0;
}

int load_field(struct load *load, struct field *field, const struct yaml *map)
{
    if (load_type(load, field, yaml_get(map, "type")) || load_source(load, field, map) || load_keys(load, field, map))
        return -1;
    if (field->faulty) {
        load_drop(load, field);
        return 0;
    }
    if (check_beside(load, field, map) || load_check_inside(load, field))
        return -1;
    set_defaults(load, field);
    const struct yaml *is = yaml_get(map, "is");
    return is ? load_is(load, field, is) : 0;
}
