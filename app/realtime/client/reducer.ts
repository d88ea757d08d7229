/**
 * What a client knows, as a pure function of the frames that it has seen. No DOM, no socket, no clock.
 *
 * A stream's events are held as a gapless prefix: repeats are dropped, and whatever would leave a hole is
 * not taken in but marks the stream as `behind`, so that the driver asks for what is missing.
 */
import type { Batch, Eph, Err, EventBody, Ok, ServerFrame, Snapshot, State, Welcome } from "./frames.js";

export interface Limits {
  readonly text: number;
  readonly frame: number;
  readonly pingSeconds: number;
  readonly pongSeconds: number;
}

/** One durable stream as far as it is known; `seq` is the last event held. */
export interface Stream {
  readonly epoch: string;
  readonly seq: number;
  /** The newest `seq` that the server was heard to have. */
  readonly head: number;
  readonly behind: boolean;
  /** A snapshot of which more frames are to come. */
  readonly partial: boolean;
  readonly events: readonly EventBody[];
  readonly state: Readonly<Record<string, unknown>>;
  /** When each side was last heard to be writing, in the caller's milliseconds. */
  readonly typing: Readonly<Record<string, number>>;
  readonly here: Readonly<Record<string, boolean>>;
  readonly read: Readonly<Record<string, number>>;
  readonly place: Place | null;
}

/** After these whoever waits still waits, in the place that they were told last. */
const STILL_WAITING: readonly string[] = ["message.posted", "queue.closing", "message.left", "queue.rejoined"];

export interface Place {
  readonly position: number;
  readonly expected: { readonly p50: number; readonly p80: number } | null;
}

/** Something this client said that has not come back yet as an event. */
export interface Pending {
  readonly stream: string;
  readonly clientId: string;
  readonly body: string;
  readonly state: "sending" | "sent" | "refused";
  readonly seq: number;
  /** How far the stream was held when it was said. */
  readonly since: number;
  readonly fault: { readonly code: string; readonly message: string; readonly nextStep: string } | null;
}

export interface Whole {
  readonly version: number;
  readonly d: Readonly<Record<string, unknown>>;
}

export interface Known {
  readonly role: Welcome["d"]["role"] | null;
  readonly limits: Limits;
  readonly streams: Readonly<Record<string, Stream>>;
  readonly pending: readonly Pending[];
  readonly me: Whole | null;
  readonly queue: Whole | null;
}

/** What the client itself did. */
export type Deed =
  | { readonly t: "posted"; readonly s: string; readonly clientId: string; readonly body: string }
  | { readonly t: "retried"; readonly clientId: string }
  | { readonly t: "discarded"; readonly clientId: string }
  | { readonly t: "lost"; readonly s: string };

/** An answer to a post; the driver knows which `client_message_id` its request carried. */
export type Answer = { readonly t: "answered"; readonly clientId: string; readonly frame: Ok | Err };

export const nothing: Known = {
  role: null,
  limits: { text: 4000, frame: 65536, pingSeconds: 25, pongSeconds: 8 },
  streams: {},
  pending: [],
  me: null,
  queue: null,
};

/** What is known after one more frame, deed or answer. `now` is only kept beside typing. */
export function reduce(known: Known, step: ServerFrame | Deed | Answer, now: number): Known {
  switch (step.t) {
    case "welcome":
      return welcomed(known, step);
    case "ev":
      return changed(known, step.s, (stream) => heard(stream, step.epoch, [step]));
    case "batch":
      return changed(known, step.s, (stream) => caughtUp(stream, step));
    case "snapshot":
      return changed(known, step.s, (stream) => replaced(stream, step));
    case "state":
      return stated(known, step);
    case "eph":
      return known.streams[step.s] ? changed(known, step.s, (stream) => glimpsed(stream, step, now)) : known;
    case "ping":
      return Object.entries(step.d.heads).reduce(
        (before, [name, head]) => changed(before, name, (stream) => told(stream, head)),
        known,
      );
    case "ok":
    case "err":
      return known;
    case "posted":
      return { ...known, pending: [...known.pending, pendingFrom(known, step)] };
    case "retried":
      return withPending(known, step.clientId, (one) => ({ ...one, state: "sending", fault: null }));
    case "discarded":
      return { ...known, pending: known.pending.filter((one) => one.clientId !== step.clientId) };
    case "lost":
      return without(known, step.s);
    case "answered":
      return answered(known, step);
  }
}

