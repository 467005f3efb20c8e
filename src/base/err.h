/* One error value for the whole program. A function that can fail returns 0 or -1, takes `struct err *` last and
 * is MUST_CHECK; on failure `err` is set and outputs are unspecified, on success `err` is untouched. */
#pragma once

#include "base/str.h"

enum err_code {
    ERR_NONE,
#define X(code, name, status, text) code,
#include "base/err_tbl.h"
#undef X
    ERR_COUNT
};

/* Why a call failed. Lives on the caller's stack or in the exchange; never allocates, so failing cannot fail.
 * `detail` is for the log and for operators, never for the client. */
struct err {
    enum err_code code;
    unsigned after_s; /* of what may go well later: in how many seconds (Retry-After, RFC 9110 section 10.2.3); 0: not known */
    char detail[320];
};

/* Both return -1 so that a failing function can end `return err_set(...)`. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
int err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3); /* "context: old detail" */

/* Adds "; did you mean 'WORD'?", which a long detail makes room for; nothing where `word` is empty. Returns -1. */
int err_meant(struct err *err, struct str word);

/* Faults in several places, found by work that goes on after each. In `arena`, which its maker gives. */
struct arena;
struct err_list {
    struct arena *arena;
    struct err *items;
    size_t count, space;
};
/* 0: the fault is noted, and what does not rest on it goes on. -1: `list` is NULL, the first fault ends the work. */
int err_note(struct err_list *list, const struct err *err);

/* The row of err_tbl.h. `err_by_name` gives ERR_NONE for an unknown name. */
const char *err_name(enum err_code code);
int err_status(enum err_code code);
const char *err_text(enum err_code code);
enum err_code err_by_name(struct str name);
