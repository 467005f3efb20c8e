/* The scripts: every endpoint, each with what it must refuse. */
#pragma once

#include "test_backend_bonds.h"
#include "test_backend_bounds.h"
#include "test_backend_care.h"
#include "test_backend_lists.h"
#include "test_backend_own.h"
#include "test_backend_patients.h"

/* Each as a test of whoever has a `struct fixture` with a script. */
#define SCRIPTS(X)                                                                                           \
    X(caring) X(collecting) X(creating) X(following) X(medicating) X(telling) X(routing) X(tenancy)           \
    X(duplicates) X(patching) X(listing) X(measuring) X(meeting) X(grouping) X(binding) X(erasing)           \
    X(joining) X(pairing)
#define SCRIPT_TEST(name)                                                                                    \
    static void name##_works(void **state)                                                                   \
    {                                                                                                        \
        RUN(&((struct fixture *)*state)->script, name);                                                      \
    }
#define SCRIPT_ROW(name) cmocka_unit_test_setup_teardown(name##_works, setup, teardown),
