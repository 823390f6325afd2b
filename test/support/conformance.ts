import { readFileSync } from 'node:fs';

/** The cases of a file in test/conformance/. */
export function conformanceCases<Case>(name: string): Case[] {
  return (JSON.parse(readFileSync(`test/conformance/${name}.json`, 'utf8')) as { cases: Case[] }).cases;
}
