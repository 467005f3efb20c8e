/* Updates: what was read and is written back changes nothing; what really changes goes under the version it
 * was read at; an entity that changed meanwhile is read again, once. */
#include "test_flow_each.h"

/* Everything a patient can have, so that every member is written back. */
#define FULL(groups)                                                                                         \
    "{'id':'p-1','brand_id':'acme','first_name':'Zoë','last_name':'O\\u0027Neil','date_of_birth':'2010-05-" \
    "15',"                                                                                                   \
    "'gender':'unknown','email':'z@example.org','phone':'+1 555','external_ids':{'EHR':'1','MRN':'2'},"        \
    "'status':'inactive','metadata':{'address':{'line':'1 Main St\\nApt 2','city':'X','state':'CA',"         \
    "'postal_code':'1'},'n':9007199254740993.10},'groups':[" groups "]," TIMES "}"

/* The text of a member's value in heard.body, braces matched. */
static struct str member_text(struct str body, const char *name)
{
    const char *at = memmem(body.ptr, body.len, name, strlen(name));
    size_t depth = 0, len = 0;

    CHECK(at, "no %s in %.*s", name, STR_ARG(body));
    at += strlen(name);
    do {
        depth += at[len] == '{';
        depth -= at[len] == '}';
        len++;
    } while (depth);
    return str_of(at, len);
}

/* RFC 7396: a patch changes nothing when each member that it names is so already, objects member by member.
 */
static bool is_idle(const struct tape *patch, uint32_t at, const struct tape *stored, uint32_t same)
{
    if (same == TAPE_NONE || tape_type(patch, at) != JSON_OBJECT)
        return same == TAPE_NONE ? tape_type(patch, at) == JSON_NULL : tape_equal(patch, at, stored, same);
    for (uint32_t i = tape_first(patch, at); i < tape_next(patch, at); i = tape_next(patch, i + 1))
        if (!is_idle(patch, i + 1, stored, tape_find(stored, same, tape_string(patch, i, kit->arena))))
            return false;
    return true;
}

static void check_patch_is_idle(struct str log)
{
    const char *body = memmem(log.ptr, log.len, "PATCH ", 6);
    struct tape_fault fault;
    struct tape stored, patch;

    if (!body)
        return;
    body = memmem(body, (size_t)(log.ptr + log.len - body), " {", 2);
    CHECK(body, "%.*s", STR_ARG(log));
    struct str text = member_text(str_of(body, (size_t)(log.ptr + log.len - body)), " ");
    text = kit_json(kit, arena_cstr(kit->arena, text));
    bool good = tape_read(&patch, kit->arena, text, &tape_default_limits, &fault) &&
                tape_read(&stored, kit->arena, kit_json(kit, FULL("'g-1'")), &tape_default_limits, &fault);
    CHECK(good, "%s: %.*s", fault.what, STR_ARG(text));
    CHECK(is_idle(&patch, 0, &stored, 0), "%.*s", STR_ARG(text));
}

static void what_was_read_and_is_written_back_changes_nothing(void **state)
{
    static const struct {
        const char *as, *read, *write, *take, *wrap;
        bool everything; /* what it shows may all be sent */
    } cases[] = {
        { "general", "GET /v1/patients/1", "PUT /v1/patients/1", "", "{'patient':%.*s}", true },
        { "general", "GET /v1/patients/1", "PATCH /v1/patients/1", "", "{'patient':%.*s}", true },
        { "twine", "GET /pub/patient/" T_PATIENT_1, "PATCH /pub/patient/" T_PATIENT_1,
          "'data':", "{'data':%.*s}", true },
    };
    static const struct reply shown[] = { { .call = "patient.read", .json = FULL("'g-1'"), .etag = "'v7'" } };
    static const struct reply replies[] = {
        { .json = FULL("'g-1'"), .etag = "'v7'" },
        { .call = "patient.update", .json = FULL("'g-1'"), .etag = "'v7'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, shown, COUNT(shown));
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].read });
        CHECK(heard.status == 200, "%s: %d %s", cases[i].read, heard.status, heard.detail);
        struct str document = cases[i].take[0] ? member_text(heard.body, cases[i].take) : heard.body;
        struct buf body = buf_in(kit->arena, 1 << 20);
        /* the %.*s of the wrapper */
        struct str wrap = str_from(cases[i].wrap);
        buf_add(&body, str_of(wrap.ptr, wrap.len - 5));
        buf_add(&body, document);
        buf_char(&body, '}');
        kit_script(kit, replies, COUNT(replies));
        struct heard again = kit_ask(kit, (struct said){ .as = cases[i].as,
                                                         .method = cases[i].write,
                                                         .body = arena_cstr(kit->arena, buf_str(&body)) });
        CHECK(again.status == 200, "%s: %d %.*s", cases[i].write, again.status, STR_ARG(again.body));
        check_patch_is_idle(buf_str(&kit->log));
        CHECK(!has(buf_str(&kit->log), "/groups"), "%.*s", STR_ARG(buf_str(&kit->log)));
        struct str after = cases[i].take[0] ? member_text(again.body, cases[i].take) : again.body;
        CHECK(str_eq(after, document), "%s\n%.*s\n%.*s", cases[i].write, STR_ARG(document), STR_ARG(after));
    }
}

