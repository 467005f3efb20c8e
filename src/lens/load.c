#include "lens/load.h"

static int load_word(struct load *load, const struct yaml *root, const char *key, struct str *to)
{
    const struct yaml *value = yaml_get(root, key);

    if (!value)
        return yaml_fault(root, load->err, "`%s:` is missing, expected dialect, resource, entity and fields", key);
    return to ? yaml_text(value, to, load->err) : 0;
}

/* What is missing may be there under the name that is unknown. */
static int load_head(struct load *load, const struct yaml *root)
{
    static const char *const known[] = { "dialect", "resource", "entity",   "fields",
                                         "set",     "rest",     "examples", "unknown", "rules", NULL };
    struct lens *lens = load->lens;
    const struct {
        const char *key;
        struct str *to;
    } words[] = { { "dialect", &lens->dialect },
                  { "resource", &lens->resource },
                  { "entity", &lens->entity },
                  { "fields", NULL } };
    bool strange = false;

    if (yaml_map(root, load->err))
        return -1;
    for (const struct yaml *at = root->first; at; at = at->next) {
        if (!yaml_known(at, known, load->err))
            continue;
        strange = true;
        if (load_note(load))
            return -1;
    }
    for (size_t i = 0; i < COUNT(words); i++)
        if ((!strange || yaml_get(root, words[i].key)) && load_word(load, root, words[i].key, words[i].to) &&
            load_note(load))
            return -1;
    return 0;
}

/* `rest: metadata.NAME` names a canonical member that holds the rest as an object. */
static int load_rest_member(struct load *load, const struct yaml *rest, struct str path)
{
    struct node *leaf;

    if (load_leaf(load, rest, path, &leaf))
        return -1;
    if (leaf->set_from)
        return yaml_fault(rest, load->err, "\"" STR_FMT "\" is written by `set:` already, expected a member of its own",
                          STR_ARG(path));
    if (leaf->writer)
        return yaml_fault(rest, load->err,
                          "\"" STR_FMT "\" is written by \"" STR_FMT
                          "\" already, expected a member of its own",
                          STR_ARG(path), STR_ARG(leaf->writer->path));
    load->lens->rest = REST_MEMBER;
    load->lens->rest_path = path;
    load->lens->rest_slot = leaf->slot;
    leaf->shown = true;
    return 0;
}

/* Where nothing may be kept, no field keeps anything, at any depth. */
static int check_refused(struct load *load, const struct shape *shape, const struct yaml *rest)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        bool keeps = field->source == FROM_REST || field->invalid_keep || field->partial_keep || field->also_count || field->pieces_keep ||
                     field->type == TYPE_PICK || field->type == TYPE_ENTRIES || field->type == TYPE_READING;
        keeps &= field->read_only != MODE_BOTH;
        if (keeps)
            return yaml_fault(rest, load->err,
                              "\"" STR_FMT "\" is kept in the rest, expected `rest: store` or a member",
                              STR_ARG(field->path));
        if (field->element && field->read_only != MODE_BOTH && check_refused(load, field->element, rest))
            return -1;
    }
    return 0;
}

static int load_rest(struct load *load, const struct yaml *rest)
{
    struct str word;

    load->lens->rest = REST_STORE;
    load->lens->rest_slot = NO_SLOT;
    if (!rest)
        return 0;
    if (yaml_text(rest, &word, load->err))
        return -1;
    if (str_is(word, "store"))
        return 0;
    if (!str_is(word, "refuse") && !memchr(word.ptr, '.', word.len))
        return yaml_fault(rest, load->err,
                          "\"" STR_FMT "\" is not a place for the rest, expected store, refuse or "
                          "metadata.NAME",
                          STR_ARG(word));
    if (!str_is(word, "refuse"))
        return load_rest_member(load, rest, word);
    load->lens->rest = REST_REFUSE;
    return check_refused(load, load->shape, rest);
}

/* Members that no field names: kept, or (`unknown: refuse`) faults. */
static int load_unknown(struct load *load, const struct yaml *value)
{
    if (!value)
        return 0;
    if (value->kind != YAML_TEXT || !str_is(value->text, "refuse"))
        return yaml_fault(value, load->err, "unknown word, expected refuse");
    load->lens->unknown_refuse = true;
    return 0;
}

/* A word that nobody knows would leave the example untried. */
static int check_word(struct load *load, const struct yaml *value, const char *one, const char *other)
{
    bool known = !value || (value->kind == YAML_TEXT && (str_is(value->text, one) || str_is(value->text, other)));

    return known ? 0 : yaml_fault(value, load->err, "unknown word, expected %s or %s", one, other);
}

/* `refused:` names the kind of fault by path. */
static int check_refusal(struct load *load, const struct yaml *refused)
{
    if (yaml_map(refused, load->err))
        return -1;
    if (!refused->count)
        return yaml_fault(refused, load->err, "nothing is refused, expected { MEMBER: blank, … }");
    for (const struct yaml *at = refused->first; at; at = at->next) {
        bool known = false;
        for (int kind = 0; kind <= FAULT_ID && at->kind == YAML_TEXT; kind++)
            known |= str_is(at->text, fault_name((enum fault_kind)kind));
        if (!known)
            return yaml_fault(at, load->err, "this is not a kind of fault, expected blank, null, type, format, enum, …");
    }
    return 0;
}

