#include "auth/throttle.h"

#include <limits.h>

#include "auth/hash.h"
#include "base/codec.h"

enum { WINDOW_MS = 60 * 1000 };

void throttle_init(struct throttle *throttle, unsigned most)
{
    random_bytes(&throttle->key, sizeof throttle->key);
    throttle->most = most;
    (void)pthread_mutex_init(&throttle->lock, NULL);
}

void throttle_done(struct throttle *throttle)
{
    (void)pthread_mutex_destroy(&throttle->lock);
}

bool throttle_allows(struct throttle *throttle, struct str name, int64_t now_ms)
{
    size_t slot = hash_str(name, throttle->key) % THROTTLE_SLOTS;

    if (!throttle->most)
        return true;
    (void)pthread_mutex_lock(&throttle->lock);
    if (now_ms - throttle->slots[slot].since_ms >= WINDOW_MS)
        throttle->slots[slot].failures = 0;
    bool allowed = throttle->slots[slot].failures < throttle->most;
    (void)pthread_mutex_unlock(&throttle->lock);
    return allowed;
}

void throttle_failed(struct throttle *throttle, struct str name, int64_t now_ms)
{
    size_t slot = hash_str(name, throttle->key) % THROTTLE_SLOTS;

    (void)pthread_mutex_lock(&throttle->lock);
    if (throttle->slots[slot].failures == 0)
        throttle->slots[slot].since_ms = now_ms;
    if (throttle->slots[slot].failures < UINT_MAX)
        throttle->slots[slot].failures++;
    (void)pthread_mutex_unlock(&throttle->lock);
}
