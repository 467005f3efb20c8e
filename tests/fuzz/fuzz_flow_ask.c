/* Whole requests through the flow, whoever sends them and whatever the backend says: what is of another
 * brand, or of another patient than the token is bound to, is neither shown nor written, and every answer is
 * JSON. The input is
 *
 *   one letter for the token (see `tokens`), "METHOD target", lines "name: value", an empty line, the body, a
 * NUL, and one byte for each call of the backend, which chooses its answer (see `compose`; 0 when there is
 * none left)
 *
 * Entities of every kind are x-1 (the caller's), x-2 (another patient's, of another group) and x-9 (another
 * brand's); in the dialects with ids of their own 1, 2 and 9 of a row of those. */
#include "auth/auth.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "flow/flow.h"
#include "json/write.h"
#include "store/store.h"

#include "../text_has.h"
#include "../text_head.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>

#define OTHER   "Qother"
#define FOREIGN "Qforeign"
#define ID_1    "aaaaaaaaaaaaaaaaaaaaaaa1"
#define ID_2    "aaaaaaaaaaaaaaaaaaaaaaa2"
#define ID_9    "aaaaaaaaaaaaaaaaaaaaaaa9"

enum { HEADERS_MAX = 16, ROWS_MAX = 512, TEXT_MAX = 1 << 20 };

static const struct str own_id[] = { STR_INIT("x-1") };
static const struct token_claims claims[] = {
    { .subject = STR_INIT("a"), .brand = STR_INIT("acme") },
    { .subject = STR_INIT("p"), .brand = STR_INIT("acme"), .patients_bound = true, .patients = own_id, .patient_count = 1 },
    { .subject = STR_INIT("g"), .brand = STR_INIT("acme"), .groups_bound = true, .groups = own_id, .group_count = 1 },
};
static const char letters[] = "apg"; /* of the claims above; any other: no token */

struct upstream_call {
    struct upstream_answer answer;
    struct arena *arena;
    struct str text; /* empty: no body */
    enum err_code code;
    upstream_done_fn *done;
    void *data;
    struct post post;
    bool told;
};

/* What there is once, and the request that is under way. */
static struct {
    struct upstream upstream; /* first: what the flow holds */
    struct loop *loop;
    struct store *store;
    struct gateway *gateway;
    struct flow *flow;
    struct str tokens[COUNT(claims)];
    char who;
    struct str request, plan;
    size_t open;
    bool told; /* the backend itself has named what is another brand's */
    bool answered;
} world;

static _Noreturn void wrong(const char *what, struct str text)
{
    (void)fprintf(stderr, "%s: " STR_FMT "\n", what, STR_ARG(text));
    abort();
}

/* ---- the backend ---- */

enum whose { OWN = '1', ANOTHER_S = '2', FOREIGN_S = '9' };

/* Whatever any kind of entity shows; @ is a text that says whose it is, # the digit of an id. */
static const char members[] =
    "'first_name':'@','last_name':'@','name':'@','title':'@','text':'@','category':'@','description':'@','notes':'@',"
    "'chief_complaint':'@','value_text':'@','unit':'@','phone':'@','dosage':'@','frequency':'@','email_type':'@','plan_id':'x-#',"
    "'action_id':'x-#','encounter_id':'x-#','reward_id':'x-#','reward_program_id':'x-#','reward_program_activation_id':'x-#',"
    "'reward_earning_id':'x-#','question_definition_id':'x-#','groups':['x-#'],'action_ids':['x-#'],'bundle_ids':['x-#'],"
    "'external_ids':{'@':'@'},'metadata':{'address':{'line':'@'}},'email':null,'date_of_birth':'2010-05-15','gender':'male',"
    "'status':'active','metric_key':'mood','value_numeric':'7','source':'api','is_phi':true,'encounter_type':'office_visit',"
    "'type':'weight','recorded_at':'2024-01-01T00:00:00.000Z','occurred_at':'2024-01-01T00:00:00.000Z',"
    "'created_at':'2024-01-01T00:00:00.000Z','updated_at':'2024-01-02T00:00:00.000Z'}";

