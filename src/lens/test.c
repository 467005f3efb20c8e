#include "lens/test.h"

#include "yaml/yaml.h"

/* A fixed moment, so that what is derived from today is the same in every run. */
static const struct lens_context test_context = { .brand = STR_INIT("acme"), .wall_ms = 1717754400000 };

bool test_read(struct document *document, struct arena *arena, struct str text)
{
    struct tape_fault fault;

    document->text = text;
    return tape_read(&document->tape, arena, text, &tape_default_limits, &fault);
}

/* Ids stand for themselves; what is wanted inside a text or as a number is what was given. */
static struct str fill_ids(struct str text, struct id_slots *ids, struct arena *arena)
{
    struct buf out = buf_in(arena, MOST_TEXT);

    for (size_t i = 0; i < ids->count; i++)
        ids->items[i].found = ids->items[i].given;
    lens_fill(text, ids, 0, &out);
    return buf_str(&out);
}

struct put_result test_put(const struct lens *lens, const struct document *in, const struct document *shown,
                           enum lens_mode mode, struct arena *arena)
{
    struct lens_context context = test_context;
    struct lens_put *put = ARENA_NEW(arena, struct lens_put);
    struct put_result result = { .faults = &put->faults };

    context.mode = mode;
    put->canonical = buf_in(arena, MOST_TEXT);
    put->rest = buf_in(arena, MOST_TEXT);
    result.fine =
        lens_put(lens, &in->tape, 0, shown ? &shown->tape : NULL, &context, arena, put, &result.err) == 0;
    if (!result.fine)
        return result;
    result.has_rest = put->rest.len > 0;
    struct str rest = result.has_rest ? buf_str(&put->rest) : STR("{}");
    result.fine = test_read(&result.canonical, arena, fill_ids(buf_str(&put->canonical), &put->ids, arena)) &&
                  test_read(&result.rest, arena, rest);
    if (!result.fine)
        (void)err_set(&result.err, ERR_INTERNAL, "put wrote no JSON");
    return result;
}

struct str test_refusal(const struct put_result *put, struct arena *arena)
{
    if (!put->faults->count)
        return arena_copy(arena, str_from(put->err.detail));
    return arena_printf(arena, STR_FMT ": %s", STR_ARG(put->faults->items[0].path),
                        fault_name(put->faults->items[0].kind));
}

bool test_get(const struct lens *lens, const struct document *canonical, const struct document *rest,
              struct arena *arena, struct document *out)
{
    struct buf text = buf_in(arena, MOST_TEXT);
    struct id_slots ids = { 0 };
    struct err err;

    if (lens_get(lens, &canonical->tape, 0, rest ? &rest->tape : NULL, &test_context, arena, &text, &ids,
                 &err))
        return false;
    return test_read(out, arena, fill_ids(buf_str(&text), &ids, arena));
}

bool test_within(const struct tape *part, uint32_t at, const struct tape *whole, uint32_t in)
{
    if (tape_type(part, at) != JSON_OBJECT || tape_type(whole, in) != JSON_OBJECT)
        return tape_equal(part, at, whole, in);
    for (uint32_t i = tape_first(part, at); i < tape_next(part, at); i = tape_next(part, i + 1)) {
        CLEANUP(arena_free) struct arena *names = arena_new(SIZE_MAX);
        uint32_t found = tape_find(whole, in, tape_string(part, i, names));
        bool null = tape_type(part, i + 1) == JSON_NULL;
        if (found == TAPE_NONE ? !null : !test_within(part, i + 1, whole, found))
            return false;
    }
    return true;
}

/* One example, with what it says. */
struct example {
    const struct lens *lens;
    const struct yaml *at;
    struct document dialect, canonical, rest;
    enum lens_mode mode;
    struct arena *arena;
    struct buf *report;
};

static size_t complain(const struct example *example, const char *what, struct str found, struct str expected)
{
    buf_printf(example->report, "%s:%u:%u: %s\n  found    " STR_FMT "\n  expected " STR_FMT "\n",
               example->at->file, example->at->line, example->at->column, what, STR_ARG(found),
               STR_ARG(expected));
    return 1;
}

static bool read_member(struct document *document, struct arena *arena, const struct yaml *node)
{
    struct buf text = buf_in(arena, MOST_TEXT);

    if (node)
        yaml_to_json(node, &text);
    else
        buf_add(&text, STR("{}"));
    return test_read(document, arena, buf_str(&text));
}

/* What `set:` and `default:` add is no surprise when the example does not speak of it. */
static bool is_added(const struct lens *lens, struct str name)
{
    const struct node *node = node_child(lens->shape->canonical, name);

    return node && (node->set_from || (node->writer && node->writer->fallback.json.ptr));
}

