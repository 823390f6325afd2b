/** Log lines about a plan and the state folder, written by the front. */
import { renderProblem } from '../config/problem.js';
import type { Applied } from '../engine/engine.js';
import type { FrontThread } from '../front-thread.js';
import type { StateFolder } from '../persistence/restore.js';
import type { LoadReply } from '../plan-loader.js';

/** Logs the warnings of the file, and each probe method that had to be replaced, with the listeners that use it. */
export function logWarnings(front: FrontThread, loaded: LoadReply, applied: Applied): void {
  for (const warning of loaded.warnings) front.notice('warn', renderProblem(warning));
  for (const notice of loaded.notices ?? []) front.notice('warn', notice);
  const listenersByWarning = new Map<string, string[]>();
  for (const { name, checkMethod } of applied.rows) {
    if (checkMethod.warning === undefined) continue;
    const listeners = listenersByWarning.get(checkMethod.warning);
    if (listeners === undefined) listenersByWarning.set(checkMethod.warning, [name]);
    else listeners.push(name);
  }
  for (const [warning, listeners] of listenersByWarning) front.notice('warn', warning, { listeners });
}

/** Logs what was found in the state folder. If it cannot be used, logs that, and starts using it as soon as possible. */
export function followFolder(front: FrontThread, { dir, late, problems, warnings }: StateFolder): void {
  for (const problem of problems) front.notice('error', problem);
  for (const warning of warnings) front.notice('warn', warning);
  if (late === undefined) return;
  front.notice('error', `${late.problem}; nothing is kept until it can be written, and it is tried again every few seconds`);
  late.start((problem, notes) => {
    front.post({ type: 'state_folder', problem });
    for (const note of notes) front.notice('warn', note);
    if (problem === undefined) front.notice('info', `the state folder ${dir} can be written now; what is to outlive this process is kept`);
    else front.notice('error', problem);
  });
}
