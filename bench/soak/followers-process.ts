/** Followers whose connections are lost at random: pollers and readers of events, in a process of their own (see followers.ts). */
import { Agent } from 'node:http';
import { EventFollower } from '../follow/event-follower.js';
import { applyStatus, differences, readStatus, type Picture } from '../follow/picture.js';
import { PollingFollower } from '../follow/polling-follower.js';
import { sleep } from '../support/process.js';
import type { FollowersReport } from './followers.js';

const [url, ofEach] = process.argv.slice(2) as [string, string];
const pollers = Array.from({ length: Number(ofEach) }, () => new PollingFollower(url));
const readers = Array.from({ length: Number(ofEach) }, () => new EventFollower(url));
const followers = [...pollers, ...readers];
/** How long a follower may take to have the last change. */
const patienceMs = 60_000;

let cuts = 0;
let over = false;

async function disturb(follower: PollingFollower | EventFollower): Promise<void> {
  while (!over) {
    await sleep(500 + Math.random() * 4500);
    if (follower instanceof EventFollower && Math.random() < 0.3) await follower.hesitate(Math.random() * 3000);
    else {
      follower.cut();
      cuts++;
    }
  }
}

/** Waits until every follower has the picture of the daemon, and says what differs in the end. */
async function compare(): Promise<string[]> {
  const agent = new Agent({ keepAlive: true });
  const end = performance.now() + patienceMs;
  for (;;) {
    const truth: Picture = new Map();
    const status = await readStatus(url, agent);
    applyStatus(truth, status);
    const wrong = followers.flatMap((follower, index) => {
      const behind = follower.revision === status.revision ? [] : [`revision ${follower.revision}, not ${status.revision}`];
      return [...behind, ...differences(follower.picture, truth)].map((text) => `follower ${index}: ${text}`);
    });
    if (wrong.length === 0 || performance.now() > end) return wrong;
    await sleep(200);
  }
}

process.on('message', () => {
  over = true;
  void compare().then((wrong) => {
    process.send!({
      followers: followers.length,
      wrong,
      cuts,
      startedOver: followers.reduce((sum, { resets }) => sum + resets - 1, 0),
    } satisfies FollowersReport);
  });
});
for (const follower of followers) {
  void follower.follow();
  void disturb(follower);
}
