/* What the tests of the store share: a directory of their own, and questions that wait for their answer. */
#pragma once

#include "check.h"

#include "base/log.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct place {
    char dir[64];
    struct store *store;
};

static inline void place_open(struct place *place)
{
    struct err err;

    if (store_open(&place->store, place->dir, &err))
        fail_msg("%s", err.detail);
}

static inline struct place place_new(void)
{
    struct place place = { .dir = "/tmp/test_store.XXXXXX" };

    assert_non_null(mkdtemp(place.dir));
    place_open(&place);
    return place;
}

/* The store as another process would see it. */
static inline void place_reopen(struct place *place)
{
    store_close(&place->store);
    place_open(place);
}

/* Opens the store by `open`: whether the log warns with these words. */
static inline bool place_warns(struct place *place, void (*open)(struct place *place), const char *words)
{
    char text[2048] = "";
    int said = memfd_create("log", MFD_CLOEXEC);

    assert_true(said >= 0);
    log_to(said, LOG_WARN);
    open(place);
    log_to(STDERR_FILENO, LOG_INFO);
    CHECK(pread(said, text, sizeof text - 1, 0) >= 0, "nothing can be read");
    (void)close(said);
    return strstr(text, words) != NULL;
}

static inline void place_done(struct place *place)
{
    static const char *const names[] = { "gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.lock" };
    char path[128];

    store_close(&place->store);
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", place->dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(place->dir), 0);
}

struct answer {
    bool called;
    enum err_code code;
    char detail[320];
};

static inline void answer_note(struct answer *answer, const struct err *err)
{
    answer->called = true;
    answer->code = err ? err->code : ERR_NONE;
    (void)snprintf(answer->detail, sizeof answer->detail, "%s", err ? err->detail : "");
}

static inline void batch_noted(struct store_batch *batch, const struct err *err, void *data)
{
    (void)batch;
    answer_note(data, err);
}

/* Waits; true when the cache had everything. */
static inline bool batch_wait(struct store *store, struct store_batch *batch, struct answer *answer)
{
    *answer = (struct answer){ 0 };
    batch->done = batch_noted;
    batch->data = answer;
    bool hit = store_batch(store, NULL, batch);
    CHECK(answer->called == !hit, "done and the result disagree");
    return hit;
}

static inline struct id_query query_of(enum id_form form, bool to_dialect, const char *given)
{
    return (struct id_query){ .dialect = STR("d"),
                              .kind = STR("k"),
                              .brand = STR("b"),
                              .form = form,
                              .to_dialect = to_dialect,
                              .given = str_from(given) };
}

/* One look-up; the result in `arena`. */
static inline struct str id_wait(struct store *store, struct arena *arena, struct id_query query)
{
    struct store_batch batch = { .arena = arena, .ids = &query, .id_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    return query.found;
}

static inline void erase_noted(struct store_erase *erase, const struct err *err, void *data)
{
    (void)erase;
    answer_note(data, err);
}

static inline void erase_wait(struct store *store, const char *canonical_id)
{
    struct answer answer = { 0 };
    struct store_erase erase = { .kind = STR("k"),
                                 .brand = STR("b"),
                                 .canonical_id = str_from(canonical_id),
                                 .done = erase_noted,
                                 .data = &answer };

    store_erase_start(store, NULL, &erase);
    CHECK(answer.called && answer.code == ERR_NONE, "%s", answer.detail);
}
