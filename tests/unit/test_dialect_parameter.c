/* Parameters: how their text is read, and what canonical arguments they become. */
#include "check.h"

#include "dialect/parameter.h"

static const struct parameter_word pain[] = { { STR_INIT("pain"), STR_INIT("pain_level") } };
static const struct parameter_word flags[] = { { STR_INIT("true"), STR_INIT("inactive") },
                                               { STR_INIT("false"), STR_INIT("active") } };

/* Arguments as "name=value name=value", ids as "?given"; "!want" for a refusal, "forbidden". */
static struct str reading(struct arena *arena, const struct parameter *parameter, struct str value)
{
    struct arguments arguments = { 0 };
    struct argument_fault fault;
    struct buf out = buf_in(arena, 64 * 1024);

    if (parameter_read(parameter, value, STR("acme"), arena, &arguments, &fault)) {
        buf_printf(&out, fault.forbidden ? "forbidden" : "!" STR_FMT, STR_ARG(fault.want));
        CHECK(str_eq(fault.name, parameter->name), "a fault has the parameter's name");
        return buf_str(&out);
    }
    for (size_t i = 0; i < arguments.count; i++)
        buf_printf(&out, "%s" STR_FMT "=" STR_FMT, i ? " " : "", STR_ARG(arguments.items[i].name),
                   STR_ARG(arguments.items[i].value));
    for (size_t i = 0; i < arguments.id_count; i++)
        buf_printf(&out, "%s?" STR_FMT, i ? " " : "", STR_ARG(arguments.ids[i].given));
    return buf_str(&out);
}