/** A stream of which nothing is known yet. */
export function emptyStream(epoch: string): Stream {
  return {
    epoch,
    seq: 0,
    head: 0,
    behind: false,
    partial: false,
    events: [],
    state: {},
    typing: {},
    here: {},
    read: {},
    place: null,
  };
}

function welcomed(known: Known, frame: Welcome): Known {
  const streams: Record<string, Stream> = {};
  for (const [name, at] of Object.entries(frame.d.streams)) {
    const held = known.streams[name];
    const kept = held !== undefined && at.recovered && held.epoch === at.epoch;
    const stream = kept ? held : emptyStream(at.epoch);
    // What is missing is on its way: a batch where the place was recovered, a snapshot otherwise.
    streams[name] = { ...stream, head: at.head, behind: false, partial: false, typing: {} };
  }
  return {
    ...known,
    role: frame.d.role,
    limits: {
      text: frame.d.max_text,
      frame: frame.d.max_frame,
      pingSeconds: frame.d.ping_s,
      pongSeconds: frame.d.pong_s,
    },
    streams,
    me: known.me && { ...known.me, version: -1 },
    queue: known.queue && { ...known.queue, version: -1 },
  };
}

function changed(known: Known, name: string, change: (stream: Stream) => Stream): Known {
  const before = known.streams[name] ?? emptyStream("");
  const after = change(before);
  if (after === before) return known;
  const pending = known.pending.filter((one) => one.stream !== name || !arrived(after, one));
  return { ...known, streams: { ...known.streams, [name]: after }, pending };
}

function pendingFrom(known: Known, { s, clientId, body }: Extract<Deed, { t: "posted" }>): Pending {
  const since = known.streams[s]?.seq ?? 0;
  return { stream: s, clientId, body, state: "sending", seq: 0, since, fault: null };
}

function arrived(stream: Stream, one: Pending): boolean {
  if (one.state === "sent" && one.seq <= stream.seq) return true;
  return stream.events.some((event) => event.d["client_message_id"] === one.clientId);
}

function heard(stream: Stream, epoch: string, events: readonly EventBody[]): Stream {
  if (epoch !== stream.epoch) return stream.behind ? stream : { ...stream, behind: true };
  let after = stream;
  for (const event of events) {
    if (event.seq <= after.seq) continue;
    if (event.seq > after.seq + 1) {
      return { ...after, behind: true, head: Math.max(after.head, event.seq) };
    }
    after = withEvent(after, event);
  }
  return after;
}

function withEvent(stream: Stream, event: EventBody): Stream {
  const body: EventBody = { seq: event.seq, k: event.k, at: event.at, gen: event.gen, d: event.d };
  const head = Math.max(stream.head, event.seq);
  const from = event.k === "message.posted" ? String(event.d["from"]) : "";
  const { [from]: _stopped, ...typing } = stream.typing;
  return {
    ...stream,
    seq: event.seq,
    head,
    behind: stream.behind && event.seq < head,
    events: [...stream.events, body],
    state: stateAfter(stream.state, event),
    typing: from ? typing : stream.typing,
    place: STILL_WAITING.includes(event.k) ? stream.place : null,
  };
}

function caughtUp(stream: Stream, frame: Batch): Stream {
  const after = heard(stream, frame.epoch, frame.d.events);
  if (frame.epoch !== stream.epoch || frame.d.more) return after;
  return { ...after, partial: false, behind: after.seq < after.head };
}

function replaced(stream: Stream, frame: Snapshot): Stream {
  const first = frame.d.events[0]?.seq;
  if (stream.partial && stream.epoch === frame.epoch && first === stream.seq + 1) {
    const after = heard(stream, frame.epoch, frame.d.events);
    return { ...after, state: frame.d.state, partial: frame.d.more, behind: after.seq < after.head };
  }
  const last = frame.d.events.at(-1)?.seq ?? 0;
  const seq = frame.d.more ? last : Math.max(last, frame.d.seq);
  return {
    ...emptyStream(frame.epoch),
    seq,
    head: Math.max(seq, frame.d.seq),
    partial: frame.d.more,
    events: frame.d.events,
    state: frame.d.state,
    here: stream.here,
    place: stream.place,
    read: numbers(frame.d.state["read"]),
  };
}

function told(stream: Stream, head: number): Stream {
  if (head <= stream.seq) return stream;
  return { ...stream, head: Math.max(stream.head, head), behind: true };
}

