/* The parts of `dragoman translate`: documents of one dialect into documents of another, by their lenses
 * alone. */
#pragma once

#include "cli/cli.h"
#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>

/* The crosswalk's rows of two dialects, as two tables in memory: no look-up of a line touches the database.
 */
struct id_table {
    struct id_row {
        struct str key, value; /* key: kind and id with a line feed between */
    } * rows;
    size_t count, space; /* space is a power of two */
};
struct id_tables {
    struct id_table in, out; /* source id -> canonical id; canonical id -> target id */
    struct id_table taken;   /* target ids that belong to some entity: no other one gets them as text */
};
struct translate_route {
    const struct dialect *from, *to;
    const struct lens *put, *get;
    struct str brand;
};

/* translate_ids.c: from `state_dir`, if there is a crosswalk. It is only read. */
MUST_CHECK int ids_load(struct id_tables *tables, const struct translate_route *route,
                        const struct conf *conf, struct arena *arena, struct err *err);
void id_table_add(struct id_table *table, struct arena *arena, struct str kind, struct str key, struct str value);
/* The id that the table has; else, where the target's ids have the form of the text and nobody has it yet, the text
 * itself; else none. */
struct str ids_canonical(const struct id_tables *tables, struct str kind, struct str given);
struct str ids_shown(const struct id_tables *tables, const struct translate_route *route, struct str kind,
                     struct str canonical);

/* translate_loss.c: what did not arrive, counted by path. Bounded: further paths are counted together. */
enum loss { LOSS_KEPT, LOSS_IGNORED, LOSS_UNREAD, LOSS_ID, LOSS_COUNT };
enum { MOST_LOSSES = 64 };
struct losses {
    struct loss_row {
        struct str path;
        const char *seen; /* the same path at the same place in memory, most of the time */
        enum loss why;
        uint64_t count, first_line;
    } rows[MOST_LOSSES];
    size_t count;
    uint64_t others;
    struct arena *arena;
};
void losses_add(struct losses *losses, enum loss why, struct str path, uint64_t line);
void losses_print(const struct losses *losses, FILE *to);

/* translate_line.c: one document. */
struct translator {
    const struct translate_route *route;
    const struct id_tables *ids;
    const struct tape_limits *limits;
    struct lens_context shown, now; /* of put and of get */
    struct arena *arena;            /* of one document */
    struct buf *out;
    struct losses *losses;
    bool strict;
    struct str reason; /* of a refusal; in `arena` */
    bool lossy;        /* the last document lost something */
};
/* Appends the translation and a line feed to `out`; false: refused, `reason` says why. */
MUST_CHECK bool translate_line(struct translator *translator, struct str line, uint64_t number);
