/* Limits how often clients, and addresses, may fail to authenticate. Any thread. */
#pragma once

#include "base/str.h"

#include <pthread.h>

/* Failures, by a keyed hash of who failed. Names that share a slot share its patience. */
enum { THROTTLE_SLOTS = 4096 };
struct throttle {
    pthread_mutex_t lock;
    uint64_t key;
    unsigned most; /* within a minute; 0: any number */
    struct {
        int64_t since_ms;
        unsigned failures;
    } slots[THROTTLE_SLOTS];
};

void throttle_init(struct throttle *throttle, unsigned most);
void throttle_done(struct throttle *throttle);

/* False after `most` failures of this name within a minute. */
bool throttle_allows(struct throttle *throttle, struct str name, int64_t now_ms);
void throttle_failed(struct throttle *throttle, struct str name, int64_t now_ms);
