#!/usr/bin/env node
/** The doctor as a program of its own, for a backend that has Node.js and nothing else. Bundled into dist/doctor.mjs. */
import { exitCodeOf } from '../exit-code.js';
import { reportAsData } from '../report-json.js';
import { reportAsText } from '../report-text.js';
import { parseDoctorArguments, usage, type DoctorArguments } from './arguments.js';
import { doctor } from './doctor.js';
import { localMachine } from './local-machine.js';
import { DoctorUsageError } from './options.js';

const wrongUsage = 2;
const defaultColumns = 100;

async function examine({ options, json }: DoctorArguments): Promise<number> {
  const report = await doctor(options, localMachine());
  const { isTTY, columns = defaultColumns } = process.stdout;
  const style = { color: isTTY && process.env['NO_COLOR'] === undefined, columns };
  process.stdout.write(json ? `${JSON.stringify(reportAsData(report))}\n` : reportAsText(report, style));
  return exitCodeOf(report);
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseDoctorArguments(args);
    if (parsed !== undefined) return await examine(parsed);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof DoctorUsageError)) throw error;
    process.stderr.write(`doctor: ${error.message}\n\n${usage}`);
    return wrongUsage;
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
