/**
 * Drives one WebSocket for as long as its owner wants one: hello, recovery, heartbeats, resending, back-off. Where none
 * comes through, it goes over HTTP instead, and tries a socket again from time to time.
 * Everything of the platform (socket, timers, chance) comes in from outside, so that tests need no network.
 */
import type { ClientFrame, Err, Ok, ServerFrame } from "./frames.js";
import { behind, cursors, type Known, nothing, reduce, withoutPlaces } from "./reducer.js";
import { visit, type Way } from "./visit.js";

export const PROTOCOL = "earshot.v1";
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const STEADY_MS = 5_000;
const HELLO_MS = 10_000;
const POSITION_LOST = 4003;
const RATE = 4005;
const STOP = 4500;
const SILENT = 0;
const FAILED_SOCKETS = 2;
const SOCKET_AGAIN_MS = 300_000;

/** As much of a WebSocket as is used here. */
export interface Socket {
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason?: string }) => void) | null;
}

export interface Platform {
  readonly open: (url: string, protocol: string) => Socket;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** Runs `work` after `ms`; the result takes that back. */
  readonly after: (ms: number, work: () => void) => () => void;
  readonly random: () => number;
  readonly uuid: () => string;
}

export interface Options {
  readonly url: string;
  readonly client: string;
  /** The token for the next socket: a parent's own, or a fresh one-use pass. Null gives up. */
  readonly token: () => Promise<string | null>;
  /** What a request over HTTP shows instead: headers. */
  readonly shown: () => Readonly<Record<string, string>>;
  readonly changed: () => void;
  readonly platform: Platform;
}

export type Line = "connecting" | "open" | "waiting" | "stopped";

/** A request that was not carried out, with what to tell the person. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly nextStep: string,
  ) {
    super(message);
  }
}

/** A request that carries an id, before the driver gives it one. */
export type Request = ClientFrame extends infer F ? (F extends { id: string } ? Omit<F, "id"> : never) : never;

export interface Connection {
  readonly known: () => Known;
  readonly line: () => Line;
  /** The close code that ended it for good, once `line()` is `stopped` by the server. */
  readonly stopCode: () => number | null;
  /** Says something on a `conv:` stream, or notes it on a `staff:` stream; keeps trying until it is stored. */
  readonly post: (stream: string, body: string) => void;
  readonly retry: (clientId: string) => void;
  readonly discard: (clientId: string) => void;
  readonly typing: (stream: string) => void;
  readonly read: (stream: string, upTo: number) => void;
  /** Asks once, as soon as a socket that is being opened is open; Refused `offline` where it went first. */
  readonly request: (frame: Request) => Promise<Readonly<Record<string, unknown>>>;
  /** The network or the person came back: connect now rather than later. */
  readonly wake: () => void;
  readonly stop: () => void;
}

interface Waiting {
  readonly done: (frame: Ok | Err) => void;
  readonly cut: () => void;
}

/** How long to wait before the next attempt: full jitter under a ceiling that doubles from 0.5 s to 30 s. */
export function backOff(attempt: number, random: () => number): number {
  return random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
}

/** How long a server that restarts asks this client to stay away: the milliseconds in its close's reason. */
export function askedToWait(reason: string): number {
  return Number(/^retry_ms=(\d{1,5})$/.exec(reason)?.[1] ?? 0);
}

