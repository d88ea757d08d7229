import assert from "node:assert/strict";
import { test } from "node:test";
import { askedToWait, backOff, connect, type Connection, type Platform, Refused, type Socket } from "./connection.js";
import type { ClientFrame, ServerFrame } from "./frames.js";
import { serverFrame } from "./golden.js";
import { messages } from "./transcript.js";

const CONVERSATION = "6f6b2f1e-0a53-4b0e-9a53-0d8f1f2c7a11";
const CONV = `conv:${CONVERSATION}`;

class FakeSocket implements Socket {
  readonly sent: ClientFrame[] = [];
  closedByClient = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason?: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.closedByClient = true;
  }

  hear(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  of<T extends ClientFrame["t"]>(kind: T): Extract<ClientFrame, { t: T }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === kind);
  }
}

interface World {
  readonly sockets: FakeSocket[];
  readonly connection: Connection;
  /** Lets time pass, running what was due in its order. */
  readonly pass: (ms: number) => Promise<void>;
  readonly welcomed: (head?: number, recovered?: boolean) => Promise<FakeSocket>;
}

function world(token: () => Promise<string | null> = () => Promise.resolve("an-invented-token")): World {
  const sockets: FakeSocket[] = [];
  let due: { at: number; work: () => void }[] = [];
  let now = 0;
  let ids = 0;
  const platform: Platform = {
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    fetch: () => Promise.reject(new TypeError("no network")),
    now: () => now,
    after(ms, work) {
      const entry = { at: now + ms, work };
      due.push(entry);
      return () => void (due = due.filter((other) => other !== entry));
    },
    random: () => 0.5,
    uuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const shown = (): Record<string, string> => ({ authorization: "Bearer an-invented-token" });
  const connection = connect({ url: "ws://test/rt/v1", client: "test/1", token, shown, changed: () => undefined, platform });
  return {
    sockets,
    connection,
    async pass(ms) {
      const until = now + ms;
      await settle();
      for (let next = earliest(due, until); next; next = earliest(due, until)) {
        due = due.filter((entry) => entry !== next);
        now = next.at;
        next.work();
        await settle();
      }
      now = until;
    },
    async welcomed(head = 0, recovered = true) {
      await settle();
      const socket = sockets.at(-1) as FakeSocket;
      socket.onopen?.();
      const streams = { [CONV]: { epoch: "k3", head, recovered } };
      const limits = { ping_s: 25, pong_s: 8, max_frame: 65536, max_text: 4000 };
      socket.hear({ t: "welcome", re: "1", d: { role: "parent", ...limits, streams } });
      return socket;
    },
  };
}

function earliest(due: readonly { at: number; work: () => void }[], until: number): { at: number; work: () => void } | undefined {
  return due.filter((entry) => entry.at <= until).sort((one, other) => one.at - other.at)[0];
}

test("hello carries the token and the cursors, and a lost place drops them", async () => {
  const { sockets, pass, welcomed } = world();
  const first = await welcomed();
  first.hear(serverFrame("snapshot"));
  assert.equal(first.of("hello")[0]?.d.token, "an-invented-token");
  first.onclose?.({ code: 4000 });
  await pass(500);
  const second = await welcomed(5);
  assert.deepEqual(second.of("hello")[0]?.d.cursors, { [CONV]: { epoch: "k3", seq: 5 } });
  second.onclose?.({ code: 4003 });
  await pass(2000);
  sockets.at(-1)?.onopen?.();
  assert.deepEqual(sockets.at(-1)?.of("hello")[0]?.d.cursors, {});
});

test("a ping is answered, and a hole asks once for what is missing", async () => {
  const { welcomed } = world();
  const socket = await welcomed();
  socket.hear(serverFrame("ping"));
  socket.hear(serverFrame("ping"));
  assert.equal(socket.of("pong").length, 2);
  assert.deepEqual(socket.of("sync").map((frame) => frame.d), [{ epoch: "k3", seq: 0 }]);
});

test("what was not acknowledged goes out again with the same client id, and is shown once", async () => {
  const { connection, pass, welcomed } = world();
  const first = await welcomed();
  connection.post(CONV, "Hello?");
  const clientId = first.of("message.post")[0]?.d.client_message_id;
  first.onclose?.({ code: 1006 });
  connection.post(CONV, "Are you there?");
  await pass(1000);
  const second = await welcomed();
  const again = second.of("message.post");
  assert.deepEqual(again.map((frame) => frame.d.body), ["Hello?", "Are you there?"]);
  assert.equal(again[0]?.d.client_message_id, clientId);
  const d = { message_id: "m1", client_message_id: clientId, from: "parent", body: "Hello?" };
  second.hear({ t: "ev", s: CONV, epoch: "k3", seq: 1, k: "message.posted", at: "2026-03-02T09:15:00Z", gen: 0, d });
  second.hear({ t: "ok", re: again[0]?.id ?? "", d: { message_id: "m1", seq: 1, at: "", duplicate: true } });
  assert.deepEqual(messages(connection.known(), CONV, "parent").map((one) => one.body), ["Hello?", "Are you there?"]);
  assert.equal(connection.known().pending.length, 1);
});

test("a message that came too quickly is sent again after the time that the server named", async () => {
  const { connection, pass, welcomed } = world();
  const socket = await welcomed();
  connection.post(CONV, "Quick");
  const [sent] = socket.of("message.post");
  const refusal = serverFrame("err-rate-limited");
  socket.hear({ ...refusal, re: sent?.id } as ServerFrame);
  await pass(1900);
  assert.equal(socket.of("message.post").length, 1);
  await pass(200);
  assert.equal(socket.of("message.post").length, 2);
});

test("close codes from 4500 stop it; all others come back", async () => {
  for (const code of [4500, 4501, 4503, 4505]) {
    const { sockets, connection, pass, welcomed } = world();
    (await welcomed()).onclose?.({ code });
    await pass(60_000);
    assert.equal(connection.line(), "stopped");
    assert.equal(connection.stopCode(), code);
    assert.equal(sockets.length, 1);
  }
  for (const code of [1006, 4000, 4001, 4002, 4004, 4006]) {
    const { sockets, pass, welcomed } = world();
    (await welcomed()).onclose?.({ code });
    await pass(2000);
    assert.equal(sockets.length, 2, String(code));
  }
});

test("the wait has full jitter under a ceiling that doubles from half a second to thirty", () => {
  assert.equal(backOff(0, () => 1), 500);
  assert.equal(backOff(3, () => 1), 4000);
  assert.equal(backOff(20, () => 1), 30_000);
  assert.equal(backOff(20, () => 0), 0);
});

test("a server that restarts is given the time that it asks for, on top of the jitter", async () => {
  const { sockets, pass, welcomed } = world();
  (await welcomed()).onclose?.({ code: 4000, reason: "retry_ms=1500" });
  await pass(1499);
  assert.equal(sockets.length, 1);
  await pass(501);
  assert.equal(sockets.length, 2);
  for (const odd of ["", "retry_ms=", "retry_ms=-5", "retry_ms=1e9", "retry_ms=999999", " retry_ms=5"]) {
    assert.equal(askedToWait(odd), 0, odd);
  }
});

test("waking connects at once", async () => {
  const { sockets, connection, pass, welcomed } = world();
  (await welcomed()).onclose?.({ code: 4005 });
  assert.equal(connection.line(), "waiting");
  connection.wake();
  await pass(0);
  assert.equal(sockets.length, 2);
});

test("a socket that has gone silent is dropped after ping and pong time", async () => {
  const { sockets, pass, welcomed } = world();
  const socket = await welcomed();
  await pass(32_900);
  assert.equal(socket.closedByClient, false);
  await pass(1000);
  assert.equal(socket.closedByClient, true);
  await pass(1000);
  assert.equal(sockets.length, 2);
});

test("a request waits for a socket that is being opened, and is refused where there is none", async () => {
  const { connection, welcomed } = world();
  const asked = connection.request({ t: "queue.next" });
  const socket = await welcomed();
  const [frame] = socket.of("queue.next");
  socket.hear({ ...serverFrame("ok-claim"), re: frame?.id } as ServerFrame);
  assert.equal((await asked)["conversation"], CONVERSATION);
  const cut = connection.request({ t: "queue.next" });
  socket.onclose?.({ code: 1006 });
  await assert.rejects(cut, (error) => error instanceof Refused && error.code === "offline");
  await assert.rejects(connection.request({ t: "queue.next" }), Refused);
});

test("a refusal carries the server's words", async () => {
  const { connection, welcomed } = world();
  const socket = await welcomed();
  const asked = connection.request({ t: "conversation.end", d: { conversation: CONVERSATION } });
  const [frame] = socket.of("conversation.end");
  socket.hear({ ...serverFrame("err-too-large"), re: frame?.id } as ServerFrame);
  await assert.rejects(asked, (error) => error instanceof Refused && error.nextStep.startsWith("Shorten"));
});

test("a subscription that has ended is forgotten when it is asked for", async () => {
  const { connection, welcomed } = world();
  const socket = await welcomed();
  socket.hear(serverFrame("ping"));
  const [frame] = socket.of("sync");
  const d = { code: "not_found", message: "", next_step: "", retryable: false, retry_ms: null } as const;
  socket.hear({ t: "err", re: frame?.id ?? null, d });
  assert.deepEqual(Object.keys(connection.known().streams), []);
});

test("without a token nothing is opened; stopping closes for good", async () => {
  const without = world(() => Promise.resolve(null));
  await without.pass(60_000);
  assert.equal(without.sockets.length, 0);
  assert.equal(without.connection.line(), "stopped");
  const { sockets, connection, pass, welcomed } = world();
  const socket = await welcomed();
  connection.stop();
  assert.ok(socket.closedByClient);
  await pass(60_000);
  assert.equal(sockets.length, 1);
});

test("a token that cannot be fetched is tried again", async () => {
  let tries = 0;
  const { sockets, pass } = world(() => (++tries < 3 ? Promise.reject(new Error("no network")) : Promise.resolve("t")));
  await pass(10_000);
  assert.equal(sockets.length, 1);
});
