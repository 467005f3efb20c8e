/* Limits how often clients, and addresses, may fail to authenticate. Any thread. */
#pragma once

#include "auth/inside.h"

void throttle_init(struct throttle *throttle, unsigned most);
void throttle_done(struct throttle *throttle);

/* False after `most` failures of this name within a minute. */
bool throttle_allows(struct throttle *throttle, struct str name, int64_t now_ms);
void throttle_failed(struct throttle *throttle, struct str name, int64_t now_ms);

/* The hash of no secret: comparing with it takes as long as with a client's. */
extern const struct str client_dummy_hash;
