/* One document: put of the one lens, ids, get of the other. */
#include "cli/translate.h"

#include <stdlib.h>

enum { MOST_REASONS = 5 };

/* What one run of get gave. */
struct shown {
    struct buf text;
    struct id_slots ids;
    size_t unknown; /* ids that the target cannot spell */
    struct names *unread;
};

static bool refuse(struct translator *translator, const char *fmt, ...) PRINTF(2, 3);

static bool refuse(struct translator *translator, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t fits = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    translator->reason = arena_copy(translator->arena, str_of(text, str_utf8_prefix(str_of(text, fits))));
    return false;
}

/* The first few faults; values are not among them. */
static bool refuse_faults(struct translator *translator, const struct faults *faults)
{
    struct buf text = buf_in(translator->arena, SIZE_MAX);

    for (size_t i = 0; i < faults->count && i < MOST_REASONS; i++) {
        const struct fault *fault = &faults->items[i];
        buf_printf(&text, "%s" STR_FMT ": %s%s" STR_FMT, i ? "; " : "", STR_ARG(fault->path),
                   fault_name(fault->kind), fault->want.len ? ", expected " : "", STR_ARG(fault->want));
    }
    if (faults->count > MOST_REASONS)
        buf_printf(&text, "; and %zu more", faults->count - MOST_REASONS);
    translator->reason = buf_str(&text);
    return false;
}

static void note(struct translator *translator, struct names *names, struct str name)
{
    names->items = arena_grow(translator->arena, names->items, names->count, &names->space, sizeof name);
    names->items[names->count++] = name;
}

static bool read(struct translator *translator, struct str text, struct tape *tape)
{
    struct tape_fault fault;

    if (tape_read(tape, translator->arena, text, translator->limits, &fault))
        return true;
    return refuse(translator, "column %u: %s", fault.column, fault.what);
}

static bool put(struct translator *translator, struct str line, struct lens_put *put)
{
    struct tape in;
    struct err err;

    if (!read(translator, line, &in))
        return false;
    (void)buf_reserve(&put->canonical, line.len); /* mostly enough: growing copies */
    if (!lens_put(translator->route->put, &in, 0, NULL, &translator->shown, translator->arena, put, &err))
        return true;
    return put->faults.count ? refuse_faults(translator, &put->faults) : refuse(translator, "%s", err.detail);
}

/* An id that the target cannot spell is none: so the target shows neither it nor links with it. */
static bool find_canonical_ids(struct translator *translator, struct id_slots *ids, struct names *unknown)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct id_slot *slot = &ids->items[i];
        if (slot->lookup.len)
            return refuse(translator, STR_FMT ": a look-up needs the backend, expected an id",
                          STR_ARG(slot->path));
        slot->found = ids_canonical(translator->ids, slot->kind, slot->given);
        if (ids_shown(translator->ids, translator->route, slot->kind, slot->found).ptr)
            continue;
        slot->found = STR_NONE;
        note(translator, unknown, slot->path);
    }
    return true;
}

/* Of the canonical text, and of the rest when the document goes back to its own dialect. */
static bool get(struct translator *translator, struct str canonical, struct str rest, struct shown *shown)
{
    const struct translate_route *route = translator->route;
    struct tape in, kept;
    struct err err;

    *shown->unread = (struct names){ 0 };
    shown->ids = (struct id_slots){ 0 };
    shown->text = buf_in(translator->arena, SIZE_MAX);
    if (!read(translator, canonical, &in) || (rest.len && !read(translator, rest, &kept)))
        return false;
    (void)buf_reserve(&shown->text, canonical.len + 256); /* mostly enough: growing copies */
    if (lens_get(route->get, &in, 0, rest.len ? &kept : NULL, &translator->now, translator->arena,
                 &shown->text, &shown->ids, &err))
        return refuse(translator, "%s", err.detail);
    shown->unknown = 0;
    for (size_t i = 0; i < shown->ids.count; i++) {
        struct id_slot *slot = &shown->ids.items[i];
        slot->found = ids_shown(translator->ids, route, slot->kind, slot->given);
        shown->unknown += !slot->found.ptr;
    }
    return true;
}

