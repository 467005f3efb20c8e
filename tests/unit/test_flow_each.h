/* A gateway for each test of a file: `kit`, made before it and freed after it. */
#pragma once

#include "test_flow_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void)state;
    kit = kit_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}