#define READ(etag_, ...)                                                                                     \
    {                                                                                                        \
        .call = "patient.read", .json = __VA_ARGS__, .etag = etag_                                           \
    }
#define STALE                                                                                                \
    {                                                                                                        \
        .call = "patient.update", .code = ERR_PRECONDITION                                                   \
    }
#define UPDATED                                                                                              \
    {                                                                                                        \
        .call = "patient.update", .json = PATIENT("p-1"), .etag = "'v9'"                                     \
    }
#define TWINE_PATCH "PATCH /pub/patient/" T_PATIENT_1
#define FEMALE      "{'data':{'type':'patient','attributes':{'gender':'female'}}}"

static void a_changed_entity_is_read_again(void **state)
{
    struct said said = { .as = "twine", .method = TWINE_PATCH, .body = FEMALE };

    (void)state;
    SCRIPT(kit, READ("'v7'", PATIENT("p-1")), STALE, READ("'v8'", PATIENT("p-1")), UPDATED);
    struct heard heard = kit_ask(kit, said);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v7'] {'gender':'female'}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v8'] {'gender':'female'}\n");
    /* others may be faster again and again, but not for ever */
    struct reply always[2 * 9];
    for (size_t i = 0; i < COUNT(always); i++)
        always[i] = i % 2 ? (struct reply)STALE : (struct reply)READ("'v7'", PATIENT("p-1"));
    kit_script(kit, always, COUNT(always));
    heard = kit_ask(kit, said);
    CHECK(heard.status == 409 && heard.code == ERR_PRECONDITION, "%d %s", heard.status, heard.detail);
    CHECK(kit->started == COUNT(always), "%zu calls", kit->started);
    /* it may be gone by then, or the backend ill, or talking nonsense */
    SCRIPT(kit, READ("'v7'", PATIENT("p-1")), STALE, { .call = "patient.read", .code = ERR_NOT_FOUND });
    heard = kit_ask(kit, said);
    CHECK(heard.status == 404, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, READ("'v7'", PATIENT("p-1")), STALE, { .call = "patient.read" });
    heard = kit_ask(kit, said);
    CHECK(heard.status == 502, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, READ("'v7'", PATIENT("p-1")), STALE, READ("'v8'", PATIENT("p-1")),
           { .call = "patient.update", .code = ERR_UNAVAILABLE });
    heard = kit_ask(kit, said);
    CHECK(heard.status == 503 && has(heard.headers, "retry-after: 1\n"), "%d %s", heard.status, heard.detail);
}

/* What became equal, or different, between the two readings is judged by the second. */
static void the_second_reading_counts(void **state)
{
    struct said said = {
        .as = "twine",
        .method = TWINE_PATCH,
        .body = "{'data':{'type':'patient','attributes':{'gender':'female','email_address':'n@e.org'}}}"
    };
#define WITH(gender_)                                                                                        \
    "{'id':'p-1','brand_id':'acme','first_name':'A','last_name':'B','gender':'" gender_                      \
    "','external_ids':{},"                                                                                   \
    "'status':'active','metadata':{}," TIMES "}"

    (void)state;
    SCRIPT(kit, READ("'v7'", WITH("male")), STALE, READ("'v8'", WITH("female")), UPDATED);
    struct heard heard = kit_ask(kit, said);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v7'] {'email':'n@e.org','gender':'female'}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v8'] {'email':'n@e.org'}\n");
    SCRIPT(kit, READ("'v7'", WITH("female")), STALE, READ("'v8'", WITH("male")), UPDATED);
    heard = kit_ask(kit, said);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v7'] {'email':'n@e.org'}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team ['v8'] {'email':'n@e.org','gender':'female'}\n");
}