static void add_entity(struct buf *out, struct str entity, enum whose whose)
{
    /* a brand, and to patients its groups, is for all of its brand */
    bool common = str_is(entity, "brand") || (str_is(entity, "group") && world.who == 'p');
    const char *mark = whose == FOREIGN_S ? FOREIGN : whose == ANOTHER_S && !common ? OTHER : "Own";

    world.told = world.told || whose == FOREIGN_S;
    buf_printf(out, "{\"id\":\"x-%c\",\"brand_id\":\"%s\",", whose, whose == FOREIGN_S ? "globex" : "acme");
    if (!str_is(entity, "patient") && !str_is(entity, "group") && !str_is(entity, "brand"))
        buf_printf(out, "\"patient_id\":\"x-%c\",\"group_id\":\"x-%c\",", whose, whose);
    for (const char *at = members; *at; at++)
        if (*at == '@')
            buf_add(out, str_from(mark));
        else
            buf_char(out, *at == '#' ? (char)whose : *at == '\'' ? '"' : *at);
}

/* The groups that a patient is in are the truth, whatever the plan says. */
static void add_groups(struct buf *out, const struct upstream_request *request)
{
    bool own = request->argument_count && str_is(request->arguments[0].value, "x-1");

    buf_add(out, STR("{\"groups\":["));
    add_entity(out, STR("group"), own ? OWN : ANOTHER_S);
    buf_add(out, STR("],\"total\":1}"));
}

static void add_list(struct buf *out, const struct contract_call *call, const char *whose)
{
    bool first = true;

    buf_char(out, '{');
    json_name(out, &first, call->items);
    buf_char(out, '[');
    for (size_t i = 0; whose[i]; i++) {
        if (i)
            buf_char(out, ',');
        add_entity(out, call->entity, (enum whose)whose[i]);
    }
    buf_printf(out, "],\"total\":%zu}", strlen(whose));
}

static bool makes_patient(const struct contract_call *call)
{
    return str_is(call->entity, "patient") && str_is(call->method, "POST");
}

static void compose(struct upstream_call *call, const struct upstream_request *request)
{
    static const enum err_code codes[] = { ERR_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION, ERR_UPSTREAM, ERR_INVALID };
    static const char *const lists[] = { "1", "9", "2", "19", "12", "", "1", "21" };
    struct buf out = buf_in(call->arena, TEXT_MAX);
    unsigned char byte = world.plan.len ? (unsigned char)world.plan.ptr[0] : 0;

    if (world.plan.len)
        world.plan = str_from_at(world.plan, 1);
    if ((byte & 7) == 6)
        call->code = codes[(byte >> 3) % COUNT(codes)];
    else if (str_is(request->call->name, "patient.groups"))
        add_groups(&out, request);
    else if (request->call->items.len)
        add_list(&out, request->call, lists[byte & 7]);
    else if (makes_patient(request->call) && (byte & 7) != 1) /* a new one is the caller's, whose else */
        add_entity(&out, request->call->entity, OWN);
    else if ((byte & 7) != 7)
        add_entity(&out, request->call->entity, (enum whose) "192112"[byte & 7]);
    call->text = buf_str(&out);
}

static void tell(struct post *post)
{
    struct upstream_call *call = (struct upstream_call *)(void *)((char *)post - offsetof(struct upstream_call, post));
    struct tape_fault fault;
    struct err err;

    if (!call->done) {
        free(call); /* was given up */
        return;
    }
    call->told = true;
    if (call->code) {
        (void)err_set(&err, call->code, "as planned");
        call->done(call, NULL, &err, call->data);
        return;
    }
    call->answer.status = 200;
    call->answer.etag = STR("\"1\"");
    if (call->text.len && !tape_read(&call->answer.document, call->arena, call->text, &tape_default_limits, &fault))
        wrong("an answer of this file", call->text);
    call->done(call, &call->answer, NULL, call->data);
}

