/* Documents that a dialect showed: put takes what clients may only read, and says what will not come back
 * elsewhere. */
#include "test_lens_kit.h"

static void put_shown(struct kit *kit, const char *json, struct names *kept)
{
    struct lens_context context = KIT_CONTEXT;

    context.mode = LENS_SHOWN;
    kit->put = (struct lens_put){ .canonical = buf_in(kit->arena, 1 << 20),
                                  .rest = buf_in(kit->arena, 1 << 20),
                                  .kept = kept };
    kit->rc = lens_put(kit->lens, kit_tape(kit, json), 0, NULL, &context, kit->arena, &kit->put, &kit->err);
}

static void put_takes_what_was_shown(void **state)
{
    static const char fields[] =
        "fields:\n"
        "  id:   { type: id, is: id, kind: thing, read_only: true }\n"
        "  name: { type: string, is: name, required: create }\n"
        "  made: { type: datetime, is: created_at, read_only: true }\n"
        "  on:   { type: boolean, is: status, enum: { true: a, false: b }, read_only: true }\n"
        "  age:  { type: integer, derive: years_since, from: birth }\n"
        "  seen: { type: string, read_only: true }\n"
        "  self: { type: link, to: \"/x/{id}\" }\n"
        "  note: { type: string, keep: true }\n"
        "  kind: { type: string, is: kind, default: k }\n"
        "  of:   { type: id, is: owner, kind: owner, param: owner }\n"
        "set: { status: a, recorded_at: $now }\n";
    static const struct {
        const char *document, *canonical, *kept, *ignored;
    } cases[] = {
        { "{\"id\":\"7\",\"name\":\"n\",\"self\":\"/x/7\",\"age\":3}",
          "{\"id\":\"<thing:7>\",\"name\":\"n\"}", "", "" },
        { "{\"name\":\"n\",\"made\":\"2024-01-01T01:00:00+01:00\"}",
          "{\"name\":\"n\",\"created_at\":\"2024-01-01T00:00:00.000Z\"}", "", "" },
        { "{\"name\":\"n\",\"on\":false}", "{\"name\":\"n\",\"status\":\"b\"}", "", "" },
        { "{\"name\":\"n\",\"seen\":\"y\",\"made\":null}", "{\"name\":\"n\"}", "", "seen" },
        { "{\"name\":\"n\",\"seen\":null}", "{\"name\":\"n\"}", "", "" },
        { "{\"name\":\"n\",\"note\":\"x\",\"more\":{\"a\":1},\"~/\":2}", "{\"name\":\"n\"}", "note more ~0~1",
          "" },
        { "{\"name\":\"n\",\"of\":\"9\"}", "{\"name\":\"n\",\"owner\":\"<owner:9>\"}", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(
            fields, (struct lens_style){ .read_only = READ_ONLY_REFUSE, .refuse_null_on_create = true });
        struct names kept = { 0 };

        put_shown(&kit, cases[i].document, &kept);
        CHECK(kit.rc == 0, "case %zu: " STR_FMT, i, STR_ARG(kit_faults(&kit)));
        CHECK_TEXT(kit_filled(&kit, buf_str(&kit.put.canonical), &kit.put.ids), cases[i].canonical,
                   "case %zu", i);
        CHECK_TEXT(kit_names(&kit, &kept), cases[i].kept, "case %zu", i);
        CHECK_TEXT(kit_names(&kit, &kit.put.ignored), cases[i].ignored, "case %zu", i);
        CHECK(kit.put.rest.len == 0, "case %zu: the rest is named, not written", i);
        kit_done(&kit);
    }
}

/* What the dialect does not show, and every document of it has anyway. */
static void what_set_says_is_known(void **state)
{
    static const char fields[] = "fields:\n"
                                 "  name:  { type: string, is: name }\n"
                                 "  brand: { type: string, is: brand_id, required: create, equals: $brand }\n"
                                 "  unit:  { type: string, is: unit }\n"
                                 "  pulse: { type: integer, is: value, when: { source: api } }\n"
                                 "set: { source: api, unit: kg, at: $now }\n";
    static const char unnamed[] = "fields:\n"
                                  "  name: { type: string, is: name }\n"
                                  "set: { brand_id: $brand, source: api }\n";
    static const struct {
        const char *fields, *document, *canonical, *set;
    } cases[] = {
        { fields, "{\"brand\":\"acme\",\"pulse\":7}",
          "{\"brand_id\":\"acme\",\"value\":7,\"source\":\"api\"}", "brand_id source" },
        { unnamed, "{}", "{\"brand_id\":\"acme\",\"source\":\"api\"}", "brand_id source" },
        { unnamed, "{\"name\":\"n\"}", "{\"name\":\"n\",\"brand_id\":\"acme\",\"source\":\"api\"}",
          "brand_id source" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(cases[i].fields, (struct lens_style){ 0 });
        struct lens_context context = KIT_CONTEXT;
        struct names set = { 0 };

        context.mode = LENS_SHOWN;
        kit.put = (struct lens_put){ .canonical = buf_in(kit.arena, 1 << 20),
                                     .rest = buf_in(kit.arena, 1 << 20),
                                     .set = &set };
        kit.rc = lens_put(kit.lens, kit_tape(&kit, cases[i].document), 0, NULL, &context, kit.arena, &kit.put,
                          &kit.err);
        CHECK(kit.rc == 0, "case %zu: " STR_FMT, i, STR_ARG(kit_faults(&kit)));
        CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        CHECK_TEXT(kit_names(&kit, &set), cases[i].set, "case %zu", i);
        kit_done(&kit);
    }
}

/* get cuts a text at its last separators: what it shows then is put together again, whatever is lacking. */
static void parts_that_were_cut_are_joined(void **state)
{
    static const char fields[] =
        "fields:\n"
        "  first: { type: string, is: name, split: \" \", part: 1, cut: last, read_only: true }\n"
        "  last:  { type: string, is: name, split: \" \", part: 2, cut: last, read_only: true }\n"
        "  pin:   { type: string, is: pin, write_only: true, required: create }\n";
    static const struct {
        const char *document, *canonical, *faults;
    } cases[] = {
        { "{\"first\":\"Ana\",\"last\":\"Ortiz\"}", "{\"name\":\"Ana Ortiz\"}", "" },
        { "{\"first\":\"Ana Mar\u00eda\",\"last\":\"Ortiz\"}", "{\"name\":\"Ana Mar\u00eda Ortiz\"}", "" },
        { "{\"last\":\"Vega\"}", "{\"name\":\"Vega\"}", "" },
        { "{\"first\":null,\"last\":\"Vega\"}", "{\"name\":\"Vega\"}", "" },
        { "{\"first\":\"Ana\"}", NULL, "last together sent with its other parts, or absent" },
        { "{\"first\":\"Ana\",\"last\":\"O Z\"}", NULL, "last format string" },
        { "{}", "{}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        put_shown(&kit, cases[i].document, NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

static void put_still_judges(void **state)
{
    static const struct {
        const char *document, *faults;
    } cases[] = {
        { "{}", "name blank string" },
        { "{\"name\":null}", "name blank string" },
        { "{\"name\":1}", "name type string" },
        { "{\"name\":\"n\",\"made\":\"yesterday\"}", "made format datetime" },
        { "{\"name\":\"n\",\"on\":\"yes\"}", "on type boolean" },
        { "[]", " type object" },
    };
    static const char fields[] =
        "fields:\n"
        "  name: { type: string, is: name, required: create }\n"
        "  made: { type: datetime, is: created_at, read_only: true }\n"
        "  on:   { type: boolean, is: status, enum: { true: a, false: b }, read_only: true }\n";

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        put_shown(&kit, cases[i].document, NULL);
        CHECK(kit.rc == -1 && kit.err.code == ERR_INVALID, "case %zu", i);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        kit_done(&kit);
    }
}

static void get_names_what_it_does_not_show(void **state)
{
    static const char fields[] = "fields:\n"
                                 "  name:   { type: string, is: name }\n"
                                 "  secret: { type: string, is: secret, write_only: true }\n"
                                 "  city:   { type: string, is: home.city }\n"
                                 "  stays:\n"
                                 "    type: list\n"
                                 "    is: stays\n"
                                 "    fields: { ward: { type: string, is: place.ward } }\n"
                                 "set: { brand_id: $brand }\n";
    static const struct {
        const char *canonical, *unread;
    } cases[] = {
        { "{\"name\":\"n\",\"home\":{\"city\":\"c\"}}", "" },
        { "{\"name\":\"n\",\"secret\":\"s\",\"brand_id\":\"b\"}", "secret brand_id" },
        { "{\"home\":{\"city\":\"c\",\"line\":\"l\"},\"more\":true}", "home/line more" },
        { "{\"more\":null,\"none\":[],\"empty\":{},\"zero\":0}", "zero" },
        { "{\"stays\":[{\"place\":{\"ward\":\"w\",\"bed\":3}},{\"nurse\":\"x\"}]}",
          "stays/place/bed stays/nurse" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });
        struct names unread = { 0 };
        struct lens_context context = KIT_CONTEXT;
        struct buf text = buf_in(kit.arena, 1 << 20);
        struct id_slots ids = { 0 };

        context.unread = &unread;
        context.unread_arena = kit.arena;
        CHECK(lens_get(kit.lens, kit_tape(&kit, cases[i].canonical), 0, NULL, &context, kit.arena, &text,
                       &ids, &kit.err) == 0,
              "case %zu: %s", i, kit.err.detail);
        CHECK_TEXT(kit_names(&kit, &unread), cases[i].unread, "case %zu", i);
        kit_done(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_takes_what_was_shown),        cmocka_unit_test(what_set_says_is_known),
        cmocka_unit_test(parts_that_were_cut_are_joined),  cmocka_unit_test(put_still_judges),
        cmocka_unit_test(get_names_what_it_does_not_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
