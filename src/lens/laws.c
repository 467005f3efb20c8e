/* The laws, on generated documents: what was read and is written back changes nothing, and what is exact
 * comes back as it was sent. */
#include "lens/test.h"

#include "json/write.h"
#include "yaml/yaml.h"

enum { MOST_FAILURES = 5 };

static bool merged(struct document *target, const struct document *patch, struct arena *arena)
{
    struct buf text = buf_in(arena, MOST_TEXT);

    json_merge_patch(&text, &target->tape, 0, &patch->tape, 0);
    return test_read(target, arena, buf_str(&text));
}

struct trial {
    const struct lens *lens;
    struct arena *arena;
    struct document sent, canonical, rest, shown;
    struct str other;  /* a second document, whose members updates take */
    struct str update; /* the one that was made of it, of a law about updates */
    const char *law;   /* the one that is broken */
    struct str where;  /* the field, or what else there is to say */
};

static bool broken(struct trial *trial, const char *law, struct str where)
{
    trial->law = law;
    trial->where = where;
    return false;
}

static bool refused(struct trial *trial, const char *law, const struct put_result *put)
{
    return broken(trial, law, test_refusal(put, trial->arena));
}

/* get(put(d)) = normal(d). */
static bool keeps(struct trial *trial)
{
    struct str where = same_normal(trial->lens, &trial->sent.tape, &trial->shown.tape, trial->arena);

    return !where.ptr || broken(trial, "get(put(d)) = normal(d)", where);
}

/* Where reading gives members that writing refuses, the client leaves those out. */
static void copy_writable(const struct lens *lens, const struct node *parent, const struct tape *tape,
                          uint32_t at, struct buf *out)
{
    bool first = true, refuses = lens->style.read_only == READ_ONLY_REFUSE;

    buf_char(out, '{');
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + 1)) {
        const struct node *node = parent->first;
        while (node && !tape_string_is(tape, i, node->name))
            node = node->next;
        if (node && node->field && refuses && (node->field->read_only & MODE_UPDATE))
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        buf_add(out, tape_raw(tape, i));
        buf_char(out, ':');
        if (node && node->group && tape_type(tape, i + 1) == JSON_OBJECT)
            copy_writable(lens, node, tape, i + 1, out);
        else
            buf_add(out, tape_raw(tape, i + 1));
    }
    buf_char(out, '}');
}

/* The field whose canonical value is another one than before; else all that was written. */
static struct str changed_field(const struct trial *trial, const struct document *after, struct str written)
{
    const struct shape *shape = trial->lens->shape;

    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        bool writes = field->is[0] != NO_SLOT && field->read_only != MODE_BOTH;
        struct str path = writes ? shape->leaves[field->is[0]]->path : STR_NONE;
        if (writes && !same_document(&after->tape, test_find(&after->tape, 0, path), &trial->canonical.tape,
                                     test_find(&trial->canonical.tape, 0, path), trial->arena))
            return field->path;
    }
    return written;
}

/* put(get(c), c) = c, for the entity and for the rest. */
static bool writes_back(struct trial *trial)
{
    static const char law[] = "put(get(c), c) = c";
    struct buf text = buf_in(trial->arena, MOST_TEXT);
    struct document again = trial->canonical, rest = trial->rest, sent;

    copy_writable(trial->lens, trial->lens->shape->dialect, &trial->shown.tape, 0, &text);
    if (!test_read(&sent, trial->arena, buf_str(&text)))
        return broken(trial, law, STR("get wrote no JSON"));
    trial->update = sent.text;
    struct put_result put = test_put(trial->lens, &sent, &trial->shown, LENS_UPDATE, trial->arena);
    if (!put.fine)
        return refused(trial, law, &put);
    if (!merged(&again, &put.canonical, trial->arena) || !merged(&rest, &put.rest, trial->arena))
        return broken(trial, law, STR("put wrote no JSON"));
    if (!same_document(&again.tape, 0, &trial->canonical.tape, 0, trial->arena))
        return broken(trial, law, changed_field(trial, &again, put.canonical.text));
    struct document shown;
    if (!test_get(trial->lens, &again, &rest, trial->arena, &shown) ||
        !same_document(&shown.tape, 0, &trial->shown.tape, 0, trial->arena))
        return broken(trial, "get(put(get(c), c)) = get(c)", put.rest.text);
    trial->update = STR_NONE;
    return true;
}

/* A field whose value speaks for itself: no other field shows it, and none decides whether it is shown. */
static bool stands_alone(const struct field *field)
{
    bool source = field->source == FROM_CANONICAL || (field->source == FROM_REST && !field->otherwise);

    return source && !field->inside && !field->chosen && !field->write_only && !field->param.ptr &&
           !field->lookup.ptr && !field->split.ptr && !field->unless_name.ptr && !field->with_name.ptr &&
           field->when == NO_SLOT && !(field->read_only & MODE_UPDATE) && !field->ruled;
}

