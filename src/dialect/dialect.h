/* A dialect as data: where its clients reach it, what they may ask, how they are answered. Everything here is
 * compiled from mappings/<dialect>/ at start (docs/dialect.md is the language), immutable afterwards, and read by
 * every thread. Pure: no clock, no I/O after loading. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "dialect/template.h"
#include "lens/lens.h"
#include "store/id_form.h"

struct yaml;

/* How a parameter's text is read. */
enum parameter_type {
    PARAMETER_STRING,
    PARAMETER_INTEGER,
    PARAMETER_DATE,       /* YYYY-MM-DD, or the UTC day of an RFC 3339 date-time, as YYYY-MM-DD */
    PARAMETER_DAY,        /* YYYY-MM-DD -> its first moment, UTC */
    PARAMETER_DAY_END,    /* YYYY-MM-DD -> the first moment of the next day */
    PARAMETER_MOMENT,     /* RFC 3339 or YYYY-MM-DD -> UTC */
    PARAMETER_MOMENT_END, /* the same; a day means its end */
    PARAMETER_RANGE,      /* "a..b", from inclusive, to exclusive -> `to` and `to_end` */
    PARAMETER_ID,
    PARAMETER_IDS,        /* comma separated */
    PARAMETER_PERIOD,     /* [eq|ge|gt|le|lt|sa|eb]date or date-time, of any precision -> from `to`, before `to_end` */
    PARAMETER_DAYS,       /* the same of dates, as YYYY-MM-DD */
    PARAMETER_TOKEN       /* "system|value" -> a pair in `to`; "value" -> `to_end` */
};
const char *parameter_want(enum parameter_type type); /* "date", "integer", … for messages */

struct parameter_word { /* one row of `enum:` */
    struct str said, meant;
};

/* A parameter of a path, a query or a look-up document, and the canonical parameter it becomes. */
struct parameter {
    struct str name, alias; /* of a look-up: the member's path, parts joined by dots */
    enum parameter_type type;
    struct str to, to_end;  /* canonical names; empty: only judged */
    struct str kind;        /* of ids */
    struct str prefix;      /* of an id: may stand before it */
    struct str needs;       /* another parameter that must be there too */
    unsigned part;          /* 1, 2: joined with its fellows by '|', both escaped (0: whole) */
    bool required;
    bool equals_brand;      /* anything but the caller's brand is forbidden */
    bool in_body;           /* of a look-up that makes: a member of the new entity */
    bool only;              /* values outside `words` are refused */
    bool many;              /* of a string: values separated by commas, each judged and translated; any of them fits */
    bool one;               /* a comma outside of an escape is a fault, escapes are undone */
    bool listed;            /* `to` is a list of any texts (base/codec.h); set where the call is known */
    const struct str *prefixes; /* of a string: one of them may stand before it */
    size_t prefix_count;
    struct str pair_with; /* of a string: the canonical value is the pair of this and the value */
    const struct parameter_word *words;
    size_t word_count;
    const struct yaml *place; /* for faults found later, while loading */
};

struct fixed_parameter {
    struct str name, value;
};

struct segment {
    struct str text; /* literal, or the parameter's name */
    bool is_parameter;
};

enum builtin { BUILTIN_NONE, BUILTIN_TOKEN, BUILTIN_REVOKE, BUILTIN_JWKS, BUILTIN_METADATA, BUILTIN_ANSWER };

enum paging_mode { PAGING_NONE, PAGING_OPTIONAL, PAGING_ALWAYS };

/* Second calls after the main one, each fed with what the body named for its parameter. */
enum { THENS_MAX = 4 };
struct then {
    struct str call, param, member;
};
struct thens {
    struct then calls[THENS_MAX];
    size_t count;
    struct str read, undo; /* the first one's, for all of them */
};

/* Members that a new entity takes from another one that its body names: the patient of a plan. */
struct inherit {
    struct str kind, call, member; /* kind: of the id in the body; call: how to read that entity; member: must be there */
    const struct str *also;        /* taken where they are there */
    size_t also_count;
};

