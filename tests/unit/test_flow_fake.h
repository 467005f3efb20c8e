/* The backend of the flow's tests: a script of answers, told one turn of the loop later, and a log of what
 * was asked. Included by test_flow_kit.h. */
#pragma once

#include "check.h"

#include "auth/auth.h"
#include "conf/conf.h"
#include "flow/flow.h"
#include "store/store.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What the backend says to one call. The calls of an exchange are numbered in the order in which they start.
 */
struct reply {
    const char *call;   /* of the contract; NULL: any */
    int status;         /* 0: 200 */
    const char *json;   /* NULL: no body */
    const char *etag;   /* with its quotes */
    enum err_code code; /* the call fails instead */
    unsigned after_s;   /* and says so */
    bool never;
};

struct kit;
struct fake {
    struct upstream upstream; /* first: what the flow holds */
    struct kit *kit;
};

struct kit {
    char dir[64];
    struct arena *arena;
    struct arena *request; /* of heads that are lent to the flow */
    struct conf *conf;
    struct auth *auth;
    struct store *store;
    struct gateway *gateway;
    struct loop *loop;
    struct flow *flow;
    struct fake fake;
    const struct reply *replies;
    size_t reply_count;
    const struct reply *(*compose)(struct kit *kit, const struct upstream_request *request); /* or NULL */
    struct reply refusal; /* of what cannot be sent */
    struct buf log; /* of the calls: "METHOD target [if-match] [body]" and a line feed each */
    size_t started, freed, most_open, open;
    struct deadline patience;
};

struct upstream_call {
    struct kit *kit;
    const struct reply *reply;
    struct upstream_answer answer;
    struct arena *arena;
    char *text, *etag;
    upstream_done_fn *done;
    void *data;
    struct post post;
    bool posted, told;
};

static inline struct str kit_text(struct kit *kit, struct str text)
{
    struct buf out = buf_in(kit->arena, SIZE_MAX);

    for (size_t i = 0; i < text.len; i++)
        buf_char(&out, text.ptr[i] == '"' ? '\'' : text.ptr[i]);
    return buf_str(&out);
}

static inline struct str kit_json(struct kit *kit, const char *text)
{
    struct str copy = arena_copy(kit->arena, str_from(text));
    char *bytes = (char *)arena_alloc(kit->arena, copy.len + 1);

    /* an apostrophe between two letters belongs to a word */
    for (size_t i = 0; i < copy.len; i++) {
        bool inside = i && i + 1 < copy.len && isalpha((unsigned char)copy.ptr[i - 1]) &&
                      isalpha((unsigned char)copy.ptr[i + 1]);
        bytes[i] = copy.ptr[i] == '\'' && !inside ? '"' : copy.ptr[i];
    }
    return str_of(bytes, copy.len);
}

static inline void fake_tell(struct post *post)
{
    struct upstream_call *call =
        (struct upstream_call *)(void *)((char *)post - offsetof(struct upstream_call, post));
    const struct reply *reply = call->reply;
    struct err err;

    call->posted = false;
    if (!call->done) {
        free(call); /* was given up */
        return;
    }
    call->told = true;
    call->kit->open--;
    if (reply->code) {
        (void)err_set(&err, reply->code, "scripted");
        err.after_s = reply->after_s;
        call->done(call, NULL, &err, call->data);
        return;
    }
    call->answer.status = reply->status ? reply->status : 200;
    if (call->text) {
        struct tape_fault fault;
        bool good = tape_read(&call->answer.document, call->arena, str_from(call->text), &tape_default_limits,
                              &fault);
        CHECK(good || fault.limit, "a scripted answer: %s: %s", fault.what, call->text);
        if (!good) {
            (void)err_set(&err, ERR_UPSTREAM, "%s", fault.what);
            call->done(call, NULL, &err, call->data);
            return;
        }
    }
    call->answer.etag = str_from(call->etag);
    call->done(call, &call->answer, NULL, call->data);
}

/* Notes a call as it would be sent. An id that no path can carry is refused as the real backend's side does.
 */
static inline enum err_code fake_log(struct kit *kit, const struct upstream_request *request)
{
    struct buf target = buf_in(kit->arena, 64 * 1024);
    struct err err;

    if (upstream_target(request, STR(""), &target, &err)) {
        CHECK(err.code != ERR_INTERNAL, "a call without its arguments: %s", err.detail);
        return err.code;
    }
    CHECK(request->token.len > 20, "a call without the backend's token");
    buf_printf(&kit->log, STR_FMT " " STR_FMT, STR_ARG(request->call->method), STR_ARG(buf_str(&target)));
    if (request->if_match.len)
        buf_printf(&kit->log, " [" STR_FMT "]", STR_ARG(kit_text(kit, request->if_match)));
    if (request->body.ptr)
        buf_printf(&kit->log, " " STR_FMT, STR_ARG(kit_text(kit, request->body)));
    buf_char(&kit->log, '\n');
    return ERR_NONE;
}

static inline const struct reply *fake_reply(struct kit *kit, const struct upstream_request *request)
{
    static const struct reply silence = { .code = ERR_UPSTREAM };

    if (kit->compose)
        return kit->compose(kit, request);
    return kit->started < kit->reply_count ? &kit->replies[kit->started] : &silence;
}

static inline struct upstream_call *fake_start(struct upstream *upstream,
                                               const struct upstream_request *request, upstream_done_fn *done,
                                               void *data)
{
    struct kit *kit = ((struct fake *)(void *)upstream)->kit;
    struct upstream_call *call = calloc(1, sizeof *call);

    assert_non_null(call);
    kit->refusal.code = request->refused ? request->refused->code : fake_log(kit, request);
    const struct reply *reply = kit->refusal.code ? &kit->refusal : fake_reply(kit, request);
    CHECK(!reply->call || str_is(request->call->name, reply->call), "call %zu is " STR_FMT ", not %s",
          kit->started, STR_ARG(request->call->name), reply->call);
    kit->started++;
    if (request->sent)
        ++*request->sent; /* also of what is refused, so that the two can be compared */
    kit->open++;
    kit->most_open = kit->open > kit->most_open ? kit->open : kit->most_open;
    *call = (struct upstream_call){
        .kit = kit, .reply = reply, .arena = request->arena, .done = done, .data = data
    };
    /* memory of the call's own, so that whoever reads an answer after its call was freed is found */
    if (reply->json) {
        struct str json = kit_json(kit, reply->json);
        call->text = strndup(json.ptr, json.len);
    }
    if (reply->etag) {
        struct str etag = kit_json(kit, reply->etag);
        call->etag = strndup(etag.ptr, etag.len);
    }
    call->post.run = fake_tell;
    call->posted = !reply->never;
    if (call->posted)
        loop_post(kit->loop, &call->post);
    return call;
}

static inline void fake_free_call(struct upstream_call **call)
{
    struct upstream_call *gone = *call;

    if (!gone)
        return;
    gone->kit->freed++;
    gone->kit->open -= !gone->told;
    gone->done = NULL;
    free(gone->text);
    free(gone->etag);
    if (!gone->posted)
        free(gone);
    *call = NULL;
}

static const struct upstream_ops fake_ops = { .start = fake_start, .free_call = fake_free_call };
