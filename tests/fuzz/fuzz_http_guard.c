/* No bytes make the guard read past them, and what it lets pass is what it promises. */
#include "http/guard.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void demand_clean(struct str head)
{
    struct str line, name, value;
    unsigned hosts = 0, lengths = 0, encodings = 0, authorizations = 0;

    for (size_t i = 0; i < head.len; i++) {
        demand(head.ptr[i] != '\0');
        demand(head.ptr[i] != '\n' || (i && head.ptr[i - 1] == '\r'));
        demand(head.ptr[i] != '\r' || (i + 1 < head.len && head.ptr[i + 1] == '\n'));
    }
    demand(str_eq(str_of(head.ptr + head.len - 4, 4), STR("\r\n\r\n")));
    if (str_starts(head, STR("\r\n")))
        head = str_from_at(head, 2);
    demand(str_next(&head, '\n', &line) && memchr(line.ptr, '/', line.len));
    while (str_next(&head, '\n', &line) && line.len > 1) {
        demand(str_cut(line, ':', &name, &value) && name.len && !memchr(name.ptr, ' ', name.len));
        hosts += str_eq_nocase(name, STR("host"));
        lengths += str_eq_nocase(name, STR("content-length"));
        encodings += str_eq_nocase(name, STR("transfer-encoding"));
        authorizations += str_eq_nocase(name, STR("authorization"));
    }
    demand(hosts == 1 && lengths + encodings <= 1 && authorizations <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_of((const char *)data, size);
    struct guard guard, again;
    enum guard_verdict verdict = guard_check(bytes, &guard);

    demand(guard.offset <= size);
    demand(guard_text(verdict));
    if (verdict)
        return 0;
    demand_clean(str_of(bytes.ptr, guard.offset));
    demand(guard_check(str_of(bytes.ptr, guard.offset), &again) == GUARD_OK && again.offset == guard.offset);
    return 0;
}
