#include "conf/conf.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/table.h"
#include "yaml/yaml.h"

#define INSTALLED_MAPPINGS "/usr/share/dragoman/mappings"

enum { SET_LONGEST = 4096 };

struct loader {
    struct conf *conf;
    struct origin *origins; /* as settings[] */
    struct str set;         /* the --set being applied, or empty */
};

static void set_defaults(struct conf *conf)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        void *at = (char *)conf + s->offset;

        switch (s->kind) {
        case SETTING_TEXT:
        case SETTING_LISTEN:
        case SETTING_CHOICE:
            *(struct str *)at = str_from(s->text);
            break;
        case SETTING_BOOL:
            *(bool *)at = s->def;
            break;
        case SETTING_UINT:
            *(uint64_t *)at = s->def;
            break;
        case SETTING_OWN:
            break;
        }
    }
    conf->backend.all_completions = true;
}

static int apply(struct loader *load, const struct setting *setting, const struct yaml *node, struct err *err)
{
    if (yaml_is_null(node))
        return 0; /* "key:" with nothing after it leaves the default */
    load->origins[setting - settings] = (struct origin){ .node = node, .set = load->set };
    return value_setting(load->conf, setting, node, err);
}

static int unknown(const struct yaml *node, struct str path, struct err *err)
{
    (void)yaml_fault_key(node, err, "unknown setting '" STR_FMT "'", STR_ARG(path));
    return err_meant(err, setting_near(path));
}

/* Applies every member of `map`, or refuses it: a misspelt setting is an error, not a default. Sections do
 * not nest beyond the table's, so this ends. */
static int walk(struct loader *load, const struct yaml *map, struct str section, struct err *err)
{
    if (yaml_map(map, err))
        return -1;
    for (const struct yaml *node = map->first; node; node = node->next) {
        struct str path = section.len ? arena_printf(load->conf->arena, STR_FMT "." STR_FMT, STR_ARG(section),
                                                     STR_ARG(node->key))
                                      : node->key;
        const struct setting *setting = setting_find(path);
        if (!setting && !setting_section(path))
            return unknown(node, path, err);
        if (!setting && yaml_is_null(node))
            continue; /* a section whose members are all commented out */
        if (setting ? apply(load, setting, node, err) : walk(load, node, path, err))
            return -1;
    }
    return 0;
}

/* The argument has no lines: drops "name:line:column: " and puts "--set key=value: " instead. */
static int set_fault(struct str name, struct str argument, struct err *err)
{
    struct err old = *err;
    struct str detail = str_from(old.detail), number;

    if (str_starts(detail, name)) {
        detail = str_from_at(detail, name.len + 1);
        for (int part = 0; part < 2; part++)
            (void)str_cut(detail, ':', &number, &detail);
    }
    return err_set(err, old.code, "--set " STR_FMT ": " STR_FMT, STR_ARG(argument),
                   STR_ARG(str_trim(detail)));
}

/* A text as it stands: what YAML would make of [::1]:8443 or of a # nobody has to know. Quotes around it are YAML's, as ever. */
static bool is_verbatim(enum setting_kind kind, struct str value)
{
    switch (kind) {
    case SETTING_TEXT:
    case SETTING_LISTEN:
    case SETTING_CHOICE:
        return !value.len || (value.ptr[0] != '"' && value.ptr[0] != '\'');
    case SETTING_BOOL:
    case SETTING_UINT:
    case SETTING_OWN:
        break;
    }
    return !value.len;
}

/* Nothing after the sign is the empty text. NULL: it is no YAML. */
static const struct yaml *read_set(struct loader *load, enum setting_kind kind, struct str value, struct err *err)
{
    struct arena *arena = load->conf->arena;
    const struct yaml *root;

    value = str_trim(value);
    if (is_verbatim(kind, value)) {
        struct yaml *text = ARENA_NEW(arena, struct yaml);
        *text = (struct yaml){ .kind = YAML_TEXT, .quoted = !value.len, .text = value, .file = "--set", .line = 1, .column = 1 };
        return text;
    }
    struct str line = arena_printf(arena, "value: " STR_FMT "\n", STR_ARG(value));
    return yaml_parse(&root, arena, line, "--set", err) ? NULL : yaml_get(root, "value");
}

