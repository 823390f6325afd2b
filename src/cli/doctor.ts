/** `vitald doctor`: why is a backend unhealthy? Asked on the backend. See docs/troubleshooting.md. */
import { doctor } from '../diagnosis/doctor/doctor.js';
import { localMachine } from '../diagnosis/doctor/local-machine.js';
import { DoctorUsageError, type DoctorOptions } from '../diagnosis/doctor/options.js';
import { CodedError } from '../errors.js';
import { printable } from '../probes/printable.js';
import type { Io } from './io.js';
import { showReport } from './show-report.js';

export interface DoctorFlags {
  readonly port: string;
  readonly address?: string;
  readonly from?: string;
  readonly udp: boolean;
  readonly json: boolean;
}

/**
 * @returns the exit code: 0 nothing wrong, 1 a cause found, 3 not permitted
 * @throws CodedError usage
 */
export async function doctorCommand({ port, json, ...flags }: DoctorFlags, io: Io): Promise<0 | 1 | 3> {
  if (!/^\d+$/.test(port)) throw new CodedError('usage', `--port ${printable(port)} is no port; ports are numbers from 1 to 65535`);
  const options: DoctorOptions = { ...flags, port: Number(port) };
  try {
    return showReport(await doctor(options, localMachine()), json, io);
  } catch (error) {
    throw error instanceof DoctorUsageError ? new CodedError('usage', error.message) : error;
  }
}
