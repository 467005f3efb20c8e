/* The page docs/coverage.md, from the mappings alone: what two lenses say of the same canonical paths. */
#include "cli/coverage.h"

#include "cli/pair.h"
#include "lens/report.h"

struct pair {
    struct arena *arena;
    struct buf *out;
    const struct dialect *from, *to;
    const struct lens *lens, *other;
    struct lens_lines own;          /* put of the one */
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

/* No member of its own shows it there, but another one writes it. */
static const struct lens_line *find_teller(const struct pair *pair, const struct lens_line *line)
{
    for (size_t i = 0; i < pair->taken.count; i++)
        if (touches(line->canonical[0], pair->taken.items[i].tells))
            return &pair->taken.items[i];
    return NULL;
}

static bool has_words(struct str text, const char *words)
{
    return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

static bool is_id(const struct lens_line *line)
{
    return has_words(line->rule, " of a ");
}

static struct fate carried(const struct pair *pair, const struct lens_line *line,
                           const struct lens_line *shown)
{
    const struct lens_line *loose = is_class(line, "exact") ? shown : line;
    const struct dialect *whose = loose == line ? pair->from : pair->to;
    struct fate fate = { .survives = "in part", .as = shown->to };

    if (is_within(line->canonical[0], shown->canonical[0]))
        fate.why = arena_printf(pair->arena, STR_FMT " shows members of it", STR_ARG(pair->to->name));
    else if (line->array)
        fate.why = STR("what its elements say beyond the canonical entity stays with this dialect");
    else if (has_words(line->rule, "invalid: keep") || has_words(shown->rule, "invalid: keep"))
        fate.why = STR("what is not of the type stays with this dialect");
    if (fate.why.len)
        return fate;
    fate.survives = is_class(loose, "exact") ? "yes" : "normalised";
    if (is_id(line) || is_id(shown))
        fate.why = STR("where the crosswalk has it, or the forms of the ids meet");
    else if (!is_class(loose, "exact"))
        fate.why =
            arena_printf(pair->arena, STR_FMT " in " STR_FMT, STR_ARG(loose->rule), STR_ARG(whose->name));
    return fate;
}

static struct fate lost(struct str as, struct str why)
{
    return (struct fate){ "no", as, why };
}

static struct fate fate_of_made(const struct pair *pair, const struct lens_line *line)
{
    const struct lens_line source = { .canonical = { line->made_of } };
    const struct lens_line *shown = find_shown(pair, &source);

    if (shown && find_taken(pair, &source, shown->to))
        return (struct fate){ "yes", STR_NONE,
                              arena_printf(pair->arena, "made again from " STR_FMT, STR_ARG(line->made_of)) };
    return lost(STR_NONE, arena_printf(pair->arena, STR_FMT " does not show " STR_FMT ", of which it is made",
                                       STR_ARG(pair->to->name), STR_ARG(line->made_of)));
}

/* What has no canonical place of its own; `survives` NULL: it has one. */
static struct fate without_place(const struct pair *pair, const struct lens_line *line)
{
    if (line->unshown)
        return lost(STR_NONE, STR("clients only send it: it is in no document that is shown"));
    if (line->made_of.len)
        return fate_of_made(pair, line);
    if (!line->to.len && line->why.len && !line->canonical[0].len)
        return lost(STR_NONE, STR("the canonical entity has no such member"));
    if (line->canonical[0].len)
        return (struct fate){ 0 };
    if (is_class(line, "kept"))
        return lost(STR_NONE, arena_printf(pair->arena, "kept for this dialect only; shown instead: " STR_FMT,
                                           STR_ARG(line->instead)));
    return (struct fate){ "in part", STR_NONE,
                          STR("see its members; the array is kept for this dialect only") };
}

static struct fate fate_of(const struct pair *pair, const struct lens_line *line);

/* A constant is made wherever its object is. That of a list's element needs the element. */
static struct fate fate_of_constant(const struct pair *pair, const struct lens_line *line)
{
    for (size_t i = 0; i < pair->own.count; i++) {
        const struct lens_line *list = &pair->own.items[i];
        struct str inside = str_from_at(line->from, list->from.len < line->from.len ? list->from.len : 0);
        if (list->array && str_starts(line->from, list->from) && str_starts(inside, STR("/*/")) &&
            !strcmp(fate_of(pair, list).survives, "no"))
            return lost(STR_NONE, STR("its list does not come back"));
    }
    return (struct fate){ "yes", STR_NONE, STR("a constant of this dialect") };
}

static struct fate fate_of(const struct pair *pair, const struct lens_line *line)
{
    if (is_class(line, "constant"))
        return fate_of_constant(pair, line);
    struct fate fate = without_place(pair, line);
    if (fate.survives)
        return fate;
    const struct lens_line *shown = find_shown(pair, line), *teller = shown ? NULL : find_teller(pair, line);
    struct str set = shown ? STR_NONE : lens_always_sets(pair->other, line->canonical[0]);
    if (str_is(set, "$brand"))
        return (struct fate){ "yes", STR_NONE, STR("the brand that is translated for") };
    if (set.ptr)
        return lost(STR_NONE,
                    arena_printf(pair->arena, STR_FMT " does not show " STR_FMT "; shown instead: " STR_FMT,
                                 STR_ARG(pair->to->name), STR_ARG(line->canonical[0]), STR_ARG(set)));
    if (teller)
        return (struct fate){ "in part", teller->from, STR("what that member tells of it") };
    if (!shown)
        return lost(STR_NONE, arena_printf(pair->arena, STR_FMT " does not show " STR_FMT,
                                           STR_ARG(pair->to->name), STR_ARG(line->canonical[0])));
    if (!find_taken(pair, line, shown->to))
        return lost(shown->to, arena_printf(pair->arena, STR_FMT " shows it and does not take it",
                                            STR_ARG(pair->to->name)));
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

/* The other one's documents need it to come back. */
static bool is_demanded(const struct pair *pair, const struct lens_line *line)
{
    return line->required && !line->unshown && !has_words(line->from, "/*/") && !is_class(line, "constant") &&
           line->canonical[0].len && !lens_always_sets(pair->lens, line->canonical[0]).ptr;
}

enum giving { NOTHING, SOMETIMES, ALWAYS };

/* Names the members that give it, with "or" between them. */
static enum giving find_givers(const struct pair *pair, const struct lens_line *wanted, struct buf *names)
{
    enum giving giving = NOTHING;

    for (size_t i = 0; i < pair->own.count && giving != ALWAYS; i++) {
        const struct lens_line *own = &pair->own.items[i];
        bool gives = shares(own, wanted) || touches(own->tells, wanted->canonical[0]);
        if (!gives || !own->to.len || own->unshown || own->array)
            continue;
        giving = own->required ? ALWAYS : SOMETIMES;
        buf_printf(names, "%s`" STR_FMT "`", names->len ? " or " : "", STR_ARG(own->from));
    }
    return giving;
}

static void write_demands(const struct pair *pair)
{
    struct buf lacking = buf_in(pair->arena, SIZE_MAX), needed = buf_in(pair->arena, SIZE_MAX);

    for (size_t i = 0; i < pair->taken.count; i++) {
        const struct lens_line *wanted = &pair->taken.items[i];
        struct buf names = buf_in(pair->arena, SIZE_MAX);
        enum giving giving = is_demanded(pair, wanted) ? find_givers(pair, wanted, &names) : ALWAYS;
        if (giving == NOTHING)
            buf_printf(&lacking, "%s`" STR_FMT "`", lacking.len ? ", " : "", STR_ARG(wanted->from));
        else if (giving == SOMETIMES)
            buf_printf(&needed, "%s`" STR_FMT "` (" STR_FMT ")", needed.len ? ", " : "",
                       STR_ARG(wanted->from), STR_ARG(buf_str(&names)));
    }
    if (lacking.len)
        buf_printf(pair->out,
                   "\nNo document comes back: " STR_FMT " demands " STR_FMT ", which these do not have.\n",
                   STR_ARG(pair->to->name), STR_ARG(buf_str(&lacking)));
    else if (needed.len)
        buf_printf(pair->out, "\nComes back only with what " STR_FMT " demands: " STR_FMT ".\n",
                   STR_ARG(pair->to->name), STR_ARG(buf_str(&needed)));
}

/* Nothing else is to be said of it. */
static bool is_kept(const struct lens_line *line)
{
    return is_class(line, "kept") && !line->canonical[0].len && !line->instead.len && !line->unshown;
}

static void write_kept(const struct pair *pair)
{
    bool any = false;

    for (size_t i = 0; i < pair->own.count; i++) {
        if (!is_kept(&pair->own.items[i]))
            continue;
        buf_printf(pair->out, "%s`" STR_FMT "`",
                   any ? ", " : "\nKept for this dialect only, does not survive: ",
                   STR_ARG(pair->own.items[i].from));
        any = true;
    }
    if (any)
        buf_add(pair->out, STR(".\n"));
}

static void write_pair(struct pair *pair)
{
    lens_report_put(pair->lens, NULL, 0, LENS_SHOWN, pair->arena, &pair->own);
    lens_report_get(pair->other, NULL, 0, pair->arena, &pair->shown);
    lens_report_put(pair->other, NULL, 0, LENS_SHOWN, pair->arena, &pair->taken);
    buf_printf(pair->out, "\n## " STR_FMT " " STR_FMT " \u2192 " STR_FMT " " STR_FMT " \u2192 " STR_FMT "\n",
               STR_ARG(pair->from->name), STR_ARG(lens_resource(pair->lens)), STR_ARG(pair->to->name),
               STR_ARG(lens_resource(pair->other)), STR_ARG(pair->from->name));
    write_demands(pair);
    buf_add(pair->out, STR("\n| member | class | there | survives | why |\n|---|---|---|---|---|\n"));
    for (size_t i = 0; i < pair->own.count; i++)
        if (!is_kept(&pair->own.items[i]))
            write_line(pair, &pair->own.items[i]);
    write_kept(pair);
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
        "does it. Another test\n"
        "sends documents made at random that way, and looks whether each member comes back as its row says. "
        "Inside the gateway\n"
        "more survives: what one dialect says beyond the canonical entity is kept for it (*kept*) and shown "
        "to "
        "it again,\n"
        "whatever others write meanwhile.\n\n"
        "| survives | |\n|---|---|\n"
        "| yes | as it was sent; null, empty and absent count as the same, as styles differ |\n"
        "| normalised | in the one form that the rule has for it, or as the nearest that it has: another "
        "word of "
        "an enum, another notation of a date. A rule with *when*, *unless* or *with* has none where that "
        "does not "
        "hold |\n"
        "| in part | some of its values, elements or members |\n"
        "| no | gone, or another value stands in its place |\n\n"
        "*class* is that of [mapping.md](mapping.md), *there* the member of the other dialect. A document "
        "with a value "
        "that the other\n"
        "dialect shows, and does not take (a word outside an enum, a blank name), stops there: `translate` "
        "names it "
        "in the rejects.\n"
        "`[member=value]` is the element of an array that has this, `*` each element; of other arrays with "
        "named "
        "members one\n"
        "element counts, the others are kept for the dialect.\n";

    buf_add(out, STR(head));
    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialect_count; k++)
            if (i != k)
                write_pairs(gateway->dialects[i], gateway->dialects[k], arena, out);
}
