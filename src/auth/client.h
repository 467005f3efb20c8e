/* Patience with clients that fail to authenticate. Any thread. */
#pragma once

#include "auth/inside.h"

/* False after five failures of this client's id within a minute. */
bool throttle_allows(struct throttle *throttle, struct str client_id, int64_t now_ms);
void throttle_failed(struct throttle *throttle, struct str client_id, int64_t now_ms);

/* The hash of no secret: comparing with it takes as long as with a client's. */
extern const struct str client_dummy_hash;
