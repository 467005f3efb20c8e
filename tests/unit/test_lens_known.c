/* Tables read backwards, and the faults of mappings that can be read and are wrong. */
#include "test_lens_kit.h"

static const char fields[] =
    "fields:\n"
    "  type: { type: string, is: metric_key, required: create, enum: [weight, heart_rate],\n"
    "          known_by: { table: loinc, column: code, member: code/value, where: { code/system: LOINC } } "
    "}\n"
    "  code:\n"
    "    system: { type: string, keep: true }\n"
    "    value:  { type: string, keep: true, otherwise: { table: loinc, by: metric_key, column: code } }\n"
    "  fat: { type: number, is: fat, when: { metric_key: weight } }\n";

static void a_code_tells_the_type(void **state)
{
    static const struct {
        const char *in, *canonical, *faults;
    } cases[] = {
        { "{\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}", "{\"metric_key\":\"weight\"}", "" },
        { "{\"type\":null,\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"},\"fat\":3}",
          "{\"metric_key\":\"weight\",\"fat\":3}", "" },
        { "{\"type\":\"heart_rate\",\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}",
          "{\"metric_key\":\"heart_rate\"}", "" },
        { "{\"code\":{\"system\":\"LOINC\",\"value\":\"0-0\"}}", NULL, "type blank string" },
        { "{\"code\":{\"system\":\"own\",\"value\":\"29463-7\"}}", NULL, "type blank string" },
        { "{\"code\":{\"value\":\"29463-7\"}}", NULL, "type blank string" },
        { "{\"code\":{\"system\":\"LOINC\",\"value\":29463}}", NULL,
          "type blank string; code/value type string" },
        { "{\"code\":null}", NULL, "type blank string" },
        { "{\"type\":\"\",\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}", NULL,
          "type blank string" },
        { "{}", NULL, "type blank string" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_put(&kit, LENS_CREATE, cases[i].in, NULL);
        CHECK((kit.rc == 0) == (cases[i].canonical != NULL), "case %zu: " STR_FMT, i,
              STR_ARG(kit_faults(&kit)));
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

/* An update that leaves the type out leaves it as it is. */
static void an_update_is_not_told(void **state)
{
    struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

    (void)state;
    kit_put(&kit, LENS_UPDATE, "{\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}",
            "{\"type\":\"heart_rate\"}");
    assert_int_equal(kit.rc, 0);
    CHECK_TEXT(buf_str(&kit.put.canonical), "{}", "nothing canonical");
    kit_done(&kit);
}

#define HEAD "dialect: d\nresource: r\nentity: e\nfields:\n"

static void faults_have_their_place(void **state)
{
    static const struct kit_bad cases[] = {
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc } }\n", "5:39",
          "`known_by:` is not complete" },
        { HEAD "  a: { type: string, is: a, known_by: { table: no, column: c, member: b } }\n", "5:48",
          "there is no table" },
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc, column: c, member: b } }\n", "5:63",
          "the table has no column" },
        { HEAD "  a: { type: string, is: a, known_by: { table: gauge_scales, column: min, member: b } }\n",
          "5:70", "\"anxiety\" of the table stands in two rows" },
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc, column: code, member: b } }\n", "5:39",
          "\"b\" is not another field" },
        { HEAD
          "  a: { type: string, is: a, known_by: { table: loinc, column: code, member: b, if: { x: 1 } } }\n",
          "5:80", "unknown key" },
        { HEAD "  a: { type: string, known_by: { table: loinc, column: code, member: b } }\n", "5:22",
          "`known_by:` stands alone" },
        { HEAD "  a: { type: string, is: x, split: \" \", part: 2, cut: last, read_only: true }\n"
               "  b: { type: string, is: x, split: \" \", part: 2, cut: last, read_only: true }\n",
          "5:36", "the parts are not complete" },
    };

    (void)state;
    kit_refuses(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_tells_the_type),
        cmocka_unit_test(an_update_is_not_told),
        cmocka_unit_test(faults_have_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
