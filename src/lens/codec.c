#include "lens/codec.h"

/* By enum type. What a type's values are in both documents is written down in docs/mapping.md. */
const struct codec codecs[TYPE_COUNT] = {
    [TYPE_STRING] = { "string", CLASS_EXACT, .put = put_string, .get = get_raw },
    [TYPE_INTEGER] = { "integer", CLASS_EXACT, .put = put_integer, .get = get_raw },
    [TYPE_NUMBER] = { "number", CLASS_EXACT, .put = put_number, .get = get_raw },
    [TYPE_DECIMAL] = { "decimal", CLASS_EXACT, .put = put_decimal, .get = get_raw },
    [TYPE_BOOLEAN] = { "boolean", CLASS_EXACT, .put = put_boolean, .get = get_raw },
    [TYPE_DATE] = { "date", CLASS_EXACT, .put = put_date, .get = get_raw },
    [TYPE_DATETIME] = { "datetime", CLASS_NORMALISING, .put = put_datetime, .get = get_datetime },
    [TYPE_EMAIL] = { "email", CLASS_EXACT, .put = put_email, .get = get_raw },
    [TYPE_UUID] = { "uuid", CLASS_EXACT, .put = put_uuid, .get = get_raw },
    [TYPE_OBJECT] = { "object", CLASS_EXACT, .put = put_object_text, .get = get_raw, .empty = "{}" },
    [TYPE_ARRAY] = { "array", CLASS_EXACT, .put = put_array, .get = get_raw, .empty = "[]" },
    [TYPE_MAP] = { "map", CLASS_EXACT, .put = put_map, .get = get_raw, .empty = "{}" },
    [TYPE_ANY] = { "any", CLASS_EXACT, .put = put_any, .get = get_raw },
    [TYPE_ID] = { "id", CLASS_EXACT, .take = take_id, .get = get_id },
    [TYPE_LINK] = { "link", CLASS_DERIVED },
    [TYPE_QUANTITY] = { "quantity", CLASS_NORMALISING, .take = take_quantity },
    [TYPE_LINES] = { "lines", CLASS_NORMALISING, .put = put_lines, .get = get_lines, .empty = "[]" },
    [TYPE_PICK] = { "pick", CLASS_NORMALISING, .take = take_pick, .empty = "[]" },
    [TYPE_ENTRIES] = { "entries", CLASS_NORMALISING, .take = take_entries, .get = get_entries,
                       .empty = "[]" },
    [TYPE_LIST] = { "list", CLASS_NORMALISING, .take = take_list, .get = get_list, .empty = "[]" },
};
