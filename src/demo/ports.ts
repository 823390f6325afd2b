/** The demo backends: what each shows, and its port on 127.0.0.1. config/quickstart.yaml names the same ports. */

export const demoAddress = '127.0.0.1';

export interface DemoPorts {
  readonly answers: number;
  readonly refuses: number;
  readonly silent: number;
  readonly slow: number;
  readonly error503: number;
  readonly flapping: number;
  readonly https: number;
  readonly udpAnswers: number;
  readonly udpClosed: number;
  readonly udpSilent: number;
}

export type DemoName = keyof DemoPorts;

export const demoPorts: DemoPorts = {
  answers: 18080,
  refuses: 18081,
  silent: 18082,
  slow: 18083,
  error503: 18084,
  flapping: 18085,
  https: 18086,
  udpAnswers: 18090,
  udpClosed: 18091,
  udpSilent: 18092,
};

/** How long `slow` takes for an answer. */
export const slowMs = 2_000;
/** How long `flapping` is up, and then down. */
export const flapMs = 10_000;
