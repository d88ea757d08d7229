/** What a person at the desk does with the queue: take, answer an offer, give by hand. */
import type { Request } from "../app/realtime/client/connection.js";
import type { BlockData } from "../app/realtime/client/frames.js";
import { ask as askServer } from "../app/realtime/client/http.js";
import { type Doings, type Explained, type Model, offers } from "./model.js";

interface Desk {
  readonly attempt: (what: string, work: () => Promise<void>) => Promise<void>;
  readonly draw: () => void;
  readonly settle: (conversation: string) => void;
  readonly told: HTMLElement;
}

type QueueDoings = Pick<Doings, "takeNext" | "take" | "accept" | "decline" | "give" | "switchboard" | "explain" | "transfer" | "warn" | "block" | "review">;

export function queueDoings(model: Model, { attempt, draw, settle, told }: Desk): QueueDoings {
  const ask = async (request: Request): Promise<Record<string, unknown> | undefined> =>
    model.connection?.request(request);
  return {
    takeNext: () =>
      void attempt("take next", async () => {
        for (const one of offers(model)) model.answered.add(one.offer);
        const taken = await ask({ t: "queue.next" });
        settle(String(taken?.["conversation"] ?? ""));
      }),
    take: (conversation) =>
      void attempt(`take ${conversation}`, async () => {
        await ask({ t: "queue.claim", d: { conversation } });
        settle(conversation);
      }),
    accept: (offer, conversation) =>
      void attempt(`accept ${offer}`, async () => {
        model.answered.add(offer);
        await ask({ t: "offer.accept", d: { offer } });
        settle(conversation);
      }),
    decline: (offer) =>
      void attempt(`decline ${offer}`, async () => {
        model.answered.add(offer);
        await ask({ t: "offer.decline", d: { offer } });
        told.textContent = model.words("console.offer.declined");
      }),
    give(conversation, form) {
      const staff = String(new FormData(form).get("staff") ?? "");
      void attempt(`give ${conversation}`, async () => {
        await ask({ t: "queue.assign", d: { conversation, staff } });
      });
    },
    transfer(conversation, form) {
      const filled = new FormData(form);
      const staff = String(filled.get("staff") ?? "");
      const d = {
        conversation,
        client_message_id: crypto.randomUUID(),
        note: String(filled.get("note") ?? ""),
        ...(staff ? { staff } : {}),
      };
      void attempt(`transfer ${conversation}`, async () => {
        await ask({ t: "conversation.transfer", d });
        told.textContent = model.words("console.transfer.done");
      });
    },
    warn: (conversation) =>
      void attempt(`warn ${conversation}`, async () => {
        await ask({ t: "conversation.warn", d: { conversation } });
        told.textContent = model.words("console.nuisance.warned");
      }),
    block(conversation, form) {
      const reason = String(new FormData(form).get("reason") ?? "") as BlockData["reason"];
      void attempt(`block ${conversation}`, async () => {
        await ask({ t: "conversation.block", d: { conversation, reason } });
      });
    },
    review: (block, uphold) =>
      void attempt(`review ${block}`, async () => {
        await ask({ t: "block.review", d: { block, uphold } });
        told.textContent = model.words("console.blocks.reviewed");
      }),
    explain(conversation) {
      if (model.explained.delete(conversation)) return draw();
      void attempt(`explain ${conversation}`, async () => {
        const address = `/api/v1/conversations/${conversation}/explanation?language=${model.language}`;
        model.explained.set(conversation, (await askServer(address)) as readonly Explained[]);
      });
    },
    switchboard: (on) =>
      void attempt(`switchboard ${on}`, async () => {
        await ask({ t: "switchboard.set", d: { on } });
      }),
  };
}
