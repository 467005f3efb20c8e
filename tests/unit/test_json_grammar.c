/* The whole grammar of RFC 8259, and what this reader refuses beyond it, case by case. */
#include "check.h"

#include "json/scan.h"
#include "json/tape.h"

#include <stdio.h>
#include <stdlib.h>

#define T(lit) .text = STR_INIT(lit)

/* Read from memory of exactly its size, so that a byte too far is seen by AddressSanitizer. */
static bool reads(struct str text, struct tape_fault *fault)
{
    struct arena *arena = arena_new(64u << 20);
    char *exact = malloc(text.len ? text.len : 1);
    struct tape tape;

    if (!exact)
        abort();
    if (text.len)
        memcpy(exact, text.ptr, text.len);
    bool read = tape_read(&tape, arena, str_of(exact, text.len), &tape_default_limits, fault);
    free(exact);
    arena_free(&arena);
    return read;
}

struct valid {
    struct str text;
};

static const struct valid valid[] = {
    /* structure */
    { T("null") },
    { T("true") },
    { T("false") },
    { T("0") },
    { T("\"\"") },
    { T("[]") },
    { T("{}") },
    { T(" null") },
    { T("null ") },
    { T("\n\r\t null \n\r\t ") },
    { T("[ ]") },
    { T("{ }") },
    { T("[\n]") },
    { T("{\t\r\n }") },
    { T("[[]]") },
    { T("[[],[]]") },
    { T("[{}]") },
    { T("[[[[[[[[]]]]]]]]") },
    { T("[[]   ]") },
    { T("[\"\"]") },
    { T("[\"a\"]") },
    { T("[false]") },
    { T("[null]") },
    { T("[true]") },
    { T("[null, 1, \"1\", {}]") },
    { T("[1\n]") },
    { T(" [1]") },
    { T("[1,null,null,null,2]") },
    { T("[2] ") },
    { T("[1,2,3]") },
    { T("[ 1 , 2 , 3 ]") },
    { T("[1\r\n,\r\n2]") },
    { T("[[1,2],[3,[4,{}]],{\"a\":[]}]") },
    { T("{\"asd\":\"sdf\", \"dfg\":\"fgh\"}") },
    { T("{\"asd\":\"sdf\"}") },
    { T("{}") },
    { T("{\"\":0}") },
    { T("{\"\":{\"\":{\"\":[]}}}") },
    { T("{\"a\":[]}") },
    { T("{\"a\":{}}") },
    { T("{ \"min\": -1.0e+28, \"max\": 1.0e+28 }") },
    { T("{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": \"xxxxxxxxxxxxxxxxxxxx\"}") },
    { T("{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430\"}") },
    { T("{\n\"a\": \"b\"\n}") },
    { T("{\"a\" : 1}") },
    { T("{\"a\"\n:\n1\n,\n\"b\"\t:\t2\t}") },
    { T("{\"a\":1,\"A\":2}") },
    { T("{\"a\":1,\"a \":2}") },
    { T("{\"a\":1,\"\\\\u0061\":2}") },
    { T("{\"a\":{\"a\":{\"a\":1}}}") },
    { T("[{\"a\":1},{\"a\":1}]") },
    { T("{\"\xC3\xA9\":1,\"e\xCC\x81\":2}") }, /* no normalisation: two names */
    { T("\"asd\"") },
    { T("\" \"") },
    { T("-0") },
    { T("42") },
    { T("-0.1") },
    { T("[\"a\",\"]\"]") },
    /* numbers */
    { T("[0]") },
    { T("[-0]") },
    { T("[1]") },
    { T("[-1]") },
    { T("[9]") },
    { T("[10]") },
    { T("[-123]") },
    { T("[123]") },
    { T("[1.5]") },
    { T("[0.0]") },
    { T("[-0.0]") },
    { T("[0.10]") },
    { T("[123.456789]") },
    { T("[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]") },
    { T("[0e0]") },
    { T("[0e+1]") },
    { T("[0e1]") },
    { T("[0E0]") },
    { T("[0.0e0]") },
    { T("[123e65]") },
    { T("[1E22]") },
    { T("[1E-2]") },
    { T("[1E+2]") },
    { T("[1e-2]") },
    { T("[1e+2]") },
    { T("[1e00]") },
    { T("[1e007]") },
    { T("[1.5e3]") },
    { T("[123.456e78]") },
    { T("[1.0e-0]") },
    { T("[20e1]") },
    { T("[ 4]") },
    { T("[4 ]") },
    { T("[1e400]") },
    { T("[-1e400]") },
    { T("[1e-400]") },
    { T("[1e999999999999999999999999999]") },
    { T("[9007199254740993]") },
    { T("[18446744073709551616]") },
    { T("[-9223372036854775809]") },
    { T("[100000000000000000000000000000000000000000000000000000]") },
    { T("[0.1000000000000000055511151231257827021181583404541015625]") },
    /* strings */
    { T("[\"\\\"\"]") },
    { T("[\"\\\\\"]") },
    { T("[\"\\/\"]") },
    { T("[\"\\b\\f\\n\\r\\t\"]") },
    { T("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]") },
    { T("[\"\\u0060\\u012a\\u12AB\"]") },
    { T("[\"\\u0001\"]") },
    { T("[\"\\u001f\"]") },
    { T("[\"\\u0020\"]") },
    { T("[\"\\u0022\"]") },
    { T("[\"\\u005C\"]") },
    { T("[\"\\u005c\\u005C\"]") },
    { T("[\"\\u007F\"]") },
    { T("[\"\\u0080\"]") },
    { T("[\"\\u07ff\\u0800\"]") },
    { T("[\"\\u2028\\u2029\"]") },
    { T("[\"\\uA66D\"]") },
    { T("[\"\\uABCD\\uabcd\\uAbCd\"]") },
    { T("[\"\\ud7ff\\ue000\"]") },
    { T("[\"\\uFDD0\\uFFFE\\uFFFF\"]") }, /* noncharacters are Unicode scalar values */
    { T("[\"\\uD801\\udc37\"]") },
    { T("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]") },
    { T("[\"\\uD800\\uDC00\"]") },
    { T("[\"\\uDBFF\\uDFFF\"]") },
    { T("[\"\\uDBFF\\uDFFE\"]") },
    { T("[\"\\\\u0000\"]") },
    { T("[\"\\\\ud800\"]") },
    { T("[\"\\\\a\"]") },
    { T("[\"\\\\n\"]") },
    { T("[\"a/*b*/c/*d//e\"]") },
    { T("[\"new\\u000Aline\"]") },
    { T("[\"\x7F\"]") },
    { T("[\"a\x7F" "a\"]") },
    { T("[\"\xC2\x80\"]") },
    { T("[\"\xDF\xBF\"]") },
    { T("[\"\xE0\xA0\x80\"]") },
    { T("[\"\xED\x9F\xBF\"]") },
    { T("[\"\xEE\x80\x80\"]") },
    { T("[\"\xEF\xBF\xBF\"]") },
    { T("[\"\xEF\xBB\xBF\"]") }, /* a byte order mark inside a string is a character */
    { T("[\"\xF0\x90\x80\x80\"]") },
    { T("[\"\xF4\x8F\xBF\xBF\"]") },
    { T("[\"\xE2\x80\xA8\xE2\x80\xA9\"]") },
    { T("[\"\xE2\x82\xAC\xF0\x9D\x84\x9E\"]") },
    { T("[\"\xCF\x80\"]") },
    { T("[\"a\xC3\xA9" "b\xC3\xA9" "cdefghij\xC3\xA9" "\"]") },
    { T("\"1234567\"") },
    { T("\"12345678\"") },
    { T("\"123456789\"") },
    { T("\"1234567\\n\"") },
    { T("\"12345678\\n12345678\\\"12345678\"") },
    { T("{\"\\u0061\":1,\"b\":2}") },
    { T("{\"\\uD834\\uDD1E\":1,\"\xF0\x9D\x84\x9F\":2}") },
    { T("{\"a\\u0062\":1,\"a\":2,\"b\":3}") },
};

