/* Texts that stand in an array somewhere, and lists whose elements are no objects: what put takes and refuses. */
#include "test_lens_kit.h"

static const char fields[] =
    "fields:\n"
    "  coding:\n"
    "    type: reading\n"
    "    is: metric_key\n"
    "    required: create\n"
    "    absent: omit\n"
    "    reads:\n"
    "      - { where: { s: L }, at: c, words: { table: loinc, column: code }, make: { s: L, c: $value } }\n"
    "      - { where: { s: L }, at: c, form: [\"####-#\"], make: { s: L, c: $value } }\n"
    "      - { where: { s: own }, at: c, make: { s: own, c: $value } }\n"
    "  parts:\n"
    "    type: reading\n"
    "    is: text\n"
    "    join: \"/\"\n"
    "    absent: omit\n"
    "    reads:\n"
    "      - { where: { k/*/c: a }, at: v, number: true, make: { k: [{ c: a }], v: $value } }\n"
    "      - { where: { k/*/c: b }, at: v, number: true, make: { k: [{ c: b }], v: $value } }\n"
    "  value: { type: digits, is: number }\n"
    "  unit:  { type: string, is: unit, with: value }\n"
    "  ids:   { type: list, is: ids, bare: id, absent: omit, fields: { id: { type: id, is: \".\", kind: k } } }\n"
    "  names: { type: list, is: names, bare: n, absent: omit, fields: { n: { type: string, is: t, min_length: 2 } } }\n";

#define CODED "'coding':[{'s':'own','c':'x'}]"

static const char *quoted(struct arena *arena, const char *text)
{
    char *json = arena_alloc(arena, strlen(text) + 1);

    for (size_t i = 0; i <= strlen(text); i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    return json;
}

static void put_reads(void **state)
{
    static const struct {
        const char *in, *canonical, *faults; /* canonical NULL: refused */
    } cases[] = {
        { "{'coding':[{'s':'L','c':'29463-7'}]}", "{'metric_key':'weight'}", "" },
        { "{'coding':[7,{'s':'S'},{'s':'L','c':'8302-2'}]}", "{'metric_key':'8302-2'}", "" },
        { "{'coding':[{'s':'own','c':'x'},{'s':'L','c':'29463-7'}]}", "{'metric_key':'weight'}", "" },
        { "{'coding':[{'s':'L','c':'none'},{'s':'own','c':'x'}]}", "{'metric_key':'x'}", "" },
        { "{'coding':[{'s':'L','c':'none'}]}", NULL, "coding format reading" },
        { "{'coding':[{'s':'own','c':''}]}", NULL, "coding format reading" },
        { "{'coding':[{'s':'own','c':7}]}", NULL, "coding format reading" },
        { "{'coding':[]}", NULL, "coding blank array" },
        { "{'coding':{}}", NULL, "coding blank array" },
        { "{'coding':'x'}", NULL, "coding type array" },
        { "{}", NULL, "coding blank array" },
        { "{" CODED ",'parts':[{'k':[{'c':'b'}],'v':80.0},{'k':[{},{'c':'a'}],'v':120}]}",
          "{'metric_key':'x','text':'120/80.0'}", "" },
        { "{" CODED ",'parts':[{'k':[{'c':'a'}],'v':120}]}", NULL, "parts together sent with its other parts, or absent" },
        { "{" CODED ",'parts':[{'k':[{'c':'a'}],'v':1},{'k':[{'c':'b'}],'v':'2'}]}", NULL, "parts together sent with its other parts, or absent" },
        { "{" CODED ",'parts':[{'k':[{'c':'z'}],'v':1}]}", "{'metric_key':'x'}", "" },
        { "{" CODED ",'value':0.10,'unit':'kg'}", "{'metric_key':'x','number':'0.10','unit':'kg'}", "" },
        { "{" CODED ",'value':'1'}", NULL, "value type number" },
        { "{" CODED ",'unit':'kg'}", NULL, "unit together absent without value" },
        { "{" CODED ",'names':['Jo','Al']}", "{'metric_key':'x','names':[{'t':'Jo'},{'t':'Al'}]}", "" },
        { "{" CODED ",'names':['Jo','A',7]}", NULL,
          "names/1 length at least 2 characters; names/2 type string" },
        { "{" CODED ",'names':[null]}", NULL, "names/0 null string" },
        { "{" CODED ",'names':'Jo'}", NULL, "names type array" },
        { "{" CODED ",'ids':['p1',7]}", NULL, "ids/1 type string" },
        { "{" CODED ",'ids':[{'id':'p1'}]}", NULL, "ids/0 type string" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_put(&kit, LENS_CREATE, quoted(kit.arena, cases[i].in), NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        CHECK((kit.rc == 0) == (cases[i].canonical != NULL), "case %zu", i);
        if (cases[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), quoted(kit.arena, cases[i].canonical), "case %zu", i);
        kit_done(&kit);
    }
}

/* Bare ids leave a gap each, in their order. */
static void bare_ids_are_looked_up(void **state)
{
    struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

    (void)state;
    kit_put(&kit, LENS_CREATE, quoted(kit.arena, "{" CODED ",'ids':['p1','p2']}"), NULL);
    assert_int_equal(kit.rc, 0);
    CHECK(kit.put.ids.count == 2 && str_is(kit.put.ids.items[0].given, "p1") &&
              str_is(kit.put.ids.items[1].given, "p2") && str_is(kit.put.ids.items[1].path, "ids/1"),
          "two slots");
    kit_done(&kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(put_reads), cmocka_unit_test(bare_ids_are_looked_up) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