/* The document with one member only: its groups around its value. */
static struct str only_member(const struct field *field, const struct tape *tape, uint32_t at,
                              struct arena *arena)
{
    struct buf text = buf_in(arena, MOST_TEXT);
    struct str path = field->path, part;
    size_t depth = 0;

    for (; str_next(&path, '/', &part); depth++) {
        bool first = true;
        buf_char(&text, '{');
        json_name(&text, &first, part);
    }
    buf_add(&text, tape_raw(tape, at));
    for (; depth; depth--)
        buf_char(&text, '}');
    return buf_str(&text);
}

/* What get shows of `field` after an update that names it alone, and of all others, is what it showed of the
 * document where the value came from, and what it showed before. */
static bool changes_alone(struct trial *trial, const struct field *changed, const struct document *source,
                          const struct document *shown)
{
    for (const struct field *field = trial->lens->shape->fields;
         field < trial->lens->shape->fields + trial->lens->shape->count; field++) {
        const struct document *expected = field == changed ? source : &trial->shown;
        uint32_t found = test_find(&shown->tape, 0, field->path);
        uint32_t wanted = test_find(&expected->tape, 0, field->path);
        bool entries =
            field->type == TYPE_ENTRIES && same_entries(&shown->tape, found, &expected->tape, wanted);
        if (stands_alone(field) && !entries &&
            !same_document(&shown->tape, found, &expected->tape, wanted, trial->arena))
            return broken(trial, "an update of one member changes that one alone",
                          arena_printf(trial->arena, STR_FMT " after an update of " STR_FMT,
                                       STR_ARG(field->path), STR_ARG(changed->path)));
    }
    return true;
}

/* Not so for an object, which is merged into the stored one, for what create does not write, and for a null
 * that is refused on update or stands for a default on create. */
static bool means_the_same(const struct trial *trial, const struct field *field, enum json_type type)
{
    if (field->starts.json.ptr)
        return false;
    bool merges = field->type == TYPE_OBJECT || field->type == TYPE_MAP;
    bool set = field->is[0] != NO_SLOT && trial->lens->shape->leaves[field->is[0]]->set_from;
    bool clears = !field->null_refuse && !field->required && !field->fallback.json.ptr && !set;

    return !merges && (type != JSON_NULL || clears);
}

/* `other` is a document that put takes on create; one of its members goes into an update of what is stored.
 */
static bool updates_one(struct trial *trial, const struct field *field, const struct document *other,
                        const struct document *other_shown)
{
    uint32_t at = test_find(&other->tape, 0, field->path);
    struct document sent, canonical = trial->canonical, rest = trial->rest, shown;

    if (!stands_alone(field) || at == TAPE_NONE || !means_the_same(trial, field, tape_type(&other->tape, at)))
        return true;
    trial->update = only_member(field, &other->tape, at, trial->arena);
    if (!test_read(&sent, trial->arena, trial->update))
        return broken(trial, "the document is JSON", field->path);
    struct put_result put = test_put(trial->lens, &sent, &trial->shown, LENS_UPDATE, trial->arena);
    if (!put.fine)
        return refused(trial, "an update takes what create takes", &put);
    if (!merged(&canonical, &put.canonical, trial->arena) || !merged(&rest, &put.rest, trial->arena) ||
        !test_get(trial->lens, &canonical, &rest, trial->arena, &shown))
        return broken(trial, "an update is JSON", put.canonical.text);
    return changes_alone(trial, field, other_shown, &shown);
}

static bool updates_each(struct trial *trial, struct str text)
{
    struct document other, shown;

    if (!test_read(&other, trial->arena, text))
        return true;
    struct put_result put = test_put(trial->lens, &other, NULL, LENS_CREATE, trial->arena);
    if (!put.fine || !test_get(trial->lens, &put.canonical, &put.rest, trial->arena, &shown))
        return true;
    for (size_t i = 0; i < trial->lens->shape->count; i++)
        if (!updates_one(trial, &trial->lens->shape->fields[i], &other, &shown))
            return false;
    trial->update = STR_NONE;
    return true;
}

/* All laws for one document; false when one is broken. */
static bool try_document(struct trial *trial, struct str text)
{
    if (!test_read(&trial->sent, trial->arena, text))
        return broken(trial, "the document is JSON", STR_NONE);
    struct put_result put = test_put(trial->lens, &trial->sent, NULL, LENS_CREATE, trial->arena);
    if (!put.fine)
        return refused(trial, "put takes what the fields allow", &put);
    trial->canonical = put.canonical;
    trial->rest = put.rest;
    if (!test_get(trial->lens, &trial->canonical, &trial->rest, trial->arena, &trial->shown))
        return broken(trial, "get shows what put made", STR_NONE);
    return keeps(trial) && writes_back(trial) && updates_each(trial, trial->other);
}

