import t, { type Test } from 'tap';
import { createClient } from '#vitald/cli/client/client.js';
import { overrideCommand, type OverrideFlags } from '#vitald/cli/override.js';
import { weightCommand, type WeightFlags } from '#vitald/cli/weight.js';
import { RecordedIo } from '../support/command-io.js';
import { controlApi } from '../support/control.js';

async function daemon(t: Test) {
  const { app, state } = await controlApi(t);
  const api = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient({ api }, {});
  const override = async (words: string[], flags: Partial<OverrideFlags> = {}, io = new RecordedIo()) => ({
    code: await overrideCommand(words, { end: false, list: false, json: false, ...flags }, 'alice', client, io),
    text: io.text,
  });
  const weight = async (words: string[], flags: Partial<WeightFlags> = {}, io = new RecordedIo()) => ({
    code: await weightCommand(words, { end: false, json: false, ...flags }, 'alice', client, io),
    text: io.text,
  });
  return { state, override, weight };
}

t.test('a backend is taken out and back, and everybody sees who did it and why', async (t) => {
  const { override, state } = await daemon(t);
  t.match(await override(['web', 'app-1', 'maintenance'], { reason: 'new kernel', for: '2h' }), {
    code: 0,
    text: /^web\/app-1 {2}maintenance {2}by alice since \S+Z until \S+Z: new kernel\n$/,
  });
  const { adminNote } = state.overrides.of('web', 'app-1')!;
  t.equal(adminNote!.expiresAt! - adminNote!.at, 7_200_000);
  t.match(await override(['web', 'app-1']), { code: 0, text: /maintenance {2}by alice/ });
  t.match(await override([], { list: true }), { code: 0, text: /^web\/app-1 {2}maintenance/ });
  t.match(JSON.parse((await override([], { list: true, json: true })).text), { overrides: [{ backend: 'app-1' }] });
  t.match(await override(['web', 'app-1'], { end: true, reason: 'done' }), { code: 0, text: 'ended; its check decides again\n' });
  t.equal(state.overrides.size, 0);
  t.match(await override([], { list: true }), { code: 0, text: 'nothing is overridden\n' });
  t.match(await override(['web', 'app-1'], { end: true }), { code: 1 }, 'nothing to end');
  t.match(await override(['web', 'app-1']), { code: 1 });
});

t.test('a weight is set and ended', async (t) => {
  const { weight, override, state } = await daemon(t);
  t.match(await weight(['web', 'app-1', '0'], { reason: 'drain', by: 'bob' }), {
    code: 0,
    text: /^web\/app-1 {2}weight 0 {2}by bob since \S+: drain\n$/,
  });
  t.match(await override([], { list: true }), { text: /weight 0/ });
  t.match(await weight(['web', 'app-1'], { end: true }), { code: 0, text: 'ended; the configured weight is in force\n' });
  t.equal(state.overrides.size, 0);
  t.match(await weight(['web', 'app-1'], { end: true }), { code: 1 });
});

t.test('wrong usage says what to write', async (t) => {
  const { override, weight, state } = await daemon(t);
  const reason = 'x';
  await t.rejects(override([]), { code: 'usage', message: /write vitald override LISTENER BACKEND/ });
  await t.rejects(override(['web']), { code: 'usage' });
  await t.rejects(override(['web', 'app-1', 'drain'], { reason }), { code: 'usage', message: /"drain" is not one of maintenance, / });
  await t.rejects(override(['web', 'app-1', 'maintenance']), { code: 'usage', message: /--reason is missing/ });
  await t.rejects(override(['web', 'app-1', 'maintenance'], { reason, end: true }), { code: 'usage', message: /--end takes no mode/ });
  await t.rejects(override(['web'], { list: true }), { code: 'usage', message: /--list takes nothing else/ });
  for (const duration of ['2', '0s', '2 h', '-1h', 'x']) {
    await t.rejects(override(['web', 'app-1', 'maintenance'], { reason, for: duration }), {
      code: 'usage',
      message: /--for .* 90s, 30m, 2h or 1d/,
    });
  }
  await t.rejects(override(['web', 'app-9', 'maintenance'], { reason }), { code: 'usage', message: /has no backend "app-9"/ });
  await t.rejects(weight(['web', 'app-1'], { reason }), { code: 'usage' });
  await t.rejects(weight(['web', 'app-1', '5'], { reason, end: true }), { code: 'usage' });
  await t.rejects(weight(['web', 'app-1', '-1'], { reason }), { code: 'usage', message: /is not a weight/ });
  await t.rejects(weight(['web', 'app-1', '99999999'], { reason }), { code: 'usage', message: /from 0 to 1000000/ });
  t.equal(state.overrides.size, 0);
});
