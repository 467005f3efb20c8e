/* docs/coverage.md tells the truth: documents made at random go through the other dialect and back, as
 * `dragoman translate` takes them, and every member of every pair comes back as its row says. */
#include "test_cli_page.h"

#include "cli/pair.h"
#include "cli/translate.h"
#include "json/write.h"

enum { ENOUGH = 120, MOST_DOCUMENTS = 4000 };

static struct conf *conf;
static struct gateway *gateway;

static int setup(void **state)
{
    const char *sets[] = { "mappings=" SOURCE_DIR "/mappings", "state_dir=/nonexistent" };
    struct err err;

    (void)state;
    arena = arena_new(SIZE_MAX);
    CHECK(!conf_load(&conf, NULL, sets, COUNT(sets), &err) && !gateway_new(&gateway, conf, NULL, NULL, &err),
          "%s", err.detail);
    read_pairs();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gateway_free(&gateway);
    conf_free(&conf);
    arena_free(&arena);
    return 0;
}

static const struct lens *find_lens(struct str dialect, struct str resource)
{
    const struct dialect *found = gateway_dialect(gateway, dialect);

    for (size_t i = 0; found && i < found->lens_count; i++)
        if (str_eq(lens_resource(found->lenses[i]), resource))
            return found->lenses[i];
    return NULL;
}

struct leg {
    struct translate_route route;
    struct id_tables ids;
    struct losses losses;
    struct buf out;
    struct translator translator;
};

static void prepare(struct leg *leg, struct str from, struct str resource, struct str to, struct str as,
                    struct arena *each)
{
    *leg = (struct leg){ .route = { .from = gateway_dialect(gateway, from),
                                    .to = gateway_dialect(gateway, to),
                                    .put = find_lens(from, resource),
                                    .get = find_lens(to, as),
                                    .brand = STR("acme") },
                         .losses = { .arena = arena } };
    CHECK(leg->route.put && leg->route.get, "no lens %.*s %.*s", STR_ARG(from), STR_ARG(resource));
    leg->translator = (struct translator){ .route = &leg->route,
                                           .ids = &leg->ids,
                                           .limits = &tape_default_limits,
                                           .shown = { .mode = LENS_SHOWN, .brand = leg->route.brand },
                                           .now = { .brand = leg->route.brand, .unread_arena = each },
                                           .arena = each,
                                           .out = &leg->out,
                                           .losses = &leg->losses };
}

/* The ids that documents are made with, in a crosswalk: there another spelling, and back. */
static void fill_crosswalk(struct leg *there, struct leg *back)
{
    static const char *const ids[] = {
        "58c4554710123c5c40dbab81",      "x-0", "x-1", "x-2", "0", "7", "-1", "9007199254740993",
        "123456789012345678901234567890"
    };
    const struct dialect *to = there->route.to;

    for (size_t k = 0; k < to->kind_count; k++)
        for (unsigned i = 0; i < COUNT(ids); i++) {
            struct str kind = to->kinds[k].kind, id = str_from(ids[i]), other = id;
            if (to->kinds[k].form == ID_INTEGER)
                other = arena_printf(arena, "%u", 100 + i);
            else if (to->kinds[k].form != ID_SAME)
                other = arena_printf(arena, "%024x", 100 + i);
            id_table_add(&there->ids.out, arena, kind, id, other);
            id_table_add(&back->ids.in, arena, kind, other, id);
            id_table_add(&back->ids.out, arena, kind, id, id);
        }
}

static bool travel(struct leg *leg, struct arena *each, struct str text, struct str *arrived)
{
    leg->out = buf_in(each, 1 << 22);
    if (!translate_line(&leg->translator, text, 1))
        return false;
    *arrived = str_of(leg->out.ptr, leg->out.len - 1);
    return true;
}

static uint32_t element_at(const struct tape *tape, uint32_t array, struct str number)
{
    uint64_t index;
    uint32_t at = tape_first(tape, array);

    if (!str_to_uint(number, &index))
        return TAPE_NONE;
    while (index-- && at < tape_next(tape, array))
        at = tape_next(tape, at);
    return at < tape_next(tape, array) ? at : TAPE_NONE;
}

