/* An update whose body is the whole document (`whole:` of body in dialect.yaml; RFC 9110 section 9.3.4): what the client was
 * shown and does not send is to be cleared. What its dialect cannot see it does not clear. */
#include "flow/stages.h"

#include "json/write.h"

int exchange_complete(struct exchange *x, const struct tape *shown)
{
    struct buf text = buf_in(x->arena, SIZE_MAX);
    struct tape_fault fault;

    json_patch_between(&text, shown, 0, &x->body, x->items[0].at);
    if (!buf_ok(&text) || !tape_read(&x->body, x->arena, buf_str(&text), &tape_known_limits, &fault))
        return err_set(&x->err, ERR_TOO_LARGE, "the completed document does not read back");
    x->items[0].at = 0;
    return 0;
}
