import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { closeUnwantedInspector } from '#vitald/process/inspector.js';

/** A process whose inspector is open from the beginning, or opens later. */
function fakeProcess(execArgv: string[], nodeOptions?: string) {
  const inspector = {
    isOpen: true,
    url: () => (inspector.isOpen ? 'ws://127.0.0.1:9229/x' : undefined),
    close: () => void (inspector.isOpen = false),
  };
  return { inspector, execArgv, env: { NODE_OPTIONS: nodeOptions }, getBuiltinModule: () => inspector };
}

t.test('an inspector that a signal has opened is closed', async (t) => {
  const process = fakeProcess(['--max-old-space-size=100', '--inspect-port=0']);
  closeUnwantedInspector(process);
  t.equal(process.inspector.isOpen, false);
});

t.test('so is one that opens a moment later', async (t) => {
  const process = fakeProcess([]);
  process.inspector.isOpen = false;
  closeUnwantedInspector(process);
  process.inspector.isOpen = true;
  await sleep(200);
  t.equal(process.inspector.isOpen, false);
});

t.test('one that the command line or NODE_OPTIONS asks for stays', async (t) => {
  for (const process of [fakeProcess(['--inspect']), fakeProcess(['--inspect-brk=9230']), fakeProcess([], '--no-warnings --inspect=0')]) {
    closeUnwantedInspector(process);
    await sleep(50);
    t.equal(process.inspector.isOpen, true);
  }
});

t.test('a Node.js without an inspector has nothing to close', async (t) => {
  const broken = {
    execArgv: [],
    env: {},
    getBuiltinModule: () => {
      throw new Error('no inspector');
    },
  };
  t.doesNotThrow(() => closeUnwantedInspector(broken));
});