/* What the gateway asks for: of its caller's brand, and written about its caller's patient only. */
static void judge_call(const struct upstream_request *request, struct str target)
{
    bool writes = !str_is(request->call->method, "GET");

    if (!str_is(request->brand, "acme"))
        wrong("a call for another brand", request->brand);
    if ((has(target, "x-9") || has(request->body, "\"x-9\"")) && !has(world.request, "x-9") && (writes || !world.told))
        wrong("a call that names what another brand has", target);
    for (size_t i = 0; writes && world.who == 'p' && i < request->argument_count; i++)
        if (str_is(request->arguments[i].name, "patient_id") && !str_is(request->arguments[i].value, "x-1"))
            wrong("a call that changes another patient's", target);
    if (writes && world.who == 'p' && has(request->body, "\"patient_id\":\"x-2\"") && !has(world.request, "patient_id"))
        wrong("a call that makes something for another patient", request->body);
}

static struct upstream_call *start(struct upstream *upstream, const struct upstream_request *request,
                                   upstream_done_fn *done, void *data)
{
    struct upstream_call *call = calloc(1, sizeof *call);
    struct buf target = buf_in(request->arena, TEXT_MAX);
    struct err err = { 0 };

    (void)upstream;
    if (!call)
        abort();
    *call = (struct upstream_call){ .arena = request->arena, .done = done, .data = data, .post = { .run = tell } };
    if (upstream_target(request, STR(""), &target, &err))
        call->code = err.code;
    else
        judge_call(request, buf_str(&target));
    if (err.code == ERR_INTERNAL)
        wrong("a call without its arguments", str_from(err.detail));
    if (!call->code)
        compose(call, request);
    world.open++;
    loop_post(world.loop, &call->post);
    return call;
}

static void free_call(struct upstream_call **call)
{
    struct upstream_call *gone = *call;

    if (!gone)
        return;
    world.open--;
    gone->done = NULL;
    if (gone->told)
        free(gone);
    *call = NULL;
}

static const struct upstream_ops ops = { .start = start, .free_call = free_call };

/* ---- the gateway ---- */

static void know(struct arena *arena)
{
    struct crosswalk_row *rows = ARENA_ARRAY(arena, struct crosswalk_row, ROWS_MAX);
    const struct gateway *gateway = world.gateway;
    size_t count = 0;
    struct err err;

    for (size_t d = 0; d < gateway->dialect_count; d++)
        for (size_t k = 0; k < gateway->dialects[d]->kind_count; k++) {
            struct str kind = gateway->dialects[d]->kinds[k].kind;
            unsigned form = gateway->dialects[d]->kinds[k].form;
            bool number = form == ID_INTEGER, brand = str_is(kind, "brand");
            struct crosswalk_row row = { .dialect = gateway->dialects[d]->name, .kind = kind };
            if ((form != ID_INTEGER && form != ID_HEX24) || count + 3 > ROWS_MAX)
                continue;
            for (size_t i = 0; i < 3; i++) {
                row.brand = i == 2 ? STR("globex") : STR("acme");
                row.canonical_id = str_from((const char *const[]){ "x-1", "x-2", "x-9" }[i]);
                row.canonical_id = brand && i != 1 ? row.brand : row.canonical_id;
                row.dialect_id = str_from((const char *const[]){ ID_1, ID_2, ID_9 }[i]);
                row.dialect_id = number ? str_from_at(row.dialect_id, row.dialect_id.len - 1) : row.dialect_id;
                rows[count++] = row;
            }
        }
    if (store_crosswalk_import(world.store, rows, count, &err))
        wrong("the crosswalk", str_from(err.detail));
}

