/**
 * The wire over HTTP in the shape of a socket, for networks that let no WebSocket through.
 *
 * What is heard comes in responses that end with a ping; coming back for the next one is the pong. What is said goes
 * out one frame a request, in its order. When either way breaks, the whole is over, as a socket would be.
 */
import type { Socket } from "./connection.js";
import type { ClientFrame, ServerFrame } from "./frames.js";

/** `stream` hears events as they come; `events` polls, where a proxy holds streams back. */
export type Way = "stream" | "events";

export interface Visit {
  readonly way: Way;
  readonly url: string;
  readonly conn: string;
  /** What each request shows of who asks. */
  readonly shown: () => Readonly<Record<string, string>>;
  readonly cursors: () => Readonly<Record<string, { epoch: string; seq: number }>>;
  readonly fetch: typeof fetch;
}

interface Told {
  readonly frames?: readonly ServerFrame[];
  readonly close?: number | null;
  readonly reason?: string;
}

const CUT = 1006;
const CLOSED_AS: Readonly<Record<string, number>> = {
  unauthorized: 4501,
  not_found: 4501,
  forbidden: 4502,
  rate_limited: 4005,
};

/** Ends a visit with a close code. */
class Closing extends Error {
  constructor(
    readonly code: number,
    readonly reason = "",
  ) {
    super();
  }
}

/** Begins at once; `onmessage` hears frames, `welcome` first, and `onclose` how it ended. */
export function visit(options: Visit): Socket {
  const leaving = new AbortController();
  const unsaid: string[] = [];
  let saying = false;
  let over = false;
  const socket: Socket = { send, close, onopen: null, onmessage: null, onclose: null };

  function close(): void {
    over = true;
    leaving.abort();
  }

  function end(error: unknown): void {
    if (over) return;
    close();
    socket.onclose?.(error instanceof Closing ? error : new Closing(CUT));
  }

  function hear(text: string): void {
    if (!over) socket.onmessage?.({ data: text });
  }

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...options.shown(), ...(init.headers as Record<string, string>) };
    const address = `${options.url.replace(/^ws/, "http")}/${path}`;
    const answer = await options.fetch(address, { ...init, headers, cache: "no-store", signal: leaving.signal });
    if (!answer.ok) throw new Closing(CLOSED_AS[await faultIn(answer)] ?? CUT);
    return answer;
  }

  async function listen(): Promise<void> {
    const path = `${options.way}?conn=${options.conn}`;
    while (!over) {
      const answer = await ask(path, { headers: { "last-event-id": JSON.stringify(options.cursors()) } });
      await (options.way === "stream" ? readEvents(answer) : readAnswer(answer));
    }
  }

  /** To the end, before which a ping asks to come back; a response that ends without one was cut off. */
  async function readEvents(answer: Response): Promise<void> {
    if (!answer.body) throw new Closing(CUT);
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    let pinged = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done && pinged) return;
      if (done) throw new Closing(CUT);
      const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1] ?? "";
        if (/^event: close$/m.test(event)) {
          const { code, reason } = JSON.parse(data) as Closing;
          throw new Closing(code, reason);
        }
        hear(data);
        pinged = (JSON.parse(data) as ServerFrame).t === "ping";
      }
    }
  }

  async function readAnswer(answer: Response): Promise<void> {
    const told = (await answer.json()) as Told;
    for (const frame of told.frames ?? []) hear(JSON.stringify(frame));
    if (told.close !== null) throw new Closing(told.close ?? CUT, told.reason);
  }

  function send(text: string): void {
    const { t } = JSON.parse(text) as ClientFrame;
    if (t === "pong" || (t === "typing" && saying)) return;
    unsaid.push(text);
    if (!saying) void say().catch(end);
  }

  async function say(): Promise<void> {
    saying = true;
    try {
      for (let text = unsaid.shift(); text !== undefined && !over; text = unsaid.shift()) {
        const headers = { "content-type": "application/json" };
        await readAnswer(await ask("frames", { method: "POST", headers, body: text }));
      }
    } finally {
      saying = false;
    }
  }

  void Promise.resolve().then(listen).catch(end);
  return socket;
}

/** The code in a refusal of the service's own; a portal's or proxy's page has none. */
async function faultIn(answer: Response): Promise<string> {
  try {
    return String(((await answer.json()) as { code?: unknown }).code);
  } catch {
    return "";
  }
}
