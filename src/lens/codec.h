/* The types of the mapping language. Internal to the room. */
#pragma once

#include "lens/program.h"

struct put;
struct get;

enum { FINE = -1, TOLD = -2 }; /* else an enum fault_kind; TOLD: faults inside the value were noted */

/* Put, one value: checks the value at `at` (not null) and gives its canonical JSON text. */
typedef int put_fn(struct put *put, const struct field *field, uint32_t at, struct str *json);
/* Put, everything else: more than one member, arrays, ids. `at` may be a null or SLOT_CLEARED. */
typedef void take_fn(struct put *put, const struct field *field, uint32_t at);
/* Get: writes the dialect's value for the canonical one at `at` (not null); false: there is nothing to show.
 */
typedef bool get_fn(struct get *get, const struct field *field, uint32_t at);

struct codec {
    const char *name;
    enum field_class classed;
    put_fn *put;
    take_fn *take;
    get_fn *get;
    const char *empty; /* what `absent: empty` writes */
};

extern const struct codec codecs[TYPE_COUNT];

/* codec_text.c, codec_json.c */
put_fn put_string, put_decimal, put_email, put_uuid, put_date, put_datetime, put_integer, put_number,
    put_boolean, put_digits_text, put_object_text, put_array, put_map, put_any, put_lines;
get_fn get_raw, get_datetime, get_lines, get_digits;

/* The beginning of a day, month or year that a string names, as a canonical date-time in quotes; STR_NONE: it names none. */
struct str partial_time(const struct tape *tape, uint32_t at, struct arena *arena);
/* The string names a day, month or year that begins at this canonical moment. */
bool partial_begins(const struct tape *tape, uint32_t at, const struct tape *in, uint32_t moment, struct arena *arena);
/* The string at `at` is a date-time as get writes it: nothing is left to normalise. */
bool datetime_is_normal(const struct tape *tape, uint32_t at);

/* put_id.c, put_pick.c, put_entries.c, put_list.c, reading.c; get_field.c, get_array.c */
take_fn take_id, take_quantity, take_pick, take_entries, take_list, take_reading;
/* The canonical text at `at` is one that the reading can show. */
bool reading_says(const struct get *get, const struct field *field, uint32_t at);
get_fn get_id, get_entries, get_list, get_reading;
