// Envelopes as Open AMT's own library writes them. Takes {"modules": DIRECTORY} and prints a list of [name, envelope, its Pull with
// CONTEXT in the place of the context].

const { createRequire } = require("node:module");
const task = JSON.parse(process.argv[process.argv.length - 1]);
const { AMT, CIM, IPS } = createRequire(task.modules + "/package.json")("@device-management-toolkit/wsman-messages");

const all = [];
const schemas = { AMT: new AMT.Messages(), CIM: new CIM.Messages(), IPS: new IPS.Messages() };
for (const [schema, messages] of Object.entries(schemas)) {
  for (const [name, of] of Object.entries(messages)) {
    for (const verb of ["Get", "Enumerate"]) {
      if (typeof of?.[verb] !== "function") continue;
      const pull = verb === "Enumerate" ? of.Pull("CONTEXT") : "";
      try { all.push([`${schema}.${name}.${verb}`, of[verb](), pull]); } catch { /* one that needs an argument */ }
    }
  }
}
const { AMT: amt, CIM: cim } = schemas;
const power = 8;
all.push(["write: switch off", cim.PowerManagementService.RequestPowerStateChange(power), ""]);
all.push(["write: switch KVM off", cim.KVMRedirectionSAP.RequestStateChange(3), ""]);
all.push(["write: switch SOL and IDE-R off", amt.RedirectionService.RequestStateChange(32768), ""]);
process.stdout.write(JSON.stringify(all) + "\n");