/* The entity that the path names is read first; its member is a parameter of the call. */
struct via {
    struct str call, member, to;
};

/* A look-up document in the body says which entity is meant: if one is found it is updated, if none is it is made,
 * several are a fault. The exchange becomes the operation that fits. */
struct choose {
    struct str lookup, in;   /* name; path (dots) of the document in the body */
    struct str one, none;    /* operations of the same dialect */
    struct str pair, member; /* argument "name|value" of the look-up -> a member of this object of the new entity */
    struct str then;         /* argument whose ids the new entity's first `then:` takes where the body names none */
    const struct operation *found, *missing; /* `one` and `none` */
};

/* Related entities that a client may ask for beside the answer. */
struct include {
    struct str name;              /* as the client says it */
    struct str from, call, param; /* member of the shown entity that holds ids; the list that has them, by this parameter */
    const struct lens *lens;
    const struct fixed_parameter *fixed;
    size_t fixed_count;
    const struct str *scopes; /* all are needed by who asks for it */
    size_t scope_count;
    const void *bound;
};

struct named_answer {
    struct str name;
    const struct template *answer;
};

struct operation {
    struct str name, methods[3];
    size_t method_count;
    const struct segment *segments;
    size_t segment_count;
    const struct str *scopes;
    size_t scope_count;
    bool open; /* needs no credential */
    bool me;   /* is about the one patient that the caller is bound to */
    bool token; /* is about the caller's own token, which the only parameter of the path names */
    enum builtin builtin;
    const struct operation *form_of; /* the search whose parameters this one also takes from a form in its body */
    struct str resource, call, stored;
    const struct lens *lens; /* of the resource; NULL for a builtin without, and where the answer shows no entity */
    struct str body_resource;
    const struct lens *body_lens; /* of the body's own resource, else `lens` */
    const struct parameter *path;
    struct parameter *query;
    size_t path_count, query_count;
    const struct fixed_parameter *fixed;
    size_t fixed_count;
    const struct str *one_of; /* at least one of these must be there */
    size_t one_of_count;
    enum paging_mode paging;
    const struct paging *pages; /* the dialect's, or with sizes of its own */
    bool has_body;
    struct str skip;          /* body: path (dots) of a flag: documents that exist already are left out, not refused */
    struct str same;          /* body: a member of the document that must equal the id of the path, if it is there */
    struct str wrapper, bare; /* body: the member that holds the document; where a document without it is put */
    unsigned many;            /* > 0: an array of up to that many documents is allowed; without a wrapper, wanted */
    bool whole;               /* body: what the client was shown and does not send is to be cleared */
    bool pass;                /* the body is judged by its lens, and goes on as it came */
    bool optional;            /* the body may be left out: it is an empty document then */
    const struct str *media;  /* of request bodies, in place of the dialect's */
    size_t media_count;
    enum err_code media_error;
    int status;
    bool etag, etag_shown; /* etag_shown: of what is shown, not the backend's */
    const struct operation *versioned_by; /* of a write that shows no version: what reads the same path and shows one; or NULL */
    struct str modified; /* canonical member of what is shown, for Last-Modified; or empty */
    struct str location; /* of what was created: "/thing/{id}", or empty */
    struct thens thens;
    struct inherit inherit;
    struct include *includes;
    size_t include_count;
    struct via via;
    struct choose choose;
    const struct template *answer, *answer_bare;
    const struct named_answer *answers; /* other forms of the answer, for a configuration that asks for one */
    size_t answer_count;
    const struct template *each; /* what $entries writes around every item */
    const struct yaml *place;
    const void *bound; /* the flow's own, set once after loading */
};

/* If another lens judges the body: the lens that later shows what is kept of it. Else NULL. */
static inline const struct lens *operation_answer(const struct operation *operation)
{
    return operation->body_lens == operation->lens || operation->pass ? NULL : operation->lens;
}

