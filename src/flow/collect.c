/* From the backend's answers to entities: of the caller's brand and patients, or an error. */
#include "flow/stages.h"

static struct str text_at(const struct exchange *x, const struct tape *tape, uint32_t found)
{
    bool is_text = found != TAPE_NONE && tape_type(tape, found) == JSON_STRING;

    return is_text ? tape_string(tape, found, x->arena) : STR_NONE;
}

struct str exchange_text(const struct exchange *x, const struct tape *tape, uint32_t at, struct str name)
{
    return text_at(x, tape, tape->count ? tape_find(tape, at, name) : TAPE_NONE);
}

struct str exchange_patient(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at)
{
    return exchange_text(x, tape, at, str_is(entity, "patient") ? STR("id") : STR("patient_id"));
}

/* One that does not say its brand is of none, but for documents of which nobody shows a brand (`unbranded:` of contract.yaml). */
bool exchange_is_of_brand(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at)
{
    uint32_t brand = tape->count ? tape_find(tape, at, str_is(entity, "brand") ? STR("id") : STR("brand_id")) : TAPE_NONE;

    if (brand == TAPE_NONE)
        return !contract_says_brand(x->flow->gateway->contract, entity);
    return tape_type(tape, brand) == JSON_STRING && tape_string_is(tape, brand, x->brand);
}

/* An entity of the call without a patient of its own is that one's whom the request was about, where it can have been about no
 * other: the token has only one, or the call's path names it (a parameter of the query does not tell: a backend may not know
 * it), or this is the entity that was read and judged before it was written. */
static struct str asked_about(const struct exchange *x, const struct contract_call *call, const struct tape *tape, uint32_t at)
{
    if (call != x->bound->call || str_is(call->entity, "patient"))
        return STR_NONE;
    if (x->operation->me)
        return x->principal && x->principal->patient_count == 1 ? x->principal->patients[0] : STR_NONE;
    if (contract_names(call, STR("patient_id")))
        return arguments_find(&x->arguments, STR("patient_id"));
    struct str id = exchange_text(x, tape, at, STR("id"));
    if (!x->stored_call || !id.len || !str_eq(id, exchange_text(x, &x->stored.document, 0, STR("id"))))
        return STR_NONE;
    return exchange_patient(x, x->stored_by->entity, &x->stored.document, 0);
}

/* A member that is there and no text says that there is none. */
static bool says_patient(const struct tape *tape, uint32_t at)
{
    return tape->count && tape_find(tape, at, STR("patient_id")) != TAPE_NONE;
}

/* The patient to judge by; ptr NULL: none. */
static struct str owner_of(const struct exchange *x, const struct contract_call *call, const struct tape *tape, uint32_t at)
{
    struct str patient = exchange_patient(x, call->entity, tape, at);

    return patient.ptr || says_patient(tape, at) ? patient : asked_about(x, call, tape, at);
}

static bool is_of_patient(const struct exchange *x, const struct contract_call *call)
{
    return contract_owner(x->flow->gateway->contract, call->entity) == OWNER_PATIENT;
}

/* The patient that was named to the backend for one document: in the path of its call, or in what was sent. */
static struct str sent_about(const struct exchange *x, const struct item *item)
{
    bool in_path = contract_names(x->bound->call, STR("patient_id"));
    struct tape sent;
    struct tape_fault fault;

    for (size_t i = 0; in_path && i < item->argument_count; i++)
        if (str_is(item->arguments[i].name, "patient_id"))
            return item->arguments[i].value;
    if (in_path || x->operation->me || !tape_read(&sent, x->arena, item->canonical, &tape_known_limits, &fault))
        return STR_NONE;
    return exchange_text(x, &sent, 0, STR("patient_id"));
}

/* The patient with whom the answer to the call (`item`: to that document) is erased, where it does not say so; none of a patient
 * itself. */
static struct str erased_with(const struct exchange *x, const struct item *item, const struct tape *tape, uint32_t at)
{
    const struct contract_call *call = x->bound->call;

    if (!call || str_is(call->entity, "patient") || !is_of_patient(x, call) || says_patient(tape, at))
        return STR_NONE;
    struct str sent = item ? sent_about(x, item) : STR_NONE;
    return sent.ptr ? sent : owner_of(x, call, tape, at);
}