/* Where a value of `text` that `slot` was given stands, quotes included; empty when it is no plain part of
 * the text. */
static struct str value_of(struct str text, struct str given)
{
    uintptr_t start = (uintptr_t)text.ptr, at = (uintptr_t)given.ptr;

    if (at <= start || at + given.len >= start + text.len)
        return STR_NONE;
    bool quoted = given.ptr[-1] == '"';
    return str_of(given.ptr - quoted, given.len + 2 * (size_t)quoted);
}

/* An id that the target cannot spell, and where it stands in the canonical text. */
struct unspelt {
    struct str value, kind;
};

static int by_place(const void *a, const void *b)
{
    const char *left = ((const struct unspelt *)a)->value.ptr,
               *right = ((const struct unspelt *)b)->value.ptr;

    return (left > right) - (left < right);
}

/* The target cannot spell it, and it was written with escapes: what get was given is no part of the text. */
static bool is_displaced(struct str text, const struct id_slot *slot)
{
    return !slot->found.ptr && !value_of(text, slot->given).ptr;
}

/* A copy of the slots that calls the displaced ids plain. */
static void call_plain(struct translator *translator, struct tape *tape, struct str text,
                       const struct id_slots *ids)
{
    struct tape_slot *slots = arena_alloc(translator->arena, tape->count * sizeof *slots);

    memcpy(slots, tape->slots, tape->count * sizeof *slots);
    for (uint32_t at = 0; at < tape->count; at++)
        for (size_t i = 0; i < ids->count && slots[at].escaped; i++)
            if (is_displaced(text, &ids->items[i]) && tape_string_is(tape, at, ids->items[i].given))
                slots[at].escaped = 0;
    tape->slots = slots;
}

/* Get once more, for the places of displaced ids: when they pass for plain, it is given them as they stand
 * in the text. */
static bool place(struct translator *translator, struct str text, struct shown *shown)
{
    struct buf unused = buf_in(translator->arena, SIZE_MAX);
    struct lens_context context = translator->now;
    struct id_slots ids = { 0 };
    struct tape in;
    struct err err;

    context.unread = NULL;
    if (!read(translator, text, &in))
        return false;
    call_plain(translator, &in, text, &shown->ids);
    if (lens_get(translator->route->get, &in, 0, NULL, &context, translator->arena, &unused, &ids, &err))
        return refuse(translator, "%s", err.detail);
    for (size_t i = 0; i < ids.count && i < shown->ids.count; i++)
        if (is_displaced(text, &shown->ids.items[i]) && str_eq(ids.items[i].kind, shown->ids.items[i].kind))
            shown->ids.items[i].given = ids.items[i].given;
    return true;
}

/* In the order of the text, which need not be the target's. */
static bool find_unspelt(struct translator *translator, struct str text, struct shown *shown,
                         struct unspelt *all, size_t *count)
{
    size_t displaced = 0;

    for (size_t i = 0; i < shown->ids.count; i++)
        displaced += is_displaced(text, &shown->ids.items[i]);
    if (displaced && !place(translator, text, shown))
        return false;
    for (size_t i = 0; i < shown->ids.count; i++) {
        const struct id_slot *slot = &shown->ids.items[i];
        if (is_displaced(text, slot))
            return refuse(translator, "the id of a " STR_FMT " can be neither shown nor left out",
                          STR_ARG(slot->kind));
        if (!slot->found.ptr)
            all[(*count)++] = (struct unspelt){ .value = value_of(text, slot->given), .kind = slot->kind };
    }
    qsort(all, *count, sizeof *all, by_place);
    return true;
}

/* The canonical text with null in the place of ids that only get knew to be ids, and that the target cannot
 * spell. */
static bool without_unknown(struct translator *translator, struct str text, struct shown *shown,
                            struct names *unknown, struct str *left)
{
    struct buf out = buf_in(translator->arena, SIZE_MAX);
    struct unspelt *all = ARENA_ARRAY(translator->arena, struct unspelt, shown->ids.count);
    const char *done = text.ptr;
    size_t count = 0;

