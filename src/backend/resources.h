/* The resources: what each file of one brings to the route table and the schema. */
#pragma once

#include "backend/route.h"

extern const struct entity brand_entity, group_entity, patient_entity, patient_safe_entity, metric_entity,
    encounter_entity, timeline_entity, provider_entity, link_entity, medication_entity,
    medication_status_entity,
    journal_entity, onboarding_entity, intake_entity, age_entity, ruo_entity, researcher_entity;
extern const struct select brand_one, group_one, group_list, patient_one, patient_safe, patient_list,
    patient_groups, metric_one, metric_list, metric_series, encounter_one, encounter_list,
    encounter_all, timeline_list, provider_one, provider_list, link_one, link_list, link_all, link_team, medication_one,
    medication_list, journal_one, journal_list, onboarding_one, intake_one, researcher_one, researcher_asked;

/* Flat collections (collections.c). */
#define COLLECTIONS(each) \
    each(plans) \
    each(actions) \
    each(bundles) \
    each(results) \
    each(email_messages) \
    each(health_profiles) \
    each(health_profile_questions) \
    each(health_profile_answers) \
    each(question_definitions) \
    each(reward_programs) \
    each(reward_program_activations) \
    each(rewards) \
    each(reward_earnings) \
    each(reward_earning_fulfillments) \
    each(calendar_event_responses)
#define DECLARE(name)                                                                                        \
    extern const struct entity name##_entity;                                                                \
    extern const struct select name##_one, name##_list;
COLLECTIONS(DECLARE)
#undef DECLARE

/* Who is a patient's care team: the others (pharmacy, lab) are no part of it. */
#define TEAM_RELATIONSHIPS "('primary', 'specialist')"

/* Handlers beyond select_list, select_one and row_post. */
int brand_read(struct task *task, struct db *db, struct err *err);
int group_create(struct task *task, struct db *db, struct err *err);
int patient_create(struct task *task, struct db *db, struct err *err);
int patient_patch(struct task *task, struct db *db, struct err *err);
int patient_erase(struct task *task, struct db *db, struct err *err);
int metric_latest(struct task *task, struct db *db, struct err *err);
int metric_create(struct task *task, struct db *db, struct err *err);
int encounter_patch(struct task *task, struct db *db, struct err *err);
int encounter_delete(struct task *task, struct db *db, struct err *err);
int provider_create(struct task *task, struct db *db, struct err *err);
int link_put(struct task *task, struct db *db, struct err *err);
int link_end(struct task *task, struct db *db, struct err *err);
int team_check(struct task *task, struct err *err);
int team_put(struct task *task, struct db *db, struct err *err);
int medication_set_status(struct task *task, struct db *db, struct err *err);
int journal_put(struct task *task, struct db *db, struct err *err);
int onboarding_put(struct task *task, struct db *db, struct err *err);
int onboarding_read(struct task *task, struct db *db, struct err *err);
int intake_put(struct task *task, struct db *db, struct err *err);
int age_verify(struct task *task, struct db *db, struct err *err);
int ruo_acknowledge(struct task *task, struct db *db, struct err *err);
int researcher_put(struct task *task, struct db *db, struct err *err);
int researcher_read(struct task *task, struct db *db, struct err *err);
int record_create(struct task *task, struct db *db, struct err *err);
int record_patch(struct task *task, struct db *db, struct err *err);
int record_delete(struct task *task, struct db *db, struct err *err);
/* Judges the row of a flat collection that was just written, task->id, by the others (bonds.c). */
int bonds_keep(struct task *task, struct db *db, struct err *err);
/* Writes at the other end what the row says now of rows that list it; `before` is its body as it was, or {}. */
int bonds_pair(struct task *task, struct db *db, struct str before, struct err *err);
/* Before the rows of the patient task->id are erased: what stays names them no more. */
int bonds_leave(struct task *task, struct db *db, struct err *err);
int membership_check(struct task *task, struct err *err);
int membership_put(struct task *task, struct db *db, struct err *err);

/* The text of COLUMN_SEARCH, from the other values of a patient. */
struct str patient_search(struct arena *arena, const struct value *values);

/* The rows of a patient's external_ids, from the JSON object `map`. Another patient's is ERR_CONFLICT. */
int patient_identify(struct task *task, struct db *db, struct str patient, struct str map, struct err *err);

/* Makes the patient a member of the groups of the JSON array `ids` that exist in the brand. */
int membership_add(struct task *task, struct db *db, struct str patient, struct str ids, struct err *err);
