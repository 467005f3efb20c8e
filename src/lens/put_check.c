/* Lengths, ranges and enums. */
#include "lens/put.h"

#include "json/number.h"

/* A JSON number as a sign, its digits without zeros at the ends, and where the point stands among them. */
struct decimal {
    bool negative;
    struct str digits; /* may hold the point */
    int64_t magnitude; /* digits before the point, of a number that is not zero */
};

static struct decimal decimal_of(struct str text)
{
    struct decimal d = { .negative = text.ptr[0] == '-' };
    struct str mantissa = text, exponent = STR_NONE, whole, fraction;
    int64_t power = 0;

    if (!str_cut(text, 'e', &mantissa, &exponent))
        (void)str_cut(text, 'E', &mantissa, &exponent);
    if (exponent.len && exponent.ptr[0] == '+')
        exponent = str_from_at(exponent, 1);
    /* An exponent beyond 64 bits is beyond every bound that a mapping file names. */
    if (exponent.len && !str_to_int(exponent, &power))
        power = exponent.ptr[0] == '-' ? INT32_MIN : INT32_MAX;
    mantissa = str_from_at(mantissa, d.negative);
    if (!str_cut(mantissa, '.', &whole, &fraction))
        whole = mantissa;
    d.magnitude = (int64_t)whole.len;
    while (mantissa.len && (mantissa.ptr[0] == '0' || mantissa.ptr[0] == '.')) {
        d.magnitude -= mantissa.ptr[0] == '0';
        mantissa = str_from_at(mantissa, 1);
    }
    d.digits = mantissa;
    d.magnitude = power > INT32_MAX ? INT32_MAX : power < INT32_MIN ? INT32_MIN : d.magnitude + power;
    return d;
}

static char next_digit(struct str *digits)
{
    if (digits->len && digits->ptr[0] == '.')
        *digits = str_from_at(*digits, 1);
    if (!digits->len)
        return '0';
    char digit = digits->ptr[0];
    *digits = str_from_at(*digits, 1);
    return digit;
}

static int compare_sizes(struct decimal a, struct decimal b)
{
    if (a.magnitude != b.magnitude)
        return a.magnitude < b.magnitude ? -1 : 1;
    while (a.digits.len || b.digits.len) {
        char left = next_digit(&a.digits), right = next_digit(&b.digits);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

static int sign_of(struct decimal d)
{
    if (!d.digits.len)
        return 0;
    return d.negative ? -1 : 1;
}

int put_compare(struct str a, struct str b)
{
    struct decimal left = decimal_of(a), right = decimal_of(b);
    int sign = sign_of(left);

    if (sign != sign_of(right))
        return sign < sign_of(right) ? -1 : 1;
    return sign * compare_sizes(left, right);
}

static int check_range(const struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    struct str number =
        tape_type(in, at) == JSON_STRING ? tape_string(in, at, put->run->arena) : tape_raw(in, at);

    if (!number_valid(number))
        return FAULT_TYPE;
    bool low = field->min.json.ptr && put_compare(number, field->min.text) < 0;
    bool high = field->max.json.ptr && put_compare(number, field->max.text) > 0;
    return low || high ? FAULT_RANGE : FINE;
}

size_t text_points(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static bool fits_form(struct str form, struct str text)
{
    bool fits = form.len == text.len;

    for (size_t i = 0; fits && i < form.len; i++)
        fits = form.ptr[i] == '#' ? text.ptr[i] >= '0' && text.ptr[i] <= '9' : form.ptr[i] == text.ptr[i];
    return fits;
}

bool text_has_form(const struct str *forms, size_t count, struct str text)
{
    for (size_t i = 0; text.len && i < count; i++)
        if (fits_form(forms[i], text))
            return true;
    return false;
}

static bool has_form(const struct field *field, const struct tape *in, uint32_t at, struct arena *arena)
{
    struct str text = tape_type(in, at) == JSON_STRING ? tape_string(in, at, arena) : STR_NONE;

    return text_has_form(field->forms, field->form_count, text);
}

int put_limits(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;

    if ((field->min.json.ptr || field->max.json.ptr)) {
        int fault = check_range(put, field, at);
        if (fault != FINE)
            return fault;
    }
    if (field->form_count && !has_form(field, in, at, put->run->arena))
        return tape_type(in, at) == JSON_STRING ? FAULT_FORMAT : FAULT_TYPE;
    if (!field->has_min_length && !field->has_max_length)
        return FINE;
    enum json_type type = tape_type(in, at);
    if (type != JSON_STRING && type != JSON_ARRAY)
        return FINE; /* the type's own check speaks */
    size_t length =
        type == JSON_ARRAY ? tape_count(in, at) : text_points(tape_string(in, at, put->run->arena));
    bool outside = (field->has_min_length && length < field->min_length) ||
                   (field->has_max_length && length > field->max_length);
    return outside ? FAULT_LENGTH : FINE;
}

const struct enum_pair *put_also(const struct put *put, const struct field *field, uint32_t at)
{
    for (size_t i = 0; i < field->also_count; i++)
        if (literal_is(&field->also[i].dialect, put->run->in, at))
            return &field->also[i];
    return NULL;
}

int put_enum(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    for (size_t i = 0; i < field->enum_count; i++)
        if (literal_is(&field->enums[i].dialect, put->run->in, at)) {
            *json = field->enums[i].canonical.json;
            return FINE;
        }
    const struct enum_pair *also = put_also(put, field, at);
    if (also) {
        *json = also->canonical.json;
        return FINE;
    }
    return field->put_same ? FINE : FAULT_ENUM;
}
