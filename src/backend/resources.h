/* The resources: what each file of one brings to the route table and the schema. */
#pragma once

#include "backend/route.h"

extern const struct entity brand_entity, group_entity, patient_entity, patient_safe_entity, metric_entity,
    encounter_entity;
extern const struct select brand_one, group_one, group_list, patient_one, patient_safe, patient_list,
    patient_groups, metric_one, metric_list, metric_series, encounter_one, encounter_list;

/* Handlers beyond select_list, select_one and row_post. */
int brand_read(struct task *task, struct db *db, struct err *err);
int group_create(struct task *task, struct db *db, struct err *err);
int patient_create(struct task *task, struct db *db, struct err *err);
int patient_patch(struct task *task, struct db *db, struct err *err);
int patient_erase(struct task *task, struct db *db, struct err *err);
int metric_latest(struct task *task, struct db *db, struct err *err);
int membership_check(struct task *task, struct err *err);
int membership_put(struct task *task, struct db *db, struct err *err);

/* The text of COLUMN_SEARCH, from the other values of a patient. */
struct str patient_search(struct arena *arena, const struct value *values);

/* The rows of a patient's external_ids, from the JSON object `map`. Another patient's is ERR_CONFLICT. */
int patient_identify(struct task *task, struct db *db, struct str patient, struct str map, struct err *err);

/* Makes the patient a member of the groups of the JSON array `ids` that exist in the brand. */
int membership_add(struct task *task, struct db *db, struct str patient, struct str ids, struct err *err);
