/** Requests to the service over HTTP, which refuse in the same words as the socket does. */
import { Refused } from "./connection.js";

export interface Ask {
  readonly method?: "GET" | "POST" | "PUT";
  readonly body?: unknown;
  /** A parent's token. */
  readonly token?: string;
  /** The value that a staff session's changes must carry. */
  readonly csrf?: string;
}

/** The JSON of the answer; Refused with the server's words, or with code `offline` where there was none. */
export async function ask(path: string, { method = "GET", body, token, csrf }: Ask = {}): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (csrf !== undefined) headers["x-csrf-token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused("offline", "", "");
  }
  const text = await answer.text();
  const told = asJson(text);
  if (answer.ok) return told;
  const fault = (typeof told === "object" && told !== null ? told : {}) as Record<string, unknown>;
  throw new Refused(
    String(fault["code"] ?? "internal"),
    String(fault["message"] ?? ""),
    String(fault["next_step"] ?? ""),
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page, or nothing at all
  }
}
