import assert from "node:assert/strict";
import { test } from "node:test";
import { golden, serverFrame } from "./golden.js";
import type { EventBody, ServerFrame, Snapshot } from "./frames.js";
import { behind, cursors, type Known, nothing, reduce, withoutPlaces } from "./reducer.js";
import { delivery, isTyping, messages, notes, unread } from "./transcript.js";

const CONV = "conv:6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11";
const STAFF = "staff:6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11";

const after = (frames: readonly ServerFrame[], from: Known = nothing): Known =>
  frames.reduce((known, frame) => reduce(known, frame, 0), from);

const live = ["ev-queue-entered", "ev-message-parent", "ev-assigned", "ev-message-coach", "ev-message-echo"];
const start = after([
  {
    t: "welcome",
    re: "1",
    d: {
      role: "parent",
      ping_s: 25,
      pong_s: 8,
      max_frame: 65536,
      max_text: 4000,
      streams: { [CONV]: { epoch: "k3", head: 0, recovered: true } },
    },
  },
]);

test("every golden frame of the server is taken in", () => {
  const frames = golden().filter((one) => one.direction === "server");
  assert.ok(frames.length > 20);
  for (const one of frames) assert.doesNotThrow(() => reduce(start, one.frame as ServerFrame, 0), one.name);
});

test("live events and a snapshot of the same conversation lead to the same place", () => {
  const byEvents = after(live.map(serverFrame), start).streams[CONV];
  const bySnapshot = after([serverFrame("snapshot")], start).streams[CONV];
  assert.deepEqual(byEvents?.events, bySnapshot?.events);
  assert.equal(byEvents?.seq, bySnapshot?.seq);
  assert.equal(byEvents?.state["status"], bySnapshot?.state["status"]);
  assert.equal(byEvents?.state["coach"], bySnapshot?.state["coach"]);
});

test("a repeat is dropped", () => {
  const once = after([serverFrame("ev-queue-entered")], start);
  assert.equal(reduce(once, serverFrame("ev-queue-entered"), 0), once);
});

test("a hole is not taken in, but asked for; the batch fills it", () => {
  const holed = after([serverFrame("ev-queue-entered"), serverFrame("ev-message-coach")], start);
  assert.deepEqual(behind(holed), [CONV]);
  assert.equal(holed.streams[CONV]?.seq, 1);
  const filled = after([serverFrame("batch")], holed);
  assert.deepEqual(behind(filled), []);
  assert.equal(filled.streams[CONV]?.seq, 5);
});

test("a batch with more to come leaves the stream behind until the last one", () => {
  const partly = after([serverFrame("ping"), serverFrame("batch-more")], start);
  assert.deepEqual(behind(partly), [CONV]);
  assert.deepEqual(behind(after([serverFrame("batch")], partly)), []);
});

test("a heartbeat with a higher head shows that something is missing", () => {
  assert.deepEqual(behind(after([serverFrame("ping")], start)), [CONV]);
});

test("an event of another epoch asks for the stream anew", () => {
  const other = { ...serverFrame("ev-queue-entered"), epoch: "k4" } as ServerFrame;
  assert.deepEqual(behind(after([other], start)), [CONV]);
});

test("a snapshot replaces what was held, and one in two frames is whole after the second", () => {
  const snapshot = serverFrame("snapshot");
  assert.equal(snapshot.t, "snapshot");
  if (snapshot.t !== "snapshot") return;
  const part = (events: EventBody[], more: boolean): ServerFrame => ({
    ...snapshot,
    epoch: "k9",
    d: { ...snapshot.d, events, more },
  });
  const half = after([...live.map(serverFrame), part(snapshot.d.events.slice(0, 2), true)], start);
  assert.equal(half.streams[CONV]?.seq, 2);
  assert.deepEqual(cursors(half), {});
  const whole = after([part(snapshot.d.events.slice(2), false)], half);
  assert.equal(whole.streams[CONV]?.events.length, 5);
  assert.deepEqual(cursors(whole), { [CONV]: { epoch: "k9", seq: 5 } });
});