static bool fails_as(const struct trial *first, struct str document, struct str other)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct trial trial = { .lens = first->lens, .arena = arena, .other = other };

    if (try_document(&trial, document))
        return false;
    bool words = strcmp(first->law, "put takes what the fields allow") == 0;
    return strcmp(trial.law, first->law) == 0 && (!words || str_eq(trial.where, first->where));
}

/* Fails in the same way: the same law, and for a refusal the same words. */
static bool fails_alike(void *context, struct str document)
{
    const struct trial *first = context;

    return fails_as(first, document, first->other);
}

/* The same of the second document, once the first is small. */
static bool fails_beside(void *context, struct str other)
{
    const struct trial *first = context;

    return fails_as(first, first->sent.text, other);
}

/* The rule that `where` speaks of: the field of the longest path that it begins with, in lists too; else the
 * file. */
static const struct field *field_of(const struct shape *shape, struct str where)
{
    const struct field *best = NULL;

    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        bool begins = field->path.len && str_starts(where, field->path) &&
                      (where.len == field->path.len || memchr("/: ", where.ptr[field->path.len], 3));
        if (begins && (!best || field->path.len > best->path.len))
            best = field;
    }
    return best;
}

static const struct yaml *rule_of(const struct lens *lens, struct str where)
{
    const struct field *field = field_of(lens->shape, where), *outer = field;
    struct str index;

    while (field && field->element && where.len > field->path.len) {
        where = str_from_at(where, field->path.len + 1);
        (void)str_next(&where, '/', &index);
        outer = field;
        field = field_of(field->element, where);
    }
    outer = field ? field : outer;
    return outer ? outer->from : lens->head;
}

static void report_failure(struct trial *trial, struct str document, uint64_t seed, unsigned index,
                           struct buf *report)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct trial last = { .lens = trial->lens, .arena = trial->arena };

    trial->sent.text = shrink_document(document, fails_alike, trial, arena);
    last.other = shrink_document(trial->other, fails_beside, trial, arena);
    (void)try_document(&last, arena_copy(trial->arena, trial->sent.text));
    const struct yaml *rule = rule_of(trial->lens, last.where);
    bool field = rule != trial->lens->head;
    buf_printf(report,
               "%s:%u:%u: " STR_FMT " (document %u of seed %llu): %s\n  at    " STR_FMT "\n  for   " STR_FMT
               "\n",
               rule->file, field ? rule->key_line : rule->line, field ? rule->key_column : rule->column,
               STR_ARG(trial->lens->resource), index, (unsigned long long)seed,
               last.law ? last.law : trial->law, STR_ARG(last.where), STR_ARG(trial->sent.text));
    if (last.law && last.canonical.text.ptr)
        buf_printf(report, "  put   " STR_FMT "\n  rest  " STR_FMT "\n  get   " STR_FMT "\n",
                   STR_ARG(last.canonical.text), STR_ARG(last.rest.text), STR_ARG(last.shown.text));
    if (last.law && last.update.ptr)
        buf_printf(report, "  then  " STR_FMT " (as an update)\n", STR_ARG(last.update));
}

/* Once for each law and rule: the thousandth document says nothing that the first did not. */
struct told {
    const char *law;
    const struct yaml *rule;
};

static bool is_told(struct told *told, size_t *count, const struct trial *trial)
{
    struct told now = { .law = trial->law, .rule = rule_of(trial->lens, trial->where) };

    for (size_t i = 0; i < *count; i++)
        if (strcmp(told[i].law, now.law) == 0 && told[i].rule == now.rule)
            return true;
    told[(*count)++] = now;
    return false;
}

size_t test_laws(const struct lens *lens, uint64_t seed, unsigned count, struct buf *report)
{
    struct told told[MOST_FAILURES];
    size_t failures = 0;

    for (unsigned i = 0; i < count && failures < MOST_FAILURES; i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
        struct random random = { .state = seed + i };
        struct trial trial = { .lens = lens, .arena = arena };
        struct buf document = buf_in(arena, MOST_TEXT), other = buf_in(arena, MOST_TEXT);
        generate_document(lens, &random, arena, &document);
        generate_document(lens, &random, arena, &other);
        trial.other = buf_str(&other);
        if (!try_document(&trial, buf_str(&document)) && !is_told(told, &failures, &trial))
            report_failure(&trial, buf_str(&document), seed, i, report);
    }
    return failures;
}
