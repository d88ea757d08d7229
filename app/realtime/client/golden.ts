/** The golden frames of tests/contract, for tests only: the server's tests read the same files. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientFrame, ServerFrame } from "./frames.js";

export interface Golden {
  readonly name: string;
  readonly direction: "client" | "server";
  readonly frame: ClientFrame | ServerFrame;
}

/** All golden frames; tests are run from the project's root. */
export function golden(): readonly Golden[] {
  const folder = join("tests", "contract");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Golden);
}

/** A server's golden frame by its name. */
export function serverFrame(name: string): ServerFrame {
  return JSON.parse(readFileSync(join("tests", "contract", `${name}.json`), "utf8")).frame as ServerFrame;
}
