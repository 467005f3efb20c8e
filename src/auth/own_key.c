#include "auth/inside.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/files.h"
#include "base/codec.h"
#include "conf/conf.h"

static int fault(struct str path, struct err *err, const char *words)
{
    ERR_clear_error();
    return err_set(err, ERR_CONFIG, STR_FMT ": %s", STR_ARG(path), words);
}

/* mkdir -p with mode 0700; what goes wrong shows when the file is made. */
static void make_folders(struct arena *arena, struct str folder)
{
    for (size_t i = 1; i <= folder.len; i++)
        if (i == folder.len || folder.ptr[i] == '/')
            (void)mkdir(arena_cstr(arena, str_of(folder.ptr, i)), 0700);
}

static struct str default_path(struct arena *arena, struct str state_dir)
{
    bool slash = state_dir.ptr[state_dir.len - 1] == '/';

    return arena_printf(arena, STR_FMT "%ssigning-key.pem", STR_ARG(state_dir), slash ? "" : "/");
}

static struct str key_path(struct arena *arena, const struct conf *conf)
{
    if (conf->auth.signing_key.len)
        return conf->auth.signing_key;
    make_folders(arena, conf->state_dir);
    return default_path(arena, conf->state_dir);
}

static int make_pem(struct arena *arena, struct str *pem)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    int rc = -1;

    if (pair && bio && PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL) == 1) {
        long len = BIO_get_mem_data(bio, &text);
        *pem = arena_copy(arena, str_of(text, (size_t)len));
        rc = 0;
    }
    BIO_free(bio);
    EVP_PKEY_free(pair);
    return rc;
}

static int make_if_missing(struct arena *arena, struct str path, struct err *err)
{
    struct str pem;
    bool made;

    if (!access(arena_cstr(arena, path), F_OK))
        return 0;
    if (make_pem(arena, &pem))
        return fault(path, err, "no key could be made");
    return file_make(arena, path, pem, &made, err);
}

static int coordinate(const EVP_PKEY *pair, const char *name, unsigned char *to)
{
    BIGNUM *number = NULL;
    bool ok =
        EVP_PKEY_get_bn_param(pair, name, &number) == 1 && BN_bn2binpad(number, to, P256_BYTES) == P256_BYTES;

    BN_free(number);
    return ok ? 0 : -1;
}

/* RFC 7638 section 3: the required members in the order of their names, no white space. */
static struct str thumbprint(struct arena *arena, const struct own_key *own)
{
    struct buf text = buf_in(arena, 1024), kid = buf_in(arena, 64);
    unsigned char hash[32];

    buf_add(&text, STR("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\""));
    buf_base64url(&text, own->x, sizeof own->x);
    buf_add(&text, STR("\",\"y\":\""));
    buf_base64url(&text, own->y, sizeof own->y);
    buf_add(&text, STR("\"}"));
    if (!EVP_Digest(text.ptr, text.len, hash, NULL, EVP_sha256(), NULL))
        return STR_NONE;
    buf_base64url(&kid, hash, sizeof hash);
    return buf_str(&kid);
}

static bool is_p256(const EVP_PKEY *pair)
{
    char name[64];
    size_t len;

    return EVP_PKEY_get_group_name(pair, name, sizeof name, &len) && str_is(str_of(name, len), "prime256v1");
}

/* What follows from the pair. */
static int describe(struct own_key *own, struct arena *arena, struct str path, struct err *err)
{
    if (!own->pair || !is_p256(own->pair))
        return fault(path, err, "expected the PEM file of an EC P-256 key");
    if (coordinate(own->pair, OSSL_PKEY_PARAM_EC_PUB_X, own->x) ||
        coordinate(own->pair, OSSL_PKEY_PARAM_EC_PUB_Y, own->y))
        return fault(path, err, "the key has no public half");
    own->kid = thumbprint(arena, own);
    return own->kid.len ? 0 : fault(path, err, "no thumbprint");
}

static EVP_PKEY *parse(struct str pem, bool private)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key =
        private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

int own_key_load(struct own_key *own, struct arena *arena, const struct conf *conf, struct err *err)
{
    struct str path = key_path(arena, conf);

    *own = (struct own_key){ 0 };
    if (make_if_missing(arena, path, err) || file_read(arena, path, true, &own->pem, err))
        return -1;
    own->pair = parse(own->pem, true);
    return describe(own, arena, path, err);
}

int own_key_load_retired(struct own_key *own, struct arena *arena, struct str path, struct err *err)
{
    struct str pem;

    *own = (struct own_key){ 0 };
    if (file_read(arena, path, false, &pem, err))
        return -1;
    own->pair = parse(pem, false);
    if (!own->pair) {
        if (file_check_secret(arena, path, err))
            return -1;
        own->pair = parse(pem, true);
    }
    return describe(own, arena, path, err);
}

/* As make_if_missing would find it. The folder of `state_dir` is made at the start, where it is missing. */
static int check_makable(struct arena *arena, struct str path, bool folder_is_made, struct err *err)
{
    struct str folder = path;

    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    if (!access(folder.len ? arena_cstr(arena, folder) : ".", W_OK | X_OK) || (folder_is_made && errno == ENOENT))
        return 0;
    return err_set(err, ERR_CONFIG, STR_FMT ": is not there, and cannot be made: %s", STR_ARG(path), strerror(errno));
}

int own_key_check(struct arena *arena, const struct conf *conf, struct err *err)
{
    bool named = conf->auth.signing_key.len;
    struct str path = named ? conf->auth.signing_key : default_path(arena, conf->state_dir);
    struct own_key own = { 0 };
    bool there = !access(arena_cstr(arena, path), F_OK);

    int failed = there ? own_key_load(&own, arena, conf, err) : check_makable(arena, path, !named, err);
    own_key_done(&own);
    for (size_t i = 0; !failed && i < conf->auth.retired_key_count; i++) {
        failed = own_key_load_retired(&own, arena, conf->auth.retired_keys[i], err);
        own_key_done(&own);
    }
    return failed;
}

void own_key_done(struct own_key *own)
{
    EVP_PKEY_free(own->pair);
    own->pair = NULL;
}

static int sign_raw(const struct own_key *own, struct str input, unsigned char raw[static 2 * P256_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char der[128];
    size_t len = sizeof der;
    bool ok = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, own->pair) == 1 &&
              EVP_DigestSign(context, der, &len, (const unsigned char *)input.ptr, input.len) == 1 &&
              !ecdsa_to_raw(der, len, P256_BYTES, raw);

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return ok ? 0 : -1;
}

int own_key_sign(const struct own_key *own, struct arena *scratch, struct str claims, struct buf *out,
                 struct err *err)
{
    struct buf text = buf_in(scratch, 1 << 20);
    unsigned char raw[2 * P256_BYTES];
    struct str header = arena_printf(scratch, "{\"alg\":\"ES256\",\"kid\":\"" STR_FMT "\",\"typ\":\"JWT\"}",
                                     STR_ARG(own->kid));

    buf_base64url(&text, header.ptr, header.len);
    buf_char(&text, '.');
    buf_base64url(&text, claims.ptr, claims.len);
    if (!buf_ok(&text) || sign_raw(own, buf_str(&text), raw))
        return err_set(err, ERR_INTERNAL, "auth: a token could not be signed");
    buf_add(out, buf_str(&text));
    buf_char(out, '.');
    buf_base64url(out, raw, sizeof raw);
    return buf_ok(out) ? 0 : err_set(err, ERR_INTERNAL, "auth: a token is too long");
}
