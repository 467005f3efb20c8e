/* Faults in dialect.yaml: each with its exact place, none let through. One good file, one line of it
 * replaced. */
#include "check.h"

#include "dialect/dialect.h"
#include "test_file.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every section is one line, so a section's number is its line. */
static const struct {
    const char *key, *text;
} good[] = {
    { "dialect", "d" },
    { "facade", "{ hosts: [d.localhost], paths: [/v1] }" },
    { "credential", "{ header: x-token }" },
    { "media", "{ request: [application/json], answer: [application/json] }" },
    { "lens", "{ absent: omit }" },
    { "ids", "{ patient: integer }" },
    { "paging", "{ number: page, size: size }" },
    { "errors", "{ one: { e: $message }, faults: { blank: x } }" },
    { "lookups", "{ l: { call: c, members: { m: { type: string } } } }" },
    { "operations", "{ list: { request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $items } }" },
};

static const char mapping[] = "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a }\n";

/* mappings/ of one dialect in a folder of its own. */
struct folder {
    struct arena *arena;
    char dir[64];
};

static const char *path_in(const struct folder *folder, const char *name)
{
    return arena_printf(folder->arena, "%s/%s", folder->dir, name).ptr;
}

static void write_file(const struct folder *folder, const char *name, struct str text)
{
    FILE *out = fopen(path_in(folder, name), "w");

    assert_non_null(out);
    assert_true(fwrite(text.ptr, 1, text.len, out) == text.len);
    assert_int_equal(fclose(out), 0);
}

static struct folder folder_new(void)
{
    struct folder folder = { .arena = arena_new(SIZE_MAX), .dir = "/tmp/test_dialect.XXXXXX" };

    assert_non_null(mkdtemp(folder.dir));
    assert_int_equal(mkdir(path_in(&folder, "d"), 0700), 0);
    write_file(&folder, "d/r.yaml", STR(mapping));
    return folder;
}

static void folder_done(struct folder *folder)
{
    (void)unlink(path_in(folder, "d/r.yaml"));
    (void)unlink(path_in(folder, "d/dialect.yaml"));
    (void)rmdir(path_in(folder, "d"));
    assert_int_equal(rmdir(folder->dir), 0);
    arena_free(&folder->arena);
}

/* `key` with another text; NULL takes the section away. Other keys are appended. */
static struct str file_with(struct arena *arena, const char *key, const char *text)
{
    struct buf out = buf_in(arena, 64 * 1024);
    bool found = false;

    for (size_t i = 0; i < COUNT(good); i++) {
        bool here = key && !strcmp(good[i].key, key);
        found = found || here;
        if (!here)
            buf_printf(&out, "%s: %s\n", good[i].key, good[i].text);
        else if (text)
            buf_printf(&out, "%s: %s\n", key, text);
    }
    if (key && !found)
        buf_printf(&out, "%s: %s\n", key, text);
    return buf_str(&out);
}

