// A new start under a service manager that holds the listening socket (systemd's socket units): nobody is refused, no request is lost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, request, sanitized, sleep, startGateway } from './harness.mjs';

// Listens, starts the program with the socket as descriptor 3, and starts it anew on SIGUSR1.
const MANAGER = `
use Socket; use POSIX ();
my ($port, @program) = @ARGV;
$^F = 3;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, pack('l', 1)) or die;
bind($socket, sockaddr_in($port, INADDR_LOOPBACK)) or die "bind: $!: address in use";
listen($socket, 1024) or die;
POSIX::dup2(fileno($socket), 3) // die;
my ($child, $again);
$SIG{USR1} = sub { $again = 1; kill 'TERM', $child };
$SIG{TERM} = sub { $again = 0; kill 'TERM', $child };
do {
    $again = 0;
    $child = fork() // die;
    if (!$child) { @ENV{'LISTEN_PID', 'LISTEN_FDS'} = ($$, 1); exec @program or die }
    1 while waitpid($child, 0) != $child;
} while ($again);
exit($? >> 8);`;

describe('a restart under a service manager', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway({ under: ({ port }) => ['perl', '-e', MANAGER, port] });
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('refuses nobody and loses nothing', async () => {
        const { json } = await all.general.get('/v1/patients');
        const path = `/v1/patients/${json.patients[0].id}`;
        const headers = { 'x-user-token': all.general.token };
        let running = true;
        const answered = [];
        const client = async () => {
            while (running) {
                const { status } = await request(gateway.port, 'GET', path, { headers, agent: false }); // a connection for each
                answered.push(status);
            }
        };
        const starts = () => gateway.output('stderr').match(/serving on/g).length;
        const asking = Array.from({ length: 8 }, client);
        for (let round = 1; round <= (sanitized ? 1 : 3); round++) {
            const before = answered.length;
            while (answered.length < before + 50) await sleep(5);
            gateway.process.kill('SIGUSR1');
            while (starts() < round + 1) await sleep(5);
        }
        const before = answered.length;
        while (answered.length < before + 50) await sleep(5);
        running = false;
        await Promise.all(asking); // a connection refused or cut off fails here
        assert.deepEqual([...new Set(answered)], [200]);
    });
});
