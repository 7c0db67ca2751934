// Opens plans as HTML in headless Chromium: what a reader does with the keyboard works, nothing is fetched, the policy
// holds, and axe-core finds nothing, in light and dark, narrow and wide. Screenshots go to the folder of the pages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { makePages } from "./plans.js";

const { CHROMIUM: executablePath, JUMPBAG: binary, PAGES: folder } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

let browser;
let pages;

before(async () => {
  pages = makePages(binary, folder);
  browser = await chromium.launch({ executablePath, args: ARGUMENTS, headless: true });
});
after(() => browser?.close());

/** Opens a plan, hands the page to `use`, and holds it to what every page has to keep. */
async function open(kind, settings, use) {
  const context = await browser.newContext({ viewport: WIDE, ...settings });
  try {
    const page = await context.newPage();
    const address = pathToFileURL(pages[kind]).href;
    const requests = [];
    const messages = [];
    page.on("request", (request) => requests.push(request));
    page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => messages.push(String(error)));
    await page.goto(address);
    await use(page, { messages, requests });
    assert.deepEqual(requests.map((it) => it.url()).filter((url) => url.split("#")[0] !== address), [], "nothing is fetched");
    assert.deepEqual(messages, [], "the console is silent");
  } finally {
    await context.close();
  }
}

const visible = (page, selector) => page.locator(`${selector}:visible`);
const kindsShown = (page) =>
  visible(page, "article").evaluateAll((all) => [...new Set(all.map((it) => it.className.split(" ")[1]))].sort());

/** Presses Tab until an element of `selector` has the focus. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((it) => document.activeElement.matches(it), selector)) return;
  }
  assert.fail(`the keyboard does not reach ${selector}`);
}

test("the parts are there, in their order", async () => {
  await open("everything", {}, async (page) => {
    assert.match(await page.title(), /^Plan: 2 to create, .* in contoso – jumpbag$/);
    const headings = await page.locator("h1, h2, h3").allTextContents();
    assert.deepEqual(
      headings.map((text) => text.replace(/[:,].*/, "")),
      ["Plan", "Overview", "Warnings", "Library contoso", "Drift", "Changes", "Details", "Unmanaged", "Apply"],
    );
    const rows = await page.locator("table.changes tbody tr").count();
    assert.equal(rows, await page.locator("article").count());
    assert.match(await page.locator("pre.command").textContent(), /^jumpbag apply --approved sha256:[0-9a-f]{64}$/);
    assert.equal(await page.locator("h1").count(), 1);
  });
  await open("nothing", {}, async (page) => {
    assert.equal(await page.locator("h1").textContent(), "No changes in contoso");
    assert.equal(await page.locator("table, input, pre").count(), 0);
  });
  await open("refused", {}, async (page) => {
    assert.equal(await visible(page, ".banner").count(), 1);
    assert.equal(await page.locator("pre.command").count(), 0);
  });
});

test("the filter works by keyboard, and is announced", async () => {
  await open("everything", {}, async (page) => {
    const all = await kindsShown(page);
    assert.deepEqual(all, ["adopt", "create", "delete", "forget", "rename", "update"]);
    await tabTo(page, "#show-all");
    const outline = () => page.locator(".tile.all").evaluate((it) => getComputedStyle(it).outlineStyle);
    assert.equal(await outline(), "solid", "the focus is seen");
    await page.keyboard.press("ArrowRight");
    assert.deepEqual(await kindsShown(page), ["delete"]);
    const rows = visible(page, "table.changes tbody tr");
    assert.equal(await rows.count(), 1, "the table is filtered, too");
    const snapshot = await page.locator(".tiles").ariaSnapshot();
    assert.match(snapshot, /group "Show"/);
    assert.match(snapshot, /radio "1 delete" \[checked\]/);
    for (const kind of ["update", "rename", "create", "adopt", "forget"]) {
      await page.keyboard.press("ArrowRight");
      assert.deepEqual(await kindsShown(page), [kind]);
    }
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await kindsShown(page), all, "paper has everything");
  });
  await open("refused", {}, async (page) => {
    await page.locator("#show-refused").focus();
    await page.keyboard.press("Space");
    assert.deepEqual(await kindsShown(page), ["refused"]);
    assert.equal(await visible(page, ".notice.refused li").count(), 3, "why it is refused stays");
  });
});

test("the diffs switch by keyboard, each line is read out once, and narrow ones are unified", async () => {
  await open("everything", {}, async (page) => {
    const del = visible(page, "article.update del").first();
    const ins = visible(page, "article.update ins").first();
    const places = async () => [await del.boundingBox(), await ins.boundingBox()];
    let [old, next] = await places();
    assert.ok(old.y < next.y && old.x === next.x, "unified: one below the other");
    await tabTo(page, "#diff-unified");
    await page.keyboard.press("ArrowRight");
    [old, next] = await places();
    assert.ok(old.y === next.y && old.x < next.x, "side by side");
    const read = await page.locator(".diff").first().ariaSnapshot();
    assert.equal(read.split("Collects a triage package").length - 1, 1);
    assert.match(read, /deletion/);
    assert.match(read, /insertion/);
    await page.setViewportSize(NARROW);
    [old, next] = await places();
    assert.ok(old.y < next.y && old.x === next.x, "narrow: unified again");
    assert.equal(await visible(page, ".switch").count(), 0);
  });
});

