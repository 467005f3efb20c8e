/* What is asked beyond the body: media types, paging, parameters. */
#include "flow/stages.h"

#include "dialect/media.h"
#include "dialect/query.h"

static enum step wrong(struct exchange *x, struct str name, struct str want)
{
    x->wrong_parameter = name;
    x->wrong_want = want;
    return exchange_fail(x, ERR_INVALID_PARAMETER, "parameter '" STR_FMT "'", STR_ARG(name));
}

/* The dialect's own parameter, or STR_NONE. */
static struct str media_word(const struct exchange *x, size_t *count)
{
    struct str name = x->dialect->media_parameter;

    *count = 0;
    return name.len ? target_parameter(&x->target, name, count) : STR_NONE;
}

struct str exchange_media(const struct exchange *x)
{
    size_t count;
    struct str word = media_word(x, &count);

    return count ? media_named(x->dialect, word)
                 : media_choose(x->dialect, http_find_list(x->head, STR("accept"), x->arena));
}

static enum step judge_body_media(struct exchange *x)
{
    const struct operation *operation = x->operation;
    const struct str *types = operation->media_count ? operation->media : x->dialect->request_media;
    size_t count = operation->media_count ? operation->media_count : x->dialect->request_media_count, index;
    struct str coding = http_find(x->head, STR("content-encoding"), NULL);

    if (coding.len && !str_eq_nocase(coding, STR("identity")))
        return exchange_fail(x, ERR_MEDIA_TYPE, "a content coding is not accepted");
    if (media_accepted(x->dialect, types, count, http_find(x->head, STR("content-type"), NULL), &index))
        return STEP_NEXT;
    x->missing = str_join(x->arena, ',', types, count);
    return exchange_fail(x, operation->media_error, "the content type is not accepted");
}

static enum step judge_media(struct exchange *x)
{
    size_t times;

    (void)media_word(x, &times);
    if (times > 1)
        return wrong(x, x->dialect->media_parameter, STR("single value"));
    x->media = exchange_media(x);
    if (!x->media.ptr)
        return exchange_fail(x, ERR_NOT_ACCEPTABLE, "Accept allows no media type of the dialect");
    return x->operation->has_body && x->head->body.len ? judge_body_media(x) : STEP_NEXT;
}

/* A search by form: its parameters come from the body. From here on it is the search itself. */
static enum step read_form(struct exchange *x)
{
    if (!x->operation->form_of)
        return STEP_NEXT;
    if (x->head->body.len && judge_body_media(x) == STEP_FAIL)
        return STEP_FAIL;
    if (route_take_form(&x->route, x->arena, x->head->body, &x->target, &x->err)) {
        (void)exchange_tell(x, x->err.code, "%s", x->err.detail);
        return STEP_FAIL;
    }
    x->operation = x->route.operation;
    x->bound = x->operation->bound;
    return STEP_NEXT;
}

static enum step read_one(struct exchange *x, const struct parameter *parameter, struct str value)
{
    struct argument_fault fault;

    if (!parameter_read(parameter, value, x->brand, x->arena, &x->arguments, &fault))
        return STEP_NEXT;
    if (fault.forbidden) {
        (void)exchange_tell(x, ERR_FORBIDDEN, STR_FMT " is of another brand", STR_ARG(fault.name));
        return STEP_FAIL;
    }
    return wrong(x, fault.name, fault.want);
}

/* One that may be repeated. */
static enum step read_all(struct exchange *x, const struct parameter *parameter)
{
    for (size_t i = 0; i < x->target.parameter_count; i++) {
        const struct target_parameter *item = &x->target.parameters[i];
        bool named = str_eq(item->name, parameter->name) || (parameter->alias.len && str_eq(item->name, parameter->alias));
        if (named && read_one(x, parameter, item->value) == STEP_FAIL)
            return STEP_FAIL;
    }
    return STEP_NEXT;
}

/* A filter that nobody reads would select more than the client meant. */
static enum step judge_unknown(struct exchange *x)
{
    for (size_t i = 0; i < x->target.parameter_count; i++) {
        struct str name = x->target.parameters[i].name;
        if (query_is_refused(x->dialect, name) && !query_is_read(x->dialect, x->operation, x->page.used, name))
            return wrong(x, name, STR("known"));
    }
    return STEP_NEXT;
}

/* Header fields that ask for what is not served: who sends one must not believe that it was done. */
static enum step judge_headers(struct exchange *x)
{
    for (size_t i = 0; i < x->dialect->refused_header_count; i++)
        if (http_has(x->head, x->dialect->refused_headers[i]))
            return wrong(x, x->dialect->refused_headers[i], STR("header"));
    return STEP_NEXT;
}

static enum step read_query(struct exchange *x)
{
    const struct operation *operation = x->operation;
    size_t count, other;

