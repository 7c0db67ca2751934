// Makes plans of every kind with the real binary, as pages of HTML.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A folder with a manifest, and the binary in it. */
class World {
  constructor(binary, folder) {
    this.binary = binary;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Writes files, given by name. */
  write(files) {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }

  /** Puts a file of any name into the emulator's data folder, as another tool than jumpbag could. */
  upload(library, name, content) {
    const folder = join(this.folder, `.${library}`);
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
    const sha256 = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(folder, "contents", sha256), content);
    const file = { ...index.files[0], name, sha256, size: Buffer.byteLength(content), description: name };
    writeFileSync(join(folder, "index.json"), JSON.stringify({ ...index, files: [...index.files, file] }));
  }

  /** Runs jumpbag, which has to exit with `code`. */
  run(args, code = 0) {
    // The environment of a pipeline must not get into the pages.
    const env = { PATH: process.env.PATH, HOME: this.folder };
    let status = 0;
    try {
      execFileSync(this.binary, args, { cwd: this.folder, env, stdio: ["ignore", "ignore", "pipe"] });
    } catch (error) {
      status = error.status;
      if (status !== code) throw new Error(`jumpbag ${args.join(" ")}: ${status}, not ${code}\n${error.stderr}`);
    }
    if (status !== code) throw new Error(`jumpbag ${args.join(" ")}: ${status}, not ${code}`);
  }
}

/** A manifest of `entries`, each with its name in the library as its key. */
function manifest(entries, { libraries = { contoso: {} }, state = ".jumpbag" } = {}) {
  const library = ([name, settings]) => [name, { endpoint: `emulator:.${name}`, limits: [], ...settings }];
  const files = Object.entries(entries).map(([name, entry]) => ({ name, ...entry }));
  // JSON is YAML, and needs no quoting of ours.
  return JSON.stringify({
    version: 1,
    libraries: Object.fromEntries(Object.entries(libraries).map(library)),
    state: { path: state },
    files,
  });
}

const script = (days) => `<#
.SYNOPSIS
Collects a triage package from this machine.
#>
param(
    [int]$Days = ${days},
    [string]$OutDir = 'C:\\ProgramData\\triage'
)

$ErrorActionPreference = 'Stop'

function Get-Autoruns {
    Get-ItemProperty 'HKLM:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run'
}

function Get-Logons {
    $since = (Get-Date).AddDays(-$Days)
    Get-WinEvent -FilterHashtable @{ LogName = 'Security'; Id = 4624; StartTime = $since }
}

Get-Autoruns | Export-Csv "$OutDir\\autoruns.csv"
`;

const changed = (text) =>
  text
    .replace("Id = 4624;", "Id = 4624, 4625, 4672;")
    .replace("Export-Csv \"$OutDir", "Export-Csv -NoTypeInformation -Encoding utf8 -Path \"$OutDir")
    .replace("'C:\\ProgramData\\triage'", "(Join-Path $env:ProgramData 'triage')")
    .replace("function Get-Logons", "function Get-Services {\n    Get-CimInstance Win32_Service\n}\n\nfunction Get-Logons");

const lines = (count, what) => Array.from({ length: count }, (_, n) => `${what} ${n}\n`).join("");
const bytes = (seed) => Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * seed) % 251));

const description = "Collects processes, logons and autoruns into one package";

