// An OpenID provider (npm oidc-provider), and a browser that signs somebody in there. Takes one JSON object as its
// argument (`groups` has those of people whom another browser signs in), prints the issuer, then answers one line for each
// line it reads.

import { createServer } from "node:http";
import { createInterface } from "node:readline";

const task = JSON.parse(process.argv[process.argv.length - 1]);
const { default: Provider } = await import(`${task.modules}/node_modules/oidc-provider/lib/index.js`);
const say = (object) => process.stdout.write(JSON.stringify(object) + "\n");
const groups = { ...task.groups };

const server = createServer((request, response) => handle(request, response));
let handle;
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "viaduct",
        client_secret: task.secret,
        redirect_uris: [task.redirect],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["a key of a test"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: `subject-of-${id}`, preferred_username: id, groups: groups[id] ?? [] }),
    }),
  });
  handle = provider.callback();
  say({ issuer });
});

// One request; cookies are kept for each host.
async function ask(jar, url, options = {}) {
  const place = new URL(url);
  const cookies = (jar[place.host] ??= {});
  const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
  const response = await fetch(url, { redirect: "manual", ...options, headers: { ...options.headers, cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(";")[0].split(/=(.*)/s);
    cookies[name] = value;
  }
  return { status: response.status, location: response.headers.get("location"), body: await response.text() };
}

// As far as the redirect back to us; what is asked on the way is answered.
async function signIn({ user, plain, of, meddle, begin }) {
  const redirect = new URL(task.redirect);
  groups[user] = of;
  const jar = {};
  const ours = `http://${plain}`;
  let answer = await ask(jar, `${ours}/api/v1/oidc/login${begin ?? ""}`);
  let place = answer.location;
  // The name that the provider knows this server by leads to it, as it would with DNS.
  const named = new URL(place).host === redirect.host ? place : null;
  if (named) {
    answer = await ask(jar, ours + named.slice(redirect.origin.length));
    place = answer.location;
  }
  const first = place;
  for (let step = 0; step < 12 && !place.startsWith(task.redirect); step++) {
    answer = await ask(jar, place);
    if (answer.location) {
      place = new URL(answer.location, place).href;
      continue;
    }
    const prompt = answer.body.match(/name="prompt" value="(\w+)"/)?.[1];
    const body = new URLSearchParams(prompt === "login" ? { prompt, login: user, password: "any" } : { prompt });
    answer = await ask(jar, place, { method: "POST", body });
    place = new URL(answer.location, place).href;
  }
  let back = ours + place.slice(redirect.origin.length);
  if (meddle === "state") back = back.replace(/state=\w/, "state=~");
  if (meddle === "browser") jar[plain] = {};
  if (meddle === "code") back = back.replace(/code=[^&]*/, "code=guessed");
  answer = await ask(jar, back);
  const again = meddle === "twice" ? await ask(jar, back) : null;
  const cookie = Object.entries(jar[plain]).map(([name, value]) => `${name}=${value}`).join("; ");
  return { named, first, status: answer.status, location: answer.location, body: answer.body, cookie, again: again?.status };
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  try {
    say(await signIn(JSON.parse(line)));
  } catch (error) {
    say({ error: String(error.stack) });
  }
});
