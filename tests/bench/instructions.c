/* Whole requests through the flow, for callgrind to count: a client and a backend that are memory, the real
 * mappings, store and token check, no socket. Usage: instructions CONF BLOCKS DIR NAME:REQUESTS...
 *
 * Each NAME is DIR/NAME.request (as HTTP/1.1 writes it) and DIR/NAME.answer (the status and the body that the
 * backend says to every call; the first 32 zeros in it become a new id each time). REQUESTS are sent to warm
 * everything up, then BLOCKS times as many: `measured` is called for those only. */
#include "auth/auth.h"
#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "flow/flow.h"
#include "store/store.h"

#include "../text_head.h"

#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 32, HEADERS_MAX = 8, TEXT_MAX = 64 * 1024 * 1024 };

static const struct str no_id = STR_INIT("00000000000000000000000000000000");

/* As wide as those of the real upstream. */
static const struct tape_limits answer_limits = { .bytes = 64u << 20,
                                                  .depth = 64,
                                                  .members = 4096,
                                                  .elements = 1u << 20,
                                                  .string_bytes = 1u << 20,
                                                  .slots = 16u << 20 };

/* The backend: says the same to every call, one turn of the loop later. Calls that ended are used again, so
 * that what is counted calls no malloc of ours. */
struct canned {
    struct upstream upstream; /* first: what the flow holds */
    struct loop *loop;
    int status;
    struct str body;
    size_t id_at; /* of `no_id` in the body; its length: there is none */
    unsigned ids;
    struct upstream_call *spare;
};

struct upstream_call {
    struct canned *canned;
    struct upstream_answer answer;
    struct arena *arena;
    struct str body;
    upstream_done_fn *done;
    void *data;
    struct post post;
    struct upstream_call *next; /* spare one */
};

struct client {
    struct arena *arena;
    struct loop *loop;
    struct flow *flow;
    struct canned canned;
    struct http_head head;
    struct http_header headers[HEADERS_MAX];
    const char *name;
    size_t under_way, status, bytes; /* of the last answer */
};

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "instructions: %s: %s\n", what, why);
    exit(1);
}

/* ---- the backend ---- */

static void tell(struct post *post)
{
    struct upstream_call *call =
        (struct upstream_call *)(void *)((char *)post - offsetof(struct upstream_call, post));
    struct tape_fault fault;

    call->answer.status = call->canned->status;
    if (!tape_read(&call->answer.document, call->arena, call->body, &answer_limits, &fault))
        give_up("the backend's answer", fault.what);
    call->done(call, &call->answer, NULL, call->data);
}

static struct str new_body(struct canned *canned, struct arena *arena)
{
    char *copy = arena_alloc(arena, canned->body.len);
    unsigned id = ++canned->ids;

    memcpy(copy, canned->body.ptr, canned->body.len);
    for (char *at = copy + canned->id_at + no_id.len; id; id >>= 4)
        *--at = "0123456789abcdef"[id & 15];
    return str_of(copy, canned->body.len);
}

static struct upstream_call *canned_start(struct upstream *upstream, const struct upstream_request *request,
                                          upstream_done_fn *done, void *data)
{
    struct canned *canned = (struct canned *)(void *)upstream;
    struct upstream_call *call = canned->spare ? canned->spare : malloc(sizeof *call);
    struct buf target = buf_in(request->arena, TEXT_MAX);
    struct err err;

    if (!call || upstream_target(request, STR(""), &target, &err))
        give_up("a call of the backend", call ? err.detail : "no memory");
    if (call == canned->spare)
        canned->spare = call->next;
    *call = (struct upstream_call){ .canned = canned,
                                    .arena = request->arena,
                                    .done = done,
                                    .data = data,
                                    .body = canned->body,
                                    .post = { .run = tell } };
    if (canned->id_at < canned->body.len)
        call->body = new_body(canned, request->arena);
    loop_post(canned->loop, &call->post);
    return call;
}

/* Every call is told before its exchange ends: nobody leaves here. */
static void canned_free_call(struct upstream_call **call)
{
    if (!*call)
        return;
    (*call)->next = (*call)->canned->spare;
    (*call)->canned->spare = *call;
    *call = NULL;
}

static const struct upstream_ops canned_ops = { .start = canned_start, .free_call = canned_free_call };

/* ---- the client ---- */

static void on_answer(const struct flow_answer *answer, void *data)
{
    struct client *client = data;

    if (answer->report.err)
        give_up(client->name, answer->report.err->detail);
    client->status = (size_t)answer->status;
    client->bytes = answer->body.len;
    if (!--client->under_way)
        loop_stop(client->loop);
}

