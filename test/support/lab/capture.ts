/** What really goes over the wire, by tcpdump. */
import type { Child } from '../child.js';
import { eventually } from '../eventually.js';
import type { Lab } from './lab.js';

/** One TCP segment. */
export interface Segment {
  /** ADDRESS.PORT, as tcpdump writes them. */
  readonly from: string;
  readonly to: string;
  /** As tcpdump writes them: `S` SYN, `S.` SYN-ACK, `R` and `R.` RST, `.` ACK, `F.` FIN. */
  readonly flags: string;
}

export class Capture {
  readonly #tcpdump: Child;

  private constructor(tcpdump: Child) {
    this.#tcpdump = tcpdump;
  }

  /** Returns when every further packet will be seen. @param filter as for tcpdump, of TCP only */
  static async start(lab: Lab, node: string, device: string, filter: string): Promise<Capture> {
    // -Z root: changing the user would undo that it ends together with the test.
    const tcpdump = lab.start(node, ['tcpdump', '-Z', 'root', '-i', device, '-n', '-l', '--immediate-mode', filter]);
    await tcpdump.line(/listening on/);
    return new Capture(tcpdump);
  }

  get segments(): Segment[] {
    return this.#tcpdump.outLines.flatMap((line) => {
      const [, from, to, flags] = / (\S+) > (\S+): Flags \[([^\]]+)\]/.exec(line) ?? [];
      return flags === undefined ? [] : [{ from: from!, to: to!, flags }];
    });
  }

  /** Waits for as many segments at least, then stops. @returns all that were seen */
  async finish(atLeast: number): Promise<Segment[]> {
    await eventually(`${atLeast} segments on the wire`, () => this.segments.length >= atLeast);
    await this.#tcpdump.stop('SIGINT');
    return this.segments;
  }
}
