#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/* One of the three standard descriptors that is closed would be the next file or socket that is opened, and
 * get what is logged or printed. What stands there instead can be neither read as input nor written as
 * output. */
static void hold_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_PATH);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    hold_descriptors();
    return cli_main(argc, argv);
}