static const struct {
    const char *key, *text;
    const char *fault; /* from the line number on, or the whole where it names no line */
} bad[] = {
    { "dialect", NULL, "1:1: no name, expected dialect: NAME" },
    { "dialect", "e", "1:10: \"e\" is not the folder's name, expected d" },
    { "dialect", "[d]", "1:10: found a list, expected text" },
    { "dialekt", "d", "11:1: unknown key" },
    { "lens", "{ empty: none }", "5:16: unknown value, expected absent or shown" },
    { "facade", NULL, "1:1: no facade:, expected it" },
    { "facade", "[/v1]", "2:9: found a list, expected a map" },
    { "facade", "{ path: [/v1] }", "2:11: unknown key" },
    { "facade", "{ paths: /v1 }", "2:18: found \"/v1\", expected a list" },
    { "facade", "{ paths: [[/v1]] }", "2:19: found a list, expected text" },
    { "facade", "{ prefix: [/pub] }", "2:19: found a list, expected text" },
    { "facade", "{ prefix: pub }", "2:19: found \"pub\", expected a path such as /v1" },
    { "facade", "{ prefix: / }", "2:19: found \"/\", expected a path such as /v1" },
    { "facade", "{ prefix: /pub/ }", "2:19: found \"/pub/\", expected a path such as /v1" },
    { "facade", "{ paths: [/v1, v2] }", "2:24: found \"v2\", expected a path such as /v1" },
    { "facade", "{ paths: [/v1//x] }", "2:19: found \"/v1//x\", expected a path such as /v1" },
    { "credential", NULL, "1:1: no credential:, expected it" },
    { "credential", "{ scheme: Bearer }", "3:13: a credential without header:" },
    { "credential", "{ header: \"\" }", "3:13: a credential without header:" },
    { "credential", "{ header: X-Token }",
      "3:23: found \"X-Token\", expected a header's name in lower case" },
    { "credential", "{ header: x-token, sheme: Bearer }", "3:32: unknown key" },
    { "media", NULL, "1:1: no media:, expected it" },
    { "media", "{ request: [application/json] }", "4:8: media: needs request: and answer:" },
    { "media", "{ answer: [application/json] }", "4:8: media: needs request: and answer:" },
    { "media", "{ request: [], answer: [application/json] }", "4:8: media: needs request: and answer:" },
    { "media", "{ request: [json], answer: [a/b] }", "4:20: \"json\" is not a media type, expected one such as application/json" },
    { "media", "{ request: [a/b], answer: [a/b, b/] }", "4:40: \"b/\" is not a media type" },
    { "media", "{ request: [a/b; v=1], answer: [a/b] }", "4:20: \"a/b; v=1\" is not a media type" },
    { "media", "{ request: [a/b], answer: [a/b], without: a/b }", "4:41: unknown key" },
    { "media", "{ request: [a/b], answer: [a/b], parameter: f }",
      "4:8: parameter: and words: of media belong together" },
    { "media", "{ request: [a/b], answer: [a/b], words: { x: a/b } }",
      "4:8: parameter: and words: of media belong together" },
    { "media", "{ request: [a/b], answer: [a/b], parameter: f, words: { x: c/d } }",
      "4:62: 'c/d' is not a media type under answer:" },
    { "media", "{ request: [a/b], answer: [a/b], also: [x] }", "4:47: found a list, expected a map" },
    { "parameters", "{ unknown: keep }", "11:24: unknown value, expected refuse or ignore" },
    { "parameters", "{ headers: x }", "11:24: found \"x\", expected a list" },
    { "parameters", "{ unread: x }", "11:23: found \"x\", expected a list" },
    { "parameters", "{ known: [x] }", "11:15: unknown key" },
    { "lens", "{ absent: leave }", "5:17: unknown value, expected null or omit" },
    { "lens", "{ null_on_create: maybe }", "5:25: unknown value, expected refuse or absent" },
    { "lens", "{ read_only: drop }", "5:20: unknown value, expected refuse or ignore" },
    { "lens", "{ read_only: [refuse] }", "5:20: unknown value, expected refuse or ignore" },
    { "lens", "{ readonly: refuse }", "5:9: unknown key" },
    { "ids", "[patient]", "6:6: found a list, expected a map" },
    { "ids", "{ patient: uuid }", "6:17: unknown form of id, expected same, integer, hex24 or verbatim" },
    { "ids", "{ a: same, b: [hex24] }", "6:20: unknown form of id" },
    { "paging", "{ number: page }", "7:9: paging: needs size: and one of number: and offset:" },
    { "paging", "{ size: size }", "7:9: paging: needs size: and one of number: and offset:" },
    { "paging", "{ number: page, offset: o, size: s }", "7:9: paging: needs size: and one of" },
    { "paging", "{ number: page, size: s, max: 0 }", "7:39: found \"0\", expected a whole number" },
    { "paging", "{ number: page, size: s, max: 1001 }", "7:39: found \"1001\", expected a whole number" },
    { "paging", "{ number: page, size: s, max: ten }", "7:39: found \"ten\", expected a whole number" },
    { "paging", "{ number: page, size: s, max: 10, default: 11 }",
      "7:52: found \"11\", expected a whole number" },
    { "paging", "{ number: page, size: s, min: 2 }", "7:39: found \"2\", expected a whole number" },
    { "paging", "{ number: page, size: s, over: error }", "7:40: unknown value, expected refuse or clamp" },
    { "paging", "{ number: page, size: s, links: host }", "7:41: unknown value" },
    { "paging", "{ number: page, size: s, refuse: cursor }", "7:42: found \"cursor\", expected a list" },
    { "errors", NULL, "1:1: no errors:, expected it" },
    { "errors", "{ faults: { blank: x } }", "8:9: no shape for an error, expected one:" },
    { "errors", "{ one: { e: $message } }", "8:9: no words for faults, expected faults:" },
    { "errors", "{ one: { e: $massage }, faults: {} }", "8:21: unknown variable '$massage'" },
    { "errors", "{ one: {}, faults: [x] }", "8:28: found a list, expected a map" },
    { "errors", "{ one: {}, faults: {}, codes: [x] }", "8:39: found a list, expected a map" },
    { "errors", "{ one: {}, faults: {}, codes: { no_such: { code: x } } }", "8:41: unknown error 'no_such'" },
    { "errors", "{ one: {}, faults: {}, codes: { conflict: { status: 200 } } }",
      "8:61: found \"200\", expected a whole number" },
    { "errors", "{ one: {}, faults: {}, codes: { conflict: { status: 600 } } }",
      "8:61: found \"600\", expected a whole number" },
    { "errors", "{ one: {}, faults: {}, codes: { conflict: { text: x } } }", "8:53: unknown key" },
    { "errors", "{ one: {}, faults: {}, codes: { conflict: 409 } }", "8:51: found \"409\", expected a map" },
    { "errors", "{ one: {}, faults: {}, paths: slashes }",
      "8:39: unknown way to write paths, expected dotted, brackets or pointer" },
    { "errors", "{ one: {}, faults: {}, all: {} }", "8:32: unknown key" },
    { "errors", "{ one: {}, faults: { blank: { a: b } } }",
      "8:37: no words, expected text or a list of texts" },
    { "errors", "{ one: {}, faults: { blank: [x, [y]] } }", "8:41: found a list, expected text" },
    { "errors", "{ one: {}, faults: { blank: [] } }", "8:37: no words, expected text or a list of texts" },
    { "errors", "{ one: {}, faults: { blanc: x } }", "8:30: \"blanc\" is not a kind of fault, expected one of docs/dialect.md such as blank, type, format or enum; did you mean 'blank'?" },
    { "errors", "{ one: {}, faults: {}, codes: { notfound: {} } }", "8:41: unknown error 'notfound', expected one of docs/dialect.md such as "
      "not_found, invalid or conflict; did you mean 'not_found'?" },
    { "errors", "{ one: { e: $mesage }, faults: {} }", "8:21: unknown variable '$mesage', expected one of docs/dialect.md such as $item or "
      "$request_id; did you mean 'message'?" },
    { "credential", "{ heade: x }", "3:15: unknown key \"heade\", expected one of: header, scheme; did you mean 'header'?" },
    { "operations", "{ list: { request: GET /v1/x, scope: [a], resource: r, call: c, answer: $items } }",
      "10:43: unknown key \"scope\", expected one of: request, also, scopes, open, " },
    { "operations", "{ list: { request: GET /v1/x, scopes: [a], resource: s, call: c, answer: $items } }",
      "10:66: no mapping file has resource: s" },
    { "errors", "{ one: {}, faults: { blank_date: x, blankdate: x } }", "8:45: \"blankdate\" is not a kind of fault" },
    { "errors", "{ one: {}, faults: { type: no $wnat } }", "8:36: unknown variable in \"no $wnat\", expected $want" },
    { "errors", "{ one: {}, faults: { type: [a, $x] } }", "8:40: unknown variable in \"$x\", expected $want" },
    { "lookups", "{ l: { call: c, match: two } }", "9:33: unknown value, expected make or one" },
    { "lookups", "{ l: { call: c, member: {} } }", "9:26: unknown key" },
    { "lookups", "{ l: { call: c, members: { m: { type: strin } } } }",
      "9:48: unknown type, expected string" },
    { "lookups", "{ l: { match: one } }", "9:15: a look-up without a call, expected call: NAME" },
    { "operations", NULL, "1:1: no operations:, expected it" },
    { "operations", "[list]", "10:13: found a list, expected a map" },
    { "nothing", "x", "11:1: unknown key" },
};

