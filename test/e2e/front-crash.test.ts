/** The real daemon whose front thread crashes: what clients and operators were promised holds. */
import t from 'tap';
import { EventStream } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { drain, hourMs, machineWithClock, maintenance } from '../support/machine-with-clock.js';

t.test(
  'after a crash of the front thread the epoch is the same, and an override ends at its time, though the wall clock went back',
  async (t) => {
    const { start, setClock, crashFront } = await machineWithClock(t);
    const daemon = await start();
    const before = await daemon.status();
    await maintenance(daemon, 3600);
    // Long enough for the front to come back on a busy machine: what follows is asked while it holds.
    await drain(daemon, 15);
    const known = await daemon.status();
    setClock(-hourMs);
    crashFront();
    await eventually('the crash', () => daemon.complaints.some((line) => line.includes('the test asked for this crash')));
    const again = await daemon.logged(({ msg }) => msg.startsWith('the API listens at'), 2);
    const base = /http:\S+/.exec(again.at(-1)!.msg)![0];
    const status = async (query: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`${base}/v1/status${query}`)).json()) as Record<string, unknown>;
    const { epoch } = known;
    t.match(await status(`?since=${known.revision}&epoch=${epoch}`), { epoch, complete: false, backends: [] }, 'who knew all goes on');
    t.match(
      await status(`?since=${before.revision}&epoch=${epoch}`),
      { epoch, complete: true, backends: [{ routable_because: 'maintenance' }, {}] },
      'who did not is told all: the new front does not know what happened before it',
    );
    const events = await EventStream.open(`${base}/v1/events`, { headers: { 'last-event-id': `${epoch}:${known.revision}` } });
    t.teardown(() => events.cut());
    t.match(await events.received(1), [{ id: `${epoch}:${known.revision + 1}`, type: 'weight', data: { backend: 'app-2', weight: 1 } }]);
  },
);