static int apply_set(struct loader *load, struct str argument, struct err *err)
{
    struct str key, value;

    if (argument.len > SET_LONGEST || !str_cut(argument, '=', &key, &value) ||
        memchr(value.ptr, '\n', value.len))
        return err_set(err, ERR_CONFIG, "--set %.100s: expected key.path=value", argument.ptr);
    const struct setting *setting = setting_find(key);
    if (!setting) {
        (void)err_set(err, ERR_CONFIG, "--set " STR_FMT ": unknown setting", STR_ARG(argument));
        return err_meant(err, setting_near(key));
    }
    const struct yaml *node = read_set(load, setting->kind, value, err);
    load->set = argument;
    if (!node || apply(load, setting, node, err))
        return set_fault(STR("--set"), argument, err);
    return 0;
}

static struct str folder_of(struct arena *arena, const char *file)
{
    struct str path = str_from(file);

    while (path.len && path.ptr[path.len - 1] != '/')
        path.len--;
    if (!path.len)
        return STR(".");
    return arena_copy(arena, path.len > 1 ? str_of(path.ptr, path.len - 1) : path);
}

static struct str find_mappings(const struct conf *conf)
{
    if (conf->dir.len) {
        struct str beside = arena_printf(conf->arena, STR_FMT "/../mappings", STR_ARG(conf->dir));
        if (!access(beside.ptr, F_OK))
            return beside;
    }
    return !access(INSTALLED_MAPPINGS, F_OK) ? STR(INSTALLED_MAPPINGS) : STR("./mappings");
}

/* What follows from other settings. */
static void derive(struct conf *conf)
{
    if (!conf->mappings.len)
        conf->mappings = find_mappings(conf);
    if (conf->backend.url.len)
        conf->backend.embedded = false;
}

static int load_all(struct loader *load, const char *file, const char *const *sets, size_t set_count,
                    struct err *err)
{
    struct conf *conf = load->conf;
    const struct yaml *root;

    set_defaults(conf);
    if (file) {
        conf->file = arena_copy(conf->arena, str_from(file));
        conf->dir = folder_of(conf->arena, file);
        if (yaml_load(&root, conf->arena, conf->file.ptr, err) || walk(load, root, STR_NONE, err))
            return -1;
    }
    for (size_t i = 0; i < set_count; i++)
        if (apply_set(load, arena_copy(conf->arena, str_from(sets[i])), err))
            return -1;
    derive(conf);
    return conf_check(conf, load->origins, err);
}

int conf_load(struct conf **conf, const char *file, const char *const *sets, size_t set_count,
              struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct conf *made = ARENA_NEW(arena, struct conf);
    struct loader load = { .conf = made, .origins = ARENA_ARRAY(arena, struct origin, setting_count) };

    made->arena = arena;
    if (load_all(&load, file, sets, set_count, err)) {
        arena_free(&arena);
        return -1;
    }
    *conf = made;
    return 0;
}

void conf_free(struct conf **conf)
{
    if (!*conf)
        return;
    struct arena *arena = (*conf)->arena;
    *conf = NULL;
    arena_free(&arena);
}

void conf_describe(struct buf *out)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];

        buf_printf(out, "%s\t", s->key);
        if (s->kind == SETTING_UINT)
            buf_printf(out, "%ju (%ju to %ju)", (uintmax_t)s->def, (uintmax_t)s->min, (uintmax_t)s->max);
        else if (s->kind == SETTING_BOOL)
            buf_add(out, s->def ? STR("true") : STR("false"));
        else if (s->kind == SETTING_CHOICE)
            buf_printf(out, "%s (%s)", s->text, s->choices);
        else if (s->kind != SETTING_OWN)
            buf_add(out, str_from(s->text));
        buf_printf(out, "\t%s\n", s->doc);
    }
}
