/* What the tests of tokens share: asking for one again, and what an answer says. */
#pragma once

#include "test_auth_keys.h"

#include "auth/grant.h"
#include "jdoc/jdoc.h"

#define SECRET "correct horse battery staple"

static inline struct grant by_refresh(const char *client, struct str token)
{
    return (struct grant){ .grant_type = STR("refresh_token"),
                           .client_id = str_from(client),
                           .refresh_token = token };
}

/* A text in the answer's document. */
static inline struct str member(const struct grant *grant, const char *name)
{
    struct err err;
    struct jdoc *doc = jdoc_parse(grant->json, &err);
    struct str text = STR_NONE;

    (void)jdoc_string(jdoc_get(doc, name), &text);
    text = arena_copy(test_arena, text);
    jdoc_free(&doc);
    return text;
}