static void values(void **state)
{
    static const struct parameter string = { .name = STR_INIT("p"), .to = STR_INIT("t") };
    static const struct parameter judged = { .name = STR_INIT("p"), .type = PARAMETER_INTEGER };
    static const struct parameter integer = { .name = STR_INIT("p"),
                                              .to = STR_INIT("t"),
                                              .type = PARAMETER_INTEGER };
    static const struct parameter date = { .name = STR_INIT("p"),
                                           .to = STR_INIT("t"),
                                           .type = PARAMETER_DATE };
    static const struct parameter day = { .name = STR_INIT("p"), .to = STR_INIT("t"), .type = PARAMETER_DAY };
    static const struct parameter day_end = { .name = STR_INIT("p"),
                                              .to = STR_INIT("t"),
                                              .type = PARAMETER_DAY_END };
    static const struct parameter moment = { .name = STR_INIT("p"),
                                             .to = STR_INIT("t"),
                                             .type = PARAMETER_MOMENT };
    static const struct parameter moment_end = { .name = STR_INIT("p"),
                                                 .to = STR_INIT("t"),
                                                 .type = PARAMETER_MOMENT_END };
    static const struct parameter range = {
        .name = STR_INIT("p"), .to = STR_INIT("from"), .to_end = STR_INIT("to"), .type = PARAMETER_RANGE
    };
    static const struct parameter open_words = {
        .name = STR_INIT("p"), .to = STR_INIT("t"), .words = pain, .word_count = COUNT(pain)
    };
    static const struct parameter only_words = {
        .name = STR_INIT("p"), .to = STR_INIT("t"), .words = flags, .word_count = COUNT(flags), .only = true
    };
    static const struct parameter brand = { .name = STR_INIT("p"), .equals_brand = true };
    static const struct parameter id = { .name = STR_INIT("p"), .kind = STR_INIT("k"), .type = PARAMETER_ID };
    static const struct parameter ids = { .name = STR_INIT("p"),
                                          .kind = STR_INIT("k"),
                                          .type = PARAMETER_IDS };
    static const struct parameter prefixed = {
        .name = STR_INIT("p"), .kind = STR_INIT("k"), .type = PARAMETER_ID, .prefix = STR_INIT("Patient/")
    };
    static const struct str prefixes[] = { STR_INIT("EHR|"), STR_INIT("own|") };
    static const struct parameter listed = { .name = STR_INIT("p"),
                                             .to = STR_INIT("t"),
                                             .prefixes = prefixes,
                                             .prefix_count = COUNT(prefixes),
                                             .words = pain,
                                             .word_count = COUNT(pain) };
    static const struct parameter coded = { .name = STR_INIT("p"), .to = STR_INIT("t"), .one = true,
                                            .prefixes = prefixes, .prefix_count = COUNT(prefixes),
                                            .words = pain, .word_count = COUNT(pain) };
    static const struct parameter codes = { .name = STR_INIT("p"), .to = STR_INIT("t"), .one = true, .many = true,
                                            .prefixes = prefixes, .prefix_count = COUNT(prefixes),
                                            .words = pain, .word_count = COUNT(pain) };
    static const struct parameter text = { .name = STR_INIT("p"), .to = STR_INIT("t"), .listed = true };
    static const struct parameter texts = { .name = STR_INIT("p"), .to = STR_INIT("t"), .listed = true, .one = true, .many = true };
    static const struct parameter one = { .name = STR_INIT("p"), .to = STR_INIT("t"), .one = true };
    static const struct parameter paired = { .name = STR_INIT("p"), .to = STR_INIT("t"), .pair_with = STR_INIT("a|b") };
    static const struct parameter token = {
        .name = STR_INIT("p"), .to = STR_INIT("pair"), .to_end = STR_INIT("alone"), .type = PARAMETER_TOKEN
    };
    static const struct parameter period = {
        .name = STR_INIT("p"), .to = STR_INIT("from"), .to_end = STR_INIT("to"), .type = PARAMETER_PERIOD
    };
    static const struct parameter days = {
        .name = STR_INIT("p"), .to = STR_INIT("from"), .to_end = STR_INIT("to"), .type = PARAMETER_DAYS
    };
#define NO_PERIOD "!date or date-time with eq, ge, gt, le, lt, sa or eb"
#define NO_PREFIX "!single value, alone or behind a prefix that is known"
#define NO_DAYS "!date with eq, ge, gt, le, lt, sa or eb"
    static const struct {
        const struct parameter *parameter;
        const char *in, *out;
    } cases[] = {
        { &prefixed, "Patient/7", "?7" },
        { &prefixed, "7", "?7" },
        { &prefixed, "Group/7", "?Group/7" }, /* which nobody has */
        { &coded, "EHR|pain", "t=pain_level" },
        { &coded, "pain", "t=pain_level" },
        { &coded, "other|pain", NO_PREFIX },
        { &coded, "|pain", NO_PREFIX },
        { &coded, "own|EHR|x", NO_PREFIX },
        { &coded, "a\\|b", "t=a|b" },
        { &coded, "pain,x", NO_PREFIX },
        { &codes, "pain,own|x,EHR|pain", "t=pain_level,x,pain_level" },
        { &codes, "pain", "t=pain_level" },
        { &codes, "pain,", NO_PREFIX },
        { &codes, ",pain", NO_PREFIX },
        { &codes, "", NO_PREFIX },
        { &codes, "a\\,b", NO_PREFIX },
        { &codes, "a,other|b", NO_PREFIX },
        { &text, "a,b\\", "t=a\\,b\\\\" }, /* for a list one text, whatever is in it */
        { &text, "", "t=" },
        { &texts, "a,b", "t=a,b" },
        { &texts, "a\\,b,c\\\\", "t=a\\,b,c\\\\" },
        { &texts, "a\\|b", "t=a|b" },
        { &texts, "a\\", "!value" },
        { &texts, "a,", "!value" },
        { &codes, "a\\\\,b", "t=a\\,b" },
        { &listed, "EHR|pain", "t=pain_level" }, /* a prefix goes, then a word is translated */
        { &listed, "pain", "t=pain_level" },
        { &listed, "own|EHR|x", "t=EHR|x" },
        { &listed, "other|pain", "t=other|pain" },
        { &one, "a b", "t=a b" },
        { &one, "a\\,b\\|c\\$d\\\\e", "t=a,b|c$d\\e" },
        { &one, "a,b", "!value" },
        { &one, "", "!value" },
        { &one, "a\\", "!value" },
        { &one, "a\\n", "!value" },
        { &paired, "P-7", "t=a\\|b|P-7" },
        { &paired, "1|2\\", "t=a\\|b|1\\|2\\\\" },
        { &paired, "", "!value" },
        { &token, "EHR|12", "pair=EHR|12" },
        { &token, "http://x/y|1|2", "pair=http://x/y|1\\|2" },
        { &token, "a\\|b|c", "pair=a\\|b|c" },
        { &token, "12", "alone=12" },
        { &token, "1\\,2", "alone=1,2" },
        { &token, "", "!system|value or value" },
        { &token, "|12", "!system|value or value" },
        { &token, "EHR|", "!system|value or value" },
        { &token, "EHR|1,EHR|2", "!system|value or value" },
        { &period, "2013", "from=2013-01-01T00:00:00.000Z to=2014-01-01T00:00:00.000Z" },
        { &period, "eq2013-12", "from=2013-12-01T00:00:00.000Z to=2014-01-01T00:00:00.000Z" },
        { &period, "2024-02-29", "from=2024-02-29T00:00:00.000Z to=2024-03-01T00:00:00.000Z" },
        { &period, "2013-01-14T10:00", "from=2013-01-14T10:00:00.000Z to=2013-01-14T10:01:00.000Z" },
        { &period, "2013-01-14T10:00:07Z", "from=2013-01-14T10:00:07.000Z to=2013-01-14T10:00:08.000Z" },
        { &period, "2013-01-14T10:00:07.5+02:00", "from=2013-01-14T08:00:07.500Z to=2013-01-14T08:00:07.501Z" },
        { &period, "ge2013-01-14", "from=2013-01-14T00:00:00.000Z" },
        { &period, "gt2013-01-14", "from=2013-01-15T00:00:00.000Z" },
        { &period, "sa2013-01", "from=2013-02-01T00:00:00.000Z" },
        { &period, "le2013-01-14", "to=2013-01-15T00:00:00.000Z" },
        { &period, "lt2013-01-14", "to=2013-01-14T00:00:00.000Z" },
        { &period, "eb2013", "to=2013-01-01T00:00:00.000Z" },
        { &period, "le9999", "" }, /* all of time */
        { &period, "gt9999", NO_PERIOD },
        { &period, "ne2013", NO_PERIOD },
        { &period, "ap2013", NO_PERIOD },
        { &period, "2013-02-30", NO_PERIOD },
        { &period, "2013-13", NO_PERIOD },
        { &period, "13", NO_PERIOD },
        { &period, "2013-01-14T10", NO_PERIOD },
        { &period, "2013-01-14T10:00:", NO_PERIOD },
        { &period, "2013-01-14T24:00Z", NO_PERIOD },
        { &period, "2013-01-14T10:00:00 02:00", NO_PERIOD },
        { &period, "ge", NO_PERIOD },
        { &period, "", NO_PERIOD },
        { &days, "2013", "from=2013-01-01 to=2014-01-01" },
        { &days, "ge2013-02", "from=2013-02-01" },
        { &days, "lt2013-02-03", "to=2013-02-03" },
        { &days, "9999-12-31", "from=9999-12-31" },
        { &days, "2013-01-14T10:00", NO_DAYS },
        { &days, "today", NO_DAYS },
        { &string, "x", "t=x" },
        { &string, "", "t=" },
        { &string, " a,b|c ", "t= a,b|c " },
        { &judged, "7", "" }, /* without `to:` it is only judged */
        { &judged, "x", "!integer" },
        { &integer, "0", "t=0" },
        { &integer, "-12", "t=-12" },
        { &integer, "9223372036854775807", "t=9223372036854775807" },
        { &integer, "9223372036854775808", "!integer" },
        { &integer, "", "!integer" },
        { &integer, "-", "!integer" },
        { &integer, "+1", "!integer" },
        { &integer, "1.0", "!integer" },
        { &integer, "1e3", "!integer" },
        { &integer, "0x10", "!integer" },
        { &integer, " 1", "!integer" },
        { &integer, "1 ", "!integer" },
        { &integer, "NaN", "!integer" },
        { &date, "2023-10-27", "t=2023-10-27" },
        { &date, "2023-10-27T23:30:00-01:00", "t=2023-10-28" },
        { &date, "2023-10-27T23:30:00", "!date" },
        { &date, "2023-02-29", "!date" },
        { &date, "", "!date" },
        { &day, "2023-10-27", "t=2023-10-27T00:00:00.000Z" },
        { &day, "2024-02-29", "t=2024-02-29T00:00:00.000Z" },
        { &day, "2023-02-29", "!date" },
        { &day, "2023-13-01", "!date" },
        { &day, "2023-00-10", "!date" },
        { &day, "2023-10-32", "!date" },
        { &day, "2023-10-27T00:00:00Z", "!date" },
        { &day, "2023-10-7", "!date" },
        { &day, "23-10-07", "!date" },
        { &day, "27.10.2023", "!date" },
        { &day, "20231027", "!date" },
        { &day, "", "!date" },
        { &day, "today", "!date" },
        { &day, "2023-10-27 ", "!date" },
        { &day_end, "2023-10-27", "t=2023-10-28T00:00:00.000Z" },
        { &day_end, "2023-12-31", "t=2024-01-01T00:00:00.000Z" },
        { &day_end, "2024-02-28", "t=2024-02-29T00:00:00.000Z" },
        { &day_end, "2023-02-30", "!date" },
        { &day_end, "9999-12-30", "t=9999-12-31T00:00:00.000Z" },
        { &day_end, "9999-12-31", "" }, /* no end */
        { &moment, "2023-10-27", "t=2023-10-27T00:00:00.000Z" },
        { &moment, "2023-10-27T14:30:00Z", "t=2023-10-27T14:30:00.000Z" },
        { &moment, "2023-10-27T14:30:00+02:00", "t=2023-10-27T12:30:00.000Z" },
        { &moment, "2023-10-27T00:30:00.5+02:00", "t=2023-10-26T22:30:00.500Z" },
        { &moment, "2023-10-27T14:30:00", "!date-time" },
        { &moment, "2023-10-27 14:30:00Z", "!date-time" },
        { &moment, "2023-10-27T24:00:00Z", "!date-time" },
        { &moment, "2023-10-27T14:30:60Z", "!date-time" },
        { &moment, "1698417000", "!date-time" },
        { &moment, "", "!date-time" },
        { &moment_end, "2023-10-27", "t=2023-10-28T00:00:00.000Z" },
        { &moment_end, "2023-10-27T14:30:00Z", "t=2023-10-27T14:30:00.000Z" },
        { &moment_end, "2023-10-27T", "!date-time" },
        { &moment_end, "9999-12-31", "" },
        { &range, "2023-01-01T00:00:00Z..2023-02-01T00:00:00+01:00",
          "from=2023-01-01T00:00:00.000Z to=2023-01-31T23:00:00.000Z" },
        { &range, "2023-01-01T00:00:00.123Z..2023-02-01T00:00:00Z",
          "from=2023-01-01T00:00:00.123Z to=2023-02-01T00:00:00.000Z" },
        { &range, "2023-01-01T00:00:00Z", "!range start..end of date-times" },
        { &range, "2023-01-01T00:00:00Z..", "!range start..end of date-times" },
        { &range, "..2023-01-01T00:00:00Z", "!range start..end of date-times" },
        { &range, "..", "!range start..end of date-times" },
        { &range, ".", "!range start..end of date-times" },
        { &range, "", "!range start..end of date-times" },
        { &range, "2023-01-01..2023-02-01", "!range start..end of date-times" },
        { &range, "2023-01-01T00:00:00Z...2023-02-01T00:00:00Z", "!range start..end of date-times" },
        { &range, "2023-01-01T00:00:00Z.2023-02-01T00:00:00Z", "!range start..end of date-times" },
        { &range, "2023-01-01T00:00:00Z..2023-02-01T00:00:00Z..2023-03-01T00:00:00Z",
          "!range start..end of date-times" },
        { &open_words, "pain", "t=pain_level" },
        { &open_words, "mood", "t=mood" },
        { &open_words, "pain_level", "t=pain_level" },
        { &open_words, "PAIN", "t=PAIN" },
        { &only_words, "true", "t=inactive" },
        { &only_words, "false", "t=active" },
        { &only_words, "True", "!value" },
        { &only_words, "1", "!value" },
        { &only_words, "", "!value" },
        { &only_words, "active", "!value" },
        { &brand, "acme", "" },
        { &brand, "globex", "forbidden" },
        { &brand, "ACME", "forbidden" },
        { &brand, "", "forbidden" },
        { &brand, "acme ", "forbidden" },
        { &id, "1049", "?1049" },
        { &id, "a,b", "?a,b" },
        { &id, "", "?" },
        { &ids, "1", "?1" },
        { &ids, "1,2,3", "?1 ?2 ?3" },
        { &ids, " 1 , 2", "?1 ?2" },
        { &ids, "1,", "?1 ?" }, /* an id that nobody has */
        { &ids, "", "?" },      /* and not no filter at all */
        { &ids, "1,2,3,4,5,6,7,8,9", "?1 ?2 ?3 ?4 ?5 ?6 ?7 ?8 ?9" },
    };
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str found = reading(arena, cases[i].parameter, str_from(cases[i].in));
        CHECK(str_is(found, cases[i].out), "'%s': '%.*s', expected '%s'", cases[i].in, STR_ARG(found),
              cases[i].out);
    }
    arena_free(&arena);
}

