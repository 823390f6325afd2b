import t from 'tap';
import { outputSecretsHider } from '#vitald/config/secrets.js';
import { discreetLog, discreetState } from '#vitald/front/outputs/discreet.js';
import type { OutputState } from '#vitald/front/outputs/output.js';

const options = {
  url: 'https://user:p%40ssword@hooks.example/services/T000/B000/secretpath?key=abcdef',
  keys: [{ secret: 'sign-with-me' }],
  headers: { Authorization: 'Bearer t0ken', 'X-Team': 'red team' },
  interval: '5s',
};
const hide = outputSecretsHider(options, ['url', 'keys'])!;

const leaks = ['p%40ssword', 'p@ssword', 'secretpath', 'abcdef', 'sign-with-me', 't0ken'];
const text = `fetch of ${options.url} failed: p@ssword; /services/T000/B000/secretpath; key=abcdef; sign-with-me; Bearer t0ken; red team; 5s`;

t.test('secrets of options are hidden wherever they turn up, and nothing else', async (t) => {
  const shown = hide(text);
  for (const leak of leaks) t.notMatch(shown, leak, leak);
  t.match(shown, /^fetch of .* failed: .*; red team; 5s$/);
  t.equal(outputSecretsHider({ hold: '5s' }, []), undefined);
  t.equal(outputSecretsHider({ url: undefined }, ['url']), undefined);
});

t.test('in the state of an output', async (t) => {
  const state = { state: 'failing', problem: text, details: { last: text, count: 3, none: null } } as unknown as OutputState;
  const shown = JSON.stringify(discreetState(state, hide));
  for (const leak of leaks) t.notMatch(shown, leak, leak);
  t.match(discreetState(state, hide).details, { count: 3, none: null });
  t.equal(discreetState(state, undefined), state);
});

t.test('in its log, whatever is logged', async (t) => {
  const lines: unknown[][] = [];
  const write = (...words: unknown[]): void => void lines.push(words);
  const log = discreetLog({ debug: write, info: write, warn: write, error: write }, hide);
  log.warn({ problem: text, err: new Error(text), nested: { list: [text] }, count: 3, undef: undefined }, text);
  log.info(text);
  log.debug({ count: 1 });
  log.error('plain');
  const shown = JSON.stringify(lines);
  for (const leak of leaks) t.notMatch(shown, leak, leak);
  t.match(lines, [[{ count: 3, err: { type: 'Error', message: /^fetch of/ } }, /^fetch of/], [/^fetch of/], [{ count: 1 }], ['plain']]);
});
