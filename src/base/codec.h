/* Bytes as text: hex, percent-encoding, base64url and pairs, and random bytes. Any thread. */
#pragma once

#include "base/buf.h"

void buf_hex(struct buf *buf, const void *bytes, size_t len);

int hex_value(char c); /* of a digit in either case, or -1 */

/* RFC 3986 section 2.1; `plus_is_space` for forms. The text lives in `arena`. False for an invalid escape, a NUL in any
 * spelling (later code may take it for the end of the text), invalid UTF-8, or no room. */
bool percent_decode(struct arena *arena, struct str text, bool plus_is_space, struct str *plain);

/* RFC 3986 section 2.3: unreserved characters only, so that it stands for itself in every part of a URI. */
bool percent_is_plain(struct str text);

/* RFC 4648 section 5 without padding. */
void buf_base64url(struct buf *buf, const void *bytes, size_t len);

/* Strict: no padding, no other alphabet, no white space, spare bits zero (RFC 7515 appendix C).
 * The bytes live in `arena`; false when `text` is anything else, or
 * does not fit there. */
bool base64url_decode(struct arena *arena, struct str text, struct str *bytes);

bool base64url_is(struct str text); /* every byte is in the alphabet; nothing else is checked */

/* Two texts as one, "first|second", in which a backslash stands before a bar or a backslash that is meant. Reading
 * takes any text: without a bar the second is empty, and a backslash at the end is itself. Results live in `arena`;
 * STR_NONE where it is full. */
struct str pair_join(struct arena *arena, struct str first, struct str second);
void pair_split(struct arena *arena, struct str text, struct str *first, struct str *second);
void buf_pair_part(struct buf *buf, struct str text); /* one of the two, with its backslashes */

/* A list of any texts as one, parted by commas; a backslash stands before a comma or a backslash that is meant. Cut and
 * next take the first item out of `*list`: false at its end. A piece is part of the list, its backslashes with it; an item
 * is what was meant, and lives in `arena`. */
struct str list_item(struct arena *arena, struct str text);
bool list_cut(struct str *list, struct str *piece);
bool list_next(struct arena *arena, struct str *list, struct str *item);

/* From the kernel's generator; aborts the process if there is none. */
void random_bytes(void *to, size_t len);

/* RFC 9562 section 4: 36 bytes, written in lower case, read in either. */
enum { UUID_LEN = 36 };
bool uuid_valid(struct str text);
void random_uuid(char out[static UUID_LEN]); /* version 4 */

/* Version 7: sorts after every one that this thread was given before, as bytes and as text, also when the clock
 * stands or goes back (section 6.2, method 1). 62 bits of each are random. */
void ordered_uuid(char out[static UUID_LEN]);
