/** What staff do about a concern and about a question to the supervisors. */
import { ask } from "../app/realtime/client/http.js";
import { browser } from "../app/realtime/client/platform.js";
import type { Fault } from "../app/realtime/client/words.js";
import type { ClosedConcern, Consulted, Doings, Model, StepTaken } from "./model.js";

type CareDoings = Pick<Doings, "step" | "readConcern" | "lookUpClosed" | "consult" | "readConsult">;
type Attempt = (what: string, work: () => Promise<void>, show?: (fault: Fault | null) => void) => Promise<void>;

export function careDoings(model: Model, attempt: Attempt, told: HTMLElement): CareDoings {
  return {
    step({ id: concern, category }, form, state) {
      const data = new FormData(form);
      const written = (name: string): string => String(data.get(name) ?? "").trim();
      const d = { concern, state, note: written("note") };
      const decision = {
        second: written("second"),
        shared: written("shared"),
        parent_told: written("parent_told"),
        references: written("references"),
      };
      const take = async (): Promise<void> => {
        await model.connection?.request({ t: "concern.step", d: state === "decided" ? { ...d, ...decision } : d });
        form.reset();
        model.known.delete(concern);
        const reached = model.words(`console.concern.state.${state}`);
        told.textContent = `${model.words(`console.concern.${category}`)}: ${reached}`;
        if (state !== "closed") return;
        model.closed = null; // what was looked up lacks it
        document.getElementById("concerns-title")?.focus(); // its form goes
      };
      void attempt(`step ${concern} ${state}`, take, (fault) => {
        if (fault) model.stuck.set(concern, fault);
        else model.stuck.delete(concern);
      });
    },
    consult(conversation, form, t) {
      const body = String(new FormData(form).get("body") ?? "").trim();
      if (!body) return;
      const d = { conversation, client_message_id: browser.uuid(), body };
      void attempt(`${t} ${conversation}`, async () => {
        await model.connection?.request({ t, d });
        form.reset();
        model.consulted.delete(conversation);
      });
    },
    readConsult(conversation) {
      void attempt(`read consult ${conversation}`, async () => {
        const address = `/api/v1/conversations/${conversation}/consult`;
        model.consulted.set(conversation, (await ask(address)) as readonly Consulted[]);
      });
    },
    lookUpClosed() {
      const found = model.closed ?? [];
      const last = found.at(-1)?.id;
      void attempt("look up closed concerns", async () => {
        const address = `/api/v1/concerns${last ? `?after=${last}` : ""}`;
        model.closed = [...found, ...((await ask(address)) as readonly ClosedConcern[])];
      });
    },
    readConcern(concern) {
      void attempt(`read ${concern}`, async () => {
        model.known.set(concern, (await ask(`/api/v1/concerns/${concern}`)) as readonly StepTaken[]);
      });
    },
  };
}