/* What belongs to patients and to none that is known is of nobody who is bound. What the request itself makes is the caller's
 * own doing. */
static bool is_nobodys(const struct exchange *x, const struct contract_call *call)
{
    bool makes = call == x->bound->call && str_is(call->method, "POST") && !x->bound->stored;

    return !makes && is_of_patient(x, call);
}

/* What the backend returns is judged like what the client asked: its brand, and for a bound principal its patient, its patient's
 * groups, or its own group. */
bool exchange_may_see(const struct exchange *x, const struct contract_call *call, const struct tape *tape, uint32_t at)
{
    const struct principal *who = x->principal;

    if (!call)
        return true; /* a document of the gateway's own */
    if (!exchange_is_of_brand(x, call->entity, tape, at))
        return false;
    if (!who || (!who->patients_bound && !who->groups_bound))
        return true;
    struct str patient = owner_of(x, call, tape, at);
    if (!patient.ptr && is_nobodys(x, call))
        return false;
    bool own = !patient.ptr || !who->patients_bound || principal_may_patient(who, patient);
    return own && exchange_groups_may_see(x, call->entity, patient, tape, at);
}

/* Where a dialect's ids are the backend's own, that one may know an entity by several. */
bool exchange_is_another(const struct exchange *x, struct str id)
{
    const struct contract_call *call = x->bound->call;

    if (!call || !id.ptr || call->items.len)
        return false;
    size_t own = route_own_id(x->operation, call->entity);
    if (own == x->operation->path_count || !str_eq(x->operation->path[own].kind, call->entity))
        return false;
    enum id_form form = dialect_id_form(x->dialect, call->entity);
    bool exact = form == ID_INTEGER || form == ID_HEX24;
    return exact && !str_eq_nocase(arguments_find(&x->arguments, x->operation->path[own].to), id);
}

/* What an entity is judged by and shown with. */
enum { OWN_ID, OF_PATIENT, OF_BRAND };

/* Where that stands, and where the last entity does that may be seen. */
struct judged {
    struct tape_wanted at;
    unsigned brand, patient;       /* of these: a brand and a patient are who they are by their own id */
    bool by_brand;                 /* nothing but the brand is judged */
    bool by_groups;                /* what groups may see depends on more */
    const struct tape_slot *slots; /* of the last one's tape */
    uint32_t last;
};

static struct judged judged_none(const struct exchange *x)
{
    const struct contract_call *call = x->bound->call;
    const struct principal *who = x->principal;

    return (struct judged){ .at.names = { [OWN_ID] = STR("id"), [OF_PATIENT] = STR("patient_id"), [OF_BRAND] = STR("brand_id") },
                            .brand = call && str_is(call->entity, "brand") ? OWN_ID : OF_BRAND,
                            .patient = call && str_is(call->entity, "patient") ? OWN_ID : OF_PATIENT,
                            .by_brand = !who || (!who->patients_bound && !who->groups_bound),
                            .by_groups = who && who->groups_bound };
}

/* The members of both stand in the same places, and this one is known to be the same. */
static bool is_same(const struct judged *judged, const struct tape *tape, uint32_t at, unsigned member)
{
    const uint32_t behind = judged->at.behind[member];

    return behind && tape_are_same(tape, at + behind, judged->last + behind);
}

/* Whoever may see one entity may see the next one of the same brand and, if bound to patients, of the same patient. */
static bool is_like_last(const struct judged *judged, const struct tape *tape, uint32_t at)
{
    return judged->slots == tape->slots && judged->at.slots && tape_are_alike(tape, at, judged->last) && !judged->by_groups &&
           is_same(judged, tape, at, judged->brand) && (judged->by_brand || is_same(judged, tape, at, judged->patient));
}

static int show(struct exchange *x, const struct item *item, const struct tape *tape, uint32_t at, struct judged *judged,
                struct err *err)
{
    const struct contract_call *call = x->bound->call;

