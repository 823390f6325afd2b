import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { HookReceiver, type Batch } from '../support/hook-receiver.js';
import { tcpServer } from '../support/loopback.js';
import { ownAddress } from '../support/own-address.js';

t.test('the daemon tells webhook and command of a backend that dies and comes back, past a webhook that hangs', async (t) => {
  const folder = temporaryFolder(t);
  const hook = join(folder, 'hook');
  const file = join(folder, 'events');
  writeFileSync(hook, '#!/bin/sh\ncat >> "$1"; echo >> "$1"\n');
  chmodSync(hook, 0o755);
  const receiver = await HookReceiver.start(t);
  const hanging = await HookReceiver.start(t);
  hanging.answer = () => undefined;
  const app = await tcpServer(ownAddress);
  t.teardown(() => app.close());

  const config = {
    server: { listen: '127.0.0.1:0', state_dir: 'none' },
    checker: 'lb-1',
    outputs: {
      webhook: [
        {
          name: 'chat',
          url: `${receiver.url}/path-token`,
          secret: 'signing-secret-of-enough-characters',
          headers: { 'X-Key': 'header-token' },
        },
        { name: 'hanging', url: hanging.url.replace('//', '//user:url-password@'), timeout: '500ms' },
      ],
      command: [{ command: [hook, file], env: { TOKEN: 'env-token' } }],
    },
    listeners: [
      {
        name: 'web',
        check: { interval: '200ms', timeout: '150ms', unhealthy_threshold: 2, healthy_threshold: 2 },
        backends: [{ address: ownAddress, port: app.port, name: 'app' }],
      },
    ],
  };
  const daemon = await RunningDaemon.start(t, folder, { config });
  const story = (): string[] => receiver.events.map(({ from, to }) => `${from} → ${to}`);
  await eventually('the first verdict', () => story().includes('initial → healthy'));
  await app.close();
  await eventually('the death', () => story().includes('healthy → unhealthy'));
  const back = await tcpServer(ownAddress, undefined, app.port);
  t.teardown(() => back.close());
  await eventually('the return', () => story().includes('unhealthy → healthy'));
  t.same(story(), ['initial → healthy', 'healthy → unhealthy', 'unhealthy → healthy']);

  const fromCommand = (): string[] => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    return lines.flatMap((line) => (JSON.parse(line) as Batch).events.map(({ from, to }) => `${from} → ${to}`));
  };
  await eventually('the command', () => fromCommand().length === 3);
  t.same(fromCommand(), story());

  const [failing] = await daemon.logged(({ msg }) => msg.startsWith('events are not taken'));
  t.match(failing, { output: 'hanging', problem: `${hanging.url} did not answer within 0.5 s` });

  // A reload leaves alone what did not change: nothing is told twice, nothing is lost.
  daemon.rewriteConfig({ ...config, checker: 'lb-1', outputs: { ...config.outputs, webhook: [config.outputs.webhook[0]] } });
  daemon.signal('SIGHUP');
  await daemon.logged(({ msg }) => msg === 'a new configuration is in force');
  t.same(story().length, 3);

  const { stdout, stderr } = spawnSync(process.execPath, ['dist/main.js', 'check', '-c', daemon.configFile, '--print', '--json'], {
    encoding: 'utf8',
  });
  await daemon.stop();
  const shown = JSON.stringify([daemon.log, daemon.complaints]) + stdout + stderr;
  for (const secret of ['path-token', 'signing-secret', 'header-token', 'url-password', 'env-token']) t.notMatch(shown, secret);
});