static void accepts(void **state)
{
    struct tape_fault fault;

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++)
        CHECK(reads(valid[i].text, &fault), STR_FMT ": %s at %u", STR_ARG(valid[i].text), fault.what, fault.offset);
}

/* What is valid alone is valid between brackets and spaces, and after a name. */
static void accepts_nested(void **state)
{
    struct tape_fault fault;
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        struct str text = valid[i].text;
        struct str list = arena_printf(arena, "[" STR_FMT "\t,[ " STR_FMT "]]", STR_ARG(text), STR_ARG(text));
        struct str map = arena_printf(arena, "{\"p\":" STR_FMT " ,\"q\" :{\"p\":" STR_FMT "}}\n", STR_ARG(text),
                                      STR_ARG(text));
        CHECK(reads(list, &fault), STR_FMT ": %s at %u", STR_ARG(list), fault.what, fault.offset);
        CHECK(reads(map, &fault), STR_FMT ": %s at %u", STR_ARG(map), fault.what, fault.offset);
    }
    arena_free(&arena);
}

/* No proper beginning of a container or a string is valid, and nothing may follow. */
static void refuses_cut(void **state)
{
    struct tape_fault fault;
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        struct str text = valid[i].text;
        size_t last = text.len;
        while (last > 0 && strchr(" \t\r\n", text.ptr[last - 1]))
            last--;
        if (!strchr("]}\"", text.ptr[last - 1]))
            continue;
        for (size_t len = 0; len < last; len++) {
            CHECK(!reads(str_of(text.ptr, len), &fault), "%zu of " STR_FMT, len, STR_ARG(text));
            CHECK(fault.offset <= len && !fault.limit, "%zu of " STR_FMT, len, STR_ARG(text));
        }
        struct str more = arena_printf(arena, STR_FMT "]", STR_ARG(text));
        CHECK(!reads(more, &fault) && strcmp(fault.what, "bytes after the value") == 0, STR_FMT, STR_ARG(more));
    }
    arena_free(&arena);
}

