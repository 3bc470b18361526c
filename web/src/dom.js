// Builds elements. Text only ever enters the page through text nodes, so no value of the document can become markup.
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== ""));
  return node;
}

// The light markup of text values: `code`, **bold** and [label](https://address).
export function inline(text) {
  const nodes = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    nodes.push(text.slice(end, match.index));
    if (match[1]) nodes.push(h("code", {}, match[1]));
    else if (match[2]) nodes.push(h("strong", {}, match[2]));
    else nodes.push(h("a", { href: match[4], rel: "noopener noreferrer" }, match[3]));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}
