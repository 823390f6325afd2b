/**
 * Whether the certificate of an open connection would still be accepted. OpenSSL checks it once, in the handshake, with the
 * authorities of that moment. A reload can replace them, and connections stay open for as long as their clients like.
 *
 * When the authorities change, each open connection must show a chain of valid signatures from its certificate to an
 * authority that is still there. The checks of the handshake (purpose, path length, ...) were made with the same chain.
 */
import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsPlan } from '../../config/plan.js';

/** Certificates from a client's own to that of an authority. */
const longestChain = 10;

const distrusted = new WeakSet<TLSSocket>();

/** Whether an authority of the configuration in force vouches for the client's certificate. */
export function isTrusted(socket: TLSSocket): boolean {
  return socket.authorized && !distrusted.has(socket);
}

/** The TLS connections of a server. */
export class ClientTrust {
  readonly #open = new Set<TLSSocket>();
  /** Connections whose handshake has not ended, by the peer's address and port: TLS gives HTTP another socket. */
  readonly #shaking = new Map<string, Socket>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#shaking.set(peer, socket);
      socket.once('close', () => {
        if (this.#shaking.get(peer) === socket) this.#shaking.delete(peer);
      });
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#shaking.delete(peerOf(socket));
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /**
   * To be called after the server has its new authorities.
   *
   * @param pem certificates of the authorities; undefined: there are none
   */
  authoritiesChanged(pem: string | undefined): void {
    // A handshake under way still uses the old ones.
    for (const socket of this.#shaking.values()) socket.destroy();
    const authorities = certificatesIn(pem ?? '');
    for (const socket of this.#open) if (socket.authorized && !hasChain(socket, authorities)) distrusted.add(socket);
  }

  /** To be called when the lowest version of TLS may have been raised: connections below it are ended. */
  endBelow(minVersion: TlsPlan['minVersion']): void {
    // Older versions are never negotiated; see config/access-schema.ts.
    if (minVersion === '1.3') for (const socket of this.#open) if (socket.getProtocol() !== 'TLSv1.3') socket.destroy();
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g);
  return (blocks ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function hasChain(socket: TLSSocket, authorities: readonly X509Certificate[]): boolean {
  const own = socket.getPeerX509Certificate();
  if (own === undefined) return false;
  const trusted = new Set(authorities.map(({ fingerprint256 }) => fingerprint256));
  const issuers = [...authorities, ...sentWith(own)];
  const leadsToAuthority = (certificate: X509Certificate, length: number): boolean => {
    if (isSignedBy(certificate, certificate)) return trusted.has(certificate.fingerprint256);
    if (length >= longestChain) return false;
    return issuers.some((issuer) => issuer.ca && isSignedBy(certificate, issuer) && leadsToAuthority(issuer, length + 1));
  };
  return leadsToAuthority(own, 1);
}

/** Certificates that the client sent after its own; none on a connection that resumed a session. */
function sentWith(own: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = [];
  for (let next = own.issuerCertificate; next !== undefined && sent.length < longestChain; next = next.issuerCertificate) sent.push(next);
  return sent;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
