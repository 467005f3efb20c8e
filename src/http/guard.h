/* The HTTP/1 guard: judges a request head by RFC 9112 before anybody believes what libh2o made of it.
 * libh2o 2.2.5 accepts differing Content-Length headers, Transfer-Encoding beside Content-Length, bare line
 * feeds, folded lines and double or missing Host; each of them makes two servers see different requests in
 * the same bytes. Pure: bytes in, verdict out; any thread. */
#pragma once

#include "base/str.h"

/* Every way a head can be refused.
 *   verdict                what was wrong */
#define GUARD_VERDICTS(X)                                                                                    \
    X(GUARD_OK, "nothing")                                                                                   \
    X(GUARD_INCOMPLETE, "the head has no end")                                                               \
    X(GUARD_LINE_END, "a line does not end in CR LF")                                                        \
    X(GUARD_REQUEST_LINE, "the request line is not: method, target, version")                                \
    X(GUARD_METHOD, "the method is not a token")                                                             \
    X(GUARD_TARGET_FORM, "the target does not start with a slash")                                           \
    X(GUARD_TARGET, "the target has bytes that no target has")                                               \
    X(GUARD_VERSION, "the version is not HTTP/1.0 or HTTP/1.1")                                              \
    X(GUARD_FOLD, "a header line starts with white space")                                                   \
    X(GUARD_NAME, "a header name is not a token right before a colon")                                       \
    X(GUARD_VALUE, "a header value has control characters")                                                  \
    X(GUARD_NO_HOST, "there is no Host")                                                                     \
    X(GUARD_TWO_HOSTS, "there are several Hosts")                                                            \
    X(GUARD_HOST, "the Host is not a host")                                                                  \
    X(GUARD_TWO_LENGTHS, "there are several Content-Lengths")                                                \
    X(GUARD_LENGTH, "the Content-Length is not a plain number")                                              \
    X(GUARD_ENCODING, "the Transfer-Encoding is not exactly chunked, once, in HTTP/1.1")                     \
    X(GUARD_LENGTH_AND_ENCODING, "there are both Content-Length and Transfer-Encoding")                      \
    X(GUARD_TWO_AUTHORIZATIONS, "there are several Authorizations")

enum guard_verdict {
#define X(verdict, text) verdict,
    GUARD_VERDICTS(X)
#undef X
        GUARD_VERDICT_COUNT
};

struct guard {
    size_t offset;    /* where it went wrong; the head's length when nothing did */
    unsigned headers; /* lines read */
    bool chunked;     /* a Transfer-Encoding was there */
    bool has_length;
    bool http_1_0;
};

/* Judges the head that `bytes` begins with; what follows its empty line is not looked at. */
enum guard_verdict guard_check(struct str bytes, struct guard *guard);

/* The parts, for heads that came by HTTP/2. */
bool guard_is_method(struct str method);
enum guard_verdict guard_check_target(struct str target);
bool guard_is_host(struct str host);
bool guard_is_name(struct str name);
bool guard_is_value(struct str value);

const char *guard_text(enum guard_verdict verdict);
