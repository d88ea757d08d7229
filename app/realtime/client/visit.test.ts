import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type Connection, type Platform, type Socket } from "./connection.js";
import type { ClientFrame, ServerFrame } from "./frames.js";
import { serverFrame } from "./golden.js";
import { messages } from "./transcript.js";

const CONVERSATION = "6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11";
const CONV = `conv:${CONVERSATION}`;
const LIMITS = { ping_s: 25, pong_s: 8, max_frame: 65536, max_text: 4000 };
const WELCOME: ServerFrame = {
  t: "welcome",
  re: "hello",
  d: { role: "parent", ...LIMITS, streams: { [CONV]: { epoch: "k3", head: 0, recovered: true } } },
};
const PING: ServerFrame = { t: "ping", d: { heads: {} } };

/** One request that the client made, and how the test answers it. */
class Asked {
  readonly stream = new TransformStream<Uint8Array, Uint8Array>();
  readonly writer = this.stream.writable.getWriter();

  constructor(
    readonly path: string,
    readonly headers: Headers,
    readonly body: string,
    readonly answer: (response: Response) => void,
    readonly fail: () => void,
    private readonly signal: AbortSignal | null | undefined,
  ) {}

  get gone(): boolean {
    return this.signal?.aborted === true;
  }

  /** Begin a stream of events. */
  begin(): this {
    this.answer(new Response(this.stream.readable, { headers: { "content-type": "text/event-stream" } }));
    return this;
  }

  async write(text: string): Promise<void> {
    await this.writer.write(new TextEncoder().encode(text));
  }

  async hear(...frames: ServerFrame[]): Promise<void> {
    for (const frame of frames) await this.write(`data: ${JSON.stringify(frame)}\n\n`);
  }

  tell(told: unknown, status = 200): void {
    this.answer(new Response(typeof told === "string" ? told : JSON.stringify(told), { status }));
  }

  get frame(): ClientFrame {
    return JSON.parse(this.body) as ClientFrame;
  }
}

interface Network {
  readonly connection: Connection;
  readonly asked: Asked[];
  readonly sockets: (Socket & { closed: boolean })[];
  readonly pass: (ms: number) => Promise<void>;
  /** Whether sockets open; while they do not, they fail at once. */
  sockets_open: boolean;
  last(way: string): Asked;
}

/** A client in a network that refuses sockets, two of which have failed already. */
async function refused(): Promise<Network> {
  const asked: Asked[] = [];
  const sockets: (Socket & { closed: boolean })[] = [];
  let due: { at: number; work: () => void }[] = [];
  let now = 0;
  let ids = 0;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const network = { asked, sockets, sockets_open: false } as unknown as Network;
  const platform: Platform = {
    open() {
      const socket = {
        closed: false,
        send: () => undefined,
        close: () => void (socket.closed = true),
        onopen: null,
        onmessage: null,
        onclose: null,
      } as Socket & { closed: boolean };
      sockets.push(socket);
      queueMicrotask(() => (network.sockets_open ? socket.onopen?.() : socket.onclose?.({ code: 1006 })));
      return socket;
    },
    fetch: (input, init) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new TypeError("no network"));
        const headers = new Headers(init?.headers);
        asked.push(new Asked(String(input), headers, String(init?.body ?? ""), resolve, fail, init?.signal));
      }),
    now: () => now,
    after(ms, work) {
      const entry = { at: now + ms, work };
      due.push(entry);
      return () => void (due = due.filter((other) => other !== entry));
    },
    random: () => 0.5,
    uuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
  };
  const connection = connect({
    url: "wss://test/rt/v1",
    client: "test/1",
    token: () => Promise.resolve("an-invented-token"),
    shown: () => ({ authorization: "Bearer an-invented-token" }),
    changed: () => undefined,
    platform,
  });
  const pass = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settle();
    for (;;) {
      const next = due.filter((entry) => entry.at <= until).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      due = due.filter((entry) => entry !== next);
      now = next.at;
      next.work();
      await settle();
    }
    now = until;
  };
  const last = (way: string): Asked => asked.filter((one) => one.path.includes(way)).at(-1) as Asked;
  Object.assign(network, { connection, pass, last });
  await pass(2000);
  return network;
}

test("after two sockets that never opened it goes over HTTP, with the token in a header alone", async () => {
  const { asked, sockets, connection, pass } = await refused();
  assert.equal(sockets.length, 2);
  assert.equal(asked.length, 1);
  const [first] = asked as [Asked];
  assert.match(first.path, /^https:\/\/test\/rt\/v1\/stream\?conn=[0-9a-f-]{36}$/);
  assert.equal(first.headers.get("authorization"), "Bearer an-invented-token");
  assert.equal(first.headers.get("last-event-id"), "{}");
  await first.begin().hear(WELCOME);
  await pass(0);
  assert.equal(connection.line(), "open");
});

test("a ping is answered by coming back with the cursors; what comes in pieces is put together", async () => {
  const { asked, connection, pass } = await refused();
  const [first] = asked as [Asked];
  await first.begin().hear(WELCOME);
  const event = `id: x\ndata: ${JSON.stringify(serverFrame("snapshot"))}\n\n`;
  await first.write(event.slice(0, 40));
  await first.write(event.slice(40));
  await first.hear(PING);
  await first.writer.close();
  await pass(0);
  const [, second] = asked as [Asked, Asked];
  assert.deepEqual(JSON.parse(second.headers.get("last-event-id") ?? ""), { [CONV]: { epoch: "k3", seq: 5 } });
  assert.equal(connection.line(), "open");
  assert.equal(asked.filter((one) => one.body).length, 0, "nothing is posted for a ping");
});