    tape_find_wanted(tape, at, &judged->at);
    if (!is_like_last(judged, tape, at) && !exchange_may_see(x, call, tape, at)) {
        if (call && call->items.len)
            return err_set(err, ERR_UPSTREAM, "the backend's list holds what the caller may not see");
        return err_set(err, ERR_NOT_FOUND, "the backend's answer is of another brand or patient");
    }
    judged->slots = tape->slots;
    judged->last = at;
    struct str id = text_at(x, tape, judged->at.found[OWN_ID]), said = text_at(x, tape, judged->at.found[OF_PATIENT]);
    if (exchange_is_another(x, id))
        return err_set(err, ERR_UPSTREAM, "the backend answered with another entity");
    /* What has no id of its own is its patient's only one of the kind. */
    struct shown *shown = &x->shown[x->shown_count++];
    shown->tape = tape;
    shown->at = at;
    shown->canonical_id = id.ptr ? id : said;
    shown->owner = said.ptr ? said : erased_with(x, item, tape, at);
    return 0;
}

/* Groups that the principal is not bound to: no backend's list of groups can be asked for some of them, so they are left out
 * here. Of a list that belongs to a token nothing else is there. */
static bool is_left_out(const struct exchange *x, const struct tape *tape, uint32_t at)
{
    const struct principal *who = x->principal;
    bool groups = str_is(x->bound->call->entity, "group") && who && who->groups_bound;

    if (!groups)
        return x->operation->token;
    return !principal_may_group(who, exchange_text(x, tape, at, STR("id")));
}

/* What the list is ordered by, of one entity. */
static struct str place_of(const struct exchange *x, const struct shown *shown)
{
    const struct contract_after *after = contract_after(x->bound->call, arguments_find(&x->arguments, STR("order")));
    struct str value = STR_NONE;

    for (size_t i = 0; after && i < after->member_count && !value.ptr; i++)
        value = exchange_text(x, shown->tape, shown->at, after->members[i]);
    return value;
}

/* The cursor of what follows, if something does. The total is the one that the walk began with. */
static void end_walk(struct exchange *x)
{
    if (x->cursor.after.len)
        x->total = x->cursor.total;
    if (!x->cursor.size || x->shown_count <= x->cursor.size)
        return;
    x->shown_count = x->cursor.size;
    const struct shown *last = &x->shown[x->shown_count - 1];
    x->cursor.next = cursor_text(x->arena, x->total, place_of(x, last), last->canonical_id);
}

static enum step collect_list(struct exchange *x)
{
    size_t sum = 0, left_out = 0;

    for (size_t i = 0; i < x->fetched_count; i++) {
        uint32_t items = contract_items(x->bound->call, &x->fetched[i].answer.document);
        if (items == TAPE_NONE)
            return exchange_fail(x, ERR_UPSTREAM, "the backend's list has no '" STR_FMT "'",
                                 STR_ARG(x->bound->call->items));
        sum += tape_count(&x->fetched[i].answer.document, items);
    }
    x->total = sum;
    x->shown = ARENA_ARRAY(x->arena, struct shown, sum);
    struct judged judged = judged_none(x);
    for (size_t i = 0; i < x->fetched_count; i++) {
        const struct tape *tape = &x->fetched[i].answer.document;
        uint32_t items = contract_items(x->bound->call, &x->fetched[i].answer.document);
        uint32_t total = tape_find(tape, 0, x->bound->call->total);
        uint64_t said;
        if (total != TAPE_NONE && tape_type(tape, total) == JSON_NUMBER && str_to_uint(tape_raw(tape, total), &said))
            x->total = said;
        for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
            if (is_left_out(x, tape, at))
                left_out++;
            else if (show(x, NULL, tape, at, &judged, &x->err))
                return STEP_FAIL;
    }
    x->total = x->total > left_out ? x->total - left_out : 0;
    if (x->page.used && !x->page.size)
        x->shown_count = 0;
    if (x->cursor.used)
        end_walk(x);
    return STEP_NEXT;
}

static int show_item(struct exchange *x, struct item *item)
{
    if (!item->answer.document.count)
        return err_set(&item->err, ERR_UPSTREAM, "the backend answered without a body");
    if (tape_type(&item->answer.document, 0) != JSON_OBJECT)
        return err_set(&item->err, ERR_UPSTREAM, "the backend's answer is not an entity");
    struct judged judged = judged_none(x);
    if (show(x, item, &item->answer.document, 0, &judged, &item->err))
        return -1;
    item->shown = x->shown_count - 1;
    item->canonical_id = x->shown[item->shown].canonical_id;
    if (item->canonical_id.len || item->put.rest.len <= 2)
        return 0;
    x->shown_count--;
    return err_set(&item->err, ERR_UPSTREAM, "the backend did not say the id of what it stored");
}

