#include "backend/resources.h"
#include "backend/task.h"

#include "base/codec.h"

#define GET    STR_INIT("GET")
#define POST   STR_INIT("POST")
#define PUT    STR_INIT("PUT")
#define PATCH  STR_INIT("PATCH")
#define DELETE STR_INIT("DELETE")

static int not_here(struct task *task, struct err *err)
{
    return task_fail(task, err, ERR_NOT_IMPLEMENTED, "the embedded backend does not offer this");
}

/* Reading this table is reading the service. A literal segment stands before a parameter at the same place.
 */
static const struct route routes[] = {
    { GET, STR_INIT("/v1/patients"), select_list, .select = &patient_list, .brand_query = true },
    { POST, STR_INIT("/v1/patients"), patient_create, .select = &patient_one, .body = BODY_CREATE,
      .entity = &patient_entity },
    { GET, STR_INIT("/v1/patients/{id}"), select_one, .select = &patient_one },
    { PATCH, STR_INIT("/v1/patients/{id}"), patient_patch, .select = &patient_one, .body = BODY_PATCH,
      .entity = &patient_entity },
    { DELETE, STR_INIT("/v1/patients/{id}"), patient_erase, .select = &patient_one },
    { GET, STR_INIT("/v1/patients/{id}/safe"), select_one, .select = &patient_safe },
    { GET, STR_INIT("/v1/patients/{id}/groups"), select_list, .select = &patient_groups, .patient = true },
    { PUT, STR_INIT("/v1/patients/{id}/groups"), membership_put, membership_check, .select = &patient_groups,
      .body = BODY_OTHER, .patient = true },

    { GET, STR_INIT("/v1/patients/{patient_id}/metrics"), metric_latest, .patient = true },
    { POST, STR_INIT("/v1/patients/{patient_id}/metrics"), metric_create, .unique = true, .select = &metric_one,
      .body = BODY_CREATE, .entity = &metric_entity, .patient = true },
    { GET, STR_INIT("/v1/patients/{patient_id}/metrics/{metric_key}"), select_list, .select = &metric_series,
      .patient = true },
    { GET, STR_INIT("/v1/metrics"), select_list, .select = &metric_list },
    { GET, STR_INIT("/v1/metrics/{id}"), select_one, .select = &metric_one },

    { GET, STR_INIT("/v1/patients/{patient_id}/encounters"), select_list, .select = &encounter_list,
      .patient = true },
    { POST, STR_INIT("/v1/patients/{patient_id}/encounters"), row_post, .select = &encounter_one,
      .body = BODY_CREATE, .entity = &encounter_entity, .patient = true },

    { GET, STR_INIT("/v1/encounters"), select_list, .select = &encounter_all },
    { GET, STR_INIT("/v1/encounters/{id}"), select_one, .select = &encounter_one },
    { PATCH, STR_INIT("/v1/encounters/{id}"), encounter_patch, .select = &encounter_one, .body = BODY_PATCH,
      .entity = &encounter_entity },
    { DELETE, STR_INIT("/v1/encounters/{id}"), encounter_delete, .select = &encounter_one },

    { GET, STR_INIT("/v1/patients/{patient_id}/timeline"), select_list, .select = &timeline_list,
      .patient = true },

    { GET, STR_INIT("/v1/providers"), select_list, .select = &provider_list },
    { POST, STR_INIT("/v1/providers"), provider_create, .select = &provider_one, .body = BODY_CREATE,
      .entity = &provider_entity },
    { GET, STR_INIT("/v1/providers/{id}"), select_one, .select = &provider_one },
    { GET, STR_INIT("/v1/patients/{patient_id}/providers"), select_list, .select = &link_list,
      .patient = true },
    { POST, STR_INIT("/v1/patients/{patient_id}/providers"), link_put, .select = &link_one,
      .body = BODY_CREATE, .entity = &link_entity, .patient = true },
    { DELETE, STR_INIT("/v1/patients/{patient_id}/providers/{provider_id}"), link_end, .select = &link_one,
      .patient = true },
    { PUT, STR_INIT("/v1/patients/{patient_id}/care_team"), team_put, team_check, .select = &link_team,
      .body = BODY_OTHER, .entity = &link_entity, .patient = true },
    { GET, STR_INIT("/v1/patient_providers"), select_list, .select = &link_all },

    { GET, STR_INIT("/v1/patients/{patient_id}/medications"), select_list, .select = &medication_list,
      .patient = true },
    { POST, STR_INIT("/v1/patients/{patient_id}/medications"), row_post, .select = &medication_one,
      .body = BODY_CREATE, .entity = &medication_entity, .patient = true },
    { PATCH, STR_INIT("/v1/medications/{id}/status"), medication_set_status, .select = &medication_one,
      .body = BODY_CREATE, .entity = &medication_status_entity },

    { PUT, STR_INIT("/v1/patients/{id}/intake-response"), intake_put, .select = &intake_one,
      .body = BODY_CREATE, .entity = &intake_entity, .patient = true },
    { GET, STR_INIT("/v1/patients/me/journal"), select_list, .select = &journal_list, .patient = true,
      .me = true, .filtered = true },
    { POST, STR_INIT("/v1/patients/me/journal"), journal_put, .select = &journal_one, .body = BODY_CREATE,
      .entity = &journal_entity, .patient = true, .me = true },
    { GET, STR_INIT("/v1/patients/me/onboarding"), onboarding_read, .select = &onboarding_one,
      .patient = true, .me = true },
    { POST, STR_INIT("/v1/patients/me/onboarding"), onboarding_put, .select = &onboarding_one,
      .body = BODY_CREATE, .entity = &onboarding_entity, .patient = true, .me = true },
    { POST, STR_INIT("/v1/patients/me/age-verification"), age_verify, .select = &patient_one,
      .body = BODY_CREATE, .entity = &age_entity, .patient = true, .me = true },
    { POST, STR_INIT("/v1/patients/me/ruo-acknowledgement"), ruo_acknowledge, .select = &patient_one,
      .body = BODY_CREATE, .entity = &ruo_entity, .patient = true, .me = true },
    { GET, STR_INIT("/v1/researcher-acknowledgements/me"), researcher_read, .select = &researcher_asked,
      .patient = true, .me = true },
    { POST, STR_INIT("/v1/researcher-acknowledgements"), researcher_put, .select = &researcher_one,
      .body = BODY_CREATE, .entity = &researcher_entity, .patient = true, .me = true },

    /* Documented, and not here: a backend of one's own has them. */
    { POST, STR_INIT("/v1/patients/{patient_id}/medications/check-interactions"), .check = not_here },
    { GET, STR_INIT("/v1/patients/me/treatments"), .check = not_here },
    { GET, STR_INIT("/v1/protocols/{id}"), .check = not_here },
    { PUT, STR_INIT("/v1/protocols/{id}/compounds"), .check = not_here },
    { PUT, STR_INIT("/v1/patients/{patient_id}/protocols/{protocol_id}/schedule"), .check = not_here },
    { GET, STR_INIT("/v1/patients/{patient_id}/protocols/{protocol_id}/overrides"), .check = not_here },
    { POST, STR_INIT("/v1/adherence/doses"), .check = not_here },
    { GET, STR_INIT("/v1/adherence/summary"), .check = not_here },
    { GET, STR_INIT("/v1/adherence/streak/me"), .check = not_here },
    { GET, STR_INIT("/v1/adherence/calendar"), .check = not_here },
    { GET, STR_INIT("/v1/adherence/today-schedule"), .check = not_here },
    { GET, STR_INIT("/v1/adherence/resolved-compounds"), .check = not_here },

    { GET, STR_INIT("/v1/groups"), select_list, .select = &group_list },
    { POST, STR_INIT("/v1/groups"), group_create, .select = &group_one, .body = BODY_CREATE,
      .entity = &group_entity, .get_or_create = true },
    { GET, STR_INIT("/v1/groups/{id}"), select_one, .select = &group_one },
    { GET, STR_INIT("/v1/brands/{id}"), brand_read, .select = &brand_one },

#define COLLECTION(name)                                                                                     \
    { GET, STR_INIT("/v1/" #name), select_list, .select = &name##_list },                                    \
        { POST, STR_INIT("/v1/" #name), record_create, .select = &name##_one, .body = BODY_CREATE,           \
          .entity = &name##_entity },                                                                        \
        { GET, STR_INIT("/v1/" #name "/{id}"), select_one, .select = &name##_one },                          \
        { PATCH, STR_INIT("/v1/" #name "/{id}"), record_patch, .select = &name##_one, .body = BODY_PATCH,    \
          .entity = &name##_entity },                                                                        \
        { DELETE, STR_INIT("/v1/" #name "/{id}"), record_delete, .select = &name##_one },
    COLLECTIONS(COLLECTION)
#undef COLLECTION
};

/* The pattern fits segment by segment; parameters are collected raw. An empty segment fits no parameter. */
static bool fits(struct str pattern, struct str path, struct str raw[static PATHS_MAX], size_t *count)
{
    struct str want, have;

    *count = 0;
    if (!path.len || path.ptr[0] != '/')
        return false;
    pattern = str_from_at(pattern, 1);
    path = str_of(path.ptr + 1, path.len - 1);
    while (str_next(&pattern, '/', &want)) {
        if (!str_next(&path, '/', &have))
            return false;
        if (want.ptr[0] != '{' && !str_eq(want, have))
            return false;
        if (want.ptr[0] != '{')
            continue;
        if (!have.len)
            return false;
        raw[(*count)++] = have;
    }
    return !str_next(&path, '/', &have);
}

static int take(struct task *task, const struct route *route, const struct str *raw, size_t count,
                struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!percent_decode(task->arena, raw[i], false, &task->path[i]))
            return task_fail(task, err, ERR_BAD_REQUEST, "the path is not valid");
    task->route = route;
    task->id = task->path[0];
    return 0;
}

int route_find(struct task *task, struct str method, struct str path, struct err *err)
{
    struct buf allow = buf_in(task->arena, 64);
    struct str raw[PATHS_MAX];
    size_t count;

    for (size_t i = 0; i < COUNT(routes); i++) {
        if (!fits(routes[i].pattern, path, raw, &count))
            continue;
        if (str_eq(method, routes[i].method) || (str_is(method, "HEAD") && str_is(routes[i].method, "GET")))
            return take(task, &routes[i], raw, count, err);
        if (allow.len)
            buf_add(&allow, STR(", "));
        buf_add(&allow, routes[i].method);
    }
    if (!allow.len)
        return task_fail(task, err, ERR_NO_ROUTE, "no such endpoint");
    task->reply.allow = buf_str(&allow);
    return task_fail(task, err, ERR_METHOD, "the method is not allowed here");
}