/** Connects, and stays connected until `stop()` or a close code that says not to come back. */
export function connect(options: Options): Connection {
  const { platform } = options;
  const conn = platform.uuid();
  const waiting = new Map<string, Waiting>();
  const syncing = new Set<string>();
  const held: { readonly ask: () => void; readonly cut: () => void }[] = [];
  let known: Known = nothing;
  let line: Line = "connecting";
  let stopCode: number | null = null;
  let socket: Socket | null = null;
  let welcomedAt: number | null = null;
  let attempt = 0;
  let way: Way | "socket" = "socket";
  let failedSockets = 0;
  let lastId = 0;
  let cancelRetry = (): void => undefined;
  let cancelWatch = (): void => undefined;
  let cancelTrial = (): void => undefined;

  const nextId = (): string => String(++lastId);
  const ready = (): boolean => socket !== null && welcomedAt !== null;
  const send = (frame: ClientFrame): void => socket?.send(JSON.stringify(frame));

  function learn(step: Parameters<typeof reduce>[1]): void {
    known = reduce(known, step, platform.now());
  }

  function become(next: Line): void {
    line = next;
    options.changed();
  }

  async function start(): Promise<void> {
    cancelRetry();
    become("connecting");
    if (way !== "socket") return attach(visitBy(way));
    let token: string | null;
    try {
      token = await options.token();
    } catch {
      // The token service could not be reached: as good as no network.
      letGo();
      attempt += 1;
      if ((line as Line) !== "stopped") tryLater();
      return;
    }
    if ((line as Line) === "stopped" || socket) return;
    if (token === null) {
      letGo();
      return become("stopped");
    }
    const opened = platform.open(options.url, PROTOCOL);
    opened.onopen = () => {
      if (socket !== opened) return;
      const d = { token, client: options.client, conn, cursors: cursors(known) };
      send({ t: "hello", id: nextId(), d });
    };
    attach(opened);
  }

  function visitBy(chosen: Way): Socket {
    const { url, shown } = options;
    return visit({ way: chosen, url, conn, shown, cursors: () => cursors(known), fetch: platform.fetch });
  }

  function attach(opened: Socket): void {
    socket = opened;
    watch(HELLO_MS);
    opened.onmessage = (event) => {
      if (socket === opened) receive(JSON.parse(String(event.data)) as ServerFrame);
    };
    opened.onclose = (event) => {
      if (socket === opened) closed(event.code, event.reason);
    };
  }

  /** A socket that says nothing for this long is dead, whatever the browser believes. */
  function watch(ms: number): void {
    cancelWatch();
    cancelWatch = platform.after(ms, () => drop());
  }

  function drop(): void {
    const dropped = socket;
    if (!dropped) return;
    closed(SILENT);
    dropped.close();
  }

  /** Which way to take next: over HTTP after two sockets that came to nothing, back when HTTP does too. */
  function choose(code: number): void {
    if (welcomedAt !== null || code >= 4000) failedSockets = 0;
    else if (way === "socket") {
      failedSockets += 1;
      if (failedSockets >= FAILED_SOCKETS) way = "stream";
    } else if (way === "stream" && code === SILENT) way = "events"; // somebody holds the stream back
    else preferSocket();
  }

  /** Another network, perhaps: one more socket, and over HTTP at once where that one fails as well. */
  function preferSocket(): void {
    if (way === "socket") return;
    way = "socket";
    failedSockets = FAILED_SOCKETS - 1;
  }

  /** Beside what works over HTTP, see now and then whether a socket opens; if so, change over. */
  function trySocketLater(): void {
    cancelTrial();
    const cancelWait = platform.after(SOCKET_AGAIN_MS, () => {
      const tried = platform.open(options.url, PROTOCOL);
      const over = (): void => {
        tried.onopen = tried.onclose = null;
        tried.close(1000);
      };
      cancelTrial = over;
      tried.onclose = trySocketLater;
      tried.onopen = () => {
        over();
        if (waiting.size > 0) return trySocketLater();
        preferSocket();
        drop();
        wake();
      };
    });
    cancelTrial = cancelWait;
  }

  function closed(code: number, reason = ""): void {
    socket = null;
    cancelWatch();
    cancelTrial();
    choose(code);
    const steady = welcomedAt !== null && platform.now() - welcomedAt > STEADY_MS;
    attempt = steady ? 0 : attempt + 1;
    welcomedAt = null;
    syncing.clear();
    for (const one of [...waiting.values()]) one.cut();
    waiting.clear();
    letGo();
    if (line === "stopped") return;
    if (code >= STOP && code < 5000) {
      stopCode = code;
      return become("stopped");
    }
    if (code === POSITION_LOST) known = withoutPlaces(known);
    if (code === RATE) attempt = Math.max(attempt, 4);
    tryLater(askedToWait(reason));
  }

  function letGo(): void {
    for (const one of held.splice(0)) one.cut();
  }

  function tryLater(asked = 0): void {
    become("waiting");
    cancelRetry();
    cancelRetry = platform.after(asked + backOff(attempt, platform.random), () => void start());
  }

  function receive(frame: ServerFrame): void {
    if (welcomedAt !== null) watch((known.limits.pingSeconds + known.limits.pongSeconds) * 1000);
    learn(frame);
    if (frame.t === "welcome") {
      welcomedAt = platform.now();
      watch((known.limits.pingSeconds + known.limits.pongSeconds) * 1000);
      line = "open";
      if (way !== "socket") trySocketLater();
      for (const one of known.pending) if (one.state === "sending") deliver(one.clientId);
      for (const one of held.splice(0)) one.ask();
    }
    if (frame.t === "ping") send({ t: "pong" });
    if ((frame.t === "ok" || frame.t === "err") && frame.re) {
      waiting.get(frame.re)?.done(frame);
      waiting.delete(frame.re);
    }
    if (welcomedAt !== null) for (const name of behind(known)) sync(name);
    options.changed();
  }

  function sync(name: string): void {
    if (syncing.has(name)) return;
    const stream = known.streams[name];
    if (!stream) return;
    syncing.add(name);
    const id = nextId();
    const over = (): void => void syncing.delete(name);
    waiting.set(id, {
      cut: over,
      done: (frame) => {
        over();
        if (frame.t === "ok") return;
        if (frame.d.code === "not_found" || frame.d.code === "forbidden") return learn({ t: "lost", s: name });
        if (frame.d.code === "stale_epoch") known = withoutPlaces(known);
        drop();
      },
    });
    send({ t: "sync", id, s: name, d: { epoch: stream.epoch, seq: stream.seq } });
  }

  function deliver(clientId: string): void {
    const one = known.pending.find((pending) => pending.clientId === clientId);
    if (!one || one.state !== "sending" || !ready()) return;
    const id = nextId();
    waiting.set(id, {
      cut: () => undefined, // it stays pending and goes out again, with the same client id, after `welcome`
      done: (frame) => {
        learn({ t: "answered", clientId, frame });
        if (frame.t === "err" && frame.d.retryable) {
          platform.after(frame.d.retry_ms ?? FIRST_WAIT_MS, () => deliver(clientId));
        }
      },
    });
    const [kind, conversation] = one.stream.split(":") as [string, string];
    const said = { client_message_id: clientId, body: one.body };
    if (kind === "staff") send({ t: "note.add", id, d: { conversation, ...said } });
    else send({ t: "message.post", id, s: one.stream, d: said });
  }

  function wake(): void {
    if (line !== "waiting") return;
    attempt = 0;
    preferSocket();
    void start();
  }

  void start();

  return {
    known: () => known,
    line: () => line,
    stopCode: () => stopCode,
    post(stream, body) {
      const clientId = platform.uuid();
      learn({ t: "posted", s: stream, clientId, body });
      deliver(clientId);
      options.changed();
    },
    retry(clientId) {
      learn({ t: "retried", clientId });
      deliver(clientId);
      options.changed();
    },
    discard(clientId) {
      learn({ t: "discarded", clientId });
      options.changed();
    },
    typing(stream) {
      if (ready()) send({ t: "typing", s: stream });
    },
    read(stream, upTo) {
      if (ready()) send({ t: "read", s: stream, d: { up_to: upTo } });
    },
    request(frame) {
      const offline = (): Refused => new Refused("offline", "", "");
      if (!ready() && line !== "connecting") return Promise.reject(offline());
      return new Promise((resolve, reject) => {
        const cut = (): void => reject(offline());
        const ask = (): void => {
          const id = nextId();
          const done = (answer: Ok | Err): void => {
            if (answer.t === "ok") return resolve(answer.d);
            reject(new Refused(answer.d.code, answer.d.message, answer.d.next_step));
          };
          waiting.set(id, { cut, done });
          send({ ...frame, id } as ClientFrame);
        };
        if (ready()) ask();
        else held.push({ ask, cut });
      });
    },
    wake,
    stop() {
      cancelRetry();
      cancelWatch();
      cancelTrial();
      const ending = socket;
      socket = null;
      become("stopped");
      for (const one of [...waiting.values()]) one.cut();
      waiting.clear();
      letGo();
      ending?.close(1000);
    },
  };
}