/* A dialect.yaml with this section is refused; the fault begins so, behind the file's name. */
static void refuses(const char *section, const char *text, const char *fault)
{
    struct folder folder = folder_new();
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    write_file(&folder, "d/dialect.yaml", file_with(folder.arena, section, text));
    int failed = dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err);
    struct str file = arena_printf(folder.arena, "%s/d/dialect.yaml:", folder.dir), said = str_from(err.detail);
    if (str_starts(said, file))
        said = str_from_at(said, file.len);
    CHECK(failed && err.code == ERR_CONFIG, "%s: %s", section, text ? text : "(none)");
    CHECK(str_starts(said, str_from(fault)), "%s: %s\n  said     " STR_FMT "\n  expected %s", section,
          text ? text : "(none)", STR_ARG(said), fault);
    folder_done(&folder);
}

static void faults_have_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        refuses(bad[i].key, bad[i].text, bad[i].fault);
}

/* What stands in an operation; "10:" and the column where it begins are the same for all. */
#define HEAD "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $items"
static const struct {
    const char *text;
    const char *place; /* line:column */
    const char *what;
} bad_operations[] = {
    { "scopes: [a], resource: r, call: c, answer: $items", "10:18", "no request, expected e.g." },
    { "request: GET, scopes: [a], resource: r, call: c, answer: $items", "10:29",
      "no request, expected e.g." },
    { "request: /v1/x, scopes: [a], resource: r, call: c, answer: $items", "10:29", "no request" },
    { "request: GET v1/x, scopes: [a], resource: r, call: c, answer: $items", "10:29", "no request" },
    { "request: [GET /v1/x], scopes: [a], resource: r, call: c, answer: $items", "10:29", "no request" },
    { "request: GET /v1//x, scopes: [a], resource: r, call: c, answer: $items", "10:29",
      "an empty path segment" },
    { "request: \"GET /v1/{id}\", scopes: [a], resource: r, call: c, answer: $items", "10:18",
      "{id} of the request has no row under path:" },
    { HEAD ", path: { id: { type: string } }", "10:18", "path: has a row that the request does not name" },
    { HEAD ", also: PATCH", "10:97", "found \"PATCH\", expected a list" },
    { HEAD ", also: [PUT, PATCH, POST]", "10:110", "too many methods" },
    { "request: GET /v1/x, resource: r, call: c, answer: $items", "10:18", "an operation without scopes" },
    { "request: GET /v1/x, open: false, resource: r, call: c, answer: $items", "10:18",
      "an operation without scopes" },
    { "request: GET /v1/x, open: maybe, resource: r, call: c, answer: $items", "10:46",
      "found \"maybe\", expected" },
    { "request: GET /v1/x, scopes: [], resource: r, call: c, answer: $items", "10:18",
      "an operation without scopes" },
    { "request: GET /v1/x, scopes: a, resource: r, call: c, answer: $items", "10:48",
      "found \"a\", expected a list" },
    { "request: GET /v1/x, scopes: [a], resource: q, call: c, answer: $items", "10:63",
      "no mapping file has resource: q" },
    { "request: GET /v1/x, scopes: [a], call: c, answer: $items", "10:18", "a call without a resource" },
    { "request: PUT /v1/x, scopes: [a], call: c, body: {}, answer: $document", "10:18",
      "a call without a resource" },
    { "request: PUT /v1/x, scopes: [a], call: c, body: { resource: q }, answer: $document", "10:68",
      "no mapping file has resource: q" },
    { "request: GET /v1/x, open: true, me: true, resource: r, call: c, answer: $items", "10:56",
      "nobody is known where a call is open" },
    { HEAD ", token: true", "10:98", "expected scopes:, a call, and one parameter of the path" },
    { "request: 'GET /v1/x/{id}', path: { id: { type: string } }, open: true, token: true, resource: r, call: c, "
      "answer: $items",
      "10:98", "expected scopes:, a call, and one parameter of the path" },
    { "request: GET /v1/x, scopes: [a], resource: r, answer: $items", "10:18",
      "an operation that does nothing" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c", "10:18", "an operation without an answer" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $itms", "10:83",
      "unknown variable '$itms'" },
    { HEAD ", builtin: tokens", "10:100", "unknown builtin, expected token, revoke, jwks, metadata or answer" },
    { HEAD ", paging: always", "10:99", "unknown paging, expected none, optional or sizes" },
    { HEAD ", paging: { default: 0 }", "10:110", "found \"0\", expected a whole number" },
    { HEAD ", paging: { default: 101 }", "10:110", "found \"101\", expected a whole number" },
    { HEAD ", paging: { max: 20, default: 21 }", "10:119", "found \"21\", expected a whole number" },
    { HEAD ", paging: { min: 0 }", "10:101", "unknown key" },
    { HEAD ", status: 404", "10:99", "found \"404\", expected a whole number" },
    { HEAD ", status: created", "10:99", "found \"created\", expected a whole number" },
    { HEAD ", media: [form]", "10:99", "\"form\" is not a media type, expected one such as application/json" },
    { HEAD ", media_error: teapot", "10:104", "unknown error name" },
    { HEAD ", media_error: insufficient_scope", "10:104", "insufficient_scope is not about media types, expected" },
    { HEAD ", media_error: method_not_allowed", "10:104", "method_not_allowed is not about media types, expected" },
    { HEAD ", media_error: missing_wrapper", "10:104", "missing_wrapper is not about media types, expected" },
    { HEAD ", etag: sometimes", "10:97", "found \"sometimes\", expected" },
    { HEAD ", body: data", "10:97", "found \"data\", expected a map" },
    { HEAD ", body: { wrap: data }", "10:99", "unknown key" },
    { HEAD ", body: { many: 0 }", "10:105", "found \"0\", expected a whole number" },
    { HEAD ", body: { many: 10001 }", "10:105", "found \"10001\", expected a whole number" },
    { HEAD ", then: { call: c }", "10:97", "then: needs call, param, member and read" },
    { HEAD ", then: { call: c, param: p, member: m, reed: c }", "10:129", "unknown key" },
    { HEAD ", then: [{ call: c, param: p, member: m }]", "10:98", "then: needs call, param, member and read" },
    { HEAD ", then: [{ call: c, param: p, member: m, read: r }, { call: d, param: q }]", "10:141",
      "then: needs call, param and member" },
    { HEAD ", then: [{ call: c, param: p, member: m, read: r }, { call: d, param: q, member: n, undo: u }]", "10:173",
      "unknown key" },
    { HEAD ", body: {}, choose: { lookup: l }", "10:109", "choose: needs lookup, in, one and none" },
    { HEAD ", body: {}, choose: { lookup: l, in: m, one: o, none: n, more: x }", "10:146", "unknown key" },
    { HEAD ", body: {}, choose: { lookup: no, in: m, one: o, none: n }", "10:119",
      "expected the name of a look-up with match: one" },
    { HEAD ", body: {}, choose: { lookup: l, in: m, one: o, none: n }", "10:109",
      "choose: needs body: and stands without call:" },
    { HEAD ", include: { o: { resource: r, from: f, call: c, param: p } }", "10:105",
      "an include needs resource (of a mapping file), from, call, param and scopes" },
    { HEAD ", inherit: { kind: k, call: c }", "10:100", "inherit: needs kind, call, and member or also" },
    { HEAD ", inherit: { kind: k, call: c, also: m }", "10:126", "found \"m\", expected a list" },
    { HEAD ", answers: $items", "10:100", "found \"$items\", expected a map" },
    { HEAD ", answers: { bare: $item5 }", "10:108", "unknown variable '$item5'" },
    { HEAD ", via: { call: c }", "10:96", "via: needs call, member and to" },
    { HEAD ", via: { call: c, member: m, two: t }", "10:118", "unknown key" },
    { HEAD ", via: { call: c, member: m, to: t }, body: {}", "10:96", "via: stands beside body:" },
    { HEAD ", body: { whole: true }", "10:97", "whole: without stored:" },
    { HEAD ", body: { optional: true, in: x }", "10:97", "optional: beside in:, many: or pass:" },
    { HEAD ", body: { whole: maybe }", "10:106", "found \"maybe\", expected" },
    { HEAD ", location: /x", "10:101", "found \"/x\", expected a path that ends with /{id}, such as /things/{id}" },
    { HEAD ", location: \"/x/{number}\"", "10:101",
      "found \"/x/{number}\", expected a path that ends with /{id}" },
    { HEAD ", location: '/x/{x-id}/y/{id}'", "10:101",
      "found \"/x/{x-id}/y/{id}\", expected no {name} before the last /{id}" },
    { HEAD ", location: 'x/{id}'", "10:101", "found \"x/{id}\", expected a path" },
    { HEAD ", each: { r: $item }", "10:97", "each: is not used, expected $entries in the answer" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $entries", "10:83", "$entries without each:" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $entries, each: { a: $entries }", "10:99",
      "$entries inside each:" },
    { HEAD ", query: { q: { type: string, to: x, prefix: P/ } }", "10:134", "a prefix on a parameter that is not an id" },
    { HEAD ", query: { q: { type: integer, to: x, pair_with: P } }", "10:138", "pair_with: is for one value" },
    { HEAD ", query: { q: { type: string, pair_with: P } }", "10:130", "pair_with: is for one value" },
    { HEAD ", query: { q: { type: string, to: x, part: 1, pair_with: P } }", "10:146", "pair_with: is for one value" },
    { HEAD ", query: { q: { type: string, to: x, one: true, many: true, pair_with: P } }", "10:160", "pair_with: is for one value" },
    { HEAD ", query: { q: { type: period, to: x } }", "10:103", "a period needs both to: and to_end:" },
    { HEAD ", query: { q: { type: token, to: x } }", "10:103", "a token needs both to: and to_end:" },
    { HEAD ", query: { q: { type: string, to: x, words: { table: t, column: c } } }", "10:133",
      "no such table or column" },
    { HEAD ", query: { q: { type: string, to: x, prefixes: p } }", "10:136", "found \"p\", expected a list" },
    { HEAD ", query: { q: { type: string, one: x } }", "10:124", "found \"x\", expected" },
    { HEAD ", query: { q: { type: string, to: x, many: true } }", "10:132", "many: is for a list of values" },
    { HEAD ", query: { q: { type: date, to: x, one: true, many: true } }", "10:141", "many: is for a list of values" },
    { HEAD ", query: { q: { type: string, to: x, one: true, many: x } }", "10:143", "found \"x\", expected" },
    { HEAD ", query: [search]", "10:98", "found a list, expected a map" },
    { HEAD ", query: { q: string }", "10:103", "found \"string\", expected a map" },
    { HEAD ", query: { q: { to: x } }", "10:103", "a parameter without a type" },
    { HEAD ", query: { q: { type: text } }", "10:111", "unknown type, expected string" },
    { HEAD ", query: { q: { type: string, too: x } }", "10:119", "unknown key" },
    { HEAD ", query: { q: { type: id, to: x } }", "10:103", "an id without a kind" },
    { HEAD ", query: { q: { type: ids, to: x } }", "10:103", "an id without a kind" },
    { HEAD ", query: { q: { type: string, kind: k } }", "10:103", "a kind on a parameter that is not an id" },
    { HEAD ", query: { q: { type: range, to: x } }", "10:103", "a range needs both to: and to_end:" },
    { HEAD ", query: { q: { type: string, to: x, part: 1 } }", "10:132",
      "half of a value, expected the other half beside it: part: 2" },
    { HEAD ", query: { q: { type: string, to: x, part: 2 }, r: { type: string, to: x, part: 2 } }", "10:132",
      "half of a value, expected the other half beside it: part: 1" },
    { HEAD ", query: { q: { type: string, to: x, part: 1 }, r: { type: string, to: y, part: 2 } }", "10:132",
      "half of a value" },
    { HEAD ", query: { q: { type: string, part: 1 }, r: { type: string, part: 2 } }", "10:125", "half of a value" },
    { HEAD ", query: { q: { type: string, to: x, part: 3 } }", "10:132",
      "found \"3\", expected a whole number" },
    { HEAD ", query: { q: { type: string, to: x, equals: acme } }", "10:134",
      "unknown value, expected $brand" },
    { HEAD ", query: { q: { type: string, to: x, enum: [a] } }", "10:132", "found a list, expected a map" },
    { HEAD ", query: { q: { type: string, to: x, only: x } }", "10:132", "found \"x\", expected" },
    { HEAD ", query: { q: { type: string, to: x, in: query } }", "10:130", "unknown place, expected body" },
    { HEAD ", query: { q: { type: string, to: x, required: x } }", "10:136", "found \"x\", expected" },
    { HEAD ", fixed: [a]", "10:98", "found a list, expected a map" },
    { HEAD ", fixed: { a: [b] }", "10:103", "found a list, expected text" },
    { HEAD ", needs_one_of: [q]", "10:106", "'q' has no row under query:" },
    { HEAD ", query: { q: { type: string, needs: r } }", "10:126", "'r' has no row under query:" },
    { HEAD ", answer_s: $item", "10:91", "unknown key" },
    { "request: GETT /v1/x, scopes: [a], resource: r, call: c, answer: $items", "10:29", "\"GETT\" is not a method" },
    { HEAD ", also: [PATC]", "10:98", "\"PATC\" is not a method, expected GET, POST, PUT, PATCH or DELETE" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: items", "10:83",
      "found \"items\", expected a variable such as $item or a map" },
    { HEAD ", location: \"/x/{id}\"", "10:101", "nothing is created, and each: has no $url" },
    { "request: GET /v1/x, scopes: [a], resource: r, call: c, answer: $entries, each: { a: $item, u: $url }", "10:99",
      "$url without location:, expected the path of one item" },
    { HEAD ", etag: shown", "10:97", "etag: shown is of one entity, expected answer: $item" },
    { HEAD ", modified: updated_at", "10:101", "modified: is of one entity, expected answer: $item" },
    { "request: PUT /v1/x, scopes: [a], body: {}, choose: { lookup: l, in: m, one: o, none: n }, answer: $item, modified: at",
      "10:135", "modified: is what the chosen operation says, expected it there" },
    { "request: GET /v1/x, open: true, builtin: answer, answer: { a: $item }, modified: at", "10:101",
      "modified: is of an entity, expected resource: NAME" },
    { HEAD ", etag: weak", "10:97", "found \"weak\", expected" },
    { HEAD ", form: POST /v1/x/_search", "10:97", "form: is for a search, expected request: GET, query: and no body:" },
    { HEAD ", query: { q: { type: string, to: x } }, form: GET /v1/x/_search", "10:136", "\"GET\" has no form, expected POST" },
    { HEAD ", query: { q: { type: string, to: x } }, form: POST v1/x", "10:136", "no request, expected e.g. GET" },
    { HEAD ", query: { q: { type: string, to: x } }, form: [POST]", "10:136", "no request, expected e.g. GET" },
    { HEAD ", query: { q: { type: string, to: x } }, form: \"POST /v1/x/{id}\"", "10:136",
      "{id} of the request has no row under path:" },
    { HEAD ", query: { q: { type: string, to: x } }, form: POST /v1/f }, twin: { request: POST /v1/f, scopes: [a], "
           "resource: r, body: {}, call: c, answer: $item", "10:153", "the same request as listByForm" },
    { HEAD " }, twin: { " HEAD, "10:96", "the same request as list" },
    { HEAD " }, twin: { request: PUT /v1/x, also: [GET], scopes: [a], resource: r, call: c, answer: $items", "10:96",
      "the same request as list" },
};

