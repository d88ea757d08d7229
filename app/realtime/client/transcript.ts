/** What is said in a conversation, ready to be shown: events and what is still on its way, in order. */
import type { Known, Pending, Stream } from "./reducer.js";

const TYPING_MS = 6000;
const PRESENCE: readonly string[] = [
  "queue.entered",
  "conversation.assigned",
  "conversation.paused",
  "conversation.resumed",
];

/** Whether a message was left, and its parent does not wait at their screen again. */
export function messageLeft(events: readonly { readonly k: string }[]): boolean {
  return events.findLast((event) => event.k === "message.left" || event.k === "queue.rejoined")?.k === "message.left";
}

export interface Said {
  /** Stays the same from the moment the message is written to its echo, so that it is shown once. */
  readonly key: string;
  readonly from: string;
  readonly body: string;
  readonly at: string | null;
  readonly seq: number;
  readonly pending: Pending | null;
}

/** Messages of a `conv:` stream, oldest first, this client's own unconfirmed ones last. */
export function messages(known: Known, name: string, self: string): readonly Said[] {
  const said: Said[] = [];
  for (const event of known.streams[name]?.events ?? []) {
    if (event.k !== "message.posted") continue;
    said.push({
      key: String(event.d["client_message_id"]),
      from: String(event.d["from"]),
      body: String(event.d["body"]),
      at: event.at,
      seq: event.seq,
      pending: null,
    });
  }
  return [...said, ...waitingToBeSaid(known, name, self)];
}

/**
 * Notes of a `staff:` stream, oldest first. A note comes back without its client id, so one that says the same
 * as a note that came after it was written is taken to be that note, and only shown once.
 */
export function notes(known: Known, name: string, self: string): readonly (Said & { readonly by: string })[] {
  const said: (Said & { by: string })[] = [];
  for (const event of known.streams[name]?.events ?? []) {
    if (event.k !== "note.added") continue;
    said.push({
      key: String(event.d["note_id"]),
      from: String(event.d["from"]),
      by: String(event.d["by"]),
      body: String(event.d["body"]),
      at: event.at,
      seq: event.seq,
      pending: null,
    });
  }
  const unseen = waitingToBeSaid(known, name, self).filter(
    ({ pending, body }) =>
      !said.some((one) => one.seq > (pending?.since ?? 0) && one.body === body.normalize("NFC")),
  );
  return [...said, ...unseen.map((one) => ({ ...one, by: "" }))];
}

function waitingToBeSaid(known: Known, name: string, self: string): Said[] {
  return known.pending
    .filter((one) => one.stream === name)
    .map((one) => ({ key: one.clientId, from: self, body: one.body, at: null, seq: 0, pending: one }));
}

/** Who of the two sides is missing, as the stream says it: "coach", "parent" or nobody. */
export function missing(stream: Stream | undefined): string {
  const last = stream?.events.findLast((event) => PRESENCE.includes(event.k));
  return last?.k === "conversation.paused" ? String(last.d["by"]) : "";
}

export type Delivery = "sending" | "sent" | "seen" | "refused";

/** How far the last message has come, or null where it is not from `self`: what was answered has arrived. */
export function delivery(
  said: readonly Said[],
  stream: Stream | undefined,
  self: string,
  others: readonly string[],
): Delivery | null {
  const last = said.at(-1);
  if (last?.from !== self) return null;
  if (last.pending) return last.pending.state;
  const seen = others.some((other) => (stream?.read[other] ?? 0) >= last.seq);
  return seen ? "seen" : "sent";
}

/** Whether this side was writing within the last six seconds. */
export function isTyping(stream: Stream | undefined, from: string, now: number): boolean {
  const last = stream?.typing[from];
  return last !== undefined && now - last < TYPING_MS;
}

/** How many messages from the other side came after the one this side saw last. */
export function unread(said: readonly Said[], from: string, seenUpTo: number): number {
  return said.filter((one) => one.from === from && one.seq > seenUpTo).length;
}
