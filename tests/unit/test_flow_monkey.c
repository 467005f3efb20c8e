/* Requests and backends that make no sense, for every operation of every dialect: whatever comes, the client
 * gets one answer, in JSON, and nothing is left behind; also where memory is short. The same numbers each time; DRAGOMAN_SEED gives
 * others. */
#include "test_flow_kit.h"

#include "flow/exchange.h"

static struct kit *kit;
static uint64_t state_of_chance;

/* xorshift64* */
static unsigned chance(unsigned below)
{
    state_of_chance ^= state_of_chance >> 12;
    state_of_chance ^= state_of_chance << 25;
    state_of_chance ^= state_of_chance >> 27;
    return (unsigned)((state_of_chance * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

#define ONE_OF(list) (list)[chance(COUNT(list))]

static const char *const words[] = {
    "",
    " ",
    "a",
    "acme",
    "globex",
    "p-1",
    "p-2",
    "p-9",
    "g-1",
    "m-1",
    "1",
    "2",
    "9",
    "0",
    "-1",
    "01",
    T_PATIENT_1,
    T_PATIENT_2,
    T_PATIENT_9,
    T_GROUP_1,
    T_GROUP_9,
    T_ACME,
    T_GLOBEX,
    "patient",
    "group",
    "weight",
    "mood",
    "pain",
    "blood_pressure",
    "120/80",
    "active",
    "inactive",
    "male",
    "2010-05-15",
    "2010-02-30",
    "true",
    "7",
    "7.50",
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00+02:00..2024-02-01T00:00:00Z",
    "a@example.org",
    "office-visit",
    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
    "..",
    ".",
    "a/b",
    "a|b\\",
    "office_visit",
    "pain_level",
    "{id}",
    "$item",
    "x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x",
};
static const char *const names[] = {
    "data",
    "attributes",
    "relationships",
    "meta",
    "query",
    "type",
    "id",
    "links",
    "patient",
    "patients",
    "groups",
    "group",
    "coaches",
    "identifiers",
    "identifier",
    "system",
    "value",
    "organization",
    "name",
    "first_name",
    "last_name",
    "date_of_birth",
    "birth_date",
    "gender",
    "email",
    "email_address",
    "phone",
    "phone_numbers",
    "addresses",
    "lines",
    "city",
    "address",
    "street",
    "zip_code",
    "active",
    "archived",
    "age",
    "note",
    "gauge",
    "gauge_type",
    "notes",
    "scale_min",
    "recorded_at",
    "occurred_at",
    "code",
    "systolic",
    "diastolic",
    "unit",
    "metric_key",
    "value_numeric",
    "value_text",
    "source",
    "brand_id",
    "patient_id",
    "external_ids",
    "status",
    "metadata",
    "is_phi",
    "created_at",
    "updated_at",
    "scheduled_at",
    "ended_at",
    "chief_complaint",
    "provider_id",
    "title",
    "description",
    "start_at",
    "attendees",
    "ignore_duplicates",
    "x",
    "",
};

static void text(struct buf *out)
{
    struct str word = str_from(ONE_OF(words));

    buf_char(out, '"');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, word.ptr[i]);
    }
    buf_char(out, '"');
}

static void value(struct buf *out, unsigned depth);

static void object(struct buf *out, unsigned depth)
{
    unsigned first = chance(COUNT(names)), count = chance(6);

    buf_char(out, '{');
    for (unsigned i = 0; i < count; i++) { /* each name once */
        buf_printf(out, "%s\"%s\":", i ? "," : "", names[(first + i * 7) % COUNT(names)]);
        value(out, depth - 1);
    }
    buf_char(out, '}');
}

static void value(struct buf *out, unsigned depth)
{
    static const char *const plain[] = { "null", "true",  "false",           "0", "-0", "7",
                                         "7.50", "1e400", "9007199254740993" };
    unsigned kind = chance(depth ? 6 : 4), count = chance(4);

    if (kind < 2) {
        text(out);
    } else if (kind < 4) {
        buf_add(out, str_from(ONE_OF(plain)));
    } else if (kind == 4) {
        object(out, depth);
    } else {
        buf_char(out, '[');
        for (unsigned i = 0; i < count; i++) {
            if (i)
                buf_char(out, ',');
            value(out, depth - 1);
        }
        buf_char(out, ']');
    }
}

/* One that is nearly right, with one member that is not. */
static const char *nearly(const char *document)
{
    struct str given = kit_json(kit, document);
    struct buf out = buf_in(kit->arena, 1 << 20);
    struct tape_fault fault;
    struct tape tape;
    bool good = tape_read(&tape, kit->arena, given, &tape_default_limits, &fault);

    CHECK(good, "%s: %s", fault.what, document);
    uint32_t slot = 1 + chance(tape.count > 1 ? tape.count - 1 : 1);
    if (slot >= tape.count || chance(4) == 0)
        return arena_cstr(kit->arena, given);
    /* a member's name stands for its place: its value is what is replaced */
    struct str raw = tape_raw(&tape, slot);
    bool is_name = raw.ptr[raw.len] == ':';
    if (is_name)
        raw = tape_raw(&tape, slot + 1);
    buf_add(&out, str_of(given.ptr, (size_t)(raw.ptr - given.ptr)));
    value(&out, 3);
    const char *end = raw.ptr + raw.len;
    buf_add(&out, str_of(end, (size_t)(given.ptr + given.len - end)));
    return arena_cstr(kit->arena, buf_str(&out));
}

static const char *any_document(void)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    value(&out, 5);
    return arena_cstr(kit->arena, buf_str(&out));
}