static void faults_of_operations(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_operations); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        const char *name = strstr(bad_operations[i].text, "twin") ? "list" : "o";
        struct str section = arena_printf(arena, "{ %s: { %s } }", name, bad_operations[i].text);
        struct str fault = arena_printf(arena, "%s: %s", bad_operations[i].place, bad_operations[i].what);
        refuses("operations", section.ptr, fault.ptr);
        arena_free(&arena);
    }
}

static void what_is_not_said_has_a_default(void **state)
{
    struct folder folder = folder_new();
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    (void)state;
    write_file(&folder, "d/dialect.yaml", file_with(folder.arena, NULL, NULL));
    CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err) == 0, "%s", err.detail);
    CHECK(count == 1, "%zu", count);
    const struct dialect *d = dialects[0];
    CHECK(str_is(d->title, "d") && str_is(d->answer_without_accept, "application/json"), "title, media");
    CHECK(d->operation_count == 1 && d->operations[0].status == 200, "status");
    CHECK(d->operations[0].media_error == ERR_MEDIA_TYPE && d->operations[0].paging == PAGING_ALWAYS,
          "operation");
    CHECK(d->operations[0].lens == d->lenses[0], "lens");
    CHECK(d->lookup_count == 1 && d->lookups[0].match == LOOKUP_ONE, "look-up");
    CHECK(dialect_lookup(d, STR("l")) == &d->lookups[0] && !dialect_lookup(d, STR("m")), "look-ups by name");
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct error_shape *shape = &d->errors[code];
        CHECK(shape->status == err_status((enum err_code)code), "%s", err_name((enum err_code)code));
        CHECK(str_is(shape->code, err_name((enum err_code)code)), "%s", err_name((enum err_code)code));
        CHECK(str_is(shape->message, err_text((enum err_code)code)), "%s", err_name((enum err_code)code));
    }
    folder_done(&folder);
}

