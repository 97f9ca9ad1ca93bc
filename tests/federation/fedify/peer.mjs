// An independent fediverse server for tests (Fedify): `node peer.mjs DIALECT`, where DIALECT is what it knocks with
// first. Prints one JSON line when it listens; stops when its standard input closes. /test/… is driven by pytest.
import { createServer } from "node:http";
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import {
  Accept, Activity, Announce, Create, Delete, Endpoints, Follow, Like, Note, Person, PUBLIC_COLLECTION, Undo, Update,
} from "@fedify/fedify/vocab";

const seen = []; // every POST to an inbox: as it came, and what Fedify answered
const taken = []; // every activity whose signature Fedify accepted, as it read it
const keys = [await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), await generateCryptoKeyPair("Ed25519")];
const federation = createFederation({
  kv: new MemoryKvStore(), // and no queue: it delivers at once, and says so when that fails
  allowPrivateAddress: true,
  firstKnock: process.argv[2] ?? "rfc9421",
});

federation.setActorDispatcher("/users/{identifier}", async (context, identifier) => {
  const pairs = await context.getActorKeyPairs(identifier);
  return new Person({
    id: context.getActorUri(identifier),
    preferredUsername: identifier,
    name: identifier,
    inbox: context.getInboxUri(identifier),
    endpoints: new Endpoints({ sharedInbox: context.getInboxUri() }),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  });
}).setKeyPairsDispatcher(() => keys);

federation.setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Activity, async (_context, activity) => void taken.push(await activity.toJsonLd({ format: "compact" })));

let base; // our own address
let serial = 0;
const made = new Map(); // activity id → activity, so that it can be undone

const acts = {
  follow: (ids) => new Follow(ids),
  like: (ids) => new Like(ids),
  announce: (ids) => new Announce({ ...ids, to: PUBLIC_COLLECTION }),
  undo: ({ object, ...ids }) => new Undo({ ...ids, object: made.get(object.href) }),
  remove: ({ actor, ...ids }) => new Delete({ ...ids, actor, object: actor }),
};

// Does one of `acts` as an actor of ours, to the inbox of the actor at `to`; answers the activity's id.
async function act(query) {
  const context = federation.createContext(new URL(base), undefined);
  const who = query.get("as") ?? "ann";
  const target = await context.lookupObject(query.get("to"));
  if (!target) return [502, { error: "the actor was not found" }];
  const activity = acts[query.get("act")]({
    id: new URL(`/acts/${++serial}`, base),
    actor: context.getActorUri(who),
    object: new URL(query.get("object") ?? query.get("to")),
  });
  made.set(activity.id.href, activity);
  await context.sendActivity({ identifier: who }, target, activity);
  return [200, { id: activity.id.href }];
}

// What Fedify makes of a document elsewhere; of a collection, all its items' ids, page after page.
async function lookUp(query) {
  const context = federation.createContext(new URL(base), undefined);
  const object = await context.lookupObject(query.get("url"));
  if (!object) return [404, {}];
  const read = { type: object.constructor.name, document: await object.toJsonLd({ format: "compact" }) };
  if (query.get("items") === "1") {
    read.items = [];
    for await (const item of context.traverseCollection(object)) read.items.push(item.id?.href);
  }
  return [200, read];
}

// Sends one note to `n` distinct inboxes at `port`, each on an address of its own (`hosts`: many) or all on one;
// answers how much time and processor it took.
async function fanOut(query) {
  const context = federation.createContext(new URL(base), undefined);
  const many = query.get("hosts") === "many";
  const recipients = Array.from({ length: Number(query.get("n")) }, (_, i) => {
    const host = many ? `127.0.${Math.floor(i / 250) + 1}.${(i % 250) + 1}` : "127.0.0.1";
    const at = `http://${host}:${query.get("port")}/fedify/${i}`;
    return { id: new URL(at), inboxId: new URL(`${at}/inbox`), endpoints: null };
  });
  const id = new URL(`/notes/${++serial}`, base);
  const note = new Note({ id, attribution: context.getActorUri("ann"), to: PUBLIC_COLLECTION, content: "<p>Hello</p>" });
  const create = new Create({ id: new URL("#create", id), actor: context.getActorUri("ann"), to: PUBLIC_COLLECTION, object: note });
  const began = performance.now(), before = process.cpuUsage();
  await context.sendActivity({ identifier: "ann" }, recipients, create, { preferSharedInbox: false });
  const { user, system } = process.cpuUsage(before);
  return [200, { wall_s: (performance.now() - began) / 1e3, cpu_s: (user + system) / 1e6 }];
}

const tests = {
  "/test/seen": () => [200, seen],
  "/test/taken": () => [200, taken],
  "/test/act": act,
  "/test/look-up": lookUp,
  "/test/fan-out": fanOut,
};

const server = createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks), url = new URL(incoming.url, base);
  const reply = (status, headers, payload) => { outgoing.writeHead(status, headers); outgoing.end(payload); };
  const test = tests[url.pathname];
  if (test) {
    const [status, payload] = await Promise.resolve(test(url.searchParams)).catch((error) => [500, { error: String(error) }]);
    return reply(status, { "content-type": "application/json" }, JSON.stringify(payload));
  }
  const request = new Request(url, { method: incoming.method, headers: incoming.headers, ...(body.length ? { body } : {}) });
  const response = await federation.fetch(request, { contextData: undefined });
  if (incoming.method === "POST")
    seen.push({ path: url.pathname, headers: incoming.headers, body: body.toString(), status: response.status });
  reply(response.status, Object.fromEntries(response.headers), Buffer.from(await response.arrayBuffer()));
});
server.listen(0, "127.0.0.1", () => {
  base = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ base }));
});
process.stdin.on("end", () => process.exit(0)).resume(); // the parent is gone: so are we
