/* What h2o/http2_internal.h (libh2o 2.2.5) declares of an HTTP/2 connection and stream. That header is
 * installed but includes khash.h, which is not; so its layout is repeated here, field for field, with the
 * hash as a plain pointer. Only needed because libh2o counts neither resets nor what streams buffer. Another
 * version must be looked at anew. */
#pragma once

#include <h2o.h>
#include <h2o/http2.h>
#include <h2o/http2_scheduler.h>

#if H2O_VERSION_MAJOR != 2 || H2O_VERSION_MINOR != 2
#error "compare these structures with h2o/http2_internal.h"
#endif

enum h2_conn_state { H2_CONN_OPEN, H2_CONN_HALF_CLOSED, H2_CONN_IS_CLOSING };

enum h2_stream_state {
    H2_STREAM_IDLE,
    H2_STREAM_RECV_HEADERS,
    H2_STREAM_RECV_BODY,
    H2_STREAM_REQ_PENDING,
    H2_STREAM_SEND_HEADERS,
    H2_STREAM_SEND_BODY,
    H2_STREAM_SEND_BODY_IS_FINAL,
    H2_STREAM_END_STREAM
};

struct h2_window {
    ssize_t available;
};

struct h2_header_table {
    void *entries;
    size_t num_entries, entry_capacity, entry_start_index, hpack_size, hpack_capacity, hpack_max_capacity;
};

struct h2_num_streams {
    uint32_t open, half_closed, send_body;
};

struct st_h2o_http2_conn_t {
    h2o_conn_t super;
    h2o_socket_t *sock;
    h2o_http2_settings_t peer_settings;
    void *streams;
    struct {
        uint32_t max_open, max_processed;
    } pull_stream_ids;
    struct {
        uint32_t max_open;
    } push_stream_ids;
    struct {
        struct h2_num_streams priority, pull, push;
    } num_streams;
    h2o_http2_scheduler_node_t scheduler;
    enum h2_conn_state state;
    h2o_linklist_t link; /* context.http2._conns */
    ssize_t (*read_expect)(struct st_h2o_http2_conn_t *conn, const uint8_t *src, size_t len,
                           const char **err_desc);
    h2o_buffer_t *http1_req_input;
    struct h2_header_table input_header_table;
    struct h2_window input_window;
    struct h2_header_table output_header_table;
    h2o_linklist_t pending_reqs;
    h2o_timeout_entry_t timeout_entry;
    h2o_buffer_t *headers_unparsed;
    struct {
        h2o_buffer_t *buf, *buf_in_flight;
        h2o_linklist_t streams_to_proceed;
        h2o_timeout_entry_t timeout_entry;
        struct h2_window window;
    } write;
    /* push_memo and casper follow */
};

struct st_h2o_http2_stream_t {
    uint32_t stream_id;
    h2o_ostream_t ostr_final;
    enum h2_stream_state state;
    struct h2_window output_window, input_window;
    h2o_http2_priority_t received_priority;
    h2o_buffer_t *req_body;         /* NULL unless a body is expected */
    size_t expected_content_length; /* SIZE_MAX if unknown */
    H2O_VECTOR(h2o_iovec_t) data;
    h2o_ostream_pull_cb pull_cb;
    struct h2_num_streams *num_streams_slot;
    void *cache_digests;
    union {
        struct {
            uint32_t parent_stream_id;
            unsigned promise_sent : 1;
        } push;
        struct {
            unsigned casper_is_ready : 1;
        } pull;
    };
    struct {
        h2o_linklist_t link;
        h2o_http2_scheduler_openref_t scheduler;
    } refs;
    h2o_send_state_t send_state;
    h2o_req_t req;
};

/* Exported by the library. */
void h2o_http2_encode_goaway_frame(h2o_buffer_t **buf, uint32_t last_stream_id, int errnum,
                                   h2o_iovec_t additional_data);
void h2o_http2_conn_request_write(struct st_h2o_http2_conn_t *conn);

static inline struct st_h2o_http2_conn_t *h2_conn_of_link(h2o_linklist_t *node)
{
    return H2O_STRUCT_FROM_MEMBER(struct st_h2o_http2_conn_t, link, node);
}

static inline struct st_h2o_http2_stream_t *h2_stream_of(h2o_req_t *req)
{
    return H2O_STRUCT_FROM_MEMBER(struct st_h2o_http2_stream_t, req, req);
}
