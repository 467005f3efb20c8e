/* The command line: every subcommand, its options and its wiring. Exit codes: 0 done, 1 a fault that was reported (one
 * line on standard error; of check one for each), 2 wrong usage. */
#pragma once

#include "conf/conf.h"
#include "flow/flow.h"

int cli_main(int argc, char **argv);

enum { OPTION_VALUES = 64 };

/* One option of a subcommand: a flag, or one that takes a value, maybe several times. */
struct option_value {
    const char *name; /* "--brand" */
    bool takes_value, seen;
    const char *values[OPTION_VALUES];
    size_t count;
};

/* What is left after `-c FILE` and `--set key=value` were taken. */
struct invocation {
    struct conf *conf;
    char **words; /* arguments that are no options */
    size_t word_count;
    struct option_value *options;
    size_t option_count;
    char **arguments; /* all, as the program was given them; NULL at their end */
};

/* The last value of an option, or `otherwise`. */
const char *option_text(const struct invocation *invocation, const char *name, const char *otherwise);
const struct option_value *option_find(const struct invocation *invocation, const char *name);

typedef int command_fn(const struct invocation *invocation, struct err *err);

/* Wrong usage found inside a command. */
enum { CLI_USAGE = 2 };
int cli_usage(const char *fmt, ...) PRINTF(1, 2); /* prints, returns CLI_USAGE */
/* The same, with the word that was meant if one is near. */
int cli_misspelt(const struct near *near, const char *fmt, ...) PRINTF(2, 3);
int cli_no_dialect(const struct gateway *gateway, const char *name);

bool cli_is_hex(struct str text, size_t digits); /* so many, in lower case */

/* Where `serve` listens; in the configuration's arena. */
size_t serve_addresses(const struct conf *conf, struct str **addresses);

/* A batch of the store, waited for. */
struct store;
struct store_batch;
MUST_CHECK int cli_batch(struct store *store, struct store_batch *batch, struct err *err);

command_fn command_serve, command_backend;                         /* serve.c */
command_fn command_check, command_test;                            /* check.c */
command_fn command_token;                                          /* token.c */
command_fn command_client;                                         /* client.c */
command_fn command_crosswalk;                                      /* crosswalk.c */
command_fn command_seed;                                           /* seed.c */
command_fn command_translate;                                      /* translate.c */
command_fn command_explain;                                        /* explain.c */
command_fn command_openapi;                                        /* openapi.c */
