// Consoles as pages have them, in Node: Open AMT's own toolkit over the relay, and bare WebSockets that try what they
// should not. Takes one JSON object as its argument and prints one JSON object a line.

const { createRequire } = require("node:module");
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const https = require("node:https");

const task = JSON.parse(process.argv[process.argv.length - 1]);
const load = createRequire(task.modules + "/package.json");
const Plain = load("ws");
const ca = readFileSync(task.ca);
const say = (object) => process.stdout.write(JSON.stringify(object) + "\n");

// A page's WebSocket: the certificate is the operating system's affair there.
class WebSocket extends Plain {
  constructor(url, protocol) {
    super(url, protocol, { ca });
    this.addEventListener("close", (end) => say({ closed: url.match(/mode=(\w+)/)?.[1], code: end.code, reason: end.reason }));
  }
}

globalThis.self = globalThis;
globalThis.FileReader = class {
  readAsBinaryString(blob) {
    blob.arrayBuffer().then((bytes) => {
      this.result = Buffer.from(bytes).toString("latin1");
      this.onload({ target: this });
    });
  }
};
console.warn = () => {};

function get(path) {
  return new Promise((resolve, reject) => {
    const options = { ca, headers: { authorization: `Bearer ${task.token}` } };
    https.get(task.api + path, options, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => resolve({ status: answer.statusCode, body: text }));
    }).on("error", reject);
  });
}