/** The state of a conversation (or of its staff stream) after one more event: what a snapshot would say. */
function stateAfter(state: Stream["state"], event: EventBody): Stream["state"] {
  switch (event.k) {
    case "queue.entered":
      return { ...state, status: "waiting", coach: null };
    case "conversation.assigned":
      return { ...state, status: "open", coach: event.d["coach"] ?? null };
    case "conversation.ended":
      return { ...state, status: "wrap_up" };
    case "conversation.closed":
      return { ...state, status: "closed" };
    case "conversation.abandoned":
      return { ...state, status: "abandoned" };
    case "concern.raised":
      return {
        ...state,
        concerns: [
          ...concernsOf(state),
          { id: event.d["concern"], category: event.d["category"], state: "raised" },
        ],
      };
    case "concern.stepped":
      return {
        ...state,
        concerns: concernsOf(state).map((one) =>
          one["id"] === event.d["concern"] ? { ...one, state: event.d["state"] } : one,
        ),
      };
    default:
      return state;
  }
}

function concernsOf(state: Stream["state"]): readonly Record<string, unknown>[] {
  const concerns = state["concerns"];
  return Array.isArray(concerns) ? (concerns as Record<string, unknown>[]) : [];
}

function stated(known: Known, frame: State): Known {
  if (frame.s !== "me" && frame.s !== "queue") return known;
  if (frame.version <= (known[frame.s]?.version ?? -1)) return known;
  return { ...known, [frame.s]: { version: frame.version, d: frame.d } };
}

function glimpsed(stream: Stream, frame: Eph, now: number): Stream {
  const from = String(frame.d["from"]);
  switch (frame.k) {
    case "typing":
      return { ...stream, typing: { ...stream.typing, [from]: now } };
    case "presence":
      return { ...stream, here: { ...stream.here, [from]: frame.d["here"] === true } };
    case "read": {
      const upTo = Math.max(stream.read[from] ?? 0, Number(frame.d["up_to"]) || 0);
      return { ...stream, read: { ...stream.read, [from]: upTo } };
    }
    case "queue.position": {
      const expected = numbers(frame.d["expected_s"]);
      const { p50, p80 } = expected;
      return {
        ...stream,
        place: {
          position: Number(frame.d["position"]) || 1,
          expected: p50 === undefined || p80 === undefined ? null : { p50, p80 },
        },
      };
    }
  }
}

function answered(known: Known, step: Answer): Known {
  const { frame } = step;
  if (frame.t === "err") {
    if (frame.d.retryable) return known;
    const fault = { code: frame.d.code, message: frame.d.message, nextStep: frame.d.next_step };
    return withPending(known, step.clientId, (one) => ({ ...one, state: "refused", fault }));
  }
  const seq = Number(frame.d["seq"]) || 0;
  const one = known.pending.find((pending) => pending.clientId === step.clientId);
  if (one && (known.streams[one.stream]?.seq ?? 0) >= seq) {
    return { ...known, pending: known.pending.filter((pending) => pending !== one) };
  }
  return withPending(known, step.clientId, (pending) => ({ ...pending, state: "sent", seq }));
}

function withPending(known: Known, clientId: string, change: (one: Pending) => Pending): Known {
  return { ...known, pending: known.pending.map((one) => (one.clientId === clientId ? change(one) : one)) };
}

function numbers(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, number] => typeof pair[1] === "number"),
  );
}

/** The streams of which something is known to be missing. */
export function behind(known: Known): readonly string[] {
  return Object.keys(known.streams).filter((name) => known.streams[name]?.behind === true);
}

/**
 * Where this client stands in each durable stream, for `hello`. Half a snapshot is no place to go on from, and of the
 * conversations that a coach has had in a long shift the server asks for those alone that are theirs still.
 */
export function cursors(known: Known): Record<string, { epoch: string; seq: number }> {
  const found: Record<string, { epoch: string; seq: number }> = {};
  const mine = known.me && heldBy(known.me);
  for (const [name, stream] of Object.entries(known.streams)) {
    if (mine && !mine.has(name.split(":")[1])) continue;
    if (stream.epoch && !stream.partial) found[name] = { epoch: stream.epoch, seq: stream.seq };
  }
  return found;
}

function heldBy(me: Whole): ReadonlySet<unknown> {
  const all = me.d["conversations"];
  return new Set(Array.isArray(all) ? all.map((one: Record<string, unknown>) => one["conversation"]) : []);
}

function without(known: Known, name: string): Known {
  const { [name]: _lost, ...streams } = known.streams;
  return { ...known, streams };
}

/** The same knowledge without a place in any stream, as after close code 4003. */
export function withoutPlaces(known: Known): Known {
  return { ...known, streams: {} };
}
