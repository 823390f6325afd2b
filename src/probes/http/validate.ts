/** What the schema of the options cannot express. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { readProblem, readRegularFileSync } from '../../files/regular-file.js';
import { statusRange, allowedStatusForms, type StatusExpression } from '../../health/expected-status.js';
import type { OptionProblem } from '../probe.js';
import type { GivenHttpOptions } from './options.js';

/** Headers that the probe sets by itself, and what to use in their place. */
const ownHeaders: Readonly<Record<string, string>> = {
  host: 'use `host` instead',
  connection: 'use `reuse` instead',
  'content-length': 'a check’s request has no body',
  'transfer-encoding': 'a check’s request has no body',
};

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Printable Latin-1 and tabs: what can go over the wire without ending the line (RFC 9110 §5.5).
const headerValue = /^[\t\x20-\x7e\xa0-\xff]*$/;
const hostSyntax = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::(\d{1,5}))?$/;
const dnsName = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$/;

/** A file of certificates is small; anything larger is a mistake (a device, a log). */
const maxCaFileBytes = 4 * 1024 * 1024;

/**
 * Every problem of the options of an http or https check. Reads `tls.ca_file`. The messages follow the path of the option
 * and never quote its value, which may be a secret in the wrong place.
 */
export function validateHttpOptions(options: GivenHttpOptions): OptionProblem[] {
  return [
    ...statusProblems(options.expected_status ?? []),
    ...headerProblems(options.headers ?? {}),
    ...hostProblems(options.host),
    ...tlsProblems(options.tls ?? {}),
  ];
}

/** A wrong status, if it has the form of one. */
function named(expression: string): string {
  return /^(http_)?[0-9x]{1,4}(-[0-9]{0,4})?$/.test(expression) ? `"${expression}" ` : '';
}

function statusProblems(expressions: readonly StatusExpression[]): OptionProblem[] {
  return expressions.flatMap((expression, place) =>
    statusRange(expression) === undefined
      ? [{ path: ['expected_status', place], message: `${named(String(expression))}is not a status; allowed: ${allowedStatusForms}` }]
      : [],
  );
}

function headerProblems(headers: Readonly<Record<string, string>>): OptionProblem[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]): OptionProblem[] => {
    const path = ['headers', name];
    const lower = name.toLowerCase();
    if (!headerName.test(name)) {
      return [{ path, message: `is not a header name; allowed: letters, digits and !#$%&'*+-.^_\`|~` }];
    }
    const instead = ownHeaders[lower];
    if (instead !== undefined) return [{ path, message: `the header ${name} is set by vitald; ${instead}` }];
    if (seen.has(lower)) return [{ path, message: `this header is given twice; upper and lower case make no difference` }];
    seen.add(lower);
    if (!headerValue.test(value)) {
      return [
        {
          path,
          message: `its value has characters that a header cannot hold; allowed: printable Latin-1, no line breaks`,
        },
      ];
    }
    return [];
  });
}

function hostProblems(host: string | undefined): OptionProblem[] {
  if (host === undefined) return [];
  if (isIP(host) === 6) return [{ path: ['host'], message: `an IPv6 address stands in brackets here: "[${host}]"` }];
  const parts = hostSyntax.exec(host);
  const bracketed = parts?.[1]?.startsWith('[') === true ? parts[1].slice(1, -1) : undefined;
  const port = parts?.[2];
  if (!parts || (bracketed !== undefined && isIP(bracketed) !== 6) || (port !== undefined && (Number(port) < 1 || Number(port) > 65535))) {
    return [
      {
        path: ['host'],
        message: `is not a host; allowed: NAME, ADDRESS or [IPV6], and :PORT after it; no scheme, no path`,
      },
    ];
  }
  return [];
}

function tlsProblems(tls: NonNullable<GivenHttpOptions['tls']>): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const name = tls.server_name;
  if (name !== undefined && isIP(name) !== 0) {
    const message = `is an address; a server name is a DNS name (RFC 6066). Leave it out to have the certificate checked against the backend’s address`;
    problems.push({ path: ['tls', 'server_name'], message });
  } else if (name !== undefined && !dnsName.test(name)) {
    problems.push({ path: ['tls', 'server_name'], message: `is not a DNS name, such as example.com` });
  }
  if (tls.ca_file !== undefined) {
    try {
      readCaFile(tls.ca_file);
    } catch (error) {
      problems.push({ path: ['tls', 'ca_file'], message: (error as Error).message });
    }
  }
  return problems;
}

/**
 * @returns the text of a PEM file of certificates
 * @throws Error with a sentence for the operator when it cannot be read or holds no valid certificate
 */
export function readCaFile(file: string): string {
  const text = readSmallFile(file);
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  if (!certificates) throw new Error(`holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
  certificates.forEach((certificate, place) => {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new Error(`certificate ${place + 1} of ${certificates.length} in it is damaged`);
    }
  });
  return text;
}

function readSmallFile(file: string): string {
  try {
    return readRegularFileSync(file, maxCaFileBytes).toString('utf8');
  } catch (error) {
    throw new Error(`cannot be read: ${readProblem(error)}`, { cause: error });
  }
}