/* A size that no client asked for is never one that would be refused. */
static void the_usual_size_is_at_most_the_largest(void **state)
{
    static const struct {
        const char *paging, *own;
        unsigned usual, max, cursor, cursor_max;
    } cases[] = {
        { "number: p, size: s", "{}", 100, 100, 100, 100 },
        { "number: p, size: s, max: 25", "{}", 25, 25, 100, 100 },
        { "number: p, size: s, max: 500", "{}", 100, 500, 100, 100 },
        { "number: p, size: s, default: 20, max: 25", "{ max: 10 }", 10, 10, 100, 100 },
        { "number: p, size: s, default: 20, max: 25", "{ default: 5 }", 5, 25, 100, 100 },
        { "number: p, size: s, cursor: { size: t, names: [c], max: 7 }", "{}", 100, 100, 7, 7 },
    };
    struct folder folder = folder_new();
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str file = file_with(folder.arena, "paging", arena_printf(folder.arena, "{ %s }", cases[i].paging).ptr);
        file.len -= strlen(" }\n"); /* of operations, which come last */
        file = arena_printf(folder.arena, STR_FMT ", own: { request: GET /v1/y, scopes: [a], resource: r, call: c, "
                            "answer: $items, paging: %s } }\n", STR_ARG(file), cases[i].own);
        write_file(&folder, "d/dialect.yaml", file);
        CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err) == 0, "%zu: %s", i, err.detail);
        const struct paging *paging = dialects[0]->operations[1].pages;
        CHECK(paging->size_default == cases[i].usual && paging->size_max == cases[i].max, "%zu: %u of %u", i,
              paging->size_default, paging->size_max);
        CHECK(paging->cursor_default == cases[i].cursor || !paging->cursor_size.len, "%zu: %u", i, paging->cursor_default);
        CHECK(paging->cursor_max == cases[i].cursor_max || !paging->cursor_size.len, "%zu: %u", i, paging->cursor_max);
    }
    folder_done(&folder);
}

