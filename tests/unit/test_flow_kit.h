/* What the tests of the flow share: whole requests with a backend that is a script and a client that is
 * memory, in one thread and without a socket. The mappings are the real ones, the store is a real one in a
 * folder of its own, and tokens are signed with a real key.
 *
 * JSON is written with ' in place of " everywhere: in what is sent, in what the backend says, and in what is
 * compared. */
#pragma once

#include "test_flow_fake.h"

#include <stdio.h>

#include "../text_has.h"

/* What a client sends, and what it gets back. */
struct said {
    const char *as;                 /* the dialect, which decides host and credential's header */
    const char *method;             /* "METHOD path?query" */
    const char *body;               /* NULL: none */
    const char *type;               /* NULL: the dialect's own */
    const char *headers[4];         /* "name: value" */
    const struct token_claims *who; /* NULL: everything in acme */
    const char *token;              /* in place of a signed one; "" none */
};
struct heard {
    struct kit *kit;
    bool called;
    int status;
    struct str body, headers; /* headers: "name: value\n" each */
    enum err_code code;
    char detail[320];
    unsigned upstream_calls;
};

/* ---- the gateway ---- */

static inline void kit_open(struct kit *kit, const char *set)
{
    const char *sets[] = { arena_printf(kit->arena, "state_dir=%s", kit->dir).ptr,
                           "mappings=" SOURCE_DIR "/mappings", set ? set : "workers=1" };
    struct err err;
    int bad = conf_load(&kit->conf, NULL, sets, COUNT(sets), &err) || auth_new(&kit->auth, kit->conf, &err) ||
              store_open(&kit->store, kit->dir, &err) ||
              gateway_new(&kit->gateway, kit->conf, kit->auth, kit->store, &err);

    CHECK(!bad, "%s", err.detail);
    kit->loop = loop_new();
    kit->fake = (struct fake){ .upstream = { .ops = &fake_ops }, .kit = kit };
    kit->flow = flow_new(kit->gateway, kit->loop, &kit->fake.upstream);
}

/* Ids that the tests know: p-1, p-2, g-1, g-2 of acme and p-9, g-9 of globex. */
#define T_PATIENT_1 "aaaaaaaaaaaaaaaaaaaaaaa1"
#define T_PATIENT_2 "aaaaaaaaaaaaaaaaaaaaaaa2"
#define T_PATIENT_9 "aaaaaaaaaaaaaaaaaaaaaaa9"
#define T_GROUP_1   "bbbbbbbbbbbbbbbbbbbbbbb1"
#define T_GROUP_2   "bbbbbbbbbbbbbbbbbbbbbbb2"
#define T_GROUP_9   "bbbbbbbbbbbbbbbbbbbbbbb9"
#define T_PROVIDER_1 "ccccccccccccccccccccccc1"
#define T_ACME      "58c4554710123c5c40dbab81"
#define T_GLOBEX    "58c88de7c93eb96357a87033"
#define ROW(d, k, b, id, c)                                                                                  \
    {                                                                                                        \
        .dialect = STR_INIT(d), .kind = STR_INIT(k), .brand = STR_INIT(b), .dialect_id = STR_INIT(id),       \
        .canonical_id = STR_INIT(c)                                                                          \
    }

static inline void kit_know(struct kit *kit)
{
    static const struct crosswalk_row rows[] = {
        ROW("general", "patient", "acme", "1", "p-1"),
        ROW("general", "patient", "acme", "2", "p-2"),
        ROW("general", "patient", "globex", "9", "p-9"),
        ROW("twine", "patient", "acme", T_PATIENT_1, "p-1"),
        ROW("twine", "patient", "acme", T_PATIENT_2, "p-2"),
        ROW("twine", "patient", "globex", T_PATIENT_9, "p-9"),
        ROW("twine", "group", "acme", T_GROUP_1, "g-1"),
        ROW("twine", "group", "acme", T_GROUP_2, "g-2"),
        ROW("twine", "group", "globex", T_GROUP_9, "g-9"),
        ROW("twine", "provider", "acme", T_PROVIDER_1, "c-1"),
        ROW("twine", "brand", "acme", T_ACME, "acme"),
        ROW("twine", "brand", "globex", T_GLOBEX, "globex"),
    };
    struct err err;
    int bad = store_crosswalk_import(kit->store, rows, COUNT(rows), &err);

    CHECK(!bad, "%s", err.detail);
}

