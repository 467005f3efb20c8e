/* Tests of a lens by its own mapping file. Internal to the room. */
#pragma once

#include "lens/program.h"

enum { MOST_TEXT = 16 << 20 }; /* of a document */

/* Text and its tape, in an arena that the next document reuses. */
struct document {
    struct str text;
    struct tape tape;
};

/* What a run of put gave, ids standing for themselves. */
struct put_result {
    struct document canonical, rest;
    const struct faults *faults;
    bool fine, has_rest;
    struct err err;
};

/* test.c */
MUST_CHECK bool test_read(struct document *document, struct arena *arena, struct str text);
struct put_result test_put(const struct lens *lens, const struct document *in, const struct document *shown,
                           enum lens_mode mode, struct arena *arena);
/* Why it was refused: its first fault. */
struct str test_refusal(const struct put_result *put, struct arena *arena);
MUST_CHECK bool test_get(const struct lens *lens, const struct document *canonical,
                         const struct document *rest, struct arena *arena, struct document *out);
/* Every member of `part` stands in `whole` with the same value; a null may also be absent. */
bool test_within(const struct tape *part, uint32_t at, const struct tape *whole, uint32_t in);

/* laws.c: generated documents. */
size_t test_laws(const struct lens *lens, uint64_t seed, unsigned count, struct buf *report);

/* laws_same.c. Find: where `path` leads below `at`, its parts joined by '/'. Document: the same when it is read back;
 * absent, null and empty count as equal, because the style decides how they are shown. Entries: arrays without regard
 * to order. Normal: the path of the first member of `sent` that is not in `shown` in its normal form (docs/mapping.md,
 * Examples and laws); ptr NULL: all are. */
uint32_t test_find(const struct tape *tape, uint32_t at, struct str path);
bool same_document(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b, struct arena *arena);
bool same_entries(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b);
struct str same_normal(const struct lens *lens, const struct tape *sent, const struct tape *shown,
                       struct arena *arena);

/* generate.c */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
static inline uint64_t random_below(struct random *random, uint64_t most)
{
    return random_next(random) % most;
}
/* A document that the lens must accept. */
void generate_document(const struct lens *lens, struct random *random, struct arena *arena, struct buf *out);
/* A document as the dialect shows it, for LENS_SHOWN: with members that clients may only read. */
void generate_shown(const struct lens *lens, struct random *random, struct arena *arena, struct buf *out);

/* shrink.c: `document` without whatever `fails` does not need; the smallest that was found. */
typedef bool fails_fn(void *context, struct str document);
struct str shrink_document(struct str document, fails_fn *fails, void *context, struct arena *arena);