/* Who writes a dialect finds every name on the page, and need not look for it in C. */
static void the_page_has_every_code_and_fault(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str page = test_file_read(arena, SOURCE_DIR "/docs/dialect.md");

    (void)state;
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        struct str row = arena_printf(arena, "| `%s` | %d | %s |\n", err_name((enum err_code)code),
                                      err_status((enum err_code)code), err_text((enum err_code)code));
        bool there = memmem(page.ptr, page.len, row.ptr, row.len) != NULL;
        CHECK(there == (code != ERR_CONFIG), STR_FMT, STR_ARG(row)); /* no request ends with that one */
    }
    const char *kinds = memmem(page.ptr, page.len, "| kind | when |", 15);
    assert_non_null(kinds);
    for (int kind = FAULT_BLANK; kind <= FAULT_ID; kind++) {
        struct str row = arena_printf(arena, "`%s`", fault_name((enum fault_kind)kind));
        CHECK(memmem(kinds, (size_t)(page.ptr + page.len - kinds), row.ptr, row.len), STR_FMT, STR_ARG(row));
    }
    arena_free(&arena);
}

static void folders_without_dialects(void **state)
{
    struct folder folder = folder_new();
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    (void)state;
    /* mapping files that would be passed over */
    CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err) && err.code == ERR_CONFIG, "lost");
    CHECK(strstr(err.detail, "/d: mapping files without a dialect.yaml beside them"), "%s", err.detail);
    (void)unlink(path_in(&folder, "d/r.yaml"));
    CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err) && err.code == ERR_CONFIG, "none");
    CHECK(strstr(err.detail, "no folder holds a dialect.yaml"), "%s", err.detail);
    CHECK(dialects_load(&dialects, &count, folder.arena, "/tmp/no/such/folder", NULL, &err), "no folder");
    CHECK(strstr(err.detail, "/tmp/no/such/folder"), "%s", err.detail);
    /* a mapping file's fault names that file */
    write_file(&folder, "d/dialect.yaml", file_with(folder.arena, NULL, NULL));
    write_file(&folder, "d/r.yaml", STR("dialect: d\nresource: r\nentity: e\nfields: { a: { type: no } }\n"));
    CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err), "a bad mapping");
    CHECK(strstr(err.detail, "/d/r.yaml:4:"), "%s", err.detail);
    folder_done(&folder);
}

