/* Configuration and mappings, judged without serving; and the mappings' own tests. */
#include "cli/cli.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "cli/ask.h"
#include "cli/coverage.h"
#include "edge/edge.h"
#include "http/sockets.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHECKED_DOCUMENTS = 50 };

/* The mapping with those of the same entity that stand before it. */
static int compare_lens(const struct gateway *gateway, size_t dialect, size_t lens, struct err *err)
{
    for (size_t i = 0; i <= dialect; i++) {
        size_t count = i < dialect ? gateway->dialects[i]->lens_count : lens + 1;
        for (size_t k = 0; k < count; k++)
            if (lens_compare(gateway->dialects[dialect]->lenses[lens], gateway->dialects[i]->lenses[k], err))
                return -1;
    }
    return 0;
}

static size_t lenses_of(const struct gateway *gateway, struct str entity, const struct lens **lenses)
{
    size_t count = 0;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->lens_count; k++)
            if (str_eq(lens_entity(gateway->dialects[i]->lenses[k]), entity))
                lenses[count++] = gateway->dialects[i]->lenses[k];
    return count;
}

/* What a mapping only reads stands in some mapping of the entity: else it is misspelt. */
static int check_reads(const struct gateway *gateway, const struct lens *lens, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    size_t most = 0;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        most += gateway->dialects[i]->lens_count;
    const struct lens **lenses = ARENA_ARRAY(arena, const struct lens *, most + 1);
    size_t count = lenses_of(gateway, lens_entity(lens), lenses);
    return lens_check_reads(lens, lenses, count, err);
}

/* Prints what its examples and the laws find; the number of failures. */
static size_t test_lens(const struct dialect *dialect, size_t index, uint64_t seed, unsigned count, FILE *to)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct buf report = buf_in(arena, SIZE_MAX);
    size_t bad = lens_test(dialect->lenses[index], seed, count, &report);

    if (bad)
        (void)fprintf(to, STR_FMT, STR_ARG(buf_str(&report)));
    return bad;
}

/* A loss that no `loss:` declares shows as a document that does not come back: a few are tried, always the
 * same. */
static int find_losses(const struct gateway *gateway, struct err *err)
{
    size_t bad = 0;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->lens_count; k++)
            bad += test_lens(gateway->dialects[i], k, 1, CHECKED_DOCUMENTS, stderr);
    return bad ? err_set(err, ERR_CONFIG, "examples and laws that do not hold: %zu (dragoman test)", bad) : 0;
}

/* Each mapping by itself and beside the others. A path that none of them has may be one of a mapping that is not here. */
static void judge_lenses(const struct gateway *gateway, struct err_list *faults)
{
    struct err err;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->lens_count; k++)
            if (compare_lens(gateway, i, k, &err) ||
                (!gateway->incomplete && check_reads(gateway, gateway->dialects[i]->lenses[k], &err)))
                (void)err_note(faults, &err);
    if (find_losses(gateway, &err))
        (void)err_note(faults, &err);
}

/* Whether this user may write there, or make it. */
static int check_writable(const struct conf *conf, const char *setting, struct str path, struct err *err)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    const char *slash = memrchr(path.ptr, '/', path.len);
    struct str folder = slash ? str_of(path.ptr, (size_t)(slash - path.ptr) + 1) : STR(".");

    if (access(arena_cstr(conf->arena, path), W_OK) == 0 ||
        (errno == ENOENT && access(arena_cstr(conf->arena, folder), W_OK | X_OK) == 0))
        return 0;
    return err_set(err, ERR_CONFIG, "%s: " STR_FMT ": %s", setting, STR_ARG(path), strerror(errno));
}

/* What would keep `serve` from starting on this machine, by this user. */
static void judge_places(const struct conf *conf, struct str held, struct err_list *faults)
{
    struct str *addresses;
    size_t count = serve_addresses(conf, &addresses);
    struct err err;

    for (size_t i = 0; i < count; i++)
        if (http_address_try(addresses[i], held, &err))
            (void)err_note(faults, &err);
    if (edge_check(conf, &err))
        (void)err_note(faults, &err);
    if (check_writable(conf, "state_dir", conf->state_dir, &err))
        (void)err_note(faults, &err);
    if (!str_is(conf->log_access, "-") && !str_is(conf->log_access, "off") &&
        check_writable(conf, "log.access", conf->log_access, &err))
        (void)err_note(faults, &err);
}

