/* What rows of flat collections require of each other. */
#pragma once

#include "test_backend_words.h"

#define OF_A "{\"patient_id\":\"<a>\",\"brand_id\":\"acme\""

/* What joins a plan becomes the plan's patient's, and is erased with it. */
static const struct step joining[] = {
    MAKE_A,
    { .as = "acme", .call = "POST /v1/patients", .body = NAMED("Cy", "Cole"), .status = 201, .save = 'c' },
    { .as = "acme", .call = "POST /v1/plans", .body = OF_A "}", .status = 201, .save = 'p' },
    { .as = "acme", .call = "POST /v1/plans", .body = "{\"patient_id\":\"<c>\"}", .status = 201, .save = 'q' },
    { .as = "acme", .call = "POST /v1/actions", .body = "{\"title\":\"t\"}", .status = 201, .save = 'x',
      .has = { "\"patient_id\":null" } },
    { .as = "acme patients=a", .call = "GET /v1/actions/<x>", .status = 404 },
    { .as = "acme", .call = "PATCH /v1/actions/<x>", .body = "{\"plan_id\":\"<p>\"}", .status = 200, .etag = "\"2\"",
      .has = { "\"patient_id\":\"<a>\",\"plan_id\":\"<p>\"" } },
    { .as = "acme patients=a", .call = "GET /v1/actions/<x>", .status = 200 },
    { .as = "acme", .call = "POST /v1/bundles", .body = "{\"plan_id\":\"<p>\"}", .status = 201,
      .has = { "\"patient_id\":\"<a>\"" } },
    { .as = "acme", .call = "PATCH /v1/actions/<x>", .body = "{\"plan_id\":\"<q>\"}", .status = 400,
      .has = { "plan_id: is another patient's" } },
    { .as = "acme", .call = "POST /v1/actions", .body = OF_A ",\"plan_id\":\"<q>\"}", .status = 400 },
    { .as = "acme", .call = "GET /v1/plans/<q>", .status = 200, .has = { "\"action_ids\":[]" } },
    { .as = "acme", .call = "PATCH /v1/actions/<x>", .body = "{\"plan_id\":null}", .status = 200,
      .has = { "\"patient_id\":\"<a>\",\"plan_id\":null" } },
    { .as = "acme", .call = "DELETE /v1/patients/<a>", .status = 200, .has = { "\"actions\":1", "\"bundles\":1" } },
};

