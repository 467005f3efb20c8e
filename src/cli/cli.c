#include "cli/cli.h"

#include "base/codec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAX_SETS = 128, MAX_OPTIONS = 12 };

static const struct command {
    const char *name, *usage;
    command_fn *run;
    const char *options; /* names, space separated; those that take a value end in '=' */
    size_t words;        /* at most, beside the options */
} commands[] = {
    { "serve", "serve -c FILE [--set key.path=value]…", command_serve, "", 0 },
    { "backend", "backend -c FILE: the embedded canonical service alone, on backend.listen", command_backend, "", 0 },
    { "check",
      "check [-c FILE] [--coverage | --backend [--brand B] [--json] | --held PORT,…]: configuration and mappings; what "
      "survives between dialects; what each operation does on the backend; whether it can be served here (of ports that are "
      "held it is not tried)",
      command_check, "--coverage --backend --brand= --json --held=", 0 },
    { "test", "test [--seed N] [--count N]: the examples and laws of every mapping", command_test, "--seed= --count=", 0 },
    { "token",
      "token --dialect D [--brand B] [--scope \"…\"] [--subject S] [--patient ID]… [--group ID]… [--ttl SECONDS] | "
      "token add [--token T] [the same options] | token import FILE|-",
      command_token, "--dialect= --brand= --scope= --subject= --patient= --group= --ttl= --token=", 2 },
    { "client", "client add --name N [--brand B] [--scope \"…\"] [--group ID]… | client list | client revoke ID",
      command_client, "--name= --brand= --scope= --group=", 2 },
    { "crosswalk", "crosswalk import|export [CSV]: dialect,kind,brand,dialect_id,canonical_id", command_crosswalk, "", 2 },
    { "explain",
      "explain METHOD PATH [-H 'name: value']… [-d TEXT|@FILE] [--brand B] [--response STATUS] [--values] [--json]: what "
      "would happen to this request; nothing is asked",
      command_explain, "-H= -d= --brand= --response= --values --json", 2 },
    { "translate",
      "translate --from D --to D --resource R [--as R] [--brand B] [--strict] [--rejects FILE]: documents, one per line, "
      "from standard input to standard output",
      command_translate, "--from= --to= --resource= --as= --brand= --rejects= --strict", 0 },
    { "openapi", "openapi --dialect D: the dialect as an OpenAPI 3.1 document", command_openapi, "--dialect=", 0 },
    { "seed", "seed [--patients N]: sample data into the embedded backend", command_seed, "--patients=", 0 },
};

static void print_common(FILE *to)
{
    (void)fprintf(to, "\nEvery subcommand takes -c FILE (without it the built-in settings hold) and --set key.path=value, and --help.\n"
                      "Exit status: 0 done; 1 a fault, told on standard error; 2 wrong usage.\n");
}

static void print_help(FILE *to)
{
    (void)fprintf(to, "dragoman %s: an API dialect gateway\n\n", DRAGOMAN_VERSION);
    for (size_t i = 0; i < COUNT(commands); i++)
        (void)fprintf(to, "  dragoman %s\n", commands[i].usage);
    print_common(to);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int no_command(const char *name)
{
    struct near near = near_to(str_from(name));

    for (size_t i = 0; i < COUNT(commands); i++)
        near_try(&near, str_from(commands[i].name));
    return cli_misspelt(&near, "there is no command %s", name);
}

/* Of one command where it is known, else of all. */
static int help(const char *name)
{
    const struct command *command = name ? find_command(name) : NULL;

    if (name && !command)
        return no_command(name);
    if (!command) {
        print_help(stdout);
        return 0;
    }
    (void)printf("dragoman %s\n", command->usage);
    print_common(stdout);
    return 0;
}

PRINTF(2, 0)
static int usage(const struct near *near, const char *fmt, va_list ap)
{
    (void)fputs("dragoman: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    if (near && near->best.len)
        (void)fprintf(stderr, "; did you mean '" STR_FMT "'?", STR_ARG(near->best));
    (void)fputs(" (dragoman help)\n", stderr);
    return CLI_USAGE;
}

int cli_usage(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int result = usage(NULL, fmt, ap);
    va_end(ap);
    return result;
}

int cli_misspelt(const struct near *near, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int result = usage(near, fmt, ap);
    va_end(ap);
    return result;
}

int cli_no_dialect(const struct gateway *gateway, const char *name)
{
    struct near near = near_to(str_from(name));

    for (size_t i = 0; i < gateway->dialect_count; i++)
        near_try(&near, gateway->dialects[i]->name);
    return cli_misspelt(&near, "there is no dialect %s", name);
}

bool cli_is_hex(struct str text, size_t digits)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.ptr[i]) < 0 || (text.ptr[i] >= 'A' && text.ptr[i] <= 'F'))
            return false;
    return text.len == digits;
}

const struct option_value *option_find(const struct invocation *invocation, const char *name)
{
    for (size_t i = 0; i < invocation->option_count; i++)
        if (!strcmp(invocation->options[i].name, name) && invocation->options[i].seen)
            return &invocation->options[i];
    return NULL;
}

const char *option_text(const struct invocation *invocation, const char *name, const char *otherwise)
{
    const struct option_value *option = option_find(invocation, name);

    return option && option->count ? option->values[option->count - 1] : otherwise;
}