static const struct invalid {
    struct str text;
    const char *what;
    uint32_t offset;
} invalid[] = {
    /* nothing, or too much */
    { T(""), "unexpected end", 0 },
    { T(" "), "unexpected end", 1 },
    { T("\n\t\r "), "unexpected end", 4 },
    { T("1 2"), "bytes after the value", 2 },
    { T("null null"), "bytes after the value", 5 },
    { T("[]]"), "bytes after the value", 2 },
    { T("{}}"), "bytes after the value", 2 },
    { T("[][]"), "bytes after the value", 2 },
    { T("{} {}"), "bytes after the value", 3 },
    { T("\"a\" \"b\""), "bytes after the value", 4 },
    { T("[1]x"), "bytes after the value", 3 },
    { T("[1],"), "bytes after the value", 3 },
    { T("{\"a\":true} \"x\""), "bytes after the value", 11 },
    { T("{\"a\":\"b\"}/**/"), "bytes after the value", 9 },
    { T("{\"a\":\"b\"}//"), "bytes after the value", 9 },
    { T("{\"a\":\"b\"}#"), "bytes after the value", 9 },
    { T("{\"a\":\"b\"}#{}"), "bytes after the value", 9 },
    { T("1]"), "bytes after the value", 1 },
    { T("2@"), "bytes after the value", 1 },
    { T("1,"), "bytes after the value", 1 },
    { T("null\0"), "bytes after the value", 4 },
    { T("[]\0"), "bytes after the value", 2 },
    { T("true\x0C"), "bytes after the value", 4 },
    { T("\xEF\xBB\xBF{}"), "byte order mark", 0 },
    { T("\xEF\xBB\xBF"), "byte order mark", 0 },
    { T("\xEF\xBB{}"), "expected a value", 0 },
    { T("\xFF\xFE[\0]\0"), "expected a value", 0 },
    { T("\xFE\xFF\0[\0]"), "expected a value", 0 },
    { T("\0[\0]"), "expected a value", 0 },
    { T("[]\xEF\xBB\xBF"), "bytes after the value", 2 },
    { T("\xE2\x81\xA0[]"), "expected a value", 0 },
    { T("\xC2\xA0[]"), "expected a value", 0 },
    { T("\xC3\xA5"), "expected a value", 0 },
    { T("\x0C[]"), "expected a value", 0 },
    { T("\x0B 1"), "expected a value", 0 },
    /* words */
    { T("nul"), "expected a value", 0 },
    { T("n"), "expected a value", 0 },
    { T("nulll"), "bytes after the value", 4 },
    { T("tru"), "expected a value", 0 },
    { T("truth"), "expected a value", 0 },
    { T("fals"), "expected a value", 0 },
    { T("True"), "expected a value", 0 },
    { T("TRUE"), "expected a value", 0 },
    { T("NULL"), "expected a value", 0 },
    { T("Null"), "expected a value", 0 },
    { T("[nul]"), "expected a value", 1 },
    { T("[fals]"), "expected a value", 1 },
    { T("[tru]"), "expected a value", 1 },
    { T("[nan]"), "expected a value", 1 },
    { T("[NaN]"), "expected a value", 1 },
    { T("[Infinity]"), "expected a value", 1 },
    { T("[-Infinity]"), "invalid number", 2 },
    { T("[-NaN]"), "invalid number", 2 },
    { T("[undefined]"), "expected a value", 1 },
    { T("[truefalse]"), "expected a comma or ]", 5 },
    { T("[True]"), "expected a value", 1 },
    { T("abc"), "expected a value", 0 },
    { T("<.>"), "expected a value", 0 },
    { T("[<null>]"), "expected a value", 1 },
    { T("<null>"), "expected a value", 0 },
    { T("*"), "expected a value", 0 },
    { T("'a'"), "expected a value", 0 },
    { T("$"), "expected a value", 0 },
    /* arrays */
    { T("["), "unexpected end", 1 },
    { T("[ "), "unexpected end", 2 },
    { T("[1"), "expected a comma or ]", 2 },
    { T("[1,"), "unexpected end", 3 },
    { T("[\"\""), "expected a comma or ]", 3 },
    { T("[\"a\""), "expected a comma or ]", 4 },
    { T("[\"x"), "unexpected end in a string", 3 },
    { T("[1,]"), "expected a value", 3 },
    { T("[1,,2]"), "expected a value", 3 },
    { T("[,1]"), "expected a value", 1 },
    { T("[,]"), "expected a value", 1 },
    { T("[1,,]"), "expected a value", 3 },
    { T("[\"\",]"), "expected a value", 4 },
    { T("[1 true]"), "expected a comma or ]", 3 },
    { T("[\"a\" \"b\"]"), "expected a comma or ]", 5 },
    { T("[1:2]"), "expected a comma or ]", 2 },
    { T("[1;2]"), "expected a comma or ]", 2 },
    { T("[\"\": 1]"), "expected a comma or ]", 3 },
    { T("[3[4]]"), "expected a comma or ]", 2 },
    { T("[1}"), "expected a comma or ]", 2 },
    { T("[}"), "expected a value", 1 },
    { T("]"), "expected a value", 0 },
    { T("[]["), "bytes after the value", 2 },
    { T("[[]"), "expected a comma or ]", 3 },
    { T("[1,\n1\n,1"), "expected a comma or ]", 8 },
    { T("[{}"), "expected a comma or ]", 3 },
    { T("[\n\"\",\n{}"), "expected a comma or ]", 8 },
    { T("[a"), "expected a value", 1 },
    { T("[a]"), "expected a value", 1 },
    { T("[*]"), "expected a value", 1 },
    { T("[\"a\n\"]"), "control character in a string", 3 },
    { T("[\"\x0B\"]"), "control character in a string", 2 },
    { T("[\x0C]"), "expected a value", 1 },
    { T("[\x0B]"), "expected a value", 1 },
    { T("[\0]"), "expected a value", 1 },
    { T("[\xE2\x81\xA0]"), "expected a value", 1 },
    { T("[\xFF]"), "expected a value", 1 },
    { T("[\xC3\xA9]"), "expected a value", 1 },
    { T("[1\xC2\xA0]"), "expected a comma or ]", 2 },
    { T("[1\x0C]"), "expected a comma or ]", 2 },
    { T("[1/*c*/]"), "expected a comma or ]", 2 },
    { T("[/*c*/1]"), "expected a value", 1 },
    { T("[//c\n1]"), "expected a value", 1 },
    { T("[#\n1]"), "expected a value", 1 },
    { T("[(1)]"), "expected a value", 1 },
    { T("[\\u000A\"\"]"), "expected a value", 1 },
    { T("[\"asd]"), "unexpected end in a string", 6 },
    { T("[\"a]b\\\"]"), "unexpected end in a string", 8 },
    { T("aå"), "expected a value", 0 },
    /* objects */
    { T("{"), "expected a member name", 1 },
    { T("{ "), "expected a member name", 2 },
    { T("}"), "expected a value", 0 },
    { T("{]"), "expected a member name", 1 },
    { T("{,}"), "expected a member name", 1 },
    { T("{\"\""), "expected a colon", 3 },
    { T("{\"a"), "unexpected end in a string", 3 },
    { T("{\"a\""), "expected a colon", 4 },
    { T("{\"a\" "), "expected a colon", 5 },
    { T("{\"a\":"), "unexpected end", 5 },
    { T("{\"a\":1"), "expected a comma or }", 6 },
    { T("{\"a\":1,"), "expected a member name", 7 },
    { T("{\"a\":1]"), "expected a comma or }", 6 },
    { T("{\"a\":}"), "expected a value", 5 },
    { T("{\"a\":,}"), "expected a value", 5 },
    { T("{\"a\"}"), "expected a colon", 4 },
    { T("{\"a\",1}"), "expected a colon", 4 },
    { T("{\"a\"=1}"), "expected a colon", 4 },
    { T("{\"a\" 1}"), "expected a colon", 5 },
    { T("{\"a\" b}"), "expected a colon", 5 },
    { T("{\"x\"::\"b\"}"), "expected a value", 5 },
    { T("{:\"b\"}"), "expected a member name", 1 },
    { T("{\"a\":1,}"), "expected a member name", 7 },
    { T("{\"a\":1,,\"b\":2}"), "expected a member name", 7 },
    { T("{\"id\":0,,,,,}"), "expected a member name", 8 },
    { T("{,\"a\":1}"), "expected a member name", 1 },
    { T("{\"a\":1 \"b\":2}"), "expected a comma or }", 7 },
    { T("{\"a\":1;\"b\":2}"), "expected a comma or }", 6 },
    { T("{\"a\":\"a\" 123}"), "expected a comma or }", 9 },
    { T("{\"a\":1:2}"), "expected a comma or }", 6 },
    { T("{a:\"b\"}"), "expected a member name", 1 },
    { T("{'a':0}"), "expected a member name", 1 },
    { T("{1:1}"), "expected a member name", 1 },
    { T("{9999E9999:1}"), "expected a member name", 1 },
    { T("{null:null}"), "expected a member name", 1 },
    { T("{true:1}"), "expected a member name", 1 },
    { T("{[]:1}"), "expected a member name", 1 },
    { T("{{}:1}"), "expected a member name", 1 },
    { T("{[: \"x\"}\n"), "expected a member name", 1 },
    { T("{\"a\":1,b:2}"), "expected a member name", 7 },
    { T("{\"a\":/*c*/\"b\"}"), "expected a value", 5 },
    { T("{/**/\"a\":1}"), "expected a member name", 1 },
    { T("{\"a\"/**/:1}"), "expected a colon", 4 },
    { T("{\"a\":{\"b\":1}"), "expected a comma or }", 12 },
    { T("{\"\\uD800\":1}"), "lone surrogate", 2 },
    { T("{\"a\x01\":1}"), "control character in a string", 3 },
    { T("{\"\xB9\":\"0\"}"), "invalid UTF-8", 2 },
    { T("{\"a\":\"a"), "unexpected end in a string", 7 },
    { T("{\"foo\":\"bar\", \"a\""), "expected a colon", 17 },
    { T("{\xF0\x9F\x87\xA8\xF0\x9F\x87\xAD}"), "expected a member name", 1 },
    /* duplicate names, as decoded */
    { T("{\"a\":1,\"a\":2}"), "duplicate member name", 7 },
    { T("{\"a\":1,\"a\":1}"), "duplicate member name", 7 },
    { T("{\"a\":1,\"b\":2,\"a\":3}"), "duplicate member name", 13 },
    { T("{\"\":1,\"\":2}"), "duplicate member name", 6 },
    { T("{\"a\":1,\"\\u0061\":2}"), "duplicate member name", 7 },
    { T("{\"\\u0061\":1,\"a\":2}"), "duplicate member name", 12 },
    { T("{\"\\u0061\":1,\"\\u0061\":2}"), "duplicate member name", 12 },
    { T("{\"\\n\":1,\"\\u000a\":2}"), "duplicate member name", 8 },
    { T("{\"\\/\":1,\"/\":2}"), "duplicate member name", 8 },
    { T("{\"\\\\\":1,\"\\u005C\":2}"), "duplicate member name", 8 },
    { T("{\"\xC3\xA9\":1,\"\\u00E9\":2}"), "duplicate member name", 8 },
    { T("{\"\\u20AC\":1,\"\xE2\x82\xAC\":2}"), "duplicate member name", 12 },
    { T("{\"\\uD834\\uDD1E\":1,\"\xF0\x9D\x84\x9E\":2}"), "duplicate member name", 18 },
    { T("[{\"x\":{\"a\":1,\"a\":2}}]"), "duplicate member name", 13 },
    { T("{\"x\":1,\"y\":{\"x\":1},\"x\":{}}"), "duplicate member name", 19 },
    /* numbers */
    { T("-"), "invalid number", 1 },
    { T("--1"), "invalid number", 1 },
    { T("+1"), "expected a value", 0 },
    { T("++1"), "expected a value", 0 },
    { T("01"), "bytes after the value", 1 },
    { T("-01"), "bytes after the value", 2 },
    { T("00"), "bytes after the value", 1 },
    { T("[-]"), "invalid number", 2 },
    { T("[- 1]"), "invalid number", 2 },
    { T("[+1]"), "expected a value", 1 },
    { T("[++1234]"), "expected a value", 1 },
    { T("[+Inf]"), "expected a value", 1 },
    { T("[-foo]"), "invalid number", 2 },
    { T("[-.123]"), "invalid number", 2 },
    { T("[.123]"), "expected a value", 1 },
    { T("[.]"), "expected a value", 1 },
    { T("[.-1]"), "expected a value", 1 },
    { T("[.2e-3]"), "expected a value", 1 },
    { T("[1.]"), "invalid number", 3 },
    { T("[-2.]"), "invalid number", 4 },
    { T("[0.e1]"), "invalid number", 3 },
    { T("[2.e3]"), "invalid number", 3 },
    { T("[2.e-3]"), "invalid number", 3 },
    { T("[2.e+3]"), "invalid number", 3 },
    { T("[0.1.2]"), "expected a comma or ]", 4 },
    { T("[1.2.3e4]"), "expected a comma or ]", 4 },
    { T("[0.3e+]"), "invalid number", 6 },
    { T("[0.3e]"), "invalid number", 5 },
    { T("[0E+]"), "invalid number", 4 },
    { T("[0E]"), "invalid number", 3 },
    { T("[0e]"), "invalid number", 3 },
    { T("[0e+]"), "invalid number", 4 },
    { T("[0e+-1]"), "invalid number", 4 },
    { T("[0e-+1]"), "invalid number", 4 },
    { T("[1.0e+]"), "invalid number", 6 },
    { T("[1.0e-]"), "invalid number", 6 },
    { T("[1.0e]"), "invalid number", 5 },
    { T("[1eE2]"), "invalid number", 3 },
    { T("[1e2.5]"), "expected a comma or ]", 4 },
    { T("[9.e+]"), "invalid number", 3 },
    { T("[1e"), "invalid number", 3 },
    { T("[1."), "invalid number", 3 },
    { T("1e"), "invalid number", 2 },
    { T("1."), "invalid number", 2 },
    { T("[-01]"), "expected a comma or ]", 3 },
    { T("[-012]"), "expected a comma or ]", 3 },
    { T("[012]"), "expected a comma or ]", 2 },
    { T("[01.5]"), "expected a comma or ]", 2 },
    { T("[0x42]"), "expected a comma or ]", 2 },
    { T("[0x1]"), "expected a comma or ]", 2 },
    { T("[0b1]"), "expected a comma or ]", 2 },
    { T("[1_000]"), "expected a comma or ]", 2 },
    { T("[1 000.0]"), "expected a comma or ]", 3 },
    { T("[1,000;0]"), "expected a comma or ]", 4 },
    { T("[1+2]"), "expected a comma or ]", 2 },
    { T("[1-2]"), "expected a comma or ]", 2 },
    { T("[1ea]"), "invalid number", 3 },
    { T("[1a]"), "expected a comma or ]", 2 },
    { T("[1.8011670033376514H-308]"), "expected a comma or ]", 19 },
    { T("[-1x]"), "expected a comma or ]", 3 },
    { T("[1\x80]"), "expected a comma or ]", 2 },
    { T("[0\xE5]"), "expected a comma or ]", 2 },
    { T("[\xEF\xBC\x91]"), "expected a value", 1 }, /* a full-width digit one */
    /* escapes */
    { T("[\"\\x00\"]"), "invalid escape", 2 },
    { T("[\"\\a\"]"), "invalid escape", 2 },
    { T("[\"\\v\"]"), "invalid escape", 2 },
    { T("[\"\\0\"]"), "invalid escape", 2 },
    { T("[\"\\'\"]"), "invalid escape", 2 },
    { T("[\"\\ \"]"), "invalid escape", 2 },
    { T("[\"\\N\"]"), "invalid escape", 2 },
    { T("[\"\\U0041\"]"), "invalid escape", 2 },
    { T("[\"\\\n\"]"), "invalid escape", 2 },
    { T("[\"\\\t\"]"), "invalid escape", 2 },
    { T("[\"\\\0\"]"), "invalid escape", 2 },
    { T("[\"\\\xF0\x9F\x8C\x80\"]"), "invalid escape", 2 },
    { T("[\"\\\xE5\"]"), "invalid escape", 2 },
    { T("[\"\\u\"]"), "invalid escape", 2 },
    { T("[\"\\u0\"]"), "invalid escape", 2 },
    { T("[\"\\u00\"]"), "invalid escape", 2 },
    { T("[\"\\u004\"]"), "invalid escape", 2 },
    { T("[\"\\u00G1\"]"), "invalid escape", 2 },
    { T("[\"\\u-041\"]"), "invalid escape", 2 },
    { T("[\"\\u+041\"]"), "invalid escape", 2 },
    { T("[\"\\u 041\"]"), "invalid escape", 2 },
    { T("[\"\\u0x41\"]"), "invalid escape", 2 },
    { T("[\"\\u{41}\"]"), "invalid escape", 2 },
    { T("[\"\\u00\xE5" "1\"]"), "invalid escape", 2 },
    { T("[\"\\u@`12\"]"), "invalid escape", 2 },
    { T("[\"\\u004:\"]"), "invalid escape", 2 },
    { T("[\"\\u004g\"]"), "invalid escape", 2 },
    { T("[\"\\"), "unexpected end in a string", 3 },
    { T("[\"\\\""), "unexpected end in a string", 4 },
    { T("[\"\\\"]"), "unexpected end in a string", 5 },
    { T("[\"\\\\\\\"]"), "unexpected end in a string", 7 },
    { T("[\"\\u00A"), "invalid escape", 2 },
    { T("[\"ab\\qc\"]"), "invalid escape", 4 },
    { T("[\"12345678\\q\"]"), "invalid escape", 10 },
    { T("[\\n]"), "expected a value", 1 },
    { T("\\u0041"), "expected a value", 0 },
    /* U+0000 and surrogates */
    { T("[\"\\u0000\"]"), "U+0000 in a string", 2 },
    { T("[\"a\\u0000b\"]"), "U+0000 in a string", 3 },
    { T("{\"\\u0000\":1}"), "U+0000 in a string", 2 },
    { T("[\"\\uD800\"]"), "lone surrogate", 2 },
    { T("[\"\\uDBFF\"]"), "lone surrogate", 2 },
    { T("[\"\\uDC00\"]"), "lone surrogate", 2 },
    { T("[\"\\uDFFF\"]"), "lone surrogate", 2 },
    { T("[\"\\udfaa\"]"), "lone surrogate", 2 },
    { T("[\"\\uDADA\"]"), "lone surrogate", 2 },
    { T("[\"\\uD888\\u1234\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\n\"]"), "lone surrogate", 2 },
    { T("[\"\\ud800abc\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\uD800\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\uD800\\uDC00\"]"), "lone surrogate", 2 },
    { T("[\"\\uDC00\\uD800\"]"), "lone surrogate", 2 },
    { T("[\"\\uDd1e\\uD834\"]"), "lone surrogate", 2 },
    { T("[\"\\uD834\\uDD1E\\uD834\"]"), "lone surrogate", 14 },
    { T("[\"\\uD800\\u\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\u1\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\u1x\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\uDC0\"]"), "lone surrogate", 2 },
    { T("[\"\\uD800\\"), "lone surrogate", 2 },
    { T("[\"\\uD800\\x\"]"), "lone surrogate", 2 },
    /* raw control characters */
    { T("[\"\0\"]"), "control character in a string", 2 },
    { T("[\"a\0a\"]"), "control character in a string", 3 },
    { T("[\"\x01\"]"), "control character in a string", 2 },
    { T("[\"\b\"]"), "control character in a string", 2 },
    { T("[\"\t\"]"), "control character in a string", 2 },
    { T("[\"\n\"]"), "control character in a string", 2 },
    { T("[\"\r\"]"), "control character in a string", 2 },
    { T("[\"\x1F\"]"), "control character in a string", 2 },
    { T("[\"new\nline\"]"), "control character in a string", 5 },
    { T("[\"123456\x1F\"]"), "control character in a string", 8 },
    { T("[\"1234567\x1F\"]"), "control character in a string", 9 },
    { T("[\"12345678\x1F\"]"), "control character in a string", 10 },
    /* UTF-8 */
    { T("[\"\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\x81\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC0\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC0\xAF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC1\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC2\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC2\xC2\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xC3\xA9\x80\"]"), "invalid UTF-8", 4 },
    { T("[\"\xE0\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xE0\x9F\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xE0\xFF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xE2\x82\"]"), "invalid UTF-8", 2 },
    { T("[\"\xE2\x82" "a\"]"), "invalid UTF-8", 2 },
    { T("[\"\xED\xA0\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xED\xBF\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xED\xA0\x81\xED\xB0\xB7\"]"), "invalid UTF-8", 2 },
    { T("[\"\xE6\x97\xA5\xD1\x88\xFA\"]"), "invalid UTF-8", 7 },
    { T("[\"\xE9\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF0\x80\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF0\x8F\xBF\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF0\x9F\x8C\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF4\x90\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF4\xBF\xBF\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF5\x80\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xF8\x88\x80\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xFC\x84\x80\x80\x80\x80\"]"), "invalid UTF-8", 2 },
    { T("[\"\xFC\x83\xBF\xBF\xBF\xBF\"]"), "invalid UTF-8", 2 },
    { T("[\"\xFE\"]"), "invalid UTF-8", 2 },
    { T("[\"\xFF\"]"), "invalid UTF-8", 2 },
    { T("[\"12345678\xFF\"]"), "invalid UTF-8", 10 },
    { T("[\"\xC3"), "invalid UTF-8", 2 },
    { T("[\"\xF0\x9F"), "invalid UTF-8", 2 },
    /* strings that do not start or end */
    { T("\""), "unexpected end in a string", 1 },
    { T("\"a"), "unexpected end in a string", 2 },
    { T("\"12345678"), "unexpected end in a string", 9 },
    { T("[\""), "unexpected end in a string", 2 },
    { T("['single quote']"), "expected a value", 1 },
    { T("[`a`]"), "expected a value", 1 },
    { T("\"\"\""), "bytes after the value", 2 },
    { T("[\"\"a\"\"]"), "expected a comma or ]", 3 },
    { T("a\""), "expected a value", 0 },
    { T("[\xE2\x80\x9C" "a\xE2\x80\x9D]"), "expected a value", 1 },
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(invalid); i++) {
        const struct invalid *c = &invalid[i];
        struct tape_fault fault = { .what = "none" };
        CHECK(!reads(c->text, &fault), "accepted: " STR_FMT, STR_ARG(c->text));
        CHECK(strcmp(fault.what, c->what) == 0 && fault.offset == c->offset && !fault.limit,
              "row %zu " STR_FMT ": %s at %u", i, STR_ARG(c->text), fault.what, fault.offset);
    }
}