/* What is said of one period in several parameters holds together. */
static void repeated(void **state)
{
    static const struct parameter period = {
        .name = STR_INIT("p"), .to = STR_INIT("from"), .to_end = STR_INIT("to"), .type = PARAMETER_DAYS
    };
    static const struct {
        const char *said[3], *from, *to; /* NULL: no bound */
    } cases[] = {
        { { "ge2013", "lt2014" }, "2013-01-01", "2014-01-01" },
        { { "ge2013", "ge2014", "ge2012" }, "2014-01-01", NULL },
        { { "le2013", "lt2012-05", "le2014" }, NULL, "2012-05-01" },
        { { "2013", "2013-05" }, "2013-05-01", "2013-06-01" },
        { { "2013", "2014" }, "2014-01-01", "2014-01-01" }, /* nothing is both */
    };

    (void)state;
    CHECK(parameter_repeats(&period), "it may stand more than once");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct arguments arguments = { 0 };
        struct argument_fault fault;
        for (size_t k = 0; k < COUNT(cases[i].said) && cases[i].said[k]; k++)
            CHECK(!parameter_read(&period, str_from(cases[i].said[k]), STR("acme"), arena, &arguments, &fault), "%s",
                  cases[i].said[k]);
        struct str from = arguments_find(&arguments, STR("from")), to = arguments_find(&arguments, STR("to"));
        CHECK(cases[i].from ? str_is(from, cases[i].from) : !from.ptr, "case %zu: from", i);
        CHECK(cases[i].to ? str_is(to, cases[i].to) : !to.ptr, "case %zu: to", i);
        arena_free(&arena);
    }
}

