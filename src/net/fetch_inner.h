/* The curl transport: fetch.c is one transfer, fetcher.c drives all of a client, fetch_sockets.c has its sockets. Only they
 * include it. */
#pragma once

#include "net/call_inner.h"

#include <curl/curl.h>

struct st_h2o_socket_t;

enum { SPARE_EASY = 16 };

struct fetcher {
    struct call_client *client;
    CURLM *multi;
    int epoll; /* of curl's sockets only; it is one socket of the loop */
    struct st_h2o_socket_t *sock;
    struct deadline timer;
    CURL *spare[SPARE_EASY];
    size_t spares;
    unsigned running;
    struct fetch_socket *sockets; /* fetch_sockets.c's: every one that is open */
    size_t socket_count, socket_space;
};

struct fetch {
    struct call *call;
    CURL *easy;
    struct curl_slist *lines;
    struct buf body;
    struct call_header *headers;
    size_t header_count, head_bytes, lengths, codings;
    int status;
    unsigned heads; /* 1xx and the answer */
    unsigned attempts;
    bool whole_head;
    bool stale; /* it was given a connection that cannot be used; nothing was sent */
    const char *why; /* this, not curl, ended it */
};

/* fetch.c */
int fetch_prepare(struct fetch *fetch, CURL *easy); /* -1: curl refuses the request */
void fetch_end(struct fetch *fetch, CURLcode code); /* reports to the call; the fetch is over */
void fetch_release(struct fetch *fetch);            /* what it owns besides the easy handle */

/* fetch_sockets.c */
int fetch_sockets_set(struct fetcher *fetcher, CURL *easy); /* -1: curl refuses */
/* As conn_is_quiet, of the connection with this local port, which curl is about to send a request on. Curl reads no more than
 * the answer it waits for: what the server said beyond that would be taken for the next one. True of a new connection,
 * and of HTTP/2, which tells answers apart. */
bool fetch_is_quiet(const struct fetcher *fetcher, CURL *easy, int port);
