/* The program's own log: JSON lines on a descriptor of its own (libh2o writes to stderr as it likes). One
 * write(2) a line, so lines of several threads do not mix. Never pass tokens, names, birth dates or bodies. */
#pragma once

#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Once, before threads start. The descriptor is borrowed; the default is standard error at LOG_INFO. */
void log_to(int fd, enum log_level most);

/* {"time":…,"level":…,"message":…}; control characters are escaped, lines over 4 KiB are cut. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* Ends the process, with a line that says why and status 1: the system gives it no more memory. */
void log_no_memory(void) __attribute__((noreturn));

/* One finished JSON object, written as it is with a line feed (access log, audit). */
void log_json(int fd, struct str line);
