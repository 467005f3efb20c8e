/* Which client a request is from, where a proxy stands between. */
#pragma once

#include "conf/conf.h"
#include "http/http.h"

/* The address of who sent the request, as text: of the connection's other end, unless that is one of conf->trusted_proxies.
 * Then it is the last one in X-Forwarded-For that is not, since each proxy adds the other end of its own connection there.
 * What stands before that one anybody may have written. A proxy that only passes bytes on and has not said whose they are adds
 * nothing to the header, which then means nothing. In `arena`, or borrowed from `head`. */
struct str forwarded_client(const struct conf *conf, const struct http_head *head, struct arena *arena);
