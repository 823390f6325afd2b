/**
 * Every reason a probe can end with: one table for the program, its API, its metrics and its documentation
 * (`docs/reasons.md` is generated from it). Source: docs/semantics.md items 9, 18–20.
 */

/** What one probe says of its backend. `indeterminate` says nothing, mostly by the checker's own fault: it neither counts nor resets a count. */
export type OutcomeKind = 'pass' | 'fail' | 'indeterminate';

/** The layer a reason belongs to, as the documentation groups them. */
export type ReasonLayer = 'pass' | 'connection' | 'tls' | 'application' | 'checker';

/**
 * What an ending rests on, and so what of the checker's own troubles could have caused it (invariant 1):
 *
 * - `answer`: something came back that says it; the checker's troubles cannot cause that
 * - `silence`: nothing came back in time; counts once the backend has had its full time
 * - `gave_up`: the backend ended the connection, as servers also do when a client is slow
 * - `unreachable`: a router or this machine's kernel found no way there
 * - `checker`: the probe itself was not possible
 */
export type Evidence = 'answer' | 'silence' | 'gave_up' | 'unreachable' | 'checker';

export interface ReasonInfo {
  readonly outcome: OutcomeKind;
  readonly layer: ReasonLayer;
  readonly evidence: Evidence;
  readonly meaning: string;
  readonly causes: string;
  readonly remedy: string;
}

const fail = (layer: ReasonLayer, evidence: Evidence, meaning: string, causes: string, remedy: string): ReasonInfo => ({
  outcome: 'fail',
  layer,
  evidence,
  meaning,
  causes,
  remedy,
});

const indeterminate = (meaning: string, causes: string, remedy: string): ReasonInfo => ({
  outcome: 'indeterminate',
  layer: 'checker',
  evidence: 'checker',
  meaning,
  causes,
  remedy,
});

