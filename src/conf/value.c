#include "conf/table.h"

#include "yaml/yaml.h"

static void *place(struct conf *conf, const struct setting *setting)
{
    return (char *)conf + setting->offset;
}

/* v4:port, [v6]:port; port 0 lets the system choose (tests). Names would have to be looked up, at a time when that may not
 * work yet. */
static bool is_listen(struct str text)
{
    size_t colon = text.len;
    uint64_t port = 0;
    struct address address;

    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || !str_to_uint(str_from_at(text, colon), &port) || port > UINT16_MAX)
        return false;
    struct str host = str_of(text.ptr, colon - 1);
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = str_of(host.ptr + 1, host.len - 2);
    return address_parse(host, &address) && bracketed == (memchr(host.ptr, ':', host.len) != NULL);
}

bool value_is_https(struct str text)
{
    return str_starts(text, STR("https://")) && text.len > 8;
}

bool value_is_url(struct str text)
{
    return (str_starts(text, STR("http://")) && text.len > 7) || value_is_https(text);
}

int value_listen(const struct yaml *node, struct str *listen, struct err *err)
{
    if (yaml_text(node, listen, err))
        return -1;
    if (!is_listen(*listen))
        return yaml_fault(node, err, "'" STR_FMT "', expected address:port, as 127.0.0.1:8080 or [::1]:8080", STR_ARG(*listen));
    return 0;
}

int value_choice(const struct yaml *node, const char *choices, struct str *choice, struct err *err)
{
    struct str rest = str_from(choices), one;

    if (yaml_text(node, choice, err))
        return -1;
    while (str_next(&rest, '|', &one))
        if (str_eq(one, *choice))
            return 0;
    return yaml_fault(node, err, "'" STR_FMT "', expected one of %s", STR_ARG(*choice), choices);
}

int value_setting(struct conf *conf, const struct setting *setting, const struct yaml *node, struct err *err)
{
    switch (setting->kind) {
    case SETTING_TEXT:
        return yaml_text(node, place(conf, setting), err);
    case SETTING_LISTEN:
        return value_listen(node, place(conf, setting), err);
    case SETTING_CHOICE:
        return value_choice(node, setting->choices, place(conf, setting), err);
    case SETTING_BOOL:
        return yaml_bool(node, place(conf, setting), err);
    case SETTING_UINT:
        return yaml_uint(node, setting->min, setting->max, place(conf, setting), err);
    case SETTING_OWN:
        return setting->read(conf, node, err);
    }
    return -1;
}
