/** The command line of the doctor as a file of its own. Of the daemon’s, commander reads it; here there are no packages. */
import { parseArgs } from 'node:util';
import { messageOf } from '../../message-of.js';
import { DoctorUsageError, type DoctorOptions } from './options.js';

export interface DoctorArguments {
  readonly options: DoctorOptions;
  readonly json: boolean;
}

export const usage = `Usage: node doctor.mjs --port N [--address IP] [--from CIDR] [--udp] [--json]

Why is this backend unhealthy? Run it on the backend, as root if you can: an ordinary user sees less; the report lists what.

  --port N        port that the check goes to
  --address IP    address of this machine that the check goes to
  --from CIDR     addresses that the checks come from, for example 100.125.0.0/16
  --udp           the port is one of UDP
  --json          for machines
`;

/** @returns undefined where help is asked for  @throws DoctorUsageError */
export function parseDoctorArguments(args: readonly string[]): DoctorArguments | undefined {
  const { values } = parsed(args);
  if (values.help === true) return undefined;
  if (values.port === undefined) throw new DoctorUsageError('--port is missing: the port that the check goes to');
  if (!/^\d+$/.test(values.port)) throw new DoctorUsageError(`--port: ${JSON.stringify(values.port)} is no port; allowed are 1 to 65535`);
  const { port, address, from, udp = false, json = false } = values;
  return { options: { port: Number(port), udp, ...(address !== undefined && { address }), ...(from !== undefined && { from }) }, json };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        address: { type: 'string' },
        from: { type: 'string' },
        udp: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new DoctorUsageError(messageOf(error));
  }
}
