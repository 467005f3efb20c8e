/* Inside upstream/: pieces of the loader of contract.yaml. Faults name file, line and column. */
#pragma once

#include "upstream/contract.h"
#include "yaml/yaml.h"

/* contract_instead.c: `beyond:` and `instead:` of a call; the latter once all calls are known. */
MUST_CHECK int load_beyond(const struct yaml *map, struct arena *arena, struct contract_call *made, struct err *err);
MUST_CHECK int load_instead(const struct yaml *map, struct arena *arena, const struct contract *contract,
                            struct contract_call *made, struct err *err);

/* contract_whose.c: `whose:`, once all calls are known. */
struct contract_whose {
    const struct yaml *brand, *group, *unbranded; /* lists of entities; NULL: none */
};
const struct contract_whose *contract_whose(const struct contract *contract);
MUST_CHECK int load_whose(const struct yaml *map, const struct contract *contract, struct contract_whose *made, struct err *err);

/* contract_members.c: `members:` and `further:`, and what mapping files say of them (contract_judge). */
MUST_CHECK int load_entities(const struct yaml *map, struct err *err);
MUST_CHECK int load_further(const struct yaml *map, const struct yaml *members, struct err *err);
MUST_CHECK int judge_literal(const struct yaml *member, struct str entity, const struct yaml *value, struct arena *arena,
                             struct err *err);
MUST_CHECK int judge_name(const struct yaml *members, const struct yaml *further, struct str name, const struct yaml *place,
                          struct arena *arena, struct err *err);
