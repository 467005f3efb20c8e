#include "dialect/load.h"

int load_agree(const struct dialect *dialect, struct str folder, struct err *err)
{
    if (!str_eq(dialect->name, folder))
        return yaml_fault(yaml_get(dialect->place, "dialect"), err,
                          "\"" STR_FMT "\" is not the folder's name, expected " STR_FMT,
                          STR_ARG(dialect->name), STR_ARG(folder));
    for (size_t i = 0; i < dialect->lens_count; i++)
        if (!str_eq(lens_dialect(dialect->lenses[i]), dialect->name))
            return yaml_fault(yaml_get(lens_head(dialect->lenses[i]), "dialect"), err,
                              "\"" STR_FMT "\" is not the folder's dialect, expected " STR_FMT,
                              STR_ARG(lens_dialect(dialect->lenses[i])), STR_ARG(dialect->name));
    for (size_t i = 0; i < dialect->lens_count; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(lens_resource(dialect->lenses[i]), lens_resource(dialect->lenses[k])))
                return yaml_fault(yaml_get(lens_head(dialect->lenses[i]), "resource"), err,
                                  "resource " STR_FMT " stands in %s already, expected a name of its own",
                                  STR_ARG(lens_resource(dialect->lenses[i])), dialect->lens_paths[k]);
    return 0;
}

static bool has_host(const struct dialect *dialect, struct str host)
{
    for (size_t i = 0; i < dialect->host_count; i++)
        if (str_eq_nocase(dialect->hosts[i], host))
            return true;
    return false;
}

/* A request must not be two dialects'. `paths:` may be shared: then the credential's header decides. */
static int keep_apart(const struct dialect *one, const struct dialect *other, struct err *err)
{
    const struct yaml *facade = yaml_get(other->place, "facade"), *hosts = yaml_get(facade, "hosts");
    const struct yaml *mine = yaml_get(one->place, "facade");

    for (const struct yaml *host = hosts ? hosts->first : NULL; host; host = host->next)
        if (has_host(one, host->text))
            return yaml_fault(host, err, "\"" STR_FMT "\" is a host of " STR_FMT " already (%s:%u), expected another",
                              STR_ARG(host->text), STR_ARG(one->name), mine->file, mine->key_line);
    if (other->prefix.len && str_eq(one->prefix, other->prefix))
        return yaml_fault(yaml_get(facade, "prefix"), err,
                          "\"" STR_FMT "\" is the prefix of " STR_FMT " already (%s:%u), expected another",
                          STR_ARG(other->prefix), STR_ARG(one->name), mine->file, mine->key_line);
    return 0;
}

int load_apart(struct dialect *const *dialects, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (keep_apart(dialects[k], dialects[i], err))
                return -1;
    return 0;
}
