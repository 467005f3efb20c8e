/* What the tests of edge share: an answer of the flow, as metrics and the access log get it. */
#pragma once

#include "check.h"

#include "flow/flow.h"

#include "../text_has.h"

static inline struct flow_answer answer_of(const char *dialect, const char *operation, int status, uint64_t micros)
{
    return (struct flow_answer){ .status = status,
                                 .body = STR("{\"first_name\":\"Zebediah\"}"),
                                 .report = { .dialect = str_from(dialect),
                                             .operation = str_from(operation),
                                             .request_id = STR("r-1"),
                                             .brand = STR("acme"),
                                             .subject = STR("client-7"),
                                             .upstream_calls = 2,
                                             .micros = micros } };
}