const MINE = "a0c4e8d2-5b6f-4a7e-9c8d-3e1f2a4b6c04";
const posted = { t: "posted", s: CONV, clientId: MINE, body: "Loud. ☂ Mae'n anodd." } as const;
const first4 = live.slice(0, 4).map(serverFrame);

test("the own echo takes the place of what was pending, whichever of ok and event comes first", () => {
  const waiting = reduce(after(first4, start), posted, 0);
  assert.equal(delivery(messages(waiting, CONV, "parent"), waiting.streams[CONV], "parent", ["coach"]), "sending");
  const answer = { t: "answered", clientId: MINE, frame: serverFrame("ok-message") as never } as const;
  const echoFirst = reduce(after([serverFrame("ev-message-echo")], waiting), answer, 0);
  const okFirst = reduce(waiting, answer, 0);
  assert.equal(okFirst.pending[0]?.state, "sent");
  const both = after([serverFrame("ev-message-echo")], okFirst);
  assert.deepEqual(both, echoFirst);
  assert.equal(both.pending.length, 0);
  assert.deepEqual(
    messages(both, CONV, "parent").map((one) => one.key),
    messages(waiting, CONV, "parent").map((one) => one.key),
  );
});

test("a refusal is kept with its reason, can be tried again and thrown away", () => {
  const waiting = reduce(start, posted, 0);
  const answer = { t: "answered", clientId: MINE, frame: serverFrame("err-too-large") as never } as const;
  const refused = reduce(waiting, answer, 0);
  assert.equal(refused.pending[0]?.fault?.code, "too_large");
  assert.equal(reduce(refused, { t: "retried", clientId: MINE }, 0).pending[0]?.state, "sending");
  assert.equal(reduce(refused, { t: "discarded", clientId: MINE }, 0).pending.length, 0);
  const later = { t: "answered", clientId: MINE, frame: serverFrame("err-rate-limited") as never } as const;
  assert.equal(reduce(waiting, later, 0).pending[0]?.state, "sending");
});

test("what is pending survives a lost place", () => {
  const lost = withoutPlaces(reduce(after(first4, start), posted, 0));
  assert.deepEqual(cursors(lost), {});
  assert.equal(lost.pending.length, 1);
});

test("typing fades, and ends with the message", () => {
  const typing = reduce(after(live.slice(0, 3).map(serverFrame), start), serverFrame("eph-typing"), 1000);
  assert.ok(isTyping(typing.streams[CONV], "coach", 2000));
  assert.ok(!isTyping(typing.streams[CONV], "coach", 9000));
  assert.ok(!isTyping(after([serverFrame("ev-message-coach")], typing).streams[CONV], "coach", 2000));
});

test("a read cursor only grows; presence and the place in the queue are the newest", () => {
  const read = after([...live.map(serverFrame), serverFrame("eph-read"), serverFrame("eph-presence")], start);
  assert.equal(read.streams[CONV]?.read["parent"], 4);
  assert.equal(read.streams[CONV]?.here["parent"], false);
  const said = messages(read, CONV, "coach");
  const unanswered = said.slice(0, said.findLastIndex((one) => one.from === "coach") + 1);
  assert.equal(delivery(unanswered, read.streams[CONV], "coach", ["parent"]), "seen");
  assert.equal(delivery(said, read.streams[CONV], "coach", ["parent"]), null, "the parent has answered");
  assert.equal(unread(said, "parent", 2), 1);
  const waiting = after([serverFrame("eph-queue-position")], start);
  assert.deepEqual(waiting.streams[CONV]?.place, { position: 2, expected: { p50: 240, p80: 600 } });
  assert.equal(after([serverFrame("eph-queue-position-unknown-wait")], waiting).streams[CONV]?.place?.expected, null);
});