/* By the path of a fault: "phone_numbers/0/value". */
static bool is_there(const struct tape *tape, struct str path)
{
    struct str part;
    uint32_t at = 0;

    while (at != TAPE_NONE && str_next(&path, '/', &part))
        at = tape_type(tape, at) == JSON_ARRAY    ? element_at(tape, at, part)
             : tape_type(tape, at) == JSON_OBJECT ? tape_find(tape, at, part)
                                                  : TAPE_NONE;
    return at != TAPE_NONE && tape_type(tape, at) != JSON_NULL;
}

/* The page says that such a document stops: a value that is not taken, or a member that it names is not
 * there. */
static bool is_told(const struct pair *pair, struct str reason, const struct tape *document)
{
    struct str fault;

    while (str_next(&reason, ';', &fault)) {
        struct str path, what;
        if (!str_cut(str_trim(fault), ':', &path, &what))
            return false;
        bool blank = str_starts(what, STR(" blank"));
        bool value = str_starts(what, STR(" enum")) || (blank && is_there(document, path));
        bool named = text_has(pair->demands, arena_printf(arena, "`" STR_FMT "`", STR_ARG(path)));
        if (!value && !(blank && (named || pair->none)))
            return false;
    }
    return true;
}

/* There and back; false: refused. `own`: it is what the first dialect shows, and must get there. */
static bool round_trip(struct pair *pair, struct leg *there, struct leg *back, struct arena *each,
                       struct str text, bool own, struct str *end)
{
    struct str middle;

    if (!travel(there, each, text, &middle)) {
        CHECK(!own, STR_FMT " " STR_FMT " -> " STR_FMT ": " STR_FMT "\n" STR_FMT, STR_ARG(pair->from),
              STR_ARG(pair->resource), STR_ARG(pair->to), STR_ARG(there->translator.reason), STR_ARG(text));
        return false;
    }
    if (travel(back, each, middle, end))
        return true;
    struct document other;
    assert_true(test_read(&other, each, middle));
    if (!is_told(pair, back->translator.reason, &other.tape)) {
        pair->odd++;
        pair->odd_why =
            arena_printf(arena, STR_FMT "\n" STR_FMT, STR_ARG(back->translator.reason), STR_ARG(middle));
    }
    return false;
}

static struct str merged(struct arena *each, struct str base, struct str patch)
{
    struct document target, change;
    struct buf both = buf_in(each, 1 << 22);

    assert_true(test_read(&target, each, base) && test_read(&change, each, patch));
    json_merge_patch(&both, &target.tape, 0, &change.tape, 0);
    return buf_str(&both);
}

/* Of the lens's own values; or made of a document of the other dialect, so that both know them; or the one
 * with what the other says. */
static bool make_document(struct leg *there, struct leg *back, struct random *random, struct arena *each,
                          unsigned i, struct str *made)
{
    struct buf own = buf_in(each, 1 << 22), other = buf_in(each, 1 << 22);

    generate_shown(there->route.put, random, each, &own);
    *made = buf_str(&own);
    if (i % 3 == 0)
        return true;
    generate_shown(back->route.put, random, each, &other);
    if (!travel(back, each, buf_str(&other), made))
        return false;
    if (i % 3 == 2)
        *made =
            merged(each, buf_str(&own), merged(each, STR("{}"), *made)); /* the inner one takes nulls away */
    return true;
}

/* Of every row that promises something a document has come back. */
static bool is_seen(const struct pair *pair)
{
    for (size_t i = 0; i < pair->row_count && !pair->none; i++)
        if (!str_is(pair->rows[i].survives, "no") && !(pair->rows[i].same + pair->rows[i].other))
            return false;
    return true;
}

