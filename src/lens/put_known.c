/* A member that was not sent, and that another one tells by a table. */
#include "lens/put.h"

#include "json/write.h"

bool put_known(struct put *put, const struct field *field)
{
    const struct known *known = field->known;
    struct put_run *run = put->run;
    struct buf json = buf_in(run->arena, SIZE_MAX);

    if (!known || run->mode != MODE_CREATE || !slot_given(put->slots[known->in]))
        return false;
    if (known->where_in != NO_SLOT &&
        (!slot_given(put->slots[known->where_in]) ||
         !literal_is(&known->where_value, run->in, put->slots[known->where_in])))
        return false;
    struct str key = table_find_back(known->table, known->column, run->in, put->slots[known->in]);
    if (!key.ptr)
        return false;
    json_quote(&json, key);
    run->full |= json.full;
    put_cell(put, field->is[0], buf_str(&json));
    return true;
}