    if (!find_unspelt(translator, text, shown, all, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (all[i].value.ptr < done)
            continue; /* the same one again, in a link */
        buf_add(&out, str_of(done, (size_t)(all[i].value.ptr - done)));
        buf_add(&out, STR("null"));
        done = all[i].value.ptr + all[i].value.len;
        note(translator, unknown, all[i].kind);
    }
    buf_add(&out, str_of(done, (size_t)(text.ptr + text.len - done)));
    *left = buf_str(&out);
    return true;
}

/* By enum loss. */
struct lost {
    struct names names[LOSS_COUNT];
};

static bool is_lossy(const struct lost *lost)
{
    size_t count = 0;

    for (size_t i = 0; i < LOSS_COUNT; i++)
        count += lost->names[i].count;
    return count > 0;
}

static bool refuse_lossy(struct translator *translator, const struct lost *lost)
{
    struct buf text = buf_in(translator->arena, SIZE_MAX);

    buf_add(&text, STR("would be lost:"));
    for (size_t i = 0; i < LOSS_COUNT; i++)
        for (size_t k = 0; k < lost->names[i].count && k < MOST_REASONS; k++)
            buf_printf(&text, " " STR_FMT, STR_ARG(lost->names[i].items[k]));
    translator->reason = buf_str(&text);
    return false;
}

static void note_lost(struct translator *translator, const struct lost *lost, uint64_t number)
{
    for (size_t i = 0; i < LOSS_COUNT; i++)
        for (size_t k = 0; k < lost->names[i].count; k++)
            losses_add(translator->losses, (enum loss)i, lost->names[i].items[k], number);
}

static bool is_among(const struct names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return true;
    return false;
}

/* No loss: what is known of every document, without any. */
static void forget(struct names *names, const struct names *known)
{
    size_t left = 0;

    for (size_t i = 0; i < names->count; i++)
        if (!is_among(known, names->items[i]))
            names->items[left++] = names->items[i];
    names->count = left;
}

static bool translate(struct translator *translator, struct str line, struct lost *lost, struct shown *shown)
{
    struct arena *arena = translator->arena;
    bool home = translator->route->put == translator->route->get;
    struct names *unknown = &lost->names[LOSS_ID], set = { 0 };
    struct lens_put in = { .canonical = buf_in(arena, SIZE_MAX),
                           .rest = buf_in(arena, SIZE_MAX),
                           .set = &set,
                           .kept = home ? NULL : &lost->names[LOSS_KEPT] };
    struct buf filled = buf_in(arena, SIZE_MAX);

    if (!put(translator, line, &in) || !find_canonical_ids(translator, &in.ids, unknown))
        return false;
    if (in.ids.count)
        lens_fill(buf_str(&in.canonical), &in.ids, 0, &filled);
    struct str canonical = buf_str(in.ids.count ? &filled : &in.canonical), rest = buf_str(&in.rest);
    lost->names[LOSS_IGNORED] = in.ignored;
    if (!get(translator, canonical, rest, shown))
        return false;
    if (shown->unknown && (!without_unknown(translator, canonical, shown, unknown, &canonical) ||
                           !get(translator, canonical, rest, shown)))
        return false;
    forget(shown->unread, &set);
    return true;
}

bool translate_line(struct translator *translator, struct str line, uint64_t number)
{
    struct lost lost = { 0 };
    struct shown shown = { .unread = &lost.names[LOSS_UNREAD] };

    translator->now.unread = shown.unread;
    if (!translate(translator, line, &lost, &shown))
        return false;
    translator->lossy = is_lossy(&lost);
    if (translator->lossy && translator->strict)
        return refuse_lossy(translator, &lost);
    if (translator->lossy)
        note_lost(translator, &lost, number);
    lens_fill(buf_str(&shown.text), &shown.ids, 0, translator->out);
    buf_char(translator->out, '\n');
    return true;
}