/* A line each; the last one is the caller's to print. */
static int tell_faults(struct err_list *faults, struct err *err)
{
    yaml_sort_faults(faults);
    if (faults->count == 1)
        *err = faults->items[0];
    for (size_t i = 0; i < faults->count && faults->count > 1; i++)
        (void)fprintf(stderr, "dragoman: %s\n", faults->items[i].detail);
    if (faults->count > 1)
        (void)err_set(err, ERR_CONFIG, "%zu faults", faults->count);
    return faults->count ? -1 : 0;
}

static void print_counts(const struct gateway *gateway)
{
    size_t operations = 0, lenses = 0;

    for (size_t i = 0; i < gateway->dialect_count; i++) {
        operations += gateway->dialects[i]->operation_count;
        lenses += gateway->dialects[i]->lens_count;
    }
    (void)printf("%zu dialects, %zu operations, %zu mappings: no fault\n", gateway->dialect_count, operations,
                 lenses);
}

static void print_coverage(const struct gateway *gateway)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct buf page = buf_in(arena, SIZE_MAX);

    coverage_write(gateway, arena, &page);
    (void)fwrite(page.ptr, 1, page.len, stdout);
}

/* Asks the backend. A completion that is declared and not there is a fault of the configuration. */
static int ask_backend(const struct invocation *invocation, const struct gateway *gateway, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct buf report = buf_in(arena, SIZE_MAX);
    struct backend_asked asked;

    if (backend_ask(&asked, gateway, invocation->conf, str_from(option_text(invocation, "--brand", "acme")), err))
        return -1;
    size_t wrong = backend_report(&asked, gateway, option_find(invocation, "--json") != NULL, &report);
    (void)fwrite(report.ptr, 1, report.len, stdout);
    return wrong ? err_set(err, ERR_CONFIG, "backend.completions: %zu declared that the backend does not have", wrong) : 0;
}

/* 0, or CLI_USAGE with words printed. */
static int judge_options(const struct invocation *invocation)
{
    bool backend = option_find(invocation, "--backend") != NULL, held = option_find(invocation, "--held") != NULL;

    if (backend + held + (option_find(invocation, "--coverage") != NULL) > 1)
        return cli_usage("check: one of --coverage, --backend and --held");
    if (!backend && (option_find(invocation, "--json") || option_find(invocation, "--brand")))
        return cli_usage("check: --json and --brand go with --backend");
    return 0;
}

int command_check(const struct invocation *invocation, struct err *err)
{
    struct err_list faults = { .arena = invocation->conf->arena };
    struct gateway *gateway = NULL;
    int wrong = judge_options(invocation);

    if (wrong)
        return wrong;
    if (auth_check(invocation->conf, err))
        (void)err_note(&faults, err);
    if (gateway_judge(&gateway, invocation->conf, &faults, err))
        (void)err_note(&faults, err);
    else
        judge_lenses(gateway, &faults);
    if (option_find(invocation, "--held"))
        judge_places(invocation->conf, str_from(option_text(invocation, "--held", "")), &faults);
    int failed = tell_faults(&faults, err);
    if (!failed && option_find(invocation, "--backend"))
        failed = ask_backend(invocation, gateway, err);
    else if (!failed && option_find(invocation, "--coverage"))
        print_coverage(gateway);
    else if (!failed)
        print_counts(gateway);
    gateway_free(&gateway);
    return failed ? -1 : 0;
}

static bool option_number(const struct invocation *invocation, const char *name, uint64_t *value)
{
    const char *text = option_text(invocation, name, NULL);

    return !text || str_to_uint(str_from(text), value);
}

int command_test(const struct invocation *invocation, struct err *err)
{
    struct gateway *gateway = NULL;
    uint64_t seed = (uint64_t)clock_wall_ms(), count = 1000;
    size_t passed = 0, failed = 0;

    if (!option_number(invocation, "--seed", &seed) || !option_number(invocation, "--count", &count) ||
        count > 1000000)
        return cli_usage("--seed and --count take whole numbers");
    if (gateway_new(&gateway, invocation->conf, NULL, NULL, err))
        return -1;
    (void)printf("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < gateway->dialect_count; i++) {
        const struct dialect *dialect = gateway->dialects[i];
        for (size_t k = 0; k < dialect->lens_count; k++) {
            size_t bad = test_lens(dialect, k, seed, (unsigned)count, stdout);
            (void)printf("%s " STR_FMT "/" STR_FMT "\n", bad ? "FAILED" : "ok", STR_ARG(dialect->name),
                         STR_ARG(lens_resource(dialect->lenses[k])));
            failed += bad > 0;
            passed += bad == 0;
        }
    }
    gateway_free(&gateway);
    (void)printf("%zu passed, %zu failed\n", passed, failed);
    return failed ? 1 : 0;
}
