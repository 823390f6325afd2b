/**
 * Files of the state folder, damaged on the disk or written by another program: src/persistence/durable-file.ts, snapshot.ts and
 * control-state.ts. Reading never fails; a file that makes no sense is set aside, and the next start finds none.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc, { type Arbitrary } from 'fast-check';
import { ControlFile, loadControl, type LoadedControl } from '#vitald/persistence/control-state.js';
import { clearTemporary, writeDurably } from '#vitald/persistence/durable-file.js';
import { loadSnapshot, snapshotFormat, snapshotPieces, type SavedListener, type SavedRow } from '#vitald/persistence/snapshot.js';
import { attack, must, type Attack, type Trial } from './attack.js';
import { damaged, damages, type Damage } from './bytes.js';
import { textOf } from './texts.js';

const now = Date.parse('2026-01-01T00:00:00Z');
const controlFormat = { name: 'control.json', version: 1 };

/** A folder for all inputs of one attack: a new one for each would cost more than the reading. */
function inFolder<Input>(check: (dir: string, input: Input) => Promise<void>): Trial<Input> {
  const dir = mkdtempSync(join(tmpdir(), 'vitald-fuzz-'));
  return {
    async check(input) {
      for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
      await check(dir, input);
    },
    end: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A file that made no sense was set aside with a message, and the next reader finds none. */
async function mustBeSetAside(
  dir: string,
  name: string,
  problem: string | undefined,
  again: () => Promise<{ problem?: string }>,
): Promise<void> {
  if (problem === undefined) return;
  must(problem.includes('is set aside as'), `not set aside: ${problem}`);
  must(problem.length <= 2000 && !problem.includes('\n'), 'the message is not one line');
  must(!existsSync(join(dir, name)), 'the damaged file is still in its place');
  must(
    readdirSync(dir).some((entry) => entry.startsWith(`${name}.damaged-`)),
    'the damaged file is gone',
  );
  const { problem: second } = await again();
  must(second === undefined, `the next start finds a problem, too: ${second}`);
}

function mustBeControl({ state, problem }: LoadedControl): void {
  if (problem !== undefined) must(state.overrides.length === 0 && state.runtime.length === 0, 'a damaged file left something behind');
  for (const { listener, backend, admin } of state.overrides) {
    must(typeof listener === 'string' && typeof backend === 'string' && typeof admin === 'string', 'an override without a name');
  }
  for (const { backends } of state.runtime) {
    for (const { address, port, weight } of backends) {
      must(
        isIP(address) !== 0 && port >= 1 && port <= 65_535 && weight >= 0,
        `the runtime backend ${address}:${port} with weight ${weight}`,
      );
    }
  }
}

async function writtenControl(dir: string): Promise<Buffer> {
  const note = { by: 'ann', why: 'disk swap', at: now, expiresAt: now + 1000 };
  await new ControlFile(dir).save(() => ({
    overrides: [{ listener: 'web', backend: 'app-1', admin: 'maintenance', weight: undefined, adminNote: note }],
    runtime: [{ listener: 'web', backends: [{ id: 'x', address: '10.0.0.1', port: 80, weight: 1, version: 1, by: 'cd', at: now }] }],
  }));
  return readFileSync(join(dir, controlFormat.name));
}

const goodRow: SavedRow = ['app-1', '10.0.0.1', 80, 'healthy', now - 1000, now - 500, 'pass', 3, 1, 0];

async function writtenSnapshot(dir: string): Promise<Buffer> {
  const listeners: SavedListener[] = [{ name: 'web', type: 'http', intervalMs: 5000, rows: [goodRow, goodRow] }];
  await writeDurably(dir, snapshotFormat, snapshotPieces({ savedAt: now, revision: 7 }, listeners));
  return readFileSync(join(dir, snapshotFormat.name));
}

async function checkSnapshot(dir: string): Promise<void> {
  const { value, problem } = await loadSnapshot(dir, now);
  must(problem === undefined || value === undefined, 'both a value and a problem');
  if (value !== undefined) must(Number.isSafeInteger(value.revision) && value.revision >= 0, `the revision is ${value.revision}`);
  for (const { state, since, probedAt, run } of value?.verdicts ?? []) {
    must(state === 'healthy' || state === 'unhealthy', `the state is ${state}`);
    must(Number.isSafeInteger(since) && Number.isSafeInteger(probedAt) && Number.isSafeInteger(run.length), 'a time or count that is none');
  }
  await mustBeSetAside(dir, snapshotFormat.name, problem, () => loadSnapshot(dir, now));
}

async function checkControl(dir: string): Promise<void> {
  const loaded = await loadControl(dir);
  mustBeControl(loaded);
  await mustBeSetAside(dir, controlFormat.name, loaded.problem, () => loadControl(dir));
}

/** Damage on the disk: to the byte, truncated at a length, or another version in the header. */
interface OnDisk {
  readonly damage: readonly Damage[];
  readonly length: number | undefined;
  readonly version: unknown;
}

const onDisk: Arbitrary<OnDisk> = fc.record({
  damage: damages,
  length: fc.option(fc.nat(700), { nil: undefined }),
  version: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.constantFrom(0, 2, '1', null, 1e300, [1], -1)),
});

const bodyOf = (file: Buffer): Buffer => file.subarray(file.indexOf('\n') + 1);

function onDiskAttack(name: string, of: string, written: (dir: string) => Promise<Buffer>, check: (dir: string) => Promise<void>): Attack {
  return attack<OnDisk>({
    name,
    holds: `${of} that was damaged on the disk is read as it was, or is set aside with a message`,
    runs: { suite: 300, long: 30_000 },
    inputs: onDisk,
    begin: () =>
      inFolder(async (dir, { damage, length, version }) => {
        const good = await written(dir);
        const [file] = readdirSync(dir);
        const path = join(dir, file!);
        const other = Buffer.from(good.toString('latin1').replace('"version":1', `"version":${JSON.stringify(version)}`), 'latin1');
        const bad = damaged(other, damage).subarray(0, length ?? Infinity);
        writeFileSync(path, bad);
        await check(dir);
        // The header may be written differently and mean the same. The body is what was written, or the file is set aside.
        must(bodyOf(bad).equals(bodyOf(good)) || !existsSync(path), 'a body that was damaged is taken for a good one');
      }),
  });
}

/** Values that a field might have; few fit any one of them. */
const fieldValue: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(0, 1, 80, 65_535, 65_536, -1, 1.5, 2 ** 32, 2 ** 53, 1e300, 'web', '', '10.0.0.1', 'fd00::1', 'maintenance', null, true),
  textOf('ab\n', 10),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A good object with a few fields changed, or gone. */
function nearly(good: Readonly<Record<string, unknown>>): Arbitrary<unknown> {
  const change = fc.tuple(
    fc.constantFrom(...Object.keys(good)),
    fc.oneof({ weight: 5, arbitrary: fieldValue }, { weight: 1, arbitrary: fc.constant(undefined) }),
  );
  const changed = fc.array(change, { maxLength: 2 }).map((all) => ({ ...good, ...Object.fromEntries(all) }));
  return fc.oneof({ weight: 12, arbitrary: changed }, { weight: 1, arbitrary: fieldValue });
}

const goodNote = { by: 'ann', why: 'x', at: now, expiresAt: now + 1000, lastsMs: 1000 };
const goodOverride = { listener: 'web', backend: 'app', admin: 'maintenance', weight: 1, adminNote: goodNote, weightNote: goodNote };
const goodBackend = { id: 'a', address: '10.0.0.1', port: 80, weight: 1, version: 1, by: 'cd', at: now };

/** Invented bodies with a correct checksum. */
const controlBody: Arbitrary<unknown> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      overrides: fc.array(
        fc.oneof(
          nearly(goodOverride),
          nearly(goodNote).map((adminNote) => ({ ...goodOverride, adminNote })),
        ),
        { maxLength: 2 },
      ),
      runtime: fc.array(
        fc.oneof(
          { weight: 3, arbitrary: nearly(goodBackend).map((one) => ({ listener: 'web', backends: [one] })) },
          { weight: 1, arbitrary: nearly({ listener: 'web', backends: [goodBackend, goodBackend] }) },
        ),
        { maxLength: 1 },
      ),
    }),
  },
  { weight: 1, arbitrary: fieldValue },
  { weight: 1, arbitrary: nearly({ overrides: [], runtime: [] }) },
);

