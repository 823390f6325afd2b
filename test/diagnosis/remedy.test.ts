import t from 'tap';
import { findingTable, type FindingCode } from '#vitald/diagnosis/finding-table.js';
import { remedyOf } from '#vitald/diagnosis/remedy.js';

t.test('commands name the addresses of the case', async (t) => {
  const { linux, windows } = remedyOf('firewall_drops_port', { port: 8080, address: '10.0.0.2', source: '100.125.0.0/16' });
  t.ok(linux.includes('iptables -I INPUT -s 100.125.0.0/16 -p tcp --dport 8080 -j ACCEPT'));
  t.ok(windows.some((line) => line.endsWith('localport=8080 remoteip=100.125.0.0/16')));
});

t.test('what is not known is a word in capitals', async (t) => {
  t.ok(remedyOf('firewall_drops_port', { port: 80 }).linux.includes('vitald doctor --port 80 --from SOURCE'));
});

t.test('for IPv6, addresses in URLs have brackets and programs their other names', async (t) => {
  const place = { port: 443, address: 'fd00::1', source: 'fd00::2', path: '/health', scheme: 'https' } as const;
  t.ok(remedyOf('accepts_but_silent', place).linux.includes("curl -ikv --max-time 10 'https://[fd00::1]:443/health'"));
  t.ok(remedyOf('firewall_drops_port', place).linux.includes('ip6tables -I INPUT -s fd00::2 -p tcp --dport 443 -j ACCEPT'));
  t.ok(remedyOf('icmp_blocked', place).linux.includes('ip6tables -I INPUT -s fd00::2 -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT'));
  t.ok(remedyOf('no_route', place).linux.includes('ip -6 route get fd00::1'));
});

t.test('for UDP, commands ask for UDP, and no web client is called', async (t) => {
  const place = { port: 53, address: '10.0.0.2', source: '10.0.0.1', protocol: 'udp' } as const;
  t.ok(remedyOf('firewall_drops_port', place).linux.includes('iptables -I INPUT -s 10.0.0.1 -p udp --dport 53 -j ACCEPT'));
  t.ok(remedyOf('firewall_drops_port', place).linux.includes('vitald doctor --port 53 --udp --from 10.0.0.1'));
  t.ok(remedyOf('nothing_listens', place).linux.includes("ss -lunp 'sport = :53'"));
  t.notOk(remedyOf('accepts_but_silent', place).linux.some((line) => line.startsWith('curl')));
});

t.test('the doctor does not recommend itself', async (t) => {
  const { linux } = remedyOf('firewall_drops_port', { port: 53, saidByDoctor: true });
  t.ok(linux.length > 0 && !linux.some((line) => line.includes('doctor')));
});

t.test('a path cannot leave the quotes that it stands in', async (t) => {
  const place = { port: 80, address: '10.0.0.2', path: `/a'; reboot; '"&x=$(id)` };
  for (const line of remedyOf('accepts_but_silent', place).linux) t.equal((line.match(/'/g) ?? []).length % 2, 0, line);
  t.match(remedyOf('accepts_but_silent', place).linux[0], `'http://10.0.0.2:80/a%27; reboot; %27%22&x=$(id)'`);
});

t.test('no placeholder is left in any remedy', async (t) => {
  for (const code of Object.keys(findingTable) as FindingCode[]) {
    const { text, linux, windows } = remedyOf(code, { port: 80, address: '10.0.0.2', source: '10.0.0.1', path: '/' });
    for (const line of [text, ...linux, ...windows]) t.notMatch(line, /(?<!%)\{\w+\}/, code);
  }
});
