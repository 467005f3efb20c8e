/* The body of a request: its text as a tape, and where its documents stand in it. Pure. */
#pragma once

#include "dialect/dialect.h"
#include "json/tape.h"

/* Where the tapes live, and what they may hold. */
struct documents_parser {
    struct arena *arena;
    const struct tape_limits *limits;
};

/* Where an operation's documents stand. */
struct documents {
    uint32_t at;  /* the document, or the array of them */
    size_t count; /* 0: an empty array, of an operation that passes bodies on */
    bool many;    /* they stand in an array */
    bool bare;    /* the document came without its wrapper */
};

/* A form (by `content_type`, which may be empty) becomes an object of strings: RFC 6749 sends its requests so. The tape borrows
 * `text`. -1: ERR_BAD_JSON with line and column, ERR_TOO_LARGE beyond a limit, or what is wrong with the form. */
MUST_CHECK int documents_parse(struct tape *tape, const struct documents_parser *parser, struct str content_type,
                               struct str text, struct err *err);

/* Looks in `tape`, which is a whole body, for what the operation wants. A document without its wrapper is put where the dialect
 * says (`bare:`), in a tape that takes the place of the first. -1: ERR_MISSING_WRAPPER, ERR_BAD_REQUEST where an array or an
 * object is wanted, ERR_TOO_LARGE for too many documents. */
MUST_CHECK int documents_find(struct documents *found, struct tape *tape, const struct operation *operation,
                              const struct documents_parser *parser, struct err *err);
