/* What the tests of base share: an arena for each. */
#pragma once

#include "check.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/fingerprint.h"

static struct arena *arena;

static inline int set_up(void **state)
{
    (void)state;
    arena = arena_new(16u << 20);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
