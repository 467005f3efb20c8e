/* `dragoman translate`: documents of one dialect, one per line on standard input, as documents of another on
 * standard output. The memory of a line is used again for the next; what is told goes to standard error. */
#include "cli/translate.h"

#include "base/clock.h"
#include "cli/lines.h"
#include "cli/pair.h"
#include "cli/printable.h"
#include "json/write.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_ARENA = 512 * 1024, OUT_PIECE = 1 << 20, SHOWN_REJECTS = 10, PROGRESS_MS = 250 };

struct translate {
    const struct invocation *invocation;
    struct gateway *gateway;
    struct arena *arena, *out_arena;
    struct translate_route route;
    struct id_tables ids;
    struct losses losses;
    struct lines lines;
    struct buf out;
    FILE *rejects;
    uint64_t rejected, lossy, written;
    bool tty;
    uint64_t size, started_ms, shown_ms;
};

static const struct lens *find_source(const struct dialect *from, const char *resource)
{
    for (size_t i = 0; i < from->lens_count; i++)
        if (str_is(lens_resource(from->lenses[i]), resource))
            return from->lenses[i];
    return NULL;
}

/* 0, or CLI_USAGE with words printed. */
static int find_route(struct translate *translate)
{
    const struct invocation *invocation = translate->invocation;
    struct translate_route *route = &translate->route;
    const char *from = option_text(invocation, "--from", NULL), *to = option_text(invocation, "--to", NULL);
    const char *resource = option_text(invocation, "--resource", NULL),
               *as = option_text(invocation, "--as", NULL);

    if (!from || !to || !resource || invocation->word_count)
        return cli_usage("translate: expected --from D --to D --resource R");
    route->from = gateway_dialect(translate->gateway, str_from(from));
    route->to = gateway_dialect(translate->gateway, str_from(to));
    if (!route->from || !route->to)
        return cli_no_dialect(translate->gateway, route->from ? to : from);
    route->put = find_source(route->from, resource);
    if (!route->put)
        return cli_usage("%s has no resource %s", from, resource);
    route->get = pair_target(route->to, route->put, as);
    if (!route->get)
        return cli_usage("%s has no resource, or more than one, for the entity of %s; --as names one", to,
                         resource);
    route->brand = str_from(option_text(invocation, "--brand", "acme"));
    return 0;
}

static int flush(struct translate *translate, struct err *err)
{
    const char *at = translate->out.ptr, *end = at + translate->out.len;

    while (at < end) {
        ssize_t done = write(STDOUT_FILENO, at, (size_t)(end - at));
        if (done < 0 && errno != EINTR)
            return err_set(err, ERR_CONFIG, "the output cannot be written: %s", strerror(errno));
        at += done > 0 ? done : 0;
    }
    translate->written += translate->out.len;
    translate->out.len = 0;
    return 0;
}

/* One JSON object per refused line, so that the file reads as one document per line too. */
static int reject(struct translate *translate, struct str reason, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct buf json = buf_in(arena, SIZE_MAX);
    uint64_t number = translate->lines.number;
    struct str told = printable(arena, reason, PRINTED_REASON);
    bool first = true;

    translate->rejected++;
    if (!translate->rejects && translate->rejected <= SHOWN_REJECTS)
        (void)fprintf(stderr, "%sdragoman: line %llu: " STR_FMT "\n", translate->tty ? "\r\033[K" : "",
                      (unsigned long long)number, STR_ARG(told));
    if (!translate->rejects)
        return 0;
    buf_char(&json, '{');
    json_member_uint(&json, &first, STR("line"), number);
    json_member_string(&json, &first, STR("reason"), reason);
    buf_add(&json, STR("}\n"));
    if (fwrite(json.ptr, 1, json.len, translate->rejects) == json.len)
        return 0;
    return err_set(err, ERR_CONFIG, "the file of rejects cannot be written: %s", strerror(errno));
}

static double rate(const struct translate *translate, uint64_t now_ms)
{
    uint64_t ms = now_ms > translate->started_ms ? now_ms - translate->started_ms : 1;

    return (double)translate->lines.bytes / 1000.0 / (double)ms; /* bytes per ms / 1000 = MB/s */
}

static void show_progress(struct translate *translate)
{
    uint64_t now = clock_monotonic_ms(), bytes = translate->lines.bytes;
    double speed;

    if (now - translate->shown_ms < PROGRESS_MS)
        return;
    translate->shown_ms = now;
    speed = rate(translate, now);
    (void)fprintf(stderr, "\r\033[K%llu documents, %.1f MB, %.1f MB/s",
                  (unsigned long long)translate->lines.number, (double)bytes / 1e6, speed);
    if (translate->size > bytes && speed > 0)
        (void)fprintf(stderr, ", %.0f s left", (double)(translate->size - bytes) / 1e6 / speed);
    if (translate->rejected)
        (void)fprintf(stderr, ", %llu rejected", (unsigned long long)translate->rejected);
    (void)fflush(stderr);
}