/** The library as jumpbag left it, and what somebody else did to it since. */
function prepare(world, more = {}) {
  world.write({
    "collect.ps1": script(7),
    "describe.ps1": "Get-Host\n",
    "rename.ps1": "Write-Output 'the same'\n",
    "obsolete.sh": "#!/bin/sh\nexit 0\n",
    "drifted.sh": "#!/bin/sh\nexport PATH=/usr/bin\nps aux\n",
    "gone.txt": "gone\n",
    "endings.cmd": "@echo off\r\nver\r\n",
    "yara.exe": bytes(7),
    "rules.txt": lines(900, "rule"),
    "stays.ps1": "Get-Date\n",
    "theirs.txt": "put there by hand\n",
    "tool kit.exe": bytes(11),
    "mallory.sh": "#!/bin/sh\nexport PATH=/tmp\nps aux\n",
  });
  const plain = (name, source = name) => ({ [name]: { source, description: "A tool" } });
  const first = {
    "collect.ps1": { source: "collect.ps1", description, parameters_description: "-Days <n>" },
    "describe.ps1": { source: "describe.ps1", description: "Shows the host" },
    ...plain("old-name.ps1", "rename.ps1"),
    ...plain("obsolete.sh"),
    ...plain("drifted.sh"),
    ...plain("gone.txt"),
    ...plain("endings.cmd"),
    ...plain("yara.exe"),
    ...plain("rules.txt"),
    ...plain("stays.ps1"),
    ...more,
  };
  world.write({ "jumpbag.yaml": manifest(first) });
  world.run(["apply", "--auto-approve"]);
  const theirs = { state: ".mallory" };
  const adopt = (source) => ({ source, adopt: true, description: "A tool" });
  const all = { "drifted.sh": adopt("mallory.sh"), "theirs.txt": adopt("theirs.txt"), "tool kit.exe": adopt("tool kit.exe") };
  world.write({ "mallory.yaml": manifest({ ...all, "gone.txt": adopt("gone.txt") }, theirs) });
  world.run(["apply", "--auto-approve", "-m", "mallory.yaml"]);
  world.write({ "mallory.yaml": manifest(all, theirs) });
  world.run(["apply", "--auto-approve", "-m", "mallory.yaml"]);
  return first;
}

/** What the manifest of a library that was prepared asks for next. */
function next(world, first) {
  world.write({
    "collect.ps1": changed(script(14)),
    "endings.cmd": "@echo off\nver\n",
    "yara.exe": Buffer.concat([bytes(7), bytes(13)]),
    "rules.txt": lines(200, "another rule") + lines(700, "rule"),
    "new.ps1": "param([string]$Name)\nGet-Process $Name\n",
  });
  const entries = { ...first };
  for (const name of ["old-name.ps1", "obsolete.sh", "gone.txt"]) delete entries[name];
  entries["collect.ps1"] = { ...first["collect.ps1"], parameters_description: "-Days <n> [-OutDir <folder>]" };
  entries["describe.ps1"] = { ...first["describe.ps1"], description: "Shows the host and its version" };
  entries["new-name.ps1"] = { source: "rename.ps1", description: "A tool" };
  entries["new.ps1"] = { source: "new.ps1", description, parameters_description: "-Name <process>", protect: true };
  entries["theirs.txt"] = { source: "theirs.txt", adopt: true, description: "A tool" };
  return entries;
}

function everything(world) {
  world.write({ "jumpbag.yaml": manifest(next(world, prepare(world))) });
  return 0;
}

function refused(world) {
  const guarded = { "guarded.ps1": { source: "stays.ps1", protect: true } };
  const first = prepare(world, guarded);
  const entries = next(world, first);
  delete entries["guarded.ps1"];
  world.write({ "other.bin": bytes(17) });
  entries["tool kit.exe"] = { source: "other.bin" };
  world.write({ "jumpbag.yaml": manifest(entries, { libraries: { contoso: { max_deletes: 0 } } }) });
  return 4;
}

function nothing(world) {
  world.write({ "a.ps1": "Get-Date\n", "jumpbag.yaml": manifest({ "a.ps1": { source: "a.ps1" } }) });
  world.run(["apply", "--auto-approve"]);
  return 0;
}