/* Actions and bundles: what one end says, the other shows. */
static const struct step pairing[] = {
    MAKE_A,
    { .as = "acme", .call = "POST /v1/patients", .body = NAMED("Cy", "Cole"), .status = 201, .save = 'c' },
    { .as = "acme", .call = "POST /v1/bundles", .body = OF_A ",\"goal\":1.50}", .status = 201, .save = 'i' },
    { .as = "acme", .call = "POST /v1/bundles", .body = OF_A "}", .status = 201, .save = 'j' },
    { .as = "acme", .call = "POST /v1/bundles", .body = "{\"patient_id\":\"<c>\"}", .status = 201, .save = 'k' },
    { .as = "acme", .call = "POST /v1/actions", .body = OF_A ",\"bundle_ids\":[\"<i>\",\"<k>\"]}", .status = 400,
      .has = { "bundle_ids: has another patient's" } },
    { .as = "acme", .call = "POST /v1/actions", .body = OF_A ",\"bundle_ids\":[\"<i>\",\"?\"]}", .status = 201,
      .save = 'x' },
    { .as = "acme", .call = "POST /v1/actions", .body = OF_A ",\"bundle_ids\":[\"<i>\",\"<j>\"]}", .status = 201,
      .save = 'y' },
    { .as = "acme", .call = "GET /v1/bundles/<i>", .status = 200, .etag = "\"3\"",
      .has = { "\"goal\":1.50", "\"action_ids\":[\"<x>\",\"<y>\"]" } },
    { .as = "acme", .call = "GET /v1/bundles/<j>", .status = 200, .has = { "\"action_ids\":[\"<y>\"]" } },
    { .as = "acme", .call = "PATCH /v1/bundles/<k>", .body = "{\"action_ids\":[\"?\",\"<x>\"]}", .status = 400,
      .has = { "action_ids: has another patient's" } },
    { .as = "acme", .call = "GET /v1/bundles/<k>", .status = 200, .etag = "\"1\"", .lacks = "action_ids" },

    /* an order stays as it was sent, and what is linked already is not written again */
    { .as = "acme", .call = "PATCH /v1/bundles/<i>", .body = "{\"action_ids\":[\"<y>\",\"<x>\"]}", .status = 200,
      .has = { "\"action_ids\":[\"<y>\",\"<x>\"]" } },
    { .as = "acme", .call = "GET /v1/actions/<x>", .status = 200, .etag = "\"1\"" },
    { .as = "acme", .call = "PATCH /v1/bundles/<i>", .body = "{\"action_ids\":[\"<y>\"]}", .status = 200 },
    { .as = "acme", .call = "GET /v1/actions/<x>", .status = 200, .etag = "\"2\"",
      .has = { "\"bundle_ids\":[\"?\"]" } },
    { .as = "acme", .call = "PATCH /v1/actions/<y>", .body = "{\"bundle_ids\":null}", .status = 200 },
    { .as = "acme", .call = "GET /v1/bundles/<i>", .status = 200, .has = { "\"action_ids\":[]" } },
    { .as = "acme", .call = "GET /v1/bundles/<j>", .status = 200, .has = { "\"action_ids\":[]" } },
    { .as = "acme", .call = "PATCH /v1/bundles/<j>", .body = "{\"action_ids\":[\"<x>\",\"<y>\"]}", .status = 200 },
    { .as = "acme", .call = "GET /v1/actions/<y>", .status = 200, .has = { "\"bundle_ids\":[\"<j>\"]" } },
    { .as = "acme", .call = "DELETE /v1/actions/<y>", .status = 200 },
    { .as = "acme", .call = "GET /v1/bundles/<j>", .status = 200, .has = { "\"action_ids\":[\"<x>\"]" } },

    /* what is nobody's lists whose it likes, but then it joins no plan of a patient whose others are not */
    { .as = "acme", .call = "POST /v1/actions", .body = "{\"patient_id\":\"<c>\"}", .status = 201, .save = 'z' },
    { .as = "acme", .call = "POST /v1/bundles", .body = "{\"action_ids\":[\"<x>\",\"<z>\",\"?\"],\"goal\":2.50}",
      .status = 201, .save = 'l' },
    { .as = "acme", .call = "POST /v1/plans", .body = "{\"patient_id\":\"<c>\"}", .status = 201, .save = 'q' },
    { .as = "acme", .call = "PATCH /v1/bundles/<l>", .body = "{\"plan_id\":\"<q>\"}", .status = 400,
      .has = { "action_ids: has another patient's" } },
    { .as = "acme patients=c", .call = "GET /v1/bundles/<l>", .status = 404 },
    { .as = "acme", .call = "POST /v1/bundles", .body = "{\"plan_id\":\"<q>\",\"action_ids\":[\"<x>\"]}",
      .status = 400 },

    /* rows that stay when the patient is erased name the patient's no more */
    { .as = "acme", .call = "DELETE /v1/patients/<a>", .status = 200 },
    { .as = "acme", .call = "GET /v1/bundles/<l>", .status = 200, .etag = "\"2\"",
      .has = { "\"goal\":2.50", "\"action_ids\":[\"<z>\",\"?\"]" } },
    { .as = "acme", .call = "PATCH /v1/bundles/<l>", .body = "{\"plan_id\":\"<q>\"}", .status = 200,
      .has = { "\"patient_id\":\"<c>\"" } },
    { .as = "acme", .call = "GET /v1/actions/<z>", .status = 200, .etag = "\"2\"",
      .has = { "\"bundle_ids\":[\"<l>\"]" } },
};
