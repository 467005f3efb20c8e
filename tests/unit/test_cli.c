/* The command line: exit codes, and one line on standard error that names the place. */
#include "test_file.h"

#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text_has.h"

static char dir[64];
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(SIZE_MAX);
    (void)snprintf(dir, sizeof dir, "/tmp/test_cli.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct str command = arena_printf(arena, "rm -rf %s", dir);

    (void)state;
    int failed = system(command.ptr);
    arena_free(&arena);
    return failed;
}

static const char *in_dir(const char *name)
{
    return arena_printf(arena, "%s/%s", dir, name).ptr;
}

static void write_file(const char *name, const char *text)
{
    FILE *out = fopen(in_dir(name), "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

struct outcome {
    int code;
    struct str out, err;
};

/* Words as the program gets them; @ stands for the test's folder. */
static int split(const char *words, char **argv)
{
    struct str rest = str_from(words), word;
    int argc = 0;

    argv[argc++] = strdup("dragoman");
    while (str_next(&rest, ' ', &word)) {
        struct buf out = buf_in(arena, SIZE_MAX);
        for (size_t i = 0; i < word.len; i++)
            if (word.ptr[i] == '@')
                buf_add(&out, str_from(dir));
            else
                buf_char(&out, word.ptr[i]);
        argv[argc++] = strndup(out.ptr, out.len);
    }
    argv[argc] = NULL;
    return argc;
}

/* Standard output and error go to files meanwhile. */
static struct outcome run_to(const char *output, const char *words)
{
    const char *const names[] = { NULL, output, in_dir("stderr") };
    char *argv[32];
    int argc = split(words, argv), saved[3];
    struct outcome outcome;

    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int fd = 1; fd <= 2; fd++) {
        int file = open(names[fd], O_CREAT | O_TRUNC | O_WRONLY, 0600);
        saved[fd] = dup(fd);
        assert_true(file >= 0 && saved[fd] >= 0 && dup2(file, fd) == fd);
        (void)close(file);
    }
    outcome.code = cli_main(argc, argv);
    (void)fflush(stdout);
    clearerr(stdout);
    (void)fflush(stderr);
    for (int fd = 1; fd <= 2; fd++) {
        assert_true(dup2(saved[fd], fd) == fd);
        (void)close(saved[fd]);
    }
    outcome.out = strcmp(output, "/dev/full") != 0 ? test_file_read(arena, output) : STR("");
    outcome.err = test_file_read(arena, in_dir("stderr"));
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

static struct outcome run(const char *words)
{
    return run_to(in_dir("stdout"), words);
}

#define COMMON "--set state_dir=@ --set mappings=" SOURCE_DIR "/mappings"

static void wrong_usage(void **state)
{
    static const struct {
        const char *words, *part;
    } cases[] = {
        { "", "dragoman serve" },
        { "nonsense", "there is no command nonsense (dragoman help)" },
        { "Serve", "there is no command Serve; did you mean 'serve'?" },
        { "help chek", "there is no command chek; did you mean 'check'?" },
        { "check --coverge", "unknown option --coverge; did you mean '--coverage'?" },
        { "check --sett=a=b", "unknown option --sett=a=b; did you mean '--set'?" },
        { "openapi --dialect twin " COMMON, "there is no dialect twin; did you mean 'twine'?" },
        { "-c", "there is no command -c" },
        { "check --nonsense", "unknown option --nonsense" },
        { "check -x", "unknown option -x" },
        { "check -c", "-c lacks its value" },
        { "check --set", "--set lacks its value" },
        { "check --coverage=x", "unknown option --coverage=x" },
        { "check --json " COMMON, "go with --backend" },
        { "check --brand acme " COMMON, "go with --backend" },
        { "check --coverage --backend " COMMON, "one of --coverage, --backend and --held" },
        { "check --held 1 --backend " COMMON, "one of --coverage, --backend and --held" },
        { "check thing " COMMON, "check: thing is one argument too many" },
        { "serve thing " COMMON, "serve: thing is one argument too many" },
        { "seed thing " COMMON, "seed: thing is one argument too many" },
        { "token import a b " COMMON, "token: b is one argument too many" },
        { "explain GET /v1/patients more " COMMON, "explain: more is one argument too many" },
        { "help nonsense", "there is no command nonsense" },
        { "token --dialect twine --scope read:patiens " COMMON,
          "--scope: no operation demands 'read:patiens'; did you mean 'read:patients'?" },
        { "token --dialect twine --scope read:nothing_like_it " COMMON, "--scope: no operation demands 'read:nothing_like_it' (" },
        { "token --dialect general --scope admin:reward " COMMON, "no operation demands 'admin:reward'" },
        { "token add --scope wrote:patients " COMMON, "--scope: no operation demands 'wrote:patients'; did you mean 'write:patients'?" },
        { "client add --name n --scope read:patient " COMMON, "--scope: no operation demands 'read:patient'; did you mean 'read:patients'?" },
        { "test --seed", "--seed lacks its value" },
        { "test --seed x " COMMON, "whole numbers" },
        { "test --count -1 " COMMON, "whole numbers" },
        { "test --count 1000001 " COMMON, "whole numbers" },
        { "token " COMMON, "" },
        { "token --dialect nobody " COMMON, "there is no dialect nobody" },
        { "token nonsense " COMMON, "expected nothing, add, or import FILE" },
        { "token --dialect general --ttl 0 " COMMON, "--ttl takes seconds from 1 to" },
        { "token --dialect general --ttl 9223372036854775807 " COMMON, "--ttl takes seconds from 1 to" },
        { "token --dialect general --ttl 18446744073709551615 " COMMON, "--ttl takes seconds from 1 to" },
        { "token add --dialect general --ttl 9223372036854775807 " COMMON, "--ttl takes seconds from 1 to" },
        { "token --dialect general --token abcdefghijklmnopqrst " COMMON, "--token goes with add" },
        { "token add --dialect general --token \tabcdefghijklmnopqrst " COMMON, "a header can hold" },
        { "token add --dialect general --token abcdefghijkl\x1bmnopqrst " COMMON, "a header can hold" },
        { "token --dialect general --subject \xff " COMMON, "--subject takes UTF-8" },
        { "token import @/none --brand acme " COMMON, "each line says its claims" },
        { "client add --name \xff " COMMON, "--name takes UTF-8" },
        { "client add --name= " COMMON, "--name is missing" },
        { "client list --name x " COMMON, "only add takes options" },
        { "client revoke x --brand acme " COMMON, "only add takes options" },
        { "client " COMMON, "" },
        { "client nonsense " COMMON, "" },
        { "client revoke " COMMON, "" },
        { "crosswalk " COMMON, "expected import or export" },
        { "crosswalk nonsense " COMMON, "expected import or export" },
        { "seed --patients 0 " COMMON, "--patients takes a number" },
        { "seed --patients x " COMMON, "--patients takes a number" },
        { "seed --patients 1000001 " COMMON, "--patients takes a number" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome found = run(cases[i].words);
        CHECK(found.code == 2, "%s: %d %.*s", cases[i].words, found.code, STR_ARG(found.err));
        CHECK(!found.out.len && found.err.len && (!cases[i].part[0] || has(found.err, cases[i].part)),
              "%s: %.*s", cases[i].words, STR_ARG(found.err));
    }
}

static void faults_are_reported(void **state)
{
    static const struct {
        const char *words, *part;
    } cases[] = {
        { "check -c /no/such/file.yaml", "/no/such/file.yaml" },
        { "check -c @/bad.yaml", "/bad.yaml:2:1: unknown setting 'lisen'" },
        { "check --set nonsense=1", "nonsense=1" },
        { "check --set listen", "listen" },
        { "check --set workers=many " COMMON, "workers=many" },
        { "check --set mappings=/no/such/folder", "/no/such/folder" },
        { "check --set mappings=@/mappings", "/mappings/d/dialect.yaml:2:1: unknown key" },
        { "check --set default_facade=nobody " COMMON, "there is no dialect 'nobody'" },
        { "crosswalk import /no/such/file.csv " COMMON, "/no/such/file.csv" },
        { "crosswalk import @/short.csv " COMMON, "line 2" },
        { "crosswalk import @/open.csv " COMMON, "line 2: a quote that is not closed" },
        { "crosswalk import @/twice.csv " COMMON, "line 3" },
        { "crosswalk import @/nobody.csv " COMMON, "nobody.csv: line 2: there is no dialect 'genral'" },
        { "crosswalk import @/kind.csv " COMMON, "line 1: general has no ids of its own for 'pateint'" },
        { "crosswalk import @/same.csv " COMMON, "line 1: patient-graph has no ids of its own for 'patient'" },
        { "crosswalk import @/word.csv " COMMON, "line 1: the dialect_id is not a whole number" },
        { "crosswalk import @/zero.csv " COMMON, "line 1: the dialect_id is not a whole number" },
        { "crosswalk import @/minus.csv " COMMON, "line 1: the dialect_id is not a whole number" },
        { "crosswalk import @/huge.csv " COMMON, "line 1: the dialect_id is not a whole number" },
    };

    (void)state;
    write_file("bad.yaml", "workers: 1\nlisen: 127.0.0.1:0\n");
    write_file("short.csv", "dialect,kind,brand,dialect_id,canonical_id\na,b,c,d\n");
    write_file("open.csv", "dialect,kind,brand,dialect_id,canonical_id\na,b,c,\"d,e\n");
    write_file("twice.csv", "dialect,kind,brand,dialect_id,canonical_id\n"
                            "general,patient,b,1,c-1\ngeneral,patient,b,1,c-2\n");
    write_file("nobody.csv", "general,patient,b,5,c-5\ngenral,patient,b,6,c-6\n");
    write_file("kind.csv", "general,pateint,b,5,c-5\n");
    write_file("same.csv", "patient-graph,patient,b,5,c-5\n");
    write_file("word.csv", "general,patient,b,abc,c-5\n");
    write_file("zero.csv", "general,patient,b,007,c-5\n");
    write_file("minus.csv", "general,patient,b,-1,c-5\n");
    write_file("huge.csv", "general,patient,b,9223372036854775808,c-5\n");
    assert_int_equal(
        system(arena_printf(arena, "mkdir -p %s/mappings/d %s/mappings/canonical", dir, dir).ptr), 0);
    write_file("mappings/d/dialect.yaml", "dialect: d\nfacad: {}\n");
    write_file("mappings/canonical/contract.yaml", "calls: { a: { request: GET /a } }\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome found = run(cases[i].words);
        CHECK(found.code == 1, "%s: %d %.*s", cases[i].words, found.code, STR_ARG(found.err));
        CHECK(has(found.err, cases[i].part), "%s: %.*s", cases[i].words, STR_ARG(found.err));
        CHECK(str_starts(found.err, STR("dragoman: ")) &&
                  memchr(found.err.ptr, '\n', found.err.len) == found.err.ptr + found.err.len - 1,
              "%s: not one line: %.*s", cases[i].words, STR_ARG(found.err));
    }
}

static void what_works(void **state)
{
    static const struct {
        const char *words, *part;
    } cases[] = {
        { "help", "dragoman token" },
        { "--version", "dragoman " DRAGOMAN_VERSION "\n" },
        { "--help", "dragoman " DRAGOMAN_VERSION ": an API" },
        { "--help", "dragoman token" },
        { "help", "Exit status: 0 done; 1 a fault" },
        { "help explain", "dragoman explain METHOD PATH" },
        { "serve --help", "dragoman serve -c FILE" },
        { "backend -h", "dragoman backend" },
        { "check --coverage --help", "--coverage | --backend" },
        { "test --help", "--seed N" },
        { "token add --help", "token import FILE" },
        { "client --help", "client revoke ID" },
        { "crosswalk --help", "import|export" },
        { "explain --help", "--response STATUS" },
        { "translate --from x --help", "--rejects FILE" },
        { "openapi --help", "Exit status" },
        { "seed --help -c /no/such/file", "--patients N" },
        { "check --set mappings=@/fine", "1 dialects, 1 operations, 1 mappings: no fault" },
        { "check --set=mappings=@/fine", "no fault" },
        { "check -c @/good.yaml --set mappings=@/fine", "no fault" },
        { "crosswalk import @/good.csv --set mappings=@/fine --set state_dir=@", "2 rows" },
        { "crosswalk import @/good.csv --set mappings=@/fine --set state_dir=@",
          "2 rows" }, /* saying it twice is no contradiction */
        { "crosswalk import @/one.csv " COMMON, "1 row\n" },
        { "crosswalk export --set state_dir=@", "d,e,b,1,c-1\n" },
        { "crosswalk export --set state_dir=@", "d,e,b,\"a,\"\"b\"\"\",c-2\n" },
        { "client list " COMMON, "" },
    };

    (void)state;
    assert_int_equal(system(arena_printf(arena, "mkdir -p %s/fine/d %s/fine/canonical", dir, dir).ptr), 0);
    write_file(
        "fine/d/dialect.yaml",
        "dialect: d\nfacade: { paths: [/v1] }\ncredential: { header: x-token }\n"
        "media: { request: [application/json], answer: [application/json] }\n"
        "errors: { one: { e: $message }, faults: { blank: x } }\nids: { e: verbatim }\n"
        "operations: { list: { request: GET /v1/x, scopes: [a], resource: r, call: a, answer: $items } }\n");
    write_file("fine/d/r.yaml",
               "dialect: d\nresource: r\nentity: e\nfields:\n  a: { type: string, is: a }\n");
    write_file("fine/canonical/contract.yaml", "calls: { a: { request: GET /a, items: xs, entity: e } }\n");
    write_file("good.yaml", "workers: 1\n");
    write_file("one.csv", "general,patient,b,9223372036854775807,c-9\n");
    write_file("good.csv",
               "dialect,kind,brand,dialect_id,canonical_id\r\nd,e,b,1,c-1\r\nd,e,b,\"a,\"\"b\"\"\",c-2\r\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome found = run(cases[i].words);
        CHECK(found.code == 0 && !found.err.len, "%s: %d %.*s", cases[i].words, found.code,
              STR_ARG(found.err));
        CHECK(!cases[i].part[0] || has(found.out, cases[i].part), "%s: %.*s", cases[i].words,
              STR_ARG(found.out));
    }
}

/* Whoever pipes a secret onto a full disk must not believe to have it. */
static void output_that_is_lost_is_a_fault(void **state)
{
    static const char *const cases[] = {
        "help",
        "help token",
        "token --dialect general " COMMON,
        "client add --name lost " COMMON,
        "client list " COMMON,
        "check --coverage " COMMON,
        "openapi --dialect general " COMMON,
        "crosswalk export " COMMON,
        "explain GET /v1/patients -H authorization:x " COMMON,
        "seed " COMMON " --set backend.database=@/full.db",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome found = run_to("/dev/full", cases[i]);
        CHECK(found.code == 1 && str_starts(found.err, STR("dragoman: the output cannot be written")),
              "%s: %d %.*s", cases[i], found.code, STR_ARG(found.err));
    }
    struct outcome wrong = run_to("/dev/full", "token --dialect nobody " COMMON);
    CHECK(wrong.code == 2, "%d %.*s", wrong.code, STR_ARG(wrong.err));
}

/* A token on standard output, alone on its line, and nothing of the key anywhere. */
static void tokens(void **state)
{
    struct outcome found = run("token --dialect general --ttl 60 " COMMON);

    (void)state;
    CHECK(found.code == 0 && !found.err.len, "%d %.*s", found.code, STR_ARG(found.err));
    CHECK(str_starts(found.out, STR("eyJ")) &&
              memchr(found.out.ptr, '\n', found.out.len) == found.out.ptr + found.out.len - 1,
          "%.*s", STR_ARG(found.out));
    struct outcome again = run("token --dialect general --brand globex --patient p-1 --patient p-2 " COMMON);
    CHECK(again.code == 0 && again.out.len > found.out.len, "%d %.*s", again.code, STR_ARG(again.err));
}

/* Lines of an import: what is wrong is told with its place, without the token. */
static void tokens_are_imported(void **state)
{
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const struct {
        const char *text, *told;
    } cases[] = {
        { "{\"token\":\"SECRET\",\"brand_id\":\"acme\",\"exp\":4000000000}", NULL },
        { "{\"token_sha256\":\"" SHA "\",\"brand_id\":\"acme\"}", NULL },
        { "[\"SECRET\"]", "line 3: no object" },
        { "{\"token\" \"SECRET\"}", "line 3: column 17: not a JSON document" },
        { "{\"brand_id\":\"acme\"}", "line 3: no \"token\"" },
        { "{\"token\":\"\",\"brand_id\":\"acme\"}", "line 3: no header can hold this" },
        { "{\"token\":\" SECRET\",\"brand_id\":\"acme\"}", "line 3: no header can hold this" },
        { "{\"token\":\"SECRET\\n\",\"brand_id\":\"acme\"}", "line 3: no header can hold this" },
        { "{\"token\":\"SECRETSECRETSECRET.SECRET.SECRETSECRETSECRETSECRETSECRETSECRET\",\"brand_id\":\"acme\"}",
          "line 3: no header can hold this" },
        { "{\"token_sha256\":\"0" SHA "\",\"brand_id\":\"acme\"}", "line 3: no \"token\"" },
        { "{\"token\":\"SECRET\"}", "line 3: no \"brand_id\"" },
        { "{\"token\":\"SECRET\",\"brand_id\":\"\"}", "line 3: no \"brand_id\"" },
        { "{\"token\":\"SECRET\",\"brand_id\":\"acme\",\"exp\":\"soon\"}", "line 3: \"exp\" is not a time" },
        { "{\"token\":\"SECRET\",\"brand_id\":\"acme\",\"exp\":-1}", "line 3: \"exp\" is not a time" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("tokens", arena_printf(arena, "{\"token\":\"first\",\"brand_id\":\"acme\"}\r\n\r\n%s\n", cases[i].text).ptr);
        struct outcome found = run("token import @/tokens " COMMON);
        CHECK(found.code == (cases[i].told ? 1 : 0), "%s: %d", cases[i].text, found.code);
        CHECK(cases[i].told ? has(found.err, cases[i].told) : str_eq(found.out, STR("2 tokens\n")), "%s: " STR_FMT STR_FMT,
              cases[i].text, STR_ARG(found.out), STR_ARG(found.err));
        CHECK(!has(found.err, "SECRET"), STR_FMT, STR_ARG(found.err));
    }
    struct outcome folder = run("token import @ " COMMON), none = run("token import @/none " COMMON);
    CHECK(folder.code == 1 && has(folder.err, "Is a directory"), STR_FMT, STR_ARG(folder.err));
    CHECK(none.code == 1 && has(none.err, "/none cannot be read: No such file"), STR_FMT, STR_ARG(none.err));
}

/* What is wrong with the gateway's part is found before the backend has data, after which nothing would be done. */
static void seeding_is_all_or_nothing(void **state)
{
    static const struct {
        const char *samples, *told;
    } cases[] = {
        { "ids:\n  - { role: example-patient, dialect: general }\n", "samples.yaml:2:5: no 'id'" },
        { "ids:\n  - { role: [x], dialect: general, id: 5 }\n", "samples.yaml:2:" },
        { "ids: text\n", "samples.yaml:1:" },
        { "idss: []\n", "samples.yaml:1:1: " },
        { "rests:\n  - { role: example-patient, dialect: general }\n", "samples.yaml:2:5: no 'rest'" },
        { "rests:\n  - { role: example-patient, dialect: general, rest: 5 }\n", "samples.yaml:2:" },
        { "ids:\n  - { role: example-patient, dialect: general, id: '' }\n", "samples.yaml: line 2: no dialect_id" },
        { "ids:\n  - { role: example-patient, dialect: d, id: '1' }\n  - { role: example-brand, dialect: d, id: '2' }\n", NULL },
    };
#define SEEDED "--set state_dir=@/seeded --set mappings=@/samples"

    (void)state;
    assert_int_equal(system(arena_printf(arena, "mkdir -p %s/samples", dir).ptr), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("samples/samples.yaml", cases[i].samples);
        struct outcome found = run("seed " SEEDED);
        CHECK(found.code == (cases[i].told ? 1 : 0), "%zu: %d", i, found.code);
        CHECK(cases[i].told ? has(found.err, cases[i].told) : str_eq(found.out, STR("sample data stored\n")), "%zu: " STR_FMT STR_FMT, i,
              STR_ARG(found.out), STR_ARG(found.err));
    }
    CHECK(has(run("crosswalk export " SEEDED).out, "d,patient,acme,1,"), "no row of the sample");
    /* many of one role */
    struct buf many = buf_in(arena, SIZE_MAX);
    buf_add(&many, STR("ids:\n"));
    for (int i = 0; i < 100; i++)
        buf_printf(&many, "  - { role: example-patient, dialect: d%d, id: '7' }\n", i);
    buf_char(&many, '\0');
    write_file("samples/samples.yaml", many.ptr);
    CHECK(run("seed --set state_dir=@/many --set mappings=@/samples").code == 0, "a hundred ids");
    CHECK(has(run("crosswalk export --set state_dir=@/many").out, "d99,patient,acme,7,"), "the last of many");
}

/* A record that is cut off would be a client, or a token, that can do nothing. */
static void records_are_whole_or_not_there(void **state)
{
    char *longest = malloc(300001);
    struct str client, claims;

    (void)state;
    memset(longest, 'a', 300000);
    longest[300000] = '\0';
    write_file("long", longest);
    longest[70000] = '\0';
    client = arena_printf(arena, "client add --name %s " COMMON, longest);
    claims = arena_printf(arena, "{\"token\":\"x\",\"brand_id\":\"acme\",\"scope\":\"%s\"}\n", longest);
    struct str token = arena_printf(arena, "token add --scope read:patients --subject %s " COMMON, longest);
    write_file("tokens", claims.ptr);
    free(longest);
    const char *const commands[] = { client.ptr, token.ptr, "token import @/tokens " COMMON, "token import @/long " COMMON };
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct outcome found = run(commands[i]);
        CHECK(found.code == 1 && has(found.err, i < 3 ? "more than 64 KiB of claims" : "line 1: longer than 256 KiB"), "%zu: %d " STR_FMT, i,
              found.code, STR_ARG(found.err));
    }
    CHECK(!has(run("client list " COMMON).out, "aaaa"), "a client without a whole record");
}

/* It may be good at another dialect; what it is not good for is told all the same. */
static void a_scope_of_another_dialect(void **state)
{
    struct outcome made = run("token --dialect general --scope admin:rewards " COMMON);

    (void)state;
    CHECK(made.code == 0 && made.out.len, STR_FMT, STR_ARG(made.err));
    CHECK(has(made.err, "dragoman: --scope: no operation of general demands 'admin:rewards'\n"), STR_FMT, STR_ARG(made.err));
    CHECK(!run("token --dialect twine --scope admin:rewards " COMMON).err.len, "twine has rewards");
}

/* A client's secret is shown once, and never again. */
static void clients(void **state)
{
    struct outcome added = run("client add --name portal --scope read:patients " COMMON);
    struct outcome listed = run("client list " COMMON);
    struct str rest = added.out, word, line;
    size_t secrets = 0;

    (void)state;
    CHECK(added.code == 0 && added.out.len, "%d %.*s", added.code, STR_ARG(added.err));
    CHECK(listed.code == 0 && has(listed.out, "portal"), "%.*s", STR_ARG(listed.out));
    while (str_next(&rest, '\n', &line)) {
        while (str_next(&line, ' ', &word)) {
            if (word.len < 30)
                continue;
            secrets++;
            CHECK(!has(listed.out, arena_cstr(arena, word)), "%.*s is listed", STR_ARG(word));
        }
    }
    CHECK(secrets >= 1, "no secret in %.*s", STR_ARG(added.out));
    CHECK(!has(listed.out, "scrypt"), "%.*s", STR_ARG(listed.out));
    struct outcome nobody = run("client revoke nobody " COMMON);
    CHECK(nobody.code == 1 && nobody.err.len, "%d %.*s", nobody.code, STR_ARG(nobody.err));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage), cmocka_unit_test(faults_are_reported),
        cmocka_unit_test(what_works),  cmocka_unit_test(tokens),
        cmocka_unit_test(clients), cmocka_unit_test(a_scope_of_another_dialect),
        cmocka_unit_test(output_that_is_lost_is_a_fault),
        cmocka_unit_test(tokens_are_imported), cmocka_unit_test(seeding_is_all_or_nothing), cmocka_unit_test(records_are_whole_or_not_there),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
