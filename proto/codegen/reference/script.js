"use strict";
// The page reads well without this script; it adds copying, the server's own address, and the forms.

const token = document.getElementById("token");
const narrow = window.matchMedia("(max-width: 60rem)");

document.querySelector(".token").hidden = false;
if (narrow.matches) document.querySelector("nav details").open = false;
document.querySelector("nav").addEventListener("click", (event) => {
  if (narrow.matches && event.target.closest("a")) document.querySelector("nav details").open = false;
});

if (location.protocol.startsWith("http")) {
  for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
}

for (const button of document.querySelectorAll(".copy")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = form.querySelector("pre");
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const response = await fetch(address(form), options(form));
      const text = await response.text();
      rememberToken(text);
      answer.textContent = `${response.status} ${response.statusText}\n\n${pretty(text)}`;
    } catch (error) {
      answer.textContent = `No answer: ${error.message}`;
    }
  });
}

function address(form) {
  let path = form.dataset.path;
  const query = [];
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.value === "") continue;
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else {
      const values = "list" in input.dataset ? input.value.split(",").map((each) => each.trim()) : [input.value];
      for (const value of values) query.push(`${input.name}=${encodeURIComponent(value)}`);
    }
  }
  return query.length ? `${path}?${query.join("&")}` : path;
}

function options(form) {
  const headers = {};
  if (token.value) headers.authorization = `Bearer ${token.value}`;
  const body = form.elements.namedItem("body");
  if (!body) return { method: form.dataset.verb, headers };
  headers["content-type"] = "application/json";
  return { method: form.dataset.verb, headers, body: body.value };
}

function rememberToken(text) {
  const found = /"access_token"\s*:\s*"([^"]+)"/.exec(text);
  if (found) token.value = found[1];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
