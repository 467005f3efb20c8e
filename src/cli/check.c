/* Configuration and mappings, judged without serving; and the mappings' own tests. */
#include "cli/cli.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

int command_check(const struct invocation *invocation, struct err *err)
{
    struct gateway *gateway = NULL;
    size_t operations = 0, lenses = 0;

    if (gateway_new(&gateway, invocation->conf, NULL, NULL, err))
        return -1;
    for (size_t i = 0; i < gateway->dialect_count; i++) {
        operations += gateway->dialects[i]->operation_count;
        lenses += gateway->dialects[i]->lens_count;
    }
    (void)printf("%zu dialects, %zu operations, %zu mappings: no fault\n", gateway->dialect_count, operations, lenses);
    gateway_free(&gateway);
    return 0;
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
            struct arena *arena = arena_new(SIZE_MAX);
            struct buf report = buf_in(arena, SIZE_MAX);
            size_t bad = lens_test(dialect->lenses[k], dialect->lens_paths[k], seed, (unsigned)count, &report);
            (void)printf("%s " STR_FMT "/" STR_FMT "\n" STR_FMT, bad ? "FAILED" : "ok", STR_ARG(dialect->name),
                         STR_ARG(lens_resource(dialect->lenses[k])), STR_ARG(buf_str(&report)));
            failed += bad > 0;
            passed += bad == 0;
            arena_free(&arena);
        }
    }
    gateway_free(&gateway);
    (void)printf("%zu passed, %zu failed\n", passed, failed);
    return failed ? 1 : 0;
}