static bool has_no_more(const struct example *example, const struct document *found)
{
    const struct tape *tape = &found->tape;

    for (uint32_t i = tape_first(tape, 0); i < tape_next(tape, 0); i = tape_next(tape, i + 1)) {
        struct str name = tape_string(tape, i, example->arena);
        uint32_t expected = tape_find(&example->canonical.tape, 0, name);
        bool same = expected != TAPE_NONE && tape_equal(tape, i + 1, &example->canonical.tape, expected);
        if (!same && !(expected == TAPE_NONE && is_added(example->lens, name)))
            return false;
    }
    return true;
}

static size_t check_put(const struct example *example)
{
    struct put_result put = test_put(example->lens, &example->dialect, NULL, example->mode, example->arena);

    if (!put.fine)
        return complain(example, "put refuses the example", test_refusal(&put, example->arena),
                        example->canonical.text);
    if (!has_no_more(example, &put.canonical) ||
        !test_within(&example->canonical.tape, 0, &put.canonical.tape, 0))
        return complain(example, "put gives another document", put.canonical.text, example->canonical.text);
    if (!tape_equal(&put.rest.tape, 0, &example->rest.tape, 0))
        return complain(example, "put gives another rest", put.rest.text, example->rest.text);
    return 0;
}

static size_t check_get(const struct example *example)
{
    struct document found;

    if (!test_get(example->lens, &example->canonical, &example->rest, example->arena, &found))
        return complain(example, "get fails", STR("nothing"), example->dialect.text);
    if (!test_within(&example->dialect.tape, 0, &found.tape, 0))
        return complain(example, "get gives another document", found.text, example->dialect.text);
    return 0;
}

/* "path: kind, path: kind", as the example has them. */
static struct str told_faults(const struct example *example, const struct faults *faults)
{
    struct buf text = buf_in(example->arena, MOST_TEXT);

    for (size_t i = 0; i < faults->count; i++)
        buf_printf(&text, "%s" STR_FMT ": %s", i ? ", " : "", STR_ARG(faults->items[i].path),
                   fault_name(faults->items[i].kind));
    return buf_str(&text);
}

static bool is_refused_so(const struct example *example, const struct yaml *refused,
                          const struct faults *faults)
{
    bool same = faults->count == refused->count;

    for (size_t i = 0; same && i < faults->count; i++) {
        const struct yaml *at = yaml_get(refused, arena_cstr(example->arena, faults->items[i].path));
        same = at && str_is(at->text, fault_name(faults->items[i].kind));
    }
    return same;
}

/* Put refuses the document, and says exactly these faults. */
static size_t check_refused(const struct example *example, const struct yaml *refused)
{
    struct put_result put = test_put(example->lens, &example->dialect, NULL, example->mode, example->arena);
    struct buf wanted = buf_in(example->arena, MOST_TEXT);

    if (!put.fine && is_refused_so(example, refused, put.faults))
        return 0;
    for (const struct yaml *at = refused->first; at; at = at->next)
        buf_printf(&wanted, "%s" STR_FMT ": " STR_FMT, at == refused->first ? "" : ", ", STR_ARG(at->key),
                   STR_ARG(at->text));
    return complain(example, put.fine ? "put takes what it should refuse" : "put refuses something else",
                    put.fine ? put.canonical.text : told_faults(example, put.faults), buf_str(&wanted));
}

static size_t check_example(const struct lens *lens, const struct yaml *at, struct buf *report)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    const struct yaml *only = yaml_get(at, "only"), *mode = yaml_get(at, "mode");
    struct example example = { .lens = lens, .at = at, .arena = arena, .report = report };

    if (mode && str_is(mode->text, "update"))
        example.mode = LENS_UPDATE;
    if (!read_member(&example.dialect, arena, yaml_get(at, "dialect")) ||
        !read_member(&example.canonical, arena, yaml_get(at, "canonical")) ||
        !read_member(&example.rest, arena, yaml_get(at, "rest")))
        return complain(&example, "the example is not JSON", STR_NONE, STR("objects"));
    if (yaml_get(at, "refused"))
        return check_refused(&example, yaml_get(at, "refused"));
    size_t failures = 0;
    if (!only || str_is(only->text, "put"))
        failures += check_put(&example);
    if (!only || str_is(only->text, "get"))
        failures += check_get(&example);
    return failures;
}

size_t lens_test(const struct lens *lens, uint64_t seed, unsigned count, struct buf *report)
{
    size_t failures = 0;

    for (const struct yaml *at = lens->examples ? lens->examples->first : NULL; at; at = at->next)
        failures += check_example(lens, at, report);
    return failures + test_laws(lens, seed, count, report);
}
