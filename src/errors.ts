/**
 * Every error that vitald reports by a code: one table. `exitCode` for the command line, `httpStatus`
 * for the API. docs/api.md and docs/deployment.md list them from here.
 */
interface ErrorInfo {
  readonly exitCode?: 1 | 2 | 3;
  readonly httpStatus?: number;
  /** What it means, for the documentation and as the `title` of a problem document. */
  readonly title: string;
}

export const errorTable = {
  config_invalid: { exitCode: 1, title: 'The configuration is not valid' },
  usage: { exitCode: 2, title: 'Wrong usage of the command line' },
  address_in_use: { exitCode: 3, title: 'The listen address is in use' },
  address_not_available: { exitCode: 3, title: 'The listen address is not one of this machine’s' },
  permission_missing: { exitCode: 3, title: 'The machine does not permit what the configuration asks for' },
  machine_shortage: { exitCode: 3, title: 'File descriptors or memory of this machine are used up' },
  state_dir_not_writable: { exitCode: 3, title: 'The state folder cannot be written' },
  state_dir_in_use: { exitCode: 3, title: 'The state folder is in use by another vitald' },
  tls_not_usable: { exitCode: 3, title: 'The certificate or key of the API cannot be used' },
  front_failed: { exitCode: 3, title: 'The API thread could not start' },
  daemon_unreachable: { exitCode: 3, title: 'No running vitald could be asked' },
  daemon_denies_access: { exitCode: 3, title: 'Permission denied by the running vitald' },
  daemon_refused: { exitCode: 1, title: 'The running vitald does not do this, or its answer makes no sense' },
  bad_request: { httpStatus: 400, title: 'The request is not valid' },
  unauthorized: { httpStatus: 401, title: 'Credentials are needed' },
  forbidden: { httpStatus: 403, title: 'Not allowed to this caller, or from there' },
  network_not_allowed: { httpStatus: 403, title: 'Outside the networks that runtime backends may lie in' },
  listener_not_found: { httpStatus: 404, title: 'No such listener' },
  backend_not_found: { httpStatus: 404, title: 'No such backend' },
  output_not_configured: { httpStatus: 404, title: 'No such output is configured' },
  override_not_found: { httpStatus: 404, title: 'This backend has no such override' },
  diagnosis_not_found: { httpStatus: 404, title: 'This backend was not diagnosed' },
  not_found: { httpStatus: 404, title: 'No such resource' },
  method_not_allowed: { httpStatus: 405, title: 'The method is not allowed here' },
  request_timeout: { httpStatus: 408, title: 'The request did not arrive in time' },
  backend_in_file: { httpStatus: 409, title: 'The configuration file has this backend' },
  duplicate_backend: { httpStatus: 409, title: 'Another backend has this id, or this address and port' },
  check_disabled: { httpStatus: 409, title: 'The listener does not check its backends' },
  would_empty_listener: { httpStatus: 409, title: 'The listener would have no backend left' },
  override_limit: { httpStatus: 409, title: 'Too many overrides' },
  runtime_backend_limit: { httpStatus: 409, title: 'Too many runtime backends' },
  precondition_failed: { httpStatus: 412, title: 'Another client has changed it in the meantime' },
  payload_too_large: { httpStatus: 413, title: 'The request body is too large' },
  uri_too_long: { httpStatus: 414, title: 'The request target is too long' },
  unsupported_media_type: { httpStatus: 415, title: 'The body is not JSON' },
  misdirected: { httpStatus: 421, title: 'The API is not known by this host name' },
  rate_limited: { httpStatus: 429, title: 'Too many requests' },
  limit_reached: { httpStatus: 429, title: 'More is open or under way than one client may have' },
  diagnosis_limit: { httpStatus: 429, title: 'Too many diagnoses at a time' },
  probe_limit: { httpStatus: 429, title: 'Too many probes were asked for' },
  header_too_large: { httpStatus: 431, title: 'The request headers are too large' },
  internal: { httpStatus: 500, title: 'Internal error' },
  not_implemented: { httpStatus: 501, title: 'Not supported by this server' },
  event_reader_limit: { httpStatus: 503, title: 'Too many readers of events' },
  too_many_connections: { httpStatus: 503, title: 'Too many connections' },
  unavailable: { httpStatus: 503, title: 'Not ready' },
  probe_timeout: { httpStatus: 504, title: 'The probe has not ended in time' },
  state_not_saved: { httpStatus: 507, title: 'The change could not be kept on disk' },
} as const satisfies Record<string, ErrorInfo>;

export type ErrorCode = keyof typeof errorTable;

/** An error that is part of the contract: `message` is one clear sentence for the person who reads it. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Members of the API's problem document beyond the usual ones, for programs. */
  get members(): Readonly<Record<string, unknown>> {
    return {};
  }

  /** Exit code of the command line for this error. */
  get exitCode(): number {
    const info: ErrorInfo = errorTable[this.code];
    return info.exitCode ?? 1;
  }

  /** HTTP status of the API for this error. */
  get httpStatus(): number {
    const info: ErrorInfo = errorTable[this.code];
    return info.httpStatus ?? 500;
  }
}

const shortages: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no free file descriptor (EMFILE); raise its limit of open files',
  ENFILE: 'this machine has no free file descriptor (ENFILE); raise fs.file-max, or end what holds them',
  ENOMEM: 'this machine has no free memory (ENOMEM)',
  ENOBUFS: 'this machine has no free network buffer (ENOBUFS)',
  EAGAIN: 'this machine allows no further thread or process (EAGAIN); raise the limit of tasks',
  // Node.js takes a package.json that it cannot open for one that is not there.
  ERR_MODULE_NOT_FOUND:
    'a part of vitald itself could not be loaded (ERR_MODULE_NOT_FOUND): this process has no free file descriptor (EMFILE), or the installation was changed; raise its limit of open files, or restart it',
};

/**
 * Addons and threads that could not be loaded have no error code of their own: the cause is in their text. Node.js gives the
 * number only for what os.networkInterfaces() meets.
 */
const shortageTexts: readonly (readonly [text: RegExp, code: string])[] = [
  [/\bENFILE\b|too many open files in system|system error 23\b/i, 'ENFILE'],
  [/\bEMFILE\b|too many open files|system error 24\b/i, 'EMFILE'],
  [/\bENOMEM\b|cannot allocate memory|system error 12\b/i, 'ENOMEM'],
  [/^Cannot find (package|module) '/, 'ERR_MODULE_NOT_FOUND'],
];

/**
 * Explains an error that only says that descriptors, memory or threads are used up, as a clause. Such an error passes by
 * itself: it says nothing about a configuration, a file or a permission.
 *
 * @returns undefined for every other error
 */
export function shortageOf(error: unknown): string | undefined {
  const { code, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === 'machine_shortage') return message;
  if (code !== undefined && Object.hasOwn(shortages, code)) return shortages[code];
  const named = shortageTexts.find(([text]) => text.test(message));
  if (named !== undefined) return shortages[named[1]];
  // The thread itself could not be made (pthread_create).
  return code === 'ERR_WORKER_INIT_FAILED' ? shortages['EAGAIN'] : undefined;
}
