/* Inside cli/: which calls of the contract a live backend has. It is asked with reading calls only; what it
 * answers is used for further questions (an id that exists) and shown to nobody. */
#pragma once

#include "cli/cli.h"

enum ask_state {
    ASK_NOT_ASKED, /* it writes, or nothing is known that it could be asked about */
    ASK_WORKS,
    ASK_MISSING
};
struct asked {
    const struct contract_call *call;
    enum ask_state state;
    struct str why; /* of what is missing or was not asked */
};
struct backend_asked {
    struct str url;
    struct asked *calls; /* all of the contract, in its order */
    size_t count;
};

/* Asks for all calls of the contract, in `conf->arena`. Fails if the backend cannot be reached, refuses the
 * credential, or does not answer the list of patients as the contract has it: `err` is one line. */
MUST_CHECK int backend_ask(struct backend_asked *asked, const struct gateway *gateway, struct conf *conf,
                           struct str brand, struct err *err);

const struct asked *backend_asked_find(const struct backend_asked *asked, const struct contract_call *call);

/* One row per operation: what it does on this backend. Returns how many completions the configuration
 * declares and the backend does not have. */
size_t backend_report(const struct backend_asked *asked, const struct gateway *gateway, bool json,
                      struct buf *out);
