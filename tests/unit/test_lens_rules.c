/* What members of one document demand of each other: `rules:`. */
#include "test_lens_kit.h"

static const char fields[] =
    "fields:\n"
    "  kind:  { type: string, is: kind, required: create, read_only: update, enum: [visit], "
    "also: { day: visit } }\n"
    "  whole: { type: boolean, keep: true }\n"
    "  times:\n"
    "    until: { type: date, keep: true }\n"
    "rules:\n"
    "  - where: { kind: day }\n"
    "    equals: { whole: true }\n"
    "    absent: [times/until]\n";

static void members_demand_of_each_other(void **state)
{
#define DAY "{\"kind\":\"day\",\"whole\":true}"
#define OLD "{\"kind\":\"day\",\"whole\":true,\"times\":{\"until\":\"2024-01-01\"}}"
    static const struct {
        enum lens_mode mode;
        const char *in, *shown, *faults;
    } cases[] = {
        { LENS_CREATE, DAY, NULL, "" },
        { LENS_CREATE, "{\"kind\":\"visit\",\"times\":{\"until\":\"2024-01-01\"}}", NULL, "" },
        { LENS_CREATE, "{\"kind\":\"visit\",\"whole\":false}", NULL, "" },
        { LENS_CREATE, "{\"kind\":\"day\"}", NULL, "whole equals true" },
        { LENS_CREATE, "{\"kind\":\"day\",\"whole\":null}", NULL, "whole equals true" },
        { LENS_CREATE, "{\"kind\":\"day\",\"whole\":false}", NULL, "whole equals true" },
        { LENS_CREATE, "{\"kind\":\"day\",\"whole\":\"true\"}", NULL,
          "whole type boolean; whole equals true" },
        { LENS_CREATE, "{\"kind\":\"day\",\"whole\":true,\"times\":{\"until\":null}}", NULL, "" },
        { LENS_CREATE, "{\"kind\":\"day\",\"whole\":true,\"times\":{\"until\":\"2024-01-01\"}}", NULL,
          "times/until equals absent" },
        { LENS_CREATE, "{\"kind\":\"day\",\"times\":{\"until\":\"2024-01-01\"}}", NULL,
          "whole equals true; times/until equals absent" },
        /* The stored kind counts, whatever the document says of it: it is never taken. */
        { LENS_UPDATE, "{\"whole\":false}", DAY, "whole equals true" },
        { LENS_UPDATE, "{\"whole\":null}", DAY, "whole equals true" },
        { LENS_UPDATE, "{\"kind\":\"visit\",\"whole\":false}", DAY, "whole equals true" },
        { LENS_UPDATE, "{\"kind\":\"day\",\"whole\":false}", "{\"kind\":\"visit\"}", "" },
        { LENS_UPDATE, "{\"times\":{\"until\":\"2024-01-01\"}}", DAY, "times/until equals absent" },
        { LENS_UPDATE, "{\"times\":{\"until\":\"2024-01-01\"}}", "{\"kind\":\"visit\"}", "" },
        /* What others stored is no fault of whoever writes it back, and may be mended. */
        { LENS_UPDATE, OLD, OLD, "" },
        { LENS_UPDATE, "{\"times\":{\"until\":\"2024-01-02\"}}", OLD, "times/until equals absent" },
        { LENS_UPDATE, "{\"times\":{\"until\":null}}", OLD, "" },
        { LENS_UPDATE, "{\"times\":null}", OLD, "" },
        { LENS_UPDATE, "{\"whole\":false}", NULL, "" }, /* nothing is known yet */
        { LENS_SHOWN, OLD, NULL, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_put(&kit, cases[i].mode, cases[i].in, cases[i].shown);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        CHECK((kit.rc == 0) == !*cases[i].faults, "case %zu", i);
        kit_done(&kit);
    }
}

/* An update that names a member of a rule needs what is stored. */
static void rules_need_what_is_stored(void **state)
{
    static const struct {
        const char *in;
        enum lens_need needs;
    } cases[] = { { "{\"whole\":true}", LENS_NEEDS_STORED },
                  { "{\"times\":{\"until\":null}}", LENS_NEEDS_STORED },
                  { "{\"other\":1}", LENS_NEEDS_NOTHING } };
    struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tape tape;
        struct tape_fault fault;
        assert_true(tape_read(&tape, kit.arena, str_from(cases[i].in), &tape_default_limits, &fault));
        CHECK(lens_needs(kit.lens, &tape, 0) == cases[i].needs, "case %zu", i);
    }
    kit_done(&kit);
}

#define HEAD                                                                                                 \
    "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a, enum: [x, y] }\n"              \
    "  b: { type: boolean, is: b }\n  c: { type: string, is: c, read_only: true }\nrules:\n"

static void faults_have_their_place(void **state)
{
    static const struct kit_bad cases[] = {
        { HEAD "  x: y\n", "9:3", "found a map, expected a list" },
        { HEAD "  - { where: { a: x } }\n", "9:5", "the rule is not complete" },
        { HEAD "  - { equals: { b: true } }\n", "9:5", "the rule is not complete" },
        { HEAD "  - { where: {}, equals: { b: true } }\n", "9:5", "the rule is not complete" },
        { HEAD "  - { where: { a: x }, equal: { b: true } }\n", "9:24", "unknown key \"equal\"" },
        { HEAD "  - { where: { d: x }, equals: { b: true } }\n", "9:19", "\"d\" is not a field" },
        { HEAD "  - { where: { a: z }, equals: { b: true } }\n", "9:19", "\"z\" is not one of the values of `enum:`" },
        { HEAD "  - { where: { a: x }, equals: { b: maybe } }\n", "9:37",
          "\"maybe\" is not a value of the field's type" },
        { HEAD "  - { where: { a: x }, equals: { c: x } }\n", "9:37", "\"c\" is never taken" },
        { HEAD "  - { where: { a: x }, absent: [c] }\n", "9:33", "\"c\" is never taken" },
        { HEAD "  - { where: { a: x }, equals: { b: [true] } }\n", "9:37", "[true] is not a valid boolean" },
        { HEAD "  - { where: { c: { d: x } }, equals: { b: true } }\n", "9:19", "{\"d\":\"x\"} is not a valid string" },
        { HEAD "  - { where: { a: x }, equals: { b: null } }\n", "9:37", "null is not a value" },
        { HEAD "  - { where: { c: null }, equals: { b: true } }\n", "9:19", "null is not a value" },
        { HEAD "  - { where: { a: x }, absent: b }\n", "9:32", "found \"b\", expected a list" },
    };

    (void)state;
    kit_refuses(cases, COUNT(cases));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_demand_of_each_other),
        cmocka_unit_test(rules_need_what_is_stored),
        cmocka_unit_test(faults_have_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
