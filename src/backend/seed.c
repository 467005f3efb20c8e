#include "backend/backend.h"
#include "backend/open.h"
#include "backend/resources.h"
#include "backend/task.h"

#include "base/clock.h"

/* The rows are made twice from the same numbers: once to tell the caller, once to store them. */
struct seeder {
    struct arena *arena; /* forgotten after each patient */
    struct db *db;
    struct service *service;
    struct principal who; /* of the brand being filled */
    struct task task;
    uint64_t random, ids;
    int (*put)(struct seeder *seeder, const struct entity *entity, const struct value *values,
               const char *role, struct err *err);
    seed_row_fn *each;
    void *each_data;
    char group_id[36]; /* of the brand; every second patient joins */
};

/* splitmix64: the same numbers on every machine. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* C leaves the order of arguments and of initialisers open: draw before using. */
static void draw(struct seeder *seeder, unsigned *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        seeder->random += 0x9E3779B97F4A7C15u;
        numbers[i] = (unsigned)(mix(seeder->random) >> 33);
    }
}

/* The next id: a hash of a counter in the form of a version 4 UUID. */
static struct str next_id(struct seeder *seeder)
{
    uint64_t high = mix(++seeder->ids * 0x9E3779B97F4A7C15u), low = mix(high ^ seeder->ids);

    high = (high & ~0xF000u) | 0x4000u;
    low = (low & ~(3ull << 62)) | 2ull << 62;
    return arena_printf(seeder->arena, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
                        (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFFF), (unsigned)(low >> 48),
                        (unsigned long long)(low & 0xFFFFFFFFFFFFu));
}

static struct str at_ms(struct seeder *seeder, int64_t ms)
{
    char *out = arena_alloc(seeder->arena, DATETIME_LEN);

    datetime_format(ms, out);
    return str_of(out, DATETIME_LEN);
}

/* The columns that the caller names; what is left out is the preset or null. */
struct named {
    const char *name;
    struct str text;
};

static void fill(const struct entity *entity, const struct named *named, size_t count, struct value *values)
{
    for (size_t i = 0; i < entity->column_count; i++) {
        const struct column *column = &entity->columns[i];
        struct str text = column->type == COLUMN_VERSION ? STR("1") : column->preset;

        for (size_t n = 0; n < count; n++)
            if (str_is(column->name, named[n].name))
                text = named[n].text;
        values[i] = (struct value){ .text = text, .null = !text.ptr };
    }
}

static int tell(struct seeder *seeder, const struct entity *entity, const struct value *values,
                const char *role, struct err *err)
{
    struct seed_row row = {
        .entity = str_from(entity->one),
        .brand = seeder->who.brand,
        .canonical_id = values[entity_find(entity, COLUMN_ID)].text,
        .role = role,
    };

    return seeder->each(&row, seeder->each_data) ? err_set(err, ERR_INTERNAL, "seed: a row was not accepted")
                                                 : 0;
}

static int store(struct seeder *seeder, const struct entity *entity, const struct value *values,
                 const char *role, struct err *err)
{
    (void)role;
    if (row_insert(seeder->service, seeder->db, entity, values, err))
        return -1;
    size_t ids = entity_find(entity, COLUMN_MAP);
    if (ids == COLUMN_NONE)
        return 0;
    seeder->task = (struct task){ .arena = seeder->arena, .who = &seeder->who };
    return patient_identify(&seeder->task, seeder->db, values[0].text, values[ids].text, err);
}

static int put(struct seeder *seeder, const struct entity *entity, const struct named *named, size_t count,
               const char *role, struct err *err)
{
    struct value values[COLUMNS_MAX];
    size_t search = entity_find(entity, COLUMN_SEARCH);

    fill(entity, named, count, values);
    if (search != COLUMN_NONE)
        values[search] = (struct value){ .text = patient_search(seeder->arena, values) };
    return seeder->put(seeder, entity, values, role, err);
}

static int put_brand(struct seeder *seeder, struct str id, struct str name, const char *role, struct err *err)
{
    struct str at = STR("2023-10-01T09:00:00.000Z");
    struct str group = next_id(seeder);

    memcpy(seeder->group_id, group.ptr, sizeof seeder->group_id);
    seeder->who = (struct principal){ .brand = id };
    struct named brand[] = { { "id", id }, { "name", name }, { "created_at", at }, { "updated_at", at } };
    struct named named[] = { { "id", group },
                             { "brand_id", id },
                             { "name", STR("Patients Lead") },
                             { "created_at", at },
                             { "updated_at", at } };
    if (put(seeder, &brand_entity, brand, COUNT(brand), role, err))
        return -1;
    const char *group_role = str_is(id, "acme") ? "example-group" : NULL;
    return put(seeder, &group_entity, named, COUNT(named), group_role, err);
}