struct lookup {
    struct str name, call, scope; /* scope: needed by one that makes */
    enum lookup_match { LOOKUP_ONE, LOOKUP_MAKE } match; /* exactly one; or found or created by the call itself */
    struct parameter *members;
    size_t member_count;
    const struct fixed_parameter *fixed;
    size_t fixed_count;
    const struct yaml *place;
    const void *bound;
};

struct paging {
    bool used, over_refused;
    bool base_links; /* links are relative to the facade's own address, or begin with it where it is known */
    struct str number, offset, size; /* names; number or offset, or neither */
    unsigned size_default, size_max, size_min;
    const struct str *refused;
    size_t refused_count;
    /* a walk by cursor, for calls that take `after`: the size's name, the cursor's names (the first is written) */
    struct str cursor_size;
    const struct str *cursors;
    size_t cursor_count;
    unsigned cursor_default, cursor_max;
};

struct error_shape {
    int status;
    struct str code, title, message, pointer;
    const struct template *fields; /* general words under member names, as JSON */
};

struct kind_form {
    struct str kind;
    enum id_form form;
};

struct dialect {
    struct str name, title;
    const struct yaml *place; /* its file, for faults found later */
    const struct str *hosts, *paths;
    size_t host_count, path_count;
    struct str prefix;
    struct str url; /* the address that clients know the facade by (the configuration says it); empty: unknown */
    struct str credential_header, credential_scheme;
    const struct str *request_media, *answer_media;
    size_t request_media_count, answer_media_count;
    struct str answer_without_accept;
    struct str media_parameter; /* a parameter of the query that stands in the place of Accept */
    const struct parameter_word *media_words;
    size_t media_word_count;
    const struct parameter_word *media_also; /* parameters that a content type may have */
    size_t media_also_count;
    bool unknown_refused;     /* a parameter of a query that nobody reads is an error, */
    const struct str *unread; /* but for these */
    size_t unread_count;
    const struct str *refused; /* these are one anyway; a '*' at the end stands for any end */
    size_t refused_count;
    const struct str *refused_headers; /* header fields that are an error: what they ask for is not done, and ignoring them
                                          in silence would be wrong */
    size_t refused_header_count;
    struct lens_style style;
    const struct kind_form *kinds;
    size_t kind_count;
    struct paging paging;
    const struct template *error_one, *error_many, *error_each;
    bool parameter_shown; /* an error about a parameter has a place for its name, besides the message */
    bool pointer_paths, bracket_paths;
    struct str pointer_base;
    struct error_shape errors[ERR_COUNT];
    const struct yaml *faults; /* fault kind, or kind_want -> text or list of texts */
    struct operation *operations;
    size_t operation_count;
    struct lookup *lookups;
    size_t lookup_count;
    struct lens **lenses;
    const char **lens_paths; /* the files they came from */
    size_t lens_count;
    struct lens **faulty; /* dialects_load: mappings with a fault, for their heads */
    size_t faulty_count;
    bool incomplete; /* something of it has a fault, and is not here */
};

/* Loads every folder of `dir` that holds a dialect.yaml, sorted by name. All in `arena`. With `faults` (else NULL) they are to be
 * judged and not to serve: it goes on after the fault of a section at the top, a mapping file, an operation. What has one is
 * left out; what rests on that is not judged. */
MUST_CHECK int dialects_load(struct dialect ***dialects, size_t *count, struct arena *arena, const char *dir,
                             struct err_list *faults, struct err *err);

struct lookup *dialect_lookup(const struct dialect *dialect, struct str name); /* NULL: there is none */
enum id_form dialect_id_form(const struct dialect *dialect, struct str kind);  /* ID_SAME where it does not say */

/* The words for one fault: `<kind>_<want>` if there is such a row, else `<kind>`. Walk from the returned node: a
 * text, or a list of texts. Never NULL. */
const struct yaml *dialect_fault_words(const struct dialect *dialect, const char *kind, struct str want);