/* The command's own options, from its row. */
static size_t declare_options(const struct command *command, struct arena *arena, struct option_value *options)
{
    struct str rest = str_from(command->options), name;
    size_t count = 0;

    while (str_next(&rest, ' ', &name)) {
        bool takes = name.len && name.ptr[name.len - 1] == '=';
        if (!name.len)
            continue;
        options[count++] = (struct option_value){
            .name = arena_cstr(arena, str_of(name.ptr, name.len - takes)), .takes_value = takes
        };
    }
    return count;
}

struct parsed {
    const char *file;
    const char *sets[MAX_SETS];
    size_t set_count;
    bool help;
};

/* `--name value` and `--name=value`. Returns the arguments used, 0 when it is no such option, -1 when it lacks its
 * value. */
static int take(const char *name, bool takes_value, int left, char **argv, const char **value)
{
    size_t len = strlen(name);

    *value = NULL;
    if (!strcmp(argv[0], name)) {
        if (!takes_value)
            return 1;
        if (left < 2)
            return -1;
        *value = argv[1];
        return 2;
    }
    if (!takes_value || strncmp(argv[0], name, len) != 0 || argv[0][len] != '=')
        return 0;
    *value = argv[0] + len + 1;
    return 1;
}

static int take_common(struct parsed *parsed, int left, char **argv)
{
    const char *value;
    int used = take("-c", true, left, argv, &value);

    if (used > 0)
        parsed->file = value;
    if (used)
        return used;
    used = take("--set", true, left, argv, &value);
    if (used > 0 && parsed->set_count == MAX_SETS)
        return -1;
    if (used > 0)
        parsed->sets[parsed->set_count++] = value;
    return used;
}

static int take_own(struct invocation *invocation, int left, char **argv)
{
    const char *value;

    for (size_t i = 0; i < invocation->option_count; i++) {
        struct option_value *option = &invocation->options[i];
        int used = take(option->name, option->takes_value, left, argv, &value);
        if (!used)
            continue;
        if (used < 0 || option->count == OPTION_VALUES)
            return -1;
        option->seen = true;
        option->values[option->count++] = value;
        return used;
    }
    return 0;
}

static int unknown_option(const struct invocation *invocation, const char *said)
{
    struct str name = str_from(said), value;

    (void)str_cut(name, '=', &name, &value);
    struct near near = near_to(name);
    near_try(&near, STR("--set"));
    for (size_t i = 0; i < invocation->option_count; i++)
        near_try(&near, str_from(invocation->options[i].name));
    return cli_misspelt(&near, "unknown option %s", said);
}

static int parse(struct invocation *invocation, struct parsed *parsed, int argc, char **argv)
{
    for (int i = 0; i < argc;) {
        int used = take_common(parsed, argc - i, argv + i);
        if (!used)
            used = take_own(invocation, argc - i, argv + i);
        if (used < 0)
            return cli_usage("%s lacks its value, or is given too often", argv[i]);
        if (!used && is_help(argv[i]))
            parsed->help = true;
        if (parsed->help)
            return 0;
        if (!used && argv[i][0] == '-' && argv[i][1])
            return unknown_option(invocation, argv[i]);
        if (!used) {
            invocation->words[invocation->word_count++] = argv[i];
            used = 1;
        }
        i += used;
    }
    return 0;
}

static int run(const struct command *command, struct arena *arena, int argc, char **argv)
{
    struct option_value *options = ARENA_ARRAY(arena, struct option_value, MAX_OPTIONS);
    struct invocation invocation = { .options = options, .words = ARENA_ARRAY(arena, char *, (size_t)argc + 1),
                                     .arguments = argv };
    struct parsed parsed = { 0 };
    struct err err = { 0 };

    invocation.option_count = declare_options(command, arena, options);
    int wrong = parse(&invocation, &parsed, argc - 2, argv + 2);
    if (wrong)
        return wrong;
    if (parsed.help)
        return help(command->name);
    if (invocation.word_count > command->words)
        return cli_usage("%s: %s is one argument too many", command->name, invocation.words[command->words]);
    if (conf_load(&invocation.conf, parsed.file, parsed.sets, parsed.set_count, &err)) {
        (void)fprintf(stderr, "dragoman: %s\n", err.detail);
        return 1;
    }
    int result = command->run(&invocation, &err);
    if (result < 0)
        (void)fprintf(stderr, "dragoman: %s\n", err.detail);
    conf_free(&invocation.conf);
    return result < 0 ? 1 : result;
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);

    if (!strcmp(name, "--version")) {
        (void)printf("dragoman %s\n", DRAGOMAN_VERSION);
        return 0;
    }
    if (!strcmp(name, "help") || is_help(name))
        return help(argc > 2 ? argv[2] : NULL);
    if (*name && !command)
        return no_command(name);
    if (!command) {
        print_help(stderr);
        return CLI_USAGE;
    }
    struct arena *arena = arena_new(SIZE_MAX);
    int result = run(command, arena, argc, argv);
    arena_free(&arena);
    return result;
}

/* What was printed may be shown once only, as a client's secret is: nobody must believe that it arrived. */
static int finish_output(int result)
{
    bool failed = fflush(stdout) != 0;
    int why = errno;

    if (!failed && !ferror(stdout))
        return result;
    if (!result)
        (void)fprintf(stderr, "dragoman: the output cannot be written%s%s\n", failed ? ": " : "",
                      failed ? strerror(why) : "");
    return result ? result : 1;
}

int cli_main(int argc, char **argv)
{
    return finish_output(dispatch(argc, argv));
}
