/* Calls and bodies that several scripts use. */
#pragma once

#include "test_backend_kit.h"

#define MAKE_A                                                                                               \
    {                                                                                                        \
        .as = "acme", .call = "POST /v1/patients",                                                           \
        .body = "{\"brand_id\":\"acme\",\"first_name\":\"Ann\",\"last_name\":\"Archer\"}", .status = 201,    \
        .save = 'a'                                                                                          \
    }
#define MAKE_B                                                                                               \
    {                                                                                                        \
        .as = "globex", .call = "POST /v1/patients",                                                         \
        .body = "{\"brand_id\":\"globex\",\"first_name\":\"Bob\",\"last_name\":\"Baker\"}", .status = 201,   \
        .save = 'b'                                                                                          \
    }
#define NAMED(first, last) "{\"brand_id\":\"acme\",\"first_name\":\"" first "\",\"last_name\":\"" last "\"}"
#define REFUSED            "\"error\":\"validation_error\""
#define PATIENT            "\"brand_id\":\"acme\",\"first_name\":\"A\",\"last_name\":\"B\""
#define LIST               "GET /v1/patients?brand_id=acme"
#define METRIC(more)                                                                                         \
    "{\"metric_key\":\"mood\",\"source\":\"api\",\"recorded_at\":\"2024-01-02T00:00:00Z\"" more "}"
