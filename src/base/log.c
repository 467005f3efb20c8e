#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static struct {
    int fd;
    enum log_level most;
} out = { .fd = STDERR_FILENO, .most = LOG_INFO };

void log_to(int fd, enum log_level most)
{
    out.fd = fd;
    out.most = most;
}

void log_json(int fd, struct str line)
{
    struct iovec parts[] = { { .iov_base = (void *)(uintptr_t)line.ptr, .iov_len = line.len },
                             { .iov_base = (void *)(uintptr_t) "\n", .iov_len = 1 } };

    if (writev(fd, parts, COUNT(parts)) < 0)
        return; /* a full disk must not stop the service */
}

/* Escaped for a JSON string; anything but printable ASCII becomes \u00XX or '?'. */
static size_t escape(char *to, size_t space, const char *from)
{
    size_t len = 0;

    for (; *from && len + 7 < space; from++) {
        unsigned char c = (unsigned char)*from;
        if (c == '"' || c == '\\') {
            to[len++] = '\\';
            to[len++] = (char)c;
        } else if (c < 0x20 || c == 0x7F) {
            len += (size_t)snprintf(to + len, space - len, "\\u%04x", c);
        } else {
            to[len++] = c < 0x80 ? (char)c : '?';
        }
    }
    return len;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = { "error", "warn", "info", "debug" };
    char text[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES], when[DATETIME_LEN];
    va_list ap;

    if (level > out.most)
        return;
    va_start(ap, fmt);
    int wrote = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (wrote < 0)
        return;
    datetime_format(clock_wall_ms(), when);
    size_t len = (size_t)snprintf(line, sizeof line, "{\"time\":\"%.*s\",\"level\":\"%s\",\"message\":\"", DATETIME_LEN,
                                  when, names[level]);
    len += escape(line + len, sizeof line - len - 3, text);
    memcpy(line + len, "\"}", 2);
    log_json(out.fd, str_of(line, len + 2));
}

/* Nothing is tidied up: that could need memory, and the databases hold what was told. */
void log_no_memory(void)
{
    log_line(LOG_ERROR, "the system gives this process no more memory: it ends");
    _exit(EXIT_FAILURE);
}