test("what is said goes out in its order, one request at a time", async () => {
  const { asked, connection, last, pass } = await refused();
  await (asked[0] as Asked).begin().hear(WELCOME);
  await pass(0);
  connection.post(CONV, "One");
  connection.post(CONV, "Two");
  connection.typing(CONV);
  await pass(0);
  const said = (): string[] =>
    asked.flatMap((one) => (one.body && one.frame.t === "message.post" ? [one.frame.d.body] : []));
  assert.deepEqual(said(), ["One"]);
  const posted = last("/frames").frame as Extract<ClientFrame, { t: "message.post" }>;
  const d = { message_id: "m1", seq: 1, at: "", duplicate: false };
  last("/frames").tell({ frames: [{ t: "ok", re: posted.id, d }], close: null });
  await pass(0);
  assert.deepEqual(said(), ["One", "Two"]);
  assert.equal(connection.known().pending[0]?.state, "sent");
  assert.ok(!asked.some((one) => one.body.includes("typing")), "that somebody writes is not worth a queue");
});

test("what was not answered goes out again, with its id, when the way is open again", async () => {
  const { asked, connection, last, pass } = await refused();
  await (asked[0] as Asked).begin().hear(WELCOME);
  await pass(0);
  connection.post(CONV, "Hello?");
  await pass(0);
  const first = last("/frames");
  first.fail();
  await pass(3000);
  assert.ok((asked[0] as Asked).gone, "the stream ends with it");
  await last("/stream").begin().hear(WELCOME);
  await pass(0);
  const again = last("/frames");
  assert.notEqual(again, first);
  const ids = [first, again].map((one) => (one.frame as { d: { client_message_id?: string } }).d.client_message_id);
  assert.equal(ids[0], ids[1]);
  assert.deepEqual(messages(connection.known(), CONV, "parent").map((one) => one.body), ["Hello?"]);
});

test("a stream that is held back becomes polls", async () => {
  const { asked, connection, last, pass } = await refused();
  (asked[0] as Asked).begin(); // and nothing comes through
  await pass(12_000);
  assert.match(last("/events").path, /\/rt\/v1\/events\?conn=/);
  last("/events").tell({ frames: [WELCOME, serverFrame("snapshot")], close: null });
  await pass(0);
  assert.equal(connection.line(), "open");
  const cursors = JSON.parse(last("/events").headers.get("last-event-id") ?? "") as object;
  assert.deepEqual(cursors, { [CONV]: { epoch: "k3", seq: 5 } });
});

test("close codes and refusals mean what they mean on a socket; a portal's page means nothing", async () => {
  for (const [told, status, line, code] of [
    [{ code: "unauthorized" }, 401, "stopped", 4501],
    [{ code: "forbidden" }, 403, "stopped", 4502],
    ["<h1>Sign in to our wireless network</h1>", 403, "waiting", null],
    [{ code: "internal" }, 503, "waiting", null],
  ] as const) {
    const { asked, connection, pass } = await refused();
    (asked[0] as Asked).tell(told, status);
    await pass(0);
    assert.equal(connection.line(), line, JSON.stringify(told));
    assert.equal(connection.stopCode(), code);
  }
  for (const [code, line] of [
    [4000, "waiting"],
    [4504, "stopped"],
  ] as const) {
    const { asked, connection, pass } = await refused();
    await (asked[0] as Asked).begin().hear(WELCOME);
    await (asked[0] as Asked).write(`event: close\ndata: {"code":${code},"reason":""}\n\n`);
    await pass(0);
    assert.equal(connection.line(), line);
  }
});

test("the wait that a restarting server asks for is honoured over HTTP too", async () => {
  const { asked, connection, pass } = await refused();
  await (asked[0] as Asked).begin().hear(WELCOME);
  await (asked[0] as Asked).write('event: close\ndata: {"code":4000,"reason":"retry_ms=9000"}\n\n');
  await pass(8900);
  assert.equal(connection.line(), "waiting");
  assert.equal(asked.length, 1);
  await pass(5000);
  assert.equal(asked.length, 2);
});

test("a stream that breaks comes back over HTTP; where that fails too, a socket is tried again", async () => {
  const { asked, sockets, last, pass } = await refused();
  await (asked[0] as Asked).begin().hear(WELCOME);
  await pass(0);
  await (asked[0] as Asked).writer.close();
  await pass(3000);
  assert.equal(sockets.length, 2);
  last("/stream").fail();
  await pass(20_000);
  assert.equal(sockets.length, 3);
  assert.equal(asked.filter((one) => one.path.includes("/stream")).length, 3, "and HTTP again at once after it");
});

test("a socket is tried beside it, and taken once one opens", async () => {
  const network = await refused();
  const { asked, sockets, connection, pass } = network;
  await (asked[0] as Asked).begin().hear(WELCOME);
  const alive = async (minutes: number): Promise<void> => {
    for (let turn = 0; turn < minutes * 3 && !network.last("/stream").gone; turn += 1) {
      await network.last("/stream").hear(PING);
      await network.last("/stream").writer.close();
      await pass(0);
      network.last("/stream").begin();
      await pass(20_000);
    }
  };
  await alive(6);
  assert.equal(sockets.length, 3);
  assert.equal(connection.line(), "open");
  network.sockets_open = true;
  await alive(5);
  assert.equal(sockets.length, 5, "one that was tried, one to talk over");
  assert.equal(sockets[3]?.closed, true);
  assert.equal(sockets[4]?.closed, false);
  assert.ok(network.last("/stream").gone);
});

test("stopping ends the stream", async () => {
  const { asked, connection, pass } = await refused();
  await (asked[0] as Asked).begin().hear(WELCOME);
  connection.stop();
  await pass(60_000);
  assert.ok((asked[0] as Asked).gone);
  assert.equal(asked.length, 1);
});
