/* How dialect ids of a kind look: what a dialect says and the crosswalk makes. */
#pragma once

enum id_form {
    ID_SAME,    /* the canonical id itself: no table */
    ID_INTEGER, /* 1, 2, … per brand and kind, from the largest known + 1 */
    ID_HEX24,   /* 12 random bytes in hex */
    ID_VERBATIM /* text chosen by an import; otherwise the canonical id, which is then known without a row */
};