/* `set`: one more setting, or NULL. */
static inline struct kit *kit_new(const char *set)
{
    struct kit *kit = calloc(1, sizeof *kit);

    assert_non_null(kit);
    (void)snprintf(kit->dir, sizeof kit->dir, "/tmp/test_flow.XXXXXX");
    assert_non_null(mkdtemp(kit->dir));
    kit->arena = arena_new(SIZE_MAX);
    kit_open(kit, set);
    kit_know(kit);
    return kit;
}

/* The same with mappings of which `file` was changed by `sed`. */
static inline struct kit *kit_new_changed(const char *file, const char *sed)
{
    char dir[] = "/tmp/test_flow_mappings.XXXXXX";
    struct arena *arena = arena_new(SIZE_MAX);

    assert_non_null(mkdtemp(dir));
    assert_int_equal(system(arena_printf(arena, "cp -r " SOURCE_DIR "/mappings %s && sed -i '%s' %s/mappings/%s", dir, sed,
                                         dir, file)
                                .ptr),
                     0);
    struct kit *kit = kit_new(arena_printf(arena, "mappings=%s/mappings", dir).ptr);
    assert_int_equal(system(arena_printf(arena, "rm -rf %s", dir).ptr), 0);
    arena_free(&arena);
    return kit;
}

struct lull {
    struct post post;
    struct kit *kit;
};

static inline void kit_turned(struct post *post)
{
    loop_stop(((struct lull *)(void *)post)->kit->loop);
}

/* Lets everything run that was posted so far. */
static inline void kit_turn(struct kit *kit)
{
    struct lull turn = { .post = { .run = kit_turned }, .kit = kit };

    loop_post(kit->loop, &turn.post);
    loop_run(kit->loop);
}

/* The server's memory of what came is gone: whoever still looks at it is found. */
static inline void kit_forget(struct kit *kit)
{
    if (kit->request)
        arena_free(&kit->request);
}

static inline void kit_free(struct kit *kit)
{
    struct str command = arena_printf(kit->arena, "rm -rf %s", kit->dir);

    kit_forget(kit);
    flow_free(&kit->flow);
    kit_turn(kit);
    CHECK(kit->started == kit->freed, "%zu calls were started, %zu freed", kit->started, kit->freed);
    store_close(&kit->store);
    loop_free(&kit->loop); /* waits for secrets that are being checked */
    gateway_free(&kit->gateway);
    auth_free(&kit->auth);
    conf_free(&kit->conf);
    assert_int_equal(system(command.ptr), 0);
    arena_free(&kit->arena);
    free(kit);
}

/* ---- the client ---- */

static inline struct str kit_token(struct kit *kit, const struct token_claims *who)
{
    static const struct token_claims all = { .subject = STR_INIT("tester"),
                                             .brand = STR_INIT("acme"),
                                             .scope = STR_INIT("read:patients write:patients admin:patients "
                                                               "read:metrics write:metrics read:encounters "
                                                               "write:encounters read:organization "
                                                               "write:organization"),
                                             .ttl_s = 600 };
    struct token_claims claims = who ? *who : all;
    struct buf out = buf_in(kit->arena, 8192);
    struct err err;

    if (!claims.brand.ptr)
        claims.brand = all.brand;
    if (!claims.scope.ptr)
        claims.scope = all.scope;
    claims.ttl_s = claims.ttl_s ? claims.ttl_s : 600;
    int bad = auth_issue(kit->auth, &claims, loop_wall_ms(kit->loop), &out, &err);
    CHECK(!bad, "%s", err.detail);
    return buf_str(&out);
}

