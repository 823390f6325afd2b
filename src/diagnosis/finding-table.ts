/**
 * Every finding of `diagnose` and `doctor`: one table for their messages, their JSON and docs/troubleshooting.md, which
 * is generated from it. Source: interface.md, last section; spec.md sections 5 and 6.
 *
 * In commands, `{port}`, `{address}`, `{source}` and `{path}` stand for those of the case.
 */
import type { FaultAt } from './report.js';

export interface FindingInfo {
  readonly at: FaultAt;
  /** The finding in a few words. */
  readonly title: string;
  /** For the documentation: what it means, and how it comes to be. */
  readonly meaning: string;
  /** For the documentation: how it is found, and what it must be told apart from. */
  readonly foundBy: string;
  readonly remedy: { readonly text: string; readonly linux: readonly string[]; readonly windows: readonly string[] };
}

const todo = (at: FaultAt): FindingInfo => ({ at, title: '', meaning: '', foundBy: '', remedy: { text: '', linux: [], windows: [] } });

export const findingTable = {
  nothing_listens: todo('backend'),
  listens_on_loopback_only: todo('backend'),
  port_closed: todo('backend'),
  accept_queue_full: todo('backend'),
  accepts_but_silent: todo('backend'),
  closes_without_answer: todo('backend'),
  slow_response: todo('backend'),
  application_error: todo('backend'),
  overloaded: todo('backend'),
  host_down: todo('backend'),
  tls_certificate_problem: todo('backend'),
  answer_malformed: todo('backend'),
  firewall_drops_port: todo('network'),
  firewall_drops_source: todo('network'),
  firewall_rejects: todo('network'),
  icmp_blocked: todo('network'),
  no_route: todo('network'),
  no_route_back: todo('network'),
  packet_loss: todo('network'),
  hosts_deny: todo('network'),
  route_changed: todo('network'),
  source_is_local_on_backend: todo('network'),
  method_unsupported: todo('check'),
  path_not_found: todo('check'),
  host_header_needed: todo('check'),
  redirected: todo('check'),
  login_needed: todo('check'),
  status_not_expected: todo('check'),
  timeout_too_short: todo('check'),
  wrong_port: todo('check'),
  plain_check_on_tls_port: todo('check'),
  tls_check_on_plain_port: todo('check'),
  ping_says_nothing_of_service: todo('check'),
  errors_count_as_healthy: todo('check'),
  dynamic_page: todo('check'),
  tcp_check_on_tls_port: todo('check'),
  checker_cannot_send: todo('checker'),
  checker_source_missing: todo('checker'),
  checker_overloaded: todo('checker'),
  unexplained: todo('checker'),
  tw_recycle_with_timestamps: todo('backend'),
  icmp_echo_ignored: todo('backend'),
  icmp_errors_limited: todo('backend'),
  rp_filter_drops: todo('backend'),
  conntrack_full: todo('backend'),
} as const satisfies Readonly<Record<string, FindingInfo>>;

export type FindingCode = keyof typeof findingTable;