static int one_line(struct translate *translate, struct translator *translator, struct str line,
                    bool too_long, struct err *err)
{
    bool fine = !too_long && translate_line(translator, line, translate->lines.number);
    int failed = 0;

    if (!fine)
        failed = reject(translate, too_long ? STR("the line is too long (limits.body_kb)") : translator->reason, err);
    translate->lossy += fine && translator->lossy;
    arena_reset(translator->arena);
    if (!failed && translate->out.len >= OUT_PIECE)
        failed = flush(translate, err);
    return failed;
}

static int each_line(struct translate *translate, struct translator *translator, struct err *err)
{
    struct str line;
    bool too_long;
    int got;

    while ((got = lines_next(&translate->lines, &line, &too_long, err)) == 1) {
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        bool empty = !line.len && !too_long;
        if (!empty && one_line(translate, translator, line, too_long, err))
            return -1;
        if (translate->tty && translate->lines.number % 1024 == 0)
            show_progress(translate);
    }
    return got ? -1 : flush(translate, err);
}

static void print_summary(const struct translate *translate)
{
    uint64_t documents = translate->lines.number;

    if (translate->tty)
        (void)fputs("\r\033[K", stderr);
    losses_print(&translate->losses, stderr);
    (void)fprintf(stderr, "dragoman: %llu lines, %.1f MB, %.1f MB/s; %llu rejected, %llu lost something\n",
                  (unsigned long long)documents, (double)translate->lines.bytes / 1e6,
                  rate(translate, clock_monotonic_ms()), (unsigned long long)translate->rejected,
                  (unsigned long long)translate->lossy);
    if (!translate->rejects && translate->rejected > SHOWN_REJECTS)
        (void)fprintf(stderr, "dragoman: the first %d of those rejected are told; --rejects FILE takes all\n",
                      SHOWN_REJECTS);
}

static int run(struct translate *translate, struct err *err)
{
    struct gateway *gateway = translate->gateway;
    int64_t now = clock_wall_ms();
    struct arena *line_arena = arena_new_sized(SIZE_MAX, LINE_ARENA);
    struct translator translator = {
        .route = &translate->route,
        .ids = &translate->ids,
        .limits = &gateway->limits,
        .shown = { .mode = LENS_SHOWN, .brand = translate->route.brand, .wall_ms = now },
        .now = { .brand = translate->route.brand, .wall_ms = now, .unread_arena = line_arena },
        .arena = line_arena,
        .out = &translate->out,
        .losses = &translate->losses,
        .strict = option_find(translate->invocation, "--strict") != NULL,
    };

    lines_init(&translate->lines, translate->arena, STDIN_FILENO, gateway->limits.bytes);
    translate->started_ms = translate->shown_ms = clock_monotonic_ms();
    int failed = each_line(translate, &translator, err);
    arena_free(&line_arena);
    if (!failed)
        print_summary(translate);
    return failed ? -1 : translate->rejected ? 1 : 0;
}

static int open_rejects(struct translate *translate, struct err *err)
{
    const char *path = option_text(translate->invocation, "--rejects", NULL);

    if (!path)
        return 0;
    translate->rejects = fopen(path, "we");
    return translate->rejects ? 0
                              : err_set(err, ERR_CONFIG, "%s cannot be written: %s", path, strerror(errno));
}

static int close_rejects(struct translate *translate, struct err *err)
{
    FILE *file = translate->rejects;

    translate->rejects = NULL;
    return file && fclose(file)
               ? err_set(err, ERR_CONFIG, "the file of rejects cannot be written: %s", strerror(errno))
               : 0;
}

int command_translate(const struct invocation *invocation, struct err *err)
{
    struct translate *translate = ARENA_NEW(invocation->conf->arena, struct translate);
    struct arena *arena = translate->arena = invocation->conf->arena;
    struct stat input;

    translate->invocation = invocation;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves is a fault of the output, reported as one */
    if (gateway_new(&translate->gateway, invocation->conf, NULL, NULL, err))
        return -1;
    translate->losses.arena = arena;
    translate->out_arena = arena_new_sized(SIZE_MAX, 4 * OUT_PIECE);
    translate->out = buf_in(translate->out_arena, SIZE_MAX);
    (void)buf_reserve(&translate->out, 2 * OUT_PIECE);
    translate->tty = isatty(STDERR_FILENO) == 1;
    if (!fstat(STDIN_FILENO, &input) && S_ISREG(input.st_mode))
        translate->size = (uint64_t)input.st_size;
    int result = find_route(translate);
    if (!result)
        result = ids_load(&translate->ids, &translate->route, invocation->conf, arena, err) ||
                         open_rejects(translate, err)
                     ? -1
                     : run(translate, err);
    if (close_rejects(translate, err))
        result = -1;
    arena_free(&translate->out_arena);
    gateway_free(&translate->gateway);
    return result;
}
