/* Whose turn it is: of those that change the same thing at once, by whatever loop of the process, one does and the others wait, in
 * the order in which they came. One lock guards everything here, and nobody waits or calls out while holding it. */
#pragma once

#include "base/arena.h"
#include "net/loop.h"

/* One more that waits for the same thing is refused. */
enum { TURN_WAITERS_MAX = 256 };

struct turns; /* any thread */
struct turns *turns_new(struct arena *arena);
void turns_free(struct turns *turns); /* nobody has a turn any more, and no loop runs */

/* Where a loop hears whose turn it is, in memory that lives until the loop has ended. */
struct turn;
struct turn_door {
    struct post post; /* the table's from here on */
    struct turns *turns;
    struct loop *loop;
    struct turn *first, **last; /* whose turn it is, and who do not know it yet */
    bool posted;
};
void turn_door_init(struct turn_door *door, struct turns *turns, struct loop *loop);

/* Somebody's place, in memory of its own; zero-initialise it, and set `came`. */
struct turn {
    void (*came)(struct turn *turn); /* it has waited, and it is its turn: on the door's loop */
    struct turns *turns; /* the table's from here on; NULL: it has no place */
    uint64_t key;
    struct turn_door *door;
    struct turn *next;           /* of the same bucket; of those that wait; or of the door's */
    struct turn *first, **last;  /* who wait for its end */
    struct turn *untold;         /* the next one of the door's */
    size_t waiting;
    enum { TURN_WAITS, TURN_COMES, TURN_IS } state;
};

/* Takes a turn with the thing of that name; 64 bits of a hash stand for it, so that two may share a turn, which only costs time. */
enum turn_taken {
    TURN_TAKEN, /* go on */
    TURN_LATER, /* `came` will be called */
    TURN_REFUSED /* too many wait */
};
enum turn_taken turn_take(struct turn *turn, struct turn_door *door, struct str name);

/* Gives it back, or leaves the queue; nothing, where it has no place. `came` is not called any more. */
void turn_leave(struct turn *turn);
