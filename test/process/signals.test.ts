import { constants } from 'node:os';
import t from 'tap';
import { DaemonSignals } from '#vitald/process/signals.js';

/** A process that is sent signals by hand. */
function fakeProcess() {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  let now = 1000;
  const signals = new DaemonSignals(
    { on: (signal, listener) => listeners.set(signal, listener) },
    { endNow: (code) => exits.push(code), now: () => now },
  );
  return {
    signals,
    exits,
    handled: [...listeners.keys()],
    send: (signal: NodeJS.Signals) => listeners.get(signal)!(),
    pass: (ms: number) => void (now += ms),
  };
}

t.test('every signal that would end the process has a listener from the beginning', async (t) => {
  const { handled } = fakeProcess();
  const expected = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR'];
  t.same([...handled].sort(), expected.sort());
});

t.test('SIGHUP before the daemon exists does nothing, and reloads afterwards', async (t) => {
  const { signals, send } = fakeProcess();
  let reloads = 0;
  send('SIGHUP');
  signals.onReload(() => reloads++);
  t.equal(reloads, 0, 'the configuration is read after that');
  send('SIGHUP');
  send('SIGHUP');
  t.equal(reloads, 2);
});

t.test('a signal to stop that came early is not forgotten', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    const { signals, send, exits } = fakeProcess();
    let stops = 0;
    send(signal);
    signals.onStop(() => stops++);
    t.equal(stops, 1, signal);
    t.same(exits, []);
  }
});

t.test('the second signal to stop ends the process at once, whichever it is', async (t) => {
  const { signals, send, exits, pass } = fakeProcess();
  let stops = 0;
  signals.onStop(() => stops++);
  send('SIGTERM');
  pass(300);
  send('SIGINT');
  t.equal(stops, 1);
  t.same(exits, [128 + constants.signals.SIGINT]);
});

t.test('one Ctrl-C that arrives twice, from the terminal and from npm, is one wish to stop', async (t) => {
  const { signals, send, exits, pass } = fakeProcess();
  let stops = 0;
  signals.onStop(() => stops++);
  send('SIGINT');
  pass(5);
  send('SIGINT');
  t.equal(stops, 1);
  t.same(exits, []);
});

t.test('SIGUSR1 and others reach neither reload nor stop', async (t) => {
  const { signals, send, exits } = fakeProcess();
  signals.onReload(() => t.fail('reload'));
  signals.onStop(() => t.fail('stop'));
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR'] as const) send(signal);
  t.same(exits, []);
});
