/** Tests that need a lab: made once for a file, and skipped, with a reason, where the machine cannot have one. */
import t, { type Test } from 'tap';
import { Lab } from './lab.js';
import { labProblem } from './requirements.js';

/** What a test wants to know of its network. */
export interface World {
  readonly lab: Lab;
}

export type LabTests<W extends World> = Readonly<Record<string, (t: Test, world: W) => Promise<unknown>>>;

export interface LabSuite<W extends World> {
  /** Programs that are needed besides ip and nft. */
  readonly tools?: readonly string[];
  readonly nodes: readonly string[];
  /**
   * Joins the nodes, and starts what all tests need.
   * @param t for what must be ended after the last test
   */
  readonly build: (lab: Lab, t: Test) => Promise<W>;
  readonly tests: LabTests<W>;
}

/** Runs the tests one after the other in one lab, and removes it whatever happened. */
export function labSuite<W extends World>({ tools = [], nodes, build, tests }: LabSuite<W>): void {
  const problem = labProblem(tools);
  if (problem !== undefined) {
    console.error(`${Object.keys(tests).length} lab tests are skipped: ${problem}`);
    for (const name of Object.keys(tests)) t.test(name, { skip: problem }, async () => undefined);
    return;
  }
  let lab: Lab | undefined;
  let world: W | undefined;
  t.before(async () => {
    lab = await Lab.create(nodes);
    world = await build(lab, t);
  });
  t.teardown(() => lab?.remove());
  for (const [name, test] of Object.entries(tests)) t.test(name, (t) => test(t, world!));
}