static void ask(struct client *client, size_t count)
{
    while (count) {
        size_t wave = count < AT_ONCE ? count : AT_ONCE;
        client->under_way = wave;
        for (size_t i = 0; i < wave; i++)
            (void)flow_start(client->flow, &client->head, ERR_NONE, NULL, on_answer, client);
        loop_run(client->loop);
        count -= wave;
    }
}

/* callgrind counts from here to its end, and writes the counts down (--zero-before, --dump-after). By its
 * name, which the linker must leave as it is: what is optimized across files in parts gives static functions
 * another. */
void measured(struct client *client, size_t count);
__attribute__((noipa, externally_visible)) void measured(struct client *client, size_t count)
{
    ask(client, count);
}

/* ---- what is asked and answered ---- */

static struct str read_text(struct client *client, const char *dir, const char *kind)
{
    const char *path = arena_printf(client->arena, "%s/%s.%s", dir, client->name, kind).ptr;
    struct buf text = buf_in(client->arena, TEXT_MAX);
    FILE *in = fopen(path, "rb");
    size_t got;

    if (!in)
        give_up(path, "cannot be read");
    do {
        char *to = buf_reserve(&text, 64 * 1024);
        if (!to)
            give_up(path, "too long");
        got = fread(to, 1, 64 * 1024, in);
        text.len += got;
    } while (got);
    (void)fclose(in);
    return buf_str(&text);
}

static void read_request(struct client *client, struct str text)
{
    if (!text_head(&client->head, client->headers, HEADERS_MAX, text))
        give_up(client->name, "no request line");
}

static void read_answer(struct client *client, struct str text)
{
    struct canned *canned = &client->canned;
    struct str status;
    uint64_t number;

    if (!str_cut(text, '\n', &status, &canned->body) || !str_to_uint(status, &number))
        give_up(client->name, "an answer begins with its status");
    canned->status = (int)number;
    const char *at = memmem(canned->body.ptr, canned->body.len, no_id.ptr, no_id.len);
    canned->id_at = at ? (size_t)(at - canned->body.ptr) : canned->body.len;
    canned->ids = (unsigned)(clock_wall_ms() << 4); /* new ones also for the store of a run before */
}

static void run_case(struct client *client, const char *dir, struct str word, uint64_t blocks)
{
    struct str name, number;
    uint64_t requests;

    if (!str_cut(word, ':', &name, &number) || !str_to_uint(number, &requests))
        give_up(word.ptr, "expected NAME:REQUESTS");
    client->name = arena_cstr(client->arena, name);
    read_request(client, read_text(client, dir, "request"));
    read_answer(client, read_text(client, dir, "answer"));
    ask(client, requests);
    for (uint64_t block = 0; block < blocks; block++)
        measured(client, requests);
    printf("%s %zu %zu\n", client->name, client->status, client->bytes);
}

/* Lists take fewer instructions where there are (src/json/pattern.h). */
static bool has_wide_registers(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

int main(int count, char **words)
{
    struct client client = { .arena = arena_new(SIZE_MAX), .canned.upstream.ops = &canned_ops };
    struct gateway *gateway;
    struct store *store;
    struct conf *conf;
    struct auth *auth;
    struct err err;
    uint64_t blocks;

    if (count < 5 || !str_to_uint(str_from(words[2]), &blocks))
        give_up("usage", "instructions CONF BLOCKS DIR NAME:REQUESTS...");
    if (conf_load(&conf, words[1], NULL, 0, &err) || auth_new(&auth, conf, &err) ||
        store_open(&store, arena_cstr(conf->arena, conf->state_dir), &err) || store_claim(store, &err) ||
        gateway_new(&gateway, conf, auth, store, &err))
        give_up(words[1], err.detail);
    client.loop = client.canned.loop = loop_new();
    client.flow = flow_new(gateway, client.loop, &client.canned.upstream);
    printf("compiler gcc-%s%s\n", __VERSION__, has_wide_registers() ? " avx2" : "");
    for (int i = 4; i < count; i++)
        run_case(&client, words[3], str_from(words[i]), blocks);
    flow_free(&client.flow);
    store_close(&store);
    loop_free(&client.loop);
    while (client.canned.spare) {
        struct upstream_call *gone = client.canned.spare;
        client.canned.spare = gone->next;
        free(gone);
    }
    gateway_free(&gateway);
    auth_free(&auth);
    conf_free(&conf);
    arena_free(&client.arena);
    return 0;
}
