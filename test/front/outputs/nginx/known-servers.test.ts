import t from 'tap';
import { KnownServers } from '#vitald/front/outputs/nginx/known-servers.js';

const file = `
# upstream old { server 10.0.0.9:80; }
upstream web {
    zone web 64k;
    server 10.0.0.1:80 weight=10 max_fails=0;  # server 10.0.0.8:80;
    server 10.0.0.2:80 weight=1 max_fails=0 down;
    server 10.0.0.3; server [2001:db8::1]:8080
      weight=3
      down;
}
upstream "api"{server 10.0.0.2:80;server unix:/run/app.sock;}
server { listen 80; server_name 10.0.0.7; location / { proxy_pass http://web; } }
`;

t.test('what a file says of its servers is read, however it is written', async (t) => {
  const known = await KnownServers.read(file);
  t.equal(known.isUp('web', '10.0.0.1:80'), true);
  t.equal(known.isUp('web', '10.0.0.2:80'), false);
  t.equal(known.isUp('web', '10.0.0.3:80'), true, 'port 80 where none is named');
  t.equal(known.isUp('web', '[2001:db8::1]:8080'), false);
  for (const unknown of ['10.0.0.7:80', '10.0.0.8:80', '10.0.0.9:80', '10.0.0.1:81'])
    t.equal(known.isUp('web', unknown), undefined, unknown);
});

t.test('in an upstream of another name, a server is up where any upstream has it up', async (t) => {
  const known = await KnownServers.read(file);
  t.equal(known.isUp('listener', '10.0.0.2:80'), true);
  t.equal(known.isUp('listener', '[2001:db8::1]:8080'), false);
});

t.test('no file, or one of something else, knows nothing', async (t) => {
  for (const text of ['', '\0\u001b[', 'server '.repeat(20_000), 'upstream x {'.repeat(20_000)])
    t.equal((await KnownServers.read(text)).isUp('web', '10.0.0.1:80'), undefined);
});
