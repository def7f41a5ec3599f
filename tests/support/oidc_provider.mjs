// npm's oidc-provider as a process: a real provider on a free port of loopback, with pages of its own and a few switches for tests.
// What it is told on its command line is JSON: {client: {...}, accounts: {id: claims}, accessSeconds}. It prints {"issuer": ...} in
// one line once it listens. By a POST, /switch/forget/ID makes it forget an account, /switch/keys sign with another key (both are
// published), /switch/back/PORT, or an address with its slashes escaped, says where Callboard is.
import http from "node:http";
import { randomUUID, generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const told = JSON.parse(process.argv[2]);
told.client.redirect_uris = ["http://127.0.0.1:1/sign-in/oidc/return"];
const accounts = new Map(Object.entries(told.accounts));
const signingKey = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid: randomUUID(),
  use: "sig",
  alg: "RS256",
});
let keys = [signingKey()];
let handle = () => {};

const server = http.createServer((request, response) => handle(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const store = new Map(); // outlives a provider that is made anew with other keys

  class Adapter {
    constructor(model) { this.model = model; }
    key(id) { return `${this.model}:${id}`; }
    async upsert(id, payload, expiresIn) {
      store.set(this.key(id), payload);
      if (payload.uid) store.set(this.key(`uid:${payload.uid}`), id);
    }
    async find(id) { return store.get(this.key(id)); }
    async findByUid(uid) { return this.find(store.get(this.key(`uid:${uid}`))); }
    async findByUserCode() { return undefined; }
    async consume(id) { const held = store.get(this.key(id)); if (held) held.consumed = Math.floor(Date.now() / 1000); }
    async destroy(id) { store.delete(this.key(id)); }
    async revokeByGrantId(grantId) {
      for (const [key, value] of store) if (value && value.grantId === grantId) store.delete(key);
    }
  }

  const make = () => {
    const provider = new Provider(issuer, {
      adapter: Adapter,
      clients: [told.client],
      jwks: { keys },
      cookies: { keys: ["only for tests"] },
      conformIdTokenClaims: false,
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "groups"] },
      scopes: ["openid", "offline_access"],
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: async (ctx, form) => {
            ctx.body = `<!doctype html><title>Leave</title>${form}<button type="submit" form="op.logoutForm" value="yes" name="logout">Yes</button>`;
          },
        },
      },
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      expiresWithSession: async () => false,
      ttl: { AccessToken: told.accessSeconds ?? 300, IdToken: 300, RefreshToken: 3600, Session: 3600, Interaction: 600, Grant: 3600, AuthorizationCode: 60 },
      interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
      findAccount: async (ctx, id) => accounts.has(id) ? { accountId: id, claims: async () => ({ sub: id, ...accounts.get(id) }) } : undefined,
      renderError: async (ctx, out) => { ctx.type = "text"; ctx.body = JSON.stringify(out); },
    });
    const callback = provider.callback();

    const interaction = async (request, response) => {
      const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
      if (prompt.name === "login" && request.method === "GET") {
        response.setHeader("content-type", "text/html");
        response.end(`<!doctype html><title>Sign in at the provider</title><form method="post">
          <label>Account <input name="account"></label><button type="submit">Go on</button></form>`);
        return;
      }
      if (prompt.name === "login") {
        let body = "";
        for await (const piece of request) body += piece;
        const accountId = new URLSearchParams(body).get("account");
        const result = accounts.has(accountId) ? { login: { accountId } } : { error: "access_denied", error_description: "nobody we know" };
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
        return;
      }
      let grant = grantId ? await provider.Grant.find(grantId) : undefined;
      grant ??= new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
    };

    handle = (request, response) => {
      if (request.url.startsWith("/interaction/")) {
        interaction(request, response).catch((error) => { response.statusCode = 500; response.end(String(error)); });
      } else if (request.url.startsWith("/switch/") && request.method === "POST") {
        const [, , what, id] = request.url.split("/");
        if (what === "forget") accounts.delete(id);
        if (what === "back") {
          const us = /^\d+$/.test(id) ? `http://127.0.0.1:${id}` : decodeURIComponent(id);
          told.client.redirect_uris = [`${us}/sign-in/oidc/return`];
          told.client.post_logout_redirect_uris = [`${us}/sign-in`];
          make();
        }
        if (what === "keys") { keys = [signingKey(), ...keys]; make(); }
        response.end("done\n");
      } else {
        callback(request, response);
      }
    };
  };
  make();
  process.stdout.write(JSON.stringify({ issuer }) + "\n");
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0)); // whoever started us is gone
