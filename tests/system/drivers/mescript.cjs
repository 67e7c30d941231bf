// Runs a .mescript with the interpreter, the WS-Man stack and the connection of the meshcentral package, unmodified. The
// interpreter is a script of a page: what it shares with its page is here where the page's would be.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const task = JSON.parse(process.argv[1]);
const file = (...parts) => path.join(task.package, ...parts);
const connect = require(file("amt", "amt-wsman-comm.js"));
const wsman = require(file("amt", "amt-wsman.js"));
const amt = require(file("amt", "amt.js"));

const page = { console, setInterval, clearInterval, setTimeout, unescape, escape };
page.window = page;
page.atob = atob;
page.btoa = btoa;
// A page shows what changed; here is nobody to see it.
for (const shown of ["passwordcheck", "PullSystemStatus", "PullEventLog", "PullAuditLog", "PullCertificates", "PullWatchdog",
  "PullSystemDefense", "PullHardware", "PullUserInfo", "PullRemoteAccess", "script_HighlightBlock", "disconnect",
  "GetSidString", "GetSidByteArray", "rstr_md5"]) page[shown] = () => undefined;
page.httpErrorTable = { 200: "OK", 401: "Authentication Error", 408: "Timeout Error" };
vm.createContext(page);
for (const name of ["common-0.0.1.js", "amt-script-0.2.0.js"]) {
  vm.runInContext(fs.readFileSync(file("public", "scripts", name), "utf8"), page, { filename: name });
}

const opened = JSON.parse(fs.readFileSync(task.script, "utf8"));
// Its own compiler makes of the text what is in the file.
const compiled = page.script_compile(opened.scriptText, (why) => console.log(JSON.stringify({ compile: why })));
console.log(JSON.stringify({ same: compiled === atob(opened.mescript) }));

const tls = task.tls ? 1 : 0;
const comm = connect(task.address, task.tls ? 16993 : 16992, task.user, task.password, tls);
// Taken as it comes: its certificate is its own.
comm.xtlsFingerprint = 0;

// What Closure renames, the interpreter names again and deletes the other name. Nothing was renamed here, so that both are
// one, and nothing may be deleted. (The page's build leaves that part out.)
const kept = (value) => {
  if (value === null || typeof value !== "object") return value;
  for (const key of Object.keys(value)) value[key] = kept(value[key]);
  return new Proxy(value, { deleteProperty: () => true });
};
// The build for firmware has its own short name for the list of what was found.
const named = (found) => {
  if (!task.short) return found;
  for (const [name, { response, responses, status }] of Object.entries(found)) found[name] = { response, c: responses, status };
  return found;
};
const stack = amt(wsman(comm));
for (const name of ["BatchEnum", "Put", "Create", "Delete", "Exec"]) {
  const method = stack[name];
  stack[name] = (...args) => method.apply(stack, args.map((arg) => (
    typeof arg === "function" ? (self, what, responses, status, ...rest) => {
      // Its own numbers, such as 601 for an answer without a body, begin at 600.
      if (status >= 400 && status < 600) console.log(JSON.stringify({ refused: what, status }));
      arg(self, what, kept(name === "BatchEnum" ? named(responses) : responses), status, ...rest);
    } : arg
  )));
}

const runner = page.script_setup(atob(opened.mescript), {});
runner.amtstack = stack;
runner.onConsole = (text) => console.log(JSON.stringify({ said: text }));
runner.onStep = () => {
  if (runner.state === 0) {
    console.log(JSON.stringify({ ended: true, exception: runner.variables._exception ?? null }));
    process.exit(0);
  }
};
runner.start(10);
