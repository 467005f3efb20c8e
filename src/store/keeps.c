/* Of which kinds of entities a dialect keeps anything at all: mostly of few, and for the others nothing is looked up. The
 * loops read a bit for each; a bit that two kinds share makes needless look-ups, no wrong ones. What the file has is found
 * out by reading it once, some rows at a time between other jobs; until then everything is looked up. So nothing about it
 * is stored, and whoever wrote the file, and however, nothing kept is overlooked. */
#include "store/inside.h"

#include "base/fingerprint.h"

enum { ROWS = 2000 }; /* of a turn: about a millisecond */

struct survey {
    struct db_job job;
    struct store *store;
    int64_t from, to; /* row numbers: read up to the first before this turn, to the second after it */
    bool ended;
};

static unsigned bit_of(struct str dialect, struct str kind)
{
    struct fingerprint of_dialect = fingerprint_add((struct fingerprint){ 0 }, dialect);

    return (unsigned)(fingerprint_add(of_dialect, kind).low % (64 * KEEPS_WORDS));
}

void store_keeps_some(struct store *store, struct str dialect, struct str kind)
{
    unsigned bit = bit_of(dialect, kind);

    atomic_fetch_or_explicit(&store->keeps[bit / 64], (uint64_t)1 << bit % 64, memory_order_release);
}

bool store_keeps(const struct store *store, struct str dialect, struct str kind)
{
    unsigned bit = bit_of(dialect, kind);

    return !atomic_load_explicit(&store->surveyed, memory_order_acquire) ||
           (atomic_load_explicit(&store->keeps[bit / 64], memory_order_acquire) >> bit % 64 & 1);
}

static int read_rows(struct db_job *job, struct db *db, struct err *err)
{
    struct survey *survey = (struct survey *)job;
    struct db_statement *rows =
        db_prepare(db, "SELECT at, json IS NOT NULL, dialect, kind FROM entity WHERE at > ?1 ORDER BY at LIMIT ?2");
    int count = 0, rc;

    db_bind_int(rows, 1, survey->from);
    db_bind_int(rows, 2, ROWS);
    survey->to = survey->from;
    while ((rc = db_step(rows, err)) == 1) {
        survey->to = db_column_int(rows, 0);
        if (db_column_int(rows, 1))
            store_keeps_some(survey->store, db_column_text(rows, 2), db_column_text(rows, 3));
        count++;
    }
    survey->ended = count < ROWS;
    return rc;
}

/* After a failure it stays as it is: everything is looked up. */
static void go_on(struct db_job *job, const struct err *err)
{
    struct survey *survey = (struct survey *)job;
    struct store *store = survey->store;

    if (err || atomic_load_explicit(&store->closing, memory_order_acquire))
        return;
    survey->from = survey->to;
    if (survey->ended)
        atomic_store_explicit(&store->surveyed, true, memory_order_release);
    else
        db_submit(store->db, job);
}

void store_keeps_survey(struct store *store)
{
    struct survey *survey = ARENA_NEW(store->arena, struct survey);

    *survey = (struct survey){
        .job = { .run = read_rows, .repeatable = true, .done = go_on }, .store = store, .from = INT64_MIN
    };
    db_submit(store->db, &survey->job);
}
