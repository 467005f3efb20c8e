/* The settings' table: one row per key is the parser, the default, the limits and the documentation. */
#pragma once

#include "conf/conf.h"

struct yaml;

/* How a setting's value is read. */
enum setting_kind {
    SETTING_TEXT,   /* any text */
    SETTING_LISTEN, /* address:port */
    SETTING_CHOICE, /* one of `choices` */
    SETTING_BOOL,
    SETTING_UINT, /* min to max */
    SETTING_OWN   /* `read` knows */
};

struct setting {
    const char *key; /* dotted */
    enum setting_kind kind;
    size_t offset;
    const char *text;       /* default of text, listen and choice */
    const char *choices;    /* separated by '|' */
    uint64_t def, min, max; /* of uint; def also of bool */
    int (*read)(struct conf *conf, const struct yaml *node, struct err *err);
    const char *doc;
};

extern const struct setting settings[];
extern const size_t setting_count;

/* The lists (lists.c). */
MUST_CHECK int read_issuers(struct conf *conf, const struct yaml *node, struct err *err);
MUST_CHECK int read_retired_keys(struct conf *conf, const struct yaml *node, struct err *err);
MUST_CHECK int read_trusted_proxies(struct conf *conf, const struct yaml *node, struct err *err);
MUST_CHECK int read_facades(struct conf *conf, const struct yaml *node, struct err *err);
MUST_CHECK int read_completions(struct conf *conf, const struct yaml *node, struct err *err);

/* Parts of values, shared by the table and the lists (value.c). */
bool value_is_url(struct str text);   /* http://… or https://… */
bool value_is_https(struct str text);
MUST_CHECK int value_listen(const struct yaml *node, struct str *listen, struct err *err);
MUST_CHECK int value_choice(const struct yaml *node, const char *choices, struct str *choice,
                            struct err *err);
MUST_CHECK int value_setting(struct conf *conf, const struct setting *setting, const struct yaml *node,
                             struct err *err);

/* The setting called `key` (dotted), or NULL; and what a misspelt key meant, empty if none is near. */
const struct setting *setting_find(struct str key);
struct str setting_near(struct str key);
/* Some setting lies under the section `key`. */
bool setting_section(struct str key);

/* Where each setting came from, for faults that only show when all are known. */
struct origin {
    const struct yaml *node; /* NULL: the default */
    struct str set;          /* the --set argument, or empty: a file */
};

/* What must hold between settings (check.c); `origins` in the order of the table. */
MUST_CHECK int conf_check(const struct conf *conf, const struct origin *origins, struct err *err);
