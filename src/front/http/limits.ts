/** What one client may take of the API. */
export const limits = {
  /** Characters of the request target; longer: 414. */
  urlLength: 8192,
  /** Request line and headers together; longer: 431. Above {@link urlLength}, so that a long target gets its own answer. */
  headerBytes: 32 * 1024,
  /** Of calls that take no body: a small one is read and ignored, a larger one refused with 413. */
  bodyBytes: 1024,
  /** Of calls that take one, where they do not say otherwise. */
  jsonBytes: 64 * 1024,
  /** The headers must be there by then, against clients that send a byte at a time (slowloris). */
  headersTimeoutMs: 10_000,
  /** The whole request must be there by then. */
  requestTimeoutMs: 20_000,
  /** How often the two are checked. */
  checkingIntervalMs: 2_000,
  /** A TLS handshake must have ended by then. */
  handshakeTimeoutMs: 10_000,
  /** Requests a second of one address that were refused for their credentials; more of them get 429. */
  refusalsPerSecond: 20,
  /** Requests of one connection that wait behind the one that is being answered. */
  pipelinedRequests: 100,
  /** The same of all connections of a server. */
  pipelinedRequestsInAll: 5000,
  /** An answer is cut off when the client has read nothing of it for this time. */
  unreadMs: 60_000,
  /** How often that is checked, and how long an answer must have stopped to count as stuck. */
  unreadCheckMs: 5_000,
  /** Stuck answers of one address, and of all on a server; the oldest beyond that are cut off at once. */
  stuckAnswers: { perAddress: 50, inAll: 200 },
  /** Long answers that are compressed at a time; further ones are sent as they are. */
  gzippedAnswers: 64,
  /** Connections beyond server.limits that are told so, of one address; for more of them the oldest is reset. */
  refusedConnections: 128,
  /** The same of all addresses, for each address that is listened at. */
  refusedConnectionsInAll: 512,
  /** What such a connection has to send its request. */
  refusedConnectionMs: 2_000,
  /** An idle kept-alive connection is closed. */
  keepAliveMs: 75_000,
  /** A connection on which nothing moves at all is closed; longer than the longest wait of /v1/status. */
  idleMs: 11 * 60_000,
} as const;

/** Of things that clients make vitald hold, what no operator needs to change; see access/holds.ts. */
export const fixedHolds = {
  /** Bytes, by Content-Length, or the most that the call takes. */
  requestBodyBytes: { perCaller: 16 * 1024 * 1024, inAll: 64 * 1024 * 1024 },
  askedProbes: { perCaller: 50, inAll: 100 },
} as const;
