import { spawnSync } from 'node:child_process';

/** Why a test that needs this program is left out; false where the program is there. */
export function skipWithout(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;
}

/** Runs a program to its end. @returns exit code, and both of its outputs in one text */
export function runTool(program: string, ...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