function libraries(world) {
  const names = { contoso: {}, fabrikam: {}, northwind: {}, "wide-world-importers": { tenant_id: "wwi.example" } };
  world.write({ "a.ps1": script(7), "c.ps1": "Get-Host\n" });
  const all = {
    "a.ps1": { source: "a.ps1", libraries: ["contoso", "fabrikam", "wide-world-importers"] },
    "c.ps1": { source: "c.ps1", libraries: ["northwind"] },
  };
  world.write({ "jumpbag.yaml": manifest(all, { libraries: names }) });
  world.run(["apply", "--auto-approve"]);
  world.write({ "a.ps1": changed(script(7)), "b.ps1": "Get-Date\n" });
  const entries = { ...all, "b.ps1": { source: "b.ps1", libraries: ["contoso"] } };
  world.write({ "jumpbag.yaml": manifest(entries, { libraries: names }) });
  return 0;
}

/** Texts that would change the page if they could. */
const HOSTILE = [
  "</code></td></table><h1>Plan: 0 to create<!--",
  "<script>document.title='owned'</script>",
  "<img src=x onerror=\"document.title='owned'\">",
  "\"><style>*{display:none}</style>",
  "</title></style><link rel=stylesheet href=https://evil.example/x>",
  "&lt;b&gt;&#x202e;&nbsp;",
  "\u202egnp.exe\u202c \u200b\u2066x",
  "שלום.exe + create ١٢٣",
  "![x](https://evil.example/x.png) <https://evil.example>",
  "x".repeat(200),
];

/** What looks like a hostile text, and can be the name of an entry. */
const LOOKALIKES = { "/": "∕", "<": "‹", ">": "›", ":": "∶", '"': "”", "|": "∣", "?": "？", "*": "∗" };
const lookalike = (text) => text.replace(/[/<>:"|?*]/g, (character) => LOOKALIKES[character]);

function hostile(world) {
  const entries = {};
  const file = (nth, content) => world.write({ [`${nth}.ps1`]: content });
  HOSTILE.forEach((text, nth) => {
    file(nth, `one\n${text}\nthree\n`);
    entries[lookalike(text)] = { source: `${nth}.ps1`, description: text, parameters_description: text };
  });
  world.write({ "jumpbag.yaml": manifest(entries) });
  world.run(["apply", "--auto-approve"]);
  HOSTILE.forEach((text, nth) => file(nth, `one ${text}\n${text} two\nthree\n`));
  delete entries[lookalike(HOSTILE[2])];
  for (const entry of Object.values(entries)) entry.description += " changed";
  // No entry can have such a name, but the library can, and what is unmanaged is to be deleted.
  HOSTILE.forEach((text, nth) => world.upload("contoso", `${text} of theirs`, `theirs ${nth}\n`));
  world.write({ "jumpbag.yaml": manifest(entries, { libraries: { contoso: { unmanaged: "delete", max_deletes: 20 } } }) });
  return 0;
}

/** As many changes as a page has to carry. */
function large(world) {
  const entries = {};
  const sources = (version) => {
    for (let nth = 0; nth < 500; nth += 1) {
      world.write({ [`s/${nth}.ps1`]: `# ${nth}\nGet-Date\n$version = ${version}\nGet-Host\n` });
      entries[`${String(nth).padStart(4, "0")}.ps1`] = { source: `s/${nth}.ps1`, description: `Script ${nth}` };
    }
  };
  sources(1);
  world.write({ "jumpbag.yaml": manifest(entries) });
  world.run(["apply", "--auto-approve", "--concurrency", "16"]);
  sources(2);
  world.write({ "jumpbag.yaml": manifest(entries) });
  return 0;
}

/** Makes one page for each kind of plan below `folder`; gives their paths by kind. */
export function makePages(binary, folder) {
  const kinds = { everything, refused, nothing, libraries, hostile, large };
  const pages = {};
  for (const [kind, make] of Object.entries(kinds)) {
    const world = new World(binary, join(folder, kind));
    const code = make(world);
    world.run(["plan", "--html", "plan.html"], code);
    pages[kind] = join(world.folder, "plan.html");
  }
  return pages;
}
