/* The gateway's own credentials in files that others replace while it runs. */
#include "auth/inside.h"

#include "base/log.h"
#include "conf/conf.h"

struct renewing {
    struct auth *auth;
    struct arena *scratch;
    const char *why;
};

static void tell(const struct renewing *renewing, const char *setting, const struct err *failed)
{
    if (failed)
        log_line(LOG_WARN, "%s: %s: %s; the old credential stays", renewing->why, setting, failed->detail);
    else
        log_line(LOG_INFO, "%s: %s is read again", renewing->why, setting);
}

static void renew_token(const struct renewing *renewing, struct str file)
{
    struct auth *auth = renewing->auth;
    struct str token;
    struct err err;
    const bool failed = credential_token(renewing->scratch, file, &token, &err);

    if (!failed && !str_eq(token, *auth->backend_token)) {
        struct str *fresh = ARENA_NEW(auth->renewed, struct str);
        *fresh = arena_copy(auth->renewed, token);
        auth->backend_token = fresh;
    }
    tell(renewing, "backend.token_file", failed ? &err : NULL);
}

/* The thread that asks others takes it. */
static void renew_secret(const struct renewing *renewing, const char *setting, struct str client_id, struct str file,
                         struct str *fresh)
{
    struct auth *auth = renewing->auth;
    struct call_header header;
    struct err err;
    const bool failed = authority_credential(renewing->scratch, client_id, file, &header, &err);

    if (!failed) {
        struct str value = arena_copy(auth->renewed, header.value);
        (void)pthread_mutex_lock(&auth->authority.lock);
        *fresh = value;
        if (auth->authority.started)
            authority_wake(&auth->authority);
        (void)pthread_mutex_unlock(&auth->authority.lock);
    }
    tell(renewing, setting, failed ? &err : NULL);
}

void auth_renew(struct auth *auth, const struct conf *conf, const char *why)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(SIZE_MAX);
    const struct renewing renewing = { .auth = auth, .scratch = scratch, .why = why };
    struct authority *authority = &auth->authority;

    if (auth->backend_token)
        renew_token(&renewing, conf->backend.token_file);
    if (authority->borrowed)
        renew_secret(&renewing, "backend.secret_file", conf->backend.client_id, conf->backend.secret_file,
                     &authority->borrowed->fresh);
    if (authority->introspection)
        renew_secret(&renewing, "auth.introspection.secret_file", conf->auth.introspection.client_id,
                     conf->auth.introspection.secret_file, &authority->introspection->fresh);
}