    for (size_t i = 0; i < operation->query_count; i++) {
        const struct parameter *parameter = &operation->query[i];
        struct str value = query_said(&x->target, parameter, &count);
        if (!count && parameter->required)
            return wrong(x, parameter->name, STR_NONE);
        if (!count)
            continue;
        if (count > 1 && !parameter_repeats(parameter))
            return wrong(x, parameter->name, STR("single value"));
        if (parameter->needs.len) {
            (void)target_parameter(&x->target, parameter->needs, &other);
            if (!other)
                return wrong(x, parameter->needs, STR_NONE);
        }
        if ((count > 1 ? read_all(x, parameter) : read_one(x, parameter, value)) == STEP_FAIL)
            return STEP_FAIL;
    }
    parameters_join(operation->query, operation->query_count, x->arena, &x->arguments);
    return STEP_NEXT;
}

/* What a token may be used for is told to nobody but its holder; to others it does not exist. */
static enum step ask_about_token(struct exchange *x)
{
    if (!x->principal->token_id.len || !str_eq(x->route.path[0], x->principal->token_id))
        return exchange_fail(x, ERR_NOT_FOUND, "not the caller's own token");
    if (contract_takes(x->bound->call, STR("brand_id")))
        arguments_add(&x->arguments, x->arena, STR("brand_id"), x->brand, NULL);
    return STEP_NEXT;
}

/* By page, or by cursor where the call can go on after an entity. */
static enum step read_paging(struct exchange *x)
{
    const struct contract_call *call = x->bound->call;
    enum paging_mode mode = call && call->items.len ? x->operation->paging : PAGING_NONE;
    struct str name;

    if (mode != PAGING_NONE && contract_takes(call, STR("after")) &&
        cursor_read(&x->cursor, x->operation->pages, &x->target, x->arena, &name))
        return wrong(x, name, page_want(x->operation->pages, name, x->arena));
    if (x->cursor.used) {
        x->page = (struct page){ .used = true, .number = 1, .size = x->cursor.size };
        if (x->cursor.after.len)
            arguments_add(&x->arguments, x->arena, STR("after"), x->cursor.after, NULL);
        return STEP_NEXT;
    }
    return page_read(&x->page, x->operation->pages, mode, &x->target, &name)
               ? wrong(x, name, page_want(x->operation->pages, name, x->arena))
               : STEP_NEXT;
}

/* A walk goes on only in an order that the call can go on in; elsewhere it would leave entities out. */
static enum step judge_walk(struct exchange *x)
{
    struct str order = arguments_find(&x->arguments, STR("order"));

    if (!x->cursor.used || contract_after(x->bound->call, order))
        return STEP_NEXT;
    for (size_t i = 0; i < x->operation->query_count; i++)
        if (str_is(x->operation->query[i].to, "order"))
            return wrong(x, x->operation->query[i].name, STR("order for a walk by cursor"));
    return exchange_fail(x, ERR_INTERNAL, "a walk by cursor in an order that it cannot go on in");
}

/* The call names nobody: whose patient it is about only the credential says. With one that is the same for all callers it would
 * be the same patient for all of them. */
static enum step judge_own_patient(struct exchange *x)
{
    const struct principal *who = x->principal;

    if (!x->operation->me)
        return STEP_NEXT;
    if (!(who && who->patients_bound && who->patient_count == 1))
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the principal is not bound to exactly one patient");
    return auth_backend_knows_caller(x->flow->gateway->auth)
               ? STEP_NEXT
               : exchange_fail(x, ERR_NOT_IMPLEMENTED, "the backend is not told whose call it is (backend.auth)");
}

enum step stage_parameters(struct exchange *x)
{
    if (read_form(x) == STEP_FAIL || judge_own_patient(x) == STEP_FAIL)
        return STEP_FAIL;
    const struct operation *operation = x->operation;
    if (judge_media(x) == STEP_FAIL || judge_headers(x) == STEP_FAIL)
        return STEP_FAIL;
    if (read_paging(x) == STEP_FAIL)
        return STEP_FAIL;
    for (size_t i = 0; i < operation->path_count; i++)
        if (read_one(x, &operation->path[i], x->route.path[i]) == STEP_FAIL)
            return STEP_FAIL;
    parameters_join(operation->path, operation->path_count, x->arena, &x->arguments);
    if (exchange_read_includes(x))
        return wrong(x, STR("include"), STR("list of what can be included"));
    if (exchange_judge_includes(x) == STEP_FAIL || judge_unknown(x) == STEP_FAIL || read_query(x) == STEP_FAIL)
        return STEP_FAIL;
    if (!query_has_one_of(operation, &x->target)) {
        x->wrong_any = query_one_of(operation, x->arena);
        return wrong(x, operation->one_of[0], STR_NONE);
    }
    if (operation->token && ask_about_token(x) == STEP_FAIL)
        return STEP_FAIL;
    for (size_t i = 0; i < operation->fixed_count; i++)
        arguments_add(&x->arguments, x->arena, operation->fixed[i].name, operation->fixed[i].value, NULL);
    return judge_walk(x);
}
