/* Mappings and contract bound to each other: what does not fit is found when the gateway starts, at its
 * place. */
#include "check.h"

#include "conf/conf.h"
#include "flow/flow.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char dir[64];
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(SIZE_MAX);
    (void)snprintf(dir, sizeof dir, "/tmp/test_flow.XXXXXX");
    assert_non_null(mkdtemp(dir));
    return system(arena_printf(arena, "mkdir %s/d %s/canonical", dir, dir).ptr);
}

static int teardown(void **state)
{
    struct str command = arena_printf(arena, "rm -rf %s", dir);

    (void)state;
    int failed = system(command.ptr);
    arena_free(&arena);
    return failed;
}

static void write_file(const char *name, const char *text)
{
    FILE *out = fopen(arena_printf(arena, "%s/%s", dir, name).ptr, "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* One dialect; the last two lines are the test's. */
static void write_dialect(const char *lookups, const char *operation)
{
    struct str text = arena_printf(arena,
                                   "dialect: d\nfacade: { paths: [/v1] }\ncredential: { header: x-token }\n"
                                   "media: { request: [application/json], answer: [application/json] }\n"
                                   "errors: { one: { e: $message }, faults: { blank: x } }\n"
                                   "lookups: { %s }\noperations: { o: { request: GET /v1/x, scopes: [a], "
                                   "resource: r, %s, answer: $items } }\n",
                                   lookups, operation);

    write_file("d/dialect.yaml", text.ptr);
    write_file("d/r.yaml", "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a }\n");
    write_file("canonical/contract.yaml", "calls:\n  one: { request: \"GET /x/{x_id}\", query: [q, from] }\n"
                                          "  all: { request: GET /x, items: xs, total: n, query: [q] }\n"
                                          "  make: { request: POST /x, needs: [a] }\n"
                                          "  lack: { request: POST /x, needs: [a, b] }\n");
}

static int load(const char *set, struct gateway **gateway, struct err *err)
{
    const char *sets[] = { arena_printf(arena, "mappings=%s", dir).ptr, set };
    struct conf *conf;

    if (conf_load(&conf, NULL, sets, set ? 2 : 1, err))
        return -1;
    int failed = gateway_new(gateway, conf, NULL, NULL, err);
    if (!failed)
        gateway_free(gateway);
    conf_free(&conf);
    return failed;
}

static void what_does_not_fit(void **state)
{
    static const struct {
        const char *lookups, *operation;
        const char *fault; /* from the line on */
    } cases[] = {
        { "", "call: al", "7:72: unknown call 'al'" },
        { "", "call: one, stored: on", "7:85: unknown call 'on'" },
        { "", "call: all, include: { i: { resource: r, from: f, call: all, param: p, scopes: [s] } }",
          "7:18: include: all takes no parameter 'p'" },
        { "", "call: all, include: { i: { resource: r, from: f, call: one, param: x_id, scopes: [s] } }",
          "7:18: include: one is not a list, expected one for an operation that shows many" },
        { "", "call: all, query: { q: { type: string, to: r } }", "7:89: all takes no parameter 'r', expected one of: q" },
        { "", "call: all, query: { q: { type: range, to: q, to_end: z } }",
          "7:89: all takes no parameter 'z'" },
        { "", "call: all, then: { call: no, param: p, member: m, read: one }", "7:18: unknown call 'no'" },
        { "", "call: all, then: { call: one, param: p, member: m, read: no }", "7:18: unknown call 'no'" },
        { "", "call: all, then: { call: one, param: p, member: m, read: one, undo: no }",
          "7:18: unknown call 'no'" },
        { "", "call: make, query: { q: { type: string, to: z } }", "7:90: make takes no parameter 'z', expected none" },
        { "", "call: one", "7:85: one is not a list, expected $item" },
        { "", "call: make, body: {}", "7:18: GET must only read, but make is a POST" },
        { "", "call: all, open: true", "7:83: the backend is asked on somebody's behalf, expected scopes:" },
        { "l: { call: no }", "call: all", "6:15: unknown call 'no'" },
        { "l: { call: all, members: { m: { type: string, to: z } } }", "call: all",
          "6:42: all takes no parameter 'z'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect(cases[i].lookups, cases[i].operation);
        int failed = load(NULL, &gateway, &err);
        struct str want = arena_printf(arena, "%s/d/dialect.yaml:%s", dir, cases[i].fault);
        CHECK(failed && err.code == ERR_CONFIG && !gateway, "%s %s", cases[i].lookups, cases[i].operation);
        CHECK(str_starts(str_from(err.detail), want), "%s %s: %s", cases[i].lookups, cases[i].operation,
              err.detail);
    }
}

/* In place of the dialect's own operation, one that sends a document. */
static void write_post(const char *call, const char *body)
{
    write_file("d/dialect.yaml",
               arena_printf(arena, "dialect: d\nfacade: { paths: [/v1] }\ncredential: { header: x-token }\n"
                            "media: { request: [application/json], answer: [application/json] }\n"
                            "errors: { one: { e: $message }, faults: { blank: x } }\n"
                            "operations: { o: { request: POST /v1/x, scopes: [a], resource: r, call: %s, body: %s, "
                            "answer: $item } }\n", call, body).ptr);
}

/* A member that the backend insists on and no rule writes: each create would fail, and blame the client. */
static void what_a_call_needs(void **state)
{
    static const struct {
        const char *call, *mapping;
        const char *fault; /* NULL: none */
    } cases[] = {
        { "make", "fields:\n  a: { type: string, is: a }\n", NULL },
        { "lack", "fields:\n  a: { type: string, is: a }\n", "/d/r.yaml:1:1: nothing writes b, which lack needs, expected" },
        { "lack", "fields:\n  a: { type: string, is: a }\nset: { b: $brand }\n", NULL },
        { "lack", "fields:\n  a: { type: string, is: a }\n  g:\n    h: { type: string, is: b }\n", NULL },
        { "lack", "fields:\n  b: { type: string, is: a }\n", "/d/r.yaml:1:1: nothing writes b, which lack needs" },
        { "lack", "fields:\n  is: { type: string, is: a }\nset: { c: $brand }\n", "/d/r.yaml:1:1: nothing writes b" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_post(cases[i].call, "{}");
        write_file("d/r.yaml", arena_printf(arena, "dialect: d\nresource: r\nentity: e\n%s", cases[i].mapping).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
}

/* A body that is judged by another mapping than the answer's: what it keeps must be shown by somebody. */
static void what_a_body_keeps(void **state)
{
    static const char fault[] = "/d/dialect.yaml:6:85: what s keeps nothing shows, expected";
    static const struct {
        const char *body, *kept, *shown;
        const char *fault; /* NULL: none */
    } cases[] = {
        { "{ resource: s }", "store", "store", NULL },
        { "{ resource: s }", "refuse", "refuse", NULL },
        { "{ resource: s }", "store", "refuse", fault },
        { "{ resource: s }", "store", "metadata.m", fault },
        { "{ resource: s }", "metadata.m", "refuse", NULL },
        { "{ resource: s, pass: true }", "store", "refuse", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_post("make", cases[i].body);
        write_file("d/r.yaml", arena_printf(arena, "dialect: d\nresource: r\nentity: e\nfields:\n"
                                            "  a: { type: string, is: a }\nrest: %s\n", cases[i].shown).ptr);
        write_file("d/s.yaml", arena_printf(arena, "dialect: d\nresource: s\nentity: e\nfields:\n"
                                            "  a: { type: string, is: a }\nrest: %s\n", cases[i].kept).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
    assert_int_equal(remove(arena_printf(arena, "%s/d/s.yaml", dir).ptr), 0);
}

/* A canonical member that no mapping of the entity has, or has as something else, would say nothing, in silence. */
static void what_modified_names(void **state)
{
    static const char fault[] = "/d/dialect.yaml:6:99: nothing reaches the moment \"at\": no mapping of e has it, expected";
    static const struct {
        const char *shown, *other; /* rules of two mappings of the entity, the first one the operation's */
        const char *fault;         /* NULL: none */
    } cases[] = {
        { "b: { type: datetime, is: at, read_only: true }", "c: { type: string, is: c }", NULL },
        { "b: { type: string, is: b }", "c: { type: datetime, is: at }", NULL },
        { "b: { type: string, is: at }", "c: { type: string, is: c }", NULL }, /* may be one */
        { "b: { type: string, is: b }\nset: { at: $now }", "c: { type: string, is: c }", NULL },
        { "b: { type: string, is: b }", "c: { type: string, is: c }", fault },
        { "at: { type: datetime, is: b }", "c: { type: datetime, is: att }", fault },
        { "b: { type: date, is: at }", "c: { type: string, is: c }", fault },
        { "b: { type: integer, is: at }", "c: { type: string, is: c }", fault },
        { "b: { type: string, is: b }\nset: { at: $brand }", "c: { type: string, is: c }", fault },
        { "b: { type: object, is: at }", "c: { type: string, is: c }", fault },
        { "b: { type: datetime, is: m.at }", "c: { type: string, is: c }", fault },
        { "b: { type: list, is: l, fields: { c: { type: datetime, is: at } } }", "c: { type: string, is: c }", fault },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_post("make", "{}, modified: at");
        write_file("d/r.yaml", arena_printf(arena, "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a }\n"
                                            "  %s\n", cases[i].shown).ptr);
        write_file("d/s.yaml", arena_printf(arena, "dialect: d\nresource: s\nentity: e\nfields:\n  %s\n", cases[i].other).ptr);
        write_file("d/t.yaml", "dialect: d\nresource: t\nentity: other\nfields:\n  a: { type: datetime, is: at }\n");
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
    assert_int_equal(remove(arena_printf(arena, "%s/d/s.yaml", dir).ptr), 0);
    assert_int_equal(remove(arena_printf(arena, "%s/d/t.yaml", dir).ptr), 0);
}

#define CALLS  "calls:\n  all: { request: GET /x, items: xs, query: [q] }\n  one: { request: GET /y, query: [q] }\n"
#define SCOPES "scopes: { read: [x], write: [x, y] }\n"

/* One that nobody has would close an operation to all but admin:*, in silence. */
static void scopes_that_nobody_has(void **state)
{
    static const struct {
        const char *contract, *lookups, *operation;
        const char *fault; /* NULL: none */
    } cases[] = {
        { CALLS, "", "scopes: [a]", NULL },
        { SCOPES CALLS, "", "scopes: ['read:x', 'write:y']", NULL },
        { SCOPES CALLS, "", "scopes: ['read:x', 'read:y']", "/d/dialect.yaml:7:59: there is no scope 'read:y', expected one of" },
        { SCOPES CALLS, "", "scopes: [a]", "/d/dialect.yaml:7:49: there is no scope 'a', expected" },
        { SCOPES CALLS, "", "scopes: ['admin:x']", "there is no scope 'admin:x'" },
        { SCOPES CALLS, "", "scopes: ['read:*']", "there is no scope 'read:*'" },
        { SCOPES CALLS, "", "scopes: ['read:']", "there is no scope 'read:'" },
        { SCOPES CALLS, "", "scopes: ['read:x'], include: { i: { resource: r, from: f, call: all, param: q, scopes: ['read:z'] } }",
          "there is no scope 'read:z'" },
        { SCOPES CALLS, "l: { call: one, match: make, scope: 'write:x' }", "scopes: ['read:x']", NULL },
        { SCOPES CALLS, "l: { call: one, match: make, scope: 'write:z' }", "scopes: ['read:x']", "/d/dialect.yaml:6:48: there is no scope 'write:z'" },
        { "scopes: [read]\n" CALLS, "", "scopes: [a]", "/canonical/contract.yaml:1:9: found a list, expected a map" },
        { "scopes: { read: x }\n" CALLS, "", "scopes: [a]", "/canonical/contract.yaml:1:17: found \"x\", expected a list" },
        { "scopes: { read: [[x]] }\n" CALLS, "", "scopes: [a]", "/canonical/contract.yaml:1:18: found a list, expected text" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_file("canonical/contract.yaml", cases[i].contract);
        write_file("d/dialect.yaml", arena_printf(arena,
                                                  "dialect: d\nfacade: { paths: [/v1] }\ncredential: { header: x-token }\n"
                                                  "media: { request: [application/json], answer: [application/json] }\n"
                                                  "errors: { one: { e: $message }, faults: { blank: x } }\n"
                                                  "lookups: { %s }\noperations: { o: { request: GET /v1/x, %s, "
                                                  "resource: r, call: all, answer: $items } }\n",
                                                  cases[i].lookups, cases[i].operation).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
}

/* What the contract says of members, beside the literals of a mapping file. */
static void literals_that_the_backend_never_has(void **state)
{
#define MEMBERS "members: { e: { a: string, w: [manual, api, upload], b: boolean, i: integer, t: datetime, d: decimal } }\nfurther: { e: [x, l] }\n" CALLS
    static const struct {
        const char *contract, *fields, *fault; /* NULL: none */
    } cases[] = {
        { CALLS, "  w: { type: string, is: w }\nset: { w: device }\n", NULL },
        { MEMBERS, "  w: { type: string, is: w }\nset: { w: api, b: true, i: 7, t: '2024-01-01T00:00:00Z', d: '0.10', x: 1 }\n", NULL },
        { MEMBERS, "  w: { type: string, is: w }\nset: { w: device }\n",
          "/d/r.yaml:6:11: w of e is never \"device\", expected manual, api or upload" },
        { MEMBERS, "  w: { type: string, is: w }\nset: { w: apy }\n",
          "/d/r.yaml:6:11: w of e is never \"apy\", expected manual, api or upload; did you mean 'api'?" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { w: 5 }\n", "/d/r.yaml:6:11: w of e is never 5, expected manual" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { b: yes }\n", "b of e is never \"yes\", expected boolean" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { i: 1.5 }\n", "i of e is never 1.5, expected integer" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { d: 0.1 }\n", "d of e is never 0.1, expected decimal" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { t: '2024-01-01' }\n", "t of e is never \"2024-01-01\", expected datetime" },
        { MEMBERS, "  x: { type: string, is: x }\nset: { a: [] }\n", "a of e is never [], expected string" },
        { MEMBERS, "  x: { type: datetime, is: t }\nset: { t: $now }\n", NULL },
        { MEMBERS, "  w: { type: string, is: w, default: aspi }\n", "/d/r.yaml:5:38: w of e is never \"aspi\"" },
        { MEMBERS, "  w: { type: string, is: w, enum: { m: manual, d: device } }\n", "/d/r.yaml:5:51: w of e is never \"device\"" },
        { MEMBERS, "  w: { type: string, is: w, enum: [manual, device] }\n", "/d/r.yaml:5:44: w of e is never \"device\"" },
        { MEMBERS, "  w: { type: string, is: w, enum: { m: manual }, also: { d: device } }\n", "/d/r.yaml:5:61: w of e is never" },
        { MEMBERS, "  g:\n    w: { type: string, is: w, enum: [device] }\n", "/d/r.yaml:6:38: w of e is never \"device\"" },
        { MEMBERS, "  x: { type: datetime, is: x, tells: { w: [api, device] } }\n", "/d/r.yaml:5:49: w of e is never \"device\"" },
        { MEMBERS, "  w: { type: string, is: w }\n  x: { type: string, is: x, when: { w: device } }\n",
          "/d/r.yaml:6:40: w of e is never \"device\"" },
        { MEMBERS, "  l: { type: list, is: l, fields: { w: { type: string, is: w, enum: [device] } } }\n", NULL },
        { MEMBERS, "  p: { type: pick, fields: { w: { type: string, is: w, enum: [device] } } }\n", "w of e is never \"device\"" },
        { "members: { e: { w: [] } }\n" CALLS, "  w: { type: string, is: w }\n", "/canonical/contract.yaml:1:20: no words" },
        { "members: { e: { w: text } }\n" CALLS, "  w: { type: string, is: w }\n", "/canonical/contract.yaml:1:20: this is no type" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_file("canonical/contract.yaml", cases[i].contract);
        write_file("d/r.yaml", arena_printf(arena, "dialect: d\nresource: r\nentity: e\nfields:\n%s", cases[i].fields).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
}

/* A backend ignores a member that it does not know: what a client says of it would be lost. */
static void members_that_the_backend_does_not_know(void **state)
{
    static const struct {
        const char *contract, *fields, *fault; /* NULL: none */
    } cases[] = {
        { CALLS, "  y: { type: string, is: y }\n", NULL },
        { MEMBERS, "  y: { type: string, is: y }\n", "/d/r.yaml:5:26: e has no member 'y', expected one of canonical/contract.yaml" },
        { MEMBERS, "  y: { type: string, is: y.z, read_only: true }\n", "/d/r.yaml:5:26: e has no member 'y'" },
        { MEMBERS, "  y: { type: string, is: a.z }\n", NULL },
        { MEMBERS, "  y: { type: string, is: x.z }\n", NULL },
        { MEMBERS, "  g:\n    y: { type: string, is: y }\n", "/d/r.yaml:6:28: e has no member 'y'" },
        { MEMBERS, "  y: { type: quantity, is: [d, y] }\n", "/d/r.yaml:5:32: e has no member 'y'" },
        { MEMBERS, "  p: { type: pick, fields: { y: { type: string, is: y } } }\n", "/d/r.yaml:5:53: e has no member 'y'" },
        { MEMBERS, "  l: { type: list, is: l, fields: { y: { type: string, is: y } } }\n", NULL }, /* an element's own */
        { MEMBERS, "  x: { type: string, is: x }\nset: { y: 1 }\n", "/d/r.yaml:6:8: e has no member 'y'" },
        { MEMBERS, "  x: { type: datetime, is: x, tells: { y: [m, n] } }\n", "/d/r.yaml:5:40: e has no member 'y'" },
        { MEMBERS, "  x: { type: string, is: x }\nrest: metadata.d\n", "/d/r.yaml:6:7: e has no member 'metadata'" },
        { MEMBERS, "  x: { type: string, is: x }\nrest: l.d\n", NULL },
        { "members: { e: { state: string } }\n" CALLS, "  s: { type: string, is: stat }\n", "; did you mean 'state'?" },
        { "members: { e: { a: string } }\nfurther: { f: [x] }\n" CALLS, "  a: { type: string, is: a }\n",
          "/canonical/contract.yaml:2:12: members: has no such entity" },
        { "members: { e: { a: string } }\nfurther: { e: x }\n" CALLS, "  a: { type: string, is: a }\n",
          "/canonical/contract.yaml:2:15: found \"x\", expected a list" },
        { "further: { e: [x] }\n" CALLS, "  a: { type: string, is: a }\n", "/canonical/contract.yaml:1:12: members: has no such entity" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_file("canonical/contract.yaml", cases[i].contract);
        write_file("d/r.yaml", arena_printf(arena, "dialect: d\nresource: r\nentity: e\nfields:\n%s", cases[i].fields).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
}

/* What the contract says of a mapping is told beside its own faults, all of them in order of place. */
static void all_faults_of_a_mapping(void **state)
{
    static const char *const told[] = {
        "r.yaml:5:29: unknown key \"reqird\"", "r.yaml:6:26: e has no member 'y'", "r.yaml:7:33: there is no entity 'kk'",
        "r.yaml:8:33: there is no entity 'kl'", "r.yaml:9:38: w of e is never \"device\"", "r.yaml:10:11: \"$b\" is not a value",
    };
    struct err_list faults = { .arena = arena };
    struct gateway *gateway = NULL;
    struct conf *conf;
    struct err err = { 0 };
    const char *sets[] = { arena_printf(arena, "mappings=%s", dir).ptr };

    (void)state;
    write_dialect("", "call: all");
    write_file("canonical/contract.yaml", MEMBERS);
    write_file("d/r.yaml", "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a, reqird: create }\n"
                           "  y: { type: string, is: y }\n  k: { type: id, is: x.k, kind: kk }\n  l: { type: id, is: l.i, kind: kl }\n"
                           "  w: { type: string, is: w, default: device }\nset: { i: $b }\n");
    assert_int_equal(conf_load(&conf, NULL, sets, 1, &err), 0);
    assert_int_equal(gateway_judge(&gateway, conf, &faults, &err), 0);
    yaml_sort_faults(&faults);
    for (size_t i = 0; i < faults.count; i++)
        CHECK(i < COUNT(told) && strstr(faults.items[i].detail, told[i]), "%zu: %s", i, faults.items[i].detail);
    assert_int_equal(faults.count, COUNT(told));
    gateway_free(&gateway);
    conf_free(&conf);
}

/* Whose an entity is under a patient's path is compared, so it must be known. */
static void patients_of_the_path_that_no_call_is_told(void **state)
{
    static const struct {
        const char *operation, *fault; /* NULL: none */
    } cases[] = {
        { "request: \"GET /v1/p/{p}/x/{x}\", call: read, path: { p: { type: id, kind: patient }, x: { type: string, to: x_id } }, answer: $item", NULL },
        { "request: \"GET /v1/p/{p}/x\", call: all, path: { p: { type: id, kind: patient } }, answer: $items",
          "/d/dialect.yaml:6:96: all is not told of this patient, expected to: patient_id" },
        { "request: \"POST /v1/p/{p}/x\", call: make, path: { p: { type: id, kind: patient } }, body: {}, answer: $item",
          "make is not told of this patient" },
        { "request: \"PUT /v1/p/{p}/x/{x}\", call: end, path: { p: { type: id, kind: patient }, x: { type: string, to: x_id } }, answer: $item",
          "nothing reads whose patient's the entity is before it is changed, expected stored:" },
        { "request: \"PUT /v1/p/{p}/x/{x}\", call: end, stored: read, path: { p: { type: id, kind: patient }, x: { type: string, to: x_id } }, answer: $item",
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all");
        write_file("canonical/contract.yaml", "calls:\n  all: { request: GET /x, items: xs, entity: e }\n  read: { request: \"GET /x/{x_id}\", entity: e }\n"
                                              "  make: { request: POST /x, entity: e }\n  end: { request: \"DELETE /x/{x_id}\", entity: e }\n"
                                              "  patient: { request: GET /p, entity: patient }\n");
        write_file("d/dialect.yaml", arena_printf(arena,
                                                  "dialect: d\nfacade: { paths: [/v1] }\ncredential: { header: x-token }\n"
                                                  "media: { request: [application/json], answer: [application/json] }\n"
                                                  "errors: { one: { e: $message }, faults: { blank: x } }\n"
                                                  "operations: { o: { scopes: [a], resource: r, %s } }\n",
                                                  cases[i].operation).ptr);
        int failed = load(NULL, &gateway, &err);
        CHECK((failed != 0) == (cases[i].fault != NULL), "%zu: %s", i, err.detail);
        CHECK(!cases[i].fault || strstr(err.detail, cases[i].fault), "%zu: %s", i, err.detail);
    }
}

static void settings_that_name_nobody(void **state)
{
    static const char *const sets[] = { "default_facade=nobody", "facades=[{dialect: nobody, hosts: [x]}]",
                                        "facades=[{dialect: d, answers: nobody}]",
                                        "facades=[{dialect: d, answers: bare}, {dialect: d, answers: nobody}]",
                                        "facades=[{dialect: d, url: 'http://nobody/x'}]" };

    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect("", "call: all, answers: { bare: $items }");
        int failed = load(sets[i], &gateway, &err);
        bool names = strstr(err.detail, "nobody") || strstr(err.detail, "d shows no link of its own address") || strstr(err.detail, "d cannot answer in two forms");
        CHECK(failed && err.code == ERR_CONFIG && names, "%s: %s", sets[i], err.detail);
    }
}

static void what_fits(void **state)
{
    static const struct {
        const char *lookups, *operation;
    } cases[] = {
        { "", "call: all" },
        { "", "call: all, query: { q: { type: string, to: q } }" },
        { "", "call: all, query: { q: { type: string } }" }, /* only judged */
        { "l: { call: one, members: { m: { type: string, to: x_id }, n: { type: string, to: z, in: body } } "
          "}",
          "call: all, then: { call: one, param: p, member: m, read: one, undo: one }" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gateway *gateway = NULL;
        struct err err = { 0 };
        write_dialect(cases[i].lookups, cases[i].operation);
        CHECK(!load(NULL, &gateway, &err), "%s %s: %s", cases[i].lookups, cases[i].operation, err.detail);
        CHECK(!load("default_facade=d", &gateway, &err), "%s", err.detail);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(what_a_call_needs),
        cmocka_unit_test(what_a_body_keeps),
        cmocka_unit_test(what_modified_names),
        cmocka_unit_test(scopes_that_nobody_has),
        cmocka_unit_test(literals_that_the_backend_never_has),
        cmocka_unit_test(members_that_the_backend_does_not_know),
        cmocka_unit_test(all_faults_of_a_mapping),
        cmocka_unit_test(patients_of_the_path_that_no_call_is_told),
        cmocka_unit_test(settings_that_name_nobody),
        cmocka_unit_test(what_fits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