static inline void kit_heard(const struct flow_answer *answer, void *data)
{
    struct heard *heard = data;
    struct kit *kit = heard->kit;
    struct buf headers = buf_in(kit->arena, 64 * 1024);

    CHECK(!heard->called, "answered twice");
    heard->called = true;
    heard->status = answer->status;
    heard->body = kit_text(kit, answer->body);
    for (size_t i = 0; i < answer->header_count; i++)
        buf_printf(&headers, STR_FMT ": " STR_FMT "\n", STR_ARG(answer->headers[i].name),
                   STR_ARG(answer->headers[i].value));
    heard->headers = buf_str(&headers);
    heard->upstream_calls = answer->report.upstream_calls;
    if (answer->report.err) {
        heard->code = answer->report.err->code;
        (void)snprintf(heard->detail, sizeof heard->detail, "%s", answer->report.err->detail);
    }
    loop_stop(kit->loop);
}

static inline void kit_impatient(struct deadline *deadline)
{
    (void)deadline;
    fail_msg("no answer within 30 seconds");
}

static inline struct str kit_lent(struct kit *kit, struct str text)
{
    return text.ptr ? arena_copy(kit->request, text) : text;
}

/* The head in memory of the request alone, which ends with it: kit_forget. */
static inline const struct http_head *kit_lend(struct kit *kit, const struct http_head *head)
{
    kit->request = kit->request ? kit->request : arena_new(SIZE_MAX);
    struct http_head *lent = ARENA_NEW(kit->request, struct http_head);
    struct http_header *headers = ARENA_ARRAY(kit->request, struct http_header, head->header_count + 1);

    *lent = *head;
    lent->method = kit_lent(kit, head->method);
    lent->target = kit_lent(kit, head->target);
    lent->path = kit_lent(kit, head->path);
    lent->query = kit_lent(kit, head->query);
    lent->host = kit_lent(kit, head->host);
    lent->peer = kit_lent(kit, head->peer);
    lent->body = kit_lent(kit, head->body);
    for (size_t i = 0; i < head->header_count; i++)
        headers[i] = (struct http_header){ .name = kit_lent(kit, head->headers[i].name),
                                           .value = kit_lent(kit, head->headers[i].value) };
    lent->headers = headers;
    return lent;
}

/* The request as the server would hand it over. */
static inline struct http_head *kit_head(struct kit *kit, const struct said *said)
{
    struct http_head *head = ARENA_NEW(kit->arena, struct http_head);
    struct http_header *headers = ARENA_ARRAY(kit->arena, struct http_header, 12);
    struct str name, value;
    size_t count = 0;

    *head = (struct http_head){ .peer = STR("127.0.0.1"), .headers = headers };
    head->host = arena_printf(kit->arena, "%s.localhost", said->as);
    CHECK(str_cut(str_from(said->method), ' ', &head->method, &head->target), "%s", said->method);
    head->path = head->target;
    (void)str_cut(head->target, '?', &head->path, &head->query);
    if (said->body) {
        bool vendor = !strcmp(said->as, "twine");
        head->body = kit_json(kit, said->body);
        head->has_body = true;
        value = str_from(said->type ? said->type : vendor ? "application/vnd.api+json" : "application/json");
        headers[count++] = (struct http_header){ .name = STR("content-type"), .value = value };
    }
    value = said->token ? str_from(said->token) : kit_token(kit, said->who);
    bool bare = !strcmp(said->as, "general");
    if (value.len)
        headers[count++] = (struct http_header){
            .name = bare ? STR("x-user-token") : STR("authorization"),
            .value = bare ? value : arena_printf(kit->arena, "Bearer " STR_FMT, STR_ARG(value))
        };
    headers[count++] = (struct http_header){ .name = STR("x-request-id"), .value = STR("r-1") };
    for (size_t i = 0; i < COUNT(said->headers) && said->headers[i]; i++) {
        CHECK(str_cut(str_from(said->headers[i]), ':', &name, &value), "%s", said->headers[i]);
        headers[count++] =
            (struct http_header){ .name = name,
                                  .value = kit_json(kit, arena_cstr(kit->arena, str_trim(value))) };
    }
    head->header_count = count;
    return head;
}