static void run_pair(struct pair *pair)
{
    struct arena *each = arena_new(SIZE_MAX);
    struct random random = { .state = 20240607 };
    struct leg there, back;

    prepare(&there, pair->from, pair->resource, pair->to, pair->as, each);
    prepare(&back, pair->to, pair->as, pair->from, pair->resource, each);
    fill_crosswalk(&there, &back);
    for (unsigned i = 0;
         i < (pair->none ? ENOUGH : MOST_DOCUMENTS) && (pair->back < ENOUGH || !is_seen(pair));
         i++, arena_reset(each)) {
        struct str text, end, again;
        struct document sent, final, stable;
        if (!make_document(&there, &back, &random, each, i, &text) ||
            !round_trip(pair, &there, &back, each, text, i % 3 == 0, &end))
            continue;
        pair->back++;
        assert_true(test_read(&sent, each, text) && test_read(&final, each, end));
        for (size_t k = 0; k < pair->row_count; k++)
            count_row(&pair->rows[k], &sent, &final);
        if (round_trip(pair, &there, &back, each, end, false, &again)) {
            assert_true(test_read(&stable, each, again));
            CHECK(tape_equal(&stable.tape, 0, &final.tape, 0),
                  "a second trip changes more:\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(text),
                  STR_ARG(end), STR_ARG(again));
        }
    }
    arena_free(&each);
}

/* What the numbers must be for the row to be true. */
static bool is_so(const struct row *row)
{
    bool constant = str_starts(row->why, STR("a constant")), again = str_starts(row->why, STR("made again"));
    bool id = text_has(row->why, STR("crosswalk")), instead = text_has(row->why, STR("shown instead"));

    bool never = text_has(row->why, STR("no such member")) || text_has(row->why, STR("only send")) ||
                 text_has(row->why, STR("of which it is made"));

    if (str_is(row->survives, "no"))
        return (row->sent > 0 || never) && (instead || row->same + row->other + row->made == 0);
    if (row->made && str_is(row->survives, "yes") && !constant && !again)
        return false;
    if (again)
        return row->same + row->made > 0; /* of the id that is there now */
    if (constant || id)
        return row->other == 0;
    if (str_is(row->survives, "yes"))
        return row->same == row->sent && row->sent > 0;
    return row->same + row->other > 0 &&
           (str_is(row->survives, "normalised") || str_is(row->survives, "in part"));
}

static unsigned judge_pair(const struct pair *pair)
{
    unsigned wrong = pair->odd > 0 || (pair->none ? pair->back > 0 : pair->back < ENOUGH / 2);

    if (wrong)
        print_error(STR_FMT " " STR_FMT " -> " STR_FMT
                            ": %u came back, %u refused otherwise than told: " STR_FMT "\n",
                    STR_ARG(pair->from), STR_ARG(pair->resource), STR_ARG(pair->to), pair->back, pair->odd,
                    STR_ARG(pair->odd_why));
    for (size_t i = 0; i < pair->row_count && !pair->none; i++) {
        const struct row *row = &pair->rows[i];
        if (is_so(row))
            continue;
        wrong++;
        print_error(STR_FMT " " STR_FMT " -> " STR_FMT ": `" STR_FMT "` is not \"" STR_FMT "\" (" STR_FMT
                            "): of %u %u came back, %u were gone, %u others; %u without it had one; " STR_FMT
                            "\n",
                    STR_ARG(pair->from), STR_ARG(pair->resource), STR_ARG(pair->to), STR_ARG(row->member),
                    STR_ARG(row->survives), STR_ARG(row->why), row->sent, row->same, row->gone, row->other,
                    row->made, STR_ARG(row->example));
    }
    return wrong;
}

static void test_every_row_is_so(void **state)
{
    unsigned wrong = 0;

    (void)state;
    assert_true(pair_count > 30);
    for (size_t i = 0; i < pair_count; i++) {
        run_pair(&pairs[i]);
        wrong += judge_pair(&pairs[i]);
    }
    CHECK(!wrong, "%u statements of docs/coverage.md are not so", wrong);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_row_is_so) };

    return cmocka_run_group_tests(tests, setup, teardown);
}
