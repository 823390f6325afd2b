/**
 * Sockets of probes that ended in silence, which stay open for ICMP errors that come after the timeout. A router that
 * gets no answer to ARP or neighbor discovery asks three times, a second apart, and reports "host unreachable" then
 * (RFC 4861 section 7.2.2; Linux: mcast_solicit 3, retrans_time_ms 1000).
 *
 *   datagram ──── timeout: ends as ok ──────────── 3 s: the router's error ──── 4 s: closed
 */
import type { Target } from '../probe.js';
import type { Flight } from './flight.js';

/** After the first datagram, an error is waited for this long. */
const listenMs = 4000;
/** Each holds a descriptor. */
export const mostListening = 1024;

export class LateErrors {
  /** By slot, in the order in which they began. One of a target is enough: several would wait for the same router. */
  readonly #flights = new Map<number, Flight>();

  /** Takes a flight over, if an error can still come. Returns false when its socket is to be closed. */
  add(flight: Flight, nowMs: number): boolean {
    const { slot } = flight.target;
    if (nowMs >= flight.firstSentMs + listenMs || this.#flights.has(slot) || this.#flights.size >= mostListening) return false;
    this.#flights.set(slot, flight);
    return true;
  }

  has(flight: Flight): boolean {
    return this.#flights.get(flight.target.slot) === flight;
  }

  /** Whether an error about an earlier probe of this target can still come. */
  awaits(target: Target): boolean {
    return this.#flights.has(target.slot);
  }

  /** Closes the sockets that have waited long enough. @param ended called for each flight */
  sweep(nowMs: number, ended: (flight: Flight) => void): void {
    for (const [slot, flight] of this.#flights) {
      if (nowMs < flight.firstSentMs + listenMs) return;
      this.#flights.delete(slot);
      flight.socket?.close();
      ended(flight);
    }
  }

  forget(target: Target): void {
    this.#flights.get(target.slot)?.socket?.close();
    this.#flights.delete(target.slot);
  }

  close(): void {
    for (const { socket } of this.#flights.values()) socket?.close();
    this.#flights.clear();
  }
}