test("a link into a folded change unfolds it", async () => {
  await open("everything", {}, async (page) => {
    const article = page.locator("article", { hasText: "rules.txt" });
    assert.equal(await visible(page, ".body").count(), (await page.locator(".body").count()) - 1);
    await page.locator("table.changes a", { hasText: "rules.txt" }).focus();
    await page.keyboard.press("Enter");
    await article.locator(".diff").waitFor({ state: "visible" });
    assert.equal(await page.locator("article.delete details").count(), 0, "a delete cannot be folded");
  });
});

test("what libraries share is read once, and each library says where it is shown", async () => {
  await open("libraries", {}, async (page) => {
    const headings = await page.locator("h2").allTextContents();
    assert.deepEqual(headings.slice(1), ["Warnings: 5", "Libraries", "3 libraries: same change (group 1)", "Library contoso", "Apply"]);
    assert.equal(await page.locator("article").count(), 2);
    const row = page.getByRole("row", { name: /^contoso/ });
    assert.deepEqual(await row.getByRole("link").allTextContents(), ["group 1", "by itself"]);
    await row.getByRole("link", { name: "group 1" }).click();
    const group = page.locator("section:target");
    assert.deepEqual(await group.locator(".names li").allTextContents(), ["contoso", "fabrikam", "wide-world-importers"]);
    const unchanged = page.getByRole("table", { name: "1 library: no changes" });
    assert.match(await unchanged.innerText(), /northwind/);
  });
});

test("hostile texts do nothing, and show what they are", async () => {
  await open("hostile", {}, async (page) => {
    assert.match(await page.title(), /^Plan: 9 to update, 11 to delete in contoso – jumpbag$/);
    assert.equal(await page.locator("script, img, link, iframe, object, a[href^=http]").count(), 0);
    assert.equal(await page.locator("article").count(), 20);
    const text = await page.locator("main").innerText();
    for (const name of ["‹script›document.title='owned'‹∕script›", "<script>document.title='owned'</script> of theirs"]) {
      assert.ok(text.includes(name), name);
    }
    assert.match(text, /\\u\{202e\}/);
  });
});

test("the policy stops a script and a style that got in all the same", async () => {
  await open("everything", {}, async (page, { messages, requests }) => {
    const blocked = page.waitForEvent("requestfailed");
    const result = await page.evaluate(async () => {
      const violations = new Set();
      const all = new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", (event) => {
          violations.add(event.effectiveDirective);
          if (violations.size === 4) resolve();
        });
      });
      const script = document.createElement("script");
      script.textContent = "globalThis.owned = true";
      const style = document.createElement("style");
      style.textContent = "h1 { display: none }";
      const image = document.createElement("img");
      image.src = "https://evil.invalid/x.png";
      document.body.append(script, style, image);
      document.body.setAttribute("style", "display: none");
      await all;
      const shown = [document.body, document.querySelector("h1")].map((it) => getComputedStyle(it).display);
      return { owned: globalThis.owned ?? false, shown, violations: [...violations].sort() };
    });
    assert.deepEqual(result, {
      owned: false,
      shown: ["block", "block"],
      violations: ["img-src", "script-src-elem", "style-src-attr", "style-src-elem"],
    });
    assert.equal((await blocked).failure().errorText, "csp");
    // The browser says so on its console; that is what was asked for.
    assert.ok(messages.length >= 4 && messages.every((it) => it.includes("Content Security Policy")), messages.join("\n"));
    messages.length = 0;
    requests.length = 1;
  });
});

for (const kind of ["everything", "refused", "nothing", "libraries", "hostile"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [WIDE, NARROW]) {
      test(`accessible: ${kind}, ${colorScheme}, ${viewport.width} px`, async () => {
        // Without the policy axe can be injected; the page is the same.
        await open(kind, { colorScheme, viewport, bypassCSP: true }, async (page) => {
          const folder = dirname(pages[kind]);
          const look = async (name) => {
            await page.evaluate(AXE);
            const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
            const said = violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html + node.failureSummary).join("\n")}`);
            assert.deepEqual(said, []);
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(width <= viewport.width, `the page is ${width} px wide`);
            await page.screenshot({ path: join(folder, `${colorScheme}-${viewport.width}${name}.png`), fullPage: true });
          };
          await look("");
          if (viewport === WIDE && (await page.locator("#diff-split").count()) > 0) {
            await page.check("#diff-split");
            await look("-split");
          }
        });
      });
    }
  }
}

test("on paper everything is open, nothing is cut off, and there is no dark ground", async () => {
  await open("everything", { colorScheme: "dark" }, async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 720, height: 1000 });
    assert.equal(await visible(page, "article .body").count(), await page.locator("article").count());
    assert.equal(await visible(page, "input").count(), 0);
    const { width, ground, text } = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return { width: document.documentElement.scrollWidth, ground: style.backgroundColor, text: style.color };
    });
    assert.ok(width <= 720, `${width} px do not fit`);
    assert.deepEqual([ground, text], ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
    await page.pdf({ path: join(dirname(pages.everything), "print.pdf"), format: "A4", printBackground: true });
  });
});

test("many changes open, and are filtered", async () => {
  await open("large", {}, async (page) => {
    assert.equal(await page.locator("article").count(), 500);
    assert.equal(await page.locator("details[open]").count(), 0, "they are folded");
    await page.check("#show-update");
    assert.equal(await visible(page, "table.changes tbody tr").count(), 500);
  });
});
