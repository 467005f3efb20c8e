/* The curl transport: fetch.c is one transfer, fetcher.c drives all of a client. Only they include it. */
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
    const char *why; /* this, not curl, ended it */
};

/* fetch.c */
int fetch_prepare(struct fetch *fetch, CURL *easy); /* -1: curl refuses the request */
void fetch_end(struct fetch *fetch, CURLcode code); /* reports to the call; the fetch is over */
void fetch_release(struct fetch *fetch);            /* what it owns besides the easy handle */
