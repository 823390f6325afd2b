/** What the question means on this machine: which of its addresses and interfaces the check may come to. */
import type { Case } from './facts.js';
import { addressRange, isLoopback } from './intervals.js';
import type { LocalAddress, Machine } from './machine.js';
import type { Question } from './options.js';

type Target = Case['targets'][number];

export function caseOf(question: Question, machine: Machine): Case {
  const all = machine.addresses().flatMap((local): Target[] => {
    const range = addressRange(local.address);
    return range?.family === question.family ? [{ ...local, range }] : [];
  });
  const outer = all.filter(({ address }) => !isLoopback(address));
  const named = all.filter(({ range }) => question.address !== undefined && range.first === addressRange(question.address)?.first);
  const targets = named.length > 0 ? named : outer;
  return {
    question,
    addresses: outer,
    targets,
    hasAddress: question.address === undefined || named.length > 0 || isLoopback(question.address),
    interfaces: interfacesOf(targets, outer),
    startedAt: machine.now(),
    processors: machine.processors,
  };
}

/** A packet comes by the interface that has its destination; to an address of the loopback interface, by any. */
function interfacesOf(targets: readonly Target[], outer: readonly LocalAddress[]): string[] {
  const names = new Set(targets.map((target) => target.interface));
  if (names.has('lo') && !targets.every(({ address }) => isLoopback(address))) {
    names.delete('lo');
    for (const local of outer) if (local.interface !== 'lo') names.add(local.interface);
  }
  return [...names];
}
