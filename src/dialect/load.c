#include "dialect/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

/* "/v1" or "/a/b": what a path begins with, no slash at the end. */
static bool is_path_prefix(struct str text)
{
    struct str rest = str_from_at(text, 1), piece;

    if (text.len < 2 || text.ptr[0] != '/' || text.ptr[text.len - 1] == '/')
        return false;
    while (str_next(&rest, '/', &piece))
        if (!piece.len)
            return false;
    return true;
}

static int check_facade(const struct yaml *map, struct err *err)
{
    const struct yaml *paths = yaml_get(map, "paths"), *prefix = yaml_get(map, "prefix");

    for (const struct yaml *path = paths ? paths->first : NULL; path; path = path->next)
        if (!is_path_prefix(path->text))
            return yaml_fault(path, err, "found \"" STR_FMT "\", expected a path such as /v1", STR_ARG(path->text));
    if (prefix && !is_path_prefix(prefix->text))
        return yaml_fault(prefix, err, "found \"" STR_FMT "\", expected a path such as /v1", STR_ARG(prefix->text));
    return 0;
}

static int load_facade(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "hosts", "paths", "prefix", NULL };

    if (!map)
        return yaml_fault(dialect->place, err, "no facade:, expected it (docs/dialect.md)");
    if (yaml_map(map, err) || yaml_only(map, known, err) ||
        yaml_get_texts(map, "hosts", arena, &dialect->hosts, &dialect->host_count, err) ||
        yaml_get_texts(map, "paths", arena, &dialect->paths, &dialect->path_count, err) ||
        yaml_get_text(map, "prefix", &dialect->prefix, err))
        return -1;
    return check_facade(map, err);
}

static int load_credential(struct dialect *dialect, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "header", "scheme", NULL };

    if (!map)
        return yaml_fault(dialect->place, err, "no credential:, expected it (docs/dialect.md)");
    if (yaml_map(map, err) || yaml_only(map, known, err) ||
        yaml_get_text(map, "header", &dialect->credential_header, err) ||
        yaml_get_text(map, "scheme", &dialect->credential_scheme, err))
        return -1;
    if (!dialect->credential_header.len)
        return yaml_fault(map, err, "a credential without header:");
    for (size_t i = 0; i < dialect->credential_header.len; i++) {
        char c = dialect->credential_header.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) /* as requests arrive here */
            return yaml_fault(yaml_get(map, "header"), err,
                              "found \"" STR_FMT "\", expected a header's name in lower case",
                              STR_ARG(dialect->credential_header));
    }
    return 0;
}

/* One of two words, `yes` meaning true. */
static int load_choice(const struct yaml *map, const char *key, const char *yes, const char *no, bool *value,
                       struct err *err)
{
    const struct yaml *node = yaml_get(map, key);

    if (!node)
        return 0;
    if (node->kind == YAML_TEXT && str_is(node->text, yes))
        *value = true;
    else if (node->kind != YAML_TEXT || !str_is(node->text, no))
        return yaml_fault(node, err, "unknown value, expected %s or %s", yes, no);
    return 0;
}

/* What becomes of parameters that no operation reads. */
static int load_unknown(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "unknown", "unread", "refuse", "headers", NULL };

    if (!map)
        return 0;
    if (yaml_map(map, err) || yaml_only(map, known, err))
        return -1;
    return load_choice(map, "unknown", "refuse", "ignore", &dialect->unknown_refused, err) ||
                   yaml_get_texts(map, "unread", arena, &dialect->unread, &dialect->unread_count, err) ||
                   yaml_get_texts(map, "refuse", arena, &dialect->refused, &dialect->refused_count, err) ||
                   yaml_get_texts(map, "headers", arena, &dialect->refused_headers, &dialect->refused_header_count, err)
               ? -1
               : 0;
}

static int load_style(struct dialect *dialect, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "absent", "null_on_create", "read_only", "empty", NULL };
    bool refuse = false;

    if (!map)
        return 0;
    if (yaml_map(map, err) || yaml_only(map, known, err) ||
        load_choice(map, "absent", "null", "omit", &dialect->style.absent_as_null, err) ||
        load_choice(map, "null_on_create", "refuse", "absent", &dialect->style.refuse_null_on_create, err) ||
        load_choice(map, "read_only", "refuse", "ignore", &refuse, err) ||
        load_choice(map, "empty", "absent", "shown", &dialect->style.empty_is_absent, err))
        return -1;
    dialect->style.read_only = refuse ? READ_ONLY_REFUSE : READ_ONLY_IGNORE;
    return 0;
}

static int load_kinds(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const forms[] = {
        [ID_SAME] = "same", [ID_INTEGER] = "integer", [ID_HEX24] = "hex24", [ID_VERBATIM] = "verbatim"
    };

    if (!map)
        return 0;
    if (yaml_map(map, err))
        return -1;
    struct kind_form *kinds = ARENA_ARRAY(arena, struct kind_form, map->count);
    for (const struct yaml *child = map->first; child; child = child->next) {
        unsigned form = 0;
        while (form < COUNT(forms) && !(child->kind == YAML_TEXT && str_is(child->text, forms[form])))
            form++;
        if (form == COUNT(forms))
            return yaml_fault(child, err, "unknown form of id, expected same, integer, hex24 or verbatim");
        kinds[dialect->kind_count++] = (struct kind_form){ .kind = child->key, .form = (enum id_form)form };
    }
    dialect->kinds = kinds;
    return 0;
}

