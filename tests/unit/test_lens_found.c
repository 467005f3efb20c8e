/* What is kept of an array of entries is named for those who look for it. */
#include "test_lens_kit.h"

static const struct lens_style plain = { 0 };
static const char fields[] = "fields:\n"
                             "  n: { type: string, is: n }\n"
                             "  ids: { type: entries, is: ids, name: s, value: v, skip: { unique: false }, found_by: p }\n"
                             "rest: store\n";

static void kept_entries_are_named(void **state)
{
    static const struct {
        enum lens_mode mode;
        const char *in, *shown;
        bool finds;
        const char *values;
    } cases[] = {
        { LENS_CREATE, "{'n':'1'}", NULL, false, "" },
        { LENS_CREATE, "{'ids':[]}", NULL, true, "" },
        { LENS_CREATE, "{'ids':null}", NULL, false, "" },
        { LENS_CREATE, "{'ids':[{'s':'a','v':'1'},{'s':'b','v':'2','label':'x'}]}", NULL, true, "" },
        { LENS_CREATE, "{'ids':[{'s':'a','v':'1'},{'s':'a','v':'2'},{'s':'c','v':'3','unique':false}]}", NULL, true,
          "a|2 c|3" },
        { LENS_CREATE, "{'ids':[{'s':'a|','v':'\\\\','unique':false}]}", NULL, true, "a\\||\\\\" },
        { LENS_CREATE, "{'ids':[{'s':7,'v':'1','unique':false},{'unique':false},{'s':'c','unique':false}]}", NULL, true, "" },
        { LENS_UPDATE, "{'ids':null}", "{'ids':[{'s':'a','v':'2','unique':false}]}", true, "" },
        { LENS_UPDATE, "{'ids':[{'s':'a','v':'3','unique':false}]}", "{'ids':[{'s':'a','v':'2','unique':false}]}", true,
          "a|3" },
        /* what was read and is written back changes nothing */
        { LENS_UPDATE, "{'ids':[{'s':'a','v':'2','unique':false}]}", "{'ids':[{'s':'a','v':'2','unique':false}]}", false,
          "" },
    };
    struct kit kit = kit_of_fields(fields, plain);

    (void)state;
    CHECK_TEXT(lens_found_by(kit.lens), "p", "its parameter");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char in[256], shown[256];
        size_t k;
        for (k = 0; cases[i].in[k]; k++)
            in[k] = (char)(cases[i].in[k] == '\'' ? '"' : cases[i].in[k]);
        in[k] = '\0';
        for (k = 0; cases[i].shown && cases[i].shown[k]; k++)
            shown[k] = (char)(cases[i].shown[k] == '\'' ? '"' : cases[i].shown[k]);
        shown[k] = '\0';
        kit_put(&kit, cases[i].mode, in, cases[i].shown ? shown : NULL);
        CHECK(kit.rc == 0 && kit.put.finds == cases[i].finds, "case %zu: %d %d", i, kit.rc, kit.put.finds);
        CHECK_TEXT(kit_names(&kit, &kit.put.values), cases[i].values, "case %zu", i);
    }
    kit_done(&kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(kept_entries_are_named) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
