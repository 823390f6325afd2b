#!/usr/bin/env node
/** The doctor as a program of its own, for a backend that has Node.js and nothing else. Bundled into dist/doctor.mjs. */
import { exitCodeOf } from '../exit-code.js';
import { commandOutput, isClosedPipe, outputProblem } from '../command-output.js';
import { reportAsData } from '../report-json.js';
import { reportAsText } from '../report-text.js';
import { parseDoctorArguments, usage, type DoctorArguments } from './arguments.js';
import { doctor } from './doctor.js';
import { localMachine } from './local-machine.js';
import { DoctorUsageError } from './options.js';

const wrongUsage = 2;
const wasNotWritten = 3;
const defaultColumns = 100;

const stdout = commandOutput(process.stdout);

async function examine({ options, json }: DoctorArguments): Promise<number> {
  const report = await doctor(options, localMachine());
  const { isTTY, columns = defaultColumns } = process.stdout;
  const style = { color: isTTY && process.env['NO_COLOR'] === undefined, columns };
  stdout.write(json ? `${JSON.stringify(reportAsData(report))}\n` : reportAsText(report, style));
  return exitCodeOf(report);
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseDoctorArguments(args);
    if (parsed !== undefined) return await examine(parsed);
    stdout.write(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof DoctorUsageError)) throw error;
    process.stderr.write(`doctor: ${error.message}\n\n${usage}`);
    return wrongUsage;
  }
}

/** Exit code of the doctor, unless its answer was lost. */
function exitCodeAfter(exitCode: number): number {
  const { error } = stdout;
  if (error === undefined || isClosedPipe(error)) return exitCode;
  process.stderr.write(`doctor: ${outputProblem(error)}\n`);
  return wasNotWritten;
}

void main(process.argv.slice(2)).then(async (code) => {
  await stdout.flushed();
  process.exitCode = exitCodeAfter(code);
});
