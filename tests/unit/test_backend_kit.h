/* Scripts of calls for the backend's tests: each step names the caller, the call and what must come back. The
 * same scripts run against the service without a socket and against the listener. */
#pragma once

#include "check.h"

#include "auth/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A step. "<a>" in call, body, etag and expectations is the id that the step with `.save = 'a'` was answered.
 */
struct step {
    const char
        *as; /* "acme", "acme patients=ab" (bound to the saved ids a and b), "acme groups=g", "-": no brand */
    const char *call;            /* "GET /v1/patients" */
    const char *body;            /* NULL: none */
    const char *type, *if_match; /* type NULL: application/json when there is a body */
    int status;
    const char *has[6]; /* texts that the answer's body must hold */
    const char *lacks, *etag;
    char save;
};

struct told {
    int status;
    struct str body, etag, allow;
};

/* How a script reaches the service. */
typedef void send_fn(void *data, struct arena *arena, const struct principal *who, const struct step *step,
                     struct str method, struct str target, struct str body, struct told *told);

struct script {
    send_fn *send;
    void *data;
    struct arena *arena;
    struct str saved[128];
};

static inline struct str expand(struct script *script, const char *text)
{
    struct buf out = buf_in(script->arena, SIZE_MAX);

    buf_add(&out, STR(""));
    for (; text && *text; text++) {
        if (text[0] == '<' && text[1] && text[2] == '>') {
            struct str id = script->saved[(unsigned char)text[1]];
            CHECK(id.len, "<%c> was not saved", text[1]);
            buf_add(&out, id);
            text += 2;
        } else {
            buf_char(&out, *text);
        }
    }
    return text ? str_of(arena_cstr(script->arena, buf_str(&out)), out.len) : STR_NONE;
}

static inline struct principal caller(struct script *script, const char *as)
{
    struct str words = str_from(as), brand = words, bound = STR_NONE, letters = STR_NONE;
    struct str *ids = ARENA_ARRAY(script->arena, struct str, 8);
    struct principal who = { .subject = STR("tester") };

    (void)str_cut(words, ' ', &brand, &bound);
    who.brand = str_is(brand, "-") ? STR_NONE : brand;
    if (!bound.len)
        return who;
    (void)str_cut(bound, '=', &bound, &letters);
    for (size_t i = 0; i < letters.len; i++)
        ids[i] = script->saved[(unsigned char)letters.ptr[i]];
    if (str_is(bound, "patients")) {
        who.patients_bound = true;
        who.patients = ids;
        who.patient_count = letters.len;
    } else {
        who.groups_bound = true;
        who.groups = ids;
        who.group_count = letters.len;
    }
    return who;
}

static inline bool holds(struct str text, struct str part)
{
    return part.len == 0 || (text.len && memmem(text.ptr, text.len, part.ptr, part.len));
}

/* The first "id" of the answer, which is its own. */
static inline void save_id(struct script *script, char as, struct str body)
{
    const char *at = body.len ? memmem(body.ptr, body.len, "\"id\":\"", 6) : NULL;

    CHECK(at, "no id in " STR_FMT, STR_ARG(body));
    const char *end = strchr(at + 6, '"');
    script->saved[(unsigned char)as] = arena_copy(script->arena, str_of(at + 6, (size_t)(end - at - 6)));
}

static inline void run_step(struct script *script, const struct step *step, const char *name, size_t number)
{
    struct principal who = caller(script, step->as);
    struct str call = expand(script, step->call), method, target, body = expand(script, step->body);
    struct told told = { 0 };

    CHECK(str_cut(call, ' ', &method, &target), "%s %zu", name, number);
    script->send(script->data, script->arena, &who, step, method, target, body, &told);
    CHECK(told.status == step->status, "%s step %zu (" STR_FMT "): want %d, got %d: " STR_FMT, name, number,
          STR_ARG(call), step->status, told.status, STR_ARG(told.body));
    for (size_t i = 0; i < COUNT(step->has) && step->has[i]; i++)
        CHECK(holds(told.body, expand(script, step->has[i])), "%s step %zu (" STR_FMT "): no %s in " STR_FMT,
              name, number, STR_ARG(call), step->has[i], STR_ARG(told.body));
    if (step->lacks)
        CHECK(!holds(told.body, expand(script, step->lacks)), "%s step %zu (" STR_FMT "): %s in " STR_FMT,
              name, number, STR_ARG(call), step->lacks, STR_ARG(told.body));
    if (step->etag)
        CHECK(str_is(told.etag, step->etag), "%s step %zu (" STR_FMT "): etag " STR_FMT, name, number,
              STR_ARG(call), STR_ARG(told.etag));
    if (step->status >= 400)
        CHECK(holds(told.body, STR("{\"error\":\"")) && holds(told.body, STR("\"message\":\"")),
              "%s step %zu: shape of " STR_FMT, name, number, STR_ARG(told.body));
    if (step->save)
        save_id(script, step->save, told.body);
}

#define RUN(script, steps)                                                                                   \
    do {                                                                                                     \
        for (size_t run_at_ = 0; run_at_ < COUNT(steps); run_at_++)                                          \
            run_step((script), &(steps)[run_at_], #steps, run_at_);                                          \
    } while (0)

/* A folder of its own, removed with what the databases left in it. */
static inline const char *make_folder(void)
{
    static char path[] = "/tmp/dragoman-backend-XXXXXX";

    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    CHECK(mkdtemp(path), "mkdtemp");
    return path;
}

static inline void remove_folder(const char *path)
{
    static const char *const names[] = { "backend.db", "backend.db-wal", "backend.db-shm", "signing-key.pem",
                                         "other.db",   "other.db-wal",   "other.db-shm",   "conf.yaml" };
    char file[256];

    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(file, sizeof file, "%s/%s", path, names[i]);
        (void)unlink(file);
    }
    CHECK(rmdir(path) == 0, "%s is not empty", path);
}
