import { get, type Agent } from 'node:http';

/** The body of an answer, as bytes. */
export function getBody(url: string, agent: Agent): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('end', () => resolve(Buffer.concat(pieces)));
      response.once('error', reject);
    }).once('error', reject);
  });
}
