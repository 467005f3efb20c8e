#include "flow/turns.h"

#include "base/codec.h"
#include "base/siphash.h"

#include <pthread.h>

enum { BUCKETS = 1024 };

struct turns {
    pthread_mutex_t lock;
    struct siphash_key secret; /* so that nobody can choose ids that wait for another's */
    struct turn *buckets[BUCKETS]; /* whose turn it is */
};

struct turns *turns_new(struct arena *arena)
{
    struct turns *turns = ARENA_NEW(arena, struct turns);

    random_bytes(&turns->secret, sizeof turns->secret);
    (void)pthread_mutex_init(&turns->lock, NULL);
    return turns;
}

void turns_free(struct turns *turns)
{
    (void)pthread_mutex_destroy(&turns->lock);
}

/* ---- a loop's door ---- */

static struct turn *let_in(struct turns *turns, struct turn_door *door)
{
    (void)pthread_mutex_lock(&turns->lock);
    struct turn *turn = door->first;
    if (turn) {
        door->first = turn->untold;
        door->last = door->first ? door->last : &door->first;
        turn->state = TURN_IS;
    }
    (void)pthread_mutex_unlock(&turns->lock);
    return turn;
}

static void open_door(struct turns *turns, struct turn_door *door)
{
    (void)pthread_mutex_lock(&turns->lock);
    door->posted = false; /* the loop has done with the post */
    (void)pthread_mutex_unlock(&turns->lock);
}

/* Each may end the next one's wait, or make it leave: so they are looked at one by one. */
static void on_post(struct post *post)
{
    struct turn_door *door = CONTAINER(post, struct turn_door, post);
    struct turn *turn;

    open_door(door->turns, door);
    while ((turn = let_in(door->turns, door)))
        turn->came(turn);
}

void turn_door_init(struct turn_door *door, struct turns *turns, struct loop *loop)
{
    *door = (struct turn_door){ .post.run = on_post, .turns = turns, .loop = loop };
    door->last = &door->first;
}

/* Under the lock: who waits does not leave, and its loop does not end, before it is posted. */
static void call_in(struct turn *turn)
{
    struct turn_door *door = turn->door;

    turn->state = TURN_COMES;
    turn->untold = NULL;
    *door->last = turn;
    door->last = &turn->untold;
    if (!door->posted)
        loop_post(door->loop, &door->post);
    door->posted = true;
}

static void call_off(struct turn *turn)
{
    struct turn_door *door = turn->door;
    struct turn **link = &door->first;

    while (*link != turn)
        link = &(*link)->untold;
    *link = turn->untold;
    if (!*link)
        door->last = link;
}

/* ---- the table ---- */

/* The link to whose turn it is, or to the bucket's end. */
static struct turn **find(struct turns *turns, uint64_t key)
{
    struct turn **link = &turns->buckets[key % BUCKETS];

    while (*link && (*link)->key != key)
        link = &(*link)->next;
    return link;
}

static enum turn_taken take(struct turn *turn)
{
    struct turn **link = find(turn->turns, turn->key), *before = *link;

    turn->next = NULL;
    if (!before) {
        turn->state = TURN_IS;
        turn->waiting = 0;
        turn->first = NULL;
        turn->last = &turn->first;
        *link = turn;
        return TURN_TAKEN;
    }
    if (before->waiting == TURN_WAITERS_MAX)
        return TURN_REFUSED;
    turn->state = TURN_WAITS;
    *before->last = turn;
    before->last = &turn->next;
    before->waiting++;
    return TURN_LATER;
}

enum turn_taken turn_take(struct turn *turn, struct turn_door *door, struct str name)
{
    struct turns *turns = door->turns;

    turn->turns = turns;
    turn->door = door;
    turn->key = siphash(turns->secret, name);
    (void)pthread_mutex_lock(&turns->lock);
    enum turn_taken taken = take(turn);
    (void)pthread_mutex_unlock(&turns->lock);
    if (taken == TURN_REFUSED)
        turn->turns = NULL;
    return taken;
}

static void leave_queue(struct turn *turn)
{
    struct turn *before = *find(turn->turns, turn->key), **link = &before->first;

    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
    if (!*link)
        before->last = link;
    before->waiting--;
}

/* The first of those that wait takes its place, with the others behind it. */
static void pass_on(struct turn *turn)
{
    struct turn **link = find(turn->turns, turn->key), *next = turn->first;

    if (!next) {
        *link = turn->next;
        return;
    }
    next->waiting = turn->waiting - 1;
    next->first = next->next;
    next->last = next->first ? turn->last : &next->first;
    next->next = turn->next;
    *link = next;
    call_in(next);
}

void turn_leave(struct turn *turn)
{
    struct turns *turns = turn->turns;

    if (!turns)
        return;
    (void)pthread_mutex_lock(&turns->lock);
    if (turn->state == TURN_COMES)
        call_off(turn);
    if (turn->state == TURN_WAITS)
        leave_queue(turn);
    else
        pass_on(turn);
    (void)pthread_mutex_unlock(&turns->lock);
    turn->turns = NULL;
}