/* Two parameters that make one argument. */
static void parts(void **state)
{
    static const struct parameter rows[] = {
        { .name = STR_INIT("v"), .to = STR_INIT("external_id"), .part = 2 },
        { .name = STR_INIT("s"), .to = STR_INIT("external_id"), .part = 1 },
        { .name = STR_INIT("o"), .to = STR_INIT("other") },
    };
    static const struct {
        const char *system, *value, *other; /* NULL: not said */
        const char *out;
    } cases[] = {
        { "EHR", "12", NULL, "external_id=EHR|12" },
        { "EHR", "12", "x", "external_id=EHR|12;other=x" },
        { "a|b", "c", NULL, "external_id=a\\|b|c" },
        { "a", "b|c", NULL, "external_id=a|b\\|c" },
        { "a\\", "b", NULL, "external_id=a\\\\|b" },
        { "a\\|", "|\\", NULL, "external_id=a\\\\\\||\\|\\\\" },
        { "", "", NULL, "external_id=|" },
        { "EHR", NULL, "x", "external_id=EHR;other=x" }, /* alone: whoever asks for both judges that */
        { NULL, "12", NULL, "external_id=12" },
        { NULL, NULL, "x", "other=x" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* in both orders of reading */
        for (size_t turn = 0; turn < 2; turn++) {
            struct arena *arena = arena_new(SIZE_MAX);
            struct arguments arguments = { 0 };
            struct argument_fault fault;
            const char *texts[] = { cases[i].value, cases[i].system, cases[i].other };
            for (size_t k = 0; k < COUNT(rows); k++) {
                size_t at = turn && k < 2 ? 1 - k : k;
                int bad = texts[at] && parameter_read(&rows[at], str_from(texts[at]), STR("acme"), arena,
                                                      &arguments, &fault);
                CHECK(!bad, "%s", texts[at]);
            }
            parameters_join(rows, COUNT(rows), arena, &arguments);
            /* the order of arguments does not matter, so they are asked for by name */
            struct buf out = buf_in(arena, 1024);
            struct str joined = arguments_find(&arguments, STR("external_id"));
            struct str other = arguments_find(&arguments, STR("other"));
            if (joined.ptr)
                buf_printf(&out, "external_id=" STR_FMT, STR_ARG(joined));
            if (other.ptr)
                buf_printf(&out, "%sother=" STR_FMT, out.len ? ";" : "", STR_ARG(other));
            CHECK(str_is(buf_str(&out), cases[i].out), "case %zu.%zu: %.*s", i, turn, STR_ARG(buf_str(&out)));
            CHECK(arguments.count == (size_t)(joined.ptr != NULL) + (other.ptr != NULL),
                  "case %zu.%zu: %zu arguments", i, turn, arguments.count);
            arena_free(&arena);
        }
    }
}

static void arguments_grow(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct arguments arguments = { 0 };

    (void)state;
    for (int i = 0; i < 100; i++)
        arguments_add(&arguments, arena, arena_printf(arena, "n%d", i), arena_printf(arena, "v%d", i), NULL);
    for (int i = 0; i < 100; i++) {
        struct str name = arena_printf(arena, "n%d", i), value = arena_printf(arena, "v%d", i);
        CHECK(str_eq(arguments_find(&arguments, name), value), "%d", i);
    }
    CHECK(!arguments_find(&arguments, STR("n100")).ptr, "absent");
    CHECK(!arguments_find(&arguments, STR("")).ptr, "absent");
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(parts),
        cmocka_unit_test(repeated),
        cmocka_unit_test(arguments_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