/* Every byte in every position where only some are allowed: the reader's own tables against the grammar's. */
static void refuses_stray_bytes(void **state)
{
    struct tape_fault fault;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char alone[] = { (char)byte };
        char between[] = { '[', '1', (char)byte, '2', ']' };
        char escaped[] = { '"', '\\', (char)byte, '"' };
        char inside[] = { '"', (char)byte, '"' };
        bool digit = byte >= '0' && byte <= '9';
        CHECK(reads(str_of(alone, 1), &fault) == digit, "%d", byte);
        CHECK(reads(str_of(between, 5), &fault) == (digit || (byte && strchr(",.eE", byte))), "%d", byte);
        CHECK(reads(str_of(escaped, 4), &fault) == (byte && strchr("\"\\/bfnrt", byte)), "%d", byte);
        CHECK(reads(str_of(inside, 3), &fault) == (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'),
              "%d", byte);
    }
}

/* All 65,536 code units: one alone, and each as the second of a pair. */
static void refuses_code_units(void **state)
{
    struct tape_fault fault;

    (void)state;
    for (unsigned unit = 0; unit < 0x10000; unit++) {
        char one[16], pair[24];
        int one_len = snprintf(one, sizeof one, "\"\\u%04x\"", unit);
        int pair_len = snprintf(pair, sizeof pair, "\"\\uD83D\\u%04X\"", unit);
        bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
        CHECK(reads(str_of(one, (size_t)one_len), &fault) == (unit && !surrogate), "%s", one);
        CHECK(reads(str_of(pair, (size_t)pair_len), &fault) == (unit >= 0xDC00 && unit <= 0xDFFF), "%s", pair);
    }
}

/* Sixteen and eight bytes at a time find what one at a time does: every byte, at every place, in every length. */
static void scans_alike(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[40];
                memset(text, 'x', sizeof text);
                text[at] = (char)byte;
                bool stops = byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
                const char *first = text + (stops ? at : len);
                CHECK(scan_plain(text, text + len) == first, "%u at %zu of %zu", byte, at, len);
                CHECK(scan_plain_words(text, text + len) == first, "%u at %zu of %zu", byte, at, len);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),       cmocka_unit_test(accepts_nested),      cmocka_unit_test(refuses_cut),
        cmocka_unit_test(refuses),       cmocka_unit_test(refuses_stray_bytes), cmocka_unit_test(refuses_code_units),
        cmocka_unit_test(scans_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