static int load_cursor(struct paging *paging, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "size", "names", "default", "max", NULL };

    if (!map)
        return 0;
    paging->cursor_default = paging->cursor_max = 100;
    if (yaml_map(map, err) || yaml_only(map, known, err) || yaml_get_text(map, "size", &paging->cursor_size, err) ||
        yaml_get_texts(map, "names", arena, &paging->cursors, &paging->cursor_count, err) ||
        load_sizes(map, 999, &paging->cursor_max, &paging->cursor_default, err))
        return -1;
    return paging->cursor_size.len && paging->cursor_count ? 0 : yaml_fault(map, err, "cursor: needs size: and names:");
}

static int load_paging(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "number", "offset", "size", "default", "max", "min", "over", "refuse",
                                         "cursor", "links", NULL };
    struct paging *paging = &dialect->paging;

    if (!map)
        return 0;
    paging->used = true;
    paging->size_min = 1;
    paging->size_default = paging->size_max = 100;
    if (yaml_map(map, err) || yaml_only(map, known, err) || yaml_get_text(map, "number", &paging->number, err) ||
        yaml_get_text(map, "offset", &paging->offset, err) || yaml_get_text(map, "size", &paging->size, err) ||
        load_sizes(map, 1000, &paging->size_max, &paging->size_default, err) ||
        load_number(map, "min", 0, 1, &paging->size_min, err) ||
        load_choice(map, "over", "refuse", "clamp", &paging->over_refused, err) ||
        load_choice(map, "links", "base", "path", &paging->base_links, err))
        return -1;
    if (!paging->size.len || (paging->number.len > 0) == (paging->offset.len > 0))
        return yaml_fault(map, err, "paging: needs size: and one of number: and offset:");
    if (load_cursor(paging, arena, yaml_get(map, "cursor"), err))
        return -1;
    return yaml_get_texts(map, "refuse", arena, &paging->refused, &paging->refused_count, err);
}

static int load_lookups(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err)
{
    static const char *const known[] = { "call", "match", "scope", "members", "fixed", NULL };

    if (!map)
        return 0;
    if (yaml_map(map, err))
        return -1;
    dialect->lookups = ARENA_ARRAY(arena, struct lookup, map->count);
    for (const struct yaml *child = map->first; child; child = child->next) {
        struct lookup *made = &dialect->lookups[dialect->lookup_count++];
        bool make = false;
        made->name = child->key;
        made->place = child;
        if (yaml_map(child, err) || yaml_only(child, known, err) || yaml_get_text(child, "call", &made->call, err) ||
            yaml_get_text(child, "scope", &made->scope, err) ||
            load_choice(child, "match", "make", "one", &make, err) ||
            load_fixed(yaml_get(child, "fixed"), arena, &made->fixed, &made->fixed_count, err) ||
            load_parameters(yaml_get(child, "members"), arena, &made->members, &made->member_count, err))
            return -1;
        if (!made->call.len)
            return yaml_fault(child, err, "a look-up without a call, expected call: NAME");
        made->match = make ? LOOKUP_MAKE : LOOKUP_ONE;
        if (make && !made->scope.len)
            return yaml_fault(child, err, "a look-up that makes needs scope:");
    }
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_mapping(const struct dirent *entry)
{
    struct str name = str_from(entry->d_name);

    return name.len > 5 && str_is(str_from_at(name, name.len - 5), ".yaml") && name.ptr[0] != '.' &&
           !str_is(name, "dialect.yaml");
}

static int is_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

/* Those of the folder that have no fault. */
static int load_lenses(struct dialect *dialect, struct arena *arena, const char *dir,
                       const struct lens_tables *tables, struct err_list *faults, struct err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_mapping, by_name), failed = 0;

    if (count < 0)
        return err_set(err, ERR_CONFIG, "%s: cannot be read", dir);
    dialect->lenses = ARENA_ARRAY(arena, struct lens *, (size_t)count);
    dialect->faulty = ARENA_ARRAY(arena, struct lens *, (size_t)count);
    dialect->lens_paths = ARENA_ARRAY(arena, const char *, (size_t)count);
    for (int i = 0; i < count && !failed; i++) {
        struct str path = arena_printf(arena, "%s/%s", dir, entries[i]->d_name);
        dialect->lens_paths[dialect->lens_count] = path.ptr;
        struct lens *lens;
        if (!lens_judge(&lens, arena, path.ptr, &dialect->style, tables, faults, err)) {
            dialect->lenses[dialect->lens_count++] = lens;
            continue;
        }
        dialect->incomplete = true;
        if (lens_head(lens))
            dialect->faulty[dialect->faulty_count++] = lens;
        failed = !faults;
    }
    free_entries(entries, count);
    return failed ? -1 : 0;
}