const until = async (what, holds) => {
  const end = Date.now() + 100_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

async function toolkit() {
  const kit = load("@device-management-toolkit/ui-toolkit/bundles/core.bundle.js");
  const { token } = JSON.parse((await get(`/authorize/redirection/${task.guid}`)).body);
  const config = (mode, protocol) => ({
    mode, protocol, fr: new FileReader(), host: task.guid, port: 16994, user: "", pass: "",
    tls: 0, tls1only: 0, authToken: token, server: task.relay,
  });

  // The screen, at two bytes a pixel.
  let tiles = 0;
  const seen = new Set();
  const context = {
    canvas: { width: 0, height: 0 },
    createImageData: (w, h) => ({ data: new Uint8ClampedArray(w * h * 4) }),
    putImageData: (image, x, y) => {
      tiles += 1;
      seen.add(createHash("md5").update(image.data).update(`${x},${y}`).digest("hex"));
    },
    fillRect: () => (tiles += 1),
  };
  const desktop = new kit.AMTDesktop(context);
  desktop.bpp = task.bpp;
  const kvm = new kit.AMTKvmDataRedirector(config("kvm", kit.Protocol.KVM));
  const pixels = new kit.DataProcessor(kvm, desktop);
  kvm.onProcessData = desktop.processData.bind(desktop);
  kvm.onStart = desktop.start.bind(desktop);
  kvm.onNewState = desktop.onStateChange.bind(desktop);
  kvm.onError = () => say({ error: "kvm" });
  desktop.onSend = kvm.send.bind(kvm);
  desktop.onProcessData = pixels.processData.bind(pixels);
  kvm.start(WebSocket);

  // The serial console.
  let text = "";
  const terminal = new kit.AmtTerminal();
  const sol = new kit.AMTRedirector(config("sol", kit.Protocol.SOL));
  const words = new kit.TerminalDataProcessor(terminal);
  words.processDataToXterm = (piece) => (text += piece);
  words.clearTerminal = () => {};
  sol.onProcessData = words.processData.bind(words);
  sol.onNewState = terminal.StateChange.bind(terminal);
  sol.onError = () => say({ error: "sol" });
  sol.amtSequence = 0;
  terminal.onSend = sol.send.bind(sol);
  sol.start(WebSocket);

  // The drives.
  const image = Buffer.alloc(task.blocks * 2048, (at) => at);
  for (let at = 0; at < image.length; at += 1) image[at] = (at * 31) % 251;
  let read = 0;
  const ider = new kit.AMTRedirector(config("ider", kit.Protocol.IDER));
  const drives = new kit.AMTIDER(ider, new Blob([image]), null);
  ider.onProcessData = drives.processData.bind(drives);
  ider.onNewState = drives.stateChange.bind(drives);
  ider.onError = () => say({ error: "ider" });
  drives.sectorStats = (kind, drive, total, start, count) => { if (kind === 1) read += count; };
  ider.start(WebSocket);

  await until("a picture", () => tiles > 60);
  await until("a prompt", () => text.includes("shell>"));
  terminal.TermSendKeys("echo typed-in-a-page\r");
  await until("an echo", () => text.split("typed-in-a-page").length > 2);
  await until("a moving picture", () => seen.size > 80);
  await until("the drives", () => drives.iderinfo !== undefined);
  say({ open: JSON.parse((await get(`/devices/redirectstatus/${task.guid}`)).body), width: context.canvas.width });
  // Whoever started this resets the PC now.
  const sha256 = createHash("sha256").update(image).digest("hex");
  await until("the hash of the image", () => text.includes(sha256));
  say({ sha256, blocks: read });
  for (const one of [kvm, sol, ider]) one.stop();
}

// A page that opens a bare screen and takes nothing of it.
async function hold() {
  const { token } = JSON.parse((await get(`/authorize/redirection/${task.guid}`)).body);
  const url = `${task.relay}/webrelay.ashx?p=1&host=${task.guid}&port=5900&mode=kvm&binary=1`;
  const socket = new Plain(url, [token], { ca });
  socket.on("open", () => { socket.pause(); say({ holding: true }); });
  socket.on("error", (error) => say({ failed: error.message }));
  await new Promise(() => setInterval(() => {}, 1000));
}

// A page's part of the login to a serial console, message for message of the device: the methods, a blank digest, one
// that proves nothing (the server logs in), and the settings of the console.
const field = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const digest = (...fields) => {
  const data = Buffer.concat(fields.map(field));
  return Buffer.concat([Buffer.from([0x13, 0, 0, 0, 4, data.length, 0, 0, 0]), data]);
};
const LOGIN = [
  Buffer.from([0x13, 0, 0, 0, 0, 0, 0, 0, 0]),
  digest("", "", "", "", "", "", "", ""),
  digest("x", "r", "n", "/", "c", "00000001", "0".repeat(32), "auth"),
  Buffer.from([0x20, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x27, 100, 0, 0, 0, 0x10, 0x27, 100, 0, 0, 0, 0, 0, 0, 0]),
];

// Opens a WebSocket and tells how that went.
function attempt({ name, path, protocols, origin, headers, first, wire, login, wait }) {
  return new Promise((resolve) => {
    const url = task.relay.replace(/\/relay$/, "") + path;
    const socket = new Plain(url, protocols ?? [], { ca, origin, headers });
    let bytes = 0;
    let kind = null;
    const messages = [];
    const done = (result) => { resolve({ name, bytes, kind, protocol: socket.protocol, ...result }); socket.terminate(); };
    socket.on("unexpected-response", (_, answer) => done({ status: answer.statusCode, code: answer.headers["x-viaduct-code"] }));
    socket.on("error", (error) => done({ error: error.message }));
    socket.on("open", () => {
      if (first) socket.send(Buffer.from(first, "latin1"));
      // Past the library, which would not send what is no frame.
      if (wire) socket._socket.write(Buffer.from(wire, "hex"));
      if (wait === "open") done({ open: true });
    });
    socket.on("message", (data, binary) => {
      bytes += data.length;
      kind = binary ? "binary" : "text";
      const message = binary ? data.toString("latin1") : data.toString();
      if (wait === "message") done({ message });
      messages.push(message);
      const answer = login && LOGIN[messages.length - 1];
      if (answer) socket.send(answer);
      if (login && messages.length === LOGIN.length) setInterval(() => socket.send(Buffer.from([0x2b, 0, 0, 0, 0, 0, 0, 0])), 1000).unref();
      // Where messages begin and end is the network's affair, so what is waited for is a text in all of them.
      if (wait?.text && messages.join("").includes(wait.text)) done({ text: messages.join("") });
    });
    socket.on("close", (code, reason) => done({ close: code, reason: reason.toString() }));
  });
}

const work = task.hold ? hold() : task.attempts
  ? (async () => { for (const one of task.attempts) say(await attempt(one)); })()
  : toolkit();
work.then(() => { say({ done: true }); process.exit(0); }, (error) => { say({ failed: String(error.stack) }); process.exit(1); });
