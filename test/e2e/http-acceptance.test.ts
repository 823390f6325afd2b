/** What the table of test/support/http/acceptance.ts says of nginx, HAProxy and curl, held against the real programs. */
import t from 'tap';
import { acceptance } from '../support/http/acceptance.js';
import { peers, surveys, versionOf } from '../support/http/peers.js';
import { answers } from '../support/servers/behaviours.js';
import { serve } from '../support/servers/server.js';

for (const peer of peers) {
  const version = await versionOf(peer);
  t.test(`${peer} accepts what the table says`, { skip: version === undefined && `${peer} is not installed` }, async (t) => {
    const servers = await Promise.all(acceptance.map(({ answer }) => serve(answers(Buffer.from(answer, 'latin1')))));
    t.teardown(() => Promise.all(servers.map((server) => server.close())));
    const ports = servers.map(({ port }) => port);
    const accepted = await surveys[peer](t, ports);
    t.same(
      acceptance.filter((_, i) => accepted[i]).map(({ what }) => what),
      acceptance.filter((row) => row.accepted.includes(peer)).map(({ what }) => what),
      `${peer} ${version}`,
    );
  });
}
