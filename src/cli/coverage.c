/* The page docs/coverage.md, from the mappings alone: what two lenses say of the same canonical paths. */
#include "cli/coverage.h"

#include "cli/pair.h"
#include "lens/report.h"

struct pair {
    struct arena *arena;
    struct buf *out;
    const struct dialect *from, *to;
    const struct lens *lens, *other;
    struct lens_lines shown, taken; /* by the other one: get and put */
};

/* What becomes of one member. */
struct fate {
    const char *survives;
    struct str as, why;
};

static bool is_class(const struct lens_line *line, const char *name)
{
    return str_is(line->class, name);
}

/* The same path, or one is a member of the other. */
static bool is_within(struct str whole, struct str part)
{
    return part.len > whole.len && str_starts(part, whole) && part.ptr[whole.len] == '.';
}

static bool touches(struct str a, struct str b)
{
    return a.len && b.len && (str_eq(a, b) || is_within(a, b) || is_within(b, a));
}

/* How much two fields have in common: the same paths count more than a whole and its part; 0: nothing. */
static unsigned shares(const struct lens_line *a, const struct lens_line *b)
{
    unsigned score = 0;

    for (size_t i = 0; i < COUNT(a->canonical); i++)
        for (size_t k = 0; k < COUNT(b->canonical); k++)
            if (touches(a->canonical[i], b->canonical[k]))
                score += str_eq(a->canonical[i], b->canonical[k]) ? 2 : 1;
    return score;
}

/* Where the other dialect shows what the member says, best; NULL: nowhere. */
static const struct lens_line *find_shown(const struct pair *pair, const struct lens_line *line)
{
    const struct lens_line *best = NULL;

    for (size_t i = 0; i < pair->shown.count; i++)
        if (shares(line, &pair->shown.items[i]) > (best ? shares(line, best) : 0))
            best = &pair->shown.items[i];
    return best;
}

/* What takes it back from there. */
static const struct lens_line *find_taken(const struct pair *pair, const struct lens_line *line,
                                          struct str from)
{
    for (size_t i = 0; i < pair->taken.count; i++)
        if (pair->taken.items[i].to.len && str_eq(pair->taken.items[i].from, from) &&
            shares(line, &pair->taken.items[i]))
            return &pair->taken.items[i];
    return NULL;
}

static bool has_words(struct str text, const char *words)
{
    return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

static struct fate carried(const struct pair *pair, const struct lens_line *line,
                           const struct lens_line *shown)
{
    const struct lens_line *loose = is_class(line, "exact") ? shown : line;
    const struct dialect *whose = loose == line ? pair->from : pair->to;
    struct fate fate = { .survives = "yes", .as = shown->to };

    if (is_within(line->canonical[0], shown->canonical[0])) {
        fate.survives = "in part";
        fate.why = arena_printf(pair->arena, STR_FMT " shows members of it", STR_ARG(pair->to->name));
        return fate;
    }
    if (line->array)
        fate.survives = "in part";
    if (line->array)
        fate.why = STR("what its elements say beyond the canonical entity stays with this dialect");
    else if (str_starts(line->rule, STR("id of")))
        fate.why = STR("where the crosswalk has it, or the forms of the ids meet");
    else if (has_words(line->rule, "invalid: keep"))
        fate.why = STR("what is not of the type is kept for this dialect only");
    if (line->array || is_class(loose, "exact"))
        return fate;
    fate.survives = "normalised";
    fate.why = arena_printf(pair->arena, STR_FMT " in " STR_FMT, STR_ARG(loose->rule), STR_ARG(whose->name));
    return fate;
}

static struct fate fate_of(const struct pair *pair, const struct lens_line *line)
{
    const struct lens_line *shown = find_shown(pair, line);

    if (is_class(line, "constant"))
        return (struct fate){ "yes", STR_NONE, STR("a constant of this dialect") };
    if (!line->to.len && !str_is(line->rule, "look-up") && line->why.len && !line->canonical[0].len)
        return str_is(line->why, "it has no source")
                   ? (struct fate){ "no", STR_NONE, STR("the canonical entity has no such member") }
                   : (struct fate){ "yes", STR_NONE, STR("made again from other members") };
    if (!line->canonical[0].len && is_class(line, "kept"))
        return (struct fate){ "no", STR_NONE, STR("kept beside the entity, for this dialect only") };
    if (!line->canonical[0].len)
        return (struct fate){ "in part", STR_NONE,
                              STR("see its members; the array is kept for this dialect only") };
    if (!shown)
        return (struct fate){ "no", STR_NONE,
                              arena_printf(pair->arena, STR_FMT " does not show " STR_FMT,
                                           STR_ARG(pair->to->name), STR_ARG(line->canonical[0])) };
    if (!find_taken(pair, line, shown->to))
        return (struct fate){ "no", shown->to,
                              arena_printf(pair->arena, STR_FMT " shows it and does not take it",
                                           STR_ARG(pair->to->name)) };
    return carried(pair, line, shown);
}

static void write_line(const struct pair *pair, const struct lens_line *line)
{
    struct fate fate = fate_of(pair, line);

    buf_printf(pair->out, "| `" STR_FMT "` | " STR_FMT " | ", STR_ARG(line->from), STR_ARG(line->class));
    if (fate.as.len)
        buf_printf(pair->out, "`" STR_FMT "`", STR_ARG(fate.as));
    buf_printf(pair->out, " | %s | " STR_FMT " |\n", fate.survives, STR_ARG(fate.why));
}

static void write_pair(struct pair *pair)
{
    struct lens_lines own = { 0 };

    lens_report_put(pair->lens, NULL, 0, LENS_SHOWN, pair->arena, &own);
    lens_report_get(pair->other, NULL, 0, pair->arena, &pair->shown);
    lens_report_put(pair->other, NULL, 0, LENS_SHOWN, pair->arena, &pair->taken);
    buf_printf(pair->out,
               "\n## " STR_FMT " " STR_FMT " \u2192 " STR_FMT " " STR_FMT " \u2192 " STR_FMT "\n\n"
               "| member | class | there | survives | why |\n|---|---|---|---|---|\n",
               STR_ARG(pair->from->name), STR_ARG(lens_resource(pair->lens)), STR_ARG(pair->to->name),
               STR_ARG(lens_resource(pair->other)), STR_ARG(pair->from->name));
    for (size_t i = 0; i < own.count; i++)
        write_line(pair, &own.items[i]);
}

static void write_pairs(const struct dialect *from, const struct dialect *to, struct arena *arena,
                        struct buf *out)
{
    for (size_t i = 0; i < from->lens_count; i++) {
        struct pair pair = { .arena = arena, .out = out, .from = from, .to = to, .lens = from->lenses[i] };
        pair.other = pair_target(to, pair.lens, NULL);
        if (pair.other)
            write_pair(&pair);
    }
}

void coverage_write(const struct gateway *gateway, struct arena *arena, struct buf *out)
{
    static const char head[] =
        "# What survives between dialects\n\n"
        "Made by `dragoman check --coverage` from the mappings; a test compares. For each two dialects with "
        "an entity in\n"
        "common: a document of the first becomes one of the second and comes back, as `dragoman translate` "
        "does it. Inside the\n"
        "gateway more survives: what one dialect says beyond the canonical entity is kept for it (*kept*) "
        "and shown to it again,\n"
        "whatever others write meanwhile. Classes are those of [mapping.md](mapping.md).\n";

    buf_add(out, STR(head));
    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialect_count; k++)
            if (i != k)
                write_pairs(gateway->dialects[i], gateway->dialects[k], arena, out);
}
