#include "test_http_kit.h"

#define HOST_LINE "Host: a.example\r\n"

static void keeps_connections_alive(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    char text[8192];
    int fd = dial(kit->port);

    (void)state;
    for (int i = 0; i < 5; i++) {
        put_text(fd, "GET /x/y?a=1&b=%20 HTTP/1.1\r\n" HOST_LINE "X-One: 1\r\nx_two: 2\r\n\r\n");
        assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
        assert_non_null(strstr(text, "GET /x/y?a=1&b=%20|/x/y|a=1&b=%20\nhost=a.example h2=0 tls=0 body=0\n[x-one: 1]\n"));
        assert_null(strstr(text, "two"));
        assert_null(strstr(text, "split"));
        assert_null(strstr(text, "Server:"));
        assert_non_null(strstr(text, "Date: "));
        assert_non_null(strstr(text, "content-type: text/plain\r\n"));
    }
    close(fd);
    assert_int_equal(kit->calls, 5);
    kit_stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_connections_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