static void fault_words(void **state)
{
    struct folder folder = folder_new();
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;
    static const struct {
        const char *kind, *want, *words;
    } cases[] = {
        { "blank", "", "plain" },       { "blank", "string", "plain" }, { "blank", "date", "dated" },
        { "blank", "dat", "plain" },    { "blank", "dates", "plain" },  { "blank", "date_time", "plain" },
        { "format", "date", "format" },
    };

    (void)state;
    write_file(
        &folder, "d/dialect.yaml",
        file_with(folder.arena, "errors",
                  "{ one: {}, faults: { blank_date: dated, blank: plain, format: format, parameter: no } }"));
    CHECK(dialects_load(&dialects, &count, folder.arena, folder.dir, NULL, &err) == 0, "%s", err.detail);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml *words = dialect_fault_words(dialects[0], cases[i].kind, str_from(cases[i].want));
        CHECK(words && str_is(words->text, cases[i].words), "%s %s", cases[i].kind, cases[i].want);
    }
    folder_done(&folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_have_places),
        cmocka_unit_test(faults_of_operations),
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(the_usual_size_is_at_most_the_largest),
        cmocka_unit_test(the_page_has_every_code_and_fault),
        cmocka_unit_test(folders_without_dialects),
        cmocka_unit_test(fault_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
