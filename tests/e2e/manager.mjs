// A service manager that holds the gateway's listening socket, as systemd does (sd_listen_fds(3)): as descriptor 3 of the program. It
// starts that anew on SIGUSR1, and passes SIGUSR2 on.
const MANAGER = `
use Socket; use POSIX ();
my ($name, $port, @program) = @ARGV;
$^F = 3;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, pack('l', 1)) or die;
bind($socket, sockaddr_in($port, INADDR_LOOPBACK)) or die "bind: $!: address in use";
listen($socket, 1024) or die;
POSIX::dup2(fileno($socket), 3) // die;
my ($child, $again);
$SIG{USR1} = sub { $again = 1; kill 'TERM', $child };
$SIG{USR2} = sub { kill 'USR2', $child };
$SIG{TERM} = sub { $again = 0; kill 'TERM', $child };
do {
    $again = 0;
    $child = fork() // die;
    if (!$child) {
        @ENV{'LISTEN_PID', 'LISTEN_FDS'} = ($$, 1);
        $ENV{LISTEN_FDNAMES} = $name if $name;
        exec @program or die;
    }
    1 while waitpid($child, 0) != $child;
} while ($again);
exit($? >> 8);`;

// For startGateway's `under`; `name`: of the socket, or none.
export const underManager = (name = '') => ({ port }) => ['perl', '-e', MANAGER, name, port];
