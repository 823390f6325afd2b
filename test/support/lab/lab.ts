/**
 * A network of its own for each test file: namespaces joined by veth, with real kernels, routers and firewalls.
 * Nothing in it can be reached from outside, nor reaches outside.
 */
import { Child, mustRun, runToEnd, type ChildOptions, type Ended } from '../child.js';
import { eventually } from '../eventually.js';
import { Agent } from './agent-client.js';
import { nextLabName, removeNamespace, removeStale } from './names.js';

/** One end of a cable. */
export interface End {
  readonly node: string;
  readonly interface: string;
  /** With prefix length, IPv4 and IPv6. */
  readonly addresses: readonly string[];
}

/**
 * Duplicate address detection off, so that IPv6 addresses work at once; no limit on ICMP errors, so that every probe
 * gets its own; no reverse path filter, so that two interfaces may reach one subnet.
 */
const sysctls = [
  'net/ipv6/conf/all/accept_dad=0',
  'net/ipv6/conf/default/accept_dad=0',
  'net/ipv6/conf/default/dad_transmits=0',
  'net/ipv6/conf/default/accept_ra=0',
  'net/ipv4/conf/all/rp_filter=0',
  'net/ipv4/conf/default/rp_filter=0',
  'net/ipv4/icmp_ratelimit=0',
  'net/ipv6/icmp/ratelimit=0',
];

export class Lab {
  readonly #name = nextLabName();
  readonly #nodes = new Set<string>();
  readonly #children = new Set<Child>();
  readonly #agents = new Map<string, Promise<Agent>>();
  readonly #onExit = (): void => this.#removeNamespaces();

  private constructor() {
    process.on('exit', this.#onExit);
  }

  /** Makes a lab of these nodes, not yet joined. @throws Error where the machine refuses */
  static async create(nodes: readonly string[]): Promise<Lab> {
    removeStale();
    const lab = new Lab();
    for (const node of nodes) {
      lab.#nodes.add(node);
      await mustRun(['ip', 'netns', 'add', lab.#namespace(node)]);
      await lab.setSysctls(node, sysctls);
      await lab.ip(node, 'link set lo up');
    }
    return lab;
  }

  /** Joins two nodes by a cable. */
  async link(a: End, b: End): Promise<void> {
    const nameA = this.#namespace(a.node);
    const nameB = this.#namespace(b.node);
    await mustRun(['ip', 'link', 'add', a.interface, 'netns', nameA, 'type', 'veth', 'peer', 'name', b.interface, 'netns', nameB]);
    for (const end of [a, b]) {
      for (const address of end.addresses) await this.ip(end.node, `addr add ${address} dev ${end.interface}`);
      await this.ip(end.node, `link set ${end.interface} up`);
    }
  }

  /** `ip …` in a node, for example `route add default via 10.0.0.1`. */
  ip(node: string, command: string): Promise<string> {
    return mustRun(['ip', '-n', this.#namespace(node), ...command.split(' ')]);
  }

  /** @param settings as in `net/ipv4/ip_forward=1` */
  async setSysctls(node: string, settings: readonly string[]): Promise<void> {
    const script = settings.map((setting) => setting.replace(/^(.*)=(.*)$/, 'echo $2 > /proc/sys/$1')).join(' && ');
    await this.run(node, ['sh', '-c', script]);
  }

  /**
   * Waits until a node reaches an address. A fresh cable loses packets at first, those that ask for neighbours among
   * them, and the kernel asks again only a second later: longer than many a probe's timeout.
   */
  async reaches(node: string, address: string): Promise<void> {
    await eventually(
      `${node} to reach ${address}`,
      async () => (await this.tryRun(node, ['ping', '-c', '1', '-W', '2', address])).exitCode === 0,
    );
  }

  /** Makes a node pass packets on. */
  forward(node: string): Promise<void> {
    return this.setSysctls(node, ['net/ipv4/ip_forward=1', 'net/ipv6/conf/all/forwarding=1']);
  }

  /** Replaces a node's firewall. @param ruleset as in an nft file */
  async firewall(node: string, ruleset: string): Promise<void> {
    await this.run(node, ['nft', `flush ruleset; ${ruleset.trim()}`]);
  }

  /** Packets that a named nft counter of table `inet lab` has seen. */
  async packetsCounted(node: string, counter: string): Promise<number> {
    const answer = JSON.parse(await this.run(node, ['nft', '-j', 'list', 'counter', 'inet', 'lab', counter])) as NftList;
    return answer.nftables.find((item) => item.counter !== undefined)!.counter!.packets;
  }

  /** Runs a program in a node to its end. @throws Error where it fails */
  run(node: string, command: readonly string[], options?: ChildOptions): Promise<string> {
    return mustRun(this.inside(node, command), options);
  }

  /** As {@link run}, for programs whose failure says something. */
  tryRun(node: string, command: readonly string[], options?: ChildOptions): Promise<Ended> {
    return runToEnd(this.inside(node, command), options);
  }

  /** Starts a program in a node; it ends with the lab at the latest. */
  start(node: string, command: readonly string[], options?: ChildOptions): Child {
    const child = new Child(this.inside(node, command), options);
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  /** The command that runs a command in a node. */
  inside(node: string, command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#namespace(node), ...command];
  }

  /** The node's hand: opens sockets in it, and asks what they saw. */
  agent(node: string): Promise<Agent> {
    let agent = this.#agents.get(node);
    if (agent === undefined) {
      agent = Agent.start((command, options) => this.start(node, command, options));
      this.#agents.set(node, agent);
    }
    return agent;
  }

  /** Ends all that runs in the lab, and removes it. */
  async remove(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop('SIGKILL')));
    this.#removeNamespaces();
    process.off('exit', this.#onExit);
  }

  #removeNamespaces(): void {
    for (const node of this.#nodes) removeNamespace(this.#namespace(node));
    this.#nodes.clear();
  }

  #namespace(node: string): string {
    return `${this.#name}-${node}`;
  }
}

interface NftList {
  readonly nftables: readonly { readonly counter?: { readonly packets: number } }[];
}
