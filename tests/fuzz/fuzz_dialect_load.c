/* A dialect.yaml that loads serves: whatever it says, requests find an operation or a refusal, parameters are
 * read, pages and envelopes are written, and none of it crashes. A fault names its place. */
#include "dialect/media.h"
#include "dialect/page.h"
#include "dialect/parameter.h"
#include "dialect/route.h"
#include "json/tape.h"

#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *dir;
static char file[sizeof scratch_dir + 16];

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *out = fopen(path, "w");

    if (!out || fwrite(data, 1, size, out) != size || fclose(out))
        abort();
}

static void make_folder(void)
{
    static const char lens[] = "dialect: d\nresource: r\nentity: e\nfields: { a: { type: string, is: a } }\n";

    if (file[0])
        return;
    dir = scratch_make();
    if (snprintf(file, sizeof file, "%s/d", dir) < 0 || mkdir(file, 0700) ||
        snprintf(file, sizeof file, "%s/d/r.yaml", dir) < 0)
        abort();
    write_file(file, lens, sizeof lens - 1);
    if (snprintf(file, sizeof file, "%s/d/dialect.yaml", dir) < 0)
        abort();
}

static bool no_header(const void *data, struct str name)
{
    (void)data;
    return name.len & 1;
}

static bool half(void *data, enum template_var var, struct str name, struct buf *out)
{
    (void)data;
    (void)name;
    if ((int)var & 1)
        return false;
    buf_char(out, '7');
    return true;
}

static void write_template(const struct template *template, struct arena *arena)
{
    struct buf out = buf_in(arena, 1 << 20);
    struct tape_fault fault;
    struct tape tape;

    if (!template)
        return;
    template_write(template, half, NULL, &out);
    if (!tape_read(&tape, arena, buf_str(&out), &tape_default_limits, &fault) && !fault.limit)
        abort();
}

static void read_parameters(const struct parameter *parameters, size_t count, struct arena *arena)
{
    static const char *const texts[] = { "", "1", "2024-02-29", "a,b",
                                         "2024-01-01T00:00:00Z..2024-01-02T00:00:00Z" };
    struct arguments arguments = { 0 };
    struct argument_fault fault;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < COUNT(texts); k++)
            if (parameter_read(&parameters[i], str_from(texts[k]), STR("acme"), arena, &arguments, &fault) &&
                !fault.forbidden && !fault.want.len)
                abort();
    parameters_join(parameters, count, arena, &arguments);
}

/* The operation's own path with its parameters filled finds an operation. */
static void meet(const struct dialect *dialect, const struct operation *operation, struct arena *arena)
{
    struct target target = { 0 };
    struct buf link = buf_in(arena, 1 << 20);
    struct route route;
    struct page page;
    struct str name;
    struct err err;

    if (operation->segment_count >= TARGET_SEGMENTS_MAX || dialect->prefix.len)
        return;
    target.segments = ARENA_ARRAY(arena, struct str, operation->segment_count);
    for (size_t i = 0; i < operation->segment_count; i++)
        target.segments[target.segment_count++] = operation->segments[i].text;
    if (route_operation(&route, arena, dialect, operation->methods[0], &target, &err))
        abort();
    if (route_operation(&route, arena, dialect, STR("NONE"), &target, &err) == 0)
        return;
    if (page_read(&page, &dialect->paging, operation->paging, &target, &name))
        abort();
    (void)page_link(&page, dialect, &target, 0, STR("self"), 100, &link);
}

static void use(struct dialect *const *dialects, size_t count, struct arena *arena)
{
    const struct dialect *dialect = dialects[0];
    struct target target;
    struct err err;
    struct route_request request = { .host = STR("d.localhost"), .has_header = no_header };

    if (target_parse(&target, arena, STR("/v1/x/1"), STR("a=b"), &err))
        abort();
    (void)route_facade(dialects, count, dialect, &request, &target);
    (void)media_choose(dialect, STR("application/json, */*;q=0.1"));
    for (size_t i = 0; i < dialect->operation_count; i++) {
        const struct operation *operation = &dialect->operations[i];
        read_parameters(operation->path, operation->path_count, arena);
        read_parameters(operation->query, operation->query_count, arena);
        write_template(operation->answer, arena);
        write_template(operation->answer_bare, arena);
        meet(dialect, operation, arena);
    }
    for (size_t i = 0; i < dialect->lookup_count; i++)
        read_parameters(dialect->lookups[i].members, dialect->lookups[i].member_count, arena);
    write_template(dialect->error_one, arena);
    write_template(dialect->error_many, arena);
    write_template(dialect->error_each, arena);
    (void)dialect_fault_words(dialect, "blank", STR("date"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    make_folder();
    write_file(file, data, size);
    if (dialects_load(&dialects, &count, arena, dir, NULL, &err) == 0)
        use(dialects, count, arena);
    else if (err.code != ERR_CONFIG || !err.detail[0])
        abort();
    arena_free(&arena);
    return 0;
}
