/** What a daemon answers when it does not do what it was asked, as an error for people. */
import { harmless } from '../../diagnosis/text-style.js';
import { CodedError, type ErrorCode } from '../../errors.js';
import type { ApiAddress } from './address.js';

/** The daemon has answered, with a problem document or with what else has a status of 400 or more. */
export class ApiRefusal extends CodedError {
  readonly status: number;
  /** The stable word of the problem document (docs/api.md); undefined where the answer was none. */
  readonly problem: string | undefined;

  constructor(code: ErrorCode, message: string, status: number, problem: string | undefined) {
    super(code, message);
    this.status = status;
    this.problem = problem;
  }
}

const longestDetail = 2000;

/** @param body as it came: JSON where it is a problem document */
export function refusal(address: ApiAddress, status: number, body: string): ApiRefusal {
  const { code, detail } = problemOf(body);
  const said = detail === undefined ? `it answered HTTP ${status}` : harmless(detail.slice(0, longestDetail));
  return new ApiRefusal(codeFor(status), `${address.text}: ${said}${hint(status, code)}`, status, code);
}

function codeFor(status: number): ErrorCode {
  // Parameters come from the command line, and so do names of listeners and backends.
  if (status === 400 || status === 404) return 'usage';
  return status === 401 || status === 403 ? 'daemon_denies_access' : 'daemon_refused';
}

function hint(status: number, code: string | undefined): string {
  if (status === 401) return '\nIt asks for a token or a client certificate: VITALD_TOKEN, --token-file, or --cert-file with --key-file.';
  if (status === 403) return '\nThe token or certificate that was shown may not do this; use one with a higher role (docs/access.md).';
  // Every 404 of the API itself has a code.
  return status === 404 && code === undefined ? '\nIs this the API of vitald, and not another server or an older version?' : '';
}

function problemOf(body: string): { code?: string; detail?: string } {
  try {
    const { code, detail } = JSON.parse(body) as { code?: unknown; detail?: unknown };
    return { ...(typeof code === 'string' && { code }), ...(typeof detail === 'string' && { detail }) };
  } catch {
    return {};
  }
}