static int join(struct seeder *seeder, struct str patient, struct err *err)
{
    struct str id = str_of(seeder->group_id, sizeof seeder->group_id);

    if (seeder->put != store)
        return 0;
    seeder->task = (struct task){ .arena = seeder->arena, .who = &seeder->who };
    return membership_add(&seeder->task, seeder->db, patient, json_list(seeder->arena, &id, 1), err);
}

struct reading {
    const char *key, *unit;
    unsigned from, to; /* whole part */
    bool decimal;
};

static const struct reading readings[] = {
    { "mood", NULL, 1, 10, false },
    { "anxiety", NULL, 1, 10, false },
    { "energy", NULL, 1, 10, false },
    { "weight", "kg", 48, 110, true },
    { "ldl_cholesterol", "mg/dL", 70, 190, false },
};

static int put_metric(struct seeder *seeder, struct str patient, const struct reading *reading,
                      struct str value, struct str at, const char *role, struct err *err)
{
    struct named named[] = {
        { "id", next_id(seeder) }, /* the only one drawn here */
        { "patient_id", patient },
        { "brand_id", seeder->who.brand },
        { "metric_key", str_from(reading->key) },
        { "value_numeric", value },
        { "source", role ? STR("manual") : STR("api") },
        { "recorded_at", at },
        { "created_at", at },
        { "unit", str_from(reading->unit) },
    };

    return put(seeder, &metric_entity, named, COUNT(named), role, err);
}

/* One reading of each kind, a day apart. */
static int put_metrics(struct seeder *seeder, struct str patient, int64_t from_ms, size_t first,
                       struct err *err)
{
    for (size_t i = first; i < COUNT(readings); i++) {
        const struct reading *reading = &readings[i];
        unsigned drawn[2];
        draw(seeder, drawn, COUNT(drawn));
        unsigned whole = reading->from + drawn[0] % (reading->to - reading->from + 1);
        struct str value = reading->decimal ? arena_printf(seeder->arena, "%u.%u0", whole, drawn[1] % 10)
                                            : arena_printf(seeder->arena, "%u", whole);
        struct str at = at_ms(seeder, from_ms + (int64_t)i * 86400000);

        if (put_metric(seeder, patient, reading, value, at, NULL, err))
            return -1;
    }
    return 0;
}

/* The patient and the reading of the documented examples. */
static int put_example(struct seeder *seeder, struct err *err)
{
    struct str id = next_id(seeder), read_at = STR("2023-10-27T14:30:00.000Z");
    struct named named[] = {
        { "id", id },
        { "brand_id", seeder->who.brand },
        { "first_name", STR("John") },
        { "last_name", STR("Doe") },
        { "date_of_birth", STR("2010-05-15") },
        { "gender", STR("male") },
        { "phone", STR("+1-555-123-4567") },
        { "external_ids", STR("{\"medical-record-number\":\"121212\"}") },
        { "metadata", STR("{\"address\":{\"line\":\"123 Main St\",\"city\":\"Anytown\",\"state\":\"CA\","
                          "\"postal_code\":\"12345\"}}") },
        { "created_at", STR("2023-10-20T10:00:00.000Z") },
        { "updated_at", STR("2023-10-20T15:30:00.000Z") },
    };
    int64_t ms = 0;

    if (put(seeder, &patient_entity, named, COUNT(named), "example-patient", err) || join(seeder, id, err) ||
        put_metric(seeder, id, &readings[0], STR("7"), read_at, "example-gauge", err))
        return -1;
    (void)datetime_parse(read_at, &ms);
    return put_metrics(seeder, id, ms, 1, err);
}

static const char *const first_names[] = { "Ada",   "Ben",  "Clara", "David", "Elena", "Felix",
                                           "Grace", "Hugo", "Irene", "Jonas", "Karin", "Liam",
                                           "Maya",  "Noah", "Olga",  "Paul" };
static const char *const last_names[] = { "Adler",  "Baker",  "Costa",  "Dubois", "Evans", "Fischer",
                                          "Garcia", "Hansen", "Ito",    "Jones",  "Kumar", "Lopez",
                                          "Moreau", "Novak",  "Okafor", "Park" };
static const char *const cities[] = { "Springfield", "Riverton", "Lakeside", "Fairview" };
static const char *const genders[] = { "female", "male", "other" };

