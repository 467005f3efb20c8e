/* What contract.yaml says of the members of the entities, beside what the embedded backend stores. */
#include "check.h"

#include "backend/resources.h"
#include "yaml/yaml.h"

static const struct {
    const char *name;
    const struct entity *entity;
} entities[] = {
    { "patient", &patient_entity },
    { "metric", &metric_entity },
    { "encounter", &encounter_entity },
    { "provider", &provider_entity },
    { "patient_provider", &link_entity },
    { "group", &group_entity },
    { "brand", &brand_entity },
    { "medication", &medication_entity },
    { "journal_entry", &journal_entity },
    { "onboarding", &onboarding_entity },
    { "intake_response", &intake_entity },
    { "timeline_event", &timeline_entity },
    { "researcher_acknowledgement", &researcher_entity },
};

static const char *type_of(const struct column *column)
{
    switch (column->type) {
    case COLUMN_CREATED:
    case COLUMN_UPDATED:
    case COLUMN_DATETIME:
        return "datetime";
    case COLUMN_DATE:
        return "date";
    case COLUMN_DECIMAL:
        return "decimal";
    case COLUMN_BOOL:
        return "boolean";
    case COLUMN_OBJECT:
    case COLUMN_MAP:
        return "object";
    case COLUMN_INTEGER:
        return "integer";
    case COLUMN_STRINGS:
        return "array";
    case COLUMN_ID:
    case COLUMN_BRAND:
    case COLUMN_PATIENT:
    case COLUMN_OWNER:
    case COLUMN_TEXT:
    case COLUMN_EMAIL:
    case COLUMN_UUID:
        return "string";
    case COLUMN_CHOICE:
    case COLUMN_VERSION:
    case COLUMN_SEARCH:
    case COLUMN_BODY:
        break;
    }
    return "";
}

static void check_words(const char *entity, const struct column *column, const struct yaml *words)
{
    struct str rest = str_from(column->choices), word;
    const struct yaml *at = words->first;

    CHECK(words->kind == YAML_LIST, "%s." STR_FMT, entity, STR_ARG(column->name));
    for (; str_next(&rest, ' ', &word); at = at->next)
        CHECK(at && str_eq(at->text, word), "%s." STR_FMT ": " STR_FMT, entity, STR_ARG(column->name), STR_ARG(word));
    CHECK(!at, "%s." STR_FMT " has more words", entity, STR_ARG(column->name));
}

static void the_contract_says_what_the_backend_stores(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    const struct yaml *root;
    struct err err;

    (void)state;
    CHECK(yaml_load(&root, arena, SOURCE_DIR "/mappings/canonical/contract.yaml", &err) == 0, "%s", err.detail);
    const struct yaml *members = yaml_get(root, "members");
    CHECK(members->count == COUNT(entities), "%zu entities", members->count);
    for (size_t i = 0; i < COUNT(entities); i++) {
        const struct entity *entity = entities[i].entity;
        const struct yaml *said = yaml_get(members, entities[i].name);
        size_t shown = 0;
        CHECK(said, "%s is not there", entities[i].name);
        for (size_t k = 0; k < entity->column_count; k++) {
            const struct column *column = &entity->columns[k];
            if (!column_shown(column))
                continue;
            const struct yaml *member = yaml_get(said, arena_cstr(arena, column->name));
            CHECK(member, "%s." STR_FMT " is not there", entities[i].name, STR_ARG(column->name));
            shown++;
            if (column->type == COLUMN_CHOICE)
                check_words(entities[i].name, column, member);
            else
                CHECK(str_is(member->text, type_of(column)), "%s." STR_FMT, entities[i].name, STR_ARG(column->name));
        }
        CHECK(said->count == shown, "%s: %zu members, %zu are stored", entities[i].name, said->count, shown);
    }
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(the_contract_says_what_the_backend_stores) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
