/**
 * Which ping a command makes. It is the daemon's own (echo.ts), so that a probe by hand means what the daemon's means:
 * the same packets, the same reasons, IPv6 and ICMPv6 errors included.
 *
 * Its raw socket is filtered in the kernel by koffi. Where koffi does not work, the package net-ping can still send an
 * echo, by raw-socket alone: not from a chosen address or interface, and deaf to ICMPv6 errors.
 */
import type { CheckSettings, ProbeKind } from '../probe.js';
import { loadLibc } from '../raw/native.js';
import { pingKind } from './kind.js';
import { NetPingProbe } from './net-ping.js';

/** @param canFilter whether the daemon's own ping works on this machine; for tests */
export function oneShotKind(
  kind: ProbeKind,
  { source, interface: device }: CheckSettings,
  canFilter = loadLibc() !== undefined,
): ProbeKind {
  if (kind !== pingKind || canFilter || source !== undefined || device !== undefined) return kind;
  return { ...pingKind, create: (context) => new NetPingProbe(context) };
}