/* A word that a dialect shows but does not take may be sent back, and nothing else that it does not take. */
static void what_is_shown_may_be_sent_back(void **state)
{
    static const struct {
        const char *sent;
        int status;
    } cases[] = {
        { "'gender':'unknown'", 200 },
        { "'gender':'unknown','email_address':'a@example.org'", 200 },
        { "'gender':'Unknown'", 409 },
        { "'gender':'none'", 409 },
        { "'gender':7", 409 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        SCRIPT(kit, READ("'v7'", WITH("unknown")), UPDATED);
        struct str body =
            arena_printf(kit->arena, "{'data':{'type':'patient','attributes':{%s}}}", cases[i].sent);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = TWINE_PATCH, .body = body.ptr });
        CHECK(heard.status == cases[i].status, "%s: %d %.*s", cases[i].sent, heard.status, STR_ARG(heard.body));
        CHECK(!has(buf_str(&kit->log), "gender"), "%.*s", STR_ARG(buf_str(&kit->log)));
        CHECK(heard.status != 409 || (has(heard.body, "'pointer':'/data/attributes/gender'") &&
                                      has(heard.body, "'code':'InvalidBodyParameter'") && kit->started < 2),
              "%.*s", STR_ARG(heard.body));
    }
}

/* Nor does it matter which rule such a value breaks. What else is wrong is told, and the value that was shown is not. */
static void a_blank_that_is_shown_may_be_sent_back(void **state)
{
    static const char blank[] = "{'id':'p-1','brand_id':'acme','first_name':' ','last_name':'B','external_ids':{},"
                                "'status':'active','metadata':{}," TIMES "}";
    static const struct {
        const char *sent, *said;
        int status;
    } cases[] = {
        { "'first_name':' '", " {}\n", 200 },
        { "'first_name':' ','phone':'5'", " {'phone':'5'}\n", 200 },
        { "'first_name':'  '", "{'first_name':", 422 },
        { "'first_name':' ','last_name':' '", "{'last_name':", 422 },
        { "'first_name':' ','phone':5", "{'phone':", 422 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        SCRIPT(kit, READ("'v7'", blank), UPDATED);
        struct str body = arena_printf(kit->arena, "{'patient':{%s}}", cases[i].sent);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "general", .method = "PUT /v1/patients/1", .body = body.ptr });
        CHECK(heard.status == cases[i].status, "%s: %d %.*s", cases[i].sent, heard.status, STR_ARG(heard.body));
        CHECK(has(heard.status == 200 ? buf_str(&kit->log) : heard.body, cases[i].said), "%s: %.*s %.*s", cases[i].sent,
              STR_ARG(heard.body), STR_ARG(buf_str(&kit->log)));
    }
    /* what can never have been shown is told at once */
    SCRIPT(kit, READ("'v7'", blank));
    struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph",
                                                     .method = "PATCH /v1/patients/p-1",
                                                     .body = "{'created_at':'2024-01-01T00:00:00.000Z','gender':5}" });
    CHECK(heard.status == 400 && !kit->started, "%d after %zu calls", heard.status, kit->started);
}

#define IN_GROUPS(groups)                                                                                    \
    "{'id':'p-1','brand_id':'acme','first_name':'A','last_name':'B','external_ids':{},'status':'active',"    \
    "'metadata':{},'groups':[" groups "]," TIMES "}"
#define GROUPS(...) "{'data':{'type':'patient','relationships':{'groups':{'data':[" __VA_ARGS__ "]}}}}"
#define GROUP_1     "{'type':'group','id':'" T_GROUP_1 "'}"
#define GROUP_BY    "{'type':'group','meta':{'query':{'organization':'" T_ACME "','name':'Lead'}}}"

