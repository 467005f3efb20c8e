/* A JWS in compact form (RFC 7515 section 7.1) taken apart, strictly and before anything in it is believed. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "jdoc/jdoc.h"

enum { JWS_LONGEST = 16 * 1024, JWS_HEADER_LONGEST = 4 * 1024 };

struct jws {
    struct str signing_input; /* borrowed from the token: "header.payload" */
    struct str signature;     /* bytes, in the arena */
    struct str algorithm;     /* of the header */
    struct str kid;           /* empty: none */
    bool access_token;        /* its type says so (RFC 9068) */
    struct jdoc *header, *claims; /* owned */
};

/* ERR_INVALID_TOKEN unless `token` is three canonical base64url segments whose first two are JSON objects without
 * duplicate members, with an algorithm, a known type and nothing critical. Call jws_done in either case. */
MUST_CHECK int jws_parse(struct jws *jws, struct arena *arena, struct str token, struct err *err);
void jws_done(struct jws *jws);