test("a whole state replaces an older one only, until the next welcome", () => {
  const known = after([serverFrame("state-queue"), serverFrame("state-me")]);
  const old = { ...serverFrame("state-queue"), version: 3, d: {} } as ServerFrame;
  assert.equal(after([old], known), known);
  assert.equal(after([serverFrame("welcome-coach-recovered"), old], known).queue?.version, 3);
});

test("a note is shown once while its answer is still on the way", () => {
  const before = after([serverFrame("snapshot-staff")]);
  const note = { t: "posted", s: STAFF, clientId: MINE, body: "Prefers short messages." } as const;
  const written = reduce(before, note, 0);
  assert.equal(notes(written, STAFF, "coach").length, 1);
  const echoed = after([serverFrame("ev-note")], written);
  assert.equal(notes(echoed, STAFF, "coach").length, 1);
  assert.equal(echoed.pending.length, 1);
  assert.equal(notes(reduce(echoed, note, 0), STAFF, "coach").length, 2, "the same words written again");
});

test("notes and concerns of the staff stream", () => {
  const staff = ["ev-note", "ev-concern-raised", "ev-concern-stepped"].map(serverFrame);
  const known = after([serverFrame("snapshot-staff"), ...staff]);
  assert.equal(notes(known, STAFF, "coach")[0]?.by, "Sam");
  assert.deepEqual(known.streams[STAFF]?.state["concerns"], [
    { id: "0e7d5c3b-9a1f-4e2d-8b6c-5f4a3e2d1c0b", category: "domestic_abuse", state: "acknowledged" },
  ]);
});

test("a stream that the server no longer names at welcome is forgotten", () => {
  const known = after([serverFrame("snapshot"), serverFrame("snapshot-staff")]);
  assert.deepEqual(Object.keys(after([serverFrame("welcome-parent")], known).streams), [CONV]);
});

/** A small generator of chance with a seed that can be printed: mulberry32's recurrence. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("any mixture of loss, repeats and disorder ends equal to the log once it has synced", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = chance(seed);
    const length = 1 + Math.floor(random() * 40);
    const log = Array.from({ length }, (_, index): EventBody => ({
      seq: index + 1,
      k: "message.posted",
      at: "2026-03-02T09:15:00.000000Z",
      gen: 1,
      d: { message_id: `m${index}`, client_message_id: `c${index}`, from: "coach", body: `word ${index}` },
    }));
    let known = start;
    for (let step = 0; step < length * 2; step++) {
      const event = log[Math.floor(random() * length)] as EventBody;
      known = reduce(known, { t: "ev", s: CONV, epoch: "k3", ...event }, 0);
      const held = known.streams[CONV]?.events ?? [];
      assert.deepEqual(held, log.slice(0, held.length), `seed ${seed}: not a prefix`);
      if (behind(known).length > 0 && random() < 0.3) {
        const from = known.streams[CONV]?.seq ?? 0;
        const events = log.slice(from, from + 3);
        known = reduce(known, { t: "batch", s: CONV, epoch: "k3", d: { events, more: from + 3 < length } }, 0);
      }
    }
    known = reduce(known, { t: "ping", d: { heads: { [CONV]: length } } }, 0);
    const from = known.streams[CONV]?.seq ?? 0;
    known = reduce(known, { t: "batch", s: CONV, epoch: "k3", d: { events: log.slice(from), more: false } }, 0);
    assert.deepEqual(known.streams[CONV]?.events, log, `seed ${seed}`);
    assert.deepEqual(behind(known), [], `seed ${seed}`);
  }
});

test("a coach's cursors are those of the conversations that they hold still", () => {
  const other = "conv:0a1b2c3d-0a53-4b0e-9a53-0d8f1f2c7a11";
  const snapshot = serverFrame("snapshot") as Snapshot;
  const both = [snapshot, { ...snapshot, s: other }].reduce<Known>((known, frame) => reduce(known, frame, 0), nothing);
  assert.deepEqual(Object.keys(cursors(both)), [CONV, other], "a parent has no board");
  assert.deepEqual(Object.keys(cursors(reduce(both, serverFrame("state-me"), 0))), [CONV]);
});