static int check_example(struct load *load, const struct yaml *at)
{
    static const char *const accepted[] = { "dialect", "canonical", "rest", "mode", "only", NULL };
    static const char *const denied[] = { "dialect", "refused", "mode", NULL };
    static const char *const documents[] = { "dialect", "canonical", "rest" };
    const struct yaml *refused = yaml_get(at, "refused");

    if (yaml_map(at, load->err) || yaml_only(at, refused ? denied : accepted, load->err))
        return -1;
    if (!yaml_get(at, "dialect") || (!yaml_get(at, "canonical") && !refused))
        return yaml_fault(at, load->err, "the example is not complete, expected dialect, and canonical or refused");
    for (size_t i = 0; i < COUNT(documents); i++)
        if (yaml_get(at, documents[i]) && yaml_map(yaml_get(at, documents[i]), load->err))
            return -1;
    return (refused && check_refusal(load, refused)) ||
                   check_word(load, yaml_get(at, "mode"), "create", "update") ||
                   check_word(load, yaml_get(at, "only"), "put", "get")
               ? -1
               : 0;
}

static int check_examples(struct load *load, const struct yaml *examples)
{
    if (!examples)
        return 0;
    if (yaml_list(examples, load->err))
        return -1;
    for (const struct yaml *at = examples->first; at; at = at->next)
        if (check_example(load, at) && load_note(load))
            return -1;
    return 0;
}

/* What is found by must be kept where it can be asked for, and by one name. */
static int check_found_by(const struct load *load, const struct shape *shape)
{
    const struct field *before = NULL;

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        if (field->element && check_found_by(load, field->element))
            return -1;
        if (!field->found_by.len)
            continue;
        if (shape != load->lens->shape)
            return yaml_fault(yaml_get(field->from, "found_by"), load->err,
                              "an entity is not found by what stands in a list, expected a field at the top");
        if (load->lens->rest != REST_STORE)
            return yaml_fault(yaml_get(field->from, "found_by"), load->err, "nothing is kept, expected rest: store");
        if (before)
            return yaml_fault(yaml_get(field->from, "found_by"), load->err, "\"" STR_FMT "\" has one already, expected one",
                              STR_ARG(before->path));
        before = field;
    }
    return 0;
}

/* Without a field nothing else can be judged; that there is none is told. */
static int load_all(struct load *load, const struct yaml *root)
{
    const struct yaml *fields, *set;

    load->lens->head = root;
    if (load_head(load, root))
        return -1;
    fields = yaml_get(root, "fields");
    if (!fields)
        return 0;
    if (load_shape(load, fields, &load->lens->shape))
        return -1;
    load->shape = load->lens->shape;
    set = yaml_get(root, "set");
    if ((set && load_set(load, set)) || (load_rest(load, yaml_get(root, "rest")) && load_note(load)) ||
        (load_unknown(load, yaml_get(root, "unknown")) && load_note(load)) || load_link(load) ||
        load_rules(load, yaml_get(root, "rules")) || load_check(load, set) ||
        (check_found_by(load, load->shape) && load_note(load)))
        return -1;
    load->lens->examples = yaml_get(root, "examples");
    return check_examples(load, load->lens->examples);
}

/* `read`: the file is a tree. */
static int compile(struct load *load, bool read, const struct yaml *root)
{
    if ((!read || load_all(load, root)) && load_note(load))
        return -1;
    return load->faulty ? -1 : 0;
}

int lens_load(struct lens **lens, struct arena *arena, const char *path, const struct lens_style *style,
              const struct lens_tables *tables, struct err *err)
{
    return lens_judge(lens, arena, path, style, tables, NULL, err);
}

int lens_judge(struct lens **lens, struct arena *arena, const char *path, const struct lens_style *style,
               const struct lens_tables *tables, struct err_list *faults, struct err *err)
{
    const struct yaml *root = NULL;

    *lens = ARENA_NEW(arena, struct lens);
    (*lens)->style = *style;
    struct load load = { .arena = arena, .lens = *lens, .tables = tables, .faults = faults, .err = err };
    bool read = !yaml_load(&root, arena, path, err);
    return compile(&load, read, root);
}

int lens_parse(struct lens **lens, struct arena *arena, struct str text, const char *name,
               const struct lens_style *style, const struct lens_tables *tables, struct err *err)
{
    const struct yaml *root = NULL;

    *lens = ARENA_NEW(arena, struct lens);
    (*lens)->style = *style;
    struct load load = { .arena = arena, .lens = *lens, .tables = tables, .err = err };
    bool read = !yaml_parse(&root, arena, text, name, err);
    return compile(&load, read, root);
}

struct str lens_dialect(const struct lens *lens)
{
    return lens->dialect;
}

const struct yaml *lens_head(const struct lens *lens)
{
    return lens->head;
}

struct str lens_resource(const struct lens *lens)
{
    return lens->resource;
}

struct str lens_entity(const struct lens *lens)
{
    return lens->entity;
}

enum lens_rest lens_rest(const struct lens *lens)
{
    return lens->rest;
}

struct str lens_found_by(const struct lens *lens)
{
    for (size_t i = 0; i < lens->shape->count; i++)
        if (lens->shape->fields[i].found_by.len)
            return lens->shape->fields[i].found_by;
    return STR_NONE;
}

bool lens_shows_version(const struct lens *lens)
{
    return lens->shows_version;
}

const char *fault_name(enum fault_kind kind)
{
    static const char *const names[] = {
        [FAULT_BLANK] = "blank",   [FAULT_NULL] = "null",           [FAULT_TYPE] = "type",
        [FAULT_FORMAT] = "format", [FAULT_ENUM] = "enum",           [FAULT_LENGTH] = "length",
        [FAULT_RANGE] = "range",   [FAULT_READ_ONLY] = "read_only", [FAULT_UNKNOWN] = "unknown",
        [FAULT_EQUALS] = "equals", [FAULT_TOGETHER] = "together",   [FAULT_OCCUPIED] = "occupied",
        [FAULT_ID] = "id",
    };

    return names[kind];
}