/* ---- a backend that is sometimes right ---- */

static const struct reply *compose(struct kit *of, const struct upstream_request *request)
{
    static const enum err_code codes[] = { ERR_NOT_FOUND,        ERR_CONFLICT,        ERR_PRECONDITION,
                                           ERR_INVALID,          ERR_UPSTREAM,        ERR_UNAVAILABLE,
                                           ERR_UPSTREAM_TIMEOUT, ERR_NOT_IMPLEMENTED, ERR_TOO_MANY };
    static const char *const entities[] = { PATIENT("p-1"), METRIC("m-1", "p-1"), PATIENT("p-3"),
                                            METRIC("m-2", "p-2"),
                                            "{'id':'g-1','brand_id':'acme','name':'Lead','status':'ok'}" };
    struct reply *reply = ARENA_NEW(of->arena, struct reply);
    struct str items = request->call->items;

    reply->etag = chance(2) ? "'v1'" : NULL;
    if (chance(8) == 0) {
        reply->code = ONE_OF(codes);
        return reply;
    }
    if (chance(12) == 0)
        return reply;
    if (chance(10) == 0) {
        reply->json = any_document();
        return reply;
    }
    const char *entity = nearly(ONE_OF(entities));
    reply->json = entity;
    if (items.len)
        reply->json =
            arena_printf(of->arena, "{\"" STR_FMT "\":[%s%s%s],\"total\":%u,\"count\":1}", STR_ARG(items),
                         entity, chance(2) ? "," : "],\"more\":[", entity, chance(100))
                .ptr;
    return reply;
}

/* ---- a client that is sometimes right ---- */

static const struct str patient_one[] = { STR_INIT("p-1") }, group_one[] = { STR_INIT("g-1") };
static const struct token_claims who[] = {
    { .subject = STR_INIT("s"), .brand = STR_INIT("acme"), .scope = STR_INIT("admin:*") },
    { .subject = STR_INIT("s"),
      .brand = STR_INIT("acme"),
      .scope = STR_INIT("admin:*"),
      .patients_bound = true,
      .patients = patient_one,
      .patient_count = 1 },
    { .subject = STR_INIT("s"),
      .brand = STR_INIT("acme"),
      .scope = STR_INIT("admin:*"),
      .groups_bound = true,
      .groups = group_one,
      .group_count = 1 },
    { .subject = STR_INIT("s"), .brand = STR_INIT("globex"), .scope = STR_INIT("admin:*") },
};