/* Ids that the first comparison dropped are still known when the second one needs them. */
static void groups_survive_the_second_reading(void **state)
{
    (void)state;
    SCRIPT(kit, READ("'v7'", IN_GROUPS("'g-1'")), STALE, READ("'v8'", IN_GROUPS("'g-2'")), UPDATED,
           { .call = "patient.set_groups", .json = "{'groups':[]}" }, READ("'v9'", IN_GROUPS("'g-1'")));
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "twine", .method = TWINE_PATCH, .body = GROUPS(GROUP_1) });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1?include=groups%2Ccare_team\nPATCH /v1/patients/p-1?include=groups%2Ccare_team ['v7'] {}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team&touch=true ['v8'] {}\n"
                   "PUT /v1/patients/p-1/groups {'group_ids':['g-1']}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n");
}

/* A group that is found or made is so once, however often the entity is read. */
static void a_made_group_is_made_once(void **state)
{
    (void)state;
    SCRIPT(kit, READ("'v7'", IN_GROUPS("'g-1'")),
           { .call = "group.create", .status = 201, .json = "{'id':'g-2','brand_id':'acme','name':'Lead'}" },
           STALE, READ("'v8'", IN_GROUPS("'g-1'")), UPDATED,
           { .call = "patient.set_groups", .json = "{'groups':[]}" }, READ("'v9'", IN_GROUPS("'g-1','g-2'")));
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = TWINE_PATCH, .body = GROUPS(GROUP_1 "," GROUP_BY) });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "POST /v1/groups?get_or_create=true {'brand_id':'acme','name':'Lead'}\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team&touch=true ['v7'] {}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n"
                   "PATCH /v1/patients/p-1?include=groups%2Ccare_team&touch=true ['v8'] {}\n"
                   "PUT /v1/patients/p-1/groups {'group_ids':['g-1','g-2']}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n");
}

/* A client that names the version it read must not have it replaced by the one that is stored. */
static void a_clients_own_version_counts(void **state)
{
    static const struct reply exact[] = { STALE }, compared[] = { READ("'v8'", PATIENT("p-1")), STALE };
    struct said said = { .as = "patient-graph",
                         .method = "PATCH /v1/patients/p-1",
                         .headers = { "if-match: 'v1'" } };

    (void)state;
    kit_script(kit, exact, COUNT(exact));
    said.body = "{'gender':'female'}";
    struct heard heard = kit_ask(kit, said);
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-1 ['v1'] {'gender':'female'}\n");
    kit_script(kit, compared, COUNT(compared));
    said.body = "{'status':'inactive'}";
    heard = kit_ask(kit, said);
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 ['v1'] {'status':'inactive'}\n");
    /* two lines are one list (RFC 9110 section 5.3), not no condition */
    kit_script(kit, exact, COUNT(exact));
    said.body = "{'gender':'female'}";
    said.headers[1] = "if-match: 'v2'";
    heard = kit_ask(kit, said);
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-1 ['v1','v2'] {'gender':'female'}\n");
}

/* Without one, and with "any", the version that was compared with counts. */
static void otherwise_the_compared_version_counts(void **state)
{
    struct said said = { .as = "patient-graph",
                         .method = "PATCH /v1/patients/p-1",
                         .body = "{'status':'inactive'}" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        said.headers[0] = i ? "if-match: *" : NULL;
        SCRIPT(kit, READ("'v8'", PATIENT("p-1")), UPDATED);
        struct heard heard = kit_ask(kit, said);
        CHECK(heard.status == 200 && has(heard.headers, "etag: \"v9\"\n"), "%d %s", heard.status,
              heard.detail);
        CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 ['v8'] {'status':'inactive'}\n");
    }
    /* a dialect without versions does not pass on even the one that it accepts */
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-1"), .etag = "'v9'" });
    struct heard heard = kit_ask(kit, (struct said){ .as = "general",
                                                     .method = "PATCH /v1/patients/1",
                                                     .body = "{'patient':{'phone':'5'}}",
                                                     .headers = { "if-match: *" } });
    CHECK(heard.status == 200 && !has(heard.headers, "etag"), "%d %.*s", heard.status,
          STR_ARG(heard.headers));
    CHECK_LOG(kit, "PATCH /v1/patients/p-1 {'phone':'5'}\n");
}

#define ADDRESS_STORED(address)                                                                              \
    "{'id':'p-1','brand_id':'acme','first_name':'A','last_name':'B','external_ids':{},'status':'active',"    \
    "'metadata':{'address':" address "}," TIMES "}"
#define TAKEN                                                                                                \
    {                                                                                                        \
        .call = "patient.update", .code = ERR_CONFLICT                                                       \
    }
