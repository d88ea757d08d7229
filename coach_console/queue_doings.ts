/** What a person at the desk does with the queue: take, answer an offer, give by hand. */
import type { Request } from "../app/realtime/client/connection.js";
import { ask as askServer } from "../app/realtime/client/http.js";
import { type Doings, type Explained, type Model, offers } from "./model.js";

interface Desk {
  readonly attempt: (what: string, work: () => Promise<void>) => Promise<void>;
  readonly draw: () => void;
  readonly settle: (conversation: string) => void;
  readonly told: HTMLElement;
}

type QueueDoings = Pick<Doings, "takeNext" | "take" | "accept" | "decline" | "give" | "switchboard" | "explain" | "transfer">;

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
