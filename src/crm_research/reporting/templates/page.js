(() => {
  "use strict";
  const root = document.documentElement;
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* no storage in this file */ } };
  const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { if (theme) theme.textContent = isDark() ? "Light" : "Dark"; };
  if (recall("crm-theme")) root.dataset.theme = recall("crm-theme");
  nameTheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  theme?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("crm-theme", root.dataset.theme);
    nameTheme();
  });

  const code = document.getElementById("code");
  code?.addEventListener("click", () => {
    const shown = root.classList.toggle("show-code");
    code.setAttribute("aria-pressed", String(shown));
    code.textContent = shown ? "Hide code" : "Show code";
    each("details.code", (cell) => { cell.open = shown; });
  });

  const textOf = (table) => [...table.rows]
    .map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")).join("\t"))
    .join("\n");
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  each(".crm-table", (block) => {
    const table = block.querySelector("table");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy table";
    button.setAttribute("aria-label", `Copy table: ${table.caption?.textContent ?? ""}`);
    button.addEventListener("click", async () => {
      await copy(textOf(table));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy table"; }, 1500);
    });
    block.append(button);
    // A table that does not fit says so in words; one in a fold is measured when it is opened.
    const box = block.querySelector(".scroll");
    const more = document.createElement("p");
    more.className = "more";
    more.textContent = "More columns to the right: scroll the table sideways.";
    box.after(more);
    const measure = () => {
      block.classList.remove("is-cut");
      block.classList.toggle("is-cut", box.scrollWidth > box.clientWidth + 1);
    };
    new ResizeObserver(measure).observe(box);
  });
  // On a narrow screen the contents would stand between the reader and the answer.
  if (matchMedia("(max-width: 71.99rem)").matches) each(".contents details", (list) => { list.open = false; });
  each(".contents a", (link) => link.addEventListener("click", () => {
    const part = document.querySelector(link.getAttribute("href"));
    if (part?.tagName === "DETAILS") part.open = true;
  }));
  addEventListener("beforeprint", () => each("details.folded", (part) => { part.open = true; }));
})();