/* Before a request: what the backend will say, and a clean log. */
static inline void kit_script(struct kit *kit, const struct reply *replies, size_t count)
{
    kit->replies = replies;
    kit->reply_count = count;
    kit->started = kit->freed = kit->open = kit->most_open = 0;
    kit->log = buf_in(kit->arena, SIZE_MAX);
}
#define SCRIPT(kit, ...)                                                                                     \
    do {                                                                                                     \
        static const struct reply replies_[] = { __VA_ARGS__ };                                              \
        kit_script((kit), replies_, COUNT(replies_));                                                        \
    } while (0)

static inline struct heard kit_ask(struct kit *kit, struct said said)
{
    struct heard heard = { .kit = kit };
    const struct http_head *head = kit_lend(kit, kit_head(kit, &said));

    kit->patience.run = kit_impatient;
    deadline_set(kit->loop, &kit->patience, 30000);
    struct exchange *exchange = flow_start(kit->flow, head, ERR_NONE, NULL, kit_heard, &heard);
    CHECK(!exchange == heard.called, "flow_start says whether it has answered");
    loop_run(kit->loop); /* a stop that came before it ends it at once */
    deadline_clear(kit->loop, &kit->patience);
    kit_forget(kit);
    CHECK(heard.called, "no answer");
    CHECK(kit->started == kit->freed, "%s: %zu calls were started, %zu freed", said.method, kit->started,
          kit->freed);
    CHECK(heard.upstream_calls == kit->started, "%u calls are reported, %zu were made", heard.upstream_calls,
          kit->started);
    return heard;
}

/* Every scripted reply was used. */
#define CHECK_LOG(kit, expected)                                                                             \
    do {                                                                                                     \
        struct str log_ = buf_str(&(kit)->log);                                                              \
        CHECK(str_is(log_, (expected)), "the backend was asked\n%.*s", STR_ARG(log_));                       \
        CHECK((kit)->started == (kit)->reply_count, "%zu of %zu replies used", (kit)->started,               \
              (kit)->reply_count);                                                                           \
    } while (0)
#define CHECK_HEARD(heard, wanted_status, wanted_body)                                                       \
    CHECK((heard).status == (wanted_status) && str_is((heard).body, (wanted_body)), "%d %.*s (%s)",          \
          (heard).status, STR_ARG((heard).body), (heard).detail)

/* How many times. */
static inline size_t count_of(struct str text, const char *part)
{
    size_t count = 0, len = strlen(part);

    for (size_t i = 0; i + len <= text.len; i++)
        count += !memcmp(text.ptr + i, part, len);
    return count;
}

/* ---- canonical documents ---- */

#define TIMES "'created_at':'2024-01-01T00:00:00.000Z','updated_at':'2024-01-02T00:00:00.000Z'"
#define PATIENT_REST                                                                                         \
    "'gender':'male','email':null,'phone':null,'external_ids':{},'status':'active','metadata':{}," TIMES
#define PATIENT_OF(id, brand, first)                                                                         \
    "{'id':'" id "','brand_id':'" brand "','first_name':'" first                                             \
    "','last_name':'Doe','date_of_birth':'2010-05-15'," PATIENT_REST "}"
#define PATIENT(id) PATIENT_OF(id, "acme", "John")
#define METRIC(id, patient)                                                                                  \
    "{'id':'" id "','patient_id':'" patient "','brand_id':'acme','metric_key':'mood','value_numeric':7,"     \
    "'value_text':null,'unit':null,'source':'api','is_phi':true,'recorded_at':'2024-01-01T00:00:00.000Z',"   \
    "'created_at':'2024-01-01T00:00:00.000Z'}"