/* Telephone numbers 555-0100 to 555-0199 and example.com belong to nobody. */
static int put_patient(struct seeder *seeder, unsigned number, struct err *err)
{
    struct arena *arena = seeder->arena;
    unsigned n[10];
    draw(seeder, n, COUNT(n));
    const char *first = first_names[n[0] % COUNT(first_names)];
    const char *last = last_names[n[1] % COUNT(last_names)];
    int64_t made_ms = 1697880000000 + (int64_t)number * 420000; /* from 2023-10-21T09:20:00Z on */
    struct str id = next_id(seeder), made = at_ms(seeder, made_ms);
    struct named named[] = {
        { "id", id },
        { "brand_id", seeder->who.brand },
        { "first_name", str_from(first) },
        { "last_name", str_from(last) },
        { "date_of_birth",
          arena_printf(arena, "%u-%02u-%02u", 1940 + n[2] % 70, 1 + n[3] % 12, 1 + n[4] % 28) },
        { "gender", str_from(genders[n[5] % COUNT(genders)]) },
        { "email", text_fold(arena, arena_printf(arena, "%s.%s.%u@example.com", first, last, number)) },
        { "phone", arena_printf(arena, "+1-555-01%02u", n[6] % 100) },
        { "external_ids", arena_printf(arena, "{\"medical-record-number\":\"%u\"}", 200000 + number) },
        { "metadata", arena_printf(arena,
                                   "{\"address\":{\"line\":\"%u Oak Ave\",\"city\":\"%s\",\"state\":\"CA\","
                                   "\"postal_code\":\"9%04u\"}}",
                                   1 + n[7] % 999, cities[n[8] % COUNT(cities)], n[9] % 10000) },
        { "created_at", made },
        { "updated_at", made },
    };

    if (put(seeder, &patient_entity, named, COUNT(named), NULL, err))
        return -1;
    if (number % 2 == 0 && join(seeder, id, err))
        return -1;
    return put_metrics(seeder, id, made_ms + 3600000, 0, err);
}

static int put_patients(struct seeder *seeder, unsigned from, unsigned count, struct err *err)
{
    for (unsigned i = 0; i < count; i++) {
        arena_reset(seeder->arena);
        if (put_patient(seeder, from + i, err))
            return -1;
    }
    arena_reset(seeder->arena);
    return 0;
}

enum { OTHER_PATIENTS = 5 };

static int put_all(struct seeder *seeder, unsigned patients, struct err *err)
{
    seeder->random = seeder->ids = 0;
    return put_brand(seeder, STR("acme"), STR("Acme Health"), "example-brand", err) ||
                   put_example(seeder, err) || put_patients(seeder, 1, patients ? patients - 1 : 0, err) ||
                   put_brand(seeder, STR("globex"), STR("Globex Clinic"), "other-brand", err) ||
                   put_patients(seeder, 1, OTHER_PATIENTS, err)
               ? -1
               : 0;
}

struct seed_job {
    struct db_job job;
    struct seeder *seeder;
    unsigned patients;
    bool filled;
};

static int run_look(struct db_job *job, struct db *db, struct err *err)
{
    int found =
        db_step(db_prepare(db, "SELECT 1 FROM patients UNION ALL SELECT 1 FROM care_groups LIMIT 1"), err);

    ((struct seed_job *)job)->filled = found == 1;
    return found < 0 ? -1 : 0;
}

/* A token may have made the row of a brand already; nothing refers to it. */
static int run_store(struct db_job *job, struct db *db, struct err *err)
{
    struct seed_job *work = (struct seed_job *)job;

    work->seeder->db = db;
    work->seeder->put = store;
    if (db_exec(db, "DELETE FROM brands", err))
        return -1;
    return put_all(work->seeder, work->patients, err);
}

static int seed(struct seeder *seeder, struct db *db, unsigned patients, bool *made, struct err *err)
{
    struct seed_job job = { .job = { .run = run_look }, .seeder = seeder, .patients = patients };

    if (db_run(db, &job.job, err))
        return -1;
    *made = !job.filled;
    if (job.filled)
        return 0;
    seeder->put = tell;
    if (seeder->each && put_all(seeder, patients, err))
        return -1;
    if (seeder->each && seeder->each(NULL, seeder->each_data))
        return err_set(err, ERR_INTERNAL, "seed: the rows were not accepted");
    job.job.run = run_store;
    return db_run(db, &job.job, err);
}

int backend_seed(const struct conf *conf, unsigned patients, seed_row_fn *each, void *data, bool *made,
                 struct err *err)
{
    struct service *service;
    struct db *db;

    if (backend_open(conf, &service, &db, err))
        return -1;
    struct seeder seeder = {
        .arena = arena_new(SIZE_MAX), .service = service, .each = each, .each_data = data
    };
    int failed = seed(&seeder, db, patients, made, err);
    arena_free(&seeder.arena);
    db_close(&db);
    service_free(&service);
    return failed ? err_wrap(err, "seed") : 0;
}
