/** How a control plane follows verdicts: told in docs/api.md. */
import { defaultHolds } from '#vitald/config/access-schema.js';
import type { Change } from '#vitald/messages.js';
import { mostListeners } from '#vitald/front/api/listeners-filter.js';
import { longestWaitMs } from '#vitald/front/api/status.js';

const changeTypes: readonly Change['what'][] = ['added', 'state', 'routing', 'weight', 'stale', 'removed'];

/** The part of docs/api.md on polling and events. @param base address of the API in its examples */
export function followingMarkdown(base: string): string {
  return `## Following changes

A client follows changes by polling or by events. Both are lossless: the client arrives at the state of the daemon even if a connection is
cut, one side is slow, or the daemon restarts.

| | polling | events |
|---|---|---|
| call | \`/v1/status?since=REVISION&epoch=EPOCH&wait=30s\` | \`/v1/status\`, then \`/v1/events?since=REVISION&epoch=EPOCH\` |
| a backend that flaps | is listed once, with its current state | each change is an event |
| needs | any HTTP client | a client for server-sent events (browsers have one: \`EventSource\`) |
| suitable for | load balancers, and other systems that keep a state up to date | people, logs, chat, dashboards |

${revisionAndEpoch}

${polling(base)}

${events(base)}`;
}

const revisionAndEpoch = `### Revision and epoch

A \`revision\` counts the changes of one vitald process. An \`epoch\` identifies that process: it is random for each start, and every
response of \`/v1/status\` contains it. Two daemons that started in the same second use the same revisions for different changes. A revision
therefore means something only together with its epoch.

- Send both back, as \`since=REVISION&epoch=EPOCH\`. If a restart, a virtual address or a load balancer leads the request to another process,
  that process returns a complete answer at once, even with \`wait\`.
- \`since\` without \`epoch\` is enough for one daemon at one address. It is not safe if another daemon may answer.
- An epoch consists of 1 to 64 letters, digits, \`-\` and \`_\`. Treat it as opaque. Revisions of different epochs cannot be compared.
- The epoch survives a reload and a crash of the API thread. It does not survive the process, even if \`state_dir\` keeps the verdicts: only
  the process that issued a revision knows what changed after it.`;

function polling(base: string): string {
  return `### Polling

Request everything once. Then send each request with the \`revision\` and \`epoch\` of the previous answer. With \`wait\`, vitald holds the
answer until something changes (at most ${longestWaitMs / 60_000} minutes; longer waits are shortened to that). A change arrives at once, and an idle system
costs nothing.

\`\`\`sh
known=
while :; do
  answer=$(curl -sf --max-time 40 "${base}/v1/status?wait=30s$known") || { sleep 1; continue; }
  known=$(printf '%s' "$answer" | jq -r '"&since=\\(.revision)&epoch=\\(.epoch)"')
  printf '%s' "$answer" | jq -r '.backends[] | "\\(.listener)/\\(.backend) \\(.state) routable=\\(.routable)"'
  printf '%s' "$answer" | jq -r '.removed[] | "\\(.listener)/\\(.backend) removed"'
done
\`\`\`

- \`complete: true\`: \`backends\` lists all backends. Delete all others. The first answer is complete. An answer is also complete if its
  \`since\` is unknown: after a restart of the daemon, if the revision is too old, or with the epoch of another daemon.
- \`complete: false\`: replace the backends listed in \`backends\`, delete those listed in \`removed\`, and keep the rest.
- A poller that applies each answer in turn never misses a change. A change is a change of state, routing, weight or membership.
  \`last_probe\` and \`run\` are updated with every probe and do not end a wait.
- If an answer is lost, repeat the request with the same \`since\` and \`epoch\`.
- To follow some listeners only, add \`listener=NAME\` up to ${mostListeners} times: \`&listener=web&listener=dns\`. The revision still covers all
  listeners, so use it as the next \`since\`. vitald returns 404 for an unknown name, so that it does not look like a listener without
  backends. If a reload removed the listener after \`since\`, the answer lists its backends in \`removed\` instead.

In addition to \`since\`, or instead of it, send the \`ETag\` of an answer as \`If-None-Match\`. vitald then returns 304 if nothing has changed.
The tag is weak. It identifies state, routing, weight and membership of the requested backends, not the bytes of an answer. It is therefore
the same with and without \`since\`, and a wait that ends without a change returns 304 too. No two epochs share a tag, and vitald never
returns 304 to a request with the epoch of another daemon.

\`\`\`sh
curl -s --etag-save /tmp/tag --etag-compare /tmp/tag ${base}/v1/status
\`\`\`

Answers of 1 KiB and more are compressed with gzip for clients that send \`Accept-Encoding: gzip\`. All pollers that are released together get
the same bytes.`;
}

function events(base: string): string {
  return `### Events

\`\`\`sh
known=$(curl -s ${base}/v1/status | jq -r '"since=\\(.revision)&epoch=\\(.epoch)"')
curl -sN "${base}/v1/events?$known"
\`\`\`

\`\`\`
id: 9f86d081884c7d65:1763723640000118
event: state
data: {"checker":"lb-1","listener":"web","backend":"app-2",…,"from":"healthy","to":"unhealthy","routable":false,…}
\`\`\`

- The type of an event names what changed: ${changeTypes.map((type) => `\`${type}\``).join(', ')}.
  The data is an [Event](#event): the change, and everything that affects routing from then on. The id of an event is \`EPOCH:REVISION\`,
  with the \`revision\` of its data.
- \`reset\` means: start over. Discard the state that you have and read \`/v1/status\`. If its \`epoch\` is not that of the reset, another daemon
  answered: read it again. Then continue with the events on the same connection, and skip those whose revision is not above that of the
  status. The data is a [Reset](#reset). A reset has no id, so a reader that loses the connection before it has started over gets the reset
  again.
- If the connection is lost, connect again with the last id as \`Last-Event-ID\` (an \`EventSource\` does this by itself). No event is missed.
  vitald keeps the last 8 MiB of events, about 20,000. If the id is older than that, comes from before a restart of vitald, or comes from
  another daemon, vitald sends a \`reset\`. A \`Last-Event-ID\` that is only a revision, as in versions before epochs, counts as a revision of
  this process.
- A slow reader does not delay others. If vitald no longer keeps the next event for a reader, the reader gets a \`reset\`. vitald closes the
  connection of a reader that reads nothing for a minute.
- vitald sends a comment line every 15 s if there is no event, to show that the connection is alive. If nothing arrives for 45 s, connect
  again. A proxy in between must not buffer the stream, and its timeout must be longer than 45 s. nginx does not buffer the stream, because
  the response contains \`X-Accel-Buffering: no\`.
- Up to ${defaultHolds.streams} readers can be connected at a time, ${defaultHolds.streamsPerCaller} of them from one caller (\`server.limits\`). Beyond that, vitald returns 503 with
  the code \`event_reader_limit\`, or 429 with \`limit_reached\`.`;
}