#define CITY "{'metadata':{'address':{'city':'Rome'}}}"

/* What is written inside an object needs no reading where the backend refuses to put that object in the place of something
 * else. If it refuses, what is stored tells why. */
static void an_address_is_written_without_reading(void **state)
{
    struct said said = { .as = "general", .method = "PUT /v1/patients/1", .body = "{'patient':{'address':{'city':'Rome'}}}" };

    (void)state;
    SCRIPT(kit, UPDATED);
    struct heard heard = kit_ask(kit, said);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-1?strict_merge=true " CITY "\n");
    /* a text is stored there */
    SCRIPT(kit, TAKEN, READ("'v7'", ADDRESS_STORED("'12 Main St'")));
    heard = kit_ask(kit, said);
    CHECK(heard.status == 422 && has(heard.body, "{'errors':{'address.city':["), "%d %.*s", heard.status, STR_ARG(heard.body));
    CHECK_LOG(kit, "PATCH /v1/patients/p-1?strict_merge=true " CITY "\nGET /v1/patients/p-1\n");
    /* no more, or it was something else that the backend refused: the second answer counts */
    SCRIPT(kit, TAKEN, READ("'v7'", ADDRESS_STORED("{}")), UPDATED);
    heard = kit_ask(kit, said);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-1?strict_merge=true " CITY "\nGET /v1/patients/p-1\n"
                   "PATCH /v1/patients/p-1 ['v7'] " CITY "\n");
    SCRIPT(kit, TAKEN, READ("'v7'", ADDRESS_STORED("{}")), TAKEN);
    heard = kit_ask(kit, said);
    CHECK(heard.code == ERR_CONFLICT && kit->started == 3, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, TAKEN, READ("'v7'", ADDRESS_STORED("{}")), STALE, READ("'v8'", ADDRESS_STORED("'12 Main St'")));
    heard = kit_ask(kit, said);
    CHECK(heard.status == 422 && kit->started == 4, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, TAKEN, { .call = "patient.read", .code = ERR_NOT_FOUND });
    heard = kit_ask(kit, said);
    CHECK(heard.status == 404, "%d %s", heard.status, heard.detail);
}

/* What reads for another reason compares, and needs the backend's refusal no more. */
static void what_is_read_is_not_refused_by_the_backend(void **state)
{
    static const char *const sent[] = { "'address':{'city':'Rome'},'first_name':' '", "'address':{'city':null,'state':'RM'}" };

    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        struct str body = arena_printf(kit->arena, "{'patient':{%s}}", sent[i]);
        SCRIPT(kit, READ("'v7'", ADDRESS_STORED("'12 Main St'")));
        struct heard heard = kit_ask(kit, (struct said){ .as = "general", .method = "PUT /v1/patients/1", .body = body.ptr });
        CHECK(heard.status == 422 && has(heard.body, "'address."), "%s: %d %.*s", sent[i], heard.status, STR_ARG(heard.body));
    }
    /* and an update that writes inside nothing is any backend's */
    SCRIPT(kit, UPDATED);
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "general", .method = "PUT /v1/patients/1", .body = "{'patient':{'phone':'5'}}" });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-1 {'phone':'5'}\n");
}

/* A backend that would ignore the parameter is read. */
static void a_backend_that_cannot_refuse_is_read(void **state)
{
    struct kit *plain = kit_new("backend.completions=[patient.read, patient.update]");

    (void)state;
    SCRIPT(plain, READ("'v7'", ADDRESS_STORED("'12 Main St'")));
    struct heard heard = kit_ask(plain, (struct said){ .as = "general",
                                                       .method = "PUT /v1/patients/1",
                                                       .body = "{'patient':{'address':{'city':'Rome'}}}" });
    CHECK(heard.status == 422, "%d %s", heard.status, heard.detail);
    CHECK_LOG(plain, "GET /v1/patients/p-1\n");
    kit_free(plain);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_read_and_is_written_back_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_entity_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_second_reading_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_shown_may_be_sent_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_blank_that_is_shown_may_be_sent_back, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_survive_the_second_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(a_made_group_is_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clients_own_version_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(otherwise_the_compared_version_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_is_written_without_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_read_is_not_refused_by_the_backend, setup, teardown),
        cmocka_unit_test(a_backend_that_cannot_refuse_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