/* The item that a stored document, a left out one, or none became. Of many, one that the backend answered with nonsense says
 * nothing of the others. */
static void judge_item(struct exchange *x, struct item *item)
{
    if (item->stored && show_item(x, item))
        item->stored = false;
    item->skipped = !item->stored && x->skip && item->err.code == ERR_CONFLICT;
}

/* A conflict of an update that the backend was to refuse without reading: what is stored tells which members are wrong. */
static bool is_occupied(struct exchange *x, const struct item *failed)
{
    bool is = x->strict && failed->err.code == ERR_CONFLICT;

    x->stays_lax |= is;
    return is;
}

/* Someone was faster, and the client set no condition of its own. */
static bool is_late(struct exchange *x, const struct item *failed)
{
    return failed->err.code == ERR_PRECONDITION && x->stored_call && !x->own_version && x->attempts++ < RETRIES_MAX;
}

void exchange_do_again(struct exchange *x)
{
    upstream_call_free(x->flow->upstream, &x->stored_call);
    upstream_call_free(x->flow->upstream, &x->items[0].call);
    x->items[0].err.code = ERR_NONE;
    x->items[0].stored = false;
    x->item_next = x->items[0].argument_count = x->echo_ids.count = 0;
    exchange_go(x, stage_turn);
}

static bool again(struct exchange *x, const struct item *failed)
{
    if (!is_occupied(x, failed) && !is_late(x, failed))
        return false;
    exchange_do_again(x);
    return true;
}

static enum step collect_items(struct exchange *x)
{
    struct item *failed = NULL;
    size_t stored = 0;

    x->shown = ARENA_ARRAY(x->arena, struct shown, x->item_count);
    x->shown_count = 0; /* it may be the second time: again() */
    for (size_t i = 0; i < x->item_count; i++) {
        judge_item(x, &x->items[i]);
        stored += x->items[i].stored;
        if (!failed && !x->items[i].stored && !x->items[i].skipped)
            failed = &x->items[i];
    }
    if (failed && (again(x, failed) || exchange_choose_again(x, failed->err.code)))
        return STEP_AGAIN;
    if (failed && !stored) {
        x->err = failed->err;
        return STEP_FAIL;
    }
    x->partial = failed != NULL;
    return STEP_NEXT;
}

static enum step collect_grant(struct exchange *x)
{
    struct tape_fault fault;

    if (!tape_read(&x->made, x->arena, x->grant->json, &tape_default_limits, &fault))
        return exchange_fail(x, ERR_INTERNAL, "the grant's answer does not read: %s", fault.what);
    x->document = x->grant->json;
    x->brand = exchange_text(x, &x->made, 0, STR("brand_id"));
    x->shown = ARENA_ARRAY(x->arena, struct shown, 1);
    struct judged judged = judged_none(x);
    if (show(x, NULL, &x->made, 0, &judged, &x->err))
        return STEP_FAIL;
    /* What is included is for the holder of the new token, with its scopes and bounds. */
    if (x->including_count && auth_principal_from_claims(x->document, loop_wall_ms(x->flow->loop), &x->principal, &x->err))
        return STEP_FAIL;
    return exchange_judge_includes(x);
}

enum step stage_collect(struct exchange *x)
{
    if (x->operation->builtin == BUILTIN_TOKEN)
        return collect_grant(x);
    if (x->operation->builtin != BUILTIN_NONE)
        return STEP_NEXT;
    if (x->operation->has_body)
        return collect_items(x);
    if (x->bound->call->items.len)
        return collect_list(x);
    if (!x->fetched_count || !x->fetched[0].answer.document.count)
        return exchange_fail(x, ERR_UPSTREAM, "the backend answered without a body");
    const struct tape *tape = &x->fetched[0].answer.document;
    uint32_t at;
    if (!contract_item(x->bound->call, tape, &at))
        return exchange_fail(x, ERR_UPSTREAM, "the backend's answer is not an entity");
    x->shown = ARENA_ARRAY(x->arena, struct shown, 1);
    struct judged judged = judged_none(x);
    return at != TAPE_NONE && show(x, NULL, tape, at, &judged, &x->err) ? STEP_FAIL : STEP_NEXT;
}