static void open_world(void)
{
    static struct arena *arena; /* for the process */
    const char *mappings = getenv("DRAGOMAN_MAPPINGS");
    struct conf *conf;
    struct auth *auth;
    struct err err;

    arena = arena_new(SIZE_MAX);
    const char *dir = scratch_make();
    const char *sets[] = { arena_printf(arena, "state_dir=%s", dir).ptr,
                           arena_printf(arena, "mappings=%s", mappings ? mappings : "mappings").ptr, "workers=1",
                           "auth.failures_per_minute=0" };
    if (conf_load(&conf, NULL, sets, COUNT(sets), &err) || auth_new(&auth, conf, &err) ||
        store_open(&world.store, dir, &err) || gateway_new(&world.gateway, conf, auth, world.store, &err))
        wrong("the gateway (set DRAGOMAN_MAPPINGS)", str_from(err.detail));
    know(arena);
    world.upstream.ops = &ops;
    world.loop = loop_new();
    world.flow = flow_new(world.gateway, world.loop, &world.upstream);
    for (size_t i = 0; i < COUNT(claims); i++) {
        struct token_claims all = claims[i];
        struct buf out = buf_in(arena, 8192);
        all.scope = STR("admin:*"); /* every scope; the bounds stay */
        all.ttl_s = 36000;
        if (auth_issue(auth, &all, loop_wall_ms(world.loop), &out, &err))
            wrong("a token", str_from(err.detail));
        world.tokens[i] = buf_str(&out);
    }
}

/* ---- the client ---- */

static void judge_text(struct str text)
{
    if (has(text, FOREIGN) && !has(world.request, FOREIGN))
        wrong("shows what is another brand's", text);
    if (world.who != 'a' && has(text, OTHER) && !has(world.request, OTHER))
        wrong("shows what is another patient's", text);
}

static void on_answer(const struct flow_answer *answer, void *data)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct tape_limits limits = tape_default_limits;
    struct tape_fault fault;
    struct tape tape;

    (void)data;
    if (world.answered || answer->status < 200 || answer->status > 599)
        wrong("an answer", answer->body);
    world.answered = true;
    judge_text(answer->body);
    for (size_t i = 0; i < answer->header_count; i++)
        judge_text(answer->headers[i].value);
    limits.bytes = UINT32_MAX / 4;
    if (answer->body.len && !tape_read(&tape, arena, answer->body, &limits, &fault) && !fault.limit)
        wrong("an answer that is no JSON", answer->body);
    arena_free(&arena);
    loop_stop(world.loop);
}

static void add_token(struct arena *arena, struct http_head *head, struct http_header *headers)
{
    const char *letter = memchr(letters, world.who, sizeof letters - 1);

    if (!letter)
        return;
    struct str token = world.tokens[letter - letters];
    headers[head->header_count++] =
        has(head->host, "general")
            ? (struct http_header){ .name = STR("x-user-token"), .value = token }
            : (struct http_header){ .name = STR("authorization"),
                                    .value = arena_printf(arena, "Bearer " STR_FMT, STR_ARG(token)) };
}

static void turned(struct post *post)
{
    (void)post;
    loop_stop(world.loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[HEADERS_MAX + 1];
    struct post last = { .run = turned };
    struct http_head head;

    if (!world.flow)
        open_world();
    struct arena *arena = arena_new(SIZE_MAX);
    world.who = size ? (char)data[0] : ' ';
    world.plan = STR("");
    struct str text = arena_copy(arena, size ? str_of((const char *)data + 1, size - 1) : STR(""));
    (void)str_cut(text, '\0', &text, &world.plan);
    world.request = text;
    world.answered = world.told = false;
    if (text_head(&head, headers, HEADERS_MAX, text)) {
        add_token(arena, &head, headers);
        (void)flow_start(world.flow, &head, ERR_NONE, NULL, on_answer, NULL);
        loop_run(world.loop);
        loop_post(world.loop, &last); /* calls that were given up */
        loop_run(world.loop);
        if (!world.answered || world.open)
            wrong("neither answered nor ended", text);
    }
    arena_free(&arena);
    return 0;
}
