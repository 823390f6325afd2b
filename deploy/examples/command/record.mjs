#!/usr/bin/env node
/** Appends a line for each event to a file: `record.mjs FILE`. An example of a program that the output `command` runs. */
import { appendFileSync, readFileSync } from 'node:fs';

const { checker, events } = JSON.parse(readFileSync(0, 'utf8'));
const lines = events.map(({ at, listener, backend, from, to, routable, reason }) =>
  [at, checker, `${listener}/${backend}`, `${from ?? '?'} → ${to ?? 'gone'}`, routable ? 'routable' : 'not routable', reason ?? '-'].join(
    ' ',
  ),
);
// What is thrown ends the program with another code than 0, and vitald runs it again later.
appendFileSync(process.argv[2], `${lines.join('\n')}\n`);