/* What stands at the top of dialect.yaml, but for the operations. */
static int load_head(struct dialect *dialect, struct arena *arena, const char *dir, struct err *err)
{
    static const char *const known[] = { "dialect", "title",  "facade",  "credential", "media",      "lens", "parameters",
                                         "ids",     "paging", "errors", "lookups",    "operations", NULL };
    const struct yaml *root;

    if (yaml_load(&root, arena, arena_printf(arena, "%s/dialect.yaml", dir).ptr, err) || yaml_map(root, err) ||
        yaml_only(root, known, err) || yaml_get_text(root, "dialect", &dialect->name, err))
        return -1;
    dialect->title = dialect->name;
    dialect->place = root;
    if (!dialect->name.len)
        return yaml_fault(root, err, "no name, expected dialect: NAME");
    return yaml_get_text(root, "title", &dialect->title, err) ||
                   load_facade(dialect, arena, yaml_get(root, "facade"), err) ||
                   load_credential(dialect, yaml_get(root, "credential"), err) ||
                   load_media(dialect, arena, yaml_get(root, "media"), err) ||
                   load_unknown(dialect, arena, yaml_get(root, "parameters"), err) ||
                   load_style(dialect, yaml_get(root, "lens"), err) ||
                   load_kinds(dialect, arena, yaml_get(root, "ids"), err) ||
                   load_paging(dialect, arena, yaml_get(root, "paging"), err) ||
                   load_errors(dialect, arena, yaml_get(root, "errors"), err) ||
                   load_lookups(dialect, arena, yaml_get(root, "lookups"), err)
               ? -1
               : 0;
}

static struct str folder_name(struct arena *arena, const char *dir)
{
    const char *slash = strrchr(dir, '/');

    return arena_copy(arena, str_from(slash ? slash + 1 : dir));
}

/* With a fault at its top nothing can be said of its operations. */
static int load_dialect(struct dialect *dialect, struct arena *arena, const char *dir, const struct lens_tables *tables,
                        struct err_list *faults, struct err *err)
{
    bool headless = load_head(dialect, arena, dir, err) != 0;

    dialect->incomplete = headless;
    if ((headless && err_note(faults, err)) || load_lenses(dialect, arena, dir, tables, faults, err))
        return -1;
    if (headless)
        return 0;
    if (!load_operations(dialect, arena, yaml_get(dialect->place, "operations"), faults, err) &&
        !load_tables_of(dialect, tables, arena, err) && !load_agree(dialect, folder_name(arena, dir), err))
        return 0;
    dialect->incomplete = true;
    return err_note(faults, err);
}

/* Not a dialect's folder. Mapping files in it would be passed over in silence. */
static int check_other(const char *folder, struct str name, struct err *err)
{
    struct dirent **entries = NULL;

    if (str_is(name, "canonical") || str_is(name, "tables"))
        return 0;
    int count = scandir(folder, &entries, is_mapping, by_name);
    if (count < 0)
        return 0; /* a file, no folder */
    free_entries(entries, count);
    return count ? err_set(err, ERR_CONFIG, "%s: mapping files without a dialect.yaml beside them", folder) : 0;
}

int dialects_load(struct dialect ***dialects, size_t *count, struct arena *arena, const char *dir, struct err_list *faults,
                  struct err *err)
{
    struct dirent **entries = NULL;
    struct lens_tables *tables;
    struct stat found;
    int failed = 0;

    if (lens_tables_load(&tables, arena, arena_printf(arena, "%s/tables", dir).ptr, err))
        return -1;
    int folders = scandir(dir, &entries, is_folder, by_name);
    if (folders < 0)
        return err_set(err, ERR_CONFIG, "%s: the mappings cannot be read", dir);
    struct dialect **made = ARENA_ARRAY(arena, struct dialect *, (size_t)folders);
    *count = 0;
    for (int i = 0; i < folders && !failed; i++) {
        const char *folder = arena_printf(arena, "%s/%s", dir, entries[i]->d_name).ptr;
        if (stat(arena_printf(arena, "%s/dialect.yaml", folder).ptr, &found)) {
            failed = check_other(folder, str_from(entries[i]->d_name), err) && err_note(faults, err);
            continue;
        }
        made[*count] = ARENA_NEW(arena, struct dialect);
        failed = load_dialect(made[*count], arena, folder, tables, faults, err);
        (*count)++;
    }
    free_entries(entries, folders);
    if (!failed && !*count)
        return err_set(err, ERR_CONFIG, "%s: no folder holds a dialect.yaml", dir);
    *dialects = made;
    return failed || (load_apart(made, *count, err) && err_note(faults, err)) ? -1 : 0;
}

struct lookup *dialect_lookup(const struct dialect *dialect, struct str name)
{
    for (size_t i = 0; i < dialect->lookup_count; i++)
        if (str_eq(dialect->lookups[i].name, name))
            return &dialect->lookups[i];
    return NULL;
}

enum id_form dialect_id_form(const struct dialect *dialect, struct str kind)
{
    for (size_t i = 0; i < dialect->kind_count; i++)
        if (str_eq(dialect->kinds[i].kind, kind))
            return dialect->kinds[i].form;
    return ID_SAME;
}