static void add_encoded(struct buf *out, const char *word)
{
    for (; *word; word++)
        buf_printf(out, "%%%02x", (unsigned)(unsigned char)*word);
}

static const char *known_id(const char *as, struct str kind)
{
    bool patient = str_is(kind, "patient"), twine = !strcmp(as, "twine");

    if (chance(8) == 0)
        return ONE_OF(words);
    if (!strcmp(as, "general"))
        return "1";
    if (twine)
        return patient ? T_PATIENT_1 : str_is(kind, "brand") ? T_ACME : T_GROUP_1;
    return patient ? "p-1" : "m-1";
}

static const char *method_of(const struct dialect *dialect, const struct operation *operation)
{
    struct buf out = buf_in(kit->arena, 1 << 16);
    const char *as = arena_cstr(kit->arena, dialect->name);
    char mark = '?';

    buf_printf(&out, STR_FMT " " STR_FMT,
               STR_ARG(operation->methods[chance((unsigned)operation->method_count)]),
               STR_ARG(dialect->prefix));
    for (size_t i = 0, at = 0; i < operation->segment_count; i++) {
        buf_char(&out, '/');
        if (!operation->segments[i].is_parameter)
            buf_add(&out, operation->segments[i].text);
        else
            add_encoded(&out, known_id(as, operation->path[at++].kind));
    }
    for (size_t i = 0; i < operation->query_count; i++) {
        if (chance(3))
            continue;
        buf_char(&out, mark);
        mark = '&';
        add_encoded(&out, arena_cstr(kit->arena, operation->query[i].name));
        buf_char(&out, '=');
        add_encoded(&out,
                    operation->query[i].kind.len ? known_id(as, operation->query[i].kind) : ONE_OF(words));
    }
    return arena_cstr(kit->arena, buf_str(&out));
}

static const char *const bodies[] = {
    "{'patient':{'first_name':'a','last_name':'b','date_of_birth':'2010-05-15','email':'x','address':{'city':"
    "'c'},'n':[1]}}",
    "{'gauge':{'gauge_type':'mood','value':7,'notes':'n','recorded_at':'2024-01-01T00:00:00Z'}}",
    "{'data':{'type':'patient','attributes':{'first_name':'a','last_name':'b','gender':'male','identifiers':["
    "{'system':'a',"
    "'value':'b'}],'phone_numbers':[{'type':'home','value':'1','primary':true}]},'relationships':{'groups':{'"
    "data':[{'type':"
    "'group','id':'" T_GROUP_1 "'},{'type':'group','meta':{'query':{'organization':'" T_ACME
    "','name':'L'}}}]}}}}",
    "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'},'relationships':{'"
    "patient':{'data':"
    "{'type':'patient','id':'" T_PATIENT_1 "'}}}}}",
    "{'data':[{'type':'patient_health_metric','attributes':{'type':'blood_pressure','systolic':120,'"
    "diastolic':80},"
    "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':{'system':'a','value'"
    ":'b'}}}}}}}]}",
    "{'data':{'type':'calendar_event','attributes':{'type':'office-visit','title':'t','start_at':'2024-01-"
    "01T00:00:00Z',"
    "'end_at':'2024-01-01T01:00:00Z'},'relationships':{'attendees':{'data':[{'type':'patient','id':"
    "'" T_PATIENT_1 "'}]}}}}",
    "{'data':{'type':'group','attributes':{'name':'L'}}}",
    "{'brand_id':'acme','first_name':'a','last_name':'b','external_ids':{'a':'b'},'metadata':{'a':1},'gender'"
    ":'x'}",
    "{'metric_key':'mood','value_numeric':'7','source':'api','recorded_at':'2024-01-01T00:00:00Z'}",
    "{'status':'inactive','email':'a@example.org'}",
};

