/* Inside cli/: what commands about tokens and clients share: store, keys and dialects, opened and closed
 * together. */
#pragma once

#include "cli/cli.h"
#include "jdoc/jdoc.h"
#include "store/store.h"

struct desk {
    const struct invocation *invocation;
    struct conf *conf;
    struct arena *arena;
    struct auth *auth;
    struct store *store;
    struct gateway *gateway;
};

/* Opens the desk, works, closes it. */
int desk_with(const struct invocation *invocation, int (*work)(struct desk *desk, struct err *err),
              struct err *err);

/* Every read: and write: scope that the dialect's operations name. */
struct str desk_scope(struct desk *desk, const struct dialect *dialect);

/* 0, or CLI_USAGE with words printed: one of the scopes grants nothing that an operation of any dialect demands. One that grants
 * nothing in this dialect (or NULL) is told on standard error, and taken. */
int desk_judge_scopes(const struct desk *desk, const struct dialect *dialect, struct str scopes);

/* Turns an id as the dialect (or NULL) writes it into the canonical one; anything else is taken as canonical. Fails if
 * the store fails, because a token must not be bound to the wrong id. */
MUST_CHECK int desk_canonical_id(struct desk *desk, const struct dialect *dialect, const char *kind, struct str brand,
                                 struct str given, struct str *id, struct err *err);
/* The same for all that were given with `option`, in `desk->arena`. */
MUST_CHECK int desk_canonical_ids(struct desk *desk, const struct dialect *dialect, const char *option, const char *kind,
                                  struct str brand, const struct str **ids, size_t *count, struct err *err);

/* The document as a record, in `desk->arena`; fails when it is longer than a record may be. `doc` is freed. */
MUST_CHECK int desk_record(struct desk *desk, struct jdoc *doc, struct str *record, struct err *err);

/* Some option was given. */
bool desk_has_options(const struct invocation *invocation);

/* A member that is an array of strings. */
void desk_push_all(struct jdoc *object, const char *name, const struct str *items, size_t count);

/* Prints `{"name":"value"` or `,"name":"value"`. */
void desk_print_member(const char *name, struct str value, bool first);
