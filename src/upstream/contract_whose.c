/* Whose the entities are (`whose:` of contract.yaml). What is not listed is a patient's, and says its brand. */
#include "upstream/load.h"

/* Names of entities that some call is about: one with a slip in it would be judged as something else. */
static int load_names(const struct yaml *map, const char *key, const struct contract *contract, const struct yaml **list,
                      struct err *err)
{
    struct str text;

    *list = yaml_get(map, key);
    if (!*list)
        return 0;
    if (yaml_list(*list, err))
        return -1;
    for (const struct yaml *child = (*list)->first; child; child = child->next) {
        if (yaml_text(child, &text, err))
            return -1;
        if (!contract_has_entity(contract, text))
            return yaml_fault(child, err, "no call is about '" STR_FMT "', expected the entity of one", STR_ARG(text));
    }
    return 0;
}

int load_whose(const struct yaml *map, const struct contract *contract, struct contract_whose *made, struct err *err)
{
    static const char *const known[] = { "brand", "group", "unbranded", NULL };

    if (!map)
        return 0;
    return yaml_map(map, err) || yaml_only(map, known, err) || load_names(map, "brand", contract, &made->brand, err) ||
                   load_names(map, "group", contract, &made->group, err) ||
                   load_names(map, "unbranded", contract, &made->unbranded, err)
               ? -1
               : 0;
}

static bool is_listed(const struct yaml *list, struct str entity)
{
    for (const struct yaml *one = list ? list->first : NULL; one; one = one->next)
        if (str_eq(one->text, entity))
            return true;
    return false;
}

enum contract_owner contract_owner(const struct contract *contract, struct str entity)
{
    const struct contract_whose *whose = contract_whose(contract);

    if (is_listed(whose->brand, entity))
        return OWNER_BRAND;
    return is_listed(whose->group, entity) ? OWNER_GROUP : OWNER_PATIENT;
}

bool contract_says_brand(const struct contract *contract, struct str entity)
{
    return !is_listed(contract_whose(contract)->unbranded, entity);
}