/* Whether a body is meant for the operation. */
static bool fits(const struct operation *operation, const char *body)
{
    struct str wrapper = arena_printf(kit->arena, "{'" STR_FMT "':", STR_ARG(operation->wrapper));
    struct str type = arena_printf(kit->arena, "'type':'" STR_FMT "'", STR_ARG(operation->resource));

    if (!operation->wrapper.len)
        return !strstr(body, "'data'") && !strstr(body, "'patient'") && !strstr(body, "'gauge'");
    return !strncmp(body, wrapper.ptr, wrapper.len) &&
           (!str_is(operation->wrapper, "data") || strstr(body, type.ptr));
}

static const char *body_of(const struct operation *operation)
{
    unsigned kind = chance(10), tries = 0;

    if (kind == 0)
        return any_document();
    if (kind == 1)
        return ONE_OF(words);
    const char *body = ONE_OF(bodies);
    while (!fits(operation, body) && tries++ < 50)
        body = ONE_OF(bodies);
    return chance(2) ? body : nearly(body);
}

static void check_answer(const char *method, const char *body, const struct heard *heard)
{
    struct tape_fault fault;
    struct tape tape;
    struct buf json = buf_in(kit->arena, SIZE_MAX);

    CHECK(heard->status >= 200 && heard->status < 600, "%s: %d", method, heard->status);
    CHECK(heard->status != 500, "%s %s: %s\nthe backend was asked\n%.*s", method, body, heard->detail,
          STR_ARG(buf_str(&kit->log)));
    for (size_t i = 0; i < heard->body.len; i++) /* nothing of ours has an apostrophe but words of messages */
        buf_char(&json, heard->body.ptr[i] == '\'' ? '"' : heard->body.ptr[i]);
    if (memmem(heard->body.ptr, heard->body.len, "can't", 5))
        return;
    bool good = tape_read(&tape, kit->arena, buf_str(&json), &tape_default_limits, &fault);
    CHECK(good, "%s %s: %s in %.*s", method, body, fault.what, STR_ARG(heard->body));
}

static void one(const struct dialect *dialect, const struct operation *operation)
{
    const char *method = method_of(dialect, operation),
               *body = operation->has_body ? body_of(operation) : NULL;
    struct said said = { .as = arena_cstr(kit->arena, dialect->name),
                         .method = method,
                         .body = body,
                         .who = &who[chance(2) ? 0 : chance(COUNT(who))],
                         .headers = { chance(8) ? NULL : "if-match: 'v1'" } };

    kit_script(kit, NULL, 0);
    struct heard heard = kit_ask(kit, said);
    check_answer(method, body ? body : "", &heard);
}

/* Every operation, again and again; a new kit now and then, so that the store is sometimes empty. */
static void whatever_comes_is_answered(void **state)
{
    const char *seed = getenv("DRAGOMAN_SEED"), *turns = getenv("DRAGOMAN_TURNS");
    unsigned long rounds = turns ? strtoul(turns, NULL, 10) : 12;

    (void)state;
    state_of_chance = seed ? strtoull(seed, NULL, 10) | 1 : 20240607;
    for (unsigned long round = 0; round < rounds; round++) {
        kit = kit_new(NULL);
        kit->compose = compose;
        if (chance(2))
            kit->flow->memory = 8192u << chance(8); /* what it needs, or not */
        for (size_t i = 0; i < kit->gateway->dialect_count; i++) {
            const struct dialect *dialect = kit->gateway->dialects[i];
            for (size_t k = 0; k < dialect->operation_count; k++)
                if (dialect->operations[k].builtin == BUILTIN_NONE)
                    one(dialect, &dialect->operations[k]);
        }
        kit_free(kit);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(whatever_comes_is_answered) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
