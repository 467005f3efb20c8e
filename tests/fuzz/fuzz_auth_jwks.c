/* Whatever an issuer publishes: no key that is secret, weak, for something else, or doubly named comes out of
 * it, and the same text is the same set. */
#include <stdlib.h>

#include "auth/jwks.h"
#include "base/log.h"
#include "jdoc/jdoc.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_to(2, LOG_ERROR);
    return 0;
}

static void check_set(const struct keyset *set)
{
    if (!set->count || set->count + set->ignored > KEYSET_MOST)
        abort();
    for (size_t i = 0; i < set->count; i++) {
        const struct key *key = &set->keys[i];
        if (!algorithm_kty(key->algorithm) || key->secret.len || !key->public_key ||
            key_objection(key->algorithm, key->public_key))
            abort();
        for (size_t j = 0; j < i; j++)
            if (key->kid.len && str_eq(key->kid, set->keys[j].kid))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str some[] = { STR_INIT("ES256"), STR_INIT("PS256") };
    struct str text = str_of((const char *)data, size);
    struct err err;
    struct keyset *set = keyset_parse(text, NULL, 0, STR("fuzz"), &err), *again, *fewer;

    if (!set)
        return 0;
    check_set(set);
    again = keyset_parse(text, NULL, 0, STR("fuzz"), &err);
    if (!again || !keyset_keeps(again, set) || !keyset_keeps(set, again))
        abort();
    fewer = keyset_parse(text, some, COUNT(some), STR("fuzz"), &err);
    if (fewer)
        check_set(fewer);
    for (size_t i = 0; fewer && i < fewer->count; i++)
        if (!key_fits(&fewer->keys[i], some[0], fewer->keys[i].kid) &&
            !key_fits(&fewer->keys[i], some[1], fewer->keys[i].kid))
            abort();
    keyset_free(&set);
    keyset_free(&again);
    keyset_free(&fewer);
    return 0;
}