export const reasonTable = {
  ok: {
    outcome: 'pass',
    layer: 'pass',
    evidence: 'answer',
    meaning: 'The backend answered as it should, within the timeout.',
    causes: 'The service works as far as this kind of check can see.',
    remedy: 'Nothing to do.',
  },
  connect_timeout: fail(
    'connection',
    'silence',
    'No answer at all to the connection attempt within the timeout, although it was repeated.',
    'A firewall or security group drops the packets; the host is down or its address is wrong; no route back to the checker; the accept queue of the service is full.',
    'Let the source range of the checks in to the check port; see that the host runs and answers ping; look at the backend’s default route and at its load.',
  ),
  connect_refused: fail(
    'connection',
    'answer',
    'The backend answered with RST: the port is closed.',
    'No process listens on the check port, or it listens on another address (loopback only); a firewall rejects with RST.',
    'On the backend: `ss -ltnp`, start the service, and let it listen on the private address or 0.0.0.0.',
  ),
  connect_reset: fail(
    'connection',
    'gave_up',
    'The connection was opened and then reset before an answer came.',
    'The service closes connections by itself (overload, access list, crash); a middlebox cuts them.',
    'Look at the service’s own log and limits; ask the application directly on the backend.',
  ),
  host_unreachable: fail(
    'connection',
    'unreachable',
    'A router, or this host’s own kernel, said that the backend cannot be reached.',
    'The host is down (no host in the same network answers for its address); a router has no path to it.',
    'See that the host runs and has this address; `ip neigh` and `ip route get ADDRESS` on the checker.',
  ),
  net_unreachable: fail(
    'connection',
    'unreachable',
    'There is no route to the backend’s network.',
    'A missing or wrong route on the checker or on a router in between.',
    '`ip route get ADDRESS` on the checker; add the route.',
  ),
  port_unreachable: fail(
    'connection',
    'answer',
    'The backend answered with ICMP port unreachable: nothing listens on that UDP port.',
    'The UDP service is not running or has another port; a firewall rejects with port unreachable.',
    'On the backend: `ss -lunp`; start the service or correct the port.',
  ),
  admin_prohibited: fail(
    'connection',
    'answer',
    'A firewall answered with ICMP “administratively prohibited”.',
    'A firewall on the backend or on the way rejects the check’s source or port.',
    'Let the source range of the checks in to the check port.',
  ),
  ping_timeout: fail(
    'connection',
    'silence',
    'No echo reply within the timeout, although the echo request was repeated.',
    'The host is down; ICMP is filtered; `net.ipv4.icmp_echo_ignore_all=1` on the backend.',
    'Allow ICMP echo from the checker, or use a check of the service itself (tcp, http, udp with an expected answer).',
  ),
  reply_timeout: fail(
    'connection',
    'silence',
    'The UDP service did not send the expected answer within the timeout.',
    'The service hangs or ignores this datagram; a firewall drops it.',
    'Send the same datagram by hand; check `udp.send` and `udp.expect`.',
  ),
  reply_mismatch: fail(
    'connection',
    'answer',
    'The UDP service answered something other than `udp.expect`.',
    'Another service listens on that port, or the expected answer is out of date.',
    'Compare the answer in the detail with `udp.expect`.',
  ),
  tls_timeout: fail(
    'tls',
    'silence',
    'The TCP connection stands, but the TLS handshake was not finished within the timeout.',
    'The backend is overloaded; the port does not speak TLS and waits for a request.',
    '`openssl s_client -connect ADDRESS:PORT`; check that the port speaks TLS.',
  ),
  tls_handshake_failed: fail(
    'tls',
    'gave_up',
    'The TLS handshake failed.',
    'The port speaks plain text, or protocol versions, ciphers or server name do not match.',
    '`openssl s_client -connect ADDRESS:PORT`; use type http for a plain port; set `tls.server_name`.',
  ),
  tls_certificate_invalid: fail(
    'tls',
    'answer',
    'The certificate was refused (`tls.verify: true`).',
    'Expired, issued for another name, or signed by an authority that `tls.ca_file` does not hold.',
    'Renew the certificate, set `tls.server_name` or `tls.ca_file`.',
  ),
  send_failed: fail(
    'application',
    'gave_up',
    'The connection stands, but the request could not be sent.',
    'The backend closed the connection at once.',
    'Look at the service’s own log and access lists.',
  ),
  response_timeout: fail(
    'application',
    'silence',
    'The backend accepted the connection but did not finish its answer within the timeout.',
    'The application is slow, overloaded or hangs; the check page depends on something that does.',
    'Measure the answer (`curl -w "%{time_total}\\n"`), check a simple static page, or set a longer timeout.',
  ),
  response_closed: fail(
    'application',
    'gave_up',
    'The backend closed the connection before its answer was complete.',
    'The application crashed or refuses this method, host or version; a plain check on a TLS port.',
    'Repeat the request by hand: `curl -iv`; try method GET, a Host header, or type https.',
  ),
  response_malformed: fail(
    'application',
    'answer',
    'What came back is not an HTTP response.',
    'Another protocol listens on that port (TLS, SSH, a database), or the application is broken.',
    'Check port and type; look at the first bytes in the detail.',
  ),
  response_too_large: fail(
    'application',
    'answer',
    'The header of the response is larger than 64 KiB, or never ends. Over TLS, so is what the backend sends around it (256 KiB).',
    'A broken or hostile application.',
    'Look at the response headers: `curl -sI`.',
  ),
  status_mismatch: fail(
    'application',
    'answer',
    'The backend answered, with a status that the check does not accept.',
    'The application has an error (5xx); wrong path (404), missing Host (400, 404), login needed (401, 403), a redirect (3xx), HEAD not supported (405, 501).',
    'Compare the status in the detail with `expected_status`; correct path, host or method.',
  ),
  checker_late: indeterminate(
    'This checker was held up for too long: the ending of the probe says nothing about the backend. The probe is repeated at once.',
    'The process or the whole machine was stopped for longer than a timeout, the backend gave up on a connection that the checker left waiting, or the checker lost answers because it read too slowly.',
    'Give the checker more processor time; look at `vitald_probe_start_delay_seconds`.',
  ),
  checker_resources: indeterminate(
    'The probe could not be made: descriptors, buffers or ports of the checker are used up.',
    'Too low a limit of open files, a full send buffer, too many probes in flight.',
    'Raise `LimitNOFILE`, or probe less often.',
  ),
  checker_permission: indeterminate(
    'The probe could not be made: this process may not, or this machine lets nothing out to the backend.',
    '`CAP_NET_RAW` is missing; a firewall of this machine drops or rejects outgoing packets; a `prohibit` or `blackhole` route covers the backend.',
    'The detail names the cause. Grant `CAP_NET_RAW` (docs/deployment.md); look at `nft list ruleset` and `ip route get ADDRESS`.',
  ),
  checker_source_missing: indeterminate(
    'The probe could not be made: the address or interface that it has to leave from is not on this machine.',
    '`check.source` is a floating address that another machine has now (VRRP, keepalived), or `check.interface` was removed; an address of this machine was removed while the probe was under way.',
    'Nothing, if this machine is a standby. Otherwise compare `ip address` with `check.source` and `check.interface`. Probing resumes within a second after the address returns.',
  ),
  checker_offline: indeterminate(
    'This machine itself is cut off from the backend’s network.',
    'The interface toward the backend is down or has no carrier, or this machine has lost its route to every backend of that IP version.',
    'Look at `ip link` and `ip route` on the checker. Probing goes on by itself when the link or the route is back.',
  ),
  icmp_limited: indeterminate(
    'A UDP port was silent while its host had no ICMP errors left to send: "port unreachable" may have been held back.',
    'Many closed UDP ports on one host, whose kernel limits its ICMP errors (Linux: one a second to each checker, net.ipv4.icmp_ratelimit).',
    'Look at the other UDP backends of the host; they fail with `port_unreachable`. Set `udp.expect`, with which only an answer passes.',
  ),
  canceled: indeterminate(
    'The probe was given up because the configuration changed or the daemon stopped.',
    'A reload or a stop.',
    'Nothing to do.',
  ),
} as const satisfies Record<string, ReasonInfo>;

/** A stable word for how a probe ended; part of the public contract. */
export type Reason = keyof typeof reasonTable;

/** All reasons in a fixed order; a reason's place in it is its code in the status table. */
export const reasons = Object.keys(reasonTable) as readonly Reason[];

/** The code of each reason: its place in {@link reasons}. */
export const reasonCode = Object.fromEntries(reasons.map((reason, code) => [reason, code])) as Readonly<Record<Reason, number>>;

/** What kind of outcome a reason is. */
export function outcomeOf(reason: Reason): OutcomeKind {
  return reasonTable[reason].outcome;
}

/** What a reason rests on. */
export function evidenceOf(reason: Reason): Evidence {
  return reasonTable[reason].evidence;
}
