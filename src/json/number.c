#include "json/number.h"

#include "json/scan.h"

enum { MOST_EXPONENT = 1000000 };

bool number_valid(struct str text)
{
    struct scan_fault fault;

    return text.len && scan_number(text.ptr, text.ptr + text.len, &fault) == text.ptr + text.len;
}

bool number_is_integer(struct str text)
{
    if (!number_valid(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '-' && !scan_is_digit(text.ptr[i]))
            return false;
    return true;
}

/* A number as 0.DIGITS times ten to the power of `exponent`; the digits start and end with no zero. */
struct decimal {
    const char *at, *end; /* the digits, maybe with the point among them; none for zero */
    bool negative;
    int64_t exponent;
};

/* The exponent after 'e', held within a little more than MOST_EXPONENT. */
static int64_t exponent_value(struct str text)
{
    int64_t value = 0;
    bool negative = text.len && text.ptr[0] == '-';

    for (size_t i = 0; i < text.len && value <= MOST_EXPONENT; i++)
        if (scan_is_digit(text.ptr[i]))
            value = value * 10 + (text.ptr[i] - '0');
    return negative ? -value : value;
}

/* False if the exponent is out of range. */
static bool decimal_of(struct decimal *d, struct str text)
{
    struct str mantissa = text, power = STR_NONE, whole, fraction;

    if (!str_cut(text, 'e', &mantissa, &power))
        (void)str_cut(text, 'E', &mantissa, &power);
    *d = (struct decimal){ .negative = text.len && text.ptr[0] == '-', .exponent = exponent_value(power) };
    if (d->exponent > MOST_EXPONENT || d->exponent < -MOST_EXPONENT)
        return false;
    mantissa = str_from_at(mantissa, d->negative);
    if (!str_cut(mantissa, '.', &whole, &fraction))
        whole = mantissa;
    d->exponent += (int64_t)whole.len;
    d->at = mantissa.ptr;
    d->end = mantissa.ptr + mantissa.len;
    for (; d->at < d->end && (*d->at == '0' || *d->at == '.'); d->at++)
        d->exponent -= *d->at == '0';
    /* A point at the end goes too; zeros of a whole number are digits that the exponent already counts. */
    while (d->end > d->at && (d->end[-1] == '0' || d->end[-1] == '.'))
        d->end--;
    return true;
}

static int next_digit(struct decimal *d)
{
    if (d->at < d->end && *d->at == '.')
        d->at++;
    return d->at < d->end ? *d->at++ : -1;
}

bool number_equal(struct str a, struct str b)
{
    struct decimal left, right;
    int digit;

    if (str_eq(a, b))
        return true;
    if (!decimal_of(&left, a) || !decimal_of(&right, b))
        return false;
    bool zero = left.at == left.end;
    if (zero || right.at == right.end)
        return zero && right.at == right.end; /* -0 is 0 */
    if (left.negative != right.negative || left.exponent != right.exponent)
        return false;
    do {
        digit = next_digit(&left);
        if (digit != next_digit(&right))
            return false;
    } while (digit >= 0);
    return true;
}
