/* For tests and fuzzers that look for words in an answer. */
#pragma once

#include "base/str.h"

static inline bool has(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}