const cell: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('app', '10.0.0.1', 'healthy', 'unhealthy', 'pass', 'fail', 0, 1, 80, -1, 1.5, now, 2 ** 32, 2 ** 60, null),
  fc.jsonValue({ maxDepth: 1 }),
);

const row: Arbitrary<unknown> = fc.oneof(
  fc.tuple(fc.nat(9), cell).map(([at, value]) => goodRow.map((old, place) => (place === at ? value : old))),
  fc.array(cell, { maxLength: 12 }),
  fc.constant(goodRow),
  cell,
);

const snapshotBody: Arbitrary<unknown> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      savedAt: cell,
      revision: fc.oneof(fc.constant(7), cell),
      listeners: fc.oneof(
        fc.array(
          fc.oneof(
            fc.record({
              name: fc.oneof(fc.constant('web'), cell),
              type: fc.oneof(fc.constant('tcp'), cell),
              intervalMs: fc.oneof(fc.constant(5000), cell),
              backends: fc.oneof(fc.array(row, { maxLength: 4 }), cell),
            }),
            cell,
          ),
          { maxLength: 3 },
        ),
        cell,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

function bodyAttack(
  name: string,
  of: string,
  format: { name: string; version: number },
  bodies: Arbitrary<unknown>,
  check: (dir: string) => Promise<void>,
): Attack {
  return attack<unknown>({
    name,
    holds: `${of} of any content with a right checksum is understood, or is set aside with a message`,
    runs: { suite: 400, long: 40_000 },
    inputs: bodies,
    begin: () =>
      inFolder(async (dir, body) => {
        await writeDurably(dir, format, [JSON.stringify(body) ?? '']);
        await check(dir);
        await clearTemporary(dir);
      }),
  });
}

export const stateFileAttacks: readonly Attack[] = [
  onDiskAttack('control-damage', 'a control file', writtenControl, checkControl),
  onDiskAttack('verdicts-damage', 'a verdict file', writtenSnapshot, checkSnapshot),
  bodyAttack('control-body', 'a control file', controlFormat, controlBody, checkControl),
  bodyAttack('verdicts-body', 'a verdict file', snapshotFormat, snapshotBody, checkSnapshot),
];
